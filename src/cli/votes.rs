//! Show the votes of a hall, and go on as they change.

use super::client::{Connection, Failure};

/// Show the votes of a hall, and go on as they change.
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
