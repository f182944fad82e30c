//! What is decided and waits to become durable together. Decides nothing.

use tokio::sync::oneshot;

use super::{Answer, MAX_COMMIT_BYTES, MAX_COMMIT_ENTRIES, Room};
use crate::journal::Leaves;

/// What was decided and is to become durable together.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) leaves: Leaves,
    pub(super) waiting: Waiting,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.answers.is_empty() && self.leaves.is_empty()
    }

    /// Whether so many entries more are one commit still.
    pub(super) fn fits(&self, entries: usize) -> bool {
        self.leaves.len() + entries <= MAX_COMMIT_ENTRIES && self.leaves.bytes() <= MAX_COMMIT_BYTES
    }
}

/// Submissions that are decided, and answered once the batch is durable.
#[derive(Default)]
pub(super) struct Waiting {
    answers: Vec<(oneshot::Sender<Vec<Answer>>, Vec<Answer>)>,
    /// The places that all of them hold, given back at once: each time takes a lock that all callers share.
    room: Room,
}

impl Waiting {
    pub(super) fn add(&mut self, to: oneshot::Sender<Vec<Answer>>, answers: Vec<Answer>, room: Room) {
        self.answers.push((to, answers));
        for (held, more) in self.room.iter_mut().zip(room) {
            match (held, more) {
                (Some(held), Some(more)) => held.merge(more),
                (held, more) => *held = held.take().or(more),
            }
        }
    }

    pub(super) fn answer(self) {
        for (to, answers) in self.answers {
            // A caller that has gone does not need its answer: what it asked for is on record all the same.
            let _ = to.send(answers);
        }
    }
}
