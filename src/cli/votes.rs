//! `rollcall votes`: the votes of a hall as a table, and a line for each change from then on.

use std::time::Duration;

use clap::ValueEnum;
use tonic::Status;

use super::again::{self, HEARTBEAT, Waits};
use super::client::{Connection, Failure};
use super::watch::wait;
use super::{names, say, screen, show, time, words};
use crate::proto::watch_votes_response::Message;
use crate::proto::{Outcome, Vote, VoteState, WatchVotesRequest};

/// Show the votes of a hall, and go on as they change.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall votes                     every vote of every body
  rollcall votes un-ga --state open  those of one body that are open
  rollcall votes --follow            all, then a line for each change
  rollcall votes --follow --json     each message of WatchVotes as it comes")]
pub struct Args {
    /// The body, e.g. un-ga; all where there is none
    body: Option<String>,

    /// Go on with a line for each change, through restarts of the server, until Ctrl-C
    #[arg(long)]
    follow: bool,

    /// Only votes in this state; several apart by commas, or more than once. A vote that leaves them is shown once more
    #[arg(long = "state", value_enum, value_name = "STATE", value_delimiter = ',')]
    states: Vec<words::VoteState>,

    #[command(flatten)]
    connection: Connection,
}

impl Args {
    /// Runs the command.
    pub async fn run(self) -> Result<(), Failure> {
        let states = if self.states.is_empty() { words::VoteState::value_variants() } else { &self.states };
        let states = states.iter().map(|state| VoteState::from(*state).into()).collect();
        let request = WatchVotesRequest {
            parent: names::body(self.body.as_deref().unwrap_or("-")),
            after_seq: 0,
            states,
            heartbeat: HEARTBEAT.try_into().ok(),
            relation: None,
        };
        let Connection { json, .. } = self.connection;
        let mut hall = Hall { request, json, follow: self.follow, table: Some(Vec::new()), lost: false };
        tokio::select! {
            ended = hall.follow(&self.connection) => ended,
            _ = tokio::signal::ctrl_c(), if self.follow => Ok(()),
        }
    }
}

/// The votes of a hall as they are shown.
struct Hall {
    /// With the place in the record up to which everything was shown.
    request: WatchVotesRequest,
    json: bool,
    follow: bool,
    /// What was there, until all of it has come.
    table: Option<Vec<Vote>>,
    /// The connection is lost, and that was said.
    lost: bool,
}

/// How a stream ended.
enum End {
    /// Everything that was asked for was shown.
    Shown,
    /// The server stops, and asks to come back after this.
    Draining(Duration),
}

impl Hall {
    async fn follow(&mut self, connection: &Connection) -> Result<(), Failure> {
        let mut waits = Waits::default();
        // A server that was never reached is not waited for.
        let mut reached = false;
        loop {
            match self.stream(connection, &mut waits, &mut reached).await {
                Ok(End::Shown) => return Ok(()),
                Ok(End::Draining(wait)) if self.follow => tokio::time::sleep(wait).await,
                Ok(End::Draining(_)) => return Err(Status::unavailable("the server is stopping; try again").into()),
                Err(failure) if self.follow && reached && again::may_pass(&failure) => {
                    if !std::mem::replace(&mut self.lost, true) {
                        let reason = again::reason(&failure);
                        say::problem(format_args!("connection lost, trying again ({reason})"));
                    }
                    tokio::time::sleep(waits.next(&failure)).await;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn stream(&mut self, to: &Connection, waits: &mut Waits, reached: &mut bool) -> Result<End, Failure> {
        let mut clients = again::heard(to.connect()).await?;
        let mut stream = again::heard(clients.tallies.watch_votes(self.request.clone())).await?.into_inner();
        while let Some(response) = again::heard(stream.message()).await? {
            *reached = true;
            self.lost = false;
            waits.reset();
            if self.json {
                show::json_line(&response)?;
            }
            match response.message {
                Some(Message::Vote(vote)) => {
                    self.seen(vote.seq);
                    self.show(vote);
                }
                Some(Message::CaughtUp(caught_up)) => {
                    self.seen(caught_up.seq);
                    self.all_shown();
                    if !self.follow {
                        return Ok(End::Shown);
                    }
                }
                Some(Message::Progress(progress)) => self.seen(progress.seq),
                Some(Message::Draining(draining)) => return Ok(End::Draining(wait(&draining))),
                None => {}
            }
            if say::reader_has_gone() {
                return Ok(End::Shown);
            }
        }
        Err(Status::unavailable("the stream ended").into())
    }

    /// On the next connection the votes that changed after this are sent.
    fn seen(&mut self, seq: u64) {
        self.request.after_seq = self.request.after_seq.max(seq);
    }

    fn show(&mut self, vote: Vote) {
        match &mut self.table {
            _ if self.json => {}
            Some(table) => table.push(vote),
            None => say::line(line(&vote)),
        }
    }

    /// Shows the table once what was there is known.
    fn all_shown(&mut self) {
        match self.table.take() {
            Some(votes) if !self.json && !votes.is_empty() => table(votes).iter().for_each(say::line),
            Some(_) if !self.json && self.follow => say::problem("there are no votes yet; each is shown as it comes"),
            Some(_) if !self.json => say::problem("there are no votes"),
            _ => {}
        }
    }
}

/// A vote in a line.
fn line(vote: &Vote) -> String {
    let state = words::state(vote.state()).to_uppercase();
    let mut parts = vec![format!("{:24} {state:12}", names::short(&vote.name))];
    parts.extend(vote.tally.as_ref().and_then(|tally| tally.heads).map(|heads| words::aligned_counts(&heads)));
    parts.push(outcome(vote).to_uppercase());
    parts.extend(locks(vote).map(|locks| format!("locks {locks}")));
    parts.retain(|part| !part.is_empty());
    parts.join("  ").trim_end().to_owned()
}

/// What was declared; before, what the rule says of the tally that stands.
fn outcome(vote: &Vote) -> String {
    let verdict = vote.verdict.as_ref().map_or(Outcome::Unspecified, |verdict| verdict.outcome());
    match (vote.state(), vote.declared_outcome(), verdict) {
        (VoteState::Declared, declared, _) if declared != Outcome::Unspecified => words::outcome(declared).to_owned(),
        (VoteState::Locked, _, verdict) if verdict != Outcome::Unspecified => {
            format!("{}, not declared yet", words::outcome(verdict))
        }
        _ => String::new(),
    }
}

fn locks(vote: &Vote) -> Option<String> {
    time::locks(vote.lock_at_time.as_ref(), vote.state(), time::now())
}

/// The votes in a table. A column that few votes need is there where one does.
fn table(mut votes: Vec<Vote>) -> Vec<String> {
    // One that changed meanwhile has come more than once: the newest counts.
    votes.sort_by(|one, other| one.name.cmp(&other.name).then(other.seq.cmp(&one.seq)));
    votes.dedup_by(|older, newest| older.name == newest.name);
    let heads = |vote: &Vote| vote.tally.as_ref().and_then(|tally| tally.heads);
    let counted = |column| votes.iter().filter_map(heads).any(|heads| words::count(column, &heads) > 0);
    let counts: Vec<words::Column> =
        words::COLUMNS.into_iter().filter(|column| words::is_common(*column) || counted(*column)).collect();
    let timed = votes.iter().any(|vote| locks(vote).is_some());

    let mut header = vec!["VOTE".to_owned(), "STATE".to_owned()];
    header.extend(timed.then(|| "LOCKS".to_owned()));
    let numbers: Vec<usize> = (header.len()..header.len() + counts.len()).collect();
    header.extend(counts.iter().map(|column| words::column(*column).to_uppercase()));
    header.extend(["OUTCOME".to_owned(), "TITLE".to_owned()]);
    let row = |vote: &Vote| {
        let mut row = vec![names::short(&vote.name), words::state(vote.state()).to_owned()];
        row.extend(timed.then(|| locks(vote).unwrap_or_default()));
        let count = |column: &words::Column| {
            let count = heads(vote).and_then(|heads| words::shown_count(*column, &heads));
            count.map_or_else(String::new, |count| count.to_string())
        };
        row.extend(counts.iter().map(count));
        row.extend([outcome(vote), vote.title.clone()]);
        row
    };
    screen::table(&header, votes.iter().map(row), &numbers)
}
