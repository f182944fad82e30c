//! The read side: follows the record, keeps what everyone in the hall sees, and shows watchers the newest state.
//! Decides nothing and writes nothing.

mod channel;
mod entries;

pub use channel::Watch;
pub use entries::{ReadError, Readable};

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::Waker;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::domain::{Entry, Hall, VoteName, VoteState};
use crate::journal::{Journal, JournalError};
use crate::seq::Seq;
use crate::wire::tally::Frame;

use self::channel::Channel;

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
    watched: Mutex<HashMap<VoteName, Watched>>,
}

/// The board has ended: it can no longer follow the record.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("this server no longer follows its record")]
pub struct Ended;

/// A vote that is watched.
struct Watched {
    channel: Channel,
    /// The state of the vote in the newest frame.
    state: VoteState,
    published: Instant,
    /// Whether the vote has changed since.
    stale: bool,
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
        if vote.state.has_ended() {
            return Some(Watch::ended(Arc::new(Frame::from(vote))));
        }
        let mut watched = self.shared.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let watched = watched.entry(name.clone()).or_insert_with(|| Watched {
            channel: Channel::new(Arc::new(Frame::from(vote))),
            state: vote.state,
            published: Instant::now(),
            stale: false,
        });
        let newest = watched.channel.newest();
        let present = newest.revision() == vote.revision;
        Some(watched.channel.watch(if present { newest } else { Arc::new(Frame::from(vote)) }))
    }

    /// Wakes all who watch, so that they see what else they look at: that the server stops.
    pub fn rouse(&self) {
        let waiting: Vec<Waker> = {
            let watched = self.shared.watched.lock().unwrap_or_else(PoisonError::into_inner);
            watched.values().flat_map(|watched| watched.channel.waiting()).collect()
        };
        waiting.into_iter().for_each(Waker::wake);
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
        let (mut waiting, mut ended) = (Vec::new(), Vec::new());
        {
            let mut hall = self.shared.hall.write().unwrap_or_else(PoisonError::into_inner);
            for entry in entries {
                hall.evolve(entry);
                if let Some(vote) = entry.event.vote() {
                    ended.extend(self.note(&hall, vote, &mut waiting));
                }
            }
        }
        waiting.into_iter().for_each(Waker::wake);
        // Now only: its channel wakes whoever waits still.
        drop(ended);
    }

    /// Shows a change of state at once; anything else when its time has come. Notes whom to wake, and returns what is watched no
    /// more, since the vote has ended.
    fn note(&self, hall: &Hall, name: &VoteName, waiting: &mut Vec<Waker>) -> Option<Watched> {
        let mut all = self.shared.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let (vote, watched) = hall.vote(name).zip(all.get_mut(name))?;
        watched.stale = true;
        if vote.state == watched.state {
            return None;
        }
        watched.state = vote.state;
        waiting.extend(watched.publish(Frame::from(vote), true));
        if vote.state.has_ended() { all.remove(name) } else { None }
    }

    /// Shows what has changed and is due; returns when the next is.
    fn publish_due(&self) -> Option<Instant> {
        let mut waiting = Vec::new();
        let next = {
            let hall = self.shared.hall.read().unwrap_or_else(PoisonError::into_inner);
            let mut all = self.shared.watched.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|_, watched| watched.channel.is_watched());
            let now = Instant::now();
            for (name, watched) in all.iter_mut().filter(|(_, watched)| watched.stale && watched.due() <= now) {
                if let Some(vote) = hall.vote(name) {
                    waiting.extend(watched.publish(Frame::from(vote), false));
                }
            }
            all.values().filter(|watched| watched.stale).map(Watched::due).min()
        };
        waiting.into_iter().for_each(Waker::wake);
        next
    }
}

impl Watched {
    fn due(&self) -> Instant {
        self.published + PACE
    }

    #[must_use]
    fn publish(&mut self, frame: Frame, change: bool) -> Vec<Waker> {
        self.published = Instant::now();
        self.stale = false;
        self.channel.show(Arc::new(frame), change)
    }
}
