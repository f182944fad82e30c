//! What verdicts say that no real decision of the fixture says.

use super::bodies::{counts, presets};
use crate::domain::{
    Bar, Base, Choice, Comparison, Facts, Outcome, Quorum, QuorumBasis, Requirement, Rule, Share, Tally, Threshold,
    Verdict,
};

fn judge(rule: &Rule, heads: [u64; 5], shares: [u64; 5], second_vote: bool) -> Verdict {
    let weights = [("shares".to_owned(), counts(shares)), ("population".to_owned(), counts(shares))];
    let tally = Tally { heads: counts(heads), weights: weights.into() };
    let members = heads.iter().sum();
    let (members_present, casting_vote, vetoes) = (None, None, Vec::new());
    rule.judge(&Facts { tally: &tally, seats: members, members, members_present, vetoes, casting_vote, second_vote })
}

fn named(name: &str) -> Rule {
    presets().into_iter().find(|rule| rule.preset == name).unwrap()
}

fn one(choices: &[Choice], weight: &str, comparison: Comparison, bar: Bar) -> Rule {
    let threshold = Threshold { choices: choices.to_vec(), weight: weight.to_owned(), comparison, bar };
    Rule { requirements: vec![Requirement::Threshold(threshold)], ..Rule::default() }
}

fn share(numerator: u32, denominator: u32, base: Base) -> Bar {
    Bar::Share(Share { numerator, denominator, base })
}

#[test]
fn alternatives_are_told_as_such_and_quorums_too() {
    let verdict = judge(&named("eu.council.qualified"), [20, 6, 1, 0, 0], [66, 34, 0, 0, 0], false);
    let text: Vec<&str> = verdict.criteria.iter().map(|criterion| criterion.text.as_str()).collect();
    let expected = [
        "quorum: more than 1/2 of all seats taking part",
        "at least 55 % of the members entitled to vote in favour",
        "either at least 65 % of all population in favour",
        "or at most 3 not in favour",
    ];
    assert_eq!(text, expected);
}

#[test]
fn equal_counts_are_told_apart() {
    let rule = named("un.ga.simple");
    let tie = [3, 3, 0, 0, 0];
    assert_eq!(judge(&rule, tie, [0; 5], false).outcome, Outcome::RevoteDue);
    let again = "Not adopted, the votes being equal again: 3 of 6 present and voting in favour; 4 needed.";
    assert_eq!(judge(&rule, tie, [0; 5], true).summary, again);
}

#[test]
fn a_criterion_says_what_it_counts_and_of_what() {
    use Choice::{Abstain, No, NotVoting, Present, Yes};
    use Comparison::{AtLeast, AtMost, LessThan, MoreThan};
    let table: [(Rule, &str, &str); 11] = [
        (
            one(&[Yes], "shares", AtLeast, Bar::Count(60)),
            "at least 60 shares in favour",
            "50 shares in favour; 60 needed",
        ),
        (one(&[Yes], "", AtLeast, Bar::Count(6)), "at least 6 in favour", "5 in favour; 6 needed"),
        (
            one(&[Yes], "shares", MoreThan, share(1, 2, Base::Participating)),
            "more than 1/2 of the shares taking part in favour",
            "50 of 100 shares taking part in favour; 51 needed",
        ),
        (
            one(&[Yes], "shares", MoreThan, share(1, 2, Base::PresentAndVoting)),
            "more than 1/2 of the shares present and voting in favour",
            "50 of 80 shares present and voting in favour; 41 needed",
        ),
        (
            one(&[Yes], "shares", MoreThan, share(3, 4, Base::Cast)),
            "more than 3/4 of the shares cast in favour",
            "50 of 90 shares cast in favour; 68 needed",
        ),
        (
            one(&[Yes], "", AtLeast, share(70, 100, Base::Cast)),
            "at least 70 % of the ballots cast in favour",
            "5 of 9 cast in favour; 7 needed",
        ),
        (one(&[Yes], "", AtMost, Bar::Count(4)), "at most 4 in favour", "5 in favour; at most 4"),
        (
            one(&[No], "", AtLeast, share(1, 2, Base::Roll)),
            "at least 1/2 of the members entitled to vote against",
            "3 of 10 entitled to vote against; 5 needed",
        ),
        (
            one(&[Yes, No, Abstain, NotVoting], "", LessThan, Bar::Count(10)),
            "less than 10 in favour or against or abstaining or not voting",
            "9 in favour or against or abstaining or not voting; at most 9",
        ),
        (
            one(&[NotVoting, Present, Abstain, No], "", AtMost, Bar::Count(4)),
            "at most 4 not in favour",
            "5 not in favour; at most 4",
        ),
        (
            one(&[Yes, No, Abstain, Present], "", AtLeast, share(1, 1, Base::Members)),
            "at least 1/1 of all members taking part",
            "10 of 10 members taking part; 10 needed",
        ),
    ];
    for (rule, text, figures) in table {
        let verdict = judge(&rule, [5, 3, 1, 1, 0], [50, 30, 10, 10, 0], false);
        assert_eq!(verdict.criteria[0].text, text);
        assert!(verdict.summary.ends_with(&format!(": {figures}.")), "{}", verdict.summary);
        let failed = verdict.summary.contains("having failed to obtain");
        let counts_yes = matches!(&rule.requirements[0], Requirement::Threshold(one) if one.choices == [Yes]);
        let limit = verdict.criteria[0].at_most;
        assert!(!failed || (counts_yes && !limit), "{}", verdict.summary);
    }
}

#[test]
fn a_quorum_by_weight_is_told_in_its_words() {
    let threshold = |weight: &str| Threshold {
        choices: vec![Choice::Yes, Choice::No, Choice::Abstain, Choice::Present],
        weight: weight.to_owned(),
        comparison: Comparison::AtLeast,
        bar: share(2, 3, Base::Roll),
    };
    let rule = |weight| Rule {
        quorum: Some(Quorum { basis: QuorumBasis::Participating, thresholds: vec![threshold(weight)] }),
        ..one(&[Choice::Yes], "shares", Comparison::AtLeast, Bar::Count(1))
    };
    let said = |weight| judge(&rule(weight), [1, 0, 0, 0, 2], [50, 0, 0, 0, 50], false).summary;
    assert_eq!(said("shares"), "No quorum: 50 shares taking part; 67 needed.");
    assert_eq!(said(""), "No quorum: 1 taking part; 2 needed.");
}
