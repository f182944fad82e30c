//! Many who watch one vote, and some among them who read nothing. Counts what they are sent, and holds it to the contract.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use super::http2::{Connection, Event, PREFIX};
use crate::cli::client::Failure;

/// Watchers on one connection, as in a hall whose screens share a proxy.
const ON_A_CONNECTION: usize = 500;

const WATCH: &str = "/rollcall.v1.TallyService/WatchTally";

/// What a watcher takes that reads nothing: a few frames.
const UNREAD: u32 = 1 << 10;

/// Whoever has not been sent the newest frame by then is not sent it.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often it is looked whether all have the newest.
const LOOK: Duration = Duration::from_millis(5);

/// The crowd. It goes when it goes out of scope.
pub struct Crowd {
    seen: Arc<Seen>,
    connections: JoinSet<Result<(), Failure>>,
}

/// What all of them were sent.
#[derive(Default)]
struct Seen {
    frames: AtomicU64,
    bytes: AtomicU64,
    /// The newest revision of each who reads, and one more, so that zero is none.
    newest: Vec<AtomicU64>,
}

/// How many there are.
#[derive(Clone, Copy)]
pub struct Size {
    pub reading: usize,
    pub stuck: usize,
}

impl Crowd {
    /// Lets so many watch a vote; returns once all of them who read have a first frame.
    pub async fn gather(server: &str, vote: &str, size: Size) -> Result<Self, Failure> {
        let authority = server.trim_start_matches("http://");
        let newest = (0..size.reading).map(|_| AtomicU64::new(0)).collect();
        let seen = Arc::new(Seen { newest, ..Seen::default() });
        let mut connections = JoinSet::new();
        let count = (size.reading + size.stuck).div_ceil(ON_A_CONNECTION);
        let share = |of: usize, at: usize| of * at / count..of * (at + 1) / count;
        for at in 0..count {
            let mut connection = Connection::open(authority, UNREAD).await.map_err(|e| lost(&e))?;
            let mut seats = Seats::default();
            for seat in share(size.reading, at) {
                let stream = connection.call(WATCH, &request(vote)).await.map_err(|e| lost(&e))?;
                connection.release(stream).await.map_err(|e| lost(&e))?;
                seats.take(stream, Some(seat));
            }
            for _ in share(size.stuck, at) {
                let stream = connection.call(WATCH, &request(vote)).await.map_err(|e| lost(&e))?;
                seats.take(stream, None);
            }
            connection.flush().await.map_err(|e| lost(&e))?;
            let seen = Arc::clone(&seen);
            connections.spawn(connection.read(move |event| seats.note(event, &seen)));
        }
        let mut crowd = Self { seen, connections };
        crowd.all_have(0).await?;
        Ok(crowd)
    }

    /// Frames that those who read were sent so far.
    pub fn frames(&self) -> u64 {
        self.seen.frames.load(Ordering::Relaxed)
    }

    /// And their bytes.
    pub fn bytes(&self) -> u64 {
        self.seen.bytes.load(Ordering::Relaxed)
    }

    /// Waits until all who read have this revision or a later one.
    pub async fn all_have(&mut self, revision: u64) -> Result<(), Failure> {
        let have = |newest: &AtomicU64| newest.load(Ordering::Relaxed) > revision;
        let all = async {
            while !self.seen.newest.iter().all(have) {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            () = all => Ok(()),
            () = tokio::time::sleep(PATIENCE) => {
                let late = self.seen.newest.iter().filter(|newest| !have(newest)).count();
                Err(Failure::Failed(format!("{late} watchers have not been sent revision {revision} after {} s", PATIENCE.as_secs())))
            }
            Some(ended) = self.connections.join_next() => match ended {
                Ok(Err(failure)) => Err(failure),
                _ => Err(Failure::Failed("a part of the load broke down".to_owned())),
            },
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        lost(&error)
    }
}

fn lost(error: &io::Error) -> Failure {
    Failure::Failed(format!("a connection of watchers was lost ({error})"))
}

/// A request to watch a vote, as protobuf has it: its first field, which is a text.
fn request(vote: &str) -> Vec<u8> {
    [&[0x0a, vote.len() as u8], vote.as_bytes()].concat()
}

/// The watchers on one connection, by their streams.
#[derive(Default)]
struct Seats(Vec<Seat>);

struct Seat {
    /// Its number among those who read.
    reads: Option<usize>,
    revision: Option<u64>,
    /// The beginning of a message.
    rest: Vec<u8>,
}

impl Seats {
    /// Streams come in their order: 1, 3, 5 and so on.
    fn take(&mut self, stream: u32, reads: Option<usize>) {
        debug_assert_eq!(self.0.len(), (stream / 2) as usize);
        self.0.push(Seat { reads, revision: None, rest: Vec::new() });
    }

    fn note(&mut self, event: Event, seen: &Seen) -> Result<(), Failure> {
        let (Event::Bytes { stream, .. } | Event::Ended { stream }) = event;
        let Some(seat) = self.0.get_mut((stream / 2) as usize) else {
            return Err(Failure::Failed("an answer to no call".to_owned()));
        };
        match (seat.reads, event) {
            // Whoever reads nothing may be told to go.
            (None, _) => Ok(()),
            (Some(_), Event::Ended { .. }) => {
                Err(Failure::Failed("the stream of a watcher who reads ended".to_owned()))
            }
            (Some(number), Event::Bytes { bytes, .. }) => seat.read(bytes, number, seen),
        }
    }
}

impl Seat {
    fn read(&mut self, bytes: &[u8], number: usize, seen: &Seen) -> Result<(), Failure> {
        seen.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let joined;
        let mut left = bytes;
        if !self.rest.is_empty() {
            self.rest.extend(bytes);
            joined = std::mem::take(&mut self.rest);
            left = &joined;
        }
        while let Some((message, after)) = message(left) {
            left = after;
            let Some(revision) = revision(message) else { continue };
            if self.revision.is_some_and(|before| revision <= before) {
                return Err(Failure::Failed(format!(
                    "a watcher was sent revision {revision} after a later one, or again"
                )));
            }
            self.revision = Some(revision);
            seen.newest[number].store(revision + 1, Ordering::Relaxed);
            seen.frames.fetch_add(1, Ordering::Relaxed);
        }
        self.rest.extend(left);
        Ok(())
    }
}

/// The first message, and what comes after it; none where it is not whole.
fn message(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let ([_, length @ ..], rest) = bytes.split_first_chunk::<PREFIX>()?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
}

/// The revision of a frame, which is the second field in it; none where the message is something else.
fn revision(message: &[u8]) -> Option<u64> {
    let frame = message.strip_prefix(&[0x0a])?;
    let (_, frame) = varint(frame)?;
    // A name that is not set is not there.
    let frame = match frame.strip_prefix(&[0x0a]) {
        Some(named) => varint(named).and_then(|(length, rest)| rest.get(length as usize..))?,
        None => frame,
    };
    Some(frame.strip_prefix(&[0x10]).and_then(varint).map_or(0, |(revision, _)| revision))
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0)?;
    let value = bytes[..=end].iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f));
    Some((value, &bytes[end + 1..]))
}
