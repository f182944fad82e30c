//! What a rule makes of a tally: quorum, then requirements, then veto, in exact integers. Knows no words.

use super::rule::{Bar, Base, Comparison, Quorum, QuorumBasis, Requirement, Rule, Share, Threshold, TieBreak};
use super::{Choice, Counts, Outcome, Tally};

/// All that a rule asks of a vote.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The counts.
    pub tally: &'a Tally,
    /// Seats of the body by statute.
    pub seats: u64,
    /// Members that hold a seat.
    pub members: u64,
    /// Members present, where it was stated.
    pub members_present: Option<u64>,
    /// The members of the veto group whose ballot is the blocking choice, in any words.
    pub vetoes: Vec<String>,
    /// The casting vote, where one was given.
    pub casting_vote: Option<Choice>,
    /// The question tied before and is put again: a second tie rejects it.
    pub second_vote: bool,
}

/// A count against its bar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    pub counted: u128,
    /// The least count that passes, or for a limit the most.
    pub needed: u128,
    /// 0 for a fixed number.
    pub base: u128,
    pub passed: bool,
}

/// How a quorum's count is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    ByBallots,
    AsStated,
    Presumed,
}

/// A tally judged, before it is put into words.
#[derive(Debug)]
pub(super) struct Judged {
    pub outcome: Outcome,
    pub quorum: Vec<(Figures, Known)>,
    /// Of each requirement, its alternatives.
    pub required: Vec<Vec<Figures>>,
    /// The one requirement that fails is a simple majority missed by equal counts above zero.
    pub tied: bool,
}

impl Rule {
    /// Judges a tally. Quorum comes first, then the requirements, then the veto (UN practice: below the number of
    /// affirmative votes that is needed, a vote against by a permanent member is not called a veto).
    pub(super) fn weigh(&self, facts: &Facts) -> Judged {
        let in_quorum = |quorum: &Quorum| quorum.thresholds.iter().map(|one| facts.quorum(quorum.basis, one)).collect();
        let quorum: Vec<(Figures, Known)> = self.quorum.as_ref().map_or_else(Vec::new, in_quorum);
        let alternatives = |one: &Requirement| one.thresholds().iter().map(|one| facts.measure(one)).collect();
        let required: Vec<Vec<Figures>> = self.requirements.iter().map(alternatives).collect();
        let met: Vec<bool> = required.iter().map(|one| one.iter().any(|figures| figures.passed)).collect();
        let tied = self.is_tied(facts.tally, &met);

        let carried = met.iter().all(|met| *met)
            || (tied && self.tie_break == TieBreak::CastingVote && facts.casting_vote == Some(Choice::Yes));
        let outcome = if !facts.tally.any_ballot() {
            if self.quorum.is_some() { Outcome::NoQuorum } else { Outcome::NotAdopted }
        } else if quorum.iter().any(|(figures, _)| !figures.passed) {
            Outcome::NoQuorum
        } else if carried {
            if facts.vetoes.is_empty() || self.veto.is_none() { Outcome::Adopted } else { Outcome::Vetoed }
        } else {
            match self.tie_break {
                TieBreak::CastingVote if tied && facts.casting_vote.is_none() => Outcome::AwaitingCastingVote,
                TieBreak::Revote if tied && !facts.second_vote => Outcome::RevoteDue,
                _ => Outcome::NotAdopted,
            }
        };
        Judged { outcome, quorum, required, tied }
    }

    fn is_tied(&self, tally: &Tally, met: &[bool]) -> bool {
        let mut failing = self.requirements.iter().zip(met).filter(|(_, met)| !**met).map(|(one, _)| one);
        let (Some(Requirement::Threshold(threshold)), None) = (failing.next(), failing.next()) else { return false };
        let counts = tally.of(&threshold.weight);
        threshold.is_simple_majority() && counts.yes == counts.no && counts.yes > 0
    }
}

impl Facts<'_> {
    /// One threshold of a quorum. What the ballots are by weight no one states.
    pub(super) fn quorum(&self, basis: QuorumBasis, threshold: &Threshold) -> (Figures, Known) {
        match (basis, self.members_present) {
            (QuorumBasis::StatedElseParticipating | QuorumBasis::StatedElsePresumed, Some(present))
                if threshold.weight.is_empty() =>
            {
                (self.compare(threshold, u128::from(present)), Known::AsStated)
            }
            (QuorumBasis::StatedElsePresumed, None) if threshold.weight.is_empty() => {
                (Figures { passed: self.tally.any_ballot(), ..self.measure(threshold) }, Known::Presumed)
            }
            _ => (self.measure(threshold), Known::ByBallots),
        }
    }

    /// The ballots that a threshold counts, against its bar.
    fn measure(&self, threshold: &Threshold) -> Figures {
        self.compare(threshold, threshold.counted(&self.tally.of(&threshold.weight)))
    }

    fn compare(&self, threshold: &Threshold, counted: u128) -> Figures {
        let Threshold { comparison, .. } = *threshold;
        match threshold.bar {
            Bar::Count(count) => {
                let count = u128::from(count);
                let needed = bar_to_clear(comparison, 1, 1, count);
                Figures { counted, needed, base: 0, passed: passes(comparison, &counted, &count) }
            }
            Bar::Share(Share { numerator, denominator, base }) => {
                let base = self.base(base, &self.tally.of(&threshold.weight));
                let (p, q) = (u128::from(numerator), u128::from(denominator));
                let needed = bar_to_clear(comparison, p, q, base);
                let passed = base > 0 && passes(comparison, &(counted * q), &(p * base));
                Figures { counted, needed, base, passed }
            }
        }
    }

    /// What a base comes to in these counts.
    pub(super) fn base(&self, base: Base, counts: &Counts) -> u128 {
        match base {
            Base::Seats => u128::from(self.seats),
            Base::Members => u128::from(self.members),
            Base::Roll => counts.roll(),
            Base::Participating => counts.participating(),
            Base::PresentAndVoting => counts.present_and_voting(),
            Base::Cast => counts.cast(),
        }
    }
}

/// Whether a comparison holds.
pub(super) fn passes<T: Ord>(comparison: Comparison, left: &T, right: &T) -> bool {
    match comparison {
        Comparison::AtLeast => left >= right,
        Comparison::MoreThan => left > right,
        Comparison::AtMost => left <= right,
        Comparison::LessThan => left < right,
    }
}

/// The least count that passes `p/q` of `base`, or for a limit the most.
fn bar_to_clear(comparison: Comparison, p: u128, q: u128, base: u128) -> u128 {
    match comparison {
        Comparison::AtLeast => (p * base).div_ceil(q),
        Comparison::MoreThan => p * base / q + 1,
        Comparison::AtMost => p * base / q,
        Comparison::LessThan => (p * base).div_ceil(q).saturating_sub(1),
    }
}
