//! What a vote allows in each of its states, and what it says where it does not; a refusal leaves no trace.

use rollcall::proto::{self, Choice, Outcome, TieBreak, VoteState};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::client::{BODY, VOTE, ballot, heads, majority, member, preset};
use crate::harness::{Client, Expect, Server, uuid};

pub mod table;

fn tabled() -> proto::Vote {
    proto::Vote { rule: Some(majority(TieBreak::Unspecified)), ..Default::default() }
}

fn metadata(status: &Status) -> std::collections::BTreeMap<String, String> {
    status.get_details_error_info().unwrap().metadata.into_iter().collect()
}

/// The one PreconditionFailure of a status, as `type subject`.
fn precondition(status: &Status) -> String {
    let failure = status.get_details_precondition_failure().unwrap();
    let [violation] = failure.violations.as_slice() else { panic!("one violation: {failure:?}") };
    assert_eq!(violation.description, status.message());
    format!("{} {}", violation.r#type, violation.subject)
}

#[tokio::test]
async fn the_roll_is_that_of_the_opening() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["B", "A"], majority(TieBreak::Unspecified)).await;
    client.admit(vec![member("C")]).await.unwrap();
    for (late, name) in [("C", "bodies/hall/members/C"), ("a", "bodies/hall/members/a")] {
        let status = client.cast(late, Choice::Yes).await.refused(Code::FailedPrecondition, "NOT_ON_ROLL");
        assert_eq!(metadata(&status)["member"], name);
        assert_eq!(precondition(&status), format!("NOT_ON_ROLL {name}"));
    }
    let request = proto::ListBallotsRequest { parent: VOTE.into(), ..Default::default() };
    let roll = client.ballots.list_ballots(request).await.unwrap().into_inner().ballots;
    let names: Vec<_> = roll.iter().map(|ballot| ballot.display_name.as_str()).collect();
    assert_eq!(names, ["Member B", "Member A"], "in the order of admission");
    assert_eq!(client.vote().await.unwrap().roll_size, 2);
}

#[tokio::test]
async fn a_vote_opens_only_on_a_roll_that_its_rule_can_judge() {
    let server = Server::new();
    let mut client = server.client().await;
    let weighed = || {
        let mut rule = majority(TieBreak::Unspecified);
        let Some(proto::requirement::Kind::Threshold(threshold)) = &mut rule.requirements[0].kind else { panic!() };
        threshold.weight = "shares".into();
        rule
    };
    let create = proto::CreateBodyRequest { body_id: "hall".into(), request_id: uuid(), ..Default::default() };
    client.bodies.create_body(create).await.unwrap();
    client.table(preset("un.sc.substantive")).await.unwrap();
    client.table_as("weighed", proto::Vote { rule: Some(weighed()), ..Default::default() }).await.unwrap();
    let other = format!("{BODY}/votes/weighed");

    let empty = client.open().await.refused(Code::FailedPrecondition, "ROLL_UNFIT");
    assert_eq!(precondition(&empty), format!("ROLL_UNFIT {VOTE}"));
    let shares = [("shares".to_owned(), 7)];
    client.admit(vec![proto::Member { weights: shares.into(), ..member("A") }, member("B")]).await.unwrap();
    let end = client.end().await;
    let lacking = client.open().await.refused(Code::FailedPrecondition, "ROLL_UNFIT");
    assert_eq!(metadata(&lacking)["group"], "permanent");
    let lacking = client.open_as(&other, 0).await.refused(Code::FailedPrecondition, "ROLL_UNFIT");
    assert_eq!(metadata(&lacking)["member"], "bodies/hall/members/B");
    assert_eq!(metadata(&lacking)["weight"], "shares");
    assert_eq!(client.end().await, end);

    client.admit(vec![proto::Member { groups: vec!["permanent".into()], ..member("P") }]).await.unwrap();
    client.open().await.expect("with a member that holds the veto");
}

#[tokio::test]
async fn the_outcome_declared_is_the_rules_unless_a_ruling_says_why_not() {
    let ga = || preset("un.ga.simple");
    let plain = || majority(TieBreak::Unspecified);
    let (yes, no) = (Choice::Yes, Choice::No);
    let cases: [(proto::Rule, &[Choice], Outcome, Outcome, Outcome); 6] = [
        (plain(), &[yes], Outcome::Adopted, Outcome::Adopted, Outcome::NotAdopted),
        (plain(), &[no], Outcome::NotAdopted, Outcome::NotAdopted, Outcome::Adopted),
        (plain(), &[], Outcome::NotAdopted, Outcome::NotAdopted, Outcome::NoQuorum),
        (ga(), &[], Outcome::NoQuorum, Outcome::NoQuorum, Outcome::NotAdopted),
        (ga(), &[yes, no], Outcome::RevoteDue, Outcome::RevoteDue, Outcome::NotAdopted),
        (
            majority(TieBreak::CastingVote),
            &[yes, no],
            Outcome::AwaitingCastingVote,
            Outcome::NotAdopted,
            Outcome::Adopted,
        ),
    ];
    let server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A", "B", "C"]).await.unwrap();
    for (at, (rule, ballots, judged, declarable, other)) in cases.into_iter().enumerate() {
        let declared = |outcome: Outcome| outcome.as_str_name().trim_start_matches("OUTCOME_").to_owned();
        for ruled in [false, true] {
            let id = format!("{at}-{ruled}");
            let name = format!("{BODY}/votes/{id}");
            client.table_as(&id, proto::Vote { rule: Some(rule.clone()), ..Default::default() }).await.unwrap();
            client.open_as(&name, 0).await.unwrap();
            for (member, choice) in ["A", "B"].iter().zip(ballots) {
                client.send(proto::CastBallotRequest { vote: name.clone(), ..ballot(member, *choice) }).await.unwrap();
            }
            let locked = client.lock_as(&name).await.unwrap();
            assert_eq!(locked.verdict.unwrap().outcome(), judged, "case {at}");
            let end = client.end().await;
            let refused = client.declare_as(&name, other, "").await;
            let refused = refused.refused(Code::FailedPrecondition, "OUTCOME_MISMATCH");
            assert_eq!(metadata(&refused)["outcome"], declared(declarable), "case {at}");
            assert_eq!(precondition(&refused), format!("OUTCOME_MISMATCH {name}"));
            assert_eq!(client.end().await, end);
            let (outcome, ruling) = if ruled { (other, "The chair rules so.") } else { (declarable, "") };
            let vote = client.declare_as(&name, outcome, ruling).await.unwrap();
            assert_eq!((vote.declared_outcome(), &*vote.ruling), (outcome, ruling), "case {at}");
            assert_eq!(vote.verdict.unwrap().outcome(), judged, "the rule's verdict stays, case {at}");
            assert_eq!(vote.state, i32::from(VoteState::Declared));
        }
    }
}

/// Puts the vote again as a vote of such a kind, and the outcome of equal counts then.
async fn tied_again(client: &mut Client, kind: proto::relation::Kind) -> Outcome {
    let relations = vec![proto::Relation { kind: kind.into(), vote: VOTE.into() }];
    let vote = proto::Vote { rule: Some(preset("un.ga.simple")), relations, ..Default::default() };
    let id = format!("after-{}", client.end().await);
    let name = client.table_as(&id, vote).await.unwrap().name;
    client.open_as(&name, 0).await.unwrap();
    for (member, choice) in [("A", Choice::Yes), ("B", Choice::No)] {
        client.send(proto::CastBallotRequest { vote: name.clone(), ..ballot(member, choice) }).await.unwrap();
    }
    client.lock_as(&name).await.unwrap().verdict.unwrap().outcome()
}

#[tokio::test]
async fn a_second_vote_after_a_tie_rejects_on_equal_counts() {
    use proto::relation::Kind::{Reconsideration, Revote};
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B"], preset("un.ga.simple")).await;
    client.cast("A", Choice::Yes).await.unwrap();
    client.cast("B", Choice::No).await.unwrap();
    assert_eq!(tied_again(&mut client, Revote).await, Outcome::RevoteDue, "the first can still come out otherwise");
    client.lock().await.unwrap();
    assert_eq!(tied_again(&mut client, Revote).await, Outcome::NotAdopted, "the tie is locked");
    client.declare(Outcome::RevoteDue, "").await.unwrap();
    assert_eq!(tied_again(&mut client, Revote).await, Outcome::NotAdopted, "the tie is declared");
    assert_eq!(tied_again(&mut client, Reconsideration).await, Outcome::RevoteDue, "another question");
}

#[tokio::test]
async fn a_final_ballot_stands() {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A", "B"]).await.unwrap();
    let ballot_policy = Some(proto::BallotPolicy { final_on_cast: true, ..Default::default() });
    client.table_as("q", proto::Vote { ballot_policy, ..tabled() }).await.unwrap();
    client.open().await.unwrap();
    let first = client.cast("A", Choice::Yes).await.unwrap();
    for again in [Choice::No, Choice::Yes] {
        let refused = client.cast("A", again).await.refused(Code::FailedPrecondition, "BALLOT_FINAL");
        assert_eq!(metadata(&refused)["seq"], first.seq.to_string());
        assert_eq!(precondition(&refused), "BALLOT_FINAL bodies/hall/members/A");
    }
    client.cast("B", Choice::No).await.unwrap();
    assert_eq!(heads(client.vote().await.unwrap().tally.as_ref()), "1-1-0-0-0");
}

#[tokio::test]
async fn a_vote_that_is_suspended_goes_on_with_its_roll_and_its_ballots() {
    let mut server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B", "C"], majority(TieBreak::Unspecified)).await;
    client.cast("A", Choice::Yes).await.unwrap();
    client.suspend_vote(VOTE, "The board is out of order.").await.unwrap();
    client.admit(vec![member("D")]).await.unwrap();
    server.restart();
    let mut client = server.client().await;
    let suspended = client.vote().await.unwrap();
    assert_eq!((suspended.state(), heads(suspended.tally.as_ref())), (VoteState::Suspended, "1-0-0-0-2".into()));
    client.resume_vote(VOTE).await.unwrap();
    client.cast("D", Choice::No).await.refused(Code::FailedPrecondition, "NOT_ON_ROLL");
    client.cast("B", Choice::No).await.unwrap();
    let resumed = client.vote().await.unwrap();
    assert_eq!((resumed.open_time, resumed.roll_size), (suspended.open_time, 3));
    assert_eq!(heads(resumed.tally.as_ref()), "1-1-0-0-1");
    client.suspend_vote(VOTE, "").await.expect("again");
    let locked = client.lock().await.expect("while it is suspended");
    assert_eq!(heads(locked.tally.as_ref()), "1-1-0-0-1");
}

#[tokio::test]
async fn a_vote_that_is_set_aside_has_no_result() {
    let mut server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B"], majority(TieBreak::Unspecified)).await;
    client.cast("A", Choice::Yes).await.unwrap();
    client.lock().await.unwrap();
    let declared = client.declare(Outcome::Adopted, "").await.unwrap();
    assert_eq!(declared.declared_outcome(), Outcome::Adopted);
    let receipt = client.annul_vote(VOTE, "Two delegations were locked out.").await.unwrap();
    for _ in 0..2 {
        let mut client = server.client().await;
        let vote = client.vote().await.unwrap();
        assert_eq!((vote.state(), vote.declared_outcome()), (VoteState::Annulled, Outcome::Unspecified));
        assert_eq!((vote.verdict, vote.declare_time, vote.seq), (None, None, receipt.seq));
        assert_eq!(client.tally().await.unwrap().verdict, None);
        assert_eq!(client.roll(VOTE).await[0].choice(), Choice::Yes, "its entries stay on record");
        let Some(proto::entry::Event::VoteAnnulled(annulled)) = client.entries().await.pop().unwrap().event else {
            panic!("the last entry says that it was annulled")
        };
        assert_eq!((&*annulled.vote, &*annulled.reason), (VOTE, "Two delegations were locked out."));
        server.restart();
    }
}

#[tokio::test]
async fn a_vote_is_suspended_a_bounded_number_of_times_and_goes_on() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A"], majority(TieBreak::Unspecified)).await;
    for _ in 0..100 {
        client.suspend_vote(VOTE, "").await.unwrap();
        client.resume_vote(VOTE).await.unwrap();
    }
    client.suspend_vote(VOTE, "").await.refused(Code::FailedPrecondition, "LIMIT_REACHED");
    client.cast("A", Choice::Yes).await.unwrap();
    assert_eq!(client.lock().await.unwrap().state(), VoteState::Locked);
}
