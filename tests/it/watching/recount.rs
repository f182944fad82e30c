//! A count of one vote in the plainest way, to hold what the server says to.

use std::collections::BTreeMap;

use rollcall::proto::entry::Event;
use rollcall::proto::{self, Choice, Counts, Entry, VoteState};

/// One vote counted anew, from its entries alone.
#[derive(Default)]
pub struct Recount {
    pub revision: u64,
    pub seq: u64,
    pub state: VoteState,
    pub roll: Vec<proto::Member>,
    stands: BTreeMap<String, Choice>,
    /// The place of each member's last ballot.
    pub last: BTreeMap<String, u64>,
}

impl Recount {
    /// The vote as the entries up to a place make it.
    pub fn of(entries: &[Entry], vote: &str, until: u64) -> Self {
        let mut count = Recount::default();
        for entry in entries.iter().take_while(|entry| entry.seq <= until) {
            let state = match entry.event.as_ref().unwrap() {
                Event::VoteCreated(event) if event.vote == vote => VoteState::Draft,
                Event::VoteOpened(event) if event.vote == vote => {
                    count.roll = event.roll.clone();
                    VoteState::Open
                }
                Event::BallotCast(event) if event.vote == vote => {
                    count.stands.insert(event.member.clone(), event.choice());
                    count.last.insert(event.member.clone(), entry.seq);
                    VoteState::Open
                }
                Event::VoteLocked(event) if event.vote == vote => VoteState::Locked,
                Event::ResultDeclared(event) if event.vote == vote => VoteState::Declared,
                _ => continue,
            };
            (count.revision, count.seq, count.state) = (count.revision + 1, entry.seq, state);
        }
        count
    }

    /// The stand of each member of the roll, in its order.
    pub fn lights(&self) -> Vec<(String, Choice)> {
        let id = |member: &proto::Member| member.name.rsplit('/').next().unwrap().to_owned();
        let stand = |id: String| (id.clone(), self.stands.get(&id).copied().unwrap_or(Choice::NotVoting));
        self.roll.iter().map(|member| stand(id(member))).collect()
    }

    /// The counts, each member with its weight.
    pub fn counts(&self, weight: impl Fn(&proto::Member) -> u64) -> Counts {
        let mut counts = Counts::default();
        for (member, (_, choice)) in self.roll.iter().zip(self.lights()) {
            *match choice {
                Choice::Yes => &mut counts.yes,
                Choice::No => &mut counts.no,
                Choice::Abstain => &mut counts.abstain,
                Choice::Present => &mut counts.present,
                _ => &mut counts.not_voting,
            } += weight(member);
        }
        counts
    }
}
