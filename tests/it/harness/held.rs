//! A log whose appends and reads wait until a test lets them go, and a server over it in this process.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use rollcall::clock::Clock;
use rollcall::log::{self, AppendError, Location, Log, LogError};
use rollcall::record::tree::Leaves;
use rollcall::seq::Seq;
use rollcall::server::{self, Config, MAX_BEHIND, Ready, ServeError};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Client;
use super::watched::Watches;

/// The log in memory behind two doors, both open at first.
pub struct HeldLog {
    /// The log itself, for what the server is not to know of.
    pub behind: Arc<dyn Log>,
    pub appends: Door,
    pub reads: Door,
}

/// Where calls wait until they may go on.
pub struct Door {
    passes: Semaphore,
    came: watch::Sender<usize>,
}

impl Door {
    fn new() -> Self {
        Self { passes: Semaphore::new(Semaphore::MAX_PERMITS), came: watch::Sender::new(0) }
    }

    async fn pass(&self) {
        self.came.send_modify(|came| *came += 1);
        self.passes.acquire().await.unwrap().forget();
    }

    /// Holds whoever comes from now on.
    pub fn hold(&self) {
        self.passes.forget_permits(Semaphore::MAX_PERMITS);
        self.came.send_replace(0);
    }

    /// Waits until so many have come since it was held.
    pub async fn come(&self, count: usize) {
        self.came.subscribe().wait_for(|came| *came >= count).await.unwrap();
    }

    /// How many have come since it was held.
    pub fn came(&self) -> usize {
        *self.came.borrow()
    }

    /// Lets one go on: who has waited longest, or who comes next.
    pub fn let_one_go(&self) {
        self.passes.add_permits(1);
    }

    /// Lets everyone go on, those too who are yet to come.
    pub fn let_go(&self) {
        self.passes.add_permits(Semaphore::MAX_PERMITS - self.passes.available_permits());
    }
}

impl HeldLog {
    pub fn new() -> Arc<Self> {
        let behind = log::open(&Location::Memory).unwrap();
        Arc::new(Self { behind, appends: Door::new(), reads: Door::new() })
    }

    /// How many entries are on record.
    pub fn len(&self) -> u64 {
        self.behind.end().borrow().get()
    }
}

#[async_trait]
impl Log for HeldLog {
    async fn append(&self, after: Seq, leaves: Leaves) -> Result<Seq, AppendError> {
        self.appends.pass().await;
        self.behind.append(after, leaves).await
    }

    async fn read(&self, after: Seq, limit: usize) -> Result<Vec<(Seq, Bytes)>, LogError> {
        self.reads.pass().await;
        self.behind.read(after, limit).await
    }

    fn end(&self) -> watch::Receiver<Seq> {
        self.behind.end()
    }

    fn keep(&self, end: Seq, state: Bytes) {
        self.behind.keep(end, state);
    }

    fn take_kept(&self) -> Option<(Seq, Bytes)> {
        self.behind.take_kept()
    }
}

/// A server in this process.
pub struct Running {
    pub address: String,
    pub stop: CancellationToken,
    pub ready: oneshot::Receiver<Ready>,
    /// How it ended.
    pub ended: JoinHandle<Result<(), ServeError>>,
    watches: Watches,
}

impl Running {
    /// A server over `log`, which may not have read it yet.
    pub async fn over(log: &Arc<HeldLog>) -> Self {
        Self::with(log, MAX_BEHIND).await
    }

    /// The same, with a bound of its own for answers that are not taken.
    pub async fn with(log: &Arc<HeldLog>, max_behind: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (told, ready) = oneshot::channel();
        let stop = CancellationToken::new();
        let watches = Watches::of_log(Arc::clone(&log.behind));
        let log: Arc<dyn Log> = Arc::<HeldLog>::clone(log);
        let clock = Arc::new(Clock::system());
        let config = Config { log, clock, presets: super::presets(), origins: Vec::new(), max_behind };
        let ended = tokio::spawn(server::run(config, listener, stop.clone(), told));
        Self { address, stop, ready, ended, watches }
    }

    /// Where it serves.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A connection to it.
    pub async fn client(&self) -> Client {
        Client::connect(&self.address, &self.watches).await
    }

    /// A connection to it, once it serves.
    pub async fn served(&mut self) -> Client {
        (&mut self.ready).await.unwrap();
        self.client().await
    }
}
