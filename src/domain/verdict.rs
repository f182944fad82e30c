//! What a rule says of a tally, and why, in figures and in words.

use super::MemberShare;

/// The outcome of a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The requirements are met.
    Adopted,
    /// A requirement is not met.
    NotAdopted,
    /// The requirements are met, and a member with a veto is against.
    Vetoed,
    /// Too few took part: there is no result.
    NoQuorum,
    /// Equal counts; the presiding officer may give a casting vote.
    AwaitingCastingVote,
    /// Equal counts; a second vote is due.
    RevoteDue,
    /// Adopted without a vote: there is no tally, and no rule gives this.
    AdoptedWithoutVote,
}

/// What a rule says of a tally, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The outcome.
    pub outcome: Outcome,
    /// One sentence that a newsroom can print.
    pub summary: String,
    /// Each test with its exact figures, in the order judged.
    pub criteria: Vec<Criterion>,
    /// Whose ballots blocked it, in the words of [`Facts::vetoes`](super::Facts::vetoes).
    pub vetoed_by: Vec<String>,
    /// What part of the members made each choice.
    pub membership: Vec<MemberShare>,
    /// Whether the ballots still out can change the outcome; none where there is no roll to tell them by.
    pub decidedness: Option<Decidedness>,
}

/// Whether the ballots still out can change the outcome, each ballot that stands held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decidedness {
    /// They can: there are ballots that would.
    Open,
    /// They cannot, whatever they are.
    Certain,
    /// Neither was shown.
    Undetermined,
}

/// One test of a rule, with its exact figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Criterion {
    /// What is tested, in words.
    pub text: String,
    /// The count that was measured.
    pub counted: u64,
    /// The least (or, for a limit, the most) that passes.
    pub needed: u64,
    /// The base that the need was taken from; 0 for a fixed number.
    pub base: u64,
    /// Whether it passes.
    pub passed: bool,
    /// `needed` is the most that passes, not the least.
    pub at_most: bool,
    /// A quorum that was taken to be there, since presence was not stated.
    pub presumed: bool,
}

impl Verdict {
    /// What is said of a question that was adopted without a vote. Never 193-0-0.
    #[must_use]
    pub fn without_vote() -> Self {
        let summary = "Adopted without a vote.".to_owned();
        Self {
            outcome: Outcome::AdoptedWithoutVote,
            summary,
            criteria: Vec::new(),
            vetoed_by: Vec::new(),
            membership: Vec::new(),
            decidedness: None,
        }
    }
}

impl Outcome {
    /// Its name in the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Adopted => "ADOPTED",
            Outcome::NotAdopted => "NOT_ADOPTED",
            Outcome::Vetoed => "VETOED",
            Outcome::NoQuorum => "NO_QUORUM",
            Outcome::AwaitingCastingVote => "AWAITING_CASTING_VOTE",
            Outcome::RevoteDue => "REVOTE_DUE",
            Outcome::AdoptedWithoutVote => "ADOPTED_WITHOUT_VOTE",
        }
    }
}
