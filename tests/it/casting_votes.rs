//! The presiding officer's vote on equal counts: awaited, given or not, and in no tally; and what is adopted without a vote.

use rollcall::proto::entry::Event;
use rollcall::proto::{self, Choice, Outcome, TieBreak, VoteState};
use tonic::Code;
use tonic_types::StatusExt;

use crate::harness::client::{VOTE, frame, heads, majority, preset};
use crate::harness::{Client, Expect, Server, conduct, uuid};

/// A vote of four that stands 2 to 2 at the lock.
async fn tied(server: &Server, rule: proto::Rule) -> Client {
    let mut client = server.client().await;
    client.ready(&["A", "B", "C", "D"], rule).await;
    for (member, choice) in [("A", Choice::Yes), ("B", Choice::Yes), ("C", Choice::No), ("D", Choice::No)] {
        client.cast(member, choice).await.unwrap();
    }
    client.lock().await.unwrap();
    client
}

fn outcome(vote: &proto::Vote) -> Outcome {
    vote.verdict.as_ref().unwrap().outcome()
}

fn casting(choice: Choice) -> proto::GiveCastingVoteRequest {
    conduct::casting(VOTE, choice)
}

#[tokio::test]
async fn the_verdict_is_pending_until_the_casting_vote_is_given() {
    let mut server = Server::new();
    let mut client = tied(&server, majority(TieBreak::CastingVote)).await;
    let mut watch = client.watch(true).await.unwrap();
    let pending = frame(&mut watch).await.unwrap().unwrap();
    assert_eq!(pending.verdict.unwrap().outcome(), Outcome::AwaitingCastingVote);
    client.declare(Outcome::Adopted, "").await.refused(Code::FailedPrecondition, "OUTCOME_MISMATCH");

    let request = casting(Choice::Yes);
    let given = client.votes.give_casting_vote(request.clone()).await.unwrap().into_inner();
    let (vote, receipt) = (given.vote.unwrap(), given.receipt.unwrap());
    assert_eq!((vote.state(), outcome(&vote)), (VoteState::Locked, Outcome::Adopted));
    assert!(vote.verdict.as_ref().unwrap().summary.starts_with("Adopted by the casting vote: "));
    assert_eq!(heads(vote.tally.as_ref()), "2-2-0-0-0", "it is in no tally");
    let shown = vote.casting_vote.clone().unwrap();
    assert_eq!((shown.choice(), &*shown.given_by), (Choice::Yes, "the Vice President"));
    assert_eq!((&*shown.reason, shown.seq), ("Article I, section 3", receipt.seq));
    let seen = frame(&mut watch).await.unwrap().unwrap();
    assert_eq!((seen.revision, seen.verdict.unwrap().outcome()), (receipt.revision, Outcome::Adopted));
    assert!(seen.seats.is_empty(), "no member changed its stand");

    let again = client.votes.give_casting_vote(request).await.unwrap().into_inner().receipt.unwrap();
    assert_eq!((again.seq, again.replayed), (receipt.seq, true));
    let second = client.votes.give_casting_vote(casting(Choice::No)).await;
    let second = second.refused(Code::FailedPrecondition, "NO_CASTING_VOTE_DUE");
    assert_eq!(second.get_details_error_info().unwrap().metadata["outcome"], "ADOPTED");

    server.restart();
    let mut client = server.client().await;
    assert_eq!(client.vote().await.unwrap(), vote, "read back from the record");
    let declared = client.declare(Outcome::Adopted, "").await.unwrap();
    assert_eq!((declared.declared_outcome(), declared.casting_vote), (Outcome::Adopted, vote.casting_vote));
    let entries = client.entries().await;
    let Some(Event::CastingVoteGiven(entry)) = &entries[usize::try_from(receipt.seq).unwrap() - 1].event else {
        panic!("an entry of its own")
    };
    assert_eq!((entry.choice(), &*entry.given_by, &*entry.reason), (Choice::Yes, &*shown.given_by, &*shown.reason));
}

#[tokio::test]
async fn a_casting_vote_against_rejects() {
    let server = Server::new();
    let mut client = tied(&server, majority(TieBreak::CastingVote)).await;
    let given = client.votes.give_casting_vote(casting(Choice::No)).await.unwrap().into_inner();
    assert_eq!(outcome(&given.vote.unwrap()), Outcome::NotAdopted);
    client.declare(Outcome::NotAdopted, "").await.expect("as the rule gives");
}

#[tokio::test]
async fn a_tie_that_no_one_breaks_is_declared_not_adopted() {
    let server = Server::new();
    let mut client = tied(&server, majority(TieBreak::CastingVote)).await;
    let declared = client.declare(Outcome::NotAdopted, "").await.expect("while a casting vote is awaited");
    assert_eq!((declared.declared_outcome(), declared.casting_vote), (Outcome::NotAdopted, None));
    let late = client.votes.give_casting_vote(casting(Choice::Yes)).await;
    late.refused(Code::FailedPrecondition, "WRONG_STATE");
}

#[tokio::test]
async fn a_casting_vote_is_given_only_where_it_is_awaited_and_says_yes_or_no() {
    let server = Server::new();
    let mut client = tied(&server, preset("un.ga.simple")).await;
    let end = client.end().await;
    let undue = client.votes.give_casting_vote(casting(Choice::Yes)).await;
    let undue = undue.refused(Code::FailedPrecondition, "NO_CASTING_VOTE_DUE");
    assert_eq!(undue.get_details_error_info().unwrap().metadata["outcome"], "REVOTE_DUE");
    assert_eq!(undue.get_details_precondition_failure().unwrap().violations[0].subject, VOTE);
    for choice in [Choice::Abstain, Choice::Present, Choice::NotVoting, Choice::Unspecified] {
        let request = proto::GiveCastingVoteRequest { given_by: "a\nb".into(), ..casting(choice) };
        let status = client.votes.give_casting_vote(request).await.refused(Code::InvalidArgument, "INVALID_FIELD");
        let violations = status.get_details_bad_request().unwrap().field_violations;
        let fields: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(fields, ["choice", "given_by"]);
    }
    assert_eq!(client.end().await, end);
}

/// Whether a message, as any client sees it, holds a tally or a count anywhere.
fn counts(message: &impl std::fmt::Debug) -> bool {
    let shown = format!("{message:?}");
    shown.contains("Tally {") || shown.contains("Counts {") || shown.contains("not_voting")
}

#[tokio::test]
async fn what_is_adopted_without_a_vote_has_no_tally_anywhere() {
    let mut server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A", "B"]).await.unwrap();
    client.table(preset("un.ga.simple")).await.unwrap();
    let mut watch = client.watch(true).await.unwrap();
    assert_eq!(frame(&mut watch).await.unwrap().unwrap().state(), VoteState::Draft);
    let (adopted_symbol, request_id) = ("A/RES/76/300".into(), uuid());
    let request = proto::AdoptWithoutVoteRequest { name: VOTE.into(), adopted_symbol, request_id };
    let answer = client.votes.adopt_without_vote(request).await.unwrap().into_inner();
    let last = frame(&mut watch).await.unwrap().unwrap();
    assert_eq!(frame(&mut watch).await.unwrap(), None, "the watch ends with it");
    for _ in 0..2 {
        let mut client = server.client().await;
        let vote = client.vote().await.unwrap();
        assert_eq!((vote.state(), vote.declared_outcome()), (VoteState::Declared, Outcome::AdoptedWithoutVote));
        assert_eq!((&*vote.adopted_symbol, vote.roll_size), ("A/RES/76/300", 0));
        let verdict = vote.verdict.clone().unwrap();
        assert_eq!((verdict.outcome(), &*verdict.summary), (Outcome::AdoptedWithoutVote, "Adopted without a vote."));
        assert!(!counts(&vote) && !counts(&answer) && !counts(&last), "{vote:?}");
        assert!(!counts(&client.tally().await.unwrap()));
        let mut hall = client.hall_of(vec![VoteState::Declared.into()]).await;
        assert!(!counts(&hall.message().await.unwrap()));
        assert!(!counts(&client.entries().await));
        assert_eq!(client.roll(VOTE).await, [], "no roll call either");
        server.restart();
    }
}
