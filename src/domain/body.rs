//! A deliberative body, its seated members, and the order of its votes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::limits::{MAX_MEMBERS, MAX_ROLL_BYTES};
use super::member::Suspension;
use super::{BodyId, Limit, Member, MemberId, MemberName, Rejection, Resource, Roll, VoteId};
use crate::clock::Timestamp;
use crate::seq::Seq;

/// A body as it now is.
#[derive(Clone, Debug)]
pub struct Body {
    /// Its identifier.
    pub id: BodyId,
    /// What people call it.
    pub display_name: String,
    /// Seats by statute as recorded; 0: as many as there are members.
    pub seats: u32,
    /// When it was recorded.
    pub create_time: Timestamp,
    /// The last entry about it, its votes aside.
    pub seq: Seq,
    /// Its votes, by the place of their creation.
    pub votes: BTreeMap<Seq, VoteId>,
    /// The roll of the vote opened last: while the members stay the same, votes share it.
    pub(super) last_roll: Option<Arc<Roll>>,
    /// The seated members by the order of their admission, which never changes while a member is seated.
    pub(super) seated: BTreeMap<u64, Seat>,
    /// The order of admission by the identifier in lower case: two that differ only in case would be taken for one.
    pub(super) orders: HashMap<String, u64>,
    pub(super) admitted: u64,
    pub(super) roll_bytes: usize,
}

/// A seat that is taken.
#[derive(Clone, Debug)]
pub struct Seat {
    /// Who holds it.
    pub member: Arc<Member>,
    /// Set while the member may not vote.
    pub suspension: Option<Suspension>,
}

impl Body {
    /// A body without members and votes.
    #[must_use]
    pub fn new(id: BodyId, display_name: String, seats: u32, create_time: Timestamp, seq: Seq) -> Self {
        Self {
            id,
            display_name,
            seats,
            create_time,
            seq,
            votes: BTreeMap::new(),
            last_roll: None,
            seated: BTreeMap::new(),
            orders: HashMap::new(),
            admitted: 0,
            roll_bytes: 0,
        }
    }

    /// The seats that are taken, in the order of the roll, after the one with `order` in the order of all admissions, which
    /// counts from 1.
    pub fn seated_after(&self, order: u64) -> impl Iterator<Item = (u64, &Seat)> {
        self.seated.range(order.saturating_add(1)..).map(|(order, seat)| (*order, seat))
    }

    /// The members that may vote now, in the order of the roll.
    pub fn entitled(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.seated.values().filter(|seat| seat.suspension.is_none()).map(|seat| &seat.member)
    }

    /// A member's seat.
    #[must_use]
    pub fn seat(&self, id: &MemberId) -> Option<&Seat> {
        self.alike(id).filter(|seat| seat.member.id == *id)
    }

    /// How many members are seated.
    #[must_use]
    pub fn member_count(&self) -> u32 {
        u32::try_from(self.seated.len()).unwrap_or(u32::MAX)
    }

    /// Seats by statute, vacancies included.
    #[must_use]
    pub fn seats(&self) -> u32 {
        if self.seats == 0 { self.member_count() } else { self.seats }
    }

    fn alike(&self, id: &MemberId) -> Option<&Seat> {
        self.seated.get(self.orders.get(&id.as_str().to_ascii_lowercase())?)
    }

    fn name_of(&self, member: &MemberId) -> MemberName {
        MemberName { body: self.id.clone(), member: member.clone() }
    }

    /// A member's seat, or a rejection that says there is none.
    pub(super) fn must_seat(&self, id: &MemberId) -> Result<&Seat, Rejection> {
        self.seat(id).ok_or_else(|| Rejection::NoSuch(Resource::Member(self.name_of(id))))
    }

    /// Whether these members, no two of them alike, can be seated beside those that are.
    pub(super) fn may_admit(&self, members: &[Arc<Member>]) -> Result<(), Rejection> {
        for member in members {
            match self.alike(&member.id).map(|seat| &seat.member.id) {
                None => {}
                Some(seated) if *seated == member.id => {
                    return Err(Rejection::NameTaken(Resource::Member(self.name_of(seated))));
                }
                Some(seated) => {
                    let (new, seated) = (self.name_of(&member.id), self.name_of(seated));
                    return Err(Rejection::NameTooAlike { new, seated });
                }
            }
        }
        let asked = self.seated.len() + members.len();
        if asked > MAX_MEMBERS {
            return Err(self.limit(Limit::Members { asked }));
        }
        self.may_have(self.seats, asked)?;
        self.may_weigh(self.roll_bytes + members.iter().map(|member| self.roll_bytes(member)).sum::<usize>())
    }

    /// Whether so many members fit so many seats by statute.
    pub(super) fn may_have(&self, seats: u32, asked: usize) -> Result<(), Rejection> {
        let fits = seats == 0 || asked <= seats as usize;
        if fits { Ok(()) } else { Err(self.limit(Limit::Seats { asked, seats })) }
    }

    /// Whether a seated member's particulars can change to these.
    pub(super) fn may_revise(&self, member: &Member) -> Result<(), Rejection> {
        let seat = self.must_seat(&member.id)?;
        self.may_weigh(self.roll_bytes - self.roll_bytes(&seat.member) + self.roll_bytes(member))
    }

    fn may_weigh(&self, asked: usize) -> Result<(), Rejection> {
        if asked <= MAX_ROLL_BYTES { Ok(()) } else { Err(self.limit(Limit::RollBytes { asked })) }
    }

    fn limit(&self, limit: Limit) -> Rejection {
        Rejection::LimitReached { body: self.id.clone(), limit }
    }

    pub(super) fn admit(&mut self, members: &[Arc<Member>]) {
        for member in members {
            self.admitted += 1;
            self.roll_bytes += self.roll_bytes(member);
            self.orders.insert(member.id.as_str().to_ascii_lowercase(), self.admitted);
            self.seated.insert(self.admitted, Seat { member: Arc::clone(member), suspension: None });
        }
    }

    pub(super) fn revise(&mut self, member: &Arc<Member>) {
        let (before, after) =
            (self.seat(&member.id).map(|seat| self.roll_bytes(&seat.member)), self.roll_bytes(member));
        if let Some(before) = before {
            self.roll_bytes = self.roll_bytes - before + after;
            self.change(&member.id, |seat| seat.member = Arc::clone(member));
        }
    }

    pub(super) fn withdraw(&mut self, id: &MemberId) {
        if let Some(seat) =
            self.orders.remove(&id.as_str().to_ascii_lowercase()).and_then(|order| self.seated.remove(&order))
        {
            self.roll_bytes -= self.roll_bytes(&seat.member);
        }
    }

    pub(super) fn suspend(&mut self, id: &MemberId, suspension: Option<Suspension>) {
        self.change(id, |seat| seat.suspension = suspension);
    }

    fn change(&mut self, id: &MemberId, what: impl FnOnce(&mut Seat)) {
        let order = self.orders.get(&id.as_str().to_ascii_lowercase());
        if let Some(seat) = order.and_then(|order| self.seated.get_mut(order)) {
            what(seat);
        }
    }

    /// On a roll a member stands with its whole resource name.
    pub(super) fn roll_bytes(&self, member: &Member) -> usize {
        "bodies//members/".len() + self.id.as_str().len() + member.roll_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> Body {
        let id = "b".parse().expect("a body's id");
        Body::new(id, String::new(), 0, Timestamp::default(), Seq::ZERO)
    }

    fn member(id: &str, display_name: &str) -> Arc<Member> {
        let (id, display_name) = (id.parse().expect("a member's id"), display_name.to_owned());
        Arc::new(Member { id, display_name, weights: [].into(), groups: vec![] })
    }

    #[test]
    fn the_members_of_a_body_are_bounded() {
        let mut body = body();
        let all: Vec<_> = (0..=MAX_MEMBERS).map(|at| member(&at.to_string(), "")).collect();
        body.admit(&all[2..]);
        assert_eq!(body.may_admit(&all[..1]), Ok(()));
        body.admit(&all[..1]);
        assert_eq!(body.may_admit(&all[1..2]), Err(body.limit(Limit::Members { asked: MAX_MEMBERS + 1 })));
    }

    /// Holds one more member, and the one revised, to the room that is left beside those that are seated.
    fn bounded(body: &Body, seated: &[&Arc<Member>]) {
        let bytes = |member: &Member| "bodies/b/members/".len() + member.roll_bytes();
        let room = MAX_ROLL_BYTES - seated.iter().map(|member| bytes(member)).sum::<usize>();
        let wide = |id: &str, room: usize| member(id, &"n".repeat(room - bytes(&member(id, ""))));
        let too_many = Err(body.limit(Limit::RollBytes { asked: MAX_ROLL_BYTES + 1 }));
        assert_eq!(body.may_admit(&[wide("new", room)]), Ok(()));
        assert_eq!(body.may_admit(&[wide("new", room + 1)]), too_many);
        let (one, room) = (seated[0].id.as_str(), room + bytes(seated[0]));
        assert_eq!(body.may_revise(&wide(one, room)), Ok(()));
        assert_eq!(body.may_revise(&wide(one, room + 1)), too_many);
    }

    #[test]
    fn the_roll_of_a_body_is_bounded_whatever_became_of_its_members() {
        let mut body = body();
        let (a, b, renamed) = (member("a", "Albania"), member("b", "Belgium"), member("a", "Republic of Albania"));
        body.admit(&[Arc::clone(&a), Arc::clone(&b)]);
        bounded(&body, &[&a, &b]);
        body.revise(&renamed);
        bounded(&body, &[&renamed, &b]);
        body.withdraw(&b.id);
        bounded(&body, &[&renamed]);
    }
}
