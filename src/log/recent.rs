//! The newest payloads in memory, so that those who follow the end never wait for the disk. Does not know what is durable:
//! it is told.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{PAGE_BYTES, Page};
use crate::seq::Seq;

/// A follower that is this far behind is catching up, and may as well read the disk.
const MAX_RECENT: usize = 4_096;

/// Room for a few of the largest appends; beside sled's own cache this is all that the log keeps in memory.
const MAX_RECENT_BYTES: usize = 4 << 20;

/// The payloads up to some place, the oldest forgotten first.
pub(super) struct Recent {
    end: Seq,
    payloads: VecDeque<Bytes>,
    bytes: usize,
}

impl Recent {
    /// Nothing remembered, of a log that ends at `end`.
    pub(super) fn at(end: Seq) -> Self {
        Self { end, payloads: VecDeque::new(), bytes: 0 }
    }

    /// Remembers the payload right after the end.
    pub(super) fn push(&mut self, payload: Bytes) {
        self.bytes += payload.len();
        self.payloads.push_back(payload);
        self.end = self.end.next();
        while self.payloads.len() > MAX_RECENT || self.bytes > MAX_RECENT_BYTES {
            let Some(oldest) = self.payloads.pop_front() else { break };
            self.bytes -= oldest.len();
        }
    }

    /// The place before the oldest payload remembered.
    fn start(&self) -> Seq {
        Seq::new(self.end.get() - self.payloads.len() as u64)
    }

    /// The place from which a fresh memory is worth filling: not more than it holds before `end`.
    pub(super) fn worth_reading_after(end: Seq) -> Seq {
        Seq::new(end.get().saturating_sub(MAX_RECENT as u64))
    }

    /// A page after `after`, none where the first of it is forgotten.
    pub(super) fn page(&self, after: Seq, limit: usize) -> Option<Vec<(Seq, Bytes)>> {
        let skipped = after.get().checked_sub(self.start().get())?;
        let mut page = Page::after(after, limit, PAGE_BYTES);
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        for payload in self.payloads.iter().skip(skipped) {
            if !page.push(payload.clone()) {
                break;
            }
        }
        Some(page.payloads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_by_count_and_by_bytes() {
        let mut recent = Recent::at(Seq::new(10));
        for _ in 0..=MAX_RECENT {
            recent.push(Bytes::from_static(b"x"));
        }
        assert!(recent.page(Seq::new(10), 1).is_none());
        assert_eq!(recent.page(Seq::new(11), 1), Some(vec![(Seq::new(12), Bytes::from_static(b"x"))]));

        let end = recent.end;
        recent.push(Bytes::from(vec![0; MAX_RECENT_BYTES]));
        assert!(recent.page(Seq::new(end.get() - 1), 1).is_none());
        assert_eq!(recent.page(end, 9).map(|page| page.len()), Some(1));
        assert_eq!(recent.page(end.next(), 9), Some(vec![]));
    }
}
