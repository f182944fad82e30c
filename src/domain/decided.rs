//! Whether the ballots still out can change the outcome, each ballot that stands held. It tries the ballots that go furthest,
//! and proves by the bounds of each criterion; the time it takes does not grow with the roll.

use super::judge::passes;
use super::rule::{Bar, QuorumBasis, Requirement, Rule, Share, Threshold, TieBreak};
use super::{Choice, Counts, Decidedness, Facts, Outcome};

const CHOICES: [Choice; 5] = [Choice::Yes, Choice::No, Choice::Abstain, Choice::Present, Choice::NotVoting];

impl Rule {
    /// Whether those who have no ballot, in `facts.tally` the members not voting, can change the outcome: each may cast any
    /// choice, or none. `veto_out`: one of them is in the group with the veto. No casting vote has been given yet.
    ///
    /// `Open` is said where ballots are found that change it, `Certain` where none can be. One of the two is always found where
    /// "yes" helps every criterion most, and "no" the quorum as much and the requirements least, less even than an empty base,
    /// and where "no" is what blocks and ties are of heads: so in every named rule.
    #[must_use]
    pub fn decidedness(&self, facts: &Facts, veto_out: bool) -> Decidedness {
        if facts.tally.heads.not_voting == 0 {
            return Decidedness::Certain;
        }
        let outcome = self.weigh(facts).outcome;
        if CHOICES.iter().any(|choice| self.if_all(*choice, facts, veto_out) != outcome) {
            return Decidedness::Open;
        }
        let possible = Bounds { rule: self, facts }.outcomes();
        let certain = possible.iter().all(|other| *other == outcome);
        if certain { Decidedness::Certain } else { Decidedness::Undetermined }
    }

    /// What comes of it if all who are out choose the same.
    fn if_all(&self, choice: Choice, facts: &Facts, veto_out: bool) -> Outcome {
        let mut tally = facts.tally.clone();
        tally.fill(choice);
        let blocks = veto_out && self.veto.as_ref().is_some_and(|veto| veto.choice == choice);
        let vetoes = if blocks { vec![String::new()] } else { facts.vetoes.clone() };
        self.weigh(&Facts { tally: &tally, vetoes, ..*facts }).outcome
    }
}

/// What a criterion can come to, whatever the ballots still out are.
#[derive(Clone, Copy)]
struct Reach {
    can_pass: bool,
    can_fail: bool,
}

/// The bounds of each criterion by itself. Taken together they allow at least what the ballots still out can do.
struct Bounds<'a> {
    rule: &'a Rule,
    facts: &'a Facts<'a>,
}

impl Bounds<'_> {
    /// All outcomes that the bounds allow.
    fn outcomes(&self) -> Vec<Outcome> {
        let mut possible = Vec::new();
        if !self.facts.tally.any_ballot() {
            possible.push(if self.rule.quorum.is_some() { Outcome::NoQuorum } else { Outcome::NotAdopted });
        }
        let quorum = self.quorum();
        if quorum.iter().any(|reach| reach.can_fail) {
            possible.push(Outcome::NoQuorum);
        }
        if quorum.iter().all(|reach| reach.can_pass) {
            self.with_quorum(&mut possible);
        }
        possible
    }

    /// A veto that is out is no bound: what is adopted while one is out can be vetoed, as was tried.
    fn with_quorum(&self, possible: &mut Vec<Outcome>) {
        let requirements: Vec<Reach> = self.rule.requirements.iter().map(|one| self.requirement(one)).collect();
        if requirements.iter().all(|reach| reach.can_pass) {
            let vetoed = self.rule.veto.is_some() && !self.facts.vetoes.is_empty();
            possible.push(if vetoed { Outcome::Vetoed } else { Outcome::Adopted });
        }
        if requirements.iter().any(|reach| reach.can_fail) {
            possible.push(Outcome::NotAdopted);
            if (0..requirements.len()).any(|at| self.can_tie(&requirements, at)) {
                possible.extend(match self.rule.tie_break {
                    TieBreak::CastingVote => Some(Outcome::AwaitingCastingVote),
                    TieBreak::Revote if !self.facts.second_vote => Some(Outcome::RevoteDue),
                    TieBreak::Revote | TieBreak::None => None,
                });
            }
        }
    }

    /// Whether a requirement can fail by equal counts while all others pass.
    fn can_tie(&self, requirements: &[Reach], at: usize) -> bool {
        let Requirement::Threshold(threshold) = &self.rule.requirements[at] else { return false };
        let Counts { yes, no, not_voting, .. } = self.facts.tally.of(&threshold.weight);
        let others = requirements.iter().enumerate().filter(|(other, _)| *other != at);
        threshold.is_simple_majority()
            && yes.abs_diff(no) <= not_voting
            && others.into_iter().all(|(_, one)| one.can_pass)
    }

    fn requirement(&self, requirement: &Requirement) -> Reach {
        let reaches: Vec<Reach> = requirement.thresholds().iter().map(|one| self.threshold(one, None)).collect();
        let can_pass = reaches.iter().any(|reach| reach.can_pass);
        Reach { can_pass, can_fail: reaches.iter().all(|reach| reach.can_fail) }
    }

    /// The thresholds of the quorum, some ballot having been cast.
    fn quorum(&self) -> Vec<Reach> {
        let Some(quorum) = &self.rule.quorum else { return Vec::new() };
        let by_ballots =
            |threshold: &Threshold| quorum.basis == QuorumBasis::Participating || !threshold.weight.is_empty();
        let each = |threshold: &Threshold| match (quorum.basis, self.facts.members_present) {
            _ if by_ballots(threshold) => self.threshold(threshold, None),
            (QuorumBasis::StatedElsePresumed, None) => Reach { can_pass: true, can_fail: false },
            (_, stated) => self.threshold(threshold, stated),
        };
        quorum.thresholds.iter().map(each).collect()
    }

    /// `count * denominator - numerator * base` is a sum over members, so that it is least and greatest where all who are out
    /// choose the same. What was stated is counted in place of the ballots.
    fn threshold(&self, threshold: &Threshold, stated: Option<u64>) -> Reach {
        let counts = self.facts.tally.of(&threshold.weight);
        let (p, q, base) = match threshold.bar {
            Bar::Count(count) => (i128::from(count), 1, None),
            Bar::Share(Share { numerator, denominator, base }) => {
                (i128::from(numerator), i128::from(denominator), Some(base))
            }
        };
        let with = |choice: Choice| {
            let mut filled = counts;
            filled.fill(choice);
            let of = base.map_or(1, |base| signed(self.facts.base(base, &filled)));
            let counted = stated.map_or_else(|| threshold.counted(&filled), u128::from);
            (q * signed(counted) - p * of, of)
        };
        let all = CHOICES.map(with);
        let least = all.iter().map(|(over, _)| *over).min().unwrap_or(0);
        let most = all.iter().map(|(over, _)| *over).max().unwrap_or(0);
        let empty = all.iter().any(|(_, of)| *of == 0);
        let filled = all.iter().any(|(_, of)| *of > 0);
        let met = |over: i128| passes(threshold.comparison, &over, &0);
        Reach { can_pass: filled && (met(least) || met(most)), can_fail: empty || !(met(least) && met(most)) }
    }
}

/// Sums over a roll are below 2^63.
fn signed(figure: u128) -> i128 {
    i128::try_from(figure).unwrap_or(i128::MAX)
}
