//! Cast ballots, and show the roll call.

use super::client::{Connection, Failure};

/// Cast ballots, and show the roll call.
#[derive(clap::Args)]
pub struct CastArgs {
    #[command(flatten)]
    connection: Connection,
}

impl CastArgs {
    /// Runs the command.
    pub async fn run(self) -> Result<(), Failure> {
        self.connection.connect().await.map(|_| ())
    }
}
/// Cast ballots, and show the roll call.
#[derive(clap::Args)]
pub struct BallotsArgs {
    #[command(flatten)]
    connection: Connection,
}

impl BallotsArgs {
    /// Runs the command.
    pub async fn run(self) -> Result<(), Failure> {
        self.connection.connect().await.map(|_| ())
    }
}
