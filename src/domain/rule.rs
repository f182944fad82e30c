//! How a tally decides, as data: thresholds on counts, a quorum, a veto, what a tie means.

use std::collections::BTreeSet;
use std::fmt;

use super::limits::{MAX_REQUIREMENTS, MAX_TEXT, is_key, is_weight};
use super::{Choice, Counts};

/// How a tally decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The named rule that it was filled in from; empty for one written out.
    pub preset: String,
    /// The legal basis in words.
    pub basis: String,
    /// Who must take part for a result to exist.
    pub quorum: Option<Quorum>,
    /// All must hold.
    pub requirements: Vec<Requirement>,
    /// Whose contrary ballot blocks a result that otherwise carries.
    pub veto: Option<Veto>,
    /// What equal counts mean.
    pub tie_break: TieBreak,
}

/// One condition for adoption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// A count against a bar.
    Threshold(Threshold),
    /// Holds where at least one of these holds.
    AnyOf(Vec<Threshold>),
}

/// A count against a bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// The choices whose ballots are counted.
    pub choices: Vec<Choice>,
    /// The weight counted; empty for heads.
    pub weight: String,
    /// How the count compares with the bar.
    pub comparison: Comparison,
    /// The bar.
    pub bar: Bar,
}

/// What a count is measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bar {
    /// A fixed number.
    Count(u64),
    /// A share of a base. An empty base satisfies no share.
    Share(Share),
}

/// A fraction of a base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// At most the denominator.
    pub numerator: u32,
    /// Above zero.
    pub denominator: u32,
    /// What it is a fraction of.
    pub base: Base,
}

/// A number that a count is measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// Every seat by statute, vacancies included.
    Seats,
    /// The members that hold a seat.
    Members,
    /// The members entitled to vote.
    Roll,
    /// Yes, no, abstain and present.
    Participating,
    /// Yes and no: "members present and voting" (UN rule 86).
    PresentAndVoting,
    /// Yes, no and abstain.
    Cast,
}

/// How a count is compared with its bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `>=`
    AtLeast,
    /// `>`
    MoreThan,
    /// `<=`
    AtMost,
    /// `<`
    LessThan,
}

/// Who must take part for a result to exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// What is counted.
    pub basis: QuorumBasis,
    /// The bars, all of which must be met.
    pub thresholds: Vec<Threshold>,
}

/// What a quorum counts by head. By weight it always counts the ballots: no one states the weight that is present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuorumBasis {
    /// The ballots: the choices that the thresholds name.
    Participating,
    /// The members present as stated at the opening; where nothing was stated, the ballots.
    StatedElseParticipating,
    /// The members present as stated; where nothing was stated, a quorum is presumed.
    StatedElsePresumed,
}

/// "Including the concurring votes of the permanent members" (UN Charter, Article 27(3)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Veto {
    /// The group whose members hold it.
    pub group: String,
    /// The choice that blocks.
    pub choice: Choice,
}

/// What equal counts mean where more than half of those present and voting was needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TieBreak {
    /// Nothing more: the requirement is not met.
    #[default]
    None,
    /// The presiding officer may give a casting vote.
    CastingVote,
    /// A second vote is due (UN rule 95).
    Revote,
}

/// What is wrong with a rule, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFault {
    /// The field within the rule, e.g. `requirements[0].share.denominator`.
    pub field: String,
    /// What it must be.
    pub problem: &'static str,
}

impl Rule {
    /// A rule of which only the name is known.
    #[must_use]
    pub fn unknown(name: &str) -> Self {
        Self { preset: name.to_owned(), ..Self::default() }
    }

    /// Whether only its name is known: one that is known is filled in.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        !self.preset.is_empty() && self.requirements.is_empty()
    }

    /// The weights that the rule counts, heads aside.
    #[must_use]
    pub fn weights(&self) -> BTreeSet<&str> {
        let quorum = self.quorum.iter().flat_map(|quorum| &quorum.thresholds);
        let required = self.requirements.iter().flat_map(Requirement::thresholds);
        quorum.chain(required).map(|threshold| threshold.weight.as_str()).filter(|weight| !weight.is_empty()).collect()
    }

    /// About how many bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let quorum = self.quorum.iter().flat_map(|quorum| &quorum.thresholds);
        let thresholds = quorum.chain(self.requirements.iter().flat_map(Requirement::thresholds));
        let each = |one: &Threshold| size_of::<Threshold>() + one.weight.len() + one.choices.len();
        self.preset.len() + self.basis.len() + thresholds.map(each).sum::<usize>()
    }

    /// Everything that keeps the rule from being judged; empty for a sound one.
    #[must_use]
    pub fn faults(&self) -> Vec<RuleFault> {
        let mut faults = Faults(Vec::new());
        faults.unless(self.basis.len() <= MAX_TEXT, "basis", "must be at most 2000 bytes");
        faults.unless(!self.requirements.is_empty(), "requirements", "must name at least one");
        faults.unless(self.requirements.len() <= MAX_REQUIREMENTS, "requirements", "must be at most 16");
        for (at, requirement) in self.requirements.iter().enumerate() {
            let field = format!("requirements[{at}]");
            match requirement {
                Requirement::Threshold(threshold) => threshold.check(&format!("{field}.threshold"), &mut faults),
                Requirement::AnyOf(thresholds) => {
                    let list = format!("{field}.any_of.thresholds");
                    faults.unless((2..=MAX_REQUIREMENTS).contains(&thresholds.len()), &list, "must be 2 to 16");
                    check_all(thresholds, &list, &mut faults);
                }
            }
        }
        if let Some(quorum) = &self.quorum {
            quorum.check(&mut faults);
        }
        if let Some(veto) = &self.veto {
            faults.unless(is_key(&veto.group), "veto.group", "must be a group's name, 1 to 63 bytes");
            let cast = veto.choice != Choice::NotVoting;
            faults.unless(cast, "veto.choice", "must be a choice that is cast: absence blocks nothing");
        }
        faults.0
    }
}

impl Quorum {
    fn check(&self, faults: &mut Faults) {
        let list = "quorum.thresholds";
        faults.unless((1..=MAX_REQUIREMENTS).contains(&self.thresholds.len()), list, "must be 1 to 16");
        check_all(&self.thresholds, list, faults);
    }
}

impl Requirement {
    /// The thresholds of which one or all must hold.
    #[must_use]
    pub fn thresholds(&self) -> &[Threshold] {
        match self {
            Requirement::Threshold(threshold) => std::slice::from_ref(threshold),
            Requirement::AnyOf(thresholds) => thresholds,
        }
    }
}

impl Threshold {
    fn check(&self, field: &str, faults: &mut Faults) {
        let choices: BTreeSet<_> = self.choices.iter().collect();
        faults.unless(!choices.is_empty(), &format!("{field}.choices"), "must name at least one choice");
        faults.unless(choices.len() == self.choices.len(), &format!("{field}.choices"), "must not name a choice twice");
        let heads = self.weight.is_empty();
        faults.unless(heads || is_weight(&self.weight), &format!("{field}.weight"), WEIGHT_NAME);
        let zero = matches!(self.bar, Bar::Count(0) | Bar::Share(Share { numerator: 0, .. }));
        let never = zero && self.comparison == Comparison::LessThan;
        faults.unless(!never, &format!("{field}.comparison"), "must not be LESS_THAN nothing: no count is");
        if let Bar::Share(share) = &self.bar {
            let denominator = format!("{field}.share.denominator");
            faults.unless(share.denominator > 0, &denominator, "must be above zero");
            let numerator = format!("{field}.share.numerator");
            faults.unless(share.numerator <= share.denominator, &numerator, "must be at most the denominator");
            let by_head = matches!(share.base, Base::Seats | Base::Members);
            faults.unless(
                heads || !by_head,
                &format!("{field}.share.base"),
                "must not be SEATS or MEMBERS for a weight",
            );
        }
    }

    /// The ballots that the threshold counts.
    #[must_use]
    pub fn counted(&self, counts: &Counts) -> u128 {
        self.choices.iter().map(|choice| u128::from(counts.of(*choice))).sum()
    }

    /// "More than half of those present and voting" in favour, the only requirement on which a tie can be broken.
    #[must_use]
    pub fn is_simple_majority(&self) -> bool {
        let half = matches!(self.bar, Bar::Share(Share { numerator, denominator, base: Base::PresentAndVoting })
            if u64::from(numerator) * 2 == u64::from(denominator));
        half && self.comparison == Comparison::MoreThan && self.choices == [Choice::Yes]
    }
}

const WEIGHT_NAME: &str = "must be a weight's name, 1 to 63 bytes; leave it empty to count heads";

fn check_all(thresholds: &[Threshold], list: &str, faults: &mut Faults) {
    for (at, threshold) in thresholds.iter().enumerate() {
        threshold.check(&format!("{list}[{at}]"), faults);
    }
}

struct Faults(Vec<RuleFault>);

impl Faults {
    fn unless(&mut self, sound: bool, field: &str, problem: &'static str) {
        if !sound {
            self.0.push(RuleFault { field: field.to_owned(), problem });
        }
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Base::Seats => "all seats",
            Base::Members => "all members",
            Base::Roll => "the members entitled to vote",
            Base::Participating => "the members taking part",
            Base::PresentAndVoting => "the members present and voting",
            Base::Cast => "the ballots cast",
        })
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Comparison::AtLeast => "at least",
            Comparison::MoreThan => "more than",
            Comparison::AtMost => "at most",
            Comparison::LessThan => "less than",
        })
    }
}
