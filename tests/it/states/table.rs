//! The table of states: every call in every state of a vote, what follows, and what is said where it is not allowed.

use rollcall::proto::ballot_result::Result as BallotOutcome;
use rollcall::proto::statement::Kind;
use rollcall::proto::{self, Choice, Outcome, TieBreak, VoteState};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{metadata, precondition};
use crate::harness::client::{BODY, ballot, majority};
use crate::harness::conduct::seat;
use crate::harness::{Client, Expect, Server, uuid};

/// What answers a call in each state: the state after it, `=` where that stays, or else the refusal.
pub const TABLE: &str = "
    call           ABSENT    DRAFT     OPEN      SUSPENDED LOCKED    DECLARED  ANNULLED  WITHDRAWN
    CreateVote     DRAFT     taken     taken     taken     taken     taken     taken     taken
    WithdrawVote   none      WITHDRAWN wrong     wrong     wrong     wrong     wrong     wrong
    OpenVote       none      OPEN      wrong     wrong     wrong     wrong     wrong     wrong
    CastBallot     none      wrong     =         wrong     wrong     wrong     wrong     wrong
    CastBallots    none      wrong     =         wrong     wrong     wrong     wrong     wrong
    StreamBallots  none      wrong     =         wrong     wrong     wrong     wrong     wrong
    WithdrawBallot none      wrong     =         wrong     wrong     wrong     wrong     wrong
    SuspendVote    none      wrong     SUSPENDED wrong     wrong     wrong     wrong     wrong
    ResumeVote     none      wrong     wrong     OPEN      wrong     wrong     wrong     wrong
    LockVote       none      wrong     LOCKED    LOCKED    wrong     wrong     wrong     wrong
    GiveCastingVote none     wrong     wrong     wrong     undue     wrong     wrong     wrong
    DeclareResult  none      wrong     wrong     wrong     DECLARED  wrong     wrong     wrong
    AdoptWithoutVote none    DECLARED  wrong     wrong     wrong     wrong     wrong     wrong
    ExplainBefore  none      =         wrong     wrong     wrong     wrong     wrong     wrong
    ExplainAfter   none      wrong     wrong     wrong     =         =         wrong     wrong
    IntendedVote   none      wrong     wrong     wrong     =         =         wrong     wrong
    CorrectBallot  none      wrong     wrong     wrong     =         LOCKED    wrong     wrong
    AnnulVote      none      wrong     ANNULLED  ANNULLED  ANNULLED  ANNULLED  wrong     wrong
    GetVote        none      =         =         =         =         =         =         =
    GetTally       none      =         =         =         =         =         =         =
    WatchTally     none      =         =         =         =         =         =         =
    GetBallot      none      stranger  =         =         =         =         =         stranger
    ListBallots    none      =         =         =         =         =         =         =
    ListAnnotations none     =         =         =         =         =         =         =
    ReadEntries    none      =         =         =         =         =         =         =
";

/// Calls that record nothing.
const READS: [&str; 7] =
    ["GetVote", "GetTally", "WatchTally", "GetBallot", "ListBallots", "ListAnnotations", "ReadEntries"];

/// What brings a new vote to a state. A ballot stands from the opening on.
fn way_to(state: &str) -> &'static [&'static str] {
    match state {
        "ABSENT" => &[],
        "DRAFT" => &["CreateVote"],
        "OPEN" => &["CreateVote", "OpenVote", "CastBallot"],
        "SUSPENDED" => &["CreateVote", "OpenVote", "CastBallot", "SuspendVote"],
        "LOCKED" => &["CreateVote", "OpenVote", "CastBallot", "LockVote"],
        "DECLARED" => &["CreateVote", "OpenVote", "CastBallot", "LockVote", "DeclareResult"],
        "ANNULLED" => &["CreateVote", "OpenVote", "CastBallot", "AnnulVote"],
        "WITHDRAWN" => &["CreateVote", "WithdrawVote"],
        other => panic!("no state {other}"),
    }
}

#[expect(clippy::too_many_lines, reason = "one arm a call")]
async fn call(client: &mut Client, call: &str, id: &str) -> Result<(), Status> {
    let name = format!("{BODY}/votes/{id}");
    let cast = proto::CastBallotRequest { vote: name.clone(), ..ballot("A", Choice::No) };
    match call {
        "CreateVote" => {
            let vote = proto::Vote { rule: Some(majority(TieBreak::Unspecified)), ..Default::default() };
            client.table_as(id, vote).await.map(drop)
        }
        "WithdrawVote" => client.withdraw_vote(&name).await.map(drop),
        "OpenVote" => client.open_as(&name, 0).await.map(drop),
        "CastBallot" => client.send(cast).await.map(drop),
        "CastBallots" => {
            let request = proto::CastBallotsRequest { ballots: vec![cast.clone()] };
            let answer = client.ballots.cast_ballots(request).await?.into_inner();
            as_alone(client, cast, answer.results[0].clone()).await
        }
        "StreamBallots" => {
            let request = proto::StreamBallotsRequest { ballot: Some(cast.clone()) };
            let mut answers = client.ballots.stream_ballots(tokio_stream::once(request)).await?.into_inner();
            let answer = answers.message().await?.expect("an answer");
            assert!(answers.message().await?.is_none(), "one answer a ballot");
            as_alone(client, cast, answer.result.unwrap()).await
        }
        "WithdrawBallot" => client.withdraw_ballot(&format!("{name}/ballots/A")).await.map(drop),
        "SuspendVote" => client.suspend_vote(&name, "a fire drill").await.map(drop),
        "ResumeVote" => client.resume_vote(&name).await.map(drop),
        "LockVote" => client.lock_as(&name).await.map(drop),
        "GiveCastingVote" => {
            let (choice, request_id) = (Choice::Yes.into(), uuid());
            let request = proto::GiveCastingVoteRequest { name, choice, request_id, ..Default::default() };
            client.votes.give_casting_vote(request).await.map(drop)
        }
        "AdoptWithoutVote" => {
            let request = proto::AdoptWithoutVoteRequest { name, request_id: uuid(), ..Default::default() };
            client.votes.adopt_without_vote(request).await.map(drop)
        }
        "ExplainBefore" => state(client, &name, Kind::ExplanationBefore, Choice::Unspecified).await,
        "ExplainAfter" => state(client, &name, Kind::ExplanationAfter, Choice::Unspecified).await,
        "IntendedVote" => state(client, &name, Kind::IntendedVote, Choice::Yes).await,
        "CorrectBallot" => client.correct_as(&name, &seat("A"), Choice::Yes, "a recount").await.map(drop),
        "ListAnnotations" => {
            let request = proto::ListAnnotationsRequest { parent: name, ..Default::default() };
            client.votes.list_annotations(request).await.map(drop)
        }
        "DeclareResult" => client.declare_as(&name, Outcome::NotAdopted, "").await.map(drop),
        "AnnulVote" => client.annul_vote(&name, "the wrong text was put").await.map(drop),
        "GetVote" => client.votes.get_vote(proto::GetVoteRequest { name, at_least_seq: 0 }).await.map(drop),
        "GetTally" => {
            client.tallies.get_tally(proto::GetTallyRequest { vote: name, ..Default::default() }).await.map(drop)
        }
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

async fn state(client: &mut Client, vote: &str, kind: Kind, intended: Choice) -> Result<(), Status> {
    client.state_as(vote, (kind, intended), &seat("A"), "in words").await.map(drop)
}

/// What became of a ballot that was cast among others; refused, it is refused as it would be alone.
async fn as_alone(
    client: &mut Client,
    ballot: proto::CastBallotRequest,
    result: proto::BallotResult,
) -> Result<(), Status> {
    match result.result.unwrap() {
        BallotOutcome::Receipt(_) => Ok(()),
        BallotOutcome::Refusal(refusal) => {
            let alone = client.send(ballot).await.expect_err("refused alone too");
            assert_eq!((refusal.code, &*refusal.message), (alone.code().into(), alone.message()));
            assert_eq!(refusal.metadata, metadata(&alone));
            Err(alone)
        }
    }
}

/// Asserts that a call was refused as the table has it, and says what a program needs.
fn check(status: Result<(), Status>, answer: &str, state: &str, vote: &str, what: &str) {
    let (code, reason) = match answer {
        "none" => (Code::NotFound, "NO_SUCH_RESOURCE"),
        "taken" => (Code::AlreadyExists, "NAME_TAKEN"),
        "stranger" => (Code::FailedPrecondition, "NOT_ON_ROLL"),
        "wrong" => (Code::FailedPrecondition, "WRONG_STATE"),
        "undue" => (Code::FailedPrecondition, "NO_CASTING_VOTE_DUE"),
        other => panic!("{what}: no answer {other}"),
    };
    let status = status.refused(code, reason);
    if answer == "wrong" {
        assert_eq!(metadata(&status)["state"], state, "{what}");
        assert_eq!(precondition(&status), format!("WRONG_STATE {vote}"), "{what}");
        assert!(status.message().starts_with(&format!("{vote} is {state}; ")), "{what}: {}", status.message());
    } else if code != Code::FailedPrecondition {
        let info = status.get_details_resource_info().unwrap();
        assert_eq!((&*info.resource_type, &*info.resource_name), ("rollcall.v1.Vote", vote), "{what}");
    }
}

#[tokio::test]
async fn each_call_is_allowed_in_its_states_alone_and_a_refusal_records_nothing() {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A", "B"]).await.unwrap();
    let mut rows = TABLE.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|row| !row.is_empty());
    let states = rows.next().unwrap();
    for row in rows {
        assert_eq!(row.len(), 9, "{row:?}");
        let name = row[0];
        for (state, answer) in states.iter().zip(row).skip(1) {
            let what = format!("{name} while {state}");
            let id = format!("{name}-{state}").to_lowercase();
            for step in way_to(state) {
                call(&mut client, step, &id).await.unwrap();
            }
            let end = client.end().await;
            let answered = call(&mut client, name, &id).await;
            let after = match answer {
                "=" => *state,
                next if states.contains(&next) => next,
                refusal => {
                    check(answered, refusal, state, &format!("{BODY}/votes/{id}"), &what);
                    assert_eq!(client.end().await, end, "{what}: a refusal leaves no trace");
                    continue;
                }
            };
            answered.expect(&what);
            assert_eq!(client.end().await, end + u64::from(!READS.contains(&name)), "{what}");
            let now = VoteState::from_str_name(&format!("VOTE_STATE_{after}")).unwrap();
            assert_eq!(client.vote_as(&id).await.state(), now, "{what}");
        }
    }
}
