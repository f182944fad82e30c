//! The one thread that writes the log. Knows nothing of who asks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};

use super::folder::Folder;
use super::passed::Passed;
use super::recent::Recent;
use super::sled as engine;
use super::{AppendError, chunk};
use crate::record::tree::{Leaves, Tree};
use crate::seq::Seq;

/// How often the witness is renewed at most: it costs two syncs, and guards against losing more than this.
const WITNESS_EVERY: Duration = Duration::from_secs(1);

/// An append that waits for its answer.
pub(super) struct Request {
    pub(super) after: Seq,
    pub(super) leaves: Leaves,
    pub(super) answer: oneshot::Sender<Result<Seq, AppendError>>,
    /// Its place in the queue, freed when it is answered.
    pub(super) _place: OwnedSemaphorePermit,
}

/// Why the log takes no appends any more, once it does not.
#[derive(Clone, Default)]
pub(super) struct Failure(Arc<OnceLock<String>>);

impl Failure {
    /// The first reason given.
    pub(super) fn get(&self) -> Option<AppendError> {
        self.0.get().cloned().map(AppendError::Failed)
    }

    /// Gives a reason; the first one stays.
    pub(super) fn set(&self, reason: String) -> AppendError {
        AppendError::Failed(self.0.get_or_init(|| reason).clone())
    }
}

/// What the writing thread owns.
pub(super) struct Writer {
    pub(super) store: engine::Store,
    pub(super) folder: Arc<Folder>,
    pub(super) tree: Tree,
    pub(super) recent: Arc<Mutex<Recent>>,
    pub(super) end: watch::Sender<Seq>,
    pub(super) failure: Failure,
    pub(super) witnessed: Witnessed,
}

/// When the witness was last renewed, and up to which end.
pub(super) struct Witnessed {
    pub(super) end: u64,
    pub(super) at: Option<Instant>,
}

impl Writer {
    /// Serves until every sender is gone. Returns the tree of all that it wrote; none where it may have written more.
    pub(super) fn run(mut self, requests: &Receiver<Request>) -> Option<Tree> {
        loop {
            let request = match self.witness_due() {
                Some(wait) => requests.recv_timeout(wait),
                None => requests.recv().map_err(RecvTimeoutError::from),
            };
            match request {
                Ok(request) => self.serve(request),
                Err(RecvTimeoutError::Timeout) => self.witness(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.witness_due().is_some_and(|wait| wait.is_zero()) {
                self.witness();
            }
        }
        if self.witness_due().is_some() {
            self.witness();
        }
        self.failure.get().is_none().then_some(self.tree)
    }

    fn serve(&mut self, request: Request) {
        let Request { after, leaves, answer, _place } = request;
        let end = Seq::new(self.tree.size());
        let outcome = match self.failure.get() {
            Some(failed) => Err(failed),
            None if after != end => Err(AppendError::Conflict { end }),
            None if leaves.is_empty() => Ok(end),
            None => self.commit(end, leaves.payloads()),
        };
        let grown = outcome.as_ref().is_ok_and(|now| *now != end);
        // Whoever asked may have stopped waiting; what was written stays written.
        let _ = answer.send(outcome);
        if grown {
            leaves.hashes().iter().for_each(|hash| self.tree.push(*hash));
        }
    }

    fn commit(&self, end: Seq, payloads: &[Bytes]) -> Result<Seq, AppendError> {
        let pairs = chunk::pack(end.next().get(), payloads);
        self.store.commit(pairs).map_err(|reason| {
            let folder = self.folder.path().display();
            self.failure.set(format!(
                "the log in {folder} could not be written ({reason}): put the disk in order, then start Rollcall again"
            ))
        })?;
        let end = end.plus(payloads.len() as u64);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        payloads.iter().for_each(|payload| recent.push(payload.clone()));
        // Under the lock, so that no reader sees more than the end says.
        self.end.send_replace(end);
        Ok(end)
    }

    /// How long until the witness may be renewed, none where it says all there is.
    fn witness_due(&self) -> Option<Duration> {
        let behind = self.witnessed.end < self.tree.size() && self.failure.get().is_none();
        let waited = self.witnessed.at.map_or(WITNESS_EVERY, |at| at.elapsed());
        behind.then(|| WITNESS_EVERY.saturating_sub(waited))
    }

    fn witness(&mut self) {
        let passed = Passed::of(&self.tree);
        self.witnessed.at = Some(Instant::now());
        match self.folder.witness(&passed) {
            Ok(()) => self.witnessed.end = passed.end,
            // What was acknowledged is no less durable; it is only less well watched for a while.
            Err(error) => {
                tracing::warn!(folder = %self.folder.path().display(), %error, "PASSED could not be renewed");
            }
        }
    }
}

/// Runs the writer, and leaves a reason behind should it panic.
pub(super) fn run(writer: Writer, requests: &Receiver<Request>) -> Option<Tree> {
    let failure = writer.failure.clone();
    catch_unwind(AssertUnwindSafe(|| writer.run(requests))).unwrap_or_else(|_| {
        failure.set("the thread that writes the log panicked: start Rollcall again".to_owned());
        None
    })
}
