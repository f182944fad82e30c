//! All of a state as plain parts, and a state made of them again: what a stop keeps for the next start. It holds hidden choices too, so
//! nothing of it is for readers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::lights::Lights;
use super::request::{Ids, Requests};
use super::vote::{CastingVote, Vote, VoteState, Voting};
use super::{Body, Choice, Hall, Roll, Seat, State, Tally};
use crate::clock::Timestamp;
use crate::seq::Seq;

pub use super::request::Scope;

/// A voting with all that it counts.
#[derive(Clone, Debug)]
pub struct KeptVoting {
    /// The members entitled to vote.
    pub roll: Arc<Roll>,
    /// Where in `lights` each block of them begins.
    pub starts: Vec<u32>,
    /// What they have pressed, in a form of the domain's own.
    pub lights: Vec<u8>,
    /// What the ballots at these places of the roll were corrected to.
    pub corrections: BTreeMap<usize, Choice>,
    /// The counts.
    pub tally: Tally,
    /// The counts as they were locked, where a ballot was corrected since.
    pub announced: Option<Tally>,
    /// Seats of the body by statute when it opened.
    pub seats: u32,
    /// Members that held a seat when it opened.
    pub members: u32,
    /// Members present, where it was stated.
    pub members_present: Option<u32>,
    /// When it opened.
    pub open_time: Timestamp,
    /// When it locks by itself, if it does.
    pub lock_at_time: Option<Timestamp>,
    /// The question tied before.
    pub second_vote: bool,
    /// The presiding officer's, on equal counts.
    pub casting_vote: Option<CastingVote>,
}

impl From<&Voting> for KeptVoting {
    fn from(voting: &Voting) -> Self {
        let (starts, lights) = voting.lights.packed();
        Self {
            roll: Arc::clone(&voting.roll),
            starts,
            lights,
            corrections: voting.corrections.clone(),
            tally: voting.tally.clone(),
            announced: voting.announced.clone(),
            seats: voting.seats,
            members: voting.members,
            members_present: voting.members_present,
            open_time: voting.open_time,
            lock_at_time: voting.lock_at_time,
            second_vote: voting.second_vote,
            casting_vote: voting.casting_vote.clone(),
        }
    }
}

impl KeptVoting {
    /// The voting again; none where these are not the parts of one.
    #[must_use]
    pub fn restored(self) -> Option<Voting> {
        let count = self.roll.members().len();
        let lights = Lights::restored(count, self.starts, self.lights)?;
        self.corrections.keys().all(|at| *at < count).then_some(Voting {
            roll: self.roll,
            lights,
            corrections: self.corrections,
            tally: self.tally,
            announced: self.announced,
            seats: self.seats,
            members: self.members,
            members_present: self.members_present,
            open_time: self.open_time,
            lock_at_time: self.lock_at_time,
            second_vote: self.second_vote,
            casting_vote: self.casting_vote,
        })
    }
}

impl Body {
    /// How many members were ever admitted.
    #[must_use]
    pub fn admitted(&self) -> u64 {
        self.admitted
    }

    /// The body with these seats taken, each by its order in the order of all admissions.
    #[must_use]
    pub fn with_seats(mut self, seats: Vec<(u64, Seat)>, admitted: u64) -> Self {
        for (order, seat) in seats {
            self.roll_bytes += self.roll_bytes(&seat.member);
            self.orders.insert(seat.member.id.as_str().to_ascii_lowercase(), order);
            self.seated.insert(order, seat);
        }
        self.admitted = admitted;
        self
    }
}

impl Hall {
    /// The hall after the entry at `end`, with these bodies, which know of no votes yet, and these votes.
    #[must_use]
    pub fn restored(end: Seq, time: Timestamp, bodies: Vec<Body>, votes: Vec<Vote>) -> Self {
        let mut hall = Self { end, time, ..Self::default() };
        hall.bodies = bodies.into_iter().map(|body| (body.id.clone(), body)).collect();
        for mut vote in votes {
            let name = vote.name.clone();
            hall.created.insert(vote.created, name.clone());
            hall.changed.insert(vote.seq, name.clone());
            let in_progress = matches!(vote.state, VoteState::Open | VoteState::Suspended);
            hall.open += usize::from(in_progress);
            if let Some(voting) = &mut vote.voting {
                let locks = voting.lock_at_time.filter(|_| in_progress);
                hall.timed.extend(locks.map(|at| (at, name.clone())));
                if in_progress {
                    voting.lights.unpack();
                }
            }
            if let Some(body) = hall.bodies.get_mut(&name.body) {
                body.votes.insert(vote.created, name.vote.clone());
                body.last_roll = vote.voting.as_ref().map(|voting| Arc::clone(&voting.roll)).or(body.last_roll.take());
            }
            hall.votes.insert(name, vote);
        }
        hall
    }
}

/// Where the requests of one scope stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptIds {
    /// What they are about.
    pub scope: Scope,
    /// In a form of the domain's own.
    pub places: Vec<u8>,
}

impl State {
    /// The requests on record, scope by scope, in no order.
    pub fn kept_ids(&self) -> impl Iterator<Item = KeptIds> {
        self.requests.scopes().map(|(scope, ids)| KeptIds { scope: scope.clone(), places: ids.to_bytes() })
    }

    /// The state again, all of whose entries are durable; none where these are not the parts of one.
    #[must_use]
    pub fn restored(hall: Hall, ids: Vec<KeptIds>) -> Option<Self> {
        let scopes = ids.into_iter().map(|kept| Some((kept.scope, Ids::from_bytes(&kept.places)?)));
        let requests = Requests::restored(hall.end(), scopes.collect::<Option<_>>()?);
        Some(Self { hall, requests })
    }
}
