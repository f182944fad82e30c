//! A rule that cannot be judged is refused where it is tabled, and where it is tried.

use super::*;

/// A rule with its one threshold changed.
fn threshold(of: impl FnOnce(&mut proto::Threshold)) -> Rule {
    let mut rule = majority(TieBreak::Unspecified);
    let Some(requirement::Kind::Threshold(one)) = &mut rule.requirements[0].kind else { panic!() };
    of(one);
    rule
}

/// A rule with the share of its one threshold changed.
fn share(of: impl FnOnce(&mut proto::Share)) -> Rule {
    threshold(|one| {
        let Some(threshold::Bar::Share(share)) = &mut one.bar else { panic!() };
        of(share);
    })
}

/// A rule whose count must stay below a bar.
fn less_than(bar: threshold::Bar) -> Rule {
    threshold(|one| (one.comparison, one.bar) = (Comparison::LessThan.into(), Some(bar)))
}

/// A rule with so many alternatives.
fn any_of(count: usize) -> Rule {
    let mut rule = majority(TieBreak::Unspecified);
    let Some(requirement::Kind::Threshold(one)) = rule.requirements[0].kind.clone() else { panic!() };
    rule.requirements[0].kind = Some(requirement::Kind::AnyOf(proto::AnyOf { thresholds: vec![one; count] }));
    rule
}

fn cases() -> Vec<(Option<Rule>, &'static [&'static str])> {
    let sound = || majority(TieBreak::Unspecified);
    let veto = |group: &str, choice: i32| Some(proto::Veto { group: group.into(), choice });
    let quorum = |basis| Some(proto::Quorum { basis, thresholds: vec![] });
    let weight = |base: Base| {
        threshold(|one| {
            one.weight = "shares".into();
            let Some(threshold::Bar::Share(share)) = &mut one.bar else { panic!() };
            share.base = base.into();
        })
    };
    vec![
        (None, &["rule"]),
        (Some(preset("un.ga.unanimous")), &["rule.preset"]),
        (Some(preset(&"x".repeat(100_000))), &["rule.preset"]),
        (Some(Rule { basis: "Charter".into(), ..preset("un.ga.simple") }), &["rule.preset"]),
        (Some(Rule { requirements: vec![], ..sound() }), &["rule.requirements"]),
        (Some(Rule { requirements: vec![Default::default()], ..sound() }), &["rule.requirements[0]"]),
        (Some(Rule { requirements: vec![sound().requirements[0].clone(); 17], ..sound() }), &["rule.requirements"]),
        (Some(share(|share| share.denominator = 0)), DENOMINATOR),
        (Some(share(|share| share.numerator = 3)), &["rule.requirements[0].threshold.share.numerator"]),
        (Some(share(|share| share.base = 0)), &["rule.requirements[0].threshold.share.base"]),
        (Some(share(|share| share.base = 99)), &["rule.requirements[0].threshold.share.base"]),
        (Some(threshold(|one| one.bar = None)), &["rule.requirements[0].threshold.bar"]),
        (Some(threshold(|one| one.comparison = 0)), &["rule.requirements[0].threshold.comparison"]),
        (Some(less_than(threshold::Bar::Count(0))), &["rule.requirements[0].threshold.comparison"]),
        (
            Some(less_than(threshold::Bar::Share(proto::Share { numerator: 0, denominator: 3, base: 3 }))),
            &["rule.requirements[0].threshold.comparison"],
        ),
        (Some(threshold(|one| one.choices.clear())), &["rule.requirements[0].threshold.choices"]),
        (Some(threshold(|one| one.choices = vec![1, 1])), &["rule.requirements[0].threshold.choices"]),
        (Some(threshold(|one| one.choices = vec![1, 0])), &["rule.requirements[0].threshold.choices"]),
        (Some(threshold(|one| one.choices = vec![1, 99])), &["rule.requirements[0].threshold.choices"]),
        (Some(threshold(|one| one.weight = "head".into())), &["rule.requirements[0].threshold.weight"]),
        (Some(weight(Base::Seats)), &["rule.requirements[0].threshold.share.base"]),
        (Some(weight(Base::Members)), &["rule.requirements[0].threshold.share.base"]),
        (Some(any_of(1)), &["rule.requirements[0].any_of.thresholds"]),
        (Some(any_of(0)), &["rule.requirements[0].any_of.thresholds"]),
        (Some(Rule { veto: veto("", 2), ..sound() }), &["rule.veto.group"]),
        (Some(Rule { veto: veto("permanent", 0), ..sound() }), &["rule.veto.choice"]),
        (Some(Rule { veto: veto("permanent", 5), ..sound() }), &["rule.veto.choice"]),
        (Some(Rule { quorum: quorum(0), ..sound() }), &["rule.quorum.basis", "rule.quorum.thresholds"]),
        (Some(Rule { quorum: quorum(1), ..sound() }), &["rule.quorum.thresholds"]),
        (Some(Rule { tie_break: 99, ..sound() }), &["rule.tie_break"]),
        (Some(Rule { basis: "b".repeat(2_001), ..sound() }), &["rule.basis"]),
        (Some(Rule { veto: veto("", 2), ..any_of(1) }), &["rule.requirements[0].any_of.thresholds", "rule.veto.group"]),
        (
            Some(Rule { tie_break: 99, veto: veto("", 0), quorum: quorum(0), ..threshold(|one| one.comparison = 0) }),
            &[
                "rule.tie_break",
                "rule.quorum.basis",
                "rule.requirements[0].threshold.comparison",
                "rule.veto.choice",
                "rule.quorum.thresholds",
                "rule.veto.group",
            ],
        ),
    ]
}

const DENOMINATOR: &[&str] =
    &["rule.requirements[0].threshold.share.denominator", "rule.requirements[0].threshold.share.numerator"];

#[tokio::test]
async fn a_rule_that_cannot_be_judged_is_invalid_wherever_it_is_given() {
    let (_server, mut client) = hall().await;
    let end = client.end().await;
    for (rule, expected) in cases() {
        let vote = proto::Vote { rule: rule.clone(), ..Default::default() };
        let tabled = client.table_as("p", vote).await.refused(Code::InvalidArgument, "RULE_INVALID");
        let within: Vec<_> = expected.iter().map(|field| format!("vote.{field}")).collect();
        assert_eq!(fields(&tabled), within, "{rule:?}");
        assert!(tabled.message().len() < MAX_DETAILS);
        let request = proto::EvaluateRuleRequest { rule: rule.clone(), ..Default::default() };
        let tried = client.rules.evaluate_rule(request).await.refused(Code::InvalidArgument, "RULE_INVALID");
        assert_eq!(fields(&tried), expected, "{rule:?}");
    }
    // Beside fields that are wrong for another reason, it is one of them.
    for (rule, expected) in [
        (any_of(1), ["vote_id", "vote.rule.requirements[0].any_of.thresholds", "vote.symbol"]),
        (preset("un.ga.unanimous"), ["vote_id", "vote.symbol", "vote.rule.preset"]),
    ] {
        let vote = proto::Vote { rule: Some(rule), symbol: "\n".into(), ..Default::default() };
        malformed(client.table_as("P", vote).await, &expected);
    }
    assert_eq!(client.end().await, end);
    client.table_as("p", proto::Vote { rule: Some(any_of(2)), ..Default::default() }).await.expect("a sound rule");
}

#[tokio::test]
async fn a_tally_that_cannot_be_judged_is_refused() {
    let server = Server::new();
    let mut client = server.client().await;
    let evaluate = |rule: Rule, heads: proto::Counts, weights: &[(&str, u64)], casting_vote: i32| {
        let weights = weights.iter().map(|(name, yes)| {
            let counts = proto::Counts { yes: *yes, ..Default::default() };
            ((*name).to_owned(), counts)
        });
        let tally = Some(proto::Tally { heads: Some(heads), weights: weights.collect() });
        proto::EvaluateRuleRequest { rule: Some(rule), tally, casting_vote, ..Default::default() }
    };
    let heads = |yes, undisclosed| proto::Counts { yes, undisclosed, ..Default::default() };
    let plain = || majority(TieBreak::CastingVote);
    let weighed = || threshold(|one| (one.weight, one.comparison) = ("shares".into(), Comparison::AtLeast.into()));
    let long = "w".repeat(10_000);
    let cases: [(proto::EvaluateRuleRequest, usize, &str); 6] = [
        (evaluate(plain(), heads(1, 1), &[], 0), 1, "tally.heads.undisclosed"),
        (evaluate(plain(), heads(1 << 63, 0), &[], 0), 1, "tally.heads"),
        (evaluate(plain(), heads(1, 0), &[], 3), 1, "casting_vote"),
        (evaluate(weighed(), heads(1, 0), &[("other", 1)], 0), 1, "tally.weights"),
        (evaluate(weighed(), heads(1, 0), &[("shares", u64::MAX)], 0), 1, "tally.weights[\"shares\"]"),
        (evaluate(plain(), heads(1, 1), &[(&long, u64::MAX)], 9), 3, "casting_vote"),
    ];
    for (request, count, first) in cases {
        let refused = client.rules.evaluate_rule(request).await.refused(Code::InvalidArgument, "INVALID_FIELD");
        let named = fields(&refused);
        assert_eq!((named.len(), &*named[0]), (count, first), "{}", refused.message());
    }
}
