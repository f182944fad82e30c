//! What a rule makes of a tally: quorum, then requirements, then veto, in exact integers.

use super::rule::{Bar, Base, Comparison, Quorum, QuorumBasis, Requirement, Rule, Share, Threshold, TieBreak};
use super::{Choice, Counts, Criterion, Outcome, Tally, Verdict};

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

impl Rule {
    /// Judges a tally. Quorum comes first, then the requirements, then the veto (UN practice: below the number of
    /// affirmative votes that is needed, a vote against by a permanent member is not called a veto).
    #[must_use]
    pub fn judge(&self, facts: &Facts) -> Verdict {
        let quorum = self.quorum.as_ref().map_or_else(Vec::new, |quorum| facts.measure_quorum(quorum));
        let required: Vec<Vec<Criterion>> = self.requirements.iter().map(|one| facts.measure_all(one)).collect();
        let met: Vec<bool> = required.iter().map(|one| one.iter().any(|criterion| criterion.passed)).collect();

        let carried = !met.iter().all(|met| *met) && self.casting_vote_carries(facts, &met);
        let outcome = if !facts.tally.any_ballot() {
            if self.quorum.is_some() { Outcome::NoQuorum } else { Outcome::NotAdopted }
        } else if quorum.iter().any(|criterion| !criterion.passed) {
            Outcome::NoQuorum
        } else if met.iter().all(|met| *met) || carried {
            if facts.vetoes.is_empty() || self.veto.is_none() { Outcome::Adopted } else { Outcome::Vetoed }
        } else {
            self.unless_tied(facts, &met)
        };

        let vetoed_by = if outcome == Outcome::Vetoed { facts.vetoes.clone() } else { Vec::new() };
        let summary = match (outcome, carried) {
            (Outcome::Adopted, true) => format!("Adopted by the casting vote: {}.", self.figures(&required)),
            _ => self.summary(facts, outcome, &quorum, &required),
        };
        let criteria = quorum.into_iter().chain(required.into_iter().flatten()).collect();
        Verdict { outcome, summary, criteria, vetoed_by }
    }

    /// The one requirement that fails, where it is a simple majority missed by equal counts above zero.
    fn tied(&self, facts: &Facts, met: &[bool]) -> Option<Counts> {
        let mut failing = self.requirements.iter().zip(met).filter(|(_, met)| !**met).map(|(one, _)| one);
        let (Some(Requirement::Threshold(threshold)), None) = (failing.next(), failing.next()) else { return None };
        let counts = facts.tally.of(&threshold.weight);
        (threshold.is_simple_majority() && counts.yes == counts.no && counts.yes > 0).then_some(counts)
    }

    fn casting_vote_carries(&self, facts: &Facts, met: &[bool]) -> bool {
        self.tie_break == TieBreak::CastingVote
            && facts.casting_vote == Some(Choice::Yes)
            && self.tied(facts, met).is_some()
    }

    fn unless_tied(&self, facts: &Facts, met: &[bool]) -> Outcome {
        match (self.tie_break, self.tied(facts, met)) {
            (TieBreak::CastingVote, Some(_)) if facts.casting_vote.is_none() => Outcome::AwaitingCastingVote,
            (TieBreak::Revote, Some(_)) if !facts.second_vote => Outcome::RevoteDue,
            _ => Outcome::NotAdopted,
        }
    }

    fn summary(&self, facts: &Facts, outcome: Outcome, quorum: &[Criterion], required: &[Vec<Criterion>]) -> String {
        match outcome {
            Outcome::NoQuorum if !facts.tally.any_ballot() => "No quorum: no ballot was cast.".into(),
            Outcome::NotAdopted if !facts.tally.any_ballot() => "Not adopted: no ballot was cast.".into(),
            Outcome::NoQuorum => {
                let short = quorum.iter().find(|criterion| !criterion.passed);
                let present =
                    if facts.members_present.is_some() && self.counts_stated() { "present" } else { "taking part" };
                let figures =
                    short.map_or_else(String::new, |c| format!("{} {present}; {} needed", c.counted, c.needed));
                format!("No quorum: {figures}.")
            }
            Outcome::Adopted => format!("Adopted: {}.", self.figures(required)),
            Outcome::NotAdopted => format!("Not adopted: {}.", self.figures(required)),
            Outcome::Vetoed => {
                let group = self.veto.as_ref().map_or("", |veto| veto.group.as_str());
                let who = match facts.vetoes.as_slice() {
                    [_] => format!("the negative vote of a {group} member"),
                    many => format!("the negative votes of {} {group} members", many.len()),
                };
                format!("Not adopted, owing to {who}: {}.", self.figures(required))
            }
            Outcome::AwaitingCastingVote => {
                format!("Equal: {}; the presiding officer may give a casting vote.", self.figures(required))
            }
            Outcome::RevoteDue => format!("Equal: {}; a second vote is due.", self.figures(required)),
            Outcome::AdoptedWithoutVote => Verdict::without_vote().summary,
        }
    }

    fn counts_stated(&self) -> bool {
        self.quorum.as_ref().is_some_and(|quorum| quorum.basis != QuorumBasis::Participating)
    }

    /// The figures of the requirement that tells: the first that is not met, else the first.
    fn figures(&self, required: &[Vec<Criterion>]) -> String {
        let met = |criteria: &Vec<Criterion>| criteria.iter().any(|criterion| criterion.passed);
        let telling = required.iter().position(|one| !met(one)).unwrap_or(0);
        let telling = self.requirements.get(telling).zip(required.get(telling));
        telling.map_or_else(String::new, |(requirement, criteria)| {
            let best = criteria.iter().position(|criterion| criterion.passed).unwrap_or(0);
            in_words(&requirement.thresholds()[best], &criteria[best])
        })
    }
}

/// "143 of 148 present and voting in favour; 99 needed"
fn in_words(threshold: &Threshold, criterion: &Criterion) -> String {
    let Criterion { counted, needed, base, .. } = criterion;
    if let Bar::Share(share) = threshold.bar
        && *base == 0
    {
        return nothing_to_measure_by(share.base).to_owned();
    }
    let of_base = match threshold.bar {
        Bar::Count(_) => String::new(),
        Bar::Share(share) => match share.base {
            Base::Seats => format!(" of {base} seats"),
            Base::Members => format!(" of {base} members"),
            Base::Roll => format!(" of {base} entitled to vote"),
            Base::Participating => format!(" of {base} taking part"),
            Base::PresentAndVoting => format!(" of {base} present and voting"),
            Base::Cast => format!(" of {base} cast"),
        },
    };
    let choices: Vec<_> = threshold.choices.iter().map(ToString::to_string).collect();
    let weight = if threshold.weight.is_empty() { String::new() } else { format!(" by {}", threshold.weight) };
    let limit = match threshold.comparison {
        Comparison::AtLeast | Comparison::MoreThan => "needed",
        Comparison::AtMost | Comparison::LessThan => "at most",
    };
    format!("{counted}{of_base} {}{weight}; {needed} {limit}", choices.join(" or "))
}

/// An empty base satisfies no share.
fn nothing_to_measure_by(base: Base) -> &'static str {
    match base {
        Base::Seats | Base::Members => "the body has no members",
        Base::Roll => "no one was entitled to vote",
        Base::Participating => "no one took part",
        Base::PresentAndVoting => "no one voted for or against",
        Base::Cast => "no ballot was cast",
    }
}

impl Facts<'_> {
    fn measure_all(&self, requirement: &Requirement) -> Vec<Criterion> {
        let either = matches!(requirement, Requirement::AnyOf(_));
        let measure = |(at, threshold): (usize, &Threshold)| {
            let mut criterion = self.measure(threshold, threshold.counted(&self.tally.of(&threshold.weight)));
            if either {
                criterion.text = format!("{} {}", if at == 0 { "either" } else { "or" }, criterion.text);
            }
            criterion
        };
        requirement.thresholds().iter().enumerate().map(measure).collect()
    }

    fn measure_quorum(&self, quorum: &Quorum) -> Vec<Criterion> {
        let measure = |threshold: &Threshold| {
            let ballots = threshold.counted(&self.tally.of(&threshold.weight));
            match (quorum.basis, self.members_present) {
                (QuorumBasis::Participating, _) | (QuorumBasis::StatedElseParticipating, None) => {
                    let criterion = self.measure(threshold, ballots);
                    Criterion { text: format!("quorum: {}", criterion.text), ..criterion }
                }
                (_, Some(present)) => {
                    let criterion = self.measure(threshold, u128::from(present));
                    Criterion {
                        text: format!("quorum: {}, members present as stated", bar_words(threshold)),
                        ..criterion
                    }
                }
                (QuorumBasis::StatedElsePresumed, None) => {
                    let criterion = self.measure(threshold, ballots);
                    let text = format!("quorum: {}, presumed since presence was not stated", bar_words(threshold));
                    Criterion { text, passed: self.tally.any_ballot(), ..criterion }
                }
            }
        };
        quorum.thresholds.iter().map(measure).collect()
    }

    fn measure(&self, threshold: &Threshold, counted: u128) -> Criterion {
        let (base, needed, passed) = match threshold.bar {
            Bar::Count(count) => {
                let needed = bar_to_clear(threshold.comparison, 1, 1, u128::from(count));
                (0, needed, passes(threshold.comparison, counted, u128::from(count)))
            }
            Bar::Share(Share { numerator, denominator, base }) => {
                let base = self.base(base, &threshold.weight);
                let (p, q) = (u128::from(numerator), u128::from(denominator));
                let needed = bar_to_clear(threshold.comparison, p, q, base);
                (base, needed, base > 0 && passes(threshold.comparison, counted * q, p * base))
            }
        };
        Criterion {
            text: threshold.to_string(),
            counted: shown(counted),
            needed: shown(needed),
            base: shown(base),
            passed,
        }
    }

    fn base(&self, base: Base, weight: &str) -> u128 {
        let counts = self.tally.of(weight);
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

/// "more than 1/2 of all members", without what is counted.
fn bar_words(threshold: &Threshold) -> String {
    match threshold.bar {
        Bar::Count(count) => format!("{} {count}", threshold.comparison),
        Bar::Share(Share { numerator, denominator, base }) => {
            format!("{} {numerator}/{denominator} of {base}", threshold.comparison)
        }
    }
}

fn passes(comparison: Comparison, left: u128, right: u128) -> bool {
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

/// A figure as a verdict shows it. Sums are bounded at the edge, so that nothing is cut off in practice.
fn shown(figure: u128) -> u64 {
    u64::try_from(figure).unwrap_or(u64::MAX)
}
