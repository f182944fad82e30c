//! All of it put together: the record opened, both sides started, the services served, and all of it stopped in order.

mod incoming;
mod services;
mod serving;
mod stuck;

pub use serving::{CONNECTION_WINDOW, MAX_STREAMS, STREAM_WINDOW};

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::board::{self, Follower};
use crate::clock::Clock;
use crate::domain::{Hall, State};
use crate::grpc::{Edge, Rollcall};
use crate::journal::{Journal, JournalError};
use crate::log::{AppendError, Log};
use crate::presets::Presets;
use crate::seq::Seq;
use crate::sequencer::{self, Writer};

use services::{OURS, Services};

/// What is still open this long after the stop is cut off: a stream was told to drain, and a call takes milliseconds.
const GRACE: Duration = Duration::from_secs(2);

/// What the writer has answered last is on its way for this long.
const LAST_ANSWERS: Duration = Duration::from_millis(100);

/// Between what health says and what callers feel, when the server is about to stop.
const HEALTH_FIRST: Duration = Duration::from_millis(50);

/// How often the wall clock is compared with the steady one.
const CLOCK_CHECK: Duration = Duration::from_secs(1);

/// An answer of which nothing is taken for so long is ended: long enough for a reader that pauses, as at a slow disk of its own,
/// and short enough that those which are forgotten do not pile up.
pub const MAX_BEHIND: Duration = Duration::from_secs(60);

/// The health of the server as a whole.
const WHOLE: &str = "";

/// What a server runs on.
pub struct Config {
    /// The log, opened.
    pub log: Arc<dyn Log>,
    /// The clock.
    pub clock: Arc<Clock>,
    /// The named rules.
    pub presets: Arc<Presets>,
    /// Where pages of a browser may come from that call over gRPC-Web, as their `Origin` says; `*` for anywhere.
    pub origins: Vec<HeaderValue>,
    /// An answer of which nothing is taken for so long is ended: [`MAX_BEHIND`], except for tests.
    pub max_behind: Duration,
}

/// The server serves.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// Where.
    pub address: SocketAddr,
    /// The last place in its record.
    pub end: Seq,
}

/// Why a server ended that was not told to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The record cannot be read.
    #[error(transparent)]
    Unreadable(#[from] JournalError),
    /// The record cannot be written.
    #[error("the writer stopped: {0}; everything that was answered is on record")]
    Unwritable(#[from] AppendError),
    /// A part of the server broke down.
    #[error("{0} broke down; everything that was answered is on record: start again, and report this")]
    Broken(&'static str),
    /// The listener.
    #[error("the listener failed: {0}")]
    Listener(#[from] std::io::Error),
}

/// Serves until `stop` is cancelled, or until the record can be read or written no more. `ready` is told once the record is
/// read and calls are taken; before that, health says NOT_SERVING.
///
/// # Errors
/// Why it ended, where it was not told to.
pub async fn run(
    config: Config,
    listener: TcpListener,
    stop: CancellationToken,
    ready: oneshot::Sender<Ready>,
) -> Result<(), ServeError> {
    let address = listener.local_addr()?;
    let (health_reporter, health) = tonic_health::server::health_reporter();
    say(&health_reporter, ServingStatus::NotServing).await;

    let journal = Journal::new(config.log);
    let (sequencer, writer) = sequencer::open(journal.clone(), Arc::clone(&config.clock));
    let (board, follower) = board::open(journal.clone());
    let stopping = CancellationToken::new();
    let edge = Edge::new(stopping.clone());
    let presets = config.presets;
    let rollcall = Rollcall { sequencer, board: board.clone(), presets, stopping: stopping.clone() };
    let services = Services::new(&rollcall, edge.clone(), Routes::new(health), &config.origins)?;
    let connections = incoming::connections(listener, config.max_behind);

    let (read, hall) = oneshot::channel();
    let (followed, end) = oneshot::channel();
    let stop_writer = CancellationToken::new();
    let mut parts = Parts {
        serving: tokio::spawn(serving::serve(connections, services, config.max_behind, stopping.clone())),
        writing: tokio::spawn(write(writer, read, stop_writer.clone())),
        following: tokio::spawn(follow(follower, hall, followed)),
        written: false,
    };
    let open = async {
        // Where the record cannot be read, the end of a part says why.
        let Ok(end) = end.await else { return std::future::pending().await };
        if board.reached(end).await.is_err() {
            return std::future::pending().await;
        }
        edge.open();
        say(&health_reporter, ServingStatus::Serving).await;
        // Whoever started the server may have stopped listening; it serves all the same.
        let _ = ready.send(Ready { address, end });
        watch_clock(&config.clock).await
    };
    let result = tokio::select! {
        ended = parts.ended() => ended,
        () = stop.cancelled() => Ok(()),
        never = open => match never {},
    };

    // Health first, so that whoever asks before it sends goes elsewhere; then streams and new calls.
    say(&health_reporter, ServingStatus::NotServing).await;
    tokio::time::sleep(HEALTH_FIRST).await;
    stopping.cancel();
    board.rouse();
    let state = parts.stop(&stop_writer).await;
    // Where something could not be read, the next start is to look at all of it.
    if let (Ok(()), Ok(Some(state))) = (&result, &state) {
        journal.keep(state);
    }
    result.and(state.map(|_| ()))
}

/// Reads the record, tells what it comes to, and writes until it is stopped. Returns what it comes to then, where it was read.
async fn write(
    mut writer: Writer,
    read: oneshot::Sender<Hall>,
    stop: CancellationToken,
) -> Result<Option<State>, ServeError> {
    let hall = tokio::select! {
        hall = writer.read_record() => hall?,
        () = stop.cancelled() => return Ok(None),
    };
    // The server has ended where no one waits for this.
    let _ = read.send(hall);
    Ok(Some(writer.run(stop).await?))
}

/// Follows the record from what the writer has read, and tells where that ended.
async fn follow(
    follower: Follower,
    read: oneshot::Receiver<Hall>,
    followed: oneshot::Sender<Seq>,
) -> Result<(), JournalError> {
    // Where the record was not read, the writer says why.
    let Ok(hall) = read.await else { return std::future::pending().await };
    let _ = followed.send(hall.end());
    follower.run(hall).await
}

/// The tasks that a server consists of.
struct Parts {
    serving: JoinHandle<()>,
    writing: JoinHandle<Result<Option<State>, ServeError>>,
    following: JoinHandle<Result<(), JournalError>>,
    /// Whether the writer's end has been told.
    written: bool,
}

impl Parts {
    /// Waits until one of them ends, and says why: none of them ends by itself while all is well.
    async fn ended(&mut self) -> Result<(), ServeError> {
        tokio::select! {
            serving = &mut self.serving => serving.map_err(|_| ServeError::Broken("the network"))?,
            writing = &mut self.writing => {
                self.written = true;
                writing.map_err(|_| ServeError::Broken("the writer"))??;
            }
            following = &mut self.following => following.map_err(|_| ServeError::Broken("the board"))??,
        }
        Ok(())
    }

    /// Lets calls end, then the writer, so that what was taken is answered; cuts off what takes longer. Says where the last
    /// of it could not be written; else what the record has come to, where it was read.
    async fn stop(mut self, stop_writer: &CancellationToken) -> Result<Option<State>, ServeError> {
        self.serve_for(GRACE).await;
        stop_writer.cancel();
        self.following.abort();
        let written = self.end_writing().await;
        self.serve_for(LAST_ANSWERS).await;
        self.serving.abort();
        written
    }

    /// Lets calls end for this long at most.
    async fn serve_for(&mut self, time: Duration) {
        if !self.serving.is_finished() {
            let _ = tokio::time::timeout(time, &mut self.serving).await;
        }
    }

    async fn end_writing(&mut self) -> Result<Option<State>, ServeError> {
        if self.written {
            return Ok(None);
        }
        match tokio::time::timeout(GRACE, &mut self.writing).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(ServeError::Broken("the writer")),
            Err(_) => Err(ServeError::Unwritable(AppendError::Failed("it did not end in time".to_owned()))),
        }
    }
}

/// Says how healthy the server is as a whole, and each of its services.
async fn say(health: &HealthReporter, status: ServingStatus) {
    for service in [WHOLE].into_iter().chain(OURS) {
        health.set_service_status(service, status).await;
    }
}

/// Reports each time that the wall clock is set. Runs for ever.
async fn watch_clock(clock: &Clock) -> Infallible {
    let mut ticks = tokio::time::interval(CLOCK_CHECK);
    loop {
        ticks.tick().await;
        if let Some(jump) = clock.jump() {
            let ahead = jump.wall > jump.record;
            let by = jump.wall.since(jump.record).max(jump.record.since(jump.wall));
            tracing::warn!(
                ?by,
                ahead,
                "the wall clock was set; entries go on in the time that this process began with: restart to take the new one"
            );
        }
    }
}
