//! The store, sled 0.34.7, and what "durable" means there. Knows keys and values, and of payloads only how to read them back.
//!
//! A commit is durable when `flush()` returns, because the kernel answers ENOSYS to `sync_file_range` ([`super::filter`]) and
//! sled then calls `File::sync_all` after each of its writes. Without that answer its flush is not durable, whatever its
//! documentation says, and a sync of our own after it comes too late: when sled has written more than a segment, a cut of
//! power can leave a store that it opens as empty and clears. Nothing else in this crate may open a store.
//!
//! The version is pinned, since all of this was read in its source and tried on it.

use std::fs::{File, TryLockError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::chunk::{Damage, Pair, Unpacker, key, place};
use super::{LogError, OpenError, PAGE_BYTES, Page};
use crate::seq::Seq;

/// sled wants a power of two. A quarter of it bounds what sled writes as one piece, see `chunk::MAX_VALUE`.
const SEGMENT: usize = 512 * 1024;

/// Enough for the newest part of a record; a scan of all of it passes through and leaves no more behind.
const CACHE_BYTES: u64 = 16 << 20;

/// sled closes its file when its threads and its garbage collection let go, a moment after the last handle is dropped.
const CLOSING: Duration = Duration::from_secs(5);
const CLOSING_STEP: Duration = Duration::from_millis(1);

/// An open store. Clones share it.
#[derive(Clone)]
pub(super) struct Store {
    db: sled::Db,
    path: PathBuf,
}

impl Store {
    /// Opens or makes the store at `path`, which belongs to the log in `folder`. Changes it, even where it turns out to be
    /// damaged.
    pub(super) fn open(path: &Path, folder: &Path) -> Result<Self, OpenError> {
        if !wait_until_closed(path) {
            return Err(OpenError::InUse { folder: folder.to_owned() });
        }
        let config = sled::Config::new()
            .path(path)
            .segment_size(SEGMENT)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None)
            .use_compression(false)
            .print_profile_on_drop(false);
        match guarded(|| config.open()) {
            Ok(db) => Ok(Self { db, path: path.to_owned() }),
            // What the operating system refuses has a number; sled's own complaints about a file have none.
            Err(Failure::Sled(sled::Error::Io(error))) if error.raw_os_error().is_some() => {
                Err(OpenError::unusable(folder, "opening the store", &error))
            }
            Err(failure) => Err(OpenError::damaged(folder, format!("sled says: {failure}"))),
        }
    }

    /// Writes the pairs, all or none, and returns once they would survive the loss of power.
    ///
    /// # Errors
    /// What failed; the store must not be written again, since the pairs may or may not be there.
    pub(super) fn commit(&self, pairs: Vec<Pair>) -> Result<(), String> {
        let written = guarded(|| {
            match <[Pair; 1]>::try_from(pairs) {
                // One pair is atomic by itself, and cheaper without a batch.
                Ok([(key, value)]) => drop(self.db.insert(key, value)?),
                Err(pairs) => {
                    let mut batch = sled::Batch::default();
                    pairs.into_iter().for_each(|(key, value)| batch.insert(&key[..], value));
                    self.db.apply_batch(batch)?;
                }
            }
            self.db.flush()
        });
        written.map(drop).map_err(|failure| failure.to_string())
    }

    /// Gives every payload in order to `emit`, and returns the last place.
    ///
    /// # Errors
    /// What is damaged, or what sled says.
    pub(super) fn scan(&self, emit: impl FnMut(u64, &[u8])) -> Result<u64, String> {
        self.scan_to(Seq::new(u64::MAX), || true, emit)
    }

    /// The same up to `end`, where a commit ended, for as long as `go_on` says so.
    pub(super) fn scan_to(
        &self,
        end: Seq,
        go_on: impl Fn() -> bool,
        mut emit: impl FnMut(u64, &[u8]),
    ) -> Result<u64, String> {
        let mut unpacker = Unpacker::at(1);
        let last = guarded(|| {
            for pair in self.db.range(..key(end.next().get(), 0)) {
                let (key, value) = pair?;
                if let Err(damage) = unpacker.take(&key, &value, &mut emit) {
                    return Ok(Err(damage));
                }
                if !go_on() {
                    break;
                }
            }
            Ok(unpacker.finish())
        });
        match last {
            Ok(Ok(next)) => Ok(next - 1),
            Ok(Err(damage)) => Err(damage.to_string()),
            Err(failure) => Err(format!("sled says: {failure}")),
        }
    }

    /// The last place, read from the end alone; none where what stands there is no end of a log.
    pub(super) fn end(&self) -> Option<u64> {
        let end = guarded(|| {
            let Some((last, _)) = self.db.last()? else { return Ok(Some(0)) };
            let Some(start) = place(&last) else { return Ok(None) };
            let mut unpacker = Unpacker::at(start);
            for pair in self.db.range(key(start, 0)..) {
                let (key, value) = pair?;
                if unpacker.take(&key, &value, &mut |_, _| {}).is_err() {
                    return Ok(None);
                }
            }
            Ok(unpacker.finish().ok().map(|next| next - 1))
        });
        end.ok().flatten()
    }

    /// A page after `after`, up to `end`, which lies beyond it.
    pub(super) fn read(&self, after: Seq, end: Seq, limit: usize) -> Result<Vec<(Seq, Bytes)>, LogError> {
        let read = guarded(|| self.page(after, end, limit));
        let page = read.map_err(|failure| LogError(format!("the log cannot be read after {after}: {failure}")))?;
        page.map_err(|damage| LogError(format!("the log is damaged after {after}: {damage}")))
    }

    fn page(&self, after: Seq, end: Seq, limit: usize) -> sled::Result<Result<Vec<(Seq, Bytes)>, Damage>> {
        let first = after.next();
        let gap = Damage::Gap { expected: first.get() };
        // The pair that holds the first place begins there or before.
        let Some((start, _)) = self.db.get_lt(key(first.next().get(), 0))? else { return Ok(Err(gap)) };
        let Some(start) = place(&start) else { return Ok(Err(gap)) };
        let mut page = Page::after(after, limit, PAGE_BYTES);
        let mut unpacker = Unpacker::at(start);
        for pair in self.db.range(key(start, 0)..key(end.next().get(), 0)) {
            let (key, value) = pair?;
            let taken = unpacker.take(&key, &value, &mut |seq, payload| {
                if seq > after.get() && seq <= end.get() && !page.is_full() {
                    page.push(Bytes::copy_from_slice(payload));
                }
            });
            if let Err(damage) = taken {
                return Ok(Err(damage));
            }
            if page.is_full() {
                break;
            }
        }
        Ok(if page.payloads.is_empty() && limit > 0 { Err(gap) } else { Ok(page.payloads) })
    }

    /// Closes the store, and waits until it is closed, where this is the last handle. False where that went wrong.
    pub(super) fn close(self) -> bool {
        let Self { db, path } = self;
        // sled's own drop panics where its last sync fails; all that was acknowledged has been synced before.
        let closed = catch_unwind(AssertUnwindSafe(|| drop(db))).is_ok() && wait_until_closed(&path);
        if !closed {
            tracing::warn!(store = %path.display(), "sled did not close its store cleanly");
        }
        closed
    }
}

/// Why sled did not do what it was asked.
enum Failure {
    Sled(sled::Error),
    Panic,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // sled hands an error on as the debug form of the first, so that only its kind is left in words.
            Self::Sled(sled::Error::Io(error)) if error.raw_os_error().is_none() => error.kind().fmt(f),
            Self::Sled(sled::Error::Io(error)) => error.fmt(f),
            Self::Sled(error) => error.fmt(f),
            Self::Panic => f.write_str("it panicked"),
        }
    }
}

/// sled panics on some damage where it should return an error. What it leaves behind then is not used again.
fn guarded<T>(work: impl FnOnce() -> sled::Result<T>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Failure::Panic)?.map_err(Failure::Sled)
}

/// Whether the store's file can be locked, which sled does while it has it open.
fn wait_until_closed(path: &Path) -> bool {
    let Ok(file) = File::open(path.join("db")) else { return true };
    let deadline = Instant::now() + CLOSING;
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(CLOSING_STEP),
            Err(TryLockError::WouldBlock) => return false,
            Ok(()) | Err(TryLockError::Error(_)) => return true,
        }
    }
}
