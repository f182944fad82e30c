//! The record as it may be read now: what a vote hides until its lock is withheld, and its leaf hash keeps its place.

use bytes::Bytes;
use tokio::sync::watch;

use super::{Board, Ended};
use crate::domain::VoteName;
use crate::journal::JournalError;
use crate::record::tree::{Hash, leaf_hash};
use crate::seq::Seq;
use crate::wire::entry::sealed;

/// A stored entry as it may be read now.
#[derive(Clone, Debug)]
pub enum Readable {
    /// The stored bytes.
    Whole(Bytes),
    /// A ballot that is hidden still.
    Withheld {
        /// Its vote.
        vote: VoteName,
        /// Its leaf in the Merkle tree of the record.
        leaf_hash: Hash,
    },
}

/// The record cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// It does not give its entries.
    #[error(transparent)]
    Unreadable(#[from] JournalError),
    /// What is hidden in it can no longer be told from what is not.
    #[error(transparent)]
    Ended(#[from] Ended),
}

impl Board {
    /// The last durable place; changes when the record grows.
    #[must_use]
    pub fn end(&self) -> watch::Receiver<Seq> {
        self.journal.end()
    }

    /// At most `limit` entries after `after`, each as it may be read now; none only at the durable end.
    ///
    /// # Errors
    /// Where the log does not give them, or gives what is no entry.
    pub async fn entries(&self, after: Seq, limit: usize) -> Result<Vec<(Seq, Readable)>, ReadError> {
        let stored = self.journal.stored(after, limit).await?;
        let mut readable = Vec::with_capacity(stored.len());
        for (seq, bytes) in stored {
            let sealed = sealed(&bytes).map_err(|problem| JournalError::NoEntry { seq, problem })?;
            if let Some(entry) = &sealed {
                // What this server has not taken up yet it cannot place.
                self.reached(seq).await?;
                if let Some(vote) = self.read(|hall| hall.withheld_by(entry).cloned()) {
                    readable.push((seq, Readable::Withheld { vote, leaf_hash: leaf_hash(&bytes) }));
                    continue;
                }
            }
            readable.push((seq, Readable::Whole(bytes)));
        }
        Ok(readable)
    }
}
