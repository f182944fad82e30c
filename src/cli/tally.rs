//! Show the tally of a vote.

use super::client::{Connection, Failure};
use super::{names, screen, time};
use crate::proto;

/// Show the tally of a vote.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall tally un-ga/es-11-4
  rollcall tally un-ga/es-11-4 --json | jq .tally.heads
  rollcall tally hall/budget --groups")]
pub struct Args {
    #[command(flatten)]
    connection: Connection,
    /// The vote, as BODY/VOTE
    vote: String,
    /// Also count each group of its members
    #[arg(long)]
    groups: bool,
}

impl Args {
    /// Runs the command.
    pub async fn run(self) -> Result<(), Failure> {
        let mut clients = self.connection.connect().await?;
        let request = proto::GetTallyRequest { vote: names::vote(&self.vote), at_least_seq: 0, by_group: self.groups };
        let answer = clients.tallies.get_tally(request).await?.into_inner();
        let frame = answer.frame.clone().unwrap_or_default();
        if self.groups {
            return screen::show(self.connection.json, &answer, || {
                let groups = (!answer.groups.is_empty()).then(|| groups(&answer));
                lines(&frame).into_iter().chain(groups).collect()
            });
        }
        screen::show(self.connection.json, &frame, || lines(&frame))
    }
}

fn groups(answer: &proto::GetTallyResponse) -> String {
    let row = |(group, counts): (&String, &proto::Counts)| {
        let proto::Counts { yes, no, abstain, present, not_voting, .. } = counts;
        let figures = [yes, no, abstain, present, not_voting].map(u64::to_string);
        std::iter::once(group.clone()).chain(figures).collect()
    };
    let header = ["GROUP", "YES", "NO", "ABSTAIN", "PRESENT", "NOT VOTING"];
    screen::table(&header, answer.groups.iter().map(row), &[1, 2, 3, 4, 5])
}

fn lines(frame: &proto::TallyFrame) -> Vec<String> {
    let (name, state) = (names::short(&frame.vote), screen::state(frame.state()));
    let first = format!("{name} is {state} (entry {}, {})", frame.seq, time::second(frame.as_of_time.as_ref()));
    let tally = frame.tally.iter().flat_map(screen::tally);
    let verdict = frame.verdict.iter().flat_map(|verdict| screen::verdict(verdict, frame.state()));
    std::iter::once(first).chain(tally).chain(verdict).collect()
}
