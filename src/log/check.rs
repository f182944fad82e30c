//! The reading of a log that was opened in trust of what its last stop kept: all of it, beside the serving. What it finds damaged is
//! written no more, and never kept as sound again.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::OpenError;
use super::passed::Passed;
use super::sled as engine;
use super::writer::Failure;
use crate::record::tree::{Tree, leaf_hash};
use crate::seq::Seq;

/// How long the end of a log waits for the rest. Where it takes longer nothing is kept, and the next start reads all of it first.
const PATIENCE: Duration = Duration::from_secs(1);

/// A reading under way.
pub(super) struct Check {
    thread: JoinHandle<()>,
    /// What came of it.
    sound: Mutex<Receiver<bool>>,
    stop: Arc<AtomicBool>,
}

impl Check {
    /// Begins to read the store of the log in `folder` up to what `passed` says.
    pub(super) fn begin(
        store: engine::Store,
        passed: Passed,
        failure: &Failure,
        folder: &Path,
    ) -> Result<Self, OpenError> {
        let (failure, stop) = (failure.clone(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("rollcall-check".to_owned());
        let (told, sound) = sync_channel(1);
        let thread = thread.spawn(move || {
            let problem = read(&store, &passed, &stopped);
            drop(store);
            if let Some(problem) = &problem {
                let said = format!("the log is damaged ({problem}): restore its folder from a backup");
                tracing::error!("{said}");
                failure.set(said);
            }
            // There is room for one, and no one may wait for it.
            let _ = told.send(problem.is_none() && !stopped.load(Ordering::Relaxed));
        });
        let thread = thread.map_err(|error| OpenError::unusable(folder, "starting a thread", &error))?;
        Ok(Self { thread, sound: Mutex::new(sound), stop })
    }

    /// Ends it. Whether all was read, and found sound.
    pub(super) fn end(self) -> bool {
        let sound = self.sound.into_inner().unwrap_or_else(PoisonError::into_inner);
        let sound = sound.recv_timeout(PATIENCE).unwrap_or(false);
        self.stop.store(true, Ordering::Relaxed);
        // The store is to be closed next, which the thread holds until it has ended.
        let _ = self.thread.join();
        sound
    }
}

/// What is wrong with the store; none where nothing is, or where it was told to stop.
fn read(store: &engine::Store, passed: &Passed, stopped: &AtomicBool) -> Option<String> {
    let mut tree = Tree::default();
    let go_on = || !stopped.load(Ordering::Relaxed);
    let end = store.scan_to(Seq::new(passed.end), go_on, |_, payload| tree.push(leaf_hash(payload)));
    match end {
        _ if !go_on() => None,
        Err(damage) => Some(damage),
        Ok(_) if Passed::of(&tree) == *passed => None,
        Ok(end) => Some(format!("its first {} entries are not those that it held before; it read {end}", passed.end)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::chunk;
    use crate::log::conformance::payloads;

    #[test]
    fn a_store_that_does_not_hold_what_it_held_is_written_no_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = engine::Store::open(&folder.path().join("log"), folder.path()).expect("a store");
        let held = payloads((0..500).map(|number| number % 90));
        store.commit(chunk::pack(1, &held)).expect("a commit");
        let mut tree = Tree::default();
        held.iter().for_each(|payload| tree.push(leaf_hash(payload)));
        let passed = Passed::of(&tree);
        // What is written meanwhile is not its affair.
        store.commit(chunk::pack(501, &payloads([7; 3]))).expect("a commit");

        let other = Passed { root: leaf_hash(b"other"), ..passed };
        tree.push(leaf_hash(b"more"));
        let longer = Passed { end: 504, ..Passed::of(&tree) };
        for (passed, sound) in [(passed, true), (other, false), (longer, false)] {
            let failure = Failure::default();
            let check = Check::begin(store.clone(), passed, &failure, folder.path()).expect("a thread");
            assert_eq!((check.end(), failure.get().is_none()), (sound, sound), "{passed:?}");
        }
        store.close();
    }
}
