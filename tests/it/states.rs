//! What a vote allows in each of its states, and what it says where it does not; a refusal leaves no trace.

use rollcall::proto::{self, Choice, Outcome, TieBreak, VoteState};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::client::{BODY, VOTE, ballot, heads, majority, member, preset};
use crate::harness::{Client, Expect, Server, uuid};

const STATES: [&str; 5] = ["ABSENT", "DRAFT", "OPEN", "LOCKED", "DECLARED"];

/// What answers a call in each of [`STATES`].
const CALLS: [(&str, [&str; 5]); 12] = [
    ("CreateVote", ["", "NAME_TAKEN", "NAME_TAKEN", "NAME_TAKEN", "NAME_TAKEN"]),
    ("OpenVote", ["NO_SUCH_RESOURCE", "", "WRONG_STATE", "WRONG_STATE", "WRONG_STATE"]),
    ("CastBallot", ["NO_SUCH_RESOURCE", "WRONG_STATE", "", "WRONG_STATE", "WRONG_STATE"]),
    ("CastBallots", ["NO_SUCH_RESOURCE", "WRONG_STATE", "", "WRONG_STATE", "WRONG_STATE"]),
    ("LockVote", ["NO_SUCH_RESOURCE", "WRONG_STATE", "", "WRONG_STATE", "WRONG_STATE"]),
    ("DeclareResult", ["NO_SUCH_RESOURCE", "WRONG_STATE", "WRONG_STATE", "", "WRONG_STATE"]),
    ("GetVote", ["NO_SUCH_RESOURCE", "", "", "", ""]),
    ("GetTally", ["NO_SUCH_RESOURCE", "", "", "", ""]),
    ("WatchTally", ["NO_SUCH_RESOURCE", "", "", "", ""]),
    ("GetBallot", ["NO_SUCH_RESOURCE", "NOT_ON_ROLL", "", "", ""]),
    ("ListBallots", ["NO_SUCH_RESOURCE", "", "", "", ""]),
    ("ReadEntries", ["NO_SUCH_RESOURCE", "", "", "", ""]),
];

/// Calls that record something where they are allowed.
const CHANGES: usize = 6;

async fn call(client: &mut Client, call: &str, id: &str) -> Result<(), Status> {
    let name = format!("{BODY}/votes/{id}");
    let cast = proto::CastBallotRequest { vote: name.clone(), ..ballot("A", Choice::No) };
    match call {
        "CreateVote" => client.table_as(id, tabled()).await.map(drop),
        "OpenVote" => client.open_as(&name, 0).await.map(drop),
        "CastBallot" => client.send(cast).await.map(drop),
        "CastBallots" => {
            let request = proto::CastBallotsRequest { ballots: vec![cast.clone()] };
            let answer = client.ballots.cast_ballots(request).await?.into_inner();
            match answer.results[0].result.clone().unwrap() {
                proto::ballot_result::Result::Receipt(_) => Ok(()),
                proto::ballot_result::Result::Refusal(refusal) => {
                    let alone = client.send(cast).await.expect_err("refused alone too");
                    assert_eq!((refusal.code, &*refusal.message), (alone.code().into(), alone.message()));
                    assert_eq!(refusal.metadata, metadata(&alone));
                    Err(alone)
                }
            }
        }
        "LockVote" => client.lock_as(&name).await.map(drop),
        "DeclareResult" => client.declare_as(&name, Outcome::NotAdopted, "").await.map(drop),
        "GetVote" => client.votes.get_vote(proto::GetVoteRequest { name, at_least_seq: 0 }).await.map(drop),
        "GetTally" => client.tallies.get_tally(proto::GetTallyRequest { vote: name, at_least_seq: 0 }).await.map(drop),
        "WatchTally" => {
            let request = proto::WatchTallyRequest { vote: name, ..Default::default() };
            client.tallies.watch_tally(request).await.map(drop)
        }
        "GetBallot" => {
            let request = proto::GetBallotRequest { name: format!("{name}/ballots/A") };
            client.ballots.get_ballot(request).await.map(drop)
        }
        "ListBallots" => {
            let request = proto::ListBallotsRequest { parent: name, ..Default::default() };
            client.ballots.list_ballots(request).await.map(drop)
        }
        "ReadEntries" => {
            let request = proto::ReadEntriesRequest { scope: name, ..Default::default() };
            client.record.read_entries(request).await.map(drop)
        }
        other => panic!("no call {other}"),
    }
}

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
async fn each_call_is_allowed_in_its_states_alone_and_a_refusal_records_nothing() {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A", "B"]).await.unwrap();
    for (at, (name, answers)) in CALLS.into_iter().enumerate() {
        for (steps, (state, answer)) in STATES.into_iter().zip(answers).enumerate() {
            let what = format!("{name} while {state}");
            let id = format!("{name}-{state}").to_lowercase();
            for step in ["CreateVote", "OpenVote", "LockVote", "DeclareResult"].into_iter().take(steps) {
                call(&mut client, step, &id).await.unwrap();
            }
            let end = client.end().await;
            let answered = call(&mut client, name, &id).await;
            let grown = u64::from(answer.is_empty() && at < CHANGES);
            assert_eq!(client.end().await, end + grown, "{what}");
            let code = match answer {
                "" => {
                    answered.expect(&what);
                    continue;
                }
                "NO_SUCH_RESOURCE" => Code::NotFound,
                "NAME_TAKEN" => Code::AlreadyExists,
                _ => Code::FailedPrecondition,
            };
            let status = answered.refused(code, answer);
            let vote = format!("{BODY}/votes/{id}");
            if answer == "WRONG_STATE" {
                assert_eq!(metadata(&status)["state"], state, "{what}");
                assert_eq!(precondition(&status), format!("WRONG_STATE {vote}"), "{what}");
            } else if code != Code::FailedPrecondition {
                let info = status.get_details_resource_info().unwrap();
                assert_eq!((&*info.resource_type, info.resource_name), ("rollcall.v1.Vote", vote), "{what}");
            }
        }
    }
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

#[tokio::test]
async fn a_second_vote_after_a_tie_rejects_on_equal_counts() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B"], preset("un.ga.simple")).await;
    client.cast("A", Choice::Yes).await.unwrap();
    client.cast("B", Choice::No).await.unwrap();
    client.lock().await.unwrap();
    client.declare(Outcome::RevoteDue, "").await.unwrap();
    let kinds = [
        (proto::relation::Kind::Revote, Outcome::NotAdopted),
        (proto::relation::Kind::Reconsideration, Outcome::RevoteDue),
    ];
    for (at, (kind, outcome)) in kinds.into_iter().enumerate() {
        let relations = vec![proto::Relation { kind: kind.into(), vote: VOTE.into() }];
        let vote = proto::Vote { rule: Some(preset("un.ga.simple")), relations, ..Default::default() };
        let name = client.table_as(&format!("again-{at}"), vote).await.unwrap().name;
        client.open_as(&name, 0).await.unwrap();
        for (member, choice) in [("A", Choice::Yes), ("B", Choice::No)] {
            client.send(proto::CastBallotRequest { vote: name.clone(), ..ballot(member, choice) }).await.unwrap();
        }
        let locked = client.lock_as(&name).await.unwrap();
        assert_eq!(locked.verdict.unwrap().outcome(), outcome, "{kind:?}");
    }
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
