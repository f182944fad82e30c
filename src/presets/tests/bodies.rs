//! Small bodies in the middle of a vote, and rules at random.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::domain::{
    Bar, Base, Choice, Comparison, Counts, Facts, Member, Outcome, Quorum, QuorumBasis, Requirement, Rule, Share,
    Tally, Threshold, TieBreak, Veto,
};
use crate::presets::Presets;

pub const CHOICES: [Choice; 5] = [Choice::Yes, Choice::No, Choice::Abstain, Choice::Present, Choice::NotVoting];
pub const WEIGHTS: [&str; 2] = ["shares", "population"];
pub const GROUP: &str = "permanent";

/// A vote that is under way.
#[derive(Clone, Debug)]
pub struct Body {
    /// What has been cast.
    pub standing: Tally,
    /// Who has no ballot yet.
    pub out: Vec<Member>,
    pub vacancies: u64,
    pub barred: u64,
    pub present: Option<u64>,
    pub veto_stands: bool,
    pub second_vote: bool,
}

impl Body {
    /// The tally, those who are out not voting.
    pub fn tally(&self) -> Tally {
        self.completed(&vec![Choice::NotVoting; self.out.len()])
    }

    /// The tally where those who are out choose so.
    pub fn completed(&self, choices: &[Choice]) -> Tally {
        let mut tally = self.standing.clone();
        for (member, choice) in self.out.iter().zip(choices) {
            add(&mut tally.heads, *choice, 1);
            for (weight, counts) in &mut tally.weights {
                add(counts, *choice, member.weight(weight));
            }
        }
        tally
    }

    pub fn veto_out(&self) -> bool {
        self.out.iter().any(|member| member.groups.iter().any(|group| group == GROUP))
    }

    /// All that the rule asks, with a tally that those who are out made by these choices.
    pub fn facts<'a>(&self, rule: &Rule, tally: &'a Tally, choices: &[Choice]) -> Facts<'a> {
        let members = u64::try_from(tally.heads.roll()).unwrap() + self.barred;
        let blocks = |(member, choice): (&Member, &Choice)| {
            rule.veto.as_ref().is_some_and(|veto| *choice == veto.choice && member.groups.contains(&veto.group))
        };
        let blocked =
            self.out.iter().zip(choices).filter(|pair| blocks(*pair)).map(|(member, _)| member.id.to_string());
        let stands = self.veto_stands.then(|| "stands".to_owned());
        Facts {
            tally,
            seats: members + self.vacancies,
            members,
            members_present: self.present,
            vetoes: if rule.veto.is_some() { stands.into_iter().chain(blocked).collect() } else { Vec::new() },
            casting_vote: None,
            second_vote: self.second_vote,
        }
    }

    pub fn outcome(&self, rule: &Rule, choices: &[Choice]) -> Outcome {
        let tally = self.completed(choices);
        rule.judge(&self.facts(rule, &tally, choices)).outcome
    }

    /// Everything that those who are out can do.
    pub fn completions(&self) -> impl Iterator<Item = Vec<Choice>> + use<> {
        let out = self.out.len();
        (0..CHOICES.len().pow(u32::try_from(out).unwrap())).map(move |mut number| {
            let mut next = || {
                let choice = CHOICES[number % CHOICES.len()];
                number /= CHOICES.len();
                choice
            };
            (0..out).map(|_| next()).collect()
        })
    }
}

pub fn add(counts: &mut Counts, choice: Choice, weight: u64) {
    *match choice {
        Choice::Yes => &mut counts.yes,
        Choice::No => &mut counts.no,
        Choice::Abstain => &mut counts.abstain,
        Choice::Present => &mut counts.present,
        Choice::NotVoting => &mut counts.not_voting,
    } += weight;
}

pub fn counts(heads: [u64; 5]) -> Counts {
    let [yes, no, abstain, present, not_voting] = heads;
    Counts { yes, no, abstain, present, not_voting }
}

/// Every named rule that comes with the service.
pub fn presets() -> Vec<Rule> {
    Presets::built_in().unwrap().iter().cloned().collect()
}

pub fn preset() -> impl Strategy<Value = Rule> {
    select(presets())
}

/// Counts up to what the fixed numbers of real rules need, small ones often.
fn standing() -> impl Strategy<Value = Counts> {
    let figure = || prop_oneof![3 => Just(0), 3 => 0_u64..4, 2 => 0_u64..40];
    [figure(), figure(), figure(), figure()]
        .prop_map(|[yes, no, abstain, present]| counts([yes, no, abstain, present, 0]))
}

pub fn member(weights: [u64; 2], vetoes: bool, at: usize) -> Member {
    let groups = if vetoes { vec![GROUP.to_owned()] } else { Vec::new() };
    let weights = WEIGHTS.iter().map(ToString::to_string).zip(weights).collect();
    Member { id: format!("M{at}").parse().unwrap(), display_name: String::new(), weights, groups }
}

/// A body in the middle of a vote under a rule; so many are out at most.
pub fn body(most_out: usize) -> impl Strategy<Value = Body> {
    let one = || ([prop_oneof![0_u64..4, 0_u64..60], prop_oneof![0_u64..4, 0_u64..60]], any::<bool>());
    let out = prop::collection::vec(one(), 0..=most_out);
    let counts = (standing(), standing(), standing());
    let rest = (0_u64..3, 0_u64..3, prop::option::of(0_u64..60), any::<bool>(), any::<bool>());
    (counts, out, rest).prop_map(|((heads, shares, population), out, rest)| {
        let (vacancies, barred, present, veto_stands, second_vote) = rest;
        let weights = BTreeMap::from([(WEIGHTS[0].to_owned(), shares), (WEIGHTS[1].to_owned(), population)]);
        let out = out.into_iter().enumerate().map(|(at, (weights, vetoes))| member(weights, vetoes, at)).collect();
        let standing = Tally { heads, weights };
        Body { standing, out, vacancies, barred, present, veto_stands, second_vote }
    })
}

/// The same body with the weights that the rule names.
pub fn body_of(rule: &Rule, body: Body) -> Body {
    let named: BTreeMap<String, String> =
        rule.weights().into_iter().zip(WEIGHTS).map(|(name, of)| (of.into(), name.into())).collect();
    let rename = |weights: BTreeMap<String, u64>| {
        weights.into_iter().filter_map(|(name, weight)| Some((named.get(&name)?.clone(), weight))).collect()
    };
    let weights =
        body.standing.weights.into_iter().filter_map(|(name, counts)| Some((named.get(&name)?.clone(), counts)));
    let standing = Tally { heads: body.standing.heads, weights: weights.collect() };
    let out = body.out.into_iter().map(|member| Member { weights: rename(member.weights), ..member }).collect();
    Body { standing, out, ..body }
}

fn threshold() -> impl Strategy<Value = Threshold> {
    let comparison = select(vec![Comparison::AtLeast, Comparison::MoreThan, Comparison::AtMost, Comparison::LessThan]);
    let by_head = select(vec![Base::Seats, Base::Members]);
    let by_ballot = select(vec![Base::Roll, Base::Participating, Base::PresentAndVoting, Base::Cast]);
    let part = (0_u32..5, 0_u32..4).prop_map(|(numerator, more)| (numerator, (numerator + more).max(1)));
    let bar = |base: BoxedStrategy<Base>| {
        prop_oneof![
            1 => (0_u64..12).prop_map(Bar::Count),
            3 => (part.clone(), base)
                .prop_map(|((numerator, denominator), base)| Bar::Share(Share { numerator, denominator, base })),
        ]
    };
    let heads = (Just(String::new()), bar(prop_oneof![by_head, by_ballot.clone()].boxed()));
    let weighed = (select(WEIGHTS.to_vec()).prop_map(ToOwned::to_owned), bar(by_ballot.boxed()));
    let choices = prop_oneof![2 => Just(vec![Choice::Yes]), 3 => subsequence(CHOICES.to_vec(), 1..=4)];
    let simple = Just(Threshold {
        choices: vec![Choice::Yes],
        weight: String::new(),
        comparison: Comparison::MoreThan,
        bar: Bar::Share(Share { numerator: 1, denominator: 2, base: Base::PresentAndVoting }),
    });
    let any = (choices, comparison, prop_oneof![3 => heads, 1 => weighed])
        .prop_map(|(choices, comparison, (weight, bar))| Threshold { choices, weight, comparison, bar });
    // No count is less than nothing, so that a rule which asks for it is none.
    let zero = |bar: &Bar| matches!(bar, Bar::Count(0) | Bar::Share(Share { numerator: 0, .. }));
    let any = any.prop_filter("less than nothing", move |threshold| {
        threshold.comparison != Comparison::LessThan || !zero(&threshold.bar)
    });
    prop_oneof![1 => simple, 4 => any]
}

/// Any sound rule.
pub fn rule() -> impl Strategy<Value = Rule> {
    let requirement = prop_oneof![
        4 => threshold().prop_map(Requirement::Threshold),
        1 => prop::collection::vec(threshold(), 2..=3).prop_map(Requirement::AnyOf),
    ];
    let basis =
        select(vec![QuorumBasis::Participating, QuorumBasis::StatedElseParticipating, QuorumBasis::StatedElsePresumed]);
    let quorum =
        (basis, prop::collection::vec(threshold(), 1..=2)).prop_map(|(basis, thresholds)| Quorum { basis, thresholds });
    let veto = select(CHOICES[..4].to_vec()).prop_map(|choice| Veto { group: GROUP.to_owned(), choice });
    let tie_break = select(vec![TieBreak::None, TieBreak::CastingVote, TieBreak::Revote]);
    let parts =
        (prop::option::of(quorum), prop::collection::vec(requirement, 1..=3), prop::option::of(veto), tie_break);
    parts.prop_map(|(quorum, requirements, veto, tie_break)| {
        let rule = Rule { quorum, requirements, veto, tie_break, ..Rule::default() };
        assert_eq!(rule.faults(), []);
        rule
    })
}
