//! What holds of every tally under the named rules, and what holds under any rule.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::bodies::{Body, CHOICES, WEIGHTS, add, body, body_of, counts, preset, presets, rule};
use crate::domain::limits::MAX_WEIGHT_SUM;
use crate::domain::{
    Bar, Base, Choice, Comparison, Counts, Facts, Outcome, Requirement, Rule, Share, Tally, Threshold, TieBreak,
};

/// Where a vote against can carry a question that would otherwise fail: it makes the quorum. Not where whoever has the votes
/// that are needed has a quorum too, and not where a quorum is presumed. In the Riksdag it is the first ballot, without which
/// there is no vote.
const HELPED_BY_A_NO: [&str; 13] = [
    "ca.commons.division",
    "company.ordinary",
    "company.special",
    "de.bundestag.simple",
    "hu.referendum.national",
    "ronr.majority",
    "se.riksdag.prime-minister",
    "uk.commons.division",
    "us.house.majority",
    "us.house.speaker",
    "us.house.two-thirds",
    "us.senate.majority",
    "us.senate.two-thirds",
];

/// Where a question carries though no one is in favour: it needs that few are against.
const CARRIES_WITHOUT_A_YES: [&str; 2] = ["eu.council.unanimity", "se.riksdag.prime-minister"];

fn run<T: std::fmt::Debug>(of: impl Strategy<Value = T>, test: impl Fn(T) -> Result<(), TestCaseError>) {
    let config = Config { cases: 1_000, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&of, test).unwrap();
}

fn facts(tally: &Tally, members: u64) -> Facts<'_> {
    Facts {
        tally,
        seats: members,
        members,
        members_present: None,
        vetoes: Vec::new(),
        casting_vote: None,
        second_vote: false,
    }
}

/// A tally by head in which each member has a weight of one.
fn even(rule: &Rule, heads: [u64; 5]) -> Tally {
    let heads = counts(heads);
    Tally { heads, weights: rule.weights().into_iter().map(|name| (name.to_owned(), heads)).collect() }
}

fn outcome(rule: &Rule, heads: [u64; 5]) -> Outcome {
    let tally = even(rule, heads);
    rule.judge(&facts(&tally, heads.iter().sum())).outcome
}

#[test]
fn one_more_yes_never_harms_under_a_named_rule() {
    run((preset(), body(4), prop::collection::vec(0_usize..5, 4), 0_usize..4), |(rule, body, choices, changes)| {
        let body = body_of(&rule, body);
        let mut choices: Vec<Choice> = choices.into_iter().take(body.out.len()).map(|at| CHOICES[at]).collect();
        let before = body.outcome(&rule, &choices);
        if let Some(choice) = choices.get_mut(changes) {
            *choice = Choice::Yes;
        }
        let after = body.outcome(&rule, &choices);
        prop_assert!(before != Outcome::Adopted || after == Outcome::Adopted, "{}: {after:?}", rule.preset);
        Ok(())
    });
}

#[test]
fn one_more_no_helps_only_where_it_makes_the_quorum() {
    // Whoever is in favour has ten times the weight of others.
    let adopted = |rule: &Rule, yes: u64, no: u64, not_voting: u64| {
        let mut tally = even(rule, [yes, no, 0, 0, not_voting]);
        tally.weights.values_mut().for_each(|counts| counts.yes *= 10);
        rule.judge(&facts(&tally, yes + no + not_voting)).outcome == Outcome::Adopted
    };
    let helped = |rule: &Rule| {
        let mut all = (0..40).flat_map(|yes| (1..40).map(move |out| (yes, out)));
        all.any(|(yes, out)| !adopted(rule, yes, 0, out) && adopted(rule, yes, 1, out - 1))
    };
    let found: Vec<String> = presets().into_iter().filter(helped).map(|rule| rule.preset).collect();
    assert_eq!(found, HELPED_BY_A_NO);
}

#[test]
fn the_order_of_ballots_changes_nothing() {
    let ballots = prop::collection::vec((0_usize..6, 0_usize..5), 0..24);
    run((rule(), body(6), ballots, any::<prop::sample::Index>()), |(rule, body, ballots, cut)| {
        let mut last = vec![Choice::NotVoting; body.out.len()];
        let mut tally = body.tally();
        for (at, choice) in ballots {
            let Some(stand) = last.get_mut(at) else { continue };
            tally.shift(&body.out[at], *stand, CHOICES[choice]);
            *stand = CHOICES[choice];
        }
        // Only each member's last ballot, from another member on.
        let mut other = body.tally();
        let from = cut.index(body.out.len() + 1);
        for at in (from..body.out.len()).chain(0..from) {
            other.shift(&body.out[at], Choice::NotVoting, last[at]);
        }
        prop_assert_eq!(&tally, &other);
        prop_assert_eq!(&tally, &body.completed(&last));
        let judged = rule.judge(&body.facts(&rule, &tally, &last));
        prop_assert_eq!(judged, rule.judge(&body.facts(&rule, &other, &last)));
        Ok(())
    });
}

#[test]
fn a_tally_of_one_choice_is_judged_by_it() {
    for rule in presets() {
        let name = rule.preset.as_str();
        for members in [1, 2, 3, 40, 193] {
            let all = |at: usize| {
                let mut heads = [0; 5];
                heads[at] = members;
                outcome(&rule, heads)
            };
            let none = if rule.quorum.is_some() { Outcome::NoQuorum } else { Outcome::NotAdopted };
            assert_eq!(all(4), none, "{name}: no one of {members} votes");
            assert_ne!(all(1), Outcome::Adopted, "{name}: all {members} are against");
            if members >= 40 {
                assert_eq!(all(0), Outcome::Adopted, "{name}: all {members} are in favour");
            }
            for at in [2, 3] {
                let carries = CARRIES_WITHOUT_A_YES.contains(&name);
                assert_eq!(all(at) == Outcome::Adopted, carries, "{name}: all {members} are {}", CHOICES[at]);
            }
        }
        assert_ne!(outcome(&rule, [0; 5]), Outcome::Adopted, "{name}: a body of no one");
    }
}

#[test]
fn a_body_of_one_decides() {
    // Those that need more than one: fixed numbers, and a quorum of two at a company's meeting.
    let too_few = |name: &str| {
        ["un.sc.", "uk.", "ca.", "company.ordinary", "company.special"].iter().any(|prefix| name.starts_with(prefix))
    };
    for rule in presets() {
        let expected = !too_few(&rule.preset);
        assert_eq!(outcome(&rule, [1, 0, 0, 0, 0]) == Outcome::Adopted, expected, "{}", rule.preset);
        assert_ne!(outcome(&rule, [0, 1, 0, 0, 0]), Outcome::Adopted, "{}", rule.preset);
    }
}

/// One requirement: a share of a base in favour.
fn share(comparison: Comparison, of: (u32, u32), base: Base, weight: &str) -> Rule {
    let bar = Bar::Share(Share { numerator: of.0, denominator: of.1, base });
    let threshold = Threshold { choices: vec![Choice::Yes], weight: weight.to_owned(), comparison, bar };
    Rule { requirements: vec![Requirement::Threshold(threshold)], ..Rule::default() }
}

fn comparison() -> impl Strategy<Value = Comparison> {
    prop::sample::select(vec![Comparison::AtLeast, Comparison::MoreThan, Comparison::AtMost, Comparison::LessThan])
}

fn by_weight(counts: Counts) -> Tally {
    Tally { heads: Counts::default(), weights: BTreeMap::from([(WEIGHTS[0].to_owned(), counts)]) }
}

#[test]
fn what_is_needed_is_the_least_or_the_most_that_passes_up_to_the_largest_weights() {
    let figure = || prop_oneof![0_u64..50, (0_u64..50).prop_map(|less| MAX_WEIGHT_SUM - less), 0..=MAX_WEIGHT_SUM];
    let part = (any::<u32>(), 1..=u32::MAX).prop_map(|(p, q)| (p % q + p % 2, q));
    run((comparison(), prop_oneof![part, (0_u32..4, 3_u32..5)], figure(), figure()), |(comparison, of, roll, yes)| {
        let yes = yes.min(roll);
        let rule = share(comparison, of, Base::Roll, WEIGHTS[0]);
        let passes = |yes: u64| {
            let tally = by_weight(Counts { yes, not_voting: roll - yes, ..Counts::default() });
            rule.judge(&facts(&tally, 0)).criteria.remove(0)
        };
        let criterion = passes(yes);
        prop_assert_eq!((criterion.counted, criterion.base), (yes, roll));
        if roll == 0 {
            prop_assert!(!criterion.passed, "an empty base satisfies no share");
            return Ok(());
        }
        let limit = matches!(comparison, Comparison::AtMost | Comparison::LessThan);
        prop_assert_eq!(criterion.at_most, limit);
        let needed = criterion.needed;
        let nothing_is_less = comparison == Comparison::LessThan && of.0 == 0;
        let told = if limit { yes <= needed && !nothing_is_less } else { yes >= needed };
        prop_assert_eq!(criterion.passed, told, "{} of {}, {} needed", yes, roll, needed);
        // The same by a way of its own: p/q of the base, in whole parts and the rest.
        let (p, q, roll, yes) = (u128::from(of.0), u128::from(of.1), u128::from(roll), u128::from(yes));
        let (whole, rest) = (roll / q * p + roll % q * p / q, roll % q * p % q);
        let order = yes.cmp(&whole).then(if rest > 0 { std::cmp::Ordering::Less } else { std::cmp::Ordering::Equal });
        let expected = match comparison {
            Comparison::AtLeast => order.is_ge(),
            Comparison::MoreThan => order.is_gt(),
            Comparison::AtMost => order.is_le(),
            Comparison::LessThan => order.is_lt(),
        };
        prop_assert_eq!(criterion.passed, expected);
        Ok(())
    });
}

#[test]
fn an_empty_base_satisfies_no_share_whatever_the_comparison() {
    for comparison in [Comparison::AtLeast, Comparison::MoreThan, Comparison::AtMost, Comparison::LessThan] {
        for base in [Base::PresentAndVoting, Base::Cast, Base::Participating, Base::Seats, Base::Members] {
            let rule = share(comparison, (0, 1), base, "");
            let tally = Tally { heads: counts([0, 0, 0, 0, 5]), ..Tally::default() };
            let verdict = rule.judge(&facts(&tally, 0));
            assert!(!verdict.criteria[0].passed, "{comparison} of {base}");
            assert_eq!(verdict.outcome, Outcome::NotAdopted);
        }
    }
}

#[test]
fn a_tie_is_equal_counts_above_zero_in_the_one_requirement_that_fails() {
    let half = |weight: &str| share(Comparison::MoreThan, (1, 2), Base::PresentAndVoting, weight);
    let both = Rule {
        requirements: [half("").requirements, half(WEIGHTS[0]).requirements].concat(),
        tie_break: TieBreak::CastingVote,
        ..Rule::default()
    };
    let judged = |yes, no, shares: (u64, u64)| {
        let shares = Counts { yes: shares.0, no: shares.1, ..Counts::default() };
        let tally = Tally { heads: counts([yes, no, 1, 0, 0]), ..by_weight(shares) };
        both.judge(&facts(&tally, 10)).outcome
    };
    assert_eq!(judged(2, 2, (3, 2)), Outcome::AwaitingCastingVote);
    assert_eq!(judged(3, 2, (2, 2)), Outcome::AwaitingCastingVote);
    assert_eq!(judged(2, 2, (2, 2)), Outcome::NotAdopted, "two fail");
    assert_eq!(judged(2, 2, (2, 3)), Outcome::NotAdopted, "another fails");
    assert_eq!(judged(0, 0, (3, 2)), Outcome::NotAdopted, "no one voted for or against");
    assert_eq!(judged(2, 3, (3, 2)), Outcome::NotAdopted, "more against");
}

#[test]
fn shares_add_up_to_the_members_and_are_rounded_honestly() {
    run((body(0), 0_u64..3), |(body, more)| {
        let body = Body { barred: more, ..body };
        let tally = body.tally();
        let rule = share(Comparison::AtLeast, (1, 2), Base::Roll, "");
        let verdict = rule.judge(&body.facts(&rule, &tally, &[]));
        let members = u64::try_from(tally.heads.roll()).unwrap() + more;
        let shares = verdict.membership;
        prop_assert_eq!(shares.iter().map(|share| share.count).sum::<u64>(), members);
        for share in &shares {
            let (count, of) = (share.count, u64::from(share.per_mille));
            prop_assert_eq!((of == 0, of == 1_000), (count == 0, count == members));
            let off = (of * members).abs_diff(count * 1_000);
            prop_assert!(2 * off <= members || of == 1 || of == 999, "{}", share.text);
        }
        Ok(())
    });
    let text = |count: u64, members: u64| {
        let mut heads = Counts::default();
        add(&mut heads, Choice::Yes, count);
        add(&mut heads, Choice::No, members - count);
        let tally = Tally { heads, ..Tally::default() };
        let verdict = share(Comparison::AtLeast, (1, 2), Base::Roll, "").judge(&facts(&tally, members));
        verdict.membership[0].text.clone()
    };
    assert_eq!(text(143, 193), "143 of 193 members in favour: 74.1 %, just under three quarters");
    assert_eq!(text(129, 193), "129 of 193 members in favour: 66.8 %, just over two thirds");
    assert_eq!(text(3, 4), "3 of 4 members in favour: 75.0 %, exactly three quarters");
    assert_eq!(text(76, 100), "76 of 100 members in favour: 76.0 %, just over three quarters");
    assert_eq!(text(77, 100), "77 of 100 members in favour: 77.0 %");
    assert_eq!(text(1, 16), "1 of 16 members in favour: 6.3 %");
    assert_eq!(text(1_999, 2_000), "1999 of 2000 members in favour: 99.9 %");
    assert_eq!(text(1, 20_000), "1 of 20000 members in favour: 0.1 %");
    let fewer = Tally { heads: counts([3, 0, 0, 0, 0]), ..Tally::default() };
    let verdict = share(Comparison::AtLeast, (1, 2), Base::Roll, "").judge(&facts(&fewer, 2));
    assert_eq!(verdict.membership, [], "more are counted than there are members");
}
