//! The reading of a log that was opened in trust of what its last stop kept: all of it, beside the serving. What it finds damaged is
//! written no more, and never kept as sound again.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::OpenError;
use super::passed::Passed;
use super::sled::Store;
use super::writer::Failure;
use crate::record::tree::{Tree, leaf_hash};
use crate::seq::Seq;

/// How long the end of a log waits for the rest. Where it takes longer nothing is kept, and the next start reads all of it first.
const PATIENCE: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(1);

/// A reading under way.
pub(super) struct Check {
    thread: JoinHandle<bool>,
    stop: Arc<AtomicBool>,
}

impl Check {
    /// Begins to read the store of the log in `folder` up to what `passed` says.
    pub(super) fn begin(store: Store, passed: Passed, failure: &Failure, folder: &Path) -> Result<Self, OpenError> {
        let (failure, stop) = (failure.clone(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("rollcall-check".to_owned());
        let thread = thread.spawn(move || {
            let problem = read(&store, &passed, &stopped);
            drop(store);
            match problem {
                None => !stopped.load(Ordering::Relaxed),
                Some(problem) => {
                    let said = format!("the log is damaged ({problem}): restore its folder from a backup");
                    tracing::error!("{said}");
                    failure.set(said);
                    false
                }
            }
        });
        let thread = thread.map_err(|error| OpenError::unusable(folder, "starting a thread", &error))?;
        Ok(Self { thread, stop })
    }

    /// Ends it. Whether all was read, and found sound.
    pub(super) fn end(self) -> bool {
        let began = Instant::now();
        while !self.thread.is_finished() && began.elapsed() < PATIENCE {
            std::thread::sleep(STEP);
        }
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or(false)
    }
}

/// What is wrong with the store; none where nothing is, or where it was told to stop.
fn read(store: &Store, passed: &Passed, stopped: &AtomicBool) -> Option<String> {
    let mut tree = Tree::default();
    let go_on = || !stopped.load(Ordering::Relaxed);
    let end = store.scan_to(Seq::new(passed.end), &go_on, |_, payload| tree.push(leaf_hash(payload)));
    match end {
        _ if !go_on() => None,
        Err(damage) => Some(damage),
        Ok(_) if Passed::of(&tree) == *passed => None,
        Ok(end) => Some(format!("its first {} entries are not those that it held before; it read {end}", passed.end)),
    }
}
