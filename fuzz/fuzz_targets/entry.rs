//! Stored entries: any bytes are read without a panic, and what is read means the same when it is written again.
#![no_main]
#![allow(clippy::unwrap_used, reason = "a target fails loudly")]

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use prost::Message;
use rollcall::proto::entry::Event;
use rollcall::proto::{self, Entry};
use rollcall::wire::entry::{decode, encode};
use rollcall_fuzz::messages::{bytes, type_of};

fn default<T: Default>(value: &mut Option<T>) -> &mut T {
    value.get_or_insert_default()
}

fn counted(tally: &mut Option<proto::Tally>) {
    let tally = default(tally);
    default(&mut tally.heads).undisclosed = 0;
    tally.weights.values_mut().for_each(|counts| counts.undisclosed = 0);
}

/// The entry as it is written today: without what this version never writes, and with what is unset said in full.
fn meaning(bytes: &[u8]) -> Entry {
    let mut entry = Entry::decode(bytes).unwrap();
    entry.actor.clear();
    let seated = |members: &mut Vec<proto::Member>| members.iter_mut().for_each(|member| member.suspension = None);
    match entry.event.as_mut().unwrap() {
        Event::MembersAdmitted(admitted) => seated(&mut admitted.members),
        Event::MemberRevised(revised) => default(&mut revised.member).suspension = None,
        Event::VoteCreated(created) => {
            let policy = default(&mut created.ballot_policy);
            if policy.visibility() == proto::BallotVisibility::Unspecified {
                policy.set_visibility(proto::BallotVisibility::Live);
            }
            default(&mut created.rule);
        }
        Event::VoteOpened(opened) => seated(&mut opened.roll),
        Event::VoteLocked(locked) => counted(&mut locked.tally),
        Event::BallotCorrected(corrected) => {
            counted(&mut corrected.before);
            counted(&mut corrected.after);
        }
        Event::StatementRecorded(recorded) => {
            let statement = default(&mut recorded.statement);
            if statement.kind() != proto::statement::Kind::IntendedVote {
                statement.intended = 0;
            }
        }
        _ => {}
    }
    entry
}

fuzz_target!(|data: &[u8]| {
    let stored = bytes(&mut Unstructured::new(data), &type_of("Entry"));
    let Ok(entry) = decode(&stored) else { return };
    let again = encode(&entry);
    assert_eq!(decode(&again).unwrap(), entry);
    assert_eq!(meaning(&again), meaning(&stored));
});
