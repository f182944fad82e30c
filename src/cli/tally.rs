//! Show the tally of a vote.

use super::client::{Connection, Failure};
use super::{names, screen, time};
use crate::proto;

/// Show the tally of a vote.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall tally un-ga/es-11-4
  rollcall tally un-ga/es-11-4 --json | jq .tally.heads")]
pub struct Args {
    #[command(flatten)]
    connection: Connection,
    /// The vote, as BODY/VOTE
    vote: String,
}

impl Args {
    /// Runs the command.
    pub async fn run(self) -> Result<(), Failure> {
        let mut clients = self.connection.connect().await?;
        let request = proto::GetTallyRequest { vote: names::vote(&self.vote), at_least_seq: 0 };
        let frame = clients.tallies.get_tally(request).await?.into_inner().frame.unwrap_or_default();
        screen::show(self.connection.json, &frame, || lines(&frame))
    }
}

fn lines(frame: &proto::TallyFrame) -> Vec<String> {
    let (name, state) = (names::short(&frame.vote), screen::state(frame.state()));
    let first = format!("{name} is {state} (entry {}, {})", frame.seq, time::second(frame.as_of_time.as_ref()));
    let tally = frame.tally.iter().flat_map(screen::tally);
    let verdict = frame.verdict.iter().flat_map(|verdict| screen::verdict(verdict, frame.state()));
    std::iter::once(first).chain(tally).chain(verdict).collect()
}
