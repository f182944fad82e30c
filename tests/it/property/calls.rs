//! The calls that a run is made of, and what each answer is held to.

use proptest::prelude::*;
use rollcall::proto::ballot_result::Result as Answer;
use rollcall::proto::statement::Kind;
use rollcall::proto::{self, Choice, Outcome, TieBreak};

use crate::harness::client::{self, BODY, majority, preset};
use crate::harness::conduct::seat;
use crate::harness::{Client, uuid};

/// Who may be admitted; some of the calls are about others.
pub const MEMBERS: [&str; 6] = ["A", "B", "C", "D", "E", "stranger"];
pub const VOTES: [&str; 2] = ["q0", "q1"];

/// In place of a named rule: more than half, and a casting vote on equal counts.
const TIES: &str = "ties";

#[derive(Clone, Debug)]
pub enum Call {
    Admit(usize),
    Table(usize, &'static str),
    /// To lock by itself after so many milliseconds, if any.
    Open(usize, Option<i32>),
    Cast(usize, usize, Choice),
    CastAll(usize, Vec<(usize, Choice)>),
    /// The nth ballot of the run again, as a client does that had no answer.
    Repeat(usize),
    /// The same with another choice, as no client should.
    Reuse(usize, Choice),
    Malformed(usize, usize),
    TakeBack(usize, usize),
    Suspend(usize),
    Resume(usize),
    Lock(usize),
    Annul(usize),
    WithdrawVote(usize),
    Revise(usize, u64),
    Unseat(usize),
    SuspendRight(usize),
    RestoreRight(usize),
    Declare(usize, Outcome, bool),
    BreakTie(usize),
    State(usize, usize, Kind),
    Correct(usize, usize, Choice),
    /// The server is killed, and started again.
    Kill,
}

/// A ballot that was sent, and its receipt once it has one.
pub struct Sent {
    pub request: proto::CastBallotRequest,
    pub receipt: Option<proto::Receipt>,
}

pub fn call() -> impl Strategy<Value = Call> {
    let vote = || 0..VOTES.len();
    let member = || 0..MEMBERS.len();
    let choice =
        || prop::sample::select(vec![Choice::Yes, Choice::No, Choice::Abstain, Choice::Present, Choice::NotVoting]);
    let rule = prop::sample::select(vec!["un.ga.simple", "un.ga.two-thirds", "un.sc.procedural", TIES, "no.such.rule"]);
    let outcome =
        prop::sample::select(vec![Outcome::Adopted, Outcome::NotAdopted, Outcome::RevoteDue, Outcome::NoQuorum]);
    let kind = prop::sample::select(vec![Kind::ExplanationBefore, Kind::ExplanationAfter, Kind::IntendedVote]);
    let lock_after = prop::sample::select(vec![None, Some(1), Some(100), Some(3_600_000)]);
    let lively = prop_oneof![
        2 => member().prop_map(Call::Admit),
        2 => (vote(), rule).prop_map(|(vote, rule)| Call::Table(vote, rule)),
        3 => (vote(), lock_after).prop_map(|(vote, lock_after)| Call::Open(vote, lock_after)),
        20 => (vote(), member(), choice()).prop_map(|(vote, member, choice)| Call::Cast(vote, member, choice)),
        3 => (vote(), prop::collection::vec((member(), choice()), 1..12)).prop_map(|(vote, all)| Call::CastAll(vote, all)),
        5 => (0_usize..200).prop_map(Call::Repeat),
        2 => (0_usize..200, choice()).prop_map(|(nth, choice)| Call::Reuse(nth, choice)),
        2 => (vote(), 0_usize..6).prop_map(|(vote, how)| Call::Malformed(vote, how)),
        5 => (vote(), member()).prop_map(|(vote, member)| Call::TakeBack(vote, member)),
        1 => vote().prop_map(Call::Suspend),
        3 => vote().prop_map(Call::Resume),
        1 => (member(), 0_u64..9).prop_map(|(member, shares)| Call::Revise(member, shares)),
        1 => member().prop_map(Call::Unseat),
        1 => member().prop_map(Call::SuspendRight),
        1 => member().prop_map(Call::RestoreRight),
        1 => vote().prop_map(Call::Lock),
        2 => vote().prop_map(Call::BreakTie),
        2 => (vote(), member(), kind).prop_map(|(vote, member, kind)| Call::State(vote, member, kind)),
        4 => (vote(), member(), choice()).prop_map(|(vote, member, choice)| Call::Correct(vote, member, choice)),
        1 => Just(Call::Kill),
        1 => (vote(), outcome, any::<bool>()).prop_map(|(vote, outcome, ruling)| Call::Declare(vote, outcome, ruling)),
    ]
    .boxed();
    // What ends a vote comes seldom, or none would live long.
    let ends = prop_oneof![vote().prop_map(Call::Annul), vote().prop_map(Call::WithdrawVote)];
    prop_oneof![80 => lively, 1 => ends]
}

pub fn name(vote: usize) -> String {
    format!("{BODY}/votes/{}", VOTES[vote])
}

fn ballot(vote: usize, member: usize, choice: Choice) -> proto::CastBallotRequest {
    proto::CastBallotRequest {
        vote: name(vote),
        member: MEMBERS[member].into(),
        choice: choice.into(),
        request_id: uuid(),
    }
}

/// Sends a ballot; once it is on record every answer is its receipt.
async fn send(client: &mut Client, sent: &mut Sent) {
    let answer = client.send(sent.request.clone()).await;
    note(sent, answer.map_err(|status| format!("{status:?}")));
}

fn note(sent: &mut Sent, answer: Result<proto::Receipt, String>) {
    match (answer, &sent.receipt) {
        (Ok(receipt), None) => sent.receipt = Some(receipt),
        (Ok(receipt), Some(first)) => assert_eq!(receipt, proto::Receipt { replayed: true, ..first.clone() }),
        (Err(_), None) => {}
        (Err(refused), Some(first)) => panic!("on record at {}, and refused: {refused}", first.seq),
    }
}

/// A ballot with one field that cannot be read.
fn malformed(vote: usize, how: usize) -> proto::CastBallotRequest {
    let sound = ballot(vote, 0, Choice::Yes);
    match how {
        0 => proto::CastBallotRequest { vote: "q0".into(), ..sound },
        1 => proto::CastBallotRequest { vote: String::new(), ..sound },
        2 => proto::CastBallotRequest { member: "no/member".into(), ..sound },
        3 => proto::CastBallotRequest { choice: 99, ..sound },
        4 => proto::CastBallotRequest { request_id: "7".into(), ..sound },
        _ => proto::CastBallotRequest { request_id: uuid::Uuid::nil().to_string(), ..sound },
    }
}

/// Makes a call. A ballot is held to its first receipt; whether another call is refused is not of interest here.
pub async fn make(client: &mut Client, call: Call, sent: &mut Vec<Sent>) {
    let new = |request| Sent { request, receipt: None };
    match call {
        Call::Cast(vote, member, choice) => {
            let mut ballot = new(ballot(vote, member, choice));
            send(client, &mut ballot).await;
            sent.push(ballot);
        }
        Call::CastAll(vote, all) => {
            let ballots: Vec<_> = all.into_iter().map(|(member, choice)| ballot(vote, member, choice)).collect();
            let request = proto::CastBallotsRequest { ballots: ballots.clone() };
            let results = client.ballots.cast_ballots(request).await.unwrap().into_inner().results;
            for (ballot, result) in ballots.into_iter().zip(results) {
                let mut ballot = new(ballot);
                let answer = match result.result.unwrap() {
                    Answer::Receipt(receipt) => Ok(receipt),
                    Answer::Refusal(refusal) => Err(refusal.message),
                };
                note(&mut ballot, answer);
                sent.push(ballot);
            }
        }
        Call::Repeat(nth) => {
            if let Some(ballot) = sent.get_mut(nth) {
                send(client, ballot).await;
            }
        }
        Call::Reuse(nth, choice) => {
            let Some(first) = sent.get(nth) else { return };
            let mut other = new(proto::CastBallotRequest { choice: choice.into(), ..first.request.clone() });
            let known = first.receipt.as_ref().map(|receipt| receipt.seq);
            send(client, &mut other).await;
            let same = other.request == first.request;
            assert!(
                same || known.is_none() || other.receipt.is_none(),
                "an id that stands at {known:?} is taken again"
            );
            sent.push(other);
        }
        Call::Malformed(vote, how) => {
            let refused = client.send(malformed(vote, how)).await.unwrap_err();
            assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{refused:?}");
        }
        Call::TakeBack(vote, member) => {
            drop(client.withdraw_ballot(&format!("{}/ballots/{}", name(vote), MEMBERS[member])).await);
        }
        other => make_other(client, other).await,
    }
}

async fn make_other(client: &mut Client, call: Call) {
    match call {
        Call::Admit(member) => drop(client.admit(vec![client::member(MEMBERS[member])]).await),
        Call::Table(vote, rule) => {
            let rule = if rule == TIES { majority(TieBreak::CastingVote) } else { preset(rule) };
            let vote_of = proto::Vote { rule: Some(rule), ..Default::default() };
            drop(client.table_as(VOTES[vote], vote_of).await);
        }
        Call::Open(vote, None) => drop(client.open_as(&name(vote), 0).await),
        Call::Open(vote, Some(millis)) => {
            let (seconds, nanos) = (i64::from(millis / 1_000), millis % 1_000 * 1_000_000);
            drop(client.open_timed(&name(vote), prost_types::Duration { seconds, nanos }).await);
        }
        Call::Suspend(vote) => drop(client.suspend_vote(&name(vote), "").await),
        Call::Resume(vote) => drop(client.resume_vote(&name(vote)).await),
        Call::Lock(vote) => drop(client.lock_as(&name(vote)).await),
        Call::Annul(vote) => drop(client.annul_vote(&name(vote), "").await),
        Call::WithdrawVote(vote) => drop(client.withdraw_vote(&name(vote)).await),
        Call::Revise(member, shares) => {
            let weights = [("shares".to_owned(), shares)].into();
            drop(client.revise_member(proto::Member { weights, ..client::member(MEMBERS[member]) }).await);
        }
        Call::Unseat(member) => drop(client.withdraw_member(&seat(MEMBERS[member])).await),
        Call::SuspendRight(member) => drop(client.suspend_right(&seat(MEMBERS[member]), "arrears").await),
        Call::RestoreRight(member) => drop(client.restore_right(&seat(MEMBERS[member])).await),
        Call::BreakTie(vote) => {
            let (name, choice, request_id) = (name(vote), Choice::Yes.into(), uuid());
            let request = proto::GiveCastingVoteRequest { name, choice, request_id, ..Default::default() };
            drop(client.votes.give_casting_vote(request).await);
        }
        Call::State(vote, member, kind) => {
            let intended = if kind == Kind::IntendedVote { Choice::No } else { Choice::Unspecified };
            drop(client.state_as(&name(vote), (kind, intended), &seat(MEMBERS[member]), "in words").await);
        }
        Call::Correct(vote, member, choice) => {
            drop(client.correct_as(&name(vote), &seat(MEMBERS[member]), choice, "a recount").await);
        }
        Call::Declare(vote, outcome, ruling) => {
            let ruling = if ruling { "the chair so rules".into() } else { String::new() };
            let (name, request_id, outcome) = (name(vote), uuid(), outcome.into());
            let request = proto::DeclareResultRequest { name, outcome, ruling, request_id, ..Default::default() };
            drop(client.votes.declare_result(request).await);
        }
        other => panic!("{other:?} is made elsewhere"),
    }
}
