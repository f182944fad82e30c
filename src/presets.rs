//! The named rules of real bodies, read from `rules/*.toml`. Knows nothing of how they are asked for.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::{
    Bar, Base, Choice, Comparison, Quorum, QuorumBasis, Requirement, Rule, Share, Threshold, TieBreak, Veto,
};

/// The files that come with the service.
const FILES: [(&str, &str); 1] = [("rules/un.toml", include_str!("../rules/un.toml"))];

/// The named rules.
#[derive(Debug)]
pub struct Presets(BTreeMap<String, Rule>);

/// A file of rules does not hold.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct PresetError {
    file: &'static str,
    problem: String,
}

impl Presets {
    /// The rules that come with the service.
    ///
    /// # Errors
    /// Where a file does not hold, with the file, the rule and the reason.
    pub fn built_in() -> Result<Self, PresetError> {
        let mut presets = BTreeMap::new();
        for (file, text) in FILES {
            let error = |problem: String| PresetError { file, problem };
            let rules: RulesFile = toml::from_str(text).map_err(|e| error(e.to_string()))?;
            for written in rules.rule {
                let name = written.name.clone();
                let rule = Rule::try_from(written).map_err(|problem| error(format!("{name}: {problem}")))?;
                if presets.insert(name.clone(), rule).is_some() {
                    return Err(error(format!("{name} is there twice")));
                }
            }
        }
        Ok(Self(presets))
    }

    /// A named rule, filled in.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Rule> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.values()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    rule: Vec<WrittenRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    name: String,
    basis: String,
    quorum: Option<WrittenQuorum>,
    requirements: Vec<WrittenRequirement>,
    veto: Option<WrittenVeto>,
    tie_break: Option<WrittenTieBreak>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenQuorum {
    basis: WrittenQuorumBasis,
    thresholds: Vec<WrittenThreshold>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenRequirement {
    AnyOf { any_of: Vec<WrittenThreshold> },
    Threshold(WrittenThreshold),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenThreshold {
    choices: Vec<WrittenChoice>,
    #[serde(default)]
    weight: String,
    comparison: WrittenComparison,
    count: Option<u64>,
    share: Option<(u32, u32)>,
    of: Option<WrittenBase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenVeto {
    group: String,
    choice: WrittenChoice,
}

macro_rules! written {
    ($written:ident => $domain:ident { $($variant:ident),* }) => {
        #[derive(Clone, Copy, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum $written { $($variant),* }

        impl From<$written> for $domain {
            fn from(written: $written) -> Self {
                match written { $($written::$variant => $domain::$variant),* }
            }
        }
    };
}

written!(WrittenChoice => Choice { Yes, No, Abstain, Present, NotVoting });
written!(WrittenBase => Base { Seats, Members, Roll, Participating, PresentAndVoting, Cast });
written!(WrittenComparison => Comparison { AtLeast, MoreThan, AtMost, LessThan });
written!(WrittenQuorumBasis => QuorumBasis { Participating, StatedElseParticipating, StatedElsePresumed });
written!(WrittenTieBreak => TieBreak { CastingVote, Revote });

impl TryFrom<WrittenRule> for Rule {
    type Error = String;

    fn try_from(written: WrittenRule) -> Result<Self, String> {
        let quorum = written.quorum.map(|quorum| {
            Ok::<_, String>(Quorum { basis: quorum.basis.into(), thresholds: thresholds(quorum.thresholds)? })
        });
        let requirement = |written| {
            Ok::<_, String>(match written {
                WrittenRequirement::AnyOf { any_of } => Requirement::AnyOf(thresholds(any_of)?),
                WrittenRequirement::Threshold(threshold) => Requirement::Threshold(threshold.try_into()?),
            })
        };
        let rule = Rule {
            preset: written.name,
            basis: written.basis,
            quorum: quorum.transpose()?,
            requirements: written.requirements.into_iter().map(requirement).collect::<Result<_, _>>()?,
            veto: written.veto.map(|veto| Veto { group: veto.group, choice: veto.choice.into() }),
            tie_break: written.tie_break.map_or(TieBreak::None, TieBreak::from),
        };
        match rule.faults().into_iter().next() {
            None => Ok(rule),
            Some(fault) => Err(format!("{} {}", fault.field, fault.problem)),
        }
    }
}

impl TryFrom<WrittenThreshold> for Threshold {
    type Error = String;

    fn try_from(written: WrittenThreshold) -> Result<Self, String> {
        let bar = match (written.count, written.share, written.of) {
            (Some(count), None, None) => Bar::Count(count),
            (None, Some((numerator, denominator)), Some(base)) => {
                Bar::Share(Share { numerator, denominator, base: base.into() })
            }
            _ => return Err("a threshold needs either `count`, or `share` and `of`".into()),
        };
        let choices = written.choices.into_iter().map(Choice::from).collect();
        Ok(Threshold { choices, weight: written.weight, comparison: written.comparison.into(), bar })
    }
}

fn thresholds(written: Vec<WrittenThreshold>) -> Result<Vec<Threshold>, String> {
    written.into_iter().map(Threshold::try_from).collect()
}
