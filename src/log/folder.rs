//! The folder of a log: whose it is, in which state, and the files beside the store. Does not know what the store holds;
//! docs/log-format.md has the layout in words.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::OpenError;
use super::kept::{Kept, PROGRAM, Print};
use super::passed::Passed;
use crate::record::tree::Tree;

const LOCK: &str = "LOCK";
const CREATING: &str = "CREATING";
const READY: &str = "READY";
const PASSED: &str = "PASSED";
const STATE: &str = "STATE";
const LOG: &str = "log";
const TRIAL: &str = "TRIAL";
/// How sled names a snapshot, and what it adds while it writes one.
const SNAPSHOT: &str = "snap.";
const UNFINISHED: &str = ".generating";
/// Appended to the name of a file while it is written; renamed once it is synced.
const NEW: &str = ".new";

const FORMAT: &str = "rollcall-log";
const VERSION: u64 = 1;

/// What stands in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing, or a creation that was interrupted before anything was acknowledged.
    New,
    /// A log.
    Ready,
}

/// A folder that is locked against other processes, until dropped.
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder where there is none, and locks it.
    pub(super) fn enter(path: &Path) -> Result<(Self, State), OpenError> {
        inspect(path)?;
        let unusable = |error: io::Error| OpenError::unusable(path, "making it", &error);
        let existing = path.ancestors().skip(1).find(|parent| parent.is_dir()).map(Path::to_owned);
        fs::create_dir_all(path).map_err(unusable)?;
        let made = path.ancestors().skip(1).take_while(|parent| existing.as_deref() != Some(*parent));
        for parent in made.chain(existing.as_deref()) {
            sync(if parent.as_os_str().is_empty() { Path::new(".") } else { parent }).map_err(unusable)?;
        }
        let lock = File::options().create(true).truncate(false).write(true).open(path.join(LOCK));
        let lock = lock.map_err(|error| OpenError::unusable(path, "opening its LOCK", &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { folder: path.to_owned() }),
            Err(TryLockError::Error(error)) => return Err(OpenError::unusable(path, "locking it", &error)),
        }
        // Only now nobody else changes it.
        let state = inspect(path)?;
        Ok((Self { path: path.to_owned(), _lock: lock }, state))
    }

    /// The folder's own path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the store lives.
    pub(super) fn log(&self) -> PathBuf {
        self.path.join(LOG)
    }

    /// Marks the folder as being created, and removes what an interrupted creation left.
    pub(super) fn begin(&self) -> Result<(), OpenError> {
        let begun = || {
            write_synced(&self.path, CREATING, b"")?;
            for name in [LOG, TRIAL] {
                missing_is_fine(fs::remove_dir_all(self.path.join(name)))?;
            }
            for name in [PASSED, STATE, "PASSED.new", "READY.new", "STATE.new"] {
                missing_is_fine(fs::remove_file(self.path.join(name)))?;
            }
            sync(&self.path)
        };
        begun().map_err(|error| OpenError::unusable(&self.path, "beginning the log", &error))
    }

    /// Syncs all that the store has made, which it does not do itself, and declares the log ready.
    pub(super) fn finish(&self, passed: &Passed) -> Result<(), OpenError> {
        let finished = || {
            self.sync_store()?;
            self.witness(passed)?;
            write_synced(&self.path, READY, format!("{FORMAT} {VERSION}\n").as_bytes())?;
            self.settle()
        };
        finished().map_err(|error| OpenError::unusable(&self.path, "creating the log", &error))
    }

    /// Removes what an interrupted start may have left beside a ready log.
    pub(super) fn settle(&self) -> io::Result<()> {
        missing_is_fine(fs::remove_file(self.path.join(CREATING)))?;
        missing_is_fine(fs::remove_dir_all(self.path.join(TRIAL)))?;
        sync(&self.path)
    }

    /// Syncs the store's files and folders.
    pub(super) fn sync_store(&self) -> io::Result<()> {
        let log = self.log();
        for file in store_files(&log)? {
            sync(&file)?;
        }
        // Empty, and not there where a restore left out what is empty.
        missing_is_fine(sync(&log.join("blobs")))?;
        sync(&log)?;
        sync(&self.path)
    }

    /// Replaces the witness.
    pub(super) fn witness(&self, passed: &Passed) -> io::Result<()> {
        write_synced(&self.path, PASSED, passed.to_string().as_bytes())
    }

    /// What the record is known to have passed.
    pub(super) fn passed(&self) -> Result<Passed, OpenError> {
        match fs::read(self.path.join(PASSED)) {
            Ok(bytes) => str::from_utf8(&bytes)
                .ok()
                .and_then(Passed::parse)
                .ok_or_else(|| OpenError::damaged(&self.path, "its file PASSED does not decode")),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(OpenError::damaged(&self.path, "its file PASSED is missing"))
            }
            Err(error) => Err(OpenError::unusable(&self.path, "reading PASSED", &error)),
        }
    }

    /// Keeps `state` beside the store, which is closed, for a start that finds both unchanged.
    pub(super) fn keep(&self, tree: Tree, state: Bytes) -> io::Result<()> {
        // What the prints are of must be on the disk before them.
        self.sync_store()?;
        let Some(store) = self.prints() else { return Ok(()) };
        let kept = Kept { tree, program: PROGRAM.to_owned(), store, state };
        write_synced(&self.path, STATE, &kept.to_bytes())
    }

    /// What was kept, where this program kept it and the store is as it was then. It is there once: what changes the store
    /// from now on would make it untrue.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub(super) fn kept(&self) -> Result<Option<Kept>, OpenError> {
        let bytes = fs::read(self.path.join(STATE));
        let remove = |name: &str| missing_is_fine(fs::remove_file(self.path.join(name)));
        let removed = remove(STATE).and_then(|()| remove("STATE.new")).and_then(|()| sync(&self.path));
        removed.map_err(|error| OpenError::unusable(&self.path, "removing STATE", &error))?;
        let kept = bytes.ok().and_then(|bytes| Kept::parse(&bytes.into()));
        Ok(kept.filter(|kept| kept.program == PROGRAM && Some(&kept.store) == self.prints().as_ref()))
    }

    fn prints(&self) -> Option<Vec<Print>> {
        let mut files = store_files(&self.log()).ok()?;
        files.sort();
        files.iter().map(|file| Print::of(file)).collect()
    }

    /// Refuses a store that lacks a file or has one that it must not have.
    pub(super) fn check_store(&self) -> Result<(), OpenError> {
        let log = self.log();
        if let Some(missing) = ["conf", "db"].into_iter().find(|name| !log.join(name).is_file()) {
            return Err(OpenError::damaged(&self.path, format!("its file log/{missing} is missing")));
        }
        match fs::read_dir(log.join("blobs")).map(|mut files| files.next().is_some()) {
            Ok(true) => Err(OpenError::damaged(&self.path, "log/blobs holds a file, and sled never syncs those")),
            Ok(false) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(OpenError::unusable(&self.path, "reading log/blobs", &error)),
        }
    }

    /// Removes the snapshot that sled was writing when it was stopped: it would not open again with half of one.
    pub(super) fn remove_unfinished_snapshots(&self) -> Result<(), OpenError> {
        let removed = || -> io::Result<()> {
            for file in files(&self.log())?.into_iter().filter(|file| is_unfinished(file)) {
                fs::remove_file(file)?;
            }
            Ok(())
        };
        removed().map_err(|error| OpenError::unusable(&self.path, "removing an unfinished snapshot", &error))
    }

    /// Copies the store, since opening one changes it: sled clears whatever it takes for torn, which in a damaged store
    /// is what could still be rescued. Costs as much room as the log has for the time of the start.
    pub(super) fn copy_store(&self) -> Result<PathBuf, OpenError> {
        let trial = self.path.join(TRIAL);
        let copied = || -> io::Result<()> {
            missing_is_fine(fs::remove_dir_all(&trial))?;
            fs::create_dir(&trial)?;
            for file in store_files(&self.log())? {
                if let Some(name) = file.file_name() {
                    fs::copy(&file, trial.join(name))?;
                }
            }
            Ok(())
        };
        match copied() {
            Ok(()) => Ok(trial),
            Err(error) => {
                self.remove_copy();
                Err(OpenError::unusable(&self.path, "copying the log to check it", &error))
            }
        }
    }

    /// Takes over the snapshot that sled made of the copy. sled clears the segments that lie beyond the end it found, and relies on the
    /// snapshot from then on, but does not sync the folder that has its name: without it a cut of power could leave neither, and
    /// the end would be looked for, and found, far too early.
    pub(super) fn take_snapshot(&self, copy: &Path) -> io::Result<()> {
        let log = self.log();
        for file in snapshots(copy)? {
            let name = name(&file);
            if log.join(&name).exists() {
                continue;
            }
            let unfinished = log.join(name.clone() + UNFINISHED);
            let mut new = File::create(&unfinished)?;
            new.write_all(&fs::read(&file)?)?;
            new.sync_all()?;
            fs::rename(unfinished, log.join(name))?;
        }
        sync(&log)?;
        // sled removes the older ones when it makes one, and that it did beside the copy.
        let mut all = snapshots(&log)?;
        all.sort();
        all.pop();
        all.into_iter().try_for_each(fs::remove_file)
    }

    /// Removes that copy; where this fails the next start tries again.
    pub(super) fn remove_copy(&self) {
        if let Err(error) = missing_is_fine(fs::remove_dir_all(self.path.join(TRIAL))) {
            tracing::warn!(folder = %self.path.display(), %error, "the checked copy of the log stays behind");
        }
    }
}

/// Looks without touching anything.
fn inspect(path: &Path) -> Result<State, OpenError> {
    let unusable = |error: io::Error| OpenError::unusable(path, "reading it", &error);
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(State::New),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(OpenError::NotAFolder { path: path.to_owned() });
        }
        Err(error) => return Err(unusable(error)),
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    let mut names: Vec<String> = names.collect::<io::Result<_>>().map_err(unusable)?;
    names.sort();
    let has = |name: &str| names.iter().any(|found| found == name);
    if has(READY) {
        return check_format(path).map(|()| State::Ready);
    }
    // CREATING.new alone is a creation that was interrupted at once.
    // lost+found is the file system's own.
    let ours = |name: &&String| matches!(name.as_str(), LOCK | "CREATING.new" | "lost+found");
    if has(PASSED) && !has(CREATING) {
        return Err(OpenError::damaged(path, "its file READY is missing"));
    }
    match names.iter().find(|name| !ours(name)) {
        Some(found) if !has(CREATING) => Err(OpenError::NotOurs { folder: path.to_owned(), found: found.clone() }),
        _ => Ok(State::New),
    }
}

fn check_format(path: &Path) -> Result<(), OpenError> {
    let text = fs::read(path.join(READY)).map_err(|error| OpenError::unusable(path, "reading READY", &error))?;
    let text = String::from_utf8_lossy(&text);
    let version = text.strip_prefix(FORMAT).and_then(|rest| rest.trim().parse().ok());
    match version {
        Some(VERSION) => Ok(()),
        Some(found) if found > VERSION => Err(OpenError::Newer { folder: path.to_owned(), found, known: VERSION }),
        _ => Err(OpenError::damaged(path, "its file READY names no format of Rollcall")),
    }
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let paths = paths.collect::<io::Result<Vec<_>>>()?;
    Ok(paths.into_iter().filter(|path| path.is_file()).collect())
}

fn store_files(log: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(files(log)?.into_iter().filter(|file| !is_unfinished(file)).collect())
}

fn is_unfinished(file: &Path) -> bool {
    let name = name(file);
    name.starts_with(SNAPSHOT) && name.ends_with(UNFINISHED)
}

/// The snapshots that are finished.
fn snapshots(log: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(store_files(log)?.into_iter().filter(|file| name(file).starts_with(SNAPSHOT)).collect())
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Replaces a file such that, whenever the power fails, either the old or the new bytes are there.
fn write_synced(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let new = folder.join(format!("{name}{NEW}"));
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, folder.join(name))?;
    sync(folder)
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn missing_is_fine(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}
