//! Show the tally of a vote.

use super::client::{Connection, Failure};
use super::{hidden, names, screen, show, time, verdict, vote, words};
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
        if self.connection.json && self.groups {
            return show::json(&answer);
        }
        let frame = answer.frame.clone().unwrap_or_default();
        if self.connection.json {
            return show::json(&frame);
        }
        // The frame has figures, and the vote the rule that says what they are measured by.
        let vote = vote::get(&mut clients, &frame.vote).await?;
        let groups = match (self.groups, hidden::hides_members(&vote)) {
            (true, true) => {
                vec!["  the groups are shown from the lock on: a small one would tell who voted how".to_owned()]
            }
            _ if answer.groups.is_empty() => Vec::new(),
            _ => groups(&answer),
        };
        show::lines(&[lines(&frame, &vote), groups].concat())
    }
}

fn groups(answer: &proto::GetTallyResponse) -> Vec<String> {
    // What is hidden of a vote is hidden of all its groups.
    let hidden = answer.groups.values().any(|counts| counts.undisclosed > 0);
    let told = |column: &words::Column| matches!(column, Some(proto::Choice::NotVoting)) || column.is_none() == hidden;
    let columns: Vec<words::Column> = words::COLUMNS.into_iter().filter(told).collect();
    let row = |(group, counts): (&String, &proto::Counts)| {
        let figures = columns.iter().map(|column| words::count(*column, counts).to_string());
        std::iter::once(group.clone()).chain(figures).collect()
    };
    let named = columns.iter().map(|column| words::column(*column).to_uppercase());
    let header: Vec<String> = std::iter::once("GROUP".to_owned()).chain(named).collect();
    let numbers: Vec<usize> = (1..header.len()).collect();
    screen::table(&header, answer.groups.iter().map(row), &numbers)
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
