//! Rules, and what they say of a tally.

use super::malformed::Fields;
use crate::domain::limits::MAX_REQUIREMENTS;
use crate::domain::{
    Bar, Base, Choice, Comparison, Criterion, Decidedness, MemberShare, Outcome, Quorum, QuorumBasis, Requirement,
    Rule, Share, Threshold, TieBreak, Verdict, Veto,
};
use crate::proto;

/// What the name of a rule must be.
pub(super) const UNKNOWN: &str = "must be the name of a rule; ListRules lists them";

/// Reads the rule of a request, with a named one looked up.
pub(super) fn read(
    fields: &mut Fields,
    field: &str,
    rule: Option<proto::Rule>,
    find: impl Fn(&str) -> Option<Rule>,
) -> Option<Rule> {
    let Some(rule) = rule else {
        fields.note_rule(field, "must be set: a preset, or requirements written out");
        return None;
    };
    let preset = rule.preset.clone();
    if !preset.is_empty() {
        let known = find(&preset);
        if rule != (proto::Rule { preset, ..proto::Rule::default() }) {
            fields.note_rule(&format!("{field}.preset"), "must stand alone: the server fills in the rest");
        } else if known.is_none() {
            fields.note_rule(&format!("{field}.preset"), UNKNOWN);
        } else {
            return known;
        }
        return None;
    }
    let (written, mut faults) = written(rule);
    for fault in written.faults() {
        // Where a part could not be read, what is said of the part that stands in for it helps no one.
        if !faults.0.iter().any(|(field, _)| fault.field.starts_with(field.as_str())) {
            faults.0.push((fault.field, fault.problem));
        }
    }
    for (within, problem) in &faults.0 {
        fields.note_rule(&format!("{field}.{within}"), problem);
    }
    faults.0.is_empty().then_some(written)
}

/// Parts of a list that are read: one more than may be there, so that too many are noticed.
const READ_AT_MOST: usize = MAX_REQUIREMENTS + 1;

/// Where a rule's encoding is wrong, and what it must be.
#[derive(Default)]
struct Faults(Vec<(String, &'static str)>);

impl Faults {
    /// The value of a field; where it has none, notes why and lets `other` stand in for it, so that the rest can be read.
    fn or<T>(&mut self, value: Option<T>, field: String, problem: &'static str, other: T) -> T {
        value.unwrap_or_else(|| {
            self.0.push((field, problem));
            other
        })
    }
}

fn written(rule: proto::Rule) -> (Rule, Faults) {
    let mut faults = Faults::default();
    let tie_break = match proto::TieBreak::try_from(rule.tie_break) {
        Ok(proto::TieBreak::Unspecified) => Some(TieBreak::None),
        Ok(proto::TieBreak::CastingVote) => Some(TieBreak::CastingVote),
        Ok(proto::TieBreak::Revote) => Some(TieBreak::Revote),
        Err(_) => None,
    };
    let tie_break = faults.or(tie_break, "tie_break".into(), "must be a TieBreak", TieBreak::None);
    let quorum = rule.quorum.map(|asked| quorum(&mut faults, asked));
    let requirements = rule.requirements.into_iter().take(READ_AT_MOST).enumerate();
    let requirements = requirements.map(|(at, one)| requirement(&mut faults, format!("requirements[{at}]"), one));
    let requirements = requirements.collect();
    let veto = rule.veto.map(|veto| {
        let choice = faults.or(choice(veto.choice()), "veto.choice".into(), "must be a Choice", Choice::No);
        Veto { group: veto.group, choice }
    });
    (Rule { preset: rule.preset, basis: rule.basis, quorum, requirements, veto, tie_break }, faults)
}

fn requirement(faults: &mut Faults, field: String, asked: proto::Requirement) -> Requirement {
    match asked.kind {
        Some(proto::requirement::Kind::Threshold(one)) => {
            Requirement::Threshold(threshold(faults, &format!("{field}.threshold"), one))
        }
        Some(proto::requirement::Kind::AnyOf(any)) => {
            Requirement::AnyOf(thresholds(faults, &format!("{field}.any_of.thresholds"), any.thresholds))
        }
        None => faults.or(None, field, "must set threshold or any_of", Requirement::AnyOf(Vec::new())),
    }
}

fn quorum(faults: &mut Faults, asked: proto::Quorum) -> Quorum {
    let basis = match asked.basis() {
        proto::quorum::Basis::Participating => Some(QuorumBasis::Participating),
        proto::quorum::Basis::StatedElseParticipating => Some(QuorumBasis::StatedElseParticipating),
        proto::quorum::Basis::StatedElsePresumed => Some(QuorumBasis::StatedElsePresumed),
        proto::quorum::Basis::Unspecified => None,
    };
    let basis = faults.or(basis, "quorum.basis".into(), "must be a Basis", QuorumBasis::Participating);
    Quorum { basis, thresholds: thresholds(faults, "quorum.thresholds", asked.thresholds) }
}

fn thresholds(faults: &mut Faults, field: &str, asked: Vec<proto::Threshold>) -> Vec<Threshold> {
    asked
        .into_iter()
        .take(READ_AT_MOST)
        .enumerate()
        .map(|(at, one)| threshold(faults, &format!("{field}[{at}]"), one))
        .collect()
}

fn threshold(faults: &mut Faults, field: &str, asked: proto::Threshold) -> Threshold {
    let comparison = match asked.comparison() {
        proto::Comparison::AtLeast => Some(Comparison::AtLeast),
        proto::Comparison::MoreThan => Some(Comparison::MoreThan),
        proto::Comparison::AtMost => Some(Comparison::AtMost),
        proto::Comparison::LessThan => Some(Comparison::LessThan),
        proto::Comparison::Unspecified => None,
    };
    let comparison = faults.or(comparison, format!("{field}.comparison"), "must be a Comparison", Comparison::AtLeast);
    // Each as it came: the accessor of a repeated enum leaves out what it does not know.
    let choices = asked.choices.iter().map(|one| proto::Choice::try_from(*one).ok().and_then(choice)).collect();
    let choices =
        faults.or(choices, format!("{field}.choices"), "must be choices, none of them unspecified", Vec::new());
    let bar = match asked.bar {
        Some(proto::threshold::Bar::Count(count)) => Some(Bar::Count(count)),
        Some(proto::threshold::Bar::Share(share)) => {
            let base = faults.or(base(share.base()), format!("{field}.share.base"), "must be a Base", Base::Roll);
            Some(Bar::Share(Share { numerator: share.numerator, denominator: share.denominator, base }))
        }
        None => None,
    };
    let bar = faults.or(bar, format!("{field}.bar"), "must set count or share", Bar::Count(0));
    Threshold { choices, weight: asked.weight, comparison, bar }
}

fn base(base: proto::Base) -> Option<Base> {
    Some(match base {
        proto::Base::Seats => Base::Seats,
        proto::Base::Members => Base::Members,
        proto::Base::Roll => Base::Roll,
        proto::Base::Participating => Base::Participating,
        proto::Base::PresentAndVoting => Base::PresentAndVoting,
        proto::Base::Cast => Base::Cast,
        proto::Base::Unspecified => return None,
    })
}

/// A choice; none where it is not set.
#[must_use]
pub fn choice(choice: proto::Choice) -> Option<Choice> {
    Some(match choice {
        proto::Choice::Yes => Choice::Yes,
        proto::Choice::No => Choice::No,
        proto::Choice::Abstain => Choice::Abstain,
        proto::Choice::Present => Choice::Present,
        proto::Choice::NotVoting => Choice::NotVoting,
        proto::Choice::Unspecified => return None,
    })
}

impl From<Choice> for proto::Choice {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Yes => Self::Yes,
            Choice::No => Self::No,
            Choice::Abstain => Self::Abstain,
            Choice::Present => Self::Present,
            Choice::NotVoting => Self::NotVoting,
        }
    }
}

/// A rule of the record, which was sound when it was recorded.
pub(super) fn recorded(rule: proto::Rule) -> Result<Rule, String> {
    let (rule, faults) = written(rule);
    faults.0.first().map_or(Ok(rule), |(field, problem)| Err(format!("rule.{field} {problem}")))
}

impl From<&Rule> for proto::Rule {
    fn from(rule: &Rule) -> Self {
        let quorum = |quorum: &Quorum| proto::Quorum {
            basis: match quorum.basis {
                QuorumBasis::Participating => proto::quorum::Basis::Participating,
                QuorumBasis::StatedElseParticipating => proto::quorum::Basis::StatedElseParticipating,
                QuorumBasis::StatedElsePresumed => proto::quorum::Basis::StatedElsePresumed,
            }
            .into(),
            thresholds: quorum.thresholds.iter().map(Into::into).collect(),
        };
        let veto =
            |veto: &Veto| proto::Veto { group: veto.group.clone(), choice: proto::Choice::from(veto.choice).into() };
        let tie_break = match rule.tie_break {
            TieBreak::None => proto::TieBreak::Unspecified,
            TieBreak::CastingVote => proto::TieBreak::CastingVote,
            TieBreak::Revote => proto::TieBreak::Revote,
        };
        Self {
            preset: rule.preset.clone(),
            basis: rule.basis.clone(),
            quorum: rule.quorum.as_ref().map(quorum),
            requirements: rule.requirements.iter().map(Into::into).collect(),
            veto: rule.veto.as_ref().map(veto),
            tie_break: tie_break.into(),
        }
    }
}

impl From<&Requirement> for proto::Requirement {
    fn from(requirement: &Requirement) -> Self {
        let kind = match requirement {
            Requirement::Threshold(threshold) => proto::requirement::Kind::Threshold(threshold.into()),
            Requirement::AnyOf(thresholds) => {
                let thresholds = thresholds.iter().map(Into::into).collect();
                proto::requirement::Kind::AnyOf(proto::AnyOf { thresholds })
            }
        };
        Self { kind: Some(kind) }
    }
}

impl From<&Threshold> for proto::Threshold {
    fn from(threshold: &Threshold) -> Self {
        let comparison = match threshold.comparison {
            Comparison::AtLeast => proto::Comparison::AtLeast,
            Comparison::MoreThan => proto::Comparison::MoreThan,
            Comparison::AtMost => proto::Comparison::AtMost,
            Comparison::LessThan => proto::Comparison::LessThan,
        };
        let base = |base: Base| match base {
            Base::Seats => proto::Base::Seats,
            Base::Members => proto::Base::Members,
            Base::Roll => proto::Base::Roll,
            Base::Participating => proto::Base::Participating,
            Base::PresentAndVoting => proto::Base::PresentAndVoting,
            Base::Cast => proto::Base::Cast,
        };
        let bar = match threshold.bar {
            Bar::Count(count) => proto::threshold::Bar::Count(count),
            Bar::Share(share) => proto::threshold::Bar::Share(proto::Share {
                numerator: share.numerator,
                denominator: share.denominator,
                base: base(share.base).into(),
            }),
        };
        Self {
            choices: threshold.choices.iter().map(|choice| proto::Choice::from(*choice).into()).collect(),
            weight: threshold.weight.clone(),
            comparison: comparison.into(),
            bar: Some(bar),
        }
    }
}

impl From<Outcome> for proto::Outcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Adopted => Self::Adopted,
            Outcome::NotAdopted => Self::NotAdopted,
            Outcome::Vetoed => Self::Vetoed,
            Outcome::NoQuorum => Self::NoQuorum,
            Outcome::AwaitingCastingVote => Self::AwaitingCastingVote,
            Outcome::RevoteDue => Self::RevoteDue,
            Outcome::AdoptedWithoutVote => Self::AdoptedWithoutVote,
        }
    }
}

impl From<Verdict> for proto::Verdict {
    fn from(verdict: Verdict) -> Self {
        let criterion = |criterion: Criterion| proto::Criterion {
            text: criterion.text,
            counted: criterion.counted,
            needed: criterion.needed,
            base: criterion.base,
            passed: criterion.passed,
            at_most: criterion.at_most,
            presumed: criterion.presumed,
        };
        let share = |share: MemberShare| proto::MemberShare {
            choice: share.choice.map_or(proto::Choice::Unspecified, Into::into).into(),
            count: share.count,
            members: share.members,
            per_mille: share.per_mille,
            fraction: share.fraction,
            text: share.text,
        };
        let decidedness = match verdict.decidedness {
            None => proto::Decidedness::Unspecified,
            Some(Decidedness::Open) => proto::Decidedness::Open,
            Some(Decidedness::Certain) => proto::Decidedness::Certain,
            Some(Decidedness::Undetermined) => proto::Decidedness::Undetermined,
        };
        Self {
            outcome: proto::Outcome::from(verdict.outcome).into(),
            summary: verdict.summary,
            criteria: verdict.criteria.into_iter().map(criterion).collect(),
            vetoed_by: verdict.vetoed_by,
            decidedness: decidedness.into(),
            membership: verdict.membership.into_iter().map(share).collect(),
        }
    }
}
