//! One recorded vote, conducted through the API from wherever it stands to its declared result.
//!
//! No vote is tabled, opened or declared before the one ahead of it in the file, and none is opened before those of an earlier
//! sitting are declared. What lies between, ballots and lock, is done for several votes at once.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tonic::{Code, Status};

use super::calls::Calls;
use super::data::{Data, Recorded};
use super::derive::{body_id, body_name};
use super::findings::Findings;
use super::seating::Seating;
use super::steps::compare_roll;
use super::summary::Summary;
use crate::cli::client::Failure;
use crate::cli::words;
use crate::proto::{self, VoteState};

/// Why a vote is not taken further.
#[derive(Debug)]
pub enum Stop {
    /// This one is refused, in a sentence; the others go on.
    Refused(String),
    /// Nothing can go on.
    Failed(Failure),
}

impl From<Status> for Stop {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Unimplemented => Self::Refused(status.message().to_owned()),
            _ => Self::Failed(status.into()),
        }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Status(status) => status.into(),
            other => Self::Failed(other),
        }
    }
}

/// What votes are conducted with.
pub struct Conductor {
    pub calls: Calls,
    pub data: Data,
    pub findings: Findings,
    pub summary: Arc<Summary>,
    /// The rule of all votes, in place of their own.
    pub rule: Option<String>,
    /// The body of all votes, in place of their own.
    pub body: Option<String>,
    /// The named rules that the server knows.
    pub rules: HashSet<String>,
    /// The votes that were on record before, by name.
    pub on_record: HashMap<String, proto::Vote>,
    pub stations: Stations,
}

/// Where votes wait for one another.
#[derive(Default)]
pub struct Stations {
    pub tabling: Arc<Mutex<()>>,
    pub opening: Mutex<Seating>,
}

/// A vote's place behind another, which ends when it is dropped.
pub struct Turn {
    /// Until it is about to open, or done with.
    pub tabling: Option<OwnedMutexGuard<()>>,
    /// Whether no vote of its sitting is ahead of it.
    pub first_of_sitting: bool,
    pub ahead: Ahead,
    pub _done: oneshot::Sender<Infallible>,
}

/// The vote ahead of one, until that is done with.
#[derive(Default)]
pub struct Ahead(Option<oneshot::Receiver<Infallible>>);

impl Ahead {
    /// A vote behind it, and what it is to drop once it is done with.
    pub fn next() -> (oneshot::Sender<Infallible>, Self) {
        let (done, ahead) = oneshot::channel();
        (done, Self(Some(ahead)))
    }

    /// Waits until all votes ahead are done with.
    async fn gone(&mut self) {
        if let Some(ahead) = self.0.take() {
            let _ = ahead.await;
        }
    }
}

impl Conductor {
    /// The identifier of a vote's body.
    pub fn body_of(&self, vote: &Recorded) -> String {
        self.body.clone().unwrap_or_else(|| body_id(body_name(&vote.body)))
    }

    /// Conducts the vote at a place of the data; to be called in their order.
    pub async fn vote(&self, at: usize, mut turn: Turn) -> Result<(), Failure> {
        let vote = &self.data.votes[at];
        let conducted = self.conduct(vote, &mut turn).await;
        // A vote that was refused before it opened still holds back the others of its sitting.
        turn.ahead.gone().await;
        match conducted {
            Ok(()) => Ok(()),
            Err(Stop::Refused(reason)) => self.findings.refused(&vote.id, self.data.vote_place(vote), &reason),
            Err(Stop::Failed(failure)) => Err(failure),
        }
    }

    async fn conduct(&self, vote: &Recorded, turn: &mut Turn) -> Result<(), Stop> {
        let body = self.body_of(vote);
        let name = format!("bodies/{body}/votes/{}", vote.id);
        let known = self.on_record.get(&name);
        let state = known.map_or(VoteState::Unspecified, proto::Vote::state);
        if let Some(known) = known {
            self.compare_rule(vote, &body, known)?;
        }
        if let Some(declared) = known.filter(|_| state == VoteState::Declared) {
            turn.ahead.gone().await;
            return self.finish(vote, declared, true);
        }
        match state {
            VoteState::Unspecified => self.table(vote, &body, &name).await?,
            VoteState::Draft | VoteState::Open | VoteState::Locked => {}
            other => {
                return Err(Stop::Refused(format!("it is on record as {}, and left so", words::state(other))));
            }
        }
        let mut opening = self.stations.opening.lock().await;
        // Now only, so that the one behind cannot overtake.
        drop(turn.tabling.take());
        if turn.first_of_sitting {
            turn.ahead.gone().await;
        }
        if matches!(state, VoteState::Unspecified | VoteState::Draft) {
            self.open(vote, &body, &name, &mut opening).await?;
        }
        drop(opening);
        if let Some(opened) = known.filter(|_| state == VoteState::Open) {
            compare_roll(vote, opened)?;
        }
        if state != VoteState::Locked {
            self.cast(vote, &name).await?;
        }
        let locked = match known {
            Some(known) if state == VoteState::Locked => known.clone(),
            _ => self.lock(&name).await?,
        };
        turn.ahead.gone().await;
        self.compare_with_rows(vote, &locked)?;
        let declared = self.declare(vote, &name, locked).await?;
        self.finish(vote, &declared, false)
    }
}
