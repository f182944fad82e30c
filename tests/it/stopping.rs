//! A server stops within seconds when told to, and says why when it cannot go on.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rollcall::proto::ballot_result::Result as Outcome;
use rollcall::proto::watch_tally_response::Message;
use rollcall::proto::{self, Choice};
use tonic::{Code, Status, Streaming};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_types::StatusExt;

use crate::harness::bare::Bare;
use crate::harness::client::{VOTE, ballot, frame, preset};
use crate::harness::server::{Ended, PATIENCE};
use crate::harness::{Client, Expect, Server, TallyWatch, serve, uuid};

/// Streams are given two seconds, the writer two more; the rest is for a busy machine.
const SECONDS: Duration = Duration::from_secs(10);

async fn stops(server: Server, signal: &str) -> Ended {
    server.signal(signal);
    let ended = server.wait_at_most(SECONDS).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.stdout.ends_with("stopped; everything that was answered is on record"), "{ended:?}");
    ended
}

#[tokio::test]
async fn an_idle_server_stops_when_told_to() {
    for signal in ["INT", "TERM"] {
        stops(Server::new(), signal).await;
        // A connection without a call holds nobody up.
        let server = Server::new();
        let mut client = server.client().await;
        client.seat(&["A"]).await.unwrap();
        stops(server, signal).await;
        drop(client);
    }
}

#[tokio::test]
async fn a_stop_right_after_a_write_closes_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    for entries in 1..=20 {
        let server = Server::at(&data);
        let mut client = server.client().await;
        let create =
            proto::CreateBodyRequest { body_id: format!("b{entries}"), request_id: uuid(), ..Default::default() };
        client.bodies.create_body(create).await.unwrap();
        stops(server, "TERM").await;
        let passed = std::fs::read_to_string(data.join("PASSED")).unwrap();
        assert_eq!(passed.lines().next(), Some(format!("end {entries}").as_str()), "the log was not closed");
        assert!(!data.join("PASSED.new").exists(), "the log was being closed when the process ended");
    }
}

#[tokio::test]
async fn watchers_and_readers_are_told_that_the_server_stops() {
    for signal in ["INT", "TERM"] {
        let server = Server::new();
        let mut client = server.client().await;
        client.ready(&["A", "B"], preset("un.ga.simple")).await;
        let mut watch = client.watch(false).await.unwrap();
        assert!(frame(&mut watch).await.unwrap().is_some());
        let mut reader = follow(&mut client).await;
        let (ended, (), ()) = tokio::join!(stops(server, signal), drained(&mut watch), cut_off(&mut reader));
        assert!(!ended.stderr.contains("ERROR"), "{ended:?}");
    }
}

/// Follows the record, and has come to its end.
async fn follow(client: &mut Client) -> Streaming<proto::ReadEntriesResponse> {
    let request = proto::ReadEntriesRequest { follow: true, ..Default::default() };
    let mut reader = client.record.read_entries(request).await.unwrap().into_inner();
    while !reader.message().await.unwrap().unwrap().caught_up {}
    reader
}

async fn drained(watch: &mut TallyWatch) {
    let last = watch.message().await.unwrap().and_then(|message| message.message);
    let Some(Message::Draining(draining)) = last else { panic!("not told to drain: {last:?}") };
    let within = draining.reconnect_after.expect("when to come back");
    assert!((0..10).contains(&within.seconds), "{within:?}");
    not_serving(watch.message().await);
}

#[tokio::test]
async fn a_watcher_that_takes_nothing_does_not_hold_a_stop_up() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B"], preset("un.ga.simple")).await;
    let bare = Bare::with_window(&server.address, 10).await;
    let request = proto::WatchTallyRequest { vote: VOTE.into(), ..Default::default() };
    let mut stuck = Vec::new();
    for _ in 0..50 {
        stuck.push(bare.call("TallyService/WatchTally", &request, PATIENCE, false).await);
    }
    stops(server, "TERM").await;
    for mut watch in stuck {
        watch.broken_off().await;
    }
}

async fn cut_off(reader: &mut Streaming<proto::ReadEntriesResponse>) {
    not_serving(reader.message().await);
}

#[track_caller]
fn not_serving<T: std::fmt::Debug>(end: Result<T, Status>) {
    let status = end.refused(Code::Unavailable, "NOT_SERVING");
    let retry = status.get_details_retry_info().and_then(|info| info.retry_delay);
    assert!(retry.is_some_and(|delay| !delay.is_zero()), "when to try again: {status:?}");
}

#[tokio::test]
async fn health_says_that_the_server_stops_before_it_does() {
    let server = Server::new();
    let client = server.client().await;
    let mut health = HealthClient::new(client.channel.clone());
    for service in ["", "rollcall.v1.BallotService"] {
        let check = health.check(HealthCheckRequest { service: service.to_owned() }).await.unwrap();
        assert_eq!(check.into_inner().status(), ServingStatus::Serving);
    }
    let mut whole = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    let tallies = HealthCheckRequest { service: "rollcall.v1.TallyService".to_owned() };
    let mut tallies = health.watch(tallies).await.unwrap().into_inner();
    for stream in [&mut whole, &mut tallies] {
        assert_eq!(health_of(stream).await, ServingStatus::Serving);
    }
    let told = async {
        let told = (health_of(&mut whole).await, health_of(&mut tallies).await);
        // And no more: a watcher of health does not hold the stop up.
        not_serving(whole.message().await);
        not_serving(tallies.message().await);
        told
    };
    let (_, told) = tokio::join!(stops(server, "TERM"), told);
    assert_eq!(told, (ServingStatus::NotServing, ServingStatus::NotServing));
}

async fn health_of(stream: &mut Streaming<HealthCheckResponse>) -> ServingStatus {
    stream.message().await.unwrap().expect("it is told").status()
}

/// A server whose files may grow to one mebibyte each and no further, as on a disk that is full.
fn cramped(data: &Path) -> Command {
    let serve = serve(data);
    let mut command = Command::new("sh");
    // With the signal ignored a write fails, as it does where there is no room. A block is 512 bytes, in some shells 1024.
    command.args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$@\"", "sh"]);
    command.arg(serve.get_program()).args(serve.get_args());
    for (name, _) in serve.get_envs() {
        command.env_remove(name);
    }
    command
}

/// Casts ballots many at a time until one call has no receipts; returns those that came, and why no more did.
async fn cast_until_refused(client: &mut Client) -> (Vec<(proto::CastBallotRequest, proto::Receipt)>, Refused) {
    let mut answered = Vec::new();
    for at in 0..1_000 {
        let choice = if at % 2 == 0 { Choice::Yes } else { Choice::No };
        let ballots: Vec<_> = (0..500).map(|_| ballot("A", choice)).collect();
        let request = proto::CastBallotsRequest { ballots: ballots.clone() };
        let results = match client.ballots.cast_ballots(request).await {
            Ok(response) => response.into_inner().results,
            Err(status) => return (answered, Refused::Call(status)),
        };
        for (ballot, result) in ballots.into_iter().zip(results) {
            match result.result {
                Some(Outcome::Receipt(receipt)) => answered.push((ballot, receipt)),
                Some(Outcome::Refusal(refusal)) => return (answered, Refused::Ballot(refusal)),
                None => panic!("neither a receipt nor a refusal"),
            }
        }
    }
    panic!("the disk is never full");
}

#[derive(Debug)]
enum Refused {
    Call(Status),
    Ballot(proto::Refusal),
}

impl Refused {
    /// Asserts that the outcome is unknown to the caller: not yes, and not no.
    fn assert_unknown(&self) {
        match self {
            // The connection may go before the answer does.
            Self::Call(status) => assert!(matches!(status.code(), Code::Unavailable | Code::Unknown), "{self:?}"),
            Self::Ballot(refusal) => assert_eq!(refusal.reason(), proto::ErrorReason::OutcomeUnknown, "{self:?}"),
        }
    }
}

#[tokio::test]
async fn a_server_whose_disk_is_full_answers_no_more_says_why_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    let server = Server::spawn(&mut cramped(&data), &data);
    let mut client = server.client().await;
    client.ready(&["A"], preset("un.ga.simple")).await;
    let mut watch = client.watch(false).await.unwrap();
    let (answered, refused) = cast_until_refused(&mut client).await;
    refused.assert_unknown();
    assert!(answered.len() >= 1_000, "there was room at first: {}", answered.len());
    let ended = server.wait_at_most(PATIENCE).await;
    assert_eq!(ended.status.code(), Some(74), "{ended:?}");
    let said: Vec<_> = ended.stderr.lines().filter(|line| line.starts_with("rollcall: ")).collect();
    let [said] = said[..] else { panic!("not one sentence: {}", ended.stderr) };
    for words in
        ["could not be written", "file too large", "start Rollcall again", "everything that was answered is on record"]
    {
        assert!(said.contains(words), "{words:?} is missing: {said}");
    }
    assert!(!said.contains("Os {"), "a dump, not a sentence: {said}");
    let last = loop {
        match watch.message().await {
            Ok(Some(_)) => {}
            other => break other,
        }
    };
    assert!(last.is_err(), "a watcher must not take it for the end of the vote");

    let server = Server::at(&data);
    let mut client = server.client().await;
    let entries = client.entries().await;
    for (ballot, receipt) in &answered {
        let entry = entries.get(receipt.seq as usize - 1).unwrap_or_else(|| panic!("lost: {receipt:?}"));
        assert_eq!(uuid::Uuid::from_slice(&entry.request_id).unwrap().to_string(), ballot.request_id);
    }
    client.cast("A", Choice::Abstain).await.expect("it is served again");
}
