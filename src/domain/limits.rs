//! The bounds of what is recorded, each with its reason.

use std::time::Duration;

/// The longest title, question, ruling or basis, in bytes: a long paragraph. Longer texts have a document of their own.
pub const MAX_TEXT: usize = 2_000;

/// The longest that a vote can be set to stay open: a year. Longer is a mistake in the unit.
pub const MAX_LOCK_AFTER: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The longest name that people call a thing by, document symbol, or value of a label, in bytes.
pub const MAX_DISPLAY: usize = 500;

/// The longest name of a weight, group or label, in bytes, as for identifiers.
pub const MAX_KEY: usize = 63;

/// Weights that one member has: the rules of real bodies name at most two.
pub const MAX_WEIGHTS: usize = 16;

/// Groups that one member belongs to.
pub const MAX_GROUPS: usize = 32;

/// Labels on one vote.
pub const MAX_LABELS: usize = 32;

/// Votes that one vote is about or follows.
pub const MAX_RELATIONS: usize = 8;

/// Statements and corrections of one vote: every member of a large parliament explains itself several times. They are kept in
/// memory.
pub const MAX_ANNOTATIONS: usize = 10_000;

/// How often one vote is suspended: a sitting is interrupted a few times. Each is a change of state, which is kept for everyone
/// who watches.
pub const MAX_SUSPENSIONS: usize = 100;

/// Votes that are compared at once: an emergency session's resolutions, and those that they echo.
pub const MAX_COMPARED: usize = 16;

/// Requirements of a rule, alternatives of one, and thresholds of a quorum: real rules have at most three.
pub const MAX_REQUIREMENTS: usize = 16;

/// Members of one body: the largest legislature has 3,000; more are an electorate, which needs another design of the roll.
pub const MAX_MEMBERS: usize = 20_000;

/// The encoded roll of one body, in bytes: it is one entry of the record, and one message to whoever reads it.
pub const MAX_ROLL_BYTES: usize = 1 << 20;

/// Votes that are open or suspended at once, in all bodies: each keeps its roll and its lights in memory, and is watched.
pub const MAX_OPEN_VOTES: usize = 10_000;

/// Members admitted at once, and ballots cast at once: a commit stays within what one flush takes.
pub const MAX_BATCH: usize = 1_000;

/// The sum of a weight over a roll: it fits the signed 64-bit integers that most clients count with.
pub const MAX_WEIGHT_SUM: u64 = i64::MAX as u64;

/// Whether a text can name a group or a label.
#[must_use]
pub fn is_key(text: &str) -> bool {
    (1..=MAX_KEY).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// Whether a text can name a weight: "head" would be mistaken for the count that needs none.
#[must_use]
pub fn is_weight(text: &str) -> bool {
    is_key(text) && text != "head"
}
