//! What one vote is to another: put again, amended, divided, reconsidered, followed by another body; and who chose the rule.

use rollcall::proto::relation::Kind;
use rollcall::proto::watch_votes_response::Message;
use rollcall::proto::{self, Choice, Comparison, Outcome, Relation, Requirement, VoteState};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::client::{BODY, VOTE, ballot, majority, preset};
use crate::harness::whole::{Whole, members};
use crate::harness::{Client, Expect, Server, uuid};

fn is(kind: Kind, vote: &str) -> Vec<Relation> {
    vec![Relation { kind: kind.into(), vote: vote.into() }]
}

/// A vote under a rule that is something to another.
fn related(kind: Kind, vote: &str, rule: &str) -> proto::Vote {
    proto::Vote { rule: Some(preset(rule)), relations: is(kind, vote), ..Default::default() }
}

/// Opens a vote of A and B, casts one ballot each way, and locks it.
async fn tie(client: &mut Client, name: &str) -> Outcome {
    client.open_as(name, 0).await.unwrap();
    for (member, choice) in [("A", Choice::Yes), ("B", Choice::No)] {
        client.send(proto::CastBallotRequest { vote: name.into(), ..ballot(member, choice) }).await.unwrap();
    }
    client.lock_as(name).await.unwrap().verdict.unwrap().outcome()
}

#[tokio::test]
async fn a_vote_put_again_starts_from_the_same_question_and_a_second_tie_rejects() {
    let mut server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A", "B"]).await.unwrap();
    let first = proto::Vote {
        title: "The budget".into(),
        symbol: "B/1".into(),
        question: "Shall it be adopted?".into(),
        rule: Some(preset("un.ga.simple")),
        rule_chosen_by: "the chair".into(),
        rule_basis: "rule 85".into(),
        ..Default::default()
    };
    let first = client.table_as("q", first).await.unwrap();
    assert_eq!(tie(&mut client, VOTE).await, Outcome::RevoteDue);
    client.declare(Outcome::RevoteDue, "").await.unwrap();

    let again = proto::Vote { relations: is(Kind::Revote, VOTE), ..Default::default() };
    let again = client.table_as("again", again).await.unwrap();
    assert_eq!((&again.rule, &again.title, &again.symbol), (&first.rule, &first.title, &first.symbol));
    assert_eq!(
        (&again.question, &*again.rule_chosen_by, &*again.rule_basis),
        (&first.question, "the chair", "rule 85")
    );
    server.restart();
    let mut client = server.client().await;
    assert_eq!(client.vote_as("again").await, again, "it is on record so, not looked up");
    assert_eq!(tie(&mut client, &again.name).await, Outcome::NotAdopted);
    client.declare_as(&again.name, Outcome::NotAdopted, "").await.unwrap();

    let other = proto::Vote {
        title: "Another title".into(),
        rule: Some(majority(proto::TieBreak::CastingVote)),
        relations: is(Kind::Revote, VOTE),
        ..Default::default()
    };
    let other = client.table_as("other", other).await.unwrap();
    assert_eq!((&*other.title, &*other.symbol, &*other.rule_basis), ("Another title", "B/1", ""));
    assert_ne!(other.rule, first.rule, "what is given is taken");

    let ruleless = proto::Vote { relations: is(Kind::Reconsideration, VOTE), ..Default::default() };
    client.table_as("ruleless", ruleless).await.refused(Code::InvalidArgument, "RULE_INVALID");
    let unknown = proto::Vote { relations: is(Kind::Revote, "bodies/hall/votes/none"), ..Default::default() };
    client.table_as("unknown", unknown).await.refused(Code::NotFound, "NO_SUCH_RESOURCE");
}

#[tokio::test]
async fn an_amendment_needs_the_majority_of_its_text_unless_a_ruling_says_why_not() {
    let mut server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A", "B"]).await.unwrap();
    client.table_as("q", proto::Vote { rule: Some(preset("un.ga.two-thirds")), ..Default::default() }).await.unwrap();
    let plain = client.table_as("plain", proto::Vote { rule: Some(preset("un.ga.simple")), ..Default::default() });
    let plain = plain.await.unwrap().name;
    let end = client.end().await;
    for (kind, words) in [(Kind::Amendment, "an amendment to"), (Kind::Part, "a part of")] {
        for blank in ["", " \n"] {
            let vote = proto::Vote { rule_basis: blank.into(), ..related(kind, VOTE, "un.ga.simple") };
            let refused = client.table_as("a", vote).await.refused(Code::InvalidArgument, "MAJORITY_TOO_SMALL");
            let field = &refused.get_details_bad_request().unwrap().field_violations[0];
            assert_eq!((&*field.field, &*field.description), ("vote.rule", refused.message()));
            let sentence = format!("{words} {VOTE} needs the majority that the text needs, by un.ga.two-thirds: ");
            assert!(refused.message().starts_with(&sentence), "{}", refused.message());
            let metadata = refused.get_details_error_info().unwrap().metadata;
            assert_eq!((&*metadata["text"], &*metadata["rule"]), (VOTE, "un.ga.two-thirds"));
        }
    }
    assert_eq!(client.end().await, end);
    let accepted = [
        related(Kind::Amendment, VOTE, "un.ga.two-thirds"),
        // Any rule that asks for as much.
        related(Kind::Part, VOTE, "un.ga.reconsider"),
        // A text by more than half binds no one, and other relations neither.
        related(Kind::Amendment, &plain, "un.sc.procedural"),
        related(Kind::Procedural, VOTE, "un.ga.simple"),
        related(Kind::Reconsideration, VOTE, "un.ga.simple"),
        related(Kind::Follows, VOTE, "un.ga.simple"),
    ];
    for (at, vote) in accepted.into_iter().enumerate() {
        client.table_as(&format!("ok-{at}"), vote).await.unwrap();
    }
    let (rule_chosen_by, rule_basis) =
        ("the President".to_owned(), "rule 84 does not apply; not challenged".to_owned());
    let ruled = related(Kind::Amendment, VOTE, "un.ga.simple");
    let ruled = proto::Vote { rule_chosen_by, rule_basis, ..ruled };
    let ruled = client.table_as("ruled", ruled).await.expect("by ruling");
    server.restart();
    let shown = server.client().await.vote_as("ruled").await;
    assert_eq!((&*shown.rule_chosen_by, &*shown.rule_basis), (&*ruled.rule_chosen_by, &*ruled.rule_basis));
    let Some(proto::entry::Event::VoteCreated(entry)) = server.client().await.entries().await.pop().unwrap().event
    else {
        panic!("the last entry tabled it")
    };
    assert_eq!((entry.rule_chosen_by, entry.rule_basis), (ruled.rule_chosen_by, ruled.rule_basis), "on record");
}

/// A share of the roll by head, or by a weight.
fn share(
    choices: &[Choice],
    weight: &str,
    comparison: Comparison,
    (numerator, denominator): (u32, u32),
) -> Requirement {
    let share = proto::Share { numerator, denominator, base: proto::Base::Roll.into() };
    let threshold = proto::Threshold {
        choices: choices.iter().map(|choice| (*choice).into()).collect(),
        weight: weight.into(),
        comparison: comparison.into(),
        bar: Some(proto::threshold::Bar::Share(share)),
    };
    Requirement { kind: Some(proto::requirement::Kind::Threshold(threshold)) }
}

#[tokio::test]
async fn the_majority_of_a_text_is_the_largest_that_it_needs_in_favour_by_head() {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A", "B"]).await.unwrap();
    let yes = |of| share(&[Choice::Yes], "", Comparison::AtLeast, of);
    let by = |requirements| Some(proto::Rule { requirements, ..Default::default() });
    let text = vec![
        share(&[Choice::Yes], "population", Comparison::AtLeast, (9, 10)),
        yes((3, 5)),
        yes((1, 2)),
        share(&[Choice::Yes], "", Comparison::AtMost, (9, 10)),
        share(&[Choice::No], "", Comparison::AtMost, (4, 5)),
        share(&[Choice::Yes, Choice::No], "", Comparison::AtLeast, (4, 5)),
    ];
    client.table_as("q", proto::Vote { rule: by(text), ..Default::default() }).await.unwrap();
    for (at, (of, enough)) in
        [((59, 100), false), ((3, 5), true), ((60, 100), true), ((2, 3), true)].into_iter().enumerate()
    {
        let part = proto::Vote { rule: by(vec![yes(of)]), relations: is(Kind::Part, VOTE), ..Default::default() };
        let tabled = client.table_as(&format!("part-{at}"), part).await;
        if enough {
            tabled.unwrap();
        } else {
            tabled.refused(Code::InvalidArgument, "MAJORITY_TOO_SMALL");
        }
    }
}

#[tokio::test]
async fn who_chose_the_rule_is_bounded_as_other_texts_are() {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A"]).await.unwrap();
    let vote = proto::Vote {
        rule: Some(preset("un.ga.simple")),
        rule_chosen_by: "two\nlines".into(),
        rule_basis: "b".repeat(2_001),
        ..Default::default()
    };
    let refused = client.table_as("q", vote).await.refused(Code::InvalidArgument, "INVALID_FIELD");
    let fields: Vec<_> =
        refused.get_details_bad_request().unwrap().field_violations.into_iter().map(|one| one.field).collect();
    assert_eq!(fields, ["vote.rule_chosen_by", "vote.rule_basis"]);
}

#[tokio::test]
async fn a_motion_to_reconsider_needs_two_thirds_by_its_rule() {
    // 10 October 2022: the Assembly did not reconsider its decision to vote openly.
    let server = Server::new();
    let mut client = server.client().await;
    let counts = [(Choice::Yes, 16), (Choice::No, 104), (Choice::Abstain, 34), (Choice::NotVoting, 39)];
    let rule = preset("un.ga.reconsider");
    let whole = Whole { body: "un-ga", vote: "reconsider", rule, seats: 193, members: members("un-ga", &counts) };
    let verdict = whole.locked(&mut client).await.unwrap().verdict.unwrap();
    assert_eq!(verdict.outcome(), Outcome::NotAdopted);
    let last = verdict.criteria.last().unwrap();
    assert_eq!((last.counted, last.needed, last.base), (16, 80, 120));
}

/// The ids of the votes that a list has, page by page.
async fn listed(client: &mut Client, parent: &str, relation: Option<Relation>) -> Result<Vec<String>, Status> {
    let (mut ids, mut page_token) = (Vec::new(), String::new());
    loop {
        let (parent, relation) = (parent.to_owned(), relation.clone());
        let request = proto::ListVotesRequest { parent, page_size: 1, page_token, relation, ..Default::default() };
        let page = client.votes.list_votes(request).await?.into_inner();
        ids.extend(page.votes.into_iter().map(|vote| vote.name.rsplit('/').next().unwrap().to_owned()));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(ids);
        }
    }
}

/// The Assembly took the question up after the veto in the Council, and amended it.
async fn taken_up(client: &mut Client) {
    let body = proto::CreateBodyRequest { body_id: "annex".into(), request_id: uuid(), ..Default::default() };
    client.bodies.create_body(body).await.unwrap();
    client.seat(&["A", "B"]).await.unwrap();
    let vetoed = proto::CreateVoteRequest {
        parent: "bodies/annex".into(),
        vote_id: "vetoed".into(),
        vote: Some(proto::Vote { rule: Some(preset("un.sc.substantive")), ..Default::default() }),
        request_id: uuid(),
    };
    client.votes.create_vote(vetoed).await.unwrap();
    client.table_as("q", related(Kind::Follows, "bodies/annex/votes/vetoed", "un.ga.two-thirds")).await.unwrap();
    client.table_as("am-1", related(Kind::Amendment, VOTE, "un.ga.two-thirds")).await.unwrap();
    client.table_as("am-2", related(Kind::Amendment, VOTE, "un.ga.two-thirds")).await.unwrap();
    client.table_as("ballot", related(Kind::Procedural, VOTE, "un.ga.simple")).await.unwrap();
    let mut both = related(Kind::Reconsideration, &format!("{BODY}/votes/ballot"), "un.ga.reconsider");
    both.relations.extend(is(Kind::Procedural, VOTE));
    client.table_as("both", both).await.unwrap();
    client.table_as("alone", proto::Vote { rule: Some(preset("un.ga.simple")), ..Default::default() }).await.unwrap();
}

#[tokio::test]
async fn votes_are_listed_by_what_they_are_to_others() {
    let server = Server::new();
    let mut client = server.client().await;
    taken_up(&mut client).await;
    let any = Kind::Unspecified;
    let cases: [(&str, Kind, &str, &[&str]); 8] = [
        (BODY, any, "", &["q", "am-1", "am-2", "ballot", "both"]),
        (BODY, any, VOTE, &["am-1", "am-2", "ballot", "both"]),
        (BODY, Kind::Amendment, "", &["am-1", "am-2"]),
        (BODY, Kind::Procedural, VOTE, &["ballot", "both"]),
        // Both of one relation, not one of each.
        (BODY, Kind::Reconsideration, VOTE, &[]),
        ("bodies/-", Kind::Follows, "bodies/annex/votes/vetoed", &["q"]),
        ("bodies/annex", Kind::Follows, "", &[]),
        (BODY, any, "bodies/hall/votes/unknown", &[]),
    ];
    for (parent, kind, vote, expected) in cases {
        let relation = Relation { kind: kind.into(), vote: vote.into() };
        assert_eq!(listed(&mut client, parent, Some(relation)).await.unwrap(), expected, "{parent} {kind:?} {vote}");
    }
    assert_eq!(listed(&mut client, BODY, None).await.unwrap().len(), 6);
    let wrong = listed(&mut client, BODY, Some(Relation { kind: 99, vote: "q".into() })).await;
    let wrong = wrong.refused(Code::InvalidArgument, "INVALID_FIELD");
    let fields: Vec<_> =
        wrong.get_details_bad_request().unwrap().field_violations.into_iter().map(|one| one.field).collect();
    assert_eq!(fields, ["relation.kind", "relation.vote"]);
    // A token of one filter is none of another.
    let (parent, page_size) = (BODY.to_owned(), 1);
    let first = proto::ListVotesRequest { parent, page_size, ..Default::default() };
    let page_token = client.votes.list_votes(first.clone()).await.unwrap().into_inner().next_page_token;
    let relation = Some(Relation { kind: Kind::Amendment.into(), vote: String::new() });
    let other = proto::ListVotesRequest { page_token, relation, ..first };
    client.votes.list_votes(other).await.refused(Code::InvalidArgument, "INVALID_FIELD");
}

#[tokio::test]
async fn a_hall_is_watched_by_what_its_votes_are_to_others() {
    let server = Server::new();
    let mut client = server.client().await;
    taken_up(&mut client).await;
    let relation = Some(Relation { kind: Kind::Amendment.into(), vote: VOTE.into() });
    let request = proto::WatchVotesRequest { parent: BODY.into(), relation, ..Default::default() };
    let mut hall = client.tallies.watch_votes(request).await.unwrap().into_inner();
    let mut next = async || hall.message().await.unwrap().unwrap().message.unwrap();
    for expected in ["am-1", "am-2"] {
        let Message::Vote(vote) = next().await else { panic!("a vote") };
        assert_eq!(vote.name, format!("{BODY}/votes/{expected}"));
    }
    assert!(matches!(next().await, Message::CaughtUp(_)));
    client.open_as(VOTE, 0).await.unwrap();
    client.open_as(&format!("{BODY}/votes/am-2"), 0).await.unwrap();
    let Message::Vote(vote) = next().await else { panic!("a vote") };
    assert_eq!((vote.name, vote.state), (format!("{BODY}/votes/am-2"), VoteState::Open.into()), "and no other");
}
