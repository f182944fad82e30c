//! What is decided and waits to become durable together. Decides nothing.

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{Answer, MAX_COMMIT_BYTES, MAX_COMMIT_ENTRIES, Room};

/// What was decided and is to become durable together.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) payloads: Vec<Bytes>,
    pub(super) bytes: usize,
    pub(super) waiting: Vec<Waiting>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.payloads.is_empty()
    }

    /// Whether so many entries more are one commit still.
    pub(super) fn fits(&self, entries: usize) -> bool {
        self.payloads.len() + entries <= MAX_COMMIT_ENTRIES && self.bytes <= MAX_COMMIT_BYTES
    }
}

/// A submission that is decided, and answered once the batch is durable.
pub(super) struct Waiting {
    pub(super) answer: oneshot::Sender<Vec<Answer>>,
    pub(super) answers: Vec<Answer>,
    pub(super) _room: Room,
}

impl Waiting {
    pub(super) fn answer(self) {
        // A caller that has gone does not need its answer: what it asked for is on record all the same.
        let _ = self.answer.send(self.answers);
    }
}
