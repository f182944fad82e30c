//! Calls of a replay, made again for a while where the server has no room or is away: under the same ids, so that nothing
//! counts twice. Knows nothing of votes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Response, Status};

use super::summary::Summary;
use crate::cli::again::{self, Waits};
use crate::cli::client::{Clients, Failure};

/// How the server is called.
pub struct Calls {
    clients: Clients,
    /// A call is given up after this long, with all its tries.
    patience: Duration,
    /// Cancelled where there is no server to wait for any more.
    ended: CancellationToken,
    summary: Arc<Summary>,
    /// The server does not answer, and that was said.
    lost: AtomicBool,
}

impl Calls {
    pub fn new(clients: Clients, patience: Duration, ended: CancellationToken, summary: Arc<Summary>) -> Self {
        Self { clients, patience, ended, summary, lost: AtomicBool::new(false) }
    }

    /// Makes a call until it is answered.
    pub async fn make<R: Clone, T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        request: R,
        call: impl Fn(Clients, R) -> F,
    ) -> Result<T, Failure> {
        let until = Instant::now() + self.patience;
        let mut waits = Waits::default();
        loop {
            let failure = match call(self.clients.clone(), request.clone()).await {
                Ok(answer) => {
                    self.lost.store(false, Ordering::Relaxed);
                    return Ok(answer.into_inner());
                }
                Err(status) => Failure::Status(status),
            };
            let again = Instant::now() + waits.next(&failure);
            if again > until || self.ended.is_cancelled() || !again::may_pass(&failure) {
                return Err(failure);
            }
            if !self.lost.swap(true, Ordering::Relaxed) {
                self.summary.problem(&format!("trying again: {}", again::reason(&failure)));
            }
            tokio::select! {
                () = tokio::time::sleep_until(again) => {}
                () = self.ended.cancelled() => {}
            }
        }
    }
}
