//! List and show the named rules, and judge a tally.

use super::client::{Connection, Failure};

/// List and show the named rules, and judge a tally.
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
