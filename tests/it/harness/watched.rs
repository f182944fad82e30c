//! The watches that tests open. Each is recorded as its watcher saw it, and held to the record, by `validate`, once both
//! are complete; so are tallies that are asked for. The harness gives no other way to open one.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use prost::Message as _;
use rollcall::log::Log;
use rollcall::proto::tally_service_client::TallyServiceClient;
use rollcall::proto::{self, watch_tally_response, watch_votes_response};
use rollcall::seq::Seq;
use tonic::transport::Channel;
use tonic::{IntoRequest, Request, Response, Status, Streaming};

use super::validate::{self, Record};

/// A watch of one tally.
pub type TallyWatch = Watched<proto::WatchTallyResponse>;
/// A watch of a hall of votes.
pub type HallWatch = Watched<proto::WatchVotesResponse>;

/// What a watcher asked for and was told.
pub struct Seen<W: Watch> {
    pub asked: W::Asked,
    /// The end of the record as far as any watcher had been told when this one asked.
    pub known: u64,
    /// Each message, and how long after the call it was read.
    pub messages: Vec<(Duration, W::Message)>,
    /// How the stream ended, where its watcher stayed so long.
    pub end: Option<Result<(), Status>>,
}

/// The messages of a kind of watch.
pub trait Watch: Clone + Sized + 'static {
    type Asked: Clone + Send + 'static;
    type Message: Send + 'static;
    fn content(self) -> Option<Self::Message>;
    /// How far the record reaches at least, as the message has it.
    fn reached(message: &Self::Message) -> u64;
    fn validate(seen: &Seen<Self>, record: &Record) -> Result<(), String>;
}

impl Watch for proto::WatchTallyResponse {
    type Asked = proto::WatchTallyRequest;
    type Message = watch_tally_response::Message;

    fn content(self) -> Option<Self::Message> {
        self.message
    }

    fn reached(message: &Self::Message) -> u64 {
        match message {
            watch_tally_response::Message::Frame(frame) => frame.seq,
            watch_tally_response::Message::Progress(progress) => progress.seq,
            watch_tally_response::Message::Draining(_) => 0,
        }
    }

    fn validate(seen: &Seen<Self>, record: &Record) -> Result<(), String> {
        validate::tally(seen, record)
    }
}

impl Watch for proto::WatchVotesResponse {
    type Asked = proto::WatchVotesRequest;
    type Message = watch_votes_response::Message;

    fn content(self) -> Option<Self::Message> {
        self.message
    }

    fn reached(message: &Self::Message) -> u64 {
        match message {
            watch_votes_response::Message::Vote(vote) => vote.seq,
            watch_votes_response::Message::CaughtUp(caught_up) => caught_up.seq,
            watch_votes_response::Message::Progress(progress) => progress.seq,
            watch_votes_response::Message::Draining(_) => 0,
        }
    }

    fn validate(seen: &Seen<Self>, record: &Record) -> Result<(), String> {
        validate::hall(seen, record)
    }
}

type Check = Box<dyn Fn(&Record) -> Result<(), String> + Send>;

/// The watches over one record.
#[derive(Clone)]
pub struct Watches(Arc<Mutex<Kept>>);

struct Kept {
    source: Source,
    known: u64,
    /// What is to be held to the record once it can be read.
    checks: Vec<Check>,
}

/// Where the record is read.
enum Source {
    /// From a server's process, when the test is done with it.
    Process,
    /// Here, at any time.
    Log(Arc<dyn Log>),
    /// It has been read.
    Read(Arc<Record>),
}

impl Watches {
    /// Of a server in a process of its own, which closes them.
    pub fn of_process() -> Self {
        Self::from(Source::Process)
    }

    /// Of a server in this process.
    pub fn of_log(log: Arc<dyn Log>) -> Self {
        Self::from(Source::Log(log))
    }

    fn from(source: Source) -> Self {
        Self(Arc::new(Mutex::new(Kept { source, known: 0, checks: Vec::new() })))
    }

    /// Holds all that was seen to the record. What is seen from now on is held to it too.
    pub fn close(&self, read: impl FnOnce() -> Record) {
        let mut kept = self.0.lock().unwrap();
        let checks = std::mem::take(&mut kept.checks);
        if checks.is_empty() {
            return;
        }
        let record = Arc::new(read());
        kept.source = Source::Read(Arc::clone(&record));
        drop(kept);
        for check in checks {
            hold(&check, &record);
        }
    }

    fn keep(&self, check: Check) {
        let mut kept = self.0.lock().unwrap();
        if matches!(kept.source, Source::Process) {
            kept.checks.push(check);
        }
    }

    /// Holds what is complete to the record, if that can be read.
    fn judge(&self, check: Check) {
        let kept = self.0.lock().unwrap();
        let record = match &kept.source {
            Source::Process => return,
            Source::Log(log) => Arc::new(read(&**log)),
            Source::Read(record) => Arc::clone(record),
        };
        drop(kept);
        hold(&check, &record);
    }

    fn known(&self) -> u64 {
        self.0.lock().unwrap().known
    }

    fn saw(&self, seq: u64) {
        let known = &mut self.0.lock().unwrap().known;
        *known = seq.max(*known);
    }
}

fn hold(check: &Check, record: &Record) {
    if let Err(broken) = check(record) {
        panic!("what a watcher was told breaks a rule: {broken}");
    }
}

/// The record of a log in memory.
fn read(log: &dyn Log) -> Record {
    let mut payloads = Vec::new();
    loop {
        let after = payloads.last().map_or(Seq::ZERO, |(seq, _)| *seq);
        let page = log.read(after, usize::MAX).now_or_never().expect("it is in memory").unwrap();
        if page.is_empty() {
            break;
        }
        payloads.extend(page);
    }
    let entry = |(_, payload): (Seq, Bytes)| proto::Entry::decode(payload).unwrap();
    Record::new(payloads.into_iter().map(entry).collect(), Vec::new())
}

/// The client of live tallies.
#[derive(Clone)]
pub struct Tallies {
    client: TallyServiceClient<Channel>,
    watches: Watches,
}

impl Tallies {
    pub fn over(channel: Channel, watches: Watches) -> Self {
        Self { client: TallyServiceClient::new(channel), watches }
    }

    /// The same on another connection.
    pub fn by(&self, channel: Channel) -> Self {
        Self::over(channel, self.watches.clone())
    }

    pub async fn get_tally(
        &mut self,
        request: impl IntoRequest<proto::GetTallyRequest>,
    ) -> Result<Response<proto::GetTallyResponse>, Status> {
        let (request, known) = (request.into_request(), self.watches.known());
        let asked = request.get_ref().clone();
        let answer = self.client.get_tally(request).await?;
        self.watches.saw(answer.get_ref().frame.as_ref().unwrap().seq);
        let check = || {
            let (asked, told) = (asked.clone(), answer.get_ref().clone());
            Box::new(move |record: &Record| validate::look(&asked, known, &told, record))
        };
        self.watches.keep(check());
        self.watches.judge(check());
        Ok(answer)
    }

    pub async fn watch_tally(
        &mut self,
        request: impl IntoRequest<proto::WatchTallyRequest>,
    ) -> Result<Response<TallyWatch>, Status> {
        let (request, opened) = (request.into_request(), self.opened());
        let asked = request.get_ref().clone();
        Ok(self.client.watch_tally(request).await?.map(|stream| opened.watch(asked, stream)))
    }

    pub async fn watch_votes(
        &mut self,
        request: impl IntoRequest<proto::WatchVotesRequest>,
    ) -> Result<Response<HallWatch>, Status> {
        let (request, opened): (Request<_>, _) = (request.into_request(), self.opened());
        let asked = request.get_ref().clone();
        Ok(self.client.watch_votes(request).await?.map(|stream| opened.watch(asked, stream)))
    }

    fn opened(&self) -> Opened {
        Opened { watches: self.watches.clone(), known: self.watches.known(), at: Instant::now() }
    }
}

/// A call that is made now.
struct Opened {
    watches: Watches,
    known: u64,
    at: Instant,
}

impl Opened {
    fn watch<W: Watch>(self, asked: W::Asked, stream: Streaming<W>) -> Watched<W> {
        let seen = Arc::new(Mutex::new(Seen { asked, known: self.known, messages: Vec::new(), end: None }));
        self.watches.keep(check(&seen));
        Watched { stream, seen, watches: self.watches, opened: self.at }
    }
}

fn check<W: Watch>(seen: &Arc<Mutex<Seen<W>>>) -> Check {
    let seen = Arc::clone(seen);
    Box::new(move |record: &Record| W::validate(&seen.lock().unwrap(), record))
}

/// A watch that is recorded, and held to the record when it and its server are gone.
pub struct Watched<W: Watch> {
    stream: Streaming<W>,
    seen: Arc<Mutex<Seen<W>>>,
    watches: Watches,
    opened: Instant,
}

impl<W: Watch> std::fmt::Debug for Watched<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}

impl<W: Watch> Watched<W> {
    /// The next message; none once it has ended with OK.
    pub async fn message(&mut self) -> Result<Option<W>, Status> {
        let next = self.stream.message().await;
        let mut seen = self.seen.lock().unwrap();
        match &next {
            Ok(Some(message)) => {
                let content = message.clone().content().expect("a message says something");
                self.watches.saw(W::reached(&content));
                seen.messages.push((self.opened.elapsed(), content));
            }
            // Asked once more, it says how it ended once more.
            Ok(None) => drop(seen.end.get_or_insert(Ok(()))),
            Err(status) => drop(seen.end.get_or_insert_with(|| Err(status.clone()))),
        }
        next
    }
}

impl<W: Watch> Drop for Watched<W> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.watches.judge(check(&self.seen));
        }
    }
}
