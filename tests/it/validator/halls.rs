//! The rules of a hall that is watched.

use rollcall::proto::watch_votes_response::Message;
use rollcall::proto::{Vote, WatchVotesResponse};

use super::*;

type HallSeen = Seen<WatchVotesResponse>;

/// The vote as it was at a revision.
fn vote(revision: usize) -> Message {
    let TallyFrame { vote: name, revision, seq, state, tally, declared_outcome, .. } = frame(revision);
    Message::Vote(Vote { name, revision, seq, state, tally, declared_outcome, ..Default::default() })
}

fn other() -> Message {
    let (name, state) = (format!("{BODY}/votes/other"), VoteState::Draft.into());
    Message::Vote(Vote { name, revision: 1, seq: 9, state, ..Default::default() })
}

fn caught_up(seq: u64) -> Message {
    Message::CaughtUp(CaughtUp { seq })
}

fn live(seq: u64) -> Message {
    Message::Progress(Progress { seq })
}

fn drain() -> Message {
    Message::Draining(Draining { reconnect_after: Some(prost_types::Duration::default()) })
}

/// A stream of these messages, a minute apart, of the votes in these states.
fn hall(states: &[VoteState], after_seq: u64, messages: impl IntoIterator<Item = Message>) -> HallSeen {
    let states = states.iter().map(|state| i32::from(*state)).collect();
    let asked = WatchVotesRequest { parent: BODY.into(), after_seq, states, ..Default::default() };
    let messages = messages.into_iter().enumerate();
    let messages = messages.map(|(at, message)| (Duration::from_secs(60 * at as u64), message)).collect();
    Seen { asked, known: 0, messages, end: None }
}

#[test]
fn a_sound_hall_is_sound() {
    use VoteState::{Declared, Draft, Open};
    let sound = [
        hall(&[], 0, [vote(2), caught_up(2), vote(4), vote(8), other(), live(9)]),
        hall(&[], 0, [other(), caught_up(9), live(9), drain()]),
        hall(&[Open], 0, [vote(3), caught_up(3), vote(8), live(9)]),
        hall(&[Draft, Declared], 0, [vote(1), caught_up(1), vote(3), vote(8), other(), live(9)]),
        hall(&[], 3, [vote(8), other(), caught_up(9)]),
        hall(&[], 9, [caught_up(9)]),
    ];
    for seen in &sound {
        validate::hall(seen, &record()).unwrap();
    }
}

#[test]
fn each_rule_of_a_hall_that_is_watched_is_seen_to_be_broken() {
    use VoteState::{Declared, Open};
    let changed = |message: Message, change: &dyn Fn(&mut Vote)| {
        let Message::Vote(mut vote) = message else { panic!("a vote") };
        change(&mut vote);
        Message::Vote(vote)
    };
    let known = HallSeen { known: 3, ..hall(&[], 0, [vote(2), caught_up(2)]) };
    let ended = HallSeen { end: Some(Ok(())), ..hall(&[], 0, [caught_up(0)]) };
    let failed = HallSeen { end: Some(Err(Status::internal(""))), ..hall(&[], 0, [caught_up(0), drain()]) };
    let mut annex = hall(&[], 0, [vote(2)]);
    annex.asked.parent = "bodies/annex".into();
    let mut hasty = hall(&[], 0, [caught_up(0), live(0)]);
    hasty.messages[1].0 = Duration::from_secs(1);
    let broken = [
        ("it goes back behind 4", hall(&[], 0, [vote(4), vote(3)])),
        ("it goes back behind 3", hall(&[], 3, [vote(3)])),
        ("not on record", hall(&[], 0, [changed(vote(8), &|vote| vote.revision = 9)])),
        ("on record, and shown", hall(&[], 0, [changed(vote(3), &|vote| vote.state = VoteState::Locked.into())])),
        ("counted", hall(&[], 0, [changed(vote(3), &|vote| vote.tally = frame(6).tally)])),
        ("counted", hall(&[], 0, [changed(vote(8), &|vote| vote.announced_tally = frame(6).tally)])),
        ("declared", hall(&[Declared], 0, [changed(vote(8), &|vote| vote.declared_outcome = Outcome::Adopted.into())])),
        ("no one asked for this vote", annex),
        ("no one asked for this state", hall(&[Open], 0, [vote(7)])),
        ("no one asked for this state", hall(&[Open], 0, [vote(3), vote(7), vote(8)])),
        ("caught up behind 3", known),
        ("it catches up twice", hall(&[], 0, [caught_up(0), caught_up(0)])),
        ("a heartbeat before it has caught up", hall(&[], 0, [vote(1), live(1)])),
        ("a heartbeat more often than asked", hasty),
        ("progress goes back", hall(&[], 0, [vote(2), caught_up(2), live(1)])),
        ("it reaches beyond the record", hall(&[], 0, [other(), caught_up(10)])),
        ("other was not shown", hall(&[], 0, [caught_up(9)])),
        ("q was not shown", hall(&[], 0, [vote(2), caught_up(3)])),
        ("q was not shown", hall(&[Open], 0, [vote(2), caught_up(2), live(9)])),
        ("q was not shown", hall(&[Open], 3, [caught_up(9)])),
        ("nothing but the end comes after draining", hall(&[], 0, [caught_up(0), drain(), vote(1)])),
        ("draining does not say when", hall(&[], 0, [Message::Draining(Draining::default())])),
        ("draining ends with UNAVAILABLE", failed),
        ("never ends with OK", ended),
    ];
    for (rule, seen) in broken {
        breaks(rule, validate::hall(&seen, &record()));
    }
    let Message::Vote(mut asked_for) = vote(8) else { panic!("a vote") };
    asked_for.title = "another".into();
    let record = Record::new(entries(), vec![asked_for]);
    breaks("GetVote has", validate::hall(&hall(&[Declared], 0, [vote(8)]), &record));
}
