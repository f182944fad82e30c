//! Members and votes counted anew from the entries alone, in the plainest way.

use std::collections::BTreeMap;

use rollcall::proto::entry::Event;
use rollcall::proto::{Choice, Counts, Entry, Member, Tally};

/// The seated members in the order of their admission: name and shares, and whether each may vote.
type Seats = Vec<(String, Option<u64>, bool)>;

/// Who is seated in the end. On the way each roll is held to who was entitled at its opening.
pub fn seated(entries: &[Entry]) -> Seats {
    let mut seats = Seats::new();
    let shares = |member: &Member| member.weights.get("shares").copied();
    for entry in entries {
        let seat = |name: &String| {
            let at = seats.iter().position(|(of, _, _)| of == name);
            at.unwrap_or_else(|| panic!("not seated at {}: {name}", entry.seq))
        };
        match entry.event.as_ref().unwrap() {
            Event::MembersAdmitted(admitted) => {
                for member in &admitted.members {
                    assert!(seats.iter().all(|(of, _, _)| *of != member.name), "seated twice at {}", entry.seq);
                    seats.push((member.name.clone(), shares(member), true));
                }
            }
            Event::MemberRevised(revised) => {
                let member = revised.member.as_ref().unwrap();
                let at = seat(&member.name);
                seats[at].1 = shares(member);
            }
            Event::MemberWithdrawn(gone) => drop(seats.remove(seat(&gone.member))),
            Event::VotingRightSuspended(suspended) => {
                let at = seat(&suspended.member);
                seats[at].2 = false;
            }
            Event::VotingRightRestored(restored) => {
                let at = seat(&restored.member);
                assert!(!seats[at].2, "restored at {}, and it was not suspended", entry.seq);
                seats[at].2 = true;
            }
            Event::VoteOpened(opened) => {
                let roll: Seats =
                    opened.roll.iter().map(|member| (member.name.clone(), shares(member), true)).collect();
                let entitled: Seats = seats.iter().filter(|(_, _, may_vote)| *may_vote).cloned().collect();
                assert_eq!(roll, entitled, "the roll at {}", entry.seq);
                assert_eq!((opened.members, opened.seats), (seats.len() as u32, seats.len() as u32));
            }
            _ => {}
        }
    }
    seats
}

/// Counts a vote: the last ballot of each member on the roll, none but while it is open.
pub fn of(entries: &[Entry], vote: &str) -> Option<Counts> {
    let mut stands: Option<BTreeMap<String, Option<Choice>>> = None;
    let mut state = "";
    let order = |time: prost_types::Timestamp| (time.seconds, time.nanos);
    let mut lock_at = None;
    for entry in entries {
        let at = entry.seq;
        match entry.event.as_ref().unwrap() {
            Event::VoteCreated(created) if created.vote == vote => step(&mut state, &[""], "draft", at),
            Event::VoteWithdrawn(withdrawn) if withdrawn.vote == vote => step(&mut state, &["draft"], "withdrawn", at),
            Event::VoteOpened(opened) if opened.vote == vote => {
                step(&mut state, &["draft"], "open", at);
                lock_at = opened.lock_at_time.map(order);
                let id = |member: &Member| (member.name.rsplit('/').next().unwrap().to_owned(), None);
                stands = Some(opened.roll.iter().map(id).collect());
            }
            Event::BallotCast(cast) if cast.vote == vote => {
                step(&mut state, &["open"], "open", at);
                let in_time = lock_at.is_none_or(|lock_at| order(entry.record_time.unwrap()) < lock_at);
                assert!(in_time, "a ballot at {at}, after the time to lock");
                *stands.as_mut().unwrap().get_mut(&cast.member).expect("on the roll") = Some(cast.choice());
            }
            Event::BallotWithdrawn(back) if back.vote == vote => {
                step(&mut state, &["open"], "open", at);
                let stand = stands.as_mut().unwrap().get_mut(&back.member).expect("on the roll");
                assert!(stand.take().is_some(), "nothing to take back at {at}");
            }
            Event::VoteSuspended(suspended) if suspended.vote == vote => step(&mut state, &["open"], "suspended", at),
            Event::VoteResumed(resumed) if resumed.vote == vote => step(&mut state, &["suspended"], "open", at),
            Event::VoteLocked(lock) if lock.vote == vote => {
                step(&mut state, &["open", "suspended"], "locked", at);
                let committed = lock.tally.as_ref().unwrap().heads.unwrap();
                assert_eq!(Some(committed), stands.as_ref().map(count), "the tally that the lock commits");
            }
            Event::CastingVoteGiven(given) if given.vote == vote => step(&mut state, &["locked"], "locked", at),
            Event::AdoptedWithoutVote(adopted) if adopted.vote == vote => step(&mut state, &["draft"], "declared", at),
            Event::StatementRecorded(said) if said.vote == vote => {
                assert!(["draft", "locked", "declared"].contains(&state), "said at {at}, and it was {state}");
            }
            Event::BallotCorrected(made) if made.vote == vote => {
                assert!(["locked", "declared"].contains(&state), "corrected at {at}, and it was {state}");
                assert!(!made.declaration_lapsed || state == "declared", "no result could fall at {at}");
                state = if made.declaration_lapsed { "locked" } else { state };
                let (correction, stands) = (made.correction.as_ref().unwrap(), stands.as_mut().unwrap());
                let heads = |tally: &Option<Tally>| tally.as_ref().unwrap().heads.unwrap();
                assert_eq!(heads(&made.before), count(stands), "the tally before the correction at {at}");
                let member = correction.member.rsplit('/').next().unwrap();
                let corrected = Some(correction.corrected()).filter(|choice| *choice != Choice::NotVoting);
                *stands.get_mut(member).expect("on the roll") = corrected;
                assert_eq!(heads(&made.after), count(stands), "the tally after it");
            }
            Event::ResultDeclared(declared) if declared.vote == vote => step(&mut state, &["locked"], "declared", at),
            Event::VoteAnnulled(annulled) if annulled.vote == vote => {
                step(&mut state, &["open", "suspended", "locked", "declared"], "annulled", at);
            }
            _ => {}
        }
    }
    stands.as_ref().map(count)
}

/// Takes a vote from one of these states to the next.
fn step(state: &mut &'static str, from: &[&str], to: &'static str, at: u64) {
    assert!(from.contains(state), "{to} at {at}, and it was {state}");
    *state = to;
}

fn count(stands: &BTreeMap<String, Option<Choice>>) -> Counts {
    let of = |choice| stands.values().filter(|stand| **stand == choice).count() as u64;
    Counts {
        yes: of(Some(Choice::Yes)),
        no: of(Some(Choice::No)),
        abstain: of(Some(Choice::Abstain)),
        present: of(Some(Choice::Present)),
        not_voting: of(None),
        undisclosed: 0,
    }
}
