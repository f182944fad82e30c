//! What is said beside the voting, and what is corrected after it: the ballots that were locked stay, and so does what was announced.

use rollcall::proto::annotation::Kind as Note;
use rollcall::proto::statement::Kind;
use rollcall::proto::{self, Annotation, Choice, Outcome, VoteState};
use tonic::Code;
use tonic_types::StatusExt;

use crate::harness::client::{BODY, VOTE, frame, heads, majority, preset};
use crate::harness::conduct::{ballot_of, seat};
use crate::harness::whole::{Whole, members, named};
use crate::harness::{Client, Expect, Server};

mod corrections;

/// The annotations of a vote, all on one page.
async fn annotations(client: &mut Client, vote: &str) -> Vec<Annotation> {
    let request = proto::ListAnnotationsRequest { parent: vote.into(), ..Default::default() };
    client.votes.list_annotations(request).await.unwrap().into_inner().annotations
}

async fn ballot(client: &mut Client, name: &str) -> proto::Ballot {
    let request = proto::GetBallotRequest { name: name.into() };
    client.ballots.get_ballot(request).await.unwrap().into_inner().ballot.unwrap()
}

/// A vote of the General Assembly of 193 by two thirds: one named member, and the others by their counts.
fn assembly<'a>(vote: &'a str, (member, choice): (&str, Choice), counts: [usize; 4]) -> Whole<'a> {
    let [yes, no, abstain, not_voting] = counts;
    let counts = [(Choice::Yes, yes), (Choice::No, no), (Choice::Abstain, abstain), (Choice::NotVoting, not_voting)];
    let mut all = members("un-ga", &counts);
    all.push((named("un-ga", member), choice));
    assert_eq!(all.len(), 193);
    Whole { body: "un-ga", vote, rule: preset("un.ga.two-thirds"), seats: 193, members: all }
}

#[tokio::test]
async fn the_bahamas_had_intended_to_abstain_and_its_ballot_stands() {
    let server = Server::new();
    let mut client = server.client().await;
    let whole = assembly("es-11-5", ("BHS", Choice::No), [94, 13, 73, 12]);
    let name = whole.name();
    whole.locked(&mut client).await.unwrap();
    let declared = client.declare_as(&name, Outcome::Adopted, "").await.unwrap();
    let text = "The board showed an abstention; the Secretariat was so informed on 16 November 2022.";
    let stated = client.state_as(&name, (Kind::IntendedVote, Choice::Abstain), "bodies/un-ga/members/BHS", text).await;
    let receipt = stated.unwrap();

    let request = proto::GetVoteRequest { name: name.clone(), at_least_seq: 0 };
    let vote = client.votes.get_vote(request).await.unwrap().into_inner().vote.unwrap();
    assert_eq!(heads(vote.tally.as_ref()), "94-14-73-0-12");
    let moved = proto::Vote { seq: receipt.seq, revision: receipt.revision, ..declared };
    assert_eq!(vote, moved, "nothing else changed");
    let ballot = ballot(&mut client, &format!("{name}/ballots/BHS")).await;
    assert_eq!((ballot.choice(), ballot.corrected()), (Choice::No, Choice::Unspecified));
    let [Annotation { kind: Some(Note::Statement(said)), seq, .. }] = &annotations(&mut client, &name).await[..] else {
        panic!("one statement")
    };
    assert_eq!((said.kind(), said.intended(), *seq), (Kind::IntendedVote, Choice::Abstain, receipt.seq));
    assert_eq!((&*said.member, &*said.text), ("bodies/un-ga/members/BHS", text));
}

#[tokio::test]
async fn the_vote_of_iraq_is_corrected_and_both_tallies_stay() {
    let mut server = Server::new();
    let mut client = server.client().await;
    let whole = assembly("es-10-21", ("IRQ", Choice::Abstain), [120, 14, 44, 14]);
    let name = whole.name();
    whole.locked(&mut client).await.unwrap();
    client.declare_as(&name, Outcome::Adopted, "").await.unwrap();
    let corrected = client.correct_as(&name, "bodies/un-ga/members/IRQ", Choice::Yes, "official record").await.unwrap();
    for _ in 0..2 {
        let mut client = server.client().await;
        let request = proto::GetVoteRequest { name: name.clone(), at_least_seq: 0 };
        let vote = client.votes.get_vote(request).await.unwrap().into_inner().vote.unwrap();
        assert_eq!(vote, corrected);
        assert_eq!(heads(vote.announced_tally.as_ref()), "120-14-45-0-14", "as announced");
        assert_eq!(heads(vote.tally.as_ref()), "121-14-44-0-14", "as corrected");
        assert_eq!((vote.state(), vote.declared_outcome()), (VoteState::Declared, Outcome::Adopted));
        assert!(vote.verdict.unwrap().summary.starts_with("Adopted: 121 of 135 "));
        let iraq = ballot(&mut client, &format!("{name}/ballots/IRQ")).await;
        assert_eq!((iraq.choice(), iraq.corrected()), (Choice::Abstain, Choice::Yes));
        let [Annotation { kind: Some(Note::Correction(made)), .. }] = &annotations(&mut client, &name).await[..] else {
            panic!("one correction")
        };
        assert_eq!((made.corrected(), &*made.reason), (Choice::Yes, "official record"));
        server.restart();
    }
}

#[tokio::test]
async fn a_vote_is_explained_before_and_after_by_whoever_sits_in_the_body() {
    let mut server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A", "B", "C"]).await.unwrap();
    client.suspend_right(&seat("C"), "arrears").await.unwrap();
    client.table(majority(proto::TieBreak::Unspecified)).await.unwrap();
    let explained = client.explain("A", Kind::ExplanationBefore, "We shall vote in favour.").await.unwrap();
    client.explain("A", Kind::ExplanationAfter, "").await.refused(Code::FailedPrecondition, "WRONG_STATE");
    client.open().await.unwrap();
    client.withdraw_member(&seat("B")).await.unwrap();
    for kind in [Kind::ExplanationBefore, Kind::ExplanationAfter] {
        // Rule 88: once the voting has begun no one interrupts it.
        client.explain("A", kind, "").await.refused(Code::FailedPrecondition, "WRONG_STATE");
    }
    client.lock().await.unwrap();
    client.explain("A", Kind::ExplanationBefore, "").await.refused(Code::FailedPrecondition, "WRONG_STATE");
    client.explain("B", Kind::ExplanationAfter, "on the roll").await.expect("it left its seat, and was on the roll");
    client.explain("C", Kind::ExplanationAfter, "seated").await.expect("it sits, and had no vote");
    let unknown = client.explain("D", Kind::ExplanationAfter, "").await.refused(Code::NotFound, "NO_SUCH_RESOURCE");
    assert_eq!(unknown.get_details_resource_info().unwrap().resource_name, seat("D"));
    let intended = client.state_as(VOTE, (Kind::IntendedVote, Choice::Yes), &seat("C"), "").await;
    intended.refused(Code::FailedPrecondition, "NOT_ON_ROLL");

    let listed = annotations(&mut client, VOTE).await;
    let texts: Vec<_> = listed
        .iter()
        .map(|one| match &one.kind {
            Some(Note::Statement(said)) => said.text.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, ["We shall vote in favour.", "on the roll", "seated"], "oldest first");
    assert_eq!((listed[0].seq, listed[0].record_time), (explained.seq, explained.record_time));
    server.restart();
    assert_eq!(annotations(&mut server.client().await, VOTE).await, listed);
}

#[tokio::test]
async fn annotations_are_paged_and_pages_go_on_as_the_list_grows() {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A"]).await.unwrap();
    client.table(preset("un.ga.simple")).await.unwrap();
    let text = |at: usize| format!("{at}{}", "x".repeat(1_900));
    for at in 0..700 {
        client.explain("A", Kind::ExplanationBefore, &text(at)).await.unwrap();
    }
    let (mut token, mut sizes, mut read) = (String::new(), Vec::new(), Vec::new());
    loop {
        let request = proto::ListAnnotationsRequest { parent: VOTE.into(), page_size: 1_000, page_token: token };
        let page = client.votes.list_annotations(request).await.unwrap().into_inner();
        sizes.push(page.annotations.len());
        read.extend(page.annotations);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
        client.explain("A", Kind::ExplanationBefore, &text(700)).await.unwrap();
    }
    assert!(sizes.len() == 2 && sizes[0] < 600, "bounded by bytes: {sizes:?}");
    assert_eq!(read.len(), 701);
    for (at, one) in read.iter().enumerate() {
        let Some(Note::Statement(said)) = &one.kind else { panic!("{one:?}") };
        assert_eq!(said.text, text(at));
    }
    let wrong = proto::ListAnnotationsRequest { parent: VOTE.into(), page_token: "AAAA".into(), page_size: 0 };
    client.votes.list_annotations(wrong).await.refused(Code::InvalidArgument, "INVALID_FIELD");
}

/// The fields that a refusal names.
fn fields(status: &tonic::Status) -> Vec<String> {
    let violations = status.get_details_bad_request().unwrap().field_violations;
    violations.into_iter().map(|violation| violation.field).collect()
}

#[tokio::test]
async fn what_is_malformed_is_named() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A"], preset("un.ga.simple")).await;
    client.lock().await.unwrap();
    let end = client.end().await;
    let said = |kind: Kind, intended: Choice, member: String| proto::Statement {
        kind: kind.into(),
        member,
        intended: intended.into(),
        text: String::new(),
    };
    let cases = [
        (said(Kind::Unspecified, Choice::Unspecified, seat("A")), "statement.kind"),
        (said(Kind::IntendedVote, Choice::Unspecified, seat("A")), "statement.intended"),
        (said(Kind::ExplanationAfter, Choice::Yes, seat("A")), "statement.intended"),
        (said(Kind::ExplanationAfter, Choice::Unspecified, "A".into()), "statement.member"),
        (said(Kind::ExplanationAfter, Choice::Unspecified, "bodies/annex/members/A".into()), "statement.member"),
        (
            proto::Statement {
                text: "t".repeat(2_001),
                ..said(Kind::ExplanationAfter, Choice::Unspecified, seat("A"))
            },
            "statement.text",
        ),
    ];
    for (statement, field) in cases {
        let request =
            proto::RecordStatementRequest { name: VOTE.into(), statement: Some(statement), ..Default::default() };
        let refused = client.votes.record_statement(request).await.refused(Code::InvalidArgument, "INVALID_FIELD");
        assert_eq!(fields(&refused), [field]);
    }
    let empty = client.votes.correct_ballot(proto::CorrectBallotRequest::default()).await;
    let empty = empty.refused(Code::InvalidArgument, "INVALID_FIELD");
    assert_eq!(fields(&empty), ["name", "correction.member", "correction.corrected"]);
    let elsewhere = client.correct_as(VOTE, "bodies/annex/members/A", Choice::Yes, &"r".repeat(2_001)).await;
    let elsewhere = elsewhere.refused(Code::InvalidArgument, "INVALID_FIELD");
    assert_eq!(fields(&elsewhere), ["correction.member", "correction.reason"]);
    assert_eq!(client.end().await, end);
}
