//! Lets calls through once the record is read, and until the server is about to stop. Knows no call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;
use tonic::service::Interceptor;
use tonic::{Request, Status};

use super::status::not_serving;

/// The gate before all services of ours; health and reflection stand outside.
#[derive(Clone)]
pub struct Gate {
    open: Arc<AtomicBool>,
    stopping: CancellationToken,
}

impl Gate {
    /// A closed gate, which is closed again for good once `stopping` is cancelled.
    #[must_use]
    pub fn new(stopping: CancellationToken) -> Self {
        Self { open: Arc::default(), stopping }
    }

    /// Lets calls through.
    pub fn open(&self) {
        self.open.store(true, Ordering::Release);
    }
}

impl Interceptor for Gate {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        if self.stopping.is_cancelled() {
            return Err(not_serving("this server is stopping; try again, elsewhere if possible".to_owned()));
        }
        if !self.open.load(Ordering::Acquire) {
            return Err(not_serving("this server is still reading its record; try again".to_owned()));
        }
        Ok(request)
    }
}
