//! `rollcall votes`: the votes of a hall as a table, and a line for each change from then on.

use std::io::IsTerminal;
use std::time::Duration;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, presets};
use tonic::Status;

use super::again::{self, HEARTBEAT, Waits};
use super::client::{Connection, Failure};
use super::watch::{columns, wait, words};
use super::{names, say, screen, show};
use crate::proto::watch_votes_response::Message;
use crate::proto::{Outcome, Vote, VoteState, WatchVotesRequest};

/// The columns of the table that hold counts.
const COUNTS: std::ops::Range<usize> = 2..6;

/// Show the votes of a hall, and go on as they change.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall votes                      every vote of every body
  rollcall votes un-ga --state open   those of one body that are open
  rollcall votes --follow             the same table, then a line for each change, until Ctrl-C
  rollcall votes --follow --json      each message of WatchVotes as it comes")]
pub struct Args {
    /// The body, e.g. un-ga; all where there is none
    body: Option<String>,

    /// Go on with a line for each change, through restarts of the server, until Ctrl-C
    #[arg(long)]
    follow: bool,

    /// Only votes in these states; a vote that leaves them is shown once more
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    state: Vec<State>,

    #[command(flatten)]
    connection: Connection,
}

/// A state, as it is typed.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum State {
    Draft,
    Open,
    Suspended,
    Locked,
    Declared,
    Annulled,
    Withdrawn,
}

impl From<State> for VoteState {
    fn from(state: State) -> Self {
        match state {
            State::Draft => Self::Draft,
            State::Open => Self::Open,
            State::Suspended => Self::Suspended,
            State::Locked => Self::Locked,
            State::Declared => Self::Declared,
            State::Annulled => Self::Annulled,
            State::Withdrawn => Self::Withdrawn,
        }
    }
}

impl Args {
    /// Runs the command.
    pub async fn run(self) -> Result<(), Failure> {
        let states: Vec<i32> = if self.state.is_empty() {
            <State as clap::ValueEnum>::value_variants().iter().map(|state| VoteState::from(*state).into()).collect()
        } else {
            self.state.iter().map(|state| VoteState::from(*state).into()).collect()
        };
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
            Some(votes) if !self.json && !votes.is_empty() => say::line(table(votes)),
            Some(_) if !self.json && self.follow => say::problem("no vote yet; each is shown as it comes"),
            Some(_) if !self.json => say::problem("no vote"),
            _ => {}
        }
    }
}

/// A vote in a line.
fn line(vote: &Vote) -> String {
    let mut parts = vec![format!("{:24} {:12}", names::short(&vote.name), words::state(vote.state()))];
    parts.extend(vote.tally.as_ref().and_then(|tally| tally.heads).map(|heads| words::counts(&heads)));
    parts.extend(Some(outcome(vote)).filter(|outcome| !outcome.is_empty()));
    parts.join("  ").trim_end().to_owned()
}

/// What was declared; before, what the rule says of the tally that stands.
fn outcome(vote: &Vote) -> String {
    let verdict = vote.verdict.as_ref().map_or(Outcome::Unspecified, |verdict| verdict.outcome());
    match (vote.state(), vote.declared_outcome(), verdict) {
        (VoteState::Declared, declared, _) if declared != Outcome::Unspecified => words::outcome(declared),
        (VoteState::Locked, _, verdict) if verdict != Outcome::Unspecified => {
            format!("{}, not declared yet", words::outcome(verdict))
        }
        _ => String::new(),
    }
}

fn table(mut votes: Vec<Vote>) -> String {
    // One that changed meanwhile has come more than once: the newest counts.
    votes.sort_by(|one, other| one.name.cmp(&other.name).then(other.seq.cmp(&one.seq)));
    votes.dedup_by(|older, newest| older.name == newest.name);
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(columns) = columns().filter(|_| std::io::stdout().is_terminal()) {
        table.set_width(columns);
    }
    table.set_header(["VOTE", "STATE", "YES", "NO", "ABSTAIN", "NOT VOTING", "OUTCOME", "TITLE"]);
    for vote in votes {
        table.add_row(row(vote));
    }
    let last = table.column_count() - 1;
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if COUNTS.contains(&at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        // Only titles are cut where the terminal is narrow.
        if at < last {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A vote in one line of the table.
fn row(vote: Vote) -> Row {
    let counts = vote.tally.as_ref().and_then(|tally| tally.heads);
    let count = |of: fn(crate::proto::Counts) -> u64| counts.map_or_else(String::new, |counts| of(counts).to_string());
    let mut row = Row::from([
        names::short(&vote.name),
        words::state(vote.state()).to_owned(),
        count(|counts| counts.yes),
        count(|counts| counts.no),
        count(|counts| counts.abstain),
        count(|counts| counts.not_voting),
        outcome(&vote),
        screen::clean(&vote.title),
    ]);
    row.max_height(1);
    row
}
