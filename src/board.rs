//! The read side: follows the record, keeps what everyone in the hall sees, and shows watchers the newest state.
//! Decides nothing and writes nothing.

mod entries;

pub use entries::{ReadError, Readable};

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::domain::{Entry, Hall, VoteName, VoteState};
use crate::journal::{Journal, JournalError};
use crate::seq::Seq;
use crate::wire::tally::Frame;

/// A vote's frames come at most this often, however many ballots do: no one reads faster.
pub const PACE: Duration = Duration::from_millis(50);

/// Entries taken up at once, while readers wait.
const PAGE: usize = 512;

/// A handle to what everyone sees.
#[derive(Clone)]
pub struct Board {
    shared: Arc<Shared>,
    journal: Journal,
    reached: watch::Receiver<Seq>,
}

#[derive(Default)]
struct Shared {
    hall: RwLock<Hall>,
    /// The votes that are watched. Locked after the hall, never before.
    channels: Mutex<HashMap<VoteName, Channel>>,
}

/// The board has ended: it can no longer follow the record.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("this server no longer follows its record")]
pub struct Ended;

/// What the watchers of one vote share.
struct Channel {
    news: watch::Sender<News>,
    /// The state of the vote in the newest frame.
    state: VoteState,
    published: Instant,
    /// Whether the vote has changed since.
    stale: bool,
}

/// The newest frame of a vote, and those that no watcher may miss.
#[derive(Clone)]
struct News {
    newest: Arc<Frame>,
    /// Each change of state since the first watcher came. How often a vote is suspended is bounded.
    changes: Vec<Arc<Frame>>,
}

/// One watcher's place in the life of a vote.
pub struct Watch {
    first: Option<Arc<Frame>>,
    revision: u64,
    news: Option<watch::Receiver<News>>,
    /// How many changes of state it has been shown.
    changes: usize,
}

impl Watch {
    /// The next frame, each with a higher revision than the one before: the present one first, then each change of state,
    /// and of what lies between only the newest. None once nothing more can come.
    pub async fn next(&mut self) -> Option<Arc<Frame>> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        loop {
            let news = self.news.as_mut()?;
            let due = {
                let now = news.borrow_and_update();
                let change = now.changes.get(self.changes).map(Arc::clone);
                self.changes += usize::from(change.is_some());
                change.unwrap_or_else(|| Arc::clone(&now.newest))
            };
            if due.revision() > self.revision {
                self.revision = due.revision();
                return Some(due);
            }
            if !self.behind() && self.news.as_mut()?.changed().await.is_err() {
                self.news = None;
            }
        }
    }

    /// Whether changes of state, or a newer frame, wait to be shown.
    fn behind(&self) -> bool {
        self.news.as_ref().is_some_and(|news| {
            let now = news.borrow();
            now.changes.len() > self.changes || now.newest.revision() > self.revision
        })
    }
}

impl Board {
    /// Reads what stands on record now.
    pub fn read<T>(&self, look: impl FnOnce(&Hall) -> T) -> T {
        look(&self.shared.hall.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until the board has taken up the entry at `seq`.
    ///
    /// # Errors
    /// Where it never will, since it has ended.
    pub async fn reached(&self, seq: Seq) -> Result<(), Ended> {
        self.reached.clone().wait_for(|reached| *reached >= seq).await.map(|_| ()).map_err(|_| Ended)
    }

    /// How far the board has read; changes as it reads on.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Seq> {
        self.reached.clone()
    }

    /// Watches a vote from its present state on; none where there is no such vote.
    #[must_use]
    pub fn watch(&self, name: &VoteName) -> Option<Watch> {
        let hall = self.shared.hall.read().unwrap_or_else(PoisonError::into_inner);
        let vote = hall.vote(name)?;
        let (revision, state) = (vote.revision, vote.state);
        if state.has_ended() {
            return Some(Watch { first: Some(Arc::new(Frame::from(vote))), revision, news: None, changes: 0 });
        }
        let mut channels = self.shared.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let channel = channels.entry(name.clone()).or_insert_with(|| {
            let news = News { newest: Arc::new(Frame::from(vote)), changes: Vec::new() };
            Channel { news: watch::Sender::new(news), state, published: Instant::now(), stale: false }
        });
        let news = channel.news.subscribe();
        let (first, changes) = {
            let now = news.borrow();
            let present = now.newest.revision() == revision;
            (if present { Arc::clone(&now.newest) } else { Arc::new(Frame::from(vote)) }, now.changes.len())
        };
        Some(Watch { first: Some(first), revision, news: Some(news), changes })
    }
}

/// Keeps the board up to date.
pub struct Follower {
    shared: Arc<Shared>,
    journal: Journal,
    reached: watch::Sender<Seq>,
}

/// A board of the journal, empty until its follower runs.
#[must_use]
pub fn open(journal: Journal) -> (Board, Follower) {
    let shared = Arc::new(Shared::default());
    let reached = watch::Sender::new(Seq::ZERO);
    let board = Board { shared: Arc::clone(&shared), journal: journal.clone(), reached: reached.subscribe() };
    (board, Follower { shared, journal, reached })
}

impl Follower {
    /// Follows the record for as long as it can grow, from what `hall` has taken up on.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn run(self, hall: Hall) -> Result<(), JournalError> {
        let mut end = self.journal.end();
        let mut at = hall.end();
        *self.shared.hall.write().unwrap_or_else(PoisonError::into_inner) = hall;
        self.reached.send_replace(at);
        let mut entries = Vec::new();
        loop {
            let target = *end.borrow_and_update();
            while at < target {
                self.journal.follow(at, PAGE, &mut entries).await?;
                at = entries.last().map(|last| last.seq).ok_or(JournalError::Missing(at.next()))?;
                self.take_up(&entries);
                self.reached.send_replace(at);
                self.publish_due();
            }
            let due = self.publish_due();
            let pause = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = end.changed() => if changed.is_err() { return Ok(()) },
                () = pause => {}
            }
        }
    }

    fn take_up(&self, entries: &[Entry]) {
        let mut hall = self.shared.hall.write().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            hall.evolve(entry);
            if let Some(vote) = entry.event.vote() {
                self.note(&hall, vote);
            }
        }
    }

    /// Shows a change of state at once; anything else when its time has come.
    fn note(&self, hall: &Hall, name: &VoteName) {
        let mut channels = self.shared.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((vote, channel)) = hall.vote(name).zip(channels.get_mut(name)) else { return };
        channel.stale = true;
        if vote.state != channel.state {
            channel.state = vote.state;
            let frame = Arc::new(Frame::from(vote));
            channel.publish(&frame, true);
            if vote.state.has_ended() {
                channels.remove(name);
            }
        }
    }

    /// Shows what has changed and is due; returns when the next is.
    fn publish_due(&self) -> Option<Instant> {
        let hall = self.shared.hall.read().unwrap_or_else(PoisonError::into_inner);
        let mut channels = self.shared.channels.lock().unwrap_or_else(PoisonError::into_inner);
        channels.retain(|_, channel| channel.news.receiver_count() > 0);
        let now = Instant::now();
        for (name, channel) in channels.iter_mut().filter(|(_, channel)| channel.stale && channel.due() <= now) {
            if let Some(vote) = hall.vote(name) {
                channel.publish(&Arc::new(Frame::from(vote)), false);
            }
        }
        channels.values().filter(|channel| channel.stale).map(Channel::due).min()
    }
}

impl Channel {
    fn due(&self) -> Instant {
        self.published + PACE
    }

    fn publish(&mut self, frame: &Arc<Frame>, change: bool) {
        self.news.send_modify(|news| {
            news.newest = Arc::clone(frame);
            if change {
                news.changes.push(Arc::clone(frame));
            }
        });
        self.published = Instant::now();
        self.stale = false;
    }
}
