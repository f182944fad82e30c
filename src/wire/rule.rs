//! Rules, and what they say of a tally.

use super::malformed::{Fields, Malformed};
use crate::domain::{
    Bar, Base, Choice, Comparison, Criterion, Outcome, Quorum, QuorumBasis, Requirement, Rule, Share, Threshold,
    TieBreak, Verdict, Veto,
};
use crate::proto;

/// A rule as a request has it.
#[derive(Clone, Debug)]
pub enum AskedRule {
    /// A named one, to be filled in.
    Preset(String),
    /// One written out.
    Written(Rule),
}

impl AskedRule {
    /// The rule itself, with a named one looked up.
    ///
    /// # Errors
    /// Where no rule has that name; `field` is where the request names it.
    pub fn fill(self, field: &str, find: impl Fn(&str) -> Option<Rule>) -> Result<Rule, Malformed> {
        match self {
            AskedRule::Written(rule) => Ok(rule),
            AskedRule::Preset(name) => find(&name).ok_or_else(|| {
                Malformed::rule(&format!("{field}.preset"), format!("\"{name}\" names no rule; ListRules lists them"))
            }),
        }
    }
}

/// Reads the rule of a request.
pub(super) fn read(fields: &mut Fields, field: &str, rule: Option<proto::Rule>) -> Option<AskedRule> {
    let Some(rule) = rule else {
        fields.note_rule(field, "must be set: a preset, or requirements written out");
        return None;
    };
    if !rule.preset.is_empty() {
        let alone = proto::Rule { preset: rule.preset.clone(), ..proto::Rule::default() };
        if rule != alone {
            fields.note_rule(&format!("{field}.preset"), "must stand alone: the server fills in the rest");
            return None;
        }
        return Some(AskedRule::Preset(rule.preset));
    }
    let written = written(rule).map_err(|fault| fields.note_rule(&format!("{field}.{}", fault.0), fault.1)).ok()?;
    let faults = written.faults();
    for fault in &faults {
        fields.note_rule(&format!("{field}.{}", fault.field), fault.problem);
    }
    faults.is_empty().then_some(AskedRule::Written(written))
}

/// Where a rule's encoding is wrong, and what it must be.
struct Fault(String, &'static str);

fn written(rule: proto::Rule) -> Result<Rule, Fault> {
    let tie_break = match rule.tie_break() {
        proto::TieBreak::CastingVote => TieBreak::CastingVote,
        proto::TieBreak::Revote => TieBreak::Revote,
        proto::TieBreak::Unspecified if rule.tie_break == 0 => TieBreak::None,
        proto::TieBreak::Unspecified => return Err(Fault("tie_break".into(), "must be a TieBreak")),
    };
    let requirement = |(at, requirement): (usize, proto::Requirement)| {
        let field = format!("requirements[{at}]");
        match requirement.kind {
            Some(proto::requirement::Kind::Threshold(one)) => {
                threshold(&format!("{field}.threshold"), one).map(Requirement::Threshold)
            }
            Some(proto::requirement::Kind::AnyOf(any)) => {
                thresholds(&format!("{field}.any_of.thresholds"), any.thresholds).map(Requirement::AnyOf)
            }
            None => Err(Fault(field, "must set threshold or any_of")),
        }
    };
    let veto = rule.veto.map(|veto| match choice(veto.choice()) {
        Some(choice) => Ok(Veto { group: veto.group, choice }),
        None => Err(Fault("veto.choice".into(), "must be a Choice")),
    });
    Ok(Rule {
        preset: rule.preset,
        basis: rule.basis,
        quorum: rule.quorum.map(quorum).transpose()?,
        requirements: rule.requirements.into_iter().enumerate().map(requirement).collect::<Result<_, _>>()?,
        veto: veto.transpose()?,
        tie_break,
    })
}

fn quorum(quorum: proto::Quorum) -> Result<Quorum, Fault> {
    let basis = match quorum.basis() {
        proto::quorum::Basis::Participating => QuorumBasis::Participating,
        proto::quorum::Basis::StatedElseParticipating => QuorumBasis::StatedElseParticipating,
        proto::quorum::Basis::StatedElsePresumed => QuorumBasis::StatedElsePresumed,
        proto::quorum::Basis::Unspecified => return Err(Fault("quorum.basis".into(), "must be a Basis")),
    };
    Ok(Quorum { basis, thresholds: thresholds("quorum.thresholds", quorum.thresholds)? })
}

fn thresholds(field: &str, written: Vec<proto::Threshold>) -> Result<Vec<Threshold>, Fault> {
    written.into_iter().enumerate().map(|(at, one)| threshold(&format!("{field}[{at}]"), one)).collect()
}

fn threshold(field: &str, written: proto::Threshold) -> Result<Threshold, Fault> {
    let fault = |of: &str, problem| Fault(format!("{field}.{of}"), problem);
    let comparison = match written.comparison() {
        proto::Comparison::AtLeast => Comparison::AtLeast,
        proto::Comparison::MoreThan => Comparison::MoreThan,
        proto::Comparison::AtMost => Comparison::AtMost,
        proto::Comparison::LessThan => Comparison::LessThan,
        proto::Comparison::Unspecified => return Err(fault("comparison", "must be a Comparison")),
    };
    let choices: Option<Vec<Choice>> = written.choices().map(choice).collect();
    let bar = match written.bar {
        Some(proto::threshold::Bar::Count(count)) => Bar::Count(count),
        Some(proto::threshold::Bar::Share(share)) => {
            let base = base(share.base()).ok_or_else(|| fault("share.base", "must be a Base"))?;
            Bar::Share(Share { numerator: share.numerator, denominator: share.denominator, base })
        }
        None => return Err(fault("bar", "must set count or share")),
    };
    let choices = choices.ok_or_else(|| fault("choices", "must be choices, none of them unspecified"))?;
    Ok(Threshold { choices, weight: written.weight, comparison, bar })
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
    written(rule).map_err(|Fault(field, problem)| format!("rule.{field} {problem}"))
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
        };
        Self {
            outcome: proto::Outcome::from(verdict.outcome).into(),
            summary: verdict.summary,
            criteria: verdict.criteria.into_iter().map(criterion).collect(),
            vetoed_by: verdict.vetoed_by,
            decidedness: proto::Decidedness::Unspecified.into(),
        }
    }
}
