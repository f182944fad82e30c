//! A seat in a body, with what a rule can ask of it.

use std::collections::BTreeMap;

use super::MemberId;
use crate::clock::Timestamp;

/// A seat in a body. Ballots belong to the seat, never to the person who presses the button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The seat's identifier in its body.
    pub id: MemberId,
    /// What people call it.
    pub display_name: String,
    /// Weights by name, e.g. population or shares.
    pub weights: BTreeMap<String, u64>,
    /// Groups that it belongs to.
    pub groups: Vec<String>,
}

/// Why and since when a member may not vote, while it holds its seat (e.g. UN Charter, Article 19).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// The ground; may be empty.
    pub reason: String,
    /// When it was recorded.
    pub suspend_time: Timestamp,
}

impl Member {
    /// What one member, one vote or one of the weights makes of this member: 1 for heads, 0 for a weight it lacks.
    #[must_use]
    pub fn weight(&self, name: &str) -> u64 {
        if name.is_empty() { 1 } else { self.weights.get(name).copied().unwrap_or(0) }
    }

    /// At most this many bytes in an encoded roll, its body's name aside.
    #[must_use]
    pub fn roll_bytes(&self) -> usize {
        // A length or a tag takes at most 3 bytes within the bounds of names; a weight at most 10 more.
        const FRAME: usize = 6;
        const NUMBER: usize = 11;
        let weights: usize = self.weights.keys().map(|name| FRAME + FRAME + name.len() + NUMBER).sum();
        let groups: usize = self.groups.iter().map(|name| FRAME + name.len()).sum();
        4 * FRAME + self.id.as_str().len() + self.display_name.len() + weights + groups
    }
}
