//! The members entitled to vote in one vote, frozen when it opened.

use std::sync::Arc;

use foldhash::HashMap;

use super::{Member, MemberId};

/// The members entitled to vote, in the order of the roll, as they were when the vote opened.
#[derive(Debug)]
pub struct Roll {
    members: Vec<Arc<Member>>,
    index: HashMap<MemberId, usize>,
}

impl Roll {
    /// A roll of these members, in this order.
    #[must_use]
    pub fn new(members: Vec<Arc<Member>>) -> Self {
        let index = members.iter().enumerate().map(|(at, member)| (member.id.clone(), at)).collect();
        Self { members, index }
    }

    /// The members, in order.
    #[must_use]
    pub fn members(&self) -> &[Arc<Member>] {
        &self.members
    }

    /// Where a member stands on the roll, from 0.
    #[must_use]
    pub fn position(&self, member: &MemberId) -> Option<usize> {
        self.index.get(member).copied()
    }
}
