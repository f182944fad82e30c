//! Whatever happens, kill -9 included, the live tally, a replay of the log from nothing and a naive recount agree.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rollcall::proto::entry::Event;
use rollcall::proto::{self, Entry, TallyFrame, VoteState};

use crate::harness::client::{self, BODY};
use crate::harness::recount::History;
use crate::harness::{Client, Server};
use calls::{Call, MEMBERS, Sent, VOTES, call, make, name};

mod calls;
mod recount;

/// Runs of random calls, each on a server of its own.
const RUNS: u32 = 12;

/// Waits until the votes have locked that do so within a second.
async fn await_locks(client: &mut Client) {
    for vote in VOTES {
        let request = proto::GetVoteRequest { name: format!("{BODY}/votes/{vote}"), at_least_seq: 0 };
        let Ok(answer) = client.votes.get_vote(request).await else { continue };
        let vote = answer.into_inner().vote.unwrap();
        let soon = |at: &prost_types::Timestamp| at.seconds <= vote.open_time.unwrap().seconds + 1;
        if vote.lock_at_time.as_ref().is_none_or(|at| !soon(at)) {
            continue;
        }
        let request = proto::WatchTallyRequest { vote: vote.name, ..Default::default() };
        let mut watch = client.tallies.watch_tally(request).await.unwrap().into_inner();
        while let Some(frame) = client::frame(&mut watch).await.unwrap() {
            if !matches!(frame.state(), VoteState::Open | VoteState::Suspended) {
                break;
            }
        }
    }
}

/// Asserts that every ballot that was answered stands where its receipt says.
fn on_record(sent: &[Sent], entries: &[Entry]) {
    for Sent { request, receipt } in sent {
        let Some(receipt) = receipt else { continue };
        let entry = &entries[receipt.seq as usize - 1];
        let Some(Event::BallotCast(cast)) = &entry.event else { panic!("no ballot at {}", receipt.seq) };
        let (vote, member, choice) = (&request.vote, &request.member, request.choice);
        assert_eq!((&cast.vote, &cast.member, cast.choice), (vote, member, choice), "at {}", receipt.seq);
        assert_eq!((entry.revision, entry.record_time), (receipt.revision, receipt.record_time), "at {}", receipt.seq);
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
        if matches!(call, Call::Kill) {
            server.restart();
            client = server.client().await;
        } else {
            make(&mut client, call, &mut sent).await;
        }
    }
    await_locks(&mut client).await;

    let entries = client.entries().await;
    on_record(&sent, &entries);
    let live = frames(&mut client).await;
    for (vote, frame) in live.iter().enumerate() {
        let about = |entry: &&Entry| entry.revision > 0 && format!("{:?}", entry.event).contains(&name(vote));
        let revisions: Vec<u64> = entries.iter().filter(about).map(|entry| entry.revision).collect();
        assert_eq!(revisions, (1..=revisions.len() as u64).collect::<Vec<_>>(), "revisions count entries");
        assert_eq!(frame.as_ref().map_or(0, |frame| frame.revision), revisions.len() as u64);
        let counted = frame.as_ref().and_then(|frame| frame.tally.as_ref()).map(|tally| tally.heads.unwrap());
        let history = History::of(&entries, &name(vote));
        let recounted = history.points.last().and_then(|now| history.tally(now)).map(|tally| tally.heads.unwrap());
        assert_eq!(counted, recounted, "{vote}");
    }
    // A lock that came by itself was asked for by no one.
    let requests: Vec<_> = entries.iter().map(|entry| &entry.request_id).filter(|id| !id.is_empty()).collect();
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
    let begin = [Call::Table(0, "un.ga.simple"), Call::Table(1, "un.ga.two-thirds"), Call::Open(0, None)];
    let calls = prop::collection::vec(call(), 20..150);
    let run = runner.run(&calls, |calls| {
        let calls = begin.iter().cloned().chain(calls).collect();
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(agree(calls))))
            .map_err(|_| TestCaseError::fail("see above"))
    });
    run.unwrap();
}
