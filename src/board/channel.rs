//! How the newest of a vote reaches those who watch it: the frame, the changes of state that none may miss, and who waits to be
//! woken. Knows no pace and no record.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::wire::tally::Frame;

/// What the watchers of one vote share. Nothing more comes to them once it is dropped.
pub(super) struct Channel(Arc<Mutex<News>>);

struct News {
    newest: Arc<Frame>,
    /// Each change of state since the first watcher came. How often a vote is suspended is bounded.
    changes: Vec<Arc<Frame>>,
    ended: bool,
    /// A seat for each watcher, in the order in which they came, so that those who share a connection are mostly woken one
    /// after another; in it whoever is to be woken.
    seats: Vec<Option<Waker>>,
    /// Seats whose watchers are gone.
    free: Vec<usize>,
}

/// One watcher's place in the life of a vote.
pub struct Watch {
    first: Option<Arc<Frame>>,
    revision: u64,
    /// How many changes of state it has been shown.
    changes: usize,
    seat: Option<Seat>,
}

/// A watcher's own seat, given back when it goes.
struct Seat {
    news: Arc<Mutex<News>>,
    number: usize,
}

impl Channel {
    pub(super) fn new(newest: Arc<Frame>) -> Self {
        let (changes, seats, free) = (Vec::new(), Vec::new(), Vec::new());
        Self(Arc::new(Mutex::new(News { newest, changes, ended: false, seats, free })))
    }

    /// The newest frame.
    pub(super) fn newest(&self) -> Arc<Frame> {
        Arc::clone(&lock(&self.0).newest)
    }

    /// Whether anyone watches.
    pub(super) fn is_watched(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// A watcher who is shown `first`, and then what is newer.
    pub(super) fn watch(&self, first: Arc<Frame>) -> Watch {
        let mut news = lock(&self.0);
        let number = news.free.pop().unwrap_or(news.seats.len());
        if number == news.seats.len() {
            news.seats.push(None);
        }
        let seat = Some(Seat { news: Arc::clone(&self.0), number });
        Watch { revision: first.revision(), first: Some(first), changes: news.changes.len(), seat }
    }

    /// Lets all see a frame, a change of state each of them. Returns whom to wake, once no lock is held.
    #[must_use]
    pub(super) fn show(&self, frame: Arc<Frame>, change: bool) -> Vec<Waker> {
        let mut news = lock(&self.0);
        if change {
            news.changes.push(Arc::clone(&frame));
        }
        news.newest = frame;
        news.waiting()
    }

    /// All who wait, to be woken once no lock is held.
    #[must_use]
    pub(super) fn waiting(&self) -> Vec<Waker> {
        lock(&self.0).waiting()
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        let waiting = {
            let mut news = lock(&self.0);
            news.ended = true;
            news.waiting()
        };
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl News {
    fn waiting(&mut self) -> Vec<Waker> {
        self.seats.iter_mut().filter_map(Option::take).collect()
    }

    /// The next that a watcher has not been shown.
    fn after(&self, revision: u64, shown: &mut usize) -> Option<&Arc<Frame>> {
        while let Some(change) = self.changes.get(*shown) {
            *shown += 1;
            if change.revision() > revision {
                return Some(change);
            }
        }
        (self.newest.revision() > revision).then_some(&self.newest)
    }
}

impl Watch {
    /// A watcher of a vote that changes no more.
    pub(super) fn ended(last: Arc<Frame>) -> Self {
        Self { revision: last.revision(), first: Some(last), changes: 0, seat: None }
    }

    /// The next frame, each with a higher revision than the one before: the present one first, then each change of state,
    /// and of what lies between only the newest. None once nothing more can come.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Arc<Frame>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(first));
        }
        let Some(seat) = &self.seat else { return Poll::Ready(None) };
        let mut news = lock(&seat.news);
        if let Some(frame) = news.after(self.revision, &mut self.changes) {
            self.revision = frame.revision();
            return Poll::Ready(Some(Arc::clone(frame)));
        }
        if news.ended {
            return Poll::Ready(None);
        }
        let held = &mut news.seats[seat.number];
        if !held.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            let gone = held.replace(context.waker().clone());
            drop(news);
            // Outside the lock: what it would wake may go with it.
            drop(gone);
        }
        Poll::Pending
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let gone = {
            let mut news = lock(&self.news);
            news.free.push(self.number);
            news.seats[self.number].take()
        };
        // Outside the lock: whoever it would wake may go with it.
        drop(gone);
    }
}

fn lock(news: &Mutex<News>) -> MutexGuard<'_, News> {
    news.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;
    use std::time::Duration;

    use tokio::sync::mpsc;

    use super::*;
    use crate::clock::Timestamp;
    use crate::domain::{BallotPolicy, Question, Rule, Vote, VoteState};
    use crate::seq::Seq;

    fn frame(revision: u64, state: VoteState) -> Arc<Frame> {
        let empty = String::new;
        let question = Question {
            title: empty(),
            symbol: empty(),
            question: empty(),
            rule: Rule::default(),
            rule_chosen_by: empty(),
            rule_basis: empty(),
            ballot_policy: BallotPolicy::default(),
            relations: vec![],
            labels: [].into(),
            held_time: None,
        };
        let vote = Vote {
            name: "bodies/b/votes/v".parse().expect("a vote's name"),
            question: Arc::new(question),
            state,
            voting: None,
            declaration: None,
            created: Seq::ZERO,
            create_time: Timestamp::default(),
            lock_time: None,
            suspensions: 0,
            annotations: vec![],
            revision,
            seq: Seq::ZERO,
            as_of_time: Timestamp::default(),
        };
        Arc::new(Frame::from(&vote))
    }

    fn open(revision: u64) -> Arc<Frame> {
        frame(revision, VoteState::Open)
    }

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Woken {
        fn times(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    /// What a watcher is shown next, as its revision; none where it waits.
    fn next(watch: &mut Watch, woken: &Arc<Woken>) -> Option<Option<u64>> {
        match watch.poll_next(&mut Context::from_waker(&Arc::clone(woken).into())) {
            Poll::Ready(frame) => Some(frame.map(|frame| frame.revision())),
            Poll::Pending => None,
        }
    }

    fn show(channel: &Channel, frame: Arc<Frame>, change: bool) {
        channel.show(frame, change).into_iter().for_each(Waker::wake);
    }

    #[test]
    fn each_change_of_state_is_shown_and_of_what_lies_between_only_the_newest() {
        let (channel, woken) = (Channel::new(open(1)), Arc::default());
        let mut watch = channel.watch(open(2));
        let mut shown = || next(&mut watch, &woken);
        assert_eq!((shown(), shown()), (Some(Some(2)), None), "the present one, which is newer than the channel's");
        show(&channel, open(2), false);
        assert_eq!(shown(), None, "it has been shown");
        for (revision, change) in [(3, false), (4, false), (5, true), (6, false), (7, true), (8, false), (9, false)] {
            show(&channel, open(revision), change);
        }
        assert_eq!([shown(), shown(), shown(), shown()], [Some(Some(5)), Some(Some(7)), Some(Some(9)), None]);
        let mut late = channel.watch(channel.newest());
        show(&channel, frame(10, VoteState::Annulled), true);
        drop(channel);
        assert_eq!([shown(), shown(), shown()], [Some(Some(10)), Some(None), Some(None)]);
        let mut shown = || next(&mut late, &woken);
        assert_eq!(
            [shown(), shown(), shown()],
            [Some(Some(9)), Some(Some(10)), Some(None)],
            "none from before it came"
        );
        let mut shown = Watch::ended(open(3));
        assert_eq!((next(&mut shown, &woken), next(&mut shown, &woken)), (Some(Some(3)), Some(None)));
    }

    #[test]
    fn a_watcher_is_woken_once_however_often_it_looked_and_leaves_nothing_behind() {
        let (channel, before, woken) = (Channel::new(open(1)), Arc::default(), Arc::default());
        let mut watch = channel.watch(channel.newest());
        assert_eq!(next(&mut watch, &woken), Some(Some(1)));
        for _ in 0..10 {
            assert_eq!((next(&mut watch, &before), next(&mut watch, &woken)), (None, None));
        }
        assert_eq!(Arc::strong_count(&before), 1, "only the last who looked waits");
        show(&channel, open(2), false);
        assert_eq!((before.times(), woken.times()), (0, 1));
        show(&channel, open(3), false);
        assert_eq!(woken.times(), 1, "it has not looked since");
        assert_eq!((next(&mut watch, &woken), next(&mut watch, &woken)), (Some(Some(3)), None));
        drop(watch);
        assert_eq!((Arc::strong_count(&woken), channel.is_watched()), (1, false));
        for _ in 0..10 {
            let [mut one, mut other] = [channel.watch(open(3)), channel.watch(open(3))];
            for watch in [&mut one, &mut other] {
                assert_eq!((next(watch, &woken), next(watch, &woken)), (Some(Some(3)), None));
            }
        }
        assert_eq!(lock(&channel.0).seats.len(), 2, "as many seats as there were watchers at once");
        let mut watch = channel.watch(open(3));
        assert_eq!((next(&mut watch, &woken), next(&mut watch, &woken)), (Some(Some(3)), None));
        drop(channel);
        assert_eq!((woken.times(), next(&mut watch, &woken)), (2, Some(None)), "woken since nothing more can come");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_wake_is_lost_between_a_look_and_the_wait() {
        const WATCHERS: usize = 3;
        const ROUNDS: u64 = 10_000;
        let channel = Channel::new(open(0));
        let (tell, mut told) = mpsc::channel(WATCHERS);
        for _ in 0..WATCHERS {
            let (mut watch, tell) = (channel.watch(channel.newest()), tell.clone());
            tokio::spawn(async move {
                while let Some(frame) = poll_fn(|context| watch.poll_next(context)).await {
                    tell.send(frame.revision()).await.expect("the test goes on");
                }
            });
        }
        for round in 0..ROUNDS {
            if round > 0 {
                show(&channel, open(round), false);
            }
            for _ in 0..WATCHERS {
                let shown = tokio::time::timeout(Duration::from_secs(30), told.recv()).await;
                assert_eq!(shown.expect("all are woken"), Some(round));
            }
        }
    }
}
