//! The log on disk: opens it in the right order, hands appends to the writing thread, and reads. Knows nothing of how the
//! store makes a commit durable.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{Semaphore, oneshot, watch};

use super::check::Check;
use super::folder::{Folder, State};
use super::passed::Passed;
use super::recent::Recent;
use super::sled as engine;
use super::writer::{self, Failure, Request, Witnessed, Writer};
use super::{AppendError, Log, LogError, OpenError, check_size, filter};
use crate::record::tree::{Leaves, Tree, leaf_hash};
use crate::seq::Seq;

/// Appends that wait for the thread. One writer has two under way; more would only hide that there are two writers.
const QUEUE: usize = 8;

/// sled waits for ever where one of its own threads panics in the middle of a write; no disk that works takes a minute.
const APPEND_DEADLINE: Duration = Duration::from_secs(60);

/// A log in a folder, locked until dropped.
pub(super) struct DurableLog {
    /// None once the thread is to end.
    requests: Option<SyncSender<Request>>,
    thread: Option<JoinHandle<Option<Tree>>>,
    queue: Arc<Semaphore>,
    failure: Failure,
    /// An append missed its deadline: the thread may never end.
    stuck: AtomicBool,
    recent: Arc<Mutex<Recent>>,
    end: watch::Sender<Seq>,
    store: Option<engine::Store>,
    /// What was kept when the log was closed, until it is taken.
    kept: Mutex<Option<(Seq, Bytes)>>,
    /// What is to be kept when it is closed.
    keep: Mutex<Option<(Seq, Bytes)>>,
    /// The reading of all that a start in trust of the last stop has not read.
    check: Option<Check>,
    /// Last, so that the folder is free only when the store is closed.
    folder: Arc<Folder>,
}

impl DurableLog {
    /// Opens the log in `path` or makes it there. Blocks while all of it is read and checked.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        filter::install()?;
        let (folder, state) = Folder::enter(path)?;
        let mut doubted = None;
        let (store, tree, kept) = match state {
            State::New => {
                let (store, tree) = create(&folder)?;
                (store, tree, None)
            }
            State::Ready => match resume(&folder)? {
                Some((store, tree, kept)) => {
                    doubted = Some(Passed::of(&tree));
                    (store, tree, Some(kept))
                }
                None => {
                    let (store, tree) = reopen(&folder)?;
                    (store, tree, None)
                }
            },
        };
        let end = Seq::new(tree.size());
        let recent = remember(&store, end).map_err(|error| OpenError::damaged(path, error.to_string()))?;
        let mut log = Self::start(folder, store, tree, recent, kept)?;
        if let Some((passed, store)) = doubted.zip(log.store.clone()) {
            log.check = Some(Check::begin(store, passed, &log.failure, path)?);
        }
        Ok(log)
    }

    fn start(
        folder: Folder,
        store: engine::Store,
        tree: Tree,
        recent: Recent,
        kept: Option<Bytes>,
    ) -> Result<Self, OpenError> {
        let (requests, waiting) = sync_channel(QUEUE);
        let folder = Arc::new(folder);
        let kept = kept.map(|state| (Seq::new(tree.size()), state));
        let writer = Writer {
            store: store.clone(),
            folder: Arc::clone(&folder),
            recent: Arc::new(Mutex::new(recent)),
            end: watch::Sender::new(Seq::new(tree.size())),
            failure: Failure::default(),
            // What was read may be more than the witness knew.
            witnessed: Witnessed { end: 0, at: None },
            tree,
        };
        let mut log = Self {
            requests: Some(requests),
            thread: None,
            queue: Arc::new(Semaphore::new(QUEUE)),
            failure: writer.failure.clone(),
            stuck: AtomicBool::new(false),
            recent: Arc::clone(&writer.recent),
            end: writer.end.clone(),
            store: Some(store),
            kept: Mutex::new(kept),
            keep: Mutex::default(),
            check: None,
            folder: Arc::clone(&folder),
        };
        let thread = std::thread::Builder::new().name("rollcall-log".to_owned());
        let thread = thread.spawn(move || writer::run(writer, &waiting));
        log.thread = Some(thread.map_err(|error| OpenError::unusable(folder.path(), "starting a thread", &error))?);
        Ok(log)
    }

    async fn ask(&self, after: Seq, leaves: Leaves) -> Result<Seq, AppendError> {
        let died = || self.failure.set("the thread that writes the log died: start Rollcall again".to_owned());
        let place = Arc::clone(&self.queue).acquire_owned().await.map_err(|_| died())?;
        let (answer, outcome) = oneshot::channel();
        let request = Request { after, leaves, answer, _place: place };
        // Never full: whoever has a place in the queue has one in the channel.
        self.requests.as_ref().and_then(|requests| requests.try_send(request).ok()).ok_or_else(died)?;
        outcome.await.map_err(|_| died())?
    }
}

#[async_trait]
impl Log for DurableLog {
    async fn append(&self, after: Seq, leaves: Leaves) -> Result<Seq, AppendError> {
        check_size(&leaves)?;
        if let Some(failed) = self.failure.get() {
            return Err(failed);
        }
        tokio::time::timeout(APPEND_DEADLINE, self.ask(after, leaves)).await.unwrap_or_else(|_| {
            self.stuck.store(true, Ordering::Relaxed);
            let seconds = APPEND_DEADLINE.as_secs();
            Err(self.failure.set(format!("the disk did not answer for {seconds} seconds: start Rollcall again")))
        })
    }

    async fn read(&self, after: Seq, limit: usize) -> Result<Vec<(Seq, Bytes)>, LogError> {
        let end = {
            let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(page) = recent.page(after, limit) {
                return Ok(page);
            }
            *self.end.borrow()
        };
        let Some(store) = self.store.clone() else { return Err(LogError("the log is closed".to_owned())) };
        let read = tokio::task::spawn_blocking(move || store.read(after, end, limit));
        read.await.map_err(|error| LogError(format!("the log cannot be read: {error}")))?
    }

    fn end(&self) -> watch::Receiver<Seq> {
        self.end.subscribe()
    }

    fn keep(&self, end: Seq, state: Bytes) {
        *self.keep.lock().unwrap_or_else(PoisonError::into_inner) = Some((end, state));
    }

    fn take_kept(&self) -> Option<(Seq, Bytes)> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for DurableLog {
    fn drop(&mut self) {
        drop(self.requests.take());
        if self.stuck.load(Ordering::Relaxed) {
            return;
        }
        // It catches its own panics.
        let tree = self.thread.take().and_then(|thread| thread.join().ok().flatten());
        let sound = self.check.take().is_none_or(Check::end);
        let closed = self.store.take().is_none_or(engine::Store::close);
        let given = self.keep.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // What nobody has taken still holds.
        let keep = given.or_else(|| self.take_kept());
        if let Some((tree, (end, state))) = tree.zip(keep)
            && closed
            && sound
            && tree.size() == end.get()
            && let Err(error) = self.folder.keep(tree, state)
        {
            tracing::warn!(folder = %self.folder.path().display(), %error, "STATE is not kept: the next start takes longer");
        }
    }
}

/// Makes a log, as one step: until READY stands there the next start begins anew.
fn create(folder: &Folder) -> Result<(engine::Store, Tree), OpenError> {
    folder.begin()?;
    let store = engine::Store::open(&folder.log(), folder.path())?;
    let tree = Tree::default();
    store.commit(Vec::new()).map_err(|reason| OpenError::unusable(folder.path(), "creating the store", &reason))?;
    folder.finish(&Passed::of(&tree))?;
    Ok((store, tree))
}

/// Opens a log that was closed by this program and lies as it was left; none where it must be checked.
fn resume(folder: &Folder) -> Result<Option<(engine::Store, Tree, Bytes)>, OpenError> {
    let (passed, kept) = (folder.passed()?, folder.kept()?);
    let Some(kept) = kept.filter(|kept| passed == Passed::of(&kept.tree)) else { return Ok(None) };
    folder.check_store()?;
    folder.settle().map_err(|error| OpenError::unusable(folder.path(), "removing what a start left", &error))?;
    let store = engine::Store::open(&folder.log(), folder.path())?;
    if store.end() == Some(kept.tree.size()) {
        return Ok(Some((store, kept.tree, kept.state)));
    }
    store.close();
    Ok(None)
}

/// Opens a log, the store only after a copy of it has been opened and found whole.
fn reopen(folder: &Folder) -> Result<(engine::Store, Tree), OpenError> {
    let unsynced = |error| OpenError::unusable(folder.path(), "syncing the store", &error);
    let passed = folder.passed()?;
    folder.check_store()?;
    let copy = folder.copy_store()?;
    let checked = check(&copy, folder, passed).and_then(|tree| {
        folder.remove_unfinished_snapshots()?;
        // A process that was killed may have left bytes that only look durable: sled builds on what it reads, and frees segments
        // for it.
        folder.sync_store().and_then(|()| folder.take_snapshot(&copy)).map_err(unsynced)?;
        Ok(tree)
    });
    folder.remove_copy();
    let tree = checked?;

    let store = engine::Store::open(&folder.log(), folder.path())?;
    folder.sync_store().and_then(|()| folder.settle()).map_err(unsynced)?;
    if store.end() != Some(tree.size()) {
        return Err(OpenError::damaged(
            folder.path(),
            format!("it ends elsewhere than at {}, where its checked copy did", tree.size()),
        ));
    }
    Ok((store, tree))
}

fn check(copy: &Path, folder: &Folder, passed: Passed) -> Result<Tree, OpenError> {
    let store = engine::Store::open(copy, folder.path())?;
    let mut tree = Tree::default();
    let mut root = (passed.end == 0).then(|| tree.root());
    let end = store.scan(|_, payload| {
        tree.push(leaf_hash(payload));
        if tree.size() == passed.end {
            root = Some(tree.root());
        }
    });
    store.close();
    let found = match (end, root) {
        (Err(damage), _) => damage,
        (Ok(_), Some(root)) if root == passed.root => return Ok(tree),
        (Ok(_), Some(_)) => format!("its first {} entries are not those that it held before", passed.end),
        (Ok(end), None) => format!("it ends at {end}, and had reached {}", passed.end),
    };
    Err(OpenError::damaged(folder.path(), found))
}

/// Reads the newest payloads back into memory.
fn remember(store: &engine::Store, end: Seq) -> Result<Recent, LogError> {
    let mut at = Recent::worth_reading_after(end);
    let mut recent = Recent::at(at);
    while at < end {
        for (seq, payload) in store.read(at, end, usize::MAX)? {
            recent.push(payload);
            at = seq;
        }
    }
    Ok(recent)
}
