//! The board: what is known of a vote that is watched. Pure: does not know where it comes from or how it is drawn.

use std::collections::HashMap;

use crate::cli::{hidden, time};
use crate::clock::Timestamp;
use crate::proto::watch_tally_response::Message;
use crate::proto::{self, Choice, TallyFrame, VoteState, WatchTallyResponse};

/// How many of those that changed last are kept.
const LATEST: usize = 8;

/// A vote that is watched.
pub struct Board {
    /// The vote as it was when its state last changed: its title, its rule, when it locks.
    pub vote: proto::Vote,
    /// The newest frame, without its seats.
    pub frame: TallyFrame,
    /// The members in the order of the roll. Empty before the opening, and where ballots are not watched.
    pub roll: Vec<Seat>,
    /// Those that changed last, the latest first.
    pub latest: Vec<Seat>,
    /// How the server is reached.
    pub link: Link,
    /// The time, which decides what remains until the lock.
    pub now: Timestamp,
    /// Where in the roll a member is.
    places: HashMap<String, usize>,
}

/// A member and its stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The member's id.
    pub member: String,
    /// Its stand.
    pub choice: Choice,
}

/// How the server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Nothing was heard yet.
    Connecting,
    /// What is shown is live.
    Live,
    /// The server stops, and is tried again.
    Draining,
    /// The connection is lost, for this reason, and is tried again.
    Lost(String),
}

impl Board {
    /// A board of a vote of which no frame was heard yet.
    pub fn new(vote: proto::Vote) -> Self {
        let frame = TallyFrame { vote: vote.name.clone(), state: vote.state, ..Default::default() };
        let (now, places) = (Timestamp::default(), HashMap::new());
        Self { vote, frame, roll: Vec::new(), latest: Vec::new(), link: Link::Connecting, now, places }
    }

    /// When it locks by itself, and what remains until then.
    pub fn locks(&self) -> Option<String> {
        time::locks(self.vote.lock_at_time.as_ref(), self.frame.state(), self.now)
    }

    /// The vote as the newest frame has it.
    pub fn as_it_stands(&self) -> proto::Vote {
        let proto::TallyFrame { state, tally, verdict, declared_outcome, ruling, .. } = self.frame.clone();
        proto::Vote { state, tally, verdict, declared_outcome, ruling, ..self.vote.clone() }
    }

    /// The counts by head.
    pub fn counts(&self) -> proto::Counts {
        self.frame.tally.as_ref().and_then(|tally| tally.heads).unwrap_or_default()
    }

    /// Whether a seat is among those that changed last, while that is news.
    pub fn is_news(&self, seat: &Seat) -> bool {
        self.frame.state() == VoteState::Open && self.latest.iter().any(|latest| latest.member == seat.member)
    }

    /// The connection was lost.
    pub fn lose(&mut self, reason: String) {
        self.link = Link::Lost(reason);
    }

    /// Takes in a message: whether it is a frame newer than what is shown, and if so the stands that it changed.
    pub fn hear(&mut self, response: WatchTallyResponse) -> Option<Vec<Seat>> {
        match response.message? {
            Message::Frame(frame) => self.show(frame),
            Message::Progress(_) => {
                self.link = Link::Live;
                None
            }
            Message::Draining(_) => {
                self.link = Link::Draining;
                None
            }
        }
    }

    fn show(&mut self, mut frame: TallyFrame) -> Option<Vec<Seat>> {
        // A server that is behind has nothing new to say.
        if frame.revision < self.frame.revision {
            return None;
        }
        self.link = Link::Live;
        let seats = std::mem::take(&mut frame.seats).into_iter().map(Seat::from).collect();
        let newer = frame.revision > self.frame.revision;
        let changed = if frame.base_revision == 0 { self.replace(seats) } else { self.apply(seats) };
        self.frame = frame;
        newer.then_some(changed)
    }

    /// Takes the whole roll, and returns what differs from what was shown; no one had voted before the first.
    fn replace(&mut self, seats: Vec<Seat>) -> Vec<Seat> {
        let before = |seat: &Seat| {
            let place = self.places.get(&seat.member).and_then(|at| self.roll.get(*at));
            place.map_or(Choice::NotVoting, |seat| seat.choice)
        };
        // Where nothing is told of members, nothing has changed.
        let hides = hidden::hides_members(&self.vote);
        let told = |seat: &&Seat| !(hides && seat.choice == Choice::Unspecified);
        let changed: Vec<Seat> =
            seats.iter().filter(|seat| before(seat) != seat.choice).filter(told).cloned().collect();
        let first = self.roll.is_empty();
        self.places = seats.iter().enumerate().map(|(at, seat)| (seat.member.clone(), at)).collect();
        self.roll = seats;
        if !first {
            self.remember(&changed);
        }
        changed
    }

    fn apply(&mut self, seats: Vec<Seat>) -> Vec<Seat> {
        let mut changed = Vec::new();
        for seat in seats {
            let shown = self.places.get(&seat.member).and_then(|at| self.roll.get_mut(*at));
            if let Some(shown) = shown
                && shown.choice != seat.choice
            {
                shown.choice = seat.choice;
                changed.push(seat);
            }
        }
        self.remember(&changed);
        changed
    }

    fn remember(&mut self, changed: &[Seat]) {
        self.latest.retain(|latest| !changed.iter().any(|seat| seat.member == latest.member));
        self.latest.splice(0..0, changed.iter().rev().take(LATEST).cloned());
        self.latest.truncate(LATEST);
    }
}

impl From<proto::SeatChoice> for Seat {
    fn from(seat: proto::SeatChoice) -> Self {
        Self { choice: seat.choice(), member: seat.member }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A message with a frame.
    pub fn frame(revision: u64, base_revision: u64, seats: &[(&str, Choice)]) -> WatchTallyResponse {
        let seat = |(member, choice): &(&str, Choice)| proto::SeatChoice {
            member: (*member).to_owned(),
            choice: (*choice).into(),
        };
        let seats = seats.iter().map(seat).collect();
        let state = VoteState::Open.into();
        let frame = TallyFrame { revision, base_revision, seats, state, ..Default::default() };
        WatchTallyResponse { message: Some(Message::Frame(frame)) }
    }

    fn roll(board: &Board) -> String {
        let seat = |seat: &Seat| format!("{} {:?}", seat.member, seat.choice);
        board.roll.iter().map(seat).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_whole_roll_replaces_and_others_apply_changes() {
        let mut board = Board::new(proto::Vote::default());
        let whole = frame(3, 0, &[("A", Choice::Yes), ("B", Choice::NotVoting)]);
        assert_eq!(board.hear(whole).map(|changed| changed.len()), Some(1));
        assert!(board.latest.is_empty(), "what stood when one came is no news");
        let changed = board.hear(frame(4, 3, &[("B", Choice::No)])).unwrap();
        assert_eq!(changed, [Seat { member: "B".into(), choice: Choice::No }]);
        assert_eq!(roll(&board), "A Yes, B No");
        assert!(board.is_news(&board.roll[1]) && !board.is_news(&board.roll[0]));
    }

    #[test]
    fn lights_that_are_hidden_are_no_news_until_a_member_is_told_to_have_voted() {
        let hidden = |visibility: proto::BallotVisibility| {
            let ballot_policy = Some(proto::BallotPolicy { visibility: visibility.into(), ..Default::default() });
            let mut board =
                Board::new(proto::Vote { ballot_policy, state: VoteState::Open.into(), ..Default::default() });
            let whole = frame(3, 0, &[("A", Choice::Unspecified), ("B", Choice::NotVoting)]);
            board.hear(whole).unwrap().iter().map(|seat| seat.member.clone()).collect::<Vec<_>>()
        };
        assert_eq!(hidden(proto::BallotVisibility::AfterLock), ["A"]);
        assert_eq!(hidden(proto::BallotVisibility::TallyOnly), [] as [&str; 0]);
    }

    #[test]
    fn after_a_lost_connection_it_goes_on_where_it_was_and_never_back() {
        let mut board = Board::new(proto::Vote::default());
        board.hear(frame(4, 0, &[("A", Choice::Yes), ("B", Choice::NotVoting)]));
        board.lose("refused".into());
        assert_eq!(board.hear(frame(3, 0, &[("A", Choice::NotVoting), ("B", Choice::NotVoting)])), None);
        assert_eq!((roll(&board).as_str(), &board.link), ("A Yes, B NotVoting", &Link::Lost("refused".into())));
        assert_eq!(board.hear(frame(4, 0, &[("A", Choice::Yes), ("B", Choice::NotVoting)])), None, "no news");
        assert_eq!(board.link, Link::Live);
        let changed = board.hear(frame(6, 0, &[("A", Choice::No), ("B", Choice::Abstain)])).unwrap();
        assert_eq!((changed.len(), board.frame.revision), (2, 6));
        assert_eq!(board.latest.first().map(|seat| seat.member.as_str()), Some("B"));
    }

    #[test]
    fn those_that_changed_last_are_few_and_each_is_there_once() {
        let ids: Vec<String> = (0..20).map(|at| format!("M{at}")).collect();
        let all = |choice| ids.iter().map(|id| (id.as_str(), choice)).collect::<Vec<_>>();
        let mut board = Board::new(proto::Vote::default());
        board.hear(frame(1, 0, &all(Choice::NotVoting)));
        board.hear(frame(2, 1, &all(Choice::Yes)));
        board.hear(frame(3, 2, &[("M19", Choice::No)]));
        let latest: Vec<&str> = board.latest.iter().map(|seat| seat.member.as_str()).collect();
        assert_eq!(latest, ["M19", "M18", "M17", "M16", "M15", "M14", "M13", "M12"]);
    }
}
