//! Whatever happens, the live tally, a replay of the log from nothing and a naive recount agree.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rollcall::proto::entry::Event;
use rollcall::proto::{self, Choice, Counts, Entry, Outcome, TallyFrame};

use crate::harness::client::{BODY, preset};
use crate::harness::{Client, Server, uuid};

/// Runs of random calls, each on a server of its own.
const RUNS: u32 = 12;

/// Who may be admitted; some of the calls are about others.
const MEMBERS: [&str; 6] = ["A", "B", "C", "D", "E", "stranger"];
const VOTES: [&str; 2] = ["q0", "q1"];

#[derive(Clone, Debug)]
enum Call {
    Admit(usize),
    Table(usize, &'static str),
    Open(usize),
    Cast(usize, usize, Choice),
    CastAll(usize, Vec<(usize, Choice)>),
    /// The nth ballot of the run again, as a client does that had no answer.
    Repeat(usize),
    Lock(usize),
    Declare(usize, Outcome, bool),
}

fn call() -> impl Strategy<Value = Call> {
    let vote = || 0..VOTES.len();
    let member = || 0..MEMBERS.len();
    let choice =
        || prop::sample::select(vec![Choice::Yes, Choice::No, Choice::Abstain, Choice::Present, Choice::NotVoting]);
    let rule = prop::sample::select(vec!["un.ga.simple", "un.ga.two-thirds", "un.sc.procedural", "no.such.rule"]);
    let outcome =
        prop::sample::select(vec![Outcome::Adopted, Outcome::NotAdopted, Outcome::RevoteDue, Outcome::NoQuorum]);
    prop_oneof![
        2 => member().prop_map(Call::Admit),
        2 => (vote(), rule).prop_map(|(vote, rule)| Call::Table(vote, rule)),
        3 => vote().prop_map(Call::Open),
        20 => (vote(), member(), choice()).prop_map(|(vote, member, choice)| Call::Cast(vote, member, choice)),
        3 => (vote(), prop::collection::vec((member(), choice()), 1..12)).prop_map(|(vote, all)| Call::CastAll(vote, all)),
        5 => (0_usize..200).prop_map(Call::Repeat),
        1 => vote().prop_map(Call::Lock),
        1 => (vote(), outcome, any::<bool>()).prop_map(|(vote, outcome, ruling)| Call::Declare(vote, outcome, ruling)),
    ]
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
        Call::Admit(member) => drop(client.admit(vec![crate::harness::client::member(MEMBERS[member])]).await),
        Call::Table(vote, rule) => {
            let vote_of = proto::Vote { rule: Some(preset(rule)), ..Default::default() };
            drop(client.table_as(VOTES[vote], vote_of).await);
        }
        Call::Open(vote) => drop(client.open_as(&name(vote), 0).await),
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
        Call::Lock(vote) => {
            drop(client.votes.lock_vote(proto::LockVoteRequest { name: name(vote), request_id: uuid() }).await);
        }
        Call::Declare(vote, outcome, ruling) => {
            let ruling = if ruling { "the chair so rules".into() } else { String::new() };
            let (name, request_id, outcome) = (name(vote), uuid(), outcome.into());
            let request = proto::DeclareResultRequest { name, outcome, ruling, request_id, ..Default::default() };
            drop(client.votes.declare_result(request).await);
        }
    }
}

/// Counts a vote from its entries alone: the last ballot of each member on the roll, none after the lock.
fn recount(entries: &[Entry], vote: &str) -> Option<Counts> {
    let mut stands: Option<BTreeMap<String, Option<Choice>>> = None;
    let mut locked = false;
    for entry in entries {
        match entry.event.as_ref().unwrap() {
            Event::VoteOpened(opened) if opened.vote == vote => {
                let id = |member: &proto::Member| (member.name.rsplit('/').next().unwrap().to_owned(), None);
                stands = Some(opened.roll.iter().map(id).collect());
            }
            Event::BallotCast(cast) if cast.vote == vote => {
                assert!(!locked, "a ballot after the lock, at {}", entry.seq);
                let stand = stands.as_mut().unwrap().get_mut(&cast.member).expect("on the roll");
                *stand = Some(cast.choice());
            }
            Event::VoteLocked(lock) if lock.vote == vote => {
                locked = true;
                let committed = lock.tally.as_ref().unwrap().heads.unwrap();
                assert_eq!(Some(committed), stands.as_ref().map(count), "the tally that the lock commits");
            }
            _ => {}
        }
    }
    stands.as_ref().map(count)
}

fn count(stands: &BTreeMap<String, Option<Choice>>) -> Counts {
    let of = |choice| stands.values().filter(|stand| **stand == choice).count() as u64;
    Counts {
        yes: of(Some(Choice::Yes)),
        no: of(Some(Choice::No)),
        abstain: of(Some(Choice::Abstain)),
        present: of(Some(Choice::Present)),
        not_voting: of(None),
        undisclosed: 0,
    }
}

/// What the live tally of each vote is; none where there is no such vote.
async fn frames(client: &mut Client) -> Vec<Option<TallyFrame>> {
    let mut frames = Vec::new();
    for vote in 0..VOTES.len() {
        let request = proto::GetTallyRequest { vote: name(vote), at_least_seq: 0 };
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
        assert_eq!(counted, recount(&entries, &name(vote)), "{vote}");
    }
    let requests: Vec<_> = entries.iter().map(|entry| &entry.request_id).collect();
    let distinct: std::collections::BTreeSet<_> = requests.iter().collect();
    assert_eq!(distinct.len(), requests.len(), "each request once");
    assert!(entries.windows(2).all(|pair| pair[0].seq + 1 == pair[1].seq), "places without gaps");

    server.restart();
    let mut client = server.client().await;
    assert_eq!(frames(&mut client).await, live, "a replay of the log from nothing");
    assert_eq!(client.entries().await, entries);
}

#[test]
fn the_live_tally_a_replay_and_a_naive_recount_agree() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut runner =
        TestRunner::new(Config { cases: RUNS, max_shrink_iters: 32, failure_persistence: None, ..Config::default() });
    // Most runs come to ballots: both votes are tabled and one is opened first.
    let begin = [Call::Table(0, "un.ga.simple"), Call::Table(1, "un.ga.two-thirds"), Call::Open(0)];
    let calls = prop::collection::vec(call(), 20..150);
    let run = runner.run(&calls, |calls| {
        let calls = begin.iter().cloned().chain(calls).collect();
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(agree(calls))))
            .map_err(|_| TestCaseError::fail("see above"))
    });
    run.unwrap();
}
