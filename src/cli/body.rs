//! Record, show, list and revise bodies.

use super::client::{Connection, Failure};

/// Record, show, list and revise bodies.
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
