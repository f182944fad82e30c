//! The log read and written as entries. Knows what an entry is, not what it means.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

use crate::domain::{Entry, Receipt, State};
use crate::log::{AppendError, Log, LogError};
use crate::record::tree::{Hash, leaf_hash};
use crate::seq::Seq;
use crate::wire::entry::{self, DecodeError};
use crate::wire::kept;

pub use crate::record::tree::Leaves;

/// The record as entries, over a log of bytes.
#[derive(Clone)]
pub struct Journal {
    log: Arc<dyn Log>,
    fresh: Arc<Mutex<Fresh>>,
}

/// Entries as they were staged here, each with the bytes that were made of it, for the one who follows: to read what was just
/// written would cost as much as to decide it.
type Fresh = VecDeque<(Bytes, Entry)>;

/// Fresh entries that are kept for one who is behind: some commits.
const MAX_FRESH: usize = 4_096;

/// The largest of them, in bytes: a ballot takes a fifth. Larger ones are few, and their bytes are read.
const MAX_FRESH_BYTES: usize = 1 << 10;

/// The record cannot be read as entries.
#[derive(Clone, Debug, thiserror::Error)]
pub enum JournalError {
    /// The log does not give its bytes.
    #[error("the record cannot be read: {0}")]
    Log(#[from] LogError),
    /// What stands at a place is not an entry.
    #[error(
        "the record holds at {seq} what is no entry ({problem}); nothing was changed: restore the folder from a backup"
    )]
    NoEntry {
        /// The place.
        seq: Seq,
        /// Why not.
        problem: DecodeError,
    },
    /// An entry names another place than the one where it stands.
    #[error("the record holds at {seq} the entry of {says}; nothing was changed: restore the folder from a backup")]
    Misplaced {
        /// The place.
        seq: Seq,
        /// What the entry says.
        says: Seq,
    },
    /// There is no such place yet.
    #[error("the record ends before {0}")]
    Missing(Seq),
}

fn receipt(entry: &Entry, leaf_hash: Hash, replayed: bool) -> Receipt {
    Receipt { seq: entry.seq, revision: entry.revision, record_time: entry.record_time, leaf_hash, replayed }
}

impl Journal {
    /// The journal of a log.
    #[must_use]
    pub fn new(log: Arc<dyn Log>) -> Self {
        Self { log, fresh: Arc::default() }
    }

    /// Makes an entry ready to be appended after those in `leaves`. Returns the receipt that its caller gets once it is durable.
    pub fn stage(&self, entry: Entry, leaves: &mut Leaves) -> Receipt {
        let payload = entry::encode(&entry);
        let receipt = receipt(&entry, leaves.push(payload.clone()), false);
        if payload.len() <= MAX_FRESH_BYTES {
            let mut fresh = self.fresh();
            fresh.push_back((payload, entry));
            if fresh.len() > MAX_FRESH {
                fresh.pop_front();
            }
        }
        receipt
    }

    /// Appends right after `after`, all or none; returns the new end once they would survive the loss of power.
    ///
    /// # Errors
    /// As [`Log::append`].
    pub async fn append(&self, after: Seq, leaves: Leaves) -> Result<Seq, AppendError> {
        self.log.append(after, leaves).await
    }

    /// At most `limit` entries after `after`, in order, without gaps; none only at the durable end.
    ///
    /// # Errors
    /// Where the log does not give its bytes, or they are not the entries of those places.
    pub async fn read(&self, after: Seq, limit: usize) -> Result<Vec<Entry>, JournalError> {
        let stored = self.stored(after, limit).await?;
        let mut entries = Vec::with_capacity(stored.len());
        for (seq, bytes) in &stored {
            entries.push(decode(*seq, bytes, entries.last())?);
        }
        Ok(entries)
    }

    /// The same, in place of what `entries` holds, for the one who follows the end and reads each entry once.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn follow(&self, after: Seq, limit: usize, entries: &mut Vec<Entry>) -> Result<(), JournalError> {
        let stored = self.stored(after, limit).await?;
        entries.clear();
        {
            let mut fresh = self.fresh();
            for (seq, bytes) in &stored {
                while fresh.pop_front_if(|(_, entry)| entry.seq < *seq).is_some() {}
                // What lies in the log is the very piece of memory that the entry was written to, and so not changed since.
                let same =
                    |(written, entry): &mut (Bytes, Entry)| entry.seq == *seq && std::ptr::eq(&**written, &**bytes);
                let Some((_, entry)) = fresh.pop_front_if(same) else { break };
                entries.push(entry);
            }
        }
        for ((seq, bytes), entry) in stored.iter().zip(&*entries) {
            debug_assert_eq!(decode(*seq, bytes, None).ok().as_ref(), Some(entry), "what is stored says the same");
        }
        for (seq, bytes) in &stored[entries.len()..] {
            entries.push(decode(*seq, bytes, entries.last())?);
        }
        Ok(())
    }

    fn fresh(&self) -> MutexGuard<'_, Fresh> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stored bytes of at most `limit` entries after `after`; none only at the durable end.
    ///
    /// # Errors
    /// Where the log does not give them.
    pub async fn stored(&self, after: Seq, limit: usize) -> Result<Vec<(Seq, Bytes)>, JournalError> {
        Ok(self.log.read(after, limit).await?)
    }

    /// The receipt of an entry on record, as a repeated request gets it.
    ///
    /// # Errors
    /// Where no entry stands there, or it cannot be read.
    pub async fn first_receipt(&self, seq: Seq) -> Result<Receipt, JournalError> {
        let bytes = self.stored_at(seq).await?;
        Ok(receipt(&decode(seq, &bytes, None)?, leaf_hash(&bytes), true))
    }

    /// One entry on record.
    ///
    /// # Errors
    /// Where no entry stands there, or it cannot be read.
    pub async fn entry(&self, seq: Seq) -> Result<Entry, JournalError> {
        decode(seq, &self.stored_at(seq).await?, None)
    }

    async fn stored_at(&self, seq: Seq) -> Result<Bytes, JournalError> {
        let before = Seq::new(seq.get().saturating_sub(1));
        let stored = self.stored(before, 1).await?;
        stored.into_iter().next().map(|(_, bytes)| bytes).ok_or(JournalError::Missing(seq))
    }

    /// Keeps what the whole record, all of it durable, has come to, for the next start.
    pub fn keep(&self, state: &State) {
        self.log.keep(state.hall().end(), kept::encode(state).into());
    }

    /// What the record came to when the log was closed, where nothing has changed since.
    #[must_use]
    pub fn take_kept(&self) -> Option<State> {
        let (end, bytes) = self.log.take_kept()?;
        let state = kept::decode(&bytes);
        let state = state.and_then(|state| {
            let sound = state.hall().end() == end;
            if sound { Ok(state) } else { Err(format!("it ends at {}, and the record at {end}", state.hall().end())) }
        });
        state
            .inspect_err(|problem| tracing::warn!(%problem, "what the last stop kept is not used: the record is read"))
            .ok()
    }

    /// The last durable place; changes when the record grows.
    #[must_use]
    pub fn end(&self) -> watch::Receiver<Seq> {
        self.log.end()
    }
}

/// The entry at a place, which follows `before` where that is given.
fn decode(seq: Seq, bytes: &Bytes, before: Option<&Entry>) -> Result<Entry, JournalError> {
    let entry = entry::decode_after(before, bytes.clone()).map_err(|problem| JournalError::NoEntry { seq, problem })?;
    if entry.seq == seq { Ok(entry) } else { Err(JournalError::Misplaced { seq, says: entry.seq }) }
}
