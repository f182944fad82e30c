//! Rules and verdicts: real decisions of real bodies, by preset and written out, as EvaluateRule judges them.

mod own;
mod running;
mod whole;

use std::collections::BTreeMap;

use rollcall::proto::{
    self, AnyOf, Base, Choice, Comparison, Counts, EvaluateRuleRequest, Outcome, Requirement, Rule, Share, Tally,
    Threshold, TieBreak, Veto, quorum, requirement, threshold,
};
use tonic::Code;

use crate::harness::client::{heads, preset};
use crate::harness::{Client, Expect, Server};

/// Counts from `yes-no-abstain-present-not voting`.
fn counts(text: &str) -> Counts {
    let figures: Vec<u64> = text.split('-').map(|figure| figure.parse().unwrap()).collect();
    let [yes, no, abstain, present, not_voting] = figures[..] else { panic!("five counts: {text}") };
    Counts { yes, no, abstain, present, not_voting, undisclosed: 0 }
}

fn by_head(rule: Rule, heads: &str) -> EvaluateRuleRequest {
    let tally = Tally { heads: Some(counts(heads)), weights: BTreeMap::new() };
    EvaluateRuleRequest { rule: Some(rule), tally: Some(tally), ..Default::default() }
}

fn share(choice: Choice, comparison: Comparison, of: (u32, u32, Base), weight: &str) -> Threshold {
    let (numerator, denominator, base) = of;
    let share = Share { numerator, denominator, base: base.into() };
    Threshold {
        choices: vec![choice.into()],
        weight: weight.into(),
        comparison: comparison.into(),
        bar: Some(threshold::Bar::Share(share)),
    }
}

fn count(choice: Choice, comparison: Comparison, count: u64) -> Threshold {
    Threshold {
        choices: vec![choice.into()],
        weight: String::new(),
        comparison: comparison.into(),
        bar: Some(threshold::Bar::Count(count)),
    }
}

fn all(thresholds: Vec<Threshold>) -> Rule {
    let requirement = |one| Requirement { kind: Some(requirement::Kind::Threshold(one)) };
    Rule { requirements: thresholds.into_iter().map(requirement).collect(), ..Default::default() }
}

fn any_of(thresholds: Vec<Threshold>) -> Requirement {
    Requirement { kind: Some(requirement::Kind::AnyOf(AnyOf { thresholds })) }
}

async fn judge(client: &mut Client, request: EvaluateRuleRequest) -> proto::Verdict {
    client.rules.evaluate_rule(request).await.unwrap().into_inner().verdict.unwrap()
}

/// The criteria as `counted/needed of base`, those that fail in brackets.
fn figures(verdict: &proto::Verdict) -> String {
    let criterion = |criterion: &proto::Criterion| {
        let proto::Criterion { counted, needed, base, .. } = criterion;
        let mark = if criterion.at_most { "<=" } else { "" };
        let known = if criterion.presumed { "~" } else { "" };
        let figures = format!("{known}{mark}{counted}/{needed} of {base}");
        if criterion.passed { figures } else { format!("({figures})") }
    };
    verdict.criteria.iter().map(criterion).collect::<Vec<_>>().join(", ")
}

fn outcome(verdict: &proto::Verdict) -> &'static str {
    verdict.outcome().as_str_name().trim_start_matches("OUTCOME_")
}

/// The outcome, the criteria and the sentence.
fn shown(verdict: &proto::Verdict) -> String {
    format!("{} | {} | {}", outcome(verdict), figures(verdict), verdict.summary)
}

/// A decision of the fixture: what is asked, and what is expected of it.
fn decision(lines: &[&str]) -> (EvaluateRuleRequest, Vec<String>) {
    let (rule, heads) = lines[1].split_once(": ").unwrap();
    let mut request = by_head(preset(rule), heads);
    let mut facts = lines[2..].iter();
    let expected: Vec<String> = loop {
        let line = facts.next().unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["seats", count] => request.seats = count.parse().unwrap(),
            ["members", count] => request.members = count.parse().unwrap(),
            ["present", count] => request.members_present = count.parse().unwrap(),
            ["vetoes", count] => {
                request.vetoes = (0..count.parse().unwrap()).map(|n: u32| format!("permanent member {n}")).collect();
            }
            ["casting", "vote", "yes"] => request.set_casting_vote(Choice::Yes),
            ["casting", "vote", "no"] => request.set_casting_vote(Choice::No),
            ["by", weight, by_weight] => {
                request.tally.as_mut().unwrap().weights.insert(weight.into(), counts(by_weight));
            }
            _ => break [line].into_iter().chain(facts).map(ToString::to_string).collect(),
        }
    };
    (request, expected)
}

/// The decisions of the fixture, each as its lines.
fn blocks() -> Vec<Vec<&'static str>> {
    let fixture = include_str!("../rules/decisions.txt");
    let lines: Vec<&str> = fixture.lines().filter(|line| !line.starts_with('#')).collect();
    let blocks = lines.split(|line| line.is_empty()).filter(|block| !block.is_empty());
    blocks.map(<[&str]>::to_vec).collect()
}

#[tokio::test]
async fn bodies_decide_as_they_did() {
    let server = Server::new();
    let mut client = server.client().await;
    let mut judged = std::collections::BTreeSet::new();
    for block in blocks() {
        let (request, expected) = decision(&block);
        judged.insert(request.rule.clone().unwrap().preset);
        let vetoes = request.vetoes.clone();
        let verdict = judge(&mut client, request).await;
        let said = [format!("{}: {}", outcome(&verdict), figures(&verdict)), verdict.summary.clone()];
        assert_eq!(expected, said, "{}", block[0]);
        let blocked = if verdict.outcome() == Outcome::Vetoed { vetoes } else { Vec::new() };
        assert_eq!(verdict.vetoed_by, blocked, "{}", block[0]);
    }
    assert!(judged.len() > 25, "the fixture is read: {judged:?}");
}

#[tokio::test]
async fn rules_written_out_decide_as_their_bodies_did() {
    let server = Server::new();
    let mut client = server.client().await;
    let more_than_half = |base| share(Choice::Yes, Comparison::MoreThan, (1, 2, base), "");
    let senate = Rule { tie_break: TieBreak::CastingVote.into(), ..all(vec![more_than_half(Base::PresentAndVoting)]) };
    let bundestag_quorum = Threshold {
        choices: [Choice::Yes, Choice::No, Choice::Abstain].map(Into::into).to_vec(),
        ..more_than_half(Base::Seats)
    };
    let bundestag = Rule {
        quorum: Some(proto::Quorum { basis: quorum::Basis::Participating.into(), thresholds: vec![bundestag_quorum] }),
        ..all(vec![more_than_half(Base::PresentAndVoting)])
    };
    let with = |rule: &Rule, tally, casting_vote: Choice| EvaluateRuleRequest {
        casting_vote: casting_vote.into(),
        ..by_head(rule.clone(), tally)
    };
    let two_thirds = all(vec![share(Choice::Yes, Comparison::AtLeast, (2, 3, Base::PresentAndVoting), "")]);
    let riksdag = all(vec![share(Choice::No, Comparison::AtMost, (1, 2, Base::Seats), "")]);
    let cloture = all(vec![share(Choice::Yes, Comparison::AtLeast, (3, 5, Base::Members), "")]);
    let table = [
        ("Johnson, 1868", by_head(two_thirds.clone(), "35-19-0-0-0"), "NOT_ADOPTED | (35/36 of 54)"),
        ("12th amendment, 1803", by_head(two_thirds.clone(), "84-42-0-0-16"), "ADOPTED | 84/84 of 126"),
        ("cloture, 2010", by_head(cloture, "55-41-0-0-4"), "NOT_ADOPTED | (55/60 of 100)"),
        (
            "DeVos, 2017, before the casting vote",
            with(&senate, "50-50-0-0-0", Choice::Unspecified),
            "AWAITING_CASTING_VOTE | (50/51 of 100)",
        ),
        ("DeVos, 2017", with(&senate, "50-50-0-0-0", Choice::Yes), "ADOPTED | (50/51 of 100)"),
        ("the Noes have it, 2019", with(&senate, "310-310-0-0-29", Choice::No), "NOT_ADOPTED | (310/311 of 620)"),
        ("0-0 is no tie", with(&senate, "0-0-3-0-0", Choice::Yes), "NOT_ADOPTED | (0/1 of 0)"),
        (
            "Speaker, 2023",
            by_head(all(vec![more_than_half(Base::PresentAndVoting)]), "216-212-0-6-0"),
            "ADOPTED | 216/215 of 428",
        ),
        (
            "chancellor, 2025",
            by_head(all(vec![more_than_half(Base::Seats)]), "310-307-3-0-10"),
            "NOT_ADOPTED | (310/316 of 630)",
        ),
        ("Bundestag, 2019", by_head(bundestag, "133-0-0-0-576"), "NO_QUORUM | (133/355 of 709), 133/67 of 133"),
        ("Andersson, 2021", by_head(riksdag, "101-173-75-0-0"), "ADOPTED | <=173/174 of 349"),
    ];
    for (case, request, expected) in table {
        let verdict = shown(&judge(&mut client, request).await);
        assert_eq!(verdict.rsplit_once(" | ").unwrap().0, expected, "{case}");
    }
}

#[tokio::test]
async fn a_second_tie_rejects_where_a_second_vote_is_due_on_the_first() {
    let server = Server::new();
    let mut client = server.client().await;
    for (rule, heads, first, second) in [
        ("un.ga.simple", "71-71-20-0-31", "REVOTE_DUE", "NOT_ADOPTED"),
        ("un.ga.simple", "72-71-20-0-30", "ADOPTED", "ADOPTED"),
        ("us.senate.majority", "50-50-0-0-0", "AWAITING_CASTING_VOTE", "AWAITING_CASTING_VOTE"),
    ] {
        for (second_vote, expected) in [(false, first), (true, second)] {
            let request = EvaluateRuleRequest { second_vote, ..by_head(preset(rule), heads) };
            assert_eq!(outcome(&judge(&mut client, request).await), expected, "{rule} {heads} {second_vote}");
        }
    }
}

#[tokio::test]
async fn two_weights_and_alternatives_are_judged_exactly() {
    let server = Server::new();
    let mut client = server.client().await;
    // Treaty on European Union, Article 16(4): 55 % of the states with 65 % of the people, the latter deemed met where
    // three states or fewer are not in favour.
    let mut qualified = all(vec![share(Choice::Yes, Comparison::AtLeast, (55, 100, Base::Roll), "")]);
    let against = Threshold {
        choices: [Choice::No, Choice::Abstain, Choice::Present, Choice::NotVoting].map(Into::into).to_vec(),
        ..count(Choice::No, Comparison::AtMost, 3)
    };
    let people = share(Choice::Yes, Comparison::AtLeast, (65, 100, Base::Roll), "population");
    qualified.requirements.push(any_of(vec![people, against]));
    let council = |heads: &str, population: &str| {
        let weights = BTreeMap::from([("population".to_owned(), counts(population))]);
        let tally = Some(Tally { heads: Some(counts(heads)), weights });
        EvaluateRuleRequest { rule: Some(qualified.clone()), tally, ..Default::default() }
    };
    let table = [
        (
            "nature restoration, 2024",
            council("20-6-1-0-0", "6607-3393-0-0-0"),
            "ADOPTED | 20/15 of 27, 6607/6500 of 10000, (<=7/3 of 0)",
        ),
        (
            "glyphosate, 2022",
            council("21-3-3-0-0", "6473-3527-0-0-0"),
            "NOT_ADOPTED | 21/15 of 27, (6473/6500 of 10000), (<=6/3 of 0)",
        ),
        (
            "three states block no one",
            council("24-3-0-0-0", "60-40-0-0-0"),
            "ADOPTED | 24/15 of 27, (60/65 of 100), <=3/3 of 0",
        ),
    ];
    for (case, request, expected) in table {
        let verdict = shown(&judge(&mut client, request).await);
        assert_eq!(verdict.rsplit_once(" | ").unwrap().0, expected, "{case}");
    }

    // The largest sums: one below, at and above two thirds of 2^63 - 1.
    let rule = all(vec![share(Choice::Yes, Comparison::AtLeast, (2, 3, Base::PresentAndVoting), "shares")]);
    let most = i64::MAX as u64;
    for (yes, outcome) in [(most / 3 * 2, Outcome::NotAdopted), (most / 3 * 2 + 1, Outcome::Adopted)] {
        let shares = Counts { yes, no: most - yes, ..Default::default() };
        let tally = Tally { heads: None, weights: BTreeMap::from([("shares".into(), shares)]) };
        let request = EvaluateRuleRequest { rule: Some(rule.clone()), tally: Some(tally), ..Default::default() };
        let verdict = judge(&mut client, request).await;
        assert_eq!((verdict.outcome(), verdict.criteria[0].needed), (outcome, most / 3 * 2 + 1), "{yes}");
    }
    let beyond = Tally { heads: Some(Counts { yes: most, no: 1, ..Default::default() }), weights: BTreeMap::new() };
    let request = EvaluateRuleRequest { tally: Some(beyond), ..by_head(preset("un.ga.simple"), "0-0-0-0-0") };
    client.rules.evaluate_rule(request).await.refused(Code::InvalidArgument, "INVALID_FIELD");
}

#[tokio::test]
async fn the_named_rules_are_listed_filled_in_and_fixed_in_the_vote() {
    let server = Server::new();
    let mut client = server.client().await;
    let rules = client.rules.list_rules(proto::ListRulesRequest {}).await.unwrap().into_inner().rules;
    let names: Vec<_> = rules.iter().map(|rule| rule.preset.as_str()).collect();
    assert!(names.is_sorted(), "{names:?}");
    // The table in the docs has just these, each with its basis.
    let docs = include_str!("../../docs/rules.md");
    let rows = docs.lines().filter(|line| line.starts_with("| `"));
    let mut rows: Vec<Vec<&str>> = rows.map(|line| line.trim_matches(['|', ' ']).split(" | ").collect()).collect();
    rows.sort();
    let listed: Vec<_> = rules.iter().map(|rule| vec![format!("`{}`", rule.preset), rule.basis.clone()]).collect();
    assert_eq!(rows.iter().map(|row| &row[..2]).collect::<Vec<_>>(), listed);
    assert!(rows.iter().all(|row| row.len() == 5), "name, basis, needs, quorum, tie");
    assert!(rules.iter().all(|rule| !rule.basis.is_empty() && !rule.requirements.is_empty()));

    client.seat(&["A"]).await.unwrap();
    let vote = client.table(preset("un.ga.two-thirds")).await.unwrap();
    assert_eq!(vote.rule.as_ref(), rules.iter().find(|rule| rule.preset == "un.ga.two-thirds"));
    let stored = client.entries().await.pop().unwrap();
    let Some(proto::entry::Event::VoteCreated(created)) = stored.event else { panic!("{stored:?}") };
    assert_eq!(created.rule, vote.rule);
}

#[tokio::test]
async fn a_vote_is_judged_by_its_roll_its_weights_and_its_vetoes() {
    let server = Server::new();
    let mut client = server.client().await;
    let member = |id: &str, shares, groups: &[&str]| proto::Member {
        weights: BTreeMap::from([("shares".to_owned(), shares)]),
        groups: groups.iter().map(ToString::to_string).collect(),
        ..crate::harness::client::member(id)
    };
    let members = vec![member("A", 60, &[]), member("B", 25, &["golden"]), member("C", 15, &["golden"])];
    client.seat_members(members).await.unwrap();
    let rule = Rule {
        veto: Some(Veto { group: "golden".into(), choice: Choice::No.into() }),
        ..all(vec![share(Choice::Yes, Comparison::AtLeast, (3, 4, Base::PresentAndVoting), "shares")])
    };
    client.table(rule).await.unwrap();
    client.open().await.unwrap();
    client.cast("A", Choice::Yes).await.unwrap();
    client.cast("B", Choice::Yes).await.unwrap();
    client.cast("C", Choice::No).await.unwrap();
    let locked = client.lock().await.unwrap();
    let verdict = locked.verdict.clone().unwrap();
    let expected = "VETOED | 85/75 of 100 | Not adopted, owing to the negative vote of a golden member: 85 of 100 shares present and voting in favour; 75 needed.";
    assert_eq!(shown(&verdict), expected);
    assert_eq!(verdict.vetoed_by, ["bodies/hall/members/C"]);
    let weights = &locked.tally.as_ref().unwrap().weights;
    assert_eq!(weights["shares"], counts("85-15-0-0-0"));
    assert_eq!(heads(locked.tally.as_ref()), "2-1-0-0-0");
}
