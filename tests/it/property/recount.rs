//! Who sits where, told anew from the entries alone, in the plainest way.

use rollcall::proto::entry::Event;
use rollcall::proto::{Entry, Member};

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
