//! Whether the ballots still out can change the outcome, against everything that they can do.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::bodies::{Body, CHOICES, WEIGHTS, body, body_of, member, preset, presets, rule};
use crate::domain::{
    Bar, Base, Choice, Comparison, Counts, Decidedness, Requirement, Rule, Share, Tally, Threshold, TieBreak,
};

/// What is said, and whether the ballots still out do change the outcome.
fn said_and_true(rule: &Rule, body: &Body) -> (Decidedness, bool) {
    let tally = body.tally();
    let none = vec![Choice::NotVoting; body.out.len()];
    let said = rule.decidedness(&body.facts(rule, &tally, &none), body.veto_out());
    let now = body.outcome(rule, &none);
    (said, body.completions().any(|choices| body.outcome(rule, &choices) != now))
}

fn cases(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

#[test]
fn it_is_always_told_under_the_named_rules() {
    let (open, certain) = (Cell::new(0), Cell::new(0));
    let run = cases(1_000).run(&(preset(), body(4)), |(rule, body)| {
        let body = body_of(&rule, body);
        let (said, changes) = said_and_true(&rule, &body);
        prop_assert_eq!(said, if changes { Decidedness::Open } else { Decidedness::Certain }, "{}", rule.preset);
        let seen = if changes { &open } else { &certain };
        seen.set(seen.get() + 1);
        Ok(())
    });
    run.unwrap();
    assert!(open.get() > 100 && certain.get() > 100, "{} open, {} certain", open.get(), certain.get());
}

#[test]
fn what_is_told_is_true_under_any_rule() {
    let undetermined = Cell::new(0);
    let run = cases(1_500).run(&(rule(), body(4)), |(rule, body)| {
        let (said, changes) = said_and_true(&rule, &body);
        match said {
            Decidedness::Open => prop_assert!(changes, "nothing changes it"),
            Decidedness::Certain => prop_assert!(!changes, "it can be changed"),
            Decidedness::Undetermined => {
                prop_assert!(!is_plain(&rule), "it must be told under this rule");
                undetermined.set(undetermined.get() + 1);
            }
        }
        Ok(())
    });
    run.unwrap();
    assert!(undetermined.get() < 75, "{} of 1500 are not told", undetermined.get());
}

/// Whether "yes" is best for every criterion, and "no" worst for every requirement and as good as "yes" for the quorum.
fn is_plain(rule: &Rule) -> bool {
    let required = rule.requirements.iter().flat_map(Requirement::thresholds);
    let in_quorum = rule.quorum.iter().flat_map(|quorum| &quorum.thresholds);
    let best = |one: &Threshold, choice| CHOICES.iter().all(|other| worth(one, choice) >= worth(one, *other));
    let worst = |one: &Threshold, choice| CHOICES.iter().all(|other| worth(one, choice) <= worth(one, *other));
    required.into_iter().all(|one| best(one, Choice::Yes) && worst(one, Choice::No) && !beats_empty(one))
        && in_quorum
            .into_iter()
            .all(|one| best(one, Choice::Yes) && best(one, Choice::No) && worst(one, Choice::NotVoting))
        && rule.veto.as_ref().is_none_or(|veto| veto.choice == Choice::No)
        && (rule.tie_break == TieBreak::None || rule.weights().is_empty())
}

/// Whether a base of nothing but "no" satisfies the share, as an empty one does not.
fn beats_empty(threshold: &Threshold) -> bool {
    let Bar::Share(share) = threshold.bar else { return false };
    match threshold.comparison {
        Comparison::AtLeast | Comparison::MoreThan => share.numerator == 0,
        Comparison::AtMost | Comparison::LessThan => share.numerator == share.denominator,
    }
}

/// What one ballot of a choice does for a criterion.
fn worth(threshold: &Threshold, choice: Choice) -> i64 {
    let counted = i64::from(threshold.choices.contains(&choice));
    let over = match threshold.bar {
        Bar::Count(_) => counted,
        Bar::Share(share) => {
            let within: &[Choice] = match share.base {
                Base::Seats | Base::Members | Base::Roll => &[],
                Base::Participating => &CHOICES[..4],
                Base::Cast => &CHOICES[..3],
                Base::PresentAndVoting => &CHOICES[..2],
            };
            i64::from(share.denominator) * counted - i64::from(share.numerator) * i64::from(within.contains(&choice))
        }
    };
    match threshold.comparison {
        Comparison::AtLeast | Comparison::MoreThan => over,
        Comparison::AtMost | Comparison::LessThan => -over,
    }
}

#[test]
fn every_named_rule_is_one_under_which_it_is_told() {
    for rule in presets() {
        assert!(is_plain(&rule), "{}", rule.preset);
    }
}

/// A body under the rule, in which so many have cast a ballot of each choice, and so many are out.
fn told(name: &str, heads: [u64; 4], out: u64) -> Decidedness {
    let rule = presets().into_iter().find(|rule| rule.preset == name).unwrap();
    let [yes, no, abstain, present] = heads;
    let heads = Counts { yes, no, abstain, present, not_voting: out };
    let tally = Tally { heads, weights: Default::default() };
    let body = Body {
        standing: tally.clone(),
        out: Vec::new(),
        vacancies: 0,
        barred: 0,
        present: None,
        veto_stands: false,
        second_vote: false,
    };
    rule.decidedness(&body.facts(&rule, &tally, &[]), false)
}

#[test]
fn the_moment_is_told_to_the_ballot() {
    use Decidedness::{Certain, Open};
    let table = [
        // Two thirds of 193: 129 in favour hold against all others, and 128 do not; 65 against hold too.
        ("un.ga.two-thirds", [128, 0, 0, 0], 65, Open),
        ("un.ga.two-thirds", [129, 0, 0, 0], 64, Certain),
        ("un.ga.two-thirds", [0, 64, 0, 0], 129, Open),
        ("un.ga.two-thirds", [0, 65, 0, 0], 128, Certain),
        // An abstention lowers the bar.
        ("un.ga.two-thirds", [128, 0, 1, 0], 64, Certain),
        // 97 to 96 is decided, and one ballot before that equal counts are still possible.
        ("un.ga.simple", [97, 95, 0, 0], 1, Certain),
        ("un.ga.simple", [96, 95, 0, 0], 1, Open),
        ("un.ga.simple", [95, 95, 0, 0], 0, Certain),
        // None of those who are out has a veto.
        ("un.sc.substantive", [9, 0, 0, 0], 6, Certain),
        ("un.sc.substantive", [8, 0, 0, 0], 7, Open),
        // No one on the roll has a weight: an empty base satisfies no share, whatever comes.
        ("imf.70", [1, 0, 0, 0], 5, Certain),
        ("us.senate.cloture", [60, 0, 0, 0], 40, Certain),
        ("us.senate.cloture", [30, 41, 0, 0], 29, Certain),
        ("us.senate.cloture", [30, 40, 0, 0], 30, Open),
        ("se.riksdag.prime-minister", [0, 175, 0, 0], 174, Certain),
        ("se.riksdag.prime-minister", [1, 174, 0, 0], 174, Open),
        ("se.riksdag.prime-minister", [100, 74, 75, 0], 100, Certain),
        ("de.bundestag.chancellor", [315, 0, 0, 0], 315, Open),
        ("de.bundestag.chancellor", [316, 0, 0, 0], 314, Certain),
        ("hu.referendum.national", [1_000_000, 0, 0, 0], 7_000_000, Open),
        ("uk.commons.division", [20, 14, 0, 0], 0, Certain),
        ("uk.commons.division", [20, 14, 0, 0], 1, Open),
    ];
    for (rule, heads, out, expected) in table {
        assert_eq!(told(rule, heads, out), expected, "{rule}: {heads:?} and {out} out");
    }
}

#[test]
fn what_a_mixture_alone_can_bring_is_not_called_certain() {
    // Equal shares, and a head that abstains: only if the one with a share is in favour and the one without abstains.
    let share = |yes, no| Counts { yes, no, ..Counts::default() };
    let half = Share { numerator: 1, denominator: 2, base: Base::PresentAndVoting };
    let threshold = |choice, weight: &str, comparison, bar| {
        Requirement::Threshold(Threshold { choices: vec![choice], weight: weight.to_owned(), comparison, bar })
    };
    let rule = |tie_break| Rule {
        requirements: vec![
            threshold(Choice::Yes, WEIGHTS[0], Comparison::MoreThan, Bar::Share(half)),
            threshold(Choice::Abstain, "", Comparison::AtLeast, Bar::Count(1)),
        ],
        tie_break,
        ..Rule::default()
    };
    let weights = [(WEIGHTS[0].to_owned(), share(1, 2)), (WEIGHTS[1].to_owned(), Counts::default())];
    let standing = Tally { heads: share(1, 1), weights: weights.into() };
    let out = vec![member([1, 0], false, 0), member([0, 0], false, 1)];
    let body = |second_vote| Body {
        standing: standing.clone(),
        out: out.clone(),
        vacancies: 0,
        barred: 0,
        present: None,
        veto_stands: false,
        second_vote,
    };
    assert_eq!(said_and_true(&rule(TieBreak::CastingVote), &body(false)), (Decidedness::Undetermined, true));
    assert_eq!(said_and_true(&rule(TieBreak::Revote), &body(false)), (Decidedness::Undetermined, true));
    assert_eq!(said_and_true(&rule(TieBreak::Revote), &body(true)), (Decidedness::Certain, false));
    assert_eq!(said_and_true(&rule(TieBreak::None), &body(false)), (Decidedness::Certain, false));
}

#[test]
fn alternatives_that_a_mixture_alone_defeats_are_not_called_certain() {
    // Whoever chooses the same leaves one of the two met.
    let none = |choice| Threshold {
        choices: vec![choice],
        weight: String::new(),
        comparison: Comparison::AtMost,
        bar: Bar::Count(0),
    };
    let either = Requirement::AnyOf(vec![none(Choice::Yes), none(Choice::No)]);
    let rule = Rule { requirements: vec![either], ..Rule::default() };
    let heads = Counts { abstain: 1, ..Counts::default() };
    let body = Body {
        standing: Tally { heads, ..Tally::default() },
        out: vec![member([0, 0], false, 0), member([0, 0], false, 1)],
        vacancies: 0,
        barred: 0,
        present: None,
        veto_stands: false,
        second_vote: false,
    };
    assert_eq!(said_and_true(&rule, &body), (Decidedness::Undetermined, true));
}
