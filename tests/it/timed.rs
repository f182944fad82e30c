//! The timed lock: a vote locks by itself, at its time and at no other, whatever the server goes through.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rollcall::log::{self, Location, Log};
use rollcall::proto::entry::Event;
use rollcall::proto::{self, Choice, Entry, Outcome, TieBreak, VoteState};
use tokio_util::sync::CancellationToken;
use tonic::Code;
use tonic_types::StatusExt;

use crate::harness::client::{BODY, VOTE, ballot, frame, heads, majority};
use crate::harness::clock::{SystemClock, serve_by};
use crate::harness::conduct::seconds;
use crate::harness::server::PATIENCE;
use crate::harness::{Client, Expect, Server, TallyWatch};

mod due;

/// The time of a vote's lock as its opening has it, in nanoseconds since 1970.
fn lock_at(entries: &[Entry], vote: &str) -> i128 {
    let at = entries.iter().find_map(|entry| match &entry.event {
        Some(Event::VoteOpened(opened)) if opened.vote == vote => opened.lock_at_time,
        _ => None,
    });
    nanos(at.unwrap())
}

fn nanos(time: prost_types::Timestamp) -> i128 {
    i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos)
}

/// The entries that locked a vote.
fn locks<'a>(entries: &'a [Entry], vote: &str) -> Vec<&'a Entry> {
    let locked = |entry: &&Entry| matches!(&entry.event, Some(Event::VoteLocked(locked)) if locked.vote == vote);
    entries.iter().filter(locked).collect()
}

/// Asserts that a vote was locked once, by the service itself, when its time had come.
#[track_caller]
fn locked_by_itself(entries: &[Entry], vote: &str) {
    let [lock] = locks(entries, vote)[..] else { panic!("not locked once: {entries:#?}") };
    assert!(lock.request_id.is_empty() && lock.request_digest.is_empty(), "nobody asked for it: {lock:?}");
    let (due, locked) = (lock_at(entries, vote), nanos(lock.record_time.unwrap()));
    assert!(locked >= due, "it was due at {due}: {lock:?}");
}

/// A server with members A and B and a vote tabled.
async fn tabled() -> (Server, Client) {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A", "B"]).await.unwrap();
    client.table(majority(TieBreak::Unspecified)).await.unwrap();
    (server, client)
}

/// The states that a watch shows up to the lock.
async fn states_to_the_lock(watch: &mut TallyWatch) -> Vec<VoteState> {
    let mut states = Vec::new();
    while states.last() != Some(&VoteState::Locked) {
        let next = tokio::time::timeout(PATIENCE, frame(watch)).await.expect("it is locked some day");
        states.push(next.unwrap().expect("it goes on to the lock").state());
        states.dedup();
    }
    states
}

#[tokio::test]
async fn a_vote_locks_by_itself_when_its_time_has_come_through_a_suspension_too() {
    for suspended in [false, true] {
        let (_server, mut client) = tabled().await;
        let began = Instant::now();
        client.open_timed(VOTE, seconds(1)).await.unwrap();
        client.cast("A", Choice::Yes).await.unwrap();
        let mut watch = client.watch(false).await.unwrap();
        if suspended {
            client.suspend_vote(VOTE, "a fire drill").await.unwrap();
        }
        let states = states_to_the_lock(&mut watch).await;
        let waited = began.elapsed();
        assert!(waited >= Duration::from_secs(1) && waited < Duration::from_secs(10), "locked after {waited:?}");
        assert!(!suspended || states.contains(&VoteState::Suspended), "{states:?}");
        let entries = client.entries().await;
        locked_by_itself(&entries, VOTE);
        let [lock] = locks(&entries, VOTE)[..] else { panic!() };
        let late = nanos(lock.record_time.unwrap()) - lock_at(&entries, VOTE);
        assert!(late < 5_000_000_000, "{late} ns late");
        let vote = client.vote().await.unwrap();
        assert_eq!((vote.lock_time, heads(vote.tally.as_ref())), (lock.record_time, "1-0-0-0-1".into()));
        client.cast("B", Choice::No).await.refused(Code::FailedPrecondition, "WRONG_STATE");
        client.declare(Outcome::Adopted, "").await.expect("as after any lock");
    }
}

#[tokio::test]
async fn votes_that_are_due_at_once_all_lock_and_others_stay() {
    let (_server, mut client) = tabled().await;
    for id in ["p", "r", "untimed", "later"] {
        let vote = proto::Vote { rule: Some(majority(TieBreak::Unspecified)), ..Default::default() };
        client.table_as(id, vote).await.unwrap();
    }
    let name = |id: &str| format!("{BODY}/votes/{id}");
    client.open_as(&name("untimed"), 0).await.unwrap();
    client.open_timed(&name("later"), seconds(3_600)).await.unwrap();
    for id in ["p", "q", "r"] {
        client.open_timed(&name(id), seconds(1)).await.unwrap();
    }
    let mut watches = Vec::new();
    for id in ["p", "q", "r"] {
        let request = proto::WatchTallyRequest { vote: name(id), ..Default::default() };
        watches.push(client.tallies.watch_tally(request).await.unwrap().into_inner());
    }
    for watch in &mut watches {
        states_to_the_lock(watch).await;
    }
    let entries = client.entries().await;
    for id in ["p", "q", "r"] {
        locked_by_itself(&entries, &name(id));
    }
    for id in ["untimed", "later"] {
        assert_eq!(client.vote_as(id).await.state(), VoteState::Open, "{id}");
    }
}

#[tokio::test]
async fn a_vote_that_came_due_while_the_server_was_down_is_locked_before_any_ballot() {
    let (mut server, mut client) = tabled().await;
    client.open_timed(VOTE, seconds(1)).await.unwrap();
    let cast = client.cast("A", Choice::Yes).await.unwrap();
    server.kill();
    // A vote that was opened later, on another server, tells that the time has come.
    let (_other, mut elsewhere) = tabled().await;
    elsewhere.open_timed(VOTE, seconds(1)).await.unwrap();
    states_to_the_lock(&mut elsewhere.watch(false).await.unwrap()).await;

    let server = Server::at(server.data());
    let mut client = server.client().await;
    let refused = client.cast("B", Choice::No).await.refused(Code::FailedPrecondition, "WRONG_STATE");
    assert_eq!(refused.get_details_error_info().unwrap().metadata["state"], "LOCKED");
    let entries = client.entries().await;
    locked_by_itself(&entries, VOTE);
    assert_eq!(locks(&entries, VOTE)[0].seq, cast.seq + 1);
    assert_eq!(heads(client.vote().await.unwrap().tally.as_ref()), "1-0-0-0-1");
}

#[tokio::test]
async fn a_time_that_is_none_is_refused() {
    let (_server, mut client) = tabled().await;
    let end = client.end().await;
    let days = 366 * 24 * 3_600;
    for (seconds, nanos) in [(0, 0), (-1, 0), (0, -1), (i64::MIN, 0), (days + 1, 0), (days, 1), (i64::MAX, 0)] {
        let refused = client.open_timed(VOTE, prost_types::Duration { seconds, nanos }).await;
        let refused = refused.refused(Code::InvalidArgument, "INVALID_FIELD");
        let violations = refused.get_details_bad_request().unwrap().field_violations;
        assert_eq!(
            violations.iter().map(|one| &*one.field).collect::<Vec<_>>(),
            ["lock_after"],
            "{seconds} s {nanos} ns"
        );
    }
    assert_eq!(client.end().await, end);
    client.open_timed(VOTE, seconds(days)).await.expect("a year is not too long");
    let entries = client.entries().await;
    let opened = nanos(client.vote().await.unwrap().open_time.unwrap());
    assert_eq!(lock_at(&entries, VOTE) - opened, i128::from(days) * 1_000_000_000);
}

/// A server whose clock is set, with members A and B and these votes open, each to lock after a minute.
async fn scripted(log: &Arc<dyn Log>, system: &SystemClock, ids: &[&str]) -> (Client, CancellationToken) {
    let (mut client, stop) = serve_by(log, system).await;
    client.seat(&["A", "B"]).await.unwrap();
    for id in ids {
        let vote = proto::Vote { rule: Some(majority(TieBreak::Unspecified)), ..Default::default() };
        let name = client.table_as(id, vote).await.unwrap().name;
        client.open_timed(&name, seconds(60)).await.unwrap();
    }
    (client, stop)
}

fn memory() -> Arc<dyn Log> {
    log::open(&Location::Memory).unwrap()
}
