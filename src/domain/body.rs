//! A deliberative body, its seated members, and the order of its votes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::limits::{MAX_MEMBERS, MAX_ROLL_BYTES};
use super::{BodyId, Limit, Member, MemberId, MemberName, Rejection, Resource, VoteId};
use crate::clock::Timestamp;
use crate::seq::Seq;

/// A body as it now is.
#[derive(Debug)]
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
    /// The seated members by the order of their admission, which never changes while a member is seated.
    members: BTreeMap<u64, Arc<Member>>,
    /// The order of admission by the identifier in lower case: two that differ only in case would be taken for one.
    seated: HashMap<String, u64>,
    admitted: u64,
    roll_bytes: usize,
}

impl Body {
    pub(super) fn new(id: BodyId, display_name: String, seats: u32, create_time: Timestamp, seq: Seq) -> Self {
        Self {
            id,
            display_name,
            seats,
            create_time,
            seq,
            votes: BTreeMap::new(),
            members: BTreeMap::new(),
            seated: HashMap::new(),
            admitted: 0,
            roll_bytes: 0,
        }
    }

    /// The seated members in the order of the roll, each with its place in the order of all admissions.
    pub fn members(&self) -> impl Iterator<Item = (u64, &Arc<Member>)> + Clone {
        self.members_after(0)
    }

    /// The seated members admitted after the one at `order`, which counts from 1.
    pub fn members_after(&self, order: u64) -> impl Iterator<Item = (u64, &Arc<Member>)> + Clone {
        self.members.range(order.saturating_add(1)..).map(|(order, member)| (*order, member))
    }

    /// A seated member.
    #[must_use]
    pub fn member(&self, id: &MemberId) -> Option<&Arc<Member>> {
        self.alike(id).filter(|member| member.id == *id)
    }

    /// How many members are seated.
    #[must_use]
    pub fn member_count(&self) -> u32 {
        u32::try_from(self.members.len()).unwrap_or(u32::MAX)
    }

    /// Seats by statute, vacancies included.
    #[must_use]
    pub fn seats(&self) -> u32 {
        if self.seats == 0 { self.member_count() } else { self.seats }
    }

    fn alike(&self, id: &MemberId) -> Option<&Arc<Member>> {
        self.members.get(self.seated.get(&id.as_str().to_ascii_lowercase())?)
    }

    fn name_of(&self, member: &MemberId) -> MemberName {
        MemberName { body: self.id.clone(), member: member.clone() }
    }

    /// Whether these members, no two of them alike, can be seated beside those that are.
    pub(super) fn may_admit(&self, members: &[Arc<Member>]) -> Result<(), Rejection> {
        for member in members {
            match self.alike(&member.id) {
                None => {}
                Some(seated) if seated.id == member.id => {
                    return Err(Rejection::NameTaken(Resource::Member(self.name_of(&member.id))));
                }
                Some(seated) => {
                    let (new, seated) = (self.name_of(&member.id), self.name_of(&seated.id));
                    return Err(Rejection::NameTooAlike { new, seated });
                }
            }
        }
        let limit = |limit| Err(Rejection::LimitReached { body: self.id.clone(), limit });
        let asked = self.members.len() + members.len();
        if asked > MAX_MEMBERS {
            return limit(Limit::Members { asked });
        }
        if self.seats > 0 && asked > self.seats as usize {
            return limit(Limit::Seats { asked, seats: self.seats });
        }
        let asked = self.roll_bytes + members.iter().map(|member| self.roll_bytes(member)).sum::<usize>();
        if asked > MAX_ROLL_BYTES {
            return limit(Limit::RollBytes { asked });
        }
        Ok(())
    }

    pub(super) fn admit(&mut self, members: &[Arc<Member>], seq: Seq) {
        for member in members {
            self.admitted += 1;
            self.roll_bytes += self.roll_bytes(member);
            self.seated.insert(member.id.as_str().to_ascii_lowercase(), self.admitted);
            self.members.insert(self.admitted, Arc::clone(member));
        }
        self.seq = seq;
    }

    /// On a roll a member stands with its whole resource name.
    fn roll_bytes(&self, member: &Member) -> usize {
        "bodies//members/".len() + self.id.as_str().len() + member.roll_bytes()
    }
}
