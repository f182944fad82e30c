//! One member's stand, as the rules count it.

use std::fmt;

/// A member's stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Choice {
    /// In favour.
    Yes,
    /// Against.
    No,
    /// Abstaining.
    Abstain,
    /// Present without a choice: takes part, and is in no base of votes cast.
    Present,
    /// On the roll with no ballot. Never cast; nothing is known of why.
    NotVoting,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Choice::Yes => "in favour",
            Choice::No => "against",
            Choice::Abstain => "abstaining",
            Choice::Present => "present",
            Choice::NotVoting => "not voting",
        })
    }
}
