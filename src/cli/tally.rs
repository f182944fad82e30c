//! Show the tally of a vote.

use super::client::{Connection, Failure};
use super::{names, show, time, verdict, vote, words};
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
        if self.connection.json {
            return show::json(&frame);
        }
        // The frame has figures, and the vote the rule that says what they are measured by.
        let vote = vote::get(&mut clients, &frame.vote).await?;
        show::lines(&lines(&frame, &vote))
    }
}

fn lines(frame: &proto::TallyFrame, vote: &proto::Vote) -> Vec<String> {
    let (name, state) = (names::short(&frame.vote), words::state(frame.state()));
    let first = format!("{name} is {state} (entry {}, {})", frame.seq, time::second(frame.as_of_time.as_ref()));
    // Each may be newer than the other: what is told is what the frame has.
    let shown = proto::Vote {
        state: frame.state,
        tally: frame.tally.clone(),
        verdict: frame.verdict.clone(),
        declared_outcome: frame.declared_outcome,
        ruling: frame.ruling.clone(),
        ..vote.clone()
    };
    [first].into_iter().chain(verdict::result(&shown)).collect()
}
