//! The services: requests in, answers out, errors as gRPC has them. Holds no rule; `tonic::Status` lives only here.

mod ballot_stream;
mod ballots;
mod bodies;
mod edge;
mod halls;
mod records;
mod rules;
mod status;
mod tallies;
mod votes;
mod watches;

pub use edge::{Answered, Edge};
pub use watches::Tallies;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio_stream::Stream;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::board::Board;
use crate::domain::{Command, Hall, Receipt, VoteName};
use crate::presets::Presets;
use crate::proto;
use crate::seq::Seq;
use crate::sequencer::{Sequencer, SubmitError};
use crate::wire::malformed::Malformed;

/// How long a read waits for this server to reach a place in the record before it says that it has not.
const REACH: Duration = Duration::from_secs(5);

/// Silence after which a stream says that it is alive, unless the caller asks otherwise.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The shortest silence that a caller can ask for: shorter would be load, not news.
const MIN_HEARTBEAT: Duration = Duration::from_secs(1);
/// The longest, so that a stream through a proxy is not taken for dead.
const MAX_HEARTBEAT: Duration = Duration::from_secs(60);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// All services of one server.
#[derive(Clone)]
pub struct Rollcall {
    /// The write side.
    pub sequencer: Sequencer,
    /// The read side, the record as it may be read included.
    pub board: Board,
    /// The named rules.
    pub presets: Arc<Presets>,
    /// Cancelled when the server is about to stop: streams drain then.
    pub stopping: CancellationToken,
}

impl Rollcall {
    /// Submits one command.
    async fn submit(&self, command: Command) -> Result<Receipt, Status> {
        let mut results = self.sequencer.submit(vec![command]).await;
        let result = results.pop().unwrap_or(Err(SubmitError::OutcomeUnknown));
        result.map_err(|error| status::submit(&error))
    }

    /// Submits one command about a vote, and shows the vote as it then stands.
    async fn change(&self, command: Command) -> Result<(Option<proto::Vote>, Option<proto::Receipt>), Status> {
        let name = command.intent.vote().cloned();
        let receipt = self.record(command).await?;
        let vote = self.board.read(|hall| name.and_then(|name| hall.vote(&name).map(Into::into)));
        Ok((vote, Some(receipt.into())))
    }

    /// Submits one command, and waits until this server shows what follows from it, and all that was answered by then.
    async fn record(&self, command: Command) -> Result<Receipt, Status> {
        let receipt = self.submit(command).await?;
        // It is on record, but what stands there now cannot be shown: the caller is to ask again with the same id.
        self.catch_up(0).await.map_err(|_| status::submit(&SubmitError::OutcomeUnknown))?;
        Ok(receipt)
    }

    /// Waits until this server shows everything that was answered before now, and the entry at `at_least`, if any.
    async fn catch_up(&self, at_least: u64) -> Result<(), Status> {
        let end = *self.board.end().borrow();
        if at_least > end.get() {
            return Err(status::beyond("the record ends", end.get()));
        }
        self.reach(end).await
    }

    async fn reach(&self, seq: Seq) -> Result<(), Status> {
        match tokio::time::timeout(REACH, self.board.reached(seq)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(ended)) => Err(status::not_serving(ended.to_string())),
            Err(_) => Err(status::not_serving(format!("this server has not read the record up to {seq} yet"))),
        }
    }
}

/// A vote on record.
fn vote<'a>(hall: &'a Hall, name: &VoteName) -> Result<&'a crate::domain::Vote, Status> {
    hall.vote(name).ok_or_else(|| status::no_such(crate::domain::Resource::Vote(name.clone())))
}

/// The silence after which a stream says that it is alive.
fn heartbeat(asked: Option<prost_types::Duration>) -> Result<Duration, Malformed> {
    let Some(asked) = asked else { return Ok(HEARTBEAT) };
    let asked = crate::wire::time::span(&asked)
        .ok_or_else(|| Malformed::field("heartbeat", "must be a Duration, and not negative"))?;
    Ok(asked.clamp(MIN_HEARTBEAT, MAX_HEARTBEAT))
}

/// The answer of a call that this version does not have yet.
fn not_yet(call: &str) -> Status {
    status::not_implemented(format!("{call} is in the contract, and not in this version of Rollcall yet"))
}
