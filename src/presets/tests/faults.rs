//! What keeps a rule from being judged, to the last one that is allowed.

use super::bodies::{CHOICES, presets};
use crate::domain::limits::{MAX_KEY, MAX_REQUIREMENTS, MAX_TEXT};
use crate::domain::{Bar, Base, Choice, Comparison, Quorum, QuorumBasis, Requirement, Rule, Share, Threshold, Veto};

fn threshold() -> Threshold {
    Threshold {
        choices: vec![Choice::Yes],
        weight: String::new(),
        comparison: Comparison::AtLeast,
        bar: Bar::Share(Share { numerator: 2, denominator: 3, base: Base::Roll }),
    }
}

fn rule() -> Rule {
    Rule { requirements: vec![Requirement::Threshold(threshold())], ..Rule::default() }
}

/// The fields that are wrong in the rule with this as its one requirement.
fn of(change: impl Fn(&mut Threshold)) -> Vec<String> {
    let mut one = threshold();
    change(&mut one);
    fields(&Rule { requirements: vec![Requirement::Threshold(one)], ..Rule::default() })
}

fn fields(rule: &Rule) -> Vec<String> {
    rule.faults().into_iter().map(|fault| fault.field).collect()
}

#[test]
fn the_last_that_is_allowed_is_allowed_and_the_next_is_not() {
    let none: [&str; 0] = [];
    let requirements = |count| Rule { requirements: vec![rule().requirements.remove(0); count], ..Rule::default() };
    assert_eq!(fields(&requirements(0)), ["requirements"]);
    assert_eq!(fields(&requirements(MAX_REQUIREMENTS)), none);
    assert_eq!(fields(&requirements(MAX_REQUIREMENTS + 1)), ["requirements"]);

    let any_of = |count| Rule { requirements: vec![Requirement::AnyOf(vec![threshold(); count])], ..Rule::default() };
    for (count, sound) in [(0, false), (1, false), (2, true), (MAX_REQUIREMENTS, true), (MAX_REQUIREMENTS + 1, false)] {
        assert_eq!(fields(&any_of(count)).is_empty(), sound, "{count} alternatives");
        let quorum = Quorum { basis: QuorumBasis::StatedElsePresumed, thresholds: vec![threshold(); count] };
        let rule = Rule { quorum: Some(quorum), ..rule() };
        assert_eq!(fields(&rule).is_empty(), sound || count == 1, "{count} thresholds of a quorum");
    }

    assert_eq!(fields(&Rule { basis: "b".repeat(MAX_TEXT), ..rule() }), none);
    assert_eq!(fields(&Rule { basis: "b".repeat(MAX_TEXT + 1), ..rule() }), ["basis"]);
    let veto = |group: &str, choice| Rule { veto: Some(Veto { group: group.to_owned(), choice }), ..rule() };
    assert_eq!(fields(&veto(&"g".repeat(MAX_KEY), Choice::Abstain)), none);
    assert_eq!(fields(&veto(&"g".repeat(MAX_KEY + 1), Choice::No)), ["veto.group"]);
    assert_eq!(fields(&veto("", Choice::NotVoting)), ["veto.group", "veto.choice"]);
}

#[test]
fn a_threshold_is_held_to_what_can_be_counted() {
    let none: [&str; 0] = [];
    let at = |field: &str| vec![format!("requirements[0].threshold.{field}")];
    assert_eq!(of(|one| one.choices = CHOICES.to_vec()), none);
    assert_eq!(of(|one| one.choices.clear()), at("choices"));
    assert_eq!(of(|one| one.choices = vec![Choice::No, Choice::No]), at("choices"));
    assert_eq!(of(|one| one.weight = "w".repeat(MAX_KEY)), none);
    assert_eq!(of(|one| one.weight = "w".repeat(MAX_KEY + 1)), at("weight"));
    assert_eq!(of(|one| one.weight = "head".to_owned()), at("weight"));
    let share = |numerator, denominator, base| Bar::Share(Share { numerator, denominator, base });
    assert_eq!(of(|one| one.bar = share(0, 1, Base::Seats)), none);
    assert_eq!(of(|one| one.bar = share(3, 3, Base::Members)), none);
    assert_eq!(of(|one| one.bar = share(4, 3, Base::Roll)), at("share.numerator"));
    assert_eq!(of(|one| one.bar = share(0, 0, Base::Roll)), at("share.denominator"));
    for (base, sound) in [(Base::Seats, false), (Base::Members, false), (Base::Roll, true), (Base::Cast, true)] {
        let fields = of(|one| (one.weight, one.bar) = ("shares".to_owned(), share(1, 2, base)));
        assert_eq!(fields, if sound { Vec::new() } else { at("share.base") }, "{base}");
    }
    assert_eq!(of(|one| one.bar = Bar::Count(u64::MAX)), none);
}

#[test]
fn a_rule_names_its_weights_once_those_of_its_quorum_too() {
    let named = |name: &str| presets().into_iter().find(|rule| rule.preset == name).unwrap();
    assert_eq!(named("un.sc.substantive").weights().len(), 0);
    assert_eq!(named("company.scheme").weights().into_iter().collect::<Vec<_>>(), ["shares"]);
    let mut rule = named("eu.council.qualified");
    let weighed = Threshold { weight: "votes".to_owned(), ..threshold() };
    rule.quorum = Some(Quorum { basis: QuorumBasis::Participating, thresholds: vec![weighed] });
    assert_eq!(rule.weights().into_iter().collect::<Vec<_>>(), ["population", "votes"]);
    let sized =
        |times| Rule { requirements: vec![Requirement::Threshold(threshold()); times], ..Rule::default() }.bytes();
    assert_eq!(sized(16), 16 * sized(1), "each requirement takes as much");
    assert!(sized(1) >= size_of::<Threshold>());
}
