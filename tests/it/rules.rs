//! Rules and verdicts: real decisions of real bodies, by preset and written out, as EvaluateRule judges them.

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

/// The outcome, the sentence, and the criteria as `counted/needed of base`, those that fail in brackets.
fn shown(verdict: &proto::Verdict) -> String {
    let criterion = |criterion: &proto::Criterion| {
        let figures = format!("{}/{} of {}", criterion.counted, criterion.needed, criterion.base);
        if criterion.passed { figures } else { format!("({figures})") }
    };
    let criteria: Vec<String> = verdict.criteria.iter().map(criterion).collect();
    let outcome = verdict.outcome().as_str_name().trim_start_matches("OUTCOME_");
    format!("{outcome} | {} | {}", criteria.join(", "), verdict.summary)
}

/// The case, its rule, its tally, the vetoes; the outcome, `counted/needed of base` for each criterion, and the sentence.
const UNITED_NATIONS: &str = "\
ES-11/4 | un.ga.two-thirds | 143-5-35-0-10 | 0 | ADOPTED | 183/97 of 193, 143/99 of 148 | Adopted: 143 of 148 present and voting in favour; 99 needed.
ES-11/5 | un.ga.two-thirds | 94-14-73-0-12 | 0 | ADOPTED | 181/97 of 193, 94/72 of 108 | Adopted: 94 of 108 present and voting in favour; 72 needed.
ES-11/3 | un.ga.two-thirds | 93-24-58-0-18 | 0 | ADOPTED | 175/97 of 193, 93/78 of 117 | Adopted: 93 of 117 present and voting in favour; 78 needed.
amendment to ES-10/22 | un.ga.two-thirds | 89-61-21-0-22 | 0 | NOT_ADOPTED | 171/97 of 193, (89/100 of 150) | Not adopted: 89 of 150 present and voting in favour; 100 needed.
motion to reconsider | un.ga.reconsider | 16-104-34-0-39 | 0 | NOT_ADOPTED | 154/97 of 193, (16/80 of 120) | Not adopted: 16 of 120 present and voting in favour; 80 needed.
recorded vote | un.ga.simple | 107-13-39-0-34 | 0 | ADOPTED | 159/97 of 193, 107/61 of 120 | Adopted: 107 of 120 present and voting in favour; 61 needed.
appeal | un.ga.overrule-chair | 14-100-38-0-41 | 0 | NOT_ADOPTED | 152/97 of 193, (14/58 of 114) | Not adopted: 14 of 114 present and voting in favour; 58 needed.
tie | un.ga.simple | 60-60-40-0-33 | 0 | REVOTE_DUE | 160/97 of 193, (60/61 of 120) | Equal: 60 of 120 present and voting in favour; 61 needed; a second vote is due.
tie on an appeal | un.ga.overrule-chair | 60-60-40-0-33 | 0 | NOT_ADOPTED | 160/97 of 193, (60/61 of 120) | Not adopted: 60 of 120 present and voting in favour; 61 needed.
all abstain | un.ga.two-thirds | 0-0-193-0-0 | 0 | NOT_ADOPTED | 193/97 of 193, (0/0 of 0) | Not adopted: no one voted for or against.
no one votes | un.ga.two-thirds | 0-0-0-0-193 | 0 | NO_QUORUM | (0/97 of 193), (0/0 of 0) | No quorum: no ballot was cast.
S/2022/720 | un.sc.substantive | 10-1-4-0-0 | 1 | VETOED | 10/9 of 0 | Not adopted, owing to the negative vote of a permanent member: 10 in favour; 9 needed.
S/2022/155 | un.sc.substantive | 11-1-3-0-0 | 1 | VETOED | 11/9 of 0 | Not adopted, owing to the negative vote of a permanent member: 11 in favour; 9 needed.
resolution 2623 | un.sc.procedural | 11-1-3-0-0 | 1 | ADOPTED | 11/9 of 0 | Adopted: 11 in favour; 9 needed.
resolution 2504 | un.sc.substantive | 11-0-4-0-0 | 0 | ADOPTED | 11/9 of 0 | Adopted: 11 in favour; 9 needed.
S/2023/772 | un.sc.substantive | 5-4-6-0-0 | 3 | NOT_ADOPTED | (5/9 of 0) | Not adopted: 5 in favour; 9 needed.";

#[tokio::test]
async fn the_united_nations_decide_as_they_did() {
    let server = Server::new();
    let mut client = server.client().await;
    for line in UNITED_NATIONS.lines() {
        let [case, rule, tally, vetoes, expected] = line.splitn(5, " | ").collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let vetoes = (0..vetoes.parse().unwrap()).map(|n| format!("permanent member {n}")).collect::<Vec<_>>();
        let request = EvaluateRuleRequest { vetoes: vetoes.clone(), ..by_head(preset(rule), tally) };
        let verdict = judge(&mut client, request).await;
        assert_eq!(shown(&verdict), expected, "{case}");
        let blocked = if verdict.outcome() == Outcome::Vetoed { vetoes } else { Vec::new() };
        assert_eq!(verdict.vetoed_by, blocked, "{case}");
    }
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
        ("Andersson, 2021", by_head(riksdag, "101-173-75-0-0"), "ADOPTED | 173/174 of 349"),
    ];
    for (case, request, expected) in table {
        let verdict = shown(&judge(&mut client, request).await);
        assert_eq!(verdict.rsplit_once(" | ").unwrap().0, expected, "{case}");
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
            "ADOPTED | 20/15 of 27, 6607/6500 of 10000, (7/3 of 0)",
        ),
        (
            "glyphosate, 2022",
            council("21-3-3-0-0", "6473-3527-0-0-0"),
            "NOT_ADOPTED | 21/15 of 27, (6473/6500 of 10000), (6/3 of 0)",
        ),
        (
            "three states block no one",
            council("24-3-0-0-0", "60-40-0-0-0"),
            "ADOPTED | 24/15 of 27, (60/65 of 100), 3/3 of 0",
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
    let expected = [
        "un.ga.overrule-chair",
        "un.ga.reconsider",
        "un.ga.simple",
        "un.ga.two-thirds",
        "un.sc.procedural",
        "un.sc.substantive",
    ];
    assert_eq!(names, expected);
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
    let expected = "VETOED | 85/75 of 100 | Not adopted, owing to the negative vote of a golden member: 85 of 100 present and voting in favour by shares; 75 needed.";
    assert_eq!(shown(&verdict), expected);
    assert_eq!(verdict.vetoed_by, ["bodies/hall/members/C"]);
    let weights = &locked.tally.as_ref().unwrap().weights;
    assert_eq!(weights["shares"], counts("85-15-0-0-0"));
    assert_eq!(heads(locked.tally.as_ref()), "2-1-0-0-0");
}

#[tokio::test]
async fn a_stated_quorum_counts_and_an_unstated_one_is_presumed() {
    let server = Server::new();
    let mut client = server.client().await;
    for (present, outcome) in [(0, Outcome::Adopted), (96, Outcome::NoQuorum), (97, Outcome::Adopted)] {
        let request =
            EvaluateRuleRequest { members_present: present, ..by_head(preset("un.ga.simple"), "5-1-0-0-187") };
        let verdict = judge(&mut client, request).await;
        assert_eq!(verdict.outcome(), outcome, "{present} present: {}", verdict.summary);
    }
}
