//! The counts of a vote, by head and by weight.

use std::collections::BTreeMap;

use super::{Choice, Member, Rule};

/// Counts by choice. Their sum is the whole roll.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// In favour.
    pub yes: u64,
    /// Against.
    pub no: u64,
    /// Abstaining.
    pub abstain: u64,
    /// Present without a choice.
    pub present: u64,
    /// On the roll with no ballot.
    pub not_voting: u64,
}

impl Counts {
    /// The count of one choice.
    #[must_use]
    pub fn of(&self, choice: Choice) -> u64 {
        match choice {
            Choice::Yes => self.yes,
            Choice::No => self.no,
            Choice::Abstain => self.abstain,
            Choice::Present => self.present,
            Choice::NotVoting => self.not_voting,
        }
    }

    fn slot(&mut self, choice: Choice) -> &mut u64 {
        match choice {
            Choice::Yes => &mut self.yes,
            Choice::No => &mut self.no,
            Choice::Abstain => &mut self.abstain,
            Choice::Present => &mut self.present,
            Choice::NotVoting => &mut self.not_voting,
        }
    }

    /// The members on the roll.
    #[must_use]
    pub fn roll(&self) -> u128 {
        self.participating() + u128::from(self.not_voting)
    }

    /// Yes, no, abstain and present.
    #[must_use]
    pub fn participating(&self) -> u128 {
        self.cast() + u128::from(self.present)
    }

    /// Yes, no and abstain.
    #[must_use]
    pub fn cast(&self) -> u128 {
        self.present_and_voting() + u128::from(self.abstain)
    }

    /// Yes and no: "members present and voting" (UN rule 86).
    #[must_use]
    pub fn present_and_voting(&self) -> u128 {
        u128::from(self.yes) + u128::from(self.no)
    }

    /// Counts one more of a choice.
    pub fn add(&mut self, choice: Choice) {
        *self.slot(choice) += 1;
    }

    /// Moves `weight` from one choice to another. The sum over a roll was checked when it was frozen, so nothing wraps.
    fn shift(&mut self, from: Choice, to: Choice, weight: u64) {
        *self.slot(from) -= weight;
        *self.slot(to) += weight;
    }

    /// Gives all that is not voting to a choice.
    pub(super) fn fill(&mut self, choice: Choice) {
        self.shift(Choice::NotVoting, choice, self.not_voting);
    }
}

/// The counts of a vote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// One member, one vote.
    pub heads: Counts,
    /// By each weight that the rule names.
    pub weights: BTreeMap<String, Counts>,
}

impl Tally {
    /// The tally of a roll on which no one has voted yet, with the weights that `rule` names.
    #[must_use]
    pub fn opened<'a>(roll: impl Iterator<Item = &'a Member> + Clone, rule: &Rule) -> Self {
        let not_voting = |weight: &str| Counts {
            not_voting: roll.clone().map(|member| member.weight(weight)).sum(),
            ..Counts::default()
        };
        let weights = rule.weights().into_iter().map(|weight| (weight.to_owned(), not_voting(weight))).collect();
        Self { heads: not_voting(""), weights }
    }

    /// Moves one member from one stand to another.
    pub fn shift(&mut self, member: &Member, from: Choice, to: Choice) {
        self.heads.shift(from, to, 1);
        for (weight, counts) in &mut self.weights {
            counts.shift(from, to, member.weight(weight));
        }
    }

    /// Gives all who are not voting a choice.
    pub(super) fn fill(&mut self, choice: Choice) {
        self.heads.fill(choice);
        self.weights.values_mut().for_each(|counts| counts.fill(choice));
    }

    /// The counts of a weight; by head where its name is empty. Nothing was counted of a weight that is not there.
    #[must_use]
    pub fn of(&self, weight: &str) -> Counts {
        if weight.is_empty() { self.heads } else { self.weights.get(weight).copied().unwrap_or_default() }
    }

    /// Whether anyone took part, by any count.
    #[must_use]
    pub fn any_ballot(&self) -> bool {
        self.heads.participating() > 0 || self.weights.values().any(|counts| counts.participating() > 0)
    }
}
