//! Bytes in order, durable. Knows nothing of votes: what a payload means is the journal's affair.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use crate::record::tree::Leaves;
use crate::seq::Seq;

mod check;
mod chunk;
#[cfg(test)]
mod conformance;
mod durable;
mod filter;
mod folder;
mod kept;
mod memory;
mod passed;
mod recent;
#[cfg(test)]
mod refusals;
mod sled;
mod writer;

/// The most payloads of one append. So many share the cost of a sync already; more would only keep those behind them waiting.
pub const MAX_PAYLOADS: usize = 1_024;

/// The most bytes of one append, all payloads together: the largest roll (1 MiB) and as much again. Nothing in sled depends
/// on it, since what it writes as one piece is a page and never a whole batch; but an append larger than a segment (512 KiB)
/// is written to several of them at once, and few stay few.
pub const MAX_APPEND_BYTES: usize = 2 << 20;

/// A page ends with the payload that reaches this: a page of 64-byte payloads is long before it is large, one of rolls is
/// not.
const PAGE_BYTES: usize = 1 << 20;

/// An append-only sequence of payloads, each at its place 1, 2, 3 ..
///
/// ```text
///   1   2   3   4   5 | 6   7
///   durable           | being written: no reader sees them
///                   end
/// ```
#[async_trait]
pub trait Log: Send + Sync + 'static {
    /// Appends right after `after`, all or none, and returns the new end once it would survive the loss of power.
    /// No payload at all only compares `after` with the end.
    ///
    /// # Errors
    /// [`AppendError::Conflict`] where `after` is not the end: nothing was written. [`AppendError::Failed`] where the
    /// outcome is unknown; every later append then fails too. [`AppendError::TooLarge`] where there are more than
    /// [`MAX_PAYLOADS`] payloads or [`MAX_APPEND_BYTES`] bytes: nothing was written.
    async fn append(&self, after: Seq, leaves: Leaves) -> Result<Seq, AppendError>;

    /// At most `limit` payloads after `after`, in order, without gaps, never past the durable end.
    /// There may be fewer, as a page is also bounded by its bytes, but none only at the end or where `limit` is 0.
    ///
    /// # Errors
    /// [`LogError`] where the storage does not answer, or what it holds is not what was appended.
    async fn read(&self, after: Seq, limit: usize) -> Result<Vec<(Seq, Bytes)>, LogError>;

    /// The last durable place; changes when the log grows, whoever wrote.
    fn end(&self) -> watch::Receiver<Seq>;

    /// Keeps bytes for the next opening, where the log still ends at `end` when it is closed. A log may forget them.
    fn keep(&self, end: Seq, state: Bytes);

    /// The bytes that were kept when the log was closed, and the end that it had; none where there are none, where anything
    /// has changed since, and when they have been taken.
    fn take_kept(&self) -> Option<(Seq, Bytes)>;
}

/// Why nothing is known to have been appended.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else appended: the log ends elsewhere. Nothing was written.
    #[error("the log ends at {end}, not where the append was to begin")]
    Conflict {
        /// The true end.
        end: Seq,
    },
    /// More than one append may carry. Nothing was written.
    #[error(
        "an append of {payloads} payloads and {bytes} bytes; at most {MAX_PAYLOADS} and {MAX_APPEND_BYTES} are possible"
    )]
    TooLarge {
        /// How many payloads there were.
        payloads: usize,
        /// How many bytes they had together.
        bytes: usize,
    },
    /// The storage failed: what was to be appended may or may not be there after a restart.
    #[error("{0}")]
    Failed(String),
}

/// The storage does not answer, or holds what was not appended.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct LogError(pub String);

/// Where a log is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// `memory:`, until the process ends.
    Memory,
    /// `sled:DIR`, in this folder.
    Sled(PathBuf),
}

/// Text that names no [`Location`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} does not say where the log is kept: write sled:DIR for a folder, or memory: to lose it at the end")]
pub struct LocationError(String);

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("sled", folder)) if !folder.is_empty() => Ok(Self::Sled(folder.into())),
            _ => Err(LocationError(text.to_owned())),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Sled(folder) => write!(f, "sled:{}", folder.display()),
        }
    }
}

/// Why a log was not opened. Each message is for the operator: what was found, and what to do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the folder {} is in use by another Rollcall: stop that one, or name another folder", .folder.display())]
    InUse {
        /// The folder of the log.
        folder: PathBuf,
    },
    /// Something else lives in the folder.
    #[error("the folder {} holds {found:?} and no log of Rollcall: name an empty or a new folder", .folder.display())]
    NotOurs {
        /// The folder of the log.
        folder: PathBuf,
        /// One of the things found in it.
        found: String,
    },
    /// It is a file, or lies in one.
    #[error("{} cannot be a folder, since it or what it lies in is a file: name another", .path.display())]
    NotAFolder {
        /// What was named.
        path: PathBuf,
    },
    /// The operating system refuses something that is needed, or the disk is full.
    #[error(
        "the folder {} cannot be used ({reason}): give this user the right to write there, and room on the disk",
        .folder.display()
    )]
    Unusable {
        /// The folder of the log.
        folder: PathBuf,
        /// What failed, and with what.
        reason: String,
    },
    /// A newer program made it.
    #[error(
        "the log in {} has format {found}, and this Rollcall knows formats up to {known}: start a newer one",
        .folder.display()
    )]
    Newer {
        /// The folder of the log.
        folder: PathBuf,
        /// The version of its format.
        found: u64,
        /// The newest that this program knows.
        known: u64,
    },
    /// It is not what was written, or not all of it.
    #[error(
        "the log in {} is damaged ({found}); the folder was left as it is: restore it from a backup",
        .folder.display()
    )]
    Damaged {
        /// The folder of the log.
        folder: PathBuf,
        /// What is wrong.
        found: String,
    },
    /// The kernel takes no seccomp filter, without which a commit on Linux may not survive the loss of power.
    #[error(
        "the kernel refuses the seccomp filter that makes commits durable ({reason}): allow seccomp to this process, or run \
         it outside the sandbox that forbids it"
    )]
    NoFilter {
        /// What it answered.
        reason: String,
    },
    /// It is not known whether a commit survives the loss of power here.
    #[error(
        "commits are not known to be durable on {system}: run Rollcall on Linux (x86_64, aarch64, riscv64) or macOS"
    )]
    Unsupported {
        /// The operating system.
        system: String,
    },
}

impl OpenError {
    fn unusable(folder: &Path, doing: &str, error: &dyn fmt::Display) -> Self {
        Self::Unusable { folder: folder.to_owned(), reason: format!("{doing}: {error}") }
    }

    fn damaged(folder: &Path, found: impl Into<String>) -> Self {
        Self::Damaged { folder: folder.to_owned(), found: found.into() }
    }
}

/// Opens the log, or makes it. Blocks until all of it has been read and checked; dropping it blocks until it is closed.
///
/// # Errors
/// [`OpenError`], after which nothing runs and nothing is locked.
pub fn open(location: &Location) -> Result<Arc<dyn Log>, OpenError> {
    match location {
        Location::Memory => Ok(Arc::new(memory::MemoryLog::new())),
        Location::Sled(folder) => Ok(Arc::new(durable::DurableLog::open(folder)?)),
    }
}

fn check_size(leaves: &Leaves) -> Result<(), AppendError> {
    let (payloads, bytes) = (leaves.len(), leaves.bytes());
    if payloads > MAX_PAYLOADS || bytes > MAX_APPEND_BYTES {
        return Err(AppendError::TooLarge { payloads, bytes });
    }
    Ok(())
}

/// What a read gathers.
struct Page {
    next: Seq,
    limit: usize,
    room: usize,
    payloads: Vec<(Seq, Bytes)>,
}

impl Page {
    fn after(after: Seq, limit: usize, room: usize) -> Self {
        Self { next: after.next(), limit, room, payloads: Vec::new() }
    }

    fn is_full(&self) -> bool {
        self.payloads.len() >= self.limit || self.room == 0
    }

    /// Adds the next payload; false where there was no place left for it.
    fn push(&mut self, payload: Bytes) -> bool {
        if self.is_full() {
            return false;
        }
        self.room = self.room.saturating_sub(payload.len());
        self.payloads.push((self.next, payload));
        self.next = self.next.next();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_read_as_it_is_written() {
        for text in ["memory:", "sled:/var/lib/rollcall", "sled:a:b"] {
            assert_eq!(text.parse::<Location>().map(|location| location.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "memory", "memory:x", "sled:", "/var/lib/rollcall", "redb:x"] {
            let error = text.parse::<Location>().expect_err(text).to_string();
            assert!(error.contains("sled:DIR") && error.contains("memory:"), "{error}");
        }
    }
}
