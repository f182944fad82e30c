//! The log in memory, for tests and for a first look: gone when the process ends, and held whole until then.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use super::{AppendError, Log, LogError, PAGE_BYTES, Page, check_size};
use crate::record::tree::Leaves;
use crate::seq::Seq;

/// A log that survives nothing.
pub(super) struct MemoryLog {
    payloads: Mutex<Vec<Bytes>>,
    end: watch::Sender<Seq>,
}

impl MemoryLog {
    /// An empty log.
    pub(super) fn new() -> Self {
        Self { payloads: Mutex::default(), end: watch::Sender::new(Seq::ZERO) }
    }
}

#[async_trait]
impl Log for MemoryLog {
    async fn append(&self, after: Seq, leaves: Leaves) -> Result<Seq, AppendError> {
        check_size(&leaves)?;
        let mut stored = self.payloads.lock().unwrap_or_else(PoisonError::into_inner);
        let end = Seq::new(stored.len() as u64);
        if after != end {
            return Err(AppendError::Conflict { end });
        }
        if leaves.is_empty() {
            return Ok(end);
        }
        let end = end.plus(leaves.len() as u64);
        stored.extend_from_slice(leaves.payloads());
        self.end.send_replace(end);
        Ok(end)
    }

    async fn read(&self, after: Seq, limit: usize) -> Result<Vec<(Seq, Bytes)>, LogError> {
        let stored = self.payloads.lock().unwrap_or_else(PoisonError::into_inner);
        let mut page = Page::after(after, limit, PAGE_BYTES);
        let skipped = usize::try_from(after.get()).unwrap_or(usize::MAX);
        for payload in stored.iter().skip(skipped) {
            if !page.push(payload.clone()) {
                break;
            }
        }
        Ok(page.payloads)
    }

    fn end(&self) -> watch::Receiver<Seq> {
        self.end.subscribe()
    }

    fn keep(&self, _: Seq, _: Bytes) {}

    fn take_kept(&self) -> Option<(Seq, Bytes)> {
        None
    }
}
