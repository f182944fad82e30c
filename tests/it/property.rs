//! Whatever happens, the live tally, a replay of the log from nothing and a naive recount agree.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rollcall::proto::statement::Kind;
use rollcall::proto::{self, Choice, Entry, Outcome, TallyFrame, TieBreak};

use crate::harness::client::{self, BODY, majority, preset};
use crate::harness::conduct::{seat, seconds};
use crate::harness::{Client, Server, uuid};

mod recount;

/// Runs of random calls, each on a server of its own.
const RUNS: u32 = 12;

/// Who may be admitted; some of the calls are about others.
const MEMBERS: [&str; 6] = ["A", "B", "C", "D", "E", "stranger"];
const VOTES: [&str; 2] = ["q0", "q1"];

/// In place of a named rule: more than half, and a casting vote on equal counts.
const TIES: &str = "ties";

#[derive(Clone, Debug)]
enum Call {
    Admit(usize),
    Table(usize, &'static str),
    /// To lock in an hour, if so.
    Open(usize, bool),
    Cast(usize, usize, Choice),
    CastAll(usize, Vec<(usize, Choice)>),
    /// The nth ballot of the run again, as a client does that had no answer.
    Repeat(usize),
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
}

fn call() -> impl Strategy<Value = Call> {
    let vote = || 0..VOTES.len();
    let member = || 0..MEMBERS.len();
    let choice =
        || prop::sample::select(vec![Choice::Yes, Choice::No, Choice::Abstain, Choice::Present, Choice::NotVoting]);
    let rule = prop::sample::select(vec!["un.ga.simple", "un.ga.two-thirds", "un.sc.procedural", TIES, "no.such.rule"]);
    let outcome =
        prop::sample::select(vec![Outcome::Adopted, Outcome::NotAdopted, Outcome::RevoteDue, Outcome::NoQuorum]);
    let kind = prop::sample::select(vec![Kind::ExplanationBefore, Kind::ExplanationAfter, Kind::IntendedVote]);
    let lively = prop_oneof![
        2 => member().prop_map(Call::Admit),
        2 => (vote(), rule).prop_map(|(vote, rule)| Call::Table(vote, rule)),
        3 => (vote(), any::<bool>()).prop_map(|(vote, timed)| Call::Open(vote, timed)),
        20 => (vote(), member(), choice()).prop_map(|(vote, member, choice)| Call::Cast(vote, member, choice)),
        3 => (vote(), prop::collection::vec((member(), choice()), 1..12)).prop_map(|(vote, all)| Call::CastAll(vote, all)),
        5 => (0_usize..200).prop_map(Call::Repeat),
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
        1 => (vote(), outcome, any::<bool>()).prop_map(|(vote, outcome, ruling)| Call::Declare(vote, outcome, ruling)),
    ]
    .boxed();
    // What ends a vote comes seldom, or none would live long.
    let ends = prop_oneof![vote().prop_map(Call::Annul), vote().prop_map(Call::WithdrawVote)];
    prop_oneof![80 => lively, 1 => ends]
}

fn name(vote: usize) -> String {
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

/// Makes a call; whether it is refused is not of interest here.
async fn make(client: &mut Client, call: Call, sent: &mut Vec<proto::CastBallotRequest>) {
    match call {
        Call::Admit(member) => drop(client.admit(vec![client::member(MEMBERS[member])]).await),
        Call::Table(vote, rule) => {
            let rule = if rule == TIES { majority(TieBreak::CastingVote) } else { preset(rule) };
            let vote_of = proto::Vote { rule: Some(rule), ..Default::default() };
            drop(client.table_as(VOTES[vote], vote_of).await);
        }
        Call::Open(vote, false) => drop(client.open_as(&name(vote), 0).await),
        Call::Open(vote, true) => drop(client.open_timed(&name(vote), seconds(3_600)).await),
        Call::Cast(vote, member, choice) => {
            sent.push(ballot(vote, member, choice));
            drop(client.send(sent[sent.len() - 1].clone()).await);
        }
        Call::CastAll(vote, all) => {
            let ballots: Vec<_> = all.into_iter().map(|(member, choice)| ballot(vote, member, choice)).collect();
            sent.extend(ballots.iter().cloned());
            drop(client.ballots.cast_ballots(proto::CastBallotsRequest { ballots }).await.unwrap());
        }
        Call::Repeat(nth) => {
            if let Some(request) = sent.get(nth) {
                drop(client.send(request.clone()).await);
            }
        }
        Call::TakeBack(vote, member) => {
            drop(client.withdraw_ballot(&format!("{}/ballots/{}", name(vote), MEMBERS[member])).await);
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
    }
}

/// What the live tally of each vote is; none where there is no such vote.
async fn frames(client: &mut Client) -> Vec<Option<TallyFrame>> {
    let mut frames = Vec::new();
    for vote in 0..VOTES.len() {
        let request = proto::GetTallyRequest { vote: name(vote), ..Default::default() };
        frames.push(client.tallies.get_tally(request).await.ok().map(|answer| answer.into_inner().frame.unwrap()));
    }
    frames
}

async fn agree(calls: Vec<Call>) {
    let mut server = Server::new();
    let mut client = server.client().await;
    client.seat(&MEMBERS[..3]).await.unwrap();
    let mut sent = Vec::new();
    for call in calls {
        make(&mut client, call, &mut sent).await;
    }

    let entries = client.entries().await;
    let live = frames(&mut client).await;
    for (vote, frame) in live.iter().enumerate() {
        let about = |entry: &&Entry| entry.revision > 0 && format!("{:?}", entry.event).contains(&name(vote));
        let revisions: Vec<u64> = entries.iter().filter(about).map(|entry| entry.revision).collect();
        assert_eq!(revisions, (1..=revisions.len() as u64).collect::<Vec<_>>(), "revisions count entries");
        assert_eq!(frame.as_ref().map_or(0, |frame| frame.revision), revisions.len() as u64);
        let counted = frame.as_ref().and_then(|frame| frame.tally.as_ref()).map(|tally| tally.heads.unwrap());
        assert_eq!(counted, recount::of(&entries, &name(vote)), "{vote}");
    }
    let requests: Vec<_> = entries.iter().map(|entry| &entry.request_id).collect();
    let distinct: std::collections::BTreeSet<_> = requests.iter().collect();
    assert_eq!(distinct.len(), requests.len(), "each request once");
    assert!(entries.windows(2).all(|pair| pair[0].seq + 1 == pair[1].seq), "places without gaps");

    let seated = client.members().await;
    assert_eq!(seated.iter().map(short).collect::<Vec<_>>(), recount::seated(&entries), "who sits where");

    server.restart();
    let mut client = server.client().await;
    assert_eq!(frames(&mut client).await, live, "a replay of the log from nothing");
    assert_eq!(client.members().await, seated);
    assert_eq!(client.entries().await, entries);
}

/// A member's name and shares, and whether it may vote.
fn short(member: &proto::Member) -> (String, Option<u64>, bool) {
    (member.name.clone(), member.weights.get("shares").copied(), member.suspension.is_none())
}

#[test]
fn the_live_tally_a_replay_and_a_naive_recount_agree() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut runner =
        TestRunner::new(Config { cases: RUNS, max_shrink_iters: 32, failure_persistence: None, ..Config::default() });
    // Most runs come to ballots: both votes are tabled and one is opened first.
    let begin = [Call::Table(0, "un.ga.simple"), Call::Table(1, "un.ga.two-thirds"), Call::Open(0, false)];
    let calls = prop::collection::vec(call(), 20..150);
    let run = runner.run(&calls, |calls| {
        let calls = begin.iter().cloned().chain(calls).collect();
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(agree(calls))))
            .map_err(|_| TestCaseError::fail("see above"))
    });
    run.unwrap();
}
