//! Watch a vote live.

use super::client::{Connection, Failure};

/// Watch a vote live.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    connection: Connection,
}

impl Args {
    /// Runs the command.
    pub async fn run(self) -> Result<(), Failure> {
        self.connection.connect().await.map(|_| ())
    }
}
