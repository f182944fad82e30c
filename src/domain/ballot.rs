//! What a member's ballot is while it stands.

use super::Choice;
use crate::clock::Timestamp;
use crate::seq::Seq;

/// One member's stand in one vote, and the entry that it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// The choice.
    pub choice: Choice,
    /// The entry's place in the record.
    pub seq: Seq,
    /// The entry's time.
    pub record_time: Timestamp,
}
