//! The validator of watches sees what it is there to see: each rule is broken here once, by a stream made by hand.

use std::path::Path;
use std::time::Duration;

use rollcall::proto::entry::Event;
use rollcall::proto::watch_tally_response::Message;
use rollcall::proto::{
    self, BallotCast, CaughtUp, Choice, Counts, Draining, Entry, GetTallyRequest, GetTallyResponse, Outcome, Progress,
    SeatChoice, TallyFrame, VoteState, WatchTallyRequest, WatchVotesRequest,
};
use tonic::Status;

use crate::foreign::ours;
use crate::harness::client::{BODY, VOTE, majority, member};
use crate::harness::validate::{self, Record};
use crate::harness::watched::Seen;

mod halls;

type TallySeen = Seen<proto::WatchTallyResponse>;

/// The same lines of the record for one vote, which goes through every state, and for another that stays a draft.
fn entries() -> Vec<Entry> {
    let vote = || VOTE.to_owned();
    let tally = |heads| Some(proto::Tally { heads: Some(heads), ..Default::default() });
    let rule = Some(majority(proto::TieBreak::Unspecified));
    let cast = |member: &str, choice: Choice| {
        Event::BallotCast(BallotCast { vote: vote(), member: member.into(), choice: choice.into() })
    };
    let roll = ["A", "B"].map(|id| proto::Member { groups: vec![format!("of {id}")], ..member(id) }).to_vec();
    let other = proto::VoteCreated { vote: format!("{BODY}/votes/other"), rule: rule.clone(), ..Default::default() };
    let lock = proto::VoteLocked { vote: vote(), tally: tally(counts(1, 1, 0)), outcome: Outcome::NotAdopted.into() };
    let outcome = Outcome::NotAdopted.into();
    let events = [
        (1, Event::VoteCreated(proto::VoteCreated { vote: vote(), rule, ..Default::default() })),
        (2, Event::VoteOpened(proto::VoteOpened { vote: vote(), roll, ..Default::default() })),
        (3, cast("A", Choice::Yes)),
        (4, Event::VoteSuspended(proto::VoteSuspended { vote: vote(), reason: String::new() })),
        (5, Event::VoteResumed(proto::VoteResumed { vote: vote() })),
        (6, cast("B", Choice::No)),
        (7, Event::VoteLocked(lock)),
        (8, Event::ResultDeclared(proto::ResultDeclared { vote: vote(), outcome, ..Default::default() })),
        (1, Event::VoteCreated(other)),
    ];
    let entry = |(at, (revision, event)): (usize, (u64, Event))| {
        let (seq, record_time) = (at as u64 + 1, Some(prost_types::Timestamp { seconds: at as i64, nanos: 0 }));
        Entry { seq, record_time, revision, event: Some(event), ..Default::default() }
    };
    events.into_iter().enumerate().map(entry).collect()
}

fn counts(yes: u64, no: u64, not_voting: u64) -> Counts {
    Counts { yes, no, not_voting, ..Default::default() }
}

/// The state and the counts at each revision.
const LIFE: [(VoteState, Option<[u64; 3]>); 8] = [
    (VoteState::Draft, None),
    (VoteState::Open, Some([0, 0, 2])),
    (VoteState::Open, Some([1, 0, 1])),
    (VoteState::Suspended, Some([1, 0, 1])),
    (VoteState::Open, Some([1, 0, 1])),
    (VoteState::Open, Some([1, 1, 0])),
    (VoteState::Locked, Some([1, 1, 0])),
    (VoteState::Declared, Some([1, 1, 0])),
];

fn frame(revision: usize) -> TallyFrame {
    let (state, heads) = LIFE[revision - 1];
    let heads = heads.map(|[yes, no, not_voting]| counts(yes, no, not_voting));
    let outcome = Outcome::NotAdopted.into();
    TallyFrame {
        vote: VOTE.into(),
        revision: revision as u64,
        seq: revision as u64,
        as_of_time: Some(prost_types::Timestamp { seconds: revision as i64 - 1, nanos: 0 }),
        state: state.into(),
        verdict: heads.map(|_| proto::Verdict { outcome, ..Default::default() }),
        tally: heads.map(|heads| proto::Tally { heads: Some(heads), ..Default::default() }),
        declared_outcome: if state == VoteState::Declared { outcome } else { 0 },
        ..Default::default()
    }
}

fn lights(base_revision: u64, lights: &[(&str, Choice)], frame: TallyFrame) -> TallyFrame {
    let seat = |(id, choice): &(&str, Choice)| SeatChoice { member: (*id).into(), choice: (*choice).into() };
    TallyFrame { base_revision, seats: lights.iter().map(seat).collect(), ..frame }
}

/// A stream that shows these frames, each a second after the one before, and has not ended.
fn shown(frames: impl IntoIterator<Item = TallyFrame>) -> TallySeen {
    let asked = WatchTallyRequest { vote: VOTE.into(), ..Default::default() };
    let frames = frames.into_iter().enumerate();
    let messages = frames.map(|(at, frame)| (Duration::from_secs(at as u64), Message::Frame(frame))).collect();
    Seen { asked, known: 0, messages, end: None }
}

fn also(mut seen: TallySeen, seconds: u64, message: Message) -> TallySeen {
    seen.messages.push((Duration::from_secs(seconds), message));
    seen
}

fn ended(seen: TallySeen, end: Result<(), Status>) -> TallySeen {
    TallySeen { end: Some(end), ..seen }
}

fn progress(seq: u64) -> Message {
    Message::Progress(Progress { seq })
}

fn draining() -> Message {
    Message::Draining(Draining { reconnect_after: Some(prost_types::Duration::default()) })
}

/// With a heartbeat each second.
fn brisk(seen: TallySeen) -> TallySeen {
    let heartbeat = Some(prost_types::Duration { seconds: 1, nanos: 0 });
    TallySeen { asked: WatchTallyRequest { heartbeat, ..seen.asked.clone() }, ..seen }
}

fn with_ballots(seen: TallySeen) -> TallySeen {
    TallySeen { asked: WatchTallyRequest { with_ballots: true, ..seen.asked.clone() }, ..seen }
}

fn after(after_revision: u64, seen: TallySeen) -> TallySeen {
    TallySeen { asked: WatchTallyRequest { after_revision, ..seen.asked.clone() }, ..seen }
}

fn record() -> Record {
    Record::new(entries(), Vec::new())
}

#[track_caller]
fn breaks(rule: &str, broken: Result<(), String>) {
    let broken = broken.expect_err(rule);
    assert!(broken.contains(rule), "{rule:?} is not what it says: {broken}");
}

#[test]
fn a_sound_stream_is_sound() {
    let board = [("A", Choice::NotVoting), ("B", Choice::NotVoting)];
    let on_board = [
        frame(1),
        lights(0, &board, frame(2)),
        lights(2, &[("A", Choice::Yes)], frame(4)),
        lights(4, &[("B", Choice::No)], frame(6)),
    ];
    let sound = [
        ended(shown((1..=8).map(frame)), Ok(())),
        ended(after(7, shown([7, 8].map(frame))), Ok(())),
        with_ballots(shown(on_board)),
        ended(shown([frame(3)]), Err(Status::unknown("cut off"))),
        ended(also(shown([frame(3)]), 1, draining()), Err(Status::unavailable(""))),
        brisk(also(also(shown([frame(6)]), 1, progress(6)), 2, progress(6))),
    ];
    for seen in &sound {
        validate::tally(seen, &record()).unwrap();
    }
}

#[test]
fn each_rule_of_the_frames_of_a_tally_is_seen_to_be_broken() {
    let of_other = TallyFrame { vote: format!("{BODY}/votes/other"), ..frame(3) };
    let beyond = TallyFrame { revision: 9, ..frame(8) };
    let late = TallyFrame { as_of_time: Some(prost_types::Timestamp::default()), ..frame(3) };
    let miscounted = TallyFrame { tally: frame(6).tally, ..frame(3) };
    let weighed = |mut frame: TallyFrame| {
        frame.tally.as_mut().unwrap().weights.insert("shares".into(), counts(1, 0, 1));
        frame
    };
    let ruled = TallyFrame { ruling: "so".into(), ..frame(8) };
    let adopted = Some(proto::Verdict { outcome: Outcome::Adopted.into(), ..Default::default() });
    let board = [("A", Choice::Yes), ("B", Choice::NotVoting)];
    let fast = |seen: TallySeen| {
        let at_once = seen.messages.into_iter().map(|(_, message)| (Duration::from_millis(1), message));
        TallySeen { messages: at_once.collect(), asked: seen.asked, known: 0, end: None }
    };
    let broken = [
        ("a frame of another vote", shown([of_other])),
        ("not on record", shown([beyond])),
        ("on record, and shown", shown([late])),
        ("on record, and shown", shown([TallyFrame { seq: 4, ..frame(3) }])),
        ("on record, and shown", shown([TallyFrame { state: VoteState::Locked.into(), ..frame(3) }])),
        ("revisions go back", shown([frame(3), frame(3)])),
        ("revisions go back", shown([frame(6), frame(5)])),
        ("a change of state was passed over", shown([frame(3), frame(5)])),
        ("a change of state was passed over", shown([frame(6), frame(8)])),
        ("counted", shown([miscounted])),
        ("counted", shown([weighed(frame(3))])),
        ("counted", shown([TallyFrame { tally: None, ..frame(3) }])),
        ("declared", shown([ruled])),
        ("declared", shown([TallyFrame { declared_outcome: Outcome::Adopted.into(), ..frame(8) }])),
        ("a verdict where there is none", shown([TallyFrame { verdict: None, ..frame(3) }])),
        ("Some(NotAdopted) on record", shown([TallyFrame { verdict: adopted, ..frame(7) }])),
        ("it begins behind revision 4", after(4, shown([frame(3)]))),
        ("which was shown before", TallySeen { known: 6, ..shown([frame(5)]) }),
        ("more than 20 frames a second", fast(shown([2, 3, 5, 6].map(frame)))),
        ("ballots that no one asked for", shown([lights(0, &board, frame(3))])),
        ("are due", with_ballots(shown([lights(0, &board[..1], frame(3))]))),
        (
            "it goes on from 2",
            with_ballots(shown([
                lights(0, &[("A", Choice::NotVoting), board[1]], frame(2)),
                lights(0, &board, frame(3)),
            ])),
        ),
        ("are due", with_ballots(shown([lights(0, &board, frame(3)), lights(3, &board, frame(4))]))),
    ];
    for (rule, seen) in broken {
        breaks(rule, validate::tally(&seen, &record()));
    }
}

#[test]
fn each_rule_of_ends_and_heartbeats_is_seen_to_be_broken() {
    let broken = [
        ("nothing comes after the final frame", also(shown([frame(8)]), 1, progress(9))),
        ("nothing but the end comes after draining", also(also(shown([frame(3)]), 1, draining()), 2, draining())),
        ("draining does not say when", also(shown([frame(3)]), 1, Message::Draining(Draining::default()))),
        ("draining ends with UNAVAILABLE", ended(also(shown([frame(3)]), 1, draining()), Err(Status::internal("")))),
        ("OK without a final frame", ended(shown([frame(7)]), Ok(()))),
        ("OK without a final frame", ended(shown([]), Ok(()))),
        ("a heartbeat more often than asked", also(shown([frame(3)]), 14, progress(3))),
        ("a heartbeat more often than asked", brisk(also(also(shown([frame(6)]), 1, progress(6)), 1, progress(6)))),
        ("a heartbeat comes before the present state", also(shown([]), 15, progress(3))),
        ("progress goes back or beyond", also(shown([frame(6)]), 15, progress(5))),
        ("progress goes back or beyond", also(shown([frame(6)]), 15, progress(10))),
        ("revision 6 was not shown", also(shown([frame(5)]), 15, progress(6))),
    ];
    for (rule, seen) in broken {
        breaks(rule, validate::tally(&seen, &record()));
    }
}

#[test]
fn one_revision_is_the_same_for_everyone() {
    let record = record();
    validate::tally(&shown([frame(3)]), &record).unwrap();
    let summary = "As it stands: adopted".to_owned();
    let verdict = Some(proto::Verdict { summary, ..frame(3).verdict.unwrap() });
    let otherwise = TallyFrame { verdict, ..frame(3) };
    breaks("one revision is shown in two ways", validate::tally(&shown([otherwise]), &record));
    let of_vote =
        proto::Vote { name: VOTE.into(), revision: 8, seq: 8, state: VoteState::Declared.into(), ..Default::default() };
    let record = Record::new(entries(), vec![of_vote]);
    breaks("GetVote has", validate::tally(&shown([frame(8)]), &record));
}

#[test]
fn a_tally_that_was_asked_for_is_held_to_the_record_too() {
    let asked = GetTallyRequest { vote: VOTE.into(), at_least_seq: 3, by_group: true };
    let groups = [("of A".to_owned(), counts(1, 0, 0)), ("of B".to_owned(), counts(0, 0, 1))].into();
    let sound = GetTallyResponse { frame: Some(frame(3)), groups };
    validate::look(&asked, 0, &sound, &record()).unwrap();
    breaks("which was shown before", validate::look(&asked, 4, &sound, &record()));
    let behind = GetTallyResponse { frame: Some(frame(2)), ..sound.clone() };
    breaks("which was shown before", validate::look(&asked, 0, &behind, &record()));
    let misgrouped = GetTallyResponse { groups: Default::default(), ..sound };
    breaks("groups", validate::look(&asked, 0, &misgrouped, &record()));
}

#[test]
#[should_panic(expected = "the tally that the lock at 7 commits")]
fn a_record_that_contradicts_itself_is_no_measure() {
    let mut entries = entries();
    entries.remove(5);
    for (at, entry) in entries.iter_mut().enumerate().skip(5) {
        entry.revision = if at < 7 { at as u64 + 1 } else { 1 };
    }
    Record::new(entries, Vec::new());
}

/// The client that opens watches stands where they are recorded, and nowhere else.
#[test]
fn no_test_opens_a_watch_that_is_not_validated() {
    let root = ours("tests/it");
    let mut folders = vec![root.clone()];
    let mut named = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read_to_string(&path).unwrap().contains(concat!("TallyService", "Client")) {
                named.push(path.strip_prefix(&root).unwrap().to_owned());
            }
        }
    }
    assert_eq!(named, [Path::new("harness/watched.rs")]);
}

/// The record, of a vote that hides so much until its lock.
fn hidden(visibility: proto::BallotVisibility) -> Record {
    let mut entries = entries();
    let Some(Event::VoteCreated(created)) = &mut entries[0].event else { panic!("a vote is created") };
    created.ballot_policy = Some(proto::BallotPolicy { visibility: visibility.into(), ..Default::default() });
    Record::new(entries, Vec::new())
}

#[test]
fn what_a_vote_hides_is_not_shown_before_its_lock() {
    use proto::BallotVisibility::{AfterLock, TallyOnly};
    let masked = |heads: Counts, revision: usize| {
        let tally = Some(proto::Tally { heads: Some(heads), ..Default::default() });
        TallyFrame { tally, verdict: None, ..frame(revision) }
    };
    let one_taken = Counts { not_voting: 1, undisclosed: 1, ..Default::default() };
    let none = [("A", Choice::Unspecified), ("B", Choice::Unspecified)];
    let taken = [("A", Choice::Unspecified), ("B", Choice::NotVoting)];
    let both = [("A", Choice::Yes), ("B", Choice::No)];
    let all_taken = Counts { undisclosed: 2, ..Default::default() };
    let after_lock = [
        lights(0, &taken, masked(one_taken, 5)),
        lights(5, &[("B", Choice::Unspecified)], masked(all_taken, 6)),
        lights(6, &both, frame(7)),
    ];
    let tally_only = [lights(0, &none, frame(5)), lights(5, &[], frame(6)), lights(6, &both, frame(7))];
    validate::tally(&with_ballots(shown(after_lock)), &hidden(AfterLock)).unwrap();
    validate::tally(&with_ballots(shown(tally_only)), &hidden(TallyOnly)).unwrap();
    let told = TallyFrame { verdict: frame(5).verdict, ..masked(one_taken, 5) };
    let broken = [
        ("counted", AfterLock, shown([frame(5)])),
        ("a verdict where there is none", AfterLock, shown([told])),
        ("are due", AfterLock, with_ballots(shown([lights(0, &both, masked(all_taken, 6))]))),
        ("counted", TallyOnly, shown([masked(one_taken, 5)])),
        ("are due", TallyOnly, with_ballots(shown([lights(0, &taken, frame(5))]))),
        ("are due", TallyOnly, with_ballots(shown([lights(0, &none, frame(5)), lights(5, &none[1..], frame(6))]))),
    ];
    for (rule, visibility, seen) in broken {
        breaks(rule, validate::tally(&seen, &hidden(visibility)));
    }
}
