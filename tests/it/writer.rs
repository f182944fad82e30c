//! What the writer promises while the log is slow, is full, is written by somebody else, or is not read yet.

use std::sync::Arc;
use std::time::Duration;

use rollcall::log::AppendError;
use rollcall::proto::ballot_result::Result as Outcome;
use rollcall::proto::watch_tally_response::Message;
use rollcall::proto::{self, Choice, Receipt};
use rollcall::record::tree::Leaves;
use rollcall::seq::Seq;
use rollcall::server::ServeError;
use rollcall::wire::entry::{decode, encode};
use tokio::task::{JoinHandle, JoinSet};
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

use crate::harness::bare::Bare;
use crate::harness::client::{BODY, ballot, frame, preset};
use crate::harness::held::{HeldLog, Running};
use crate::harness::{Client, Expect, TallyWatch};

/// More than the two seconds that a server gives to open calls when it stops.
const PAST_GRACE: Duration = Duration::from_millis(2_100);

/// Calls of a thousand ballots that are more than the room holds, which is for some sixteen thousand.
const CALLS: usize = 20;

const SERVICES: [&str; 7] = [
    "",
    "rollcall.v1.BallotService",
    "rollcall.v1.BodyService",
    "rollcall.v1.RecordService",
    "rollcall.v1.RuleService",
    "rollcall.v1.TallyService",
    "rollcall.v1.VoteService",
];

/// A ballot on its way.
fn casting(client: &Client, member: &'static str) -> JoinHandle<Result<Receipt, Status>> {
    let mut client = client.clone();
    tokio::spawn(async move { client.cast(member, Choice::Yes).await })
}

/// A vote that takes ballots, and a log that takes nothing.
async fn held() -> (Arc<HeldLog>, Client) {
    let log = HeldLog::new();
    let mut client = Running::over(&log).await.served().await;
    client.ready(&["A", "B"], preset("un.ga.simple")).await;
    log.appends.hold();
    (log, client)
}

/// The same, with a ballot that is being written.
async fn held_up() -> (Arc<HeldLog>, Client, JoinHandle<Result<Receipt, Status>>) {
    let (log, client) = held().await;
    let first = casting(&client, "A");
    log.appends.come(1).await;
    (log, client, first)
}

/// Goes to the server and back until whatever was sent before on this connection has been dealt with, but for the log.
async fn round_trips(client: &mut Client) {
    for _ in 0..20 {
        client.vote().await.unwrap();
    }
}

#[track_caller]
fn retry_info(status: &Status) {
    let delay = status.get_details_retry_info().and_then(|info| info.retry_delay);
    assert!(delay.is_some_and(|delay| !delay.is_zero()), "when to try again: {status:?}");
}

async fn health(client: &Client, service: &str) -> ServingStatus {
    let mut health = HealthClient::new(client.channel.clone());
    health.check(HealthCheckRequest { service: service.to_owned() }).await.unwrap().into_inner().status()
}

#[tokio::test]
async fn a_refusal_waits_for_what_it_rests_on() {
    let (log, mut client, first) = held_up().await;
    // The lock is decided while the ballot is written, and the second ballot is refused on account of the lock.
    let mut chair = client.clone();
    let lock = tokio::spawn(async move { chair.lock().await });
    round_trips(&mut client).await;
    let late = casting(&client, "B");
    round_trips(&mut client).await;
    assert!(!first.is_finished() && !lock.is_finished() && !late.is_finished(), "nothing is durable");

    log.appends.let_one_go();
    first.await.unwrap().unwrap();
    log.appends.come(2).await;
    round_trips(&mut client).await;
    assert!(!lock.is_finished(), "the lock is not durable");
    assert!(!late.is_finished(), "it was refused on account of a lock that the loss of power would undo");

    log.appends.let_one_go();
    lock.await.unwrap().unwrap();
    late.await.unwrap().refused(Code::FailedPrecondition, "WRONG_STATE");
    assert_eq!(log.len(), 6);
}

#[tokio::test]
async fn the_chair_gets_through_where_ballots_find_no_room() {
    let (log, mut client) = held().await;
    let mut calls: JoinSet<_> = (0..CALLS).map(|_| cast_thousand(client.clone())).collect();
    overloaded(calls.join_next().await.unwrap().unwrap().1);
    round_trips(&mut client).await;
    retry_info(&casting(&client, "B").await.unwrap().refused(Code::ResourceExhausted, "OVERLOADED"));
    // Those that wait for room do not take the last of it either.
    let mut sender = client.clone();
    let waiting = tokio::spawn(async move {
        let one = |_| proto::StreamBallotsRequest { ballot: Some(ballot("A", Choice::Yes)) };
        let sent = tokio_stream::iter((0..4_000).map(one));
        let mut answers = sender.ballots.stream_ballots(sent).await?.into_inner();
        let mut count = 0;
        while answers.message().await?.is_some() {
            count += 1;
        }
        Ok::<_, Status>(count)
    });
    round_trips(&mut client).await;
    let mut chair = client.clone();
    let lock = tokio::spawn(async move { chair.lock().await });
    round_trips(&mut client).await;
    assert!(!lock.is_finished(), "it waits to be written");

    log.appends.let_go();
    lock.await.unwrap().unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), 4_000, "each is answered, if only that it came too late");
}

#[tokio::test]
async fn a_full_commit_goes_to_the_log_behind_the_one_before_and_is_answered_after_it() {
    let (log, mut client, first) = held_up().await;
    // No commit holds two of these, and no more than two commits are on their way.
    let mut later = Vec::new();
    for _ in 0..3 {
        later.push(tokio::spawn(cast_thousand(client.clone())));
        round_trips(&mut client).await;
    }
    log.appends.come(2).await;
    round_trips(&mut client).await;
    assert_eq!(log.appends.came(), 2);
    assert!(!first.is_finished() && later.iter().all(|call| !call.is_finished()), "nothing is durable");

    log.appends.let_one_go();
    let first = first.await.unwrap().unwrap();
    round_trips(&mut client).await;
    assert!(later.iter().all(|call| !call.is_finished()), "only the first is durable");
    log.appends.let_go();
    for call in later {
        call.await.unwrap().1.unwrap();
    }
    assert_eq!(log.len(), first.seq + 3_000);
}

/// HTTP/2 takes a request that is broken off for an error of the server's, and ends a connection with many of them.
#[tokio::test]
async fn a_call_that_finds_no_room_is_not_broken_off() {
    let log = HeldLog::new();
    let mut server = Running::over(&log).await;
    let mut client = server.served().await;
    client.ready(&["A"], preset("un.ga.simple")).await;
    log.appends.hold();
    let mut calls: JoinSet<_> = (0..CALLS).map(|_| cast_thousand(client.clone())).collect();
    overloaded(calls.join_next().await.unwrap().unwrap().1);
    let bare = Bare::connect(&server.address).await;
    let one = proto::CastBallotsRequest { ballots: vec![ballot("A", Choice::Yes)] };
    tokio::select! {
        biased;
        _ = bare.call("BallotService/CastBallots", &one, PAST_GRACE, true) => panic!("answered, and more was to come"),
        () = round_trips(&mut client) => {}
    }
    let mut answer = bare.call("BallotService/CastBallots", &one, PAST_GRACE, false).await;
    overloaded(answer.next::<proto::CastBallotsResponse>().await.map(drop));
}

/// Casts a thousand ballots in one call; says which, and what became of them.
async fn cast_thousand(mut client: Client) -> (proto::CastBallotsRequest, Result<(), Status>) {
    let request = proto::CastBallotsRequest { ballots: (0..1_000).map(|_| ballot("A", Choice::Yes)).collect() };
    let answer = client.ballots.cast_ballots(request.clone()).await;
    (request, answer.map(drop))
}

#[track_caller]
fn overloaded(answer: Result<(), Status>) {
    retry_info(&answer.refused(Code::ResourceExhausted, "OVERLOADED"));
}

#[tokio::test]
async fn more_than_there_is_room_for_is_refused_and_not_recorded() {
    let (log, mut client) = held().await;
    let mut calls: JoinSet<_> = (0..CALLS).map(|_| cast_thousand(client.clone())).collect();
    // While nothing is written, only what is too much is answered.
    let (refused, answer) = calls.join_next().await.unwrap().unwrap();
    overloaded(answer);
    round_trips(&mut client).await;
    assert_eq!(log.len(), 4);

    log.appends.let_go();
    let mut taken = 0;
    for (_, answer) in calls.join_all().await {
        match answer {
            Ok(()) => taken += 1,
            refused => overloaded(refused),
        }
    }
    assert!(taken > 0, "what was taken is recorded in the end");
    assert_eq!(log.len(), 4 + 1_000 * taken, "the ballots of the calls that were taken, and no others");
    // There is room again, and what was refused is recorded for the first time now.
    for result in client.ballots.cast_ballots(refused).await.unwrap().into_inner().results {
        let Some(Outcome::Receipt(receipt)) = result.result else { panic!("{result:?}") };
        assert!(!receipt.replayed, "{receipt:?}");
    }
}

#[tokio::test]
async fn a_log_that_somebody_else_wrote_to_ends_the_server() {
    let log = HeldLog::new();
    let mut server = Running::over(&log).await;
    let mut client = server.served().await;
    client.ready(&["A", "B"], preset("un.ga.simple")).await;
    let receipt = client.cast("A", Choice::Yes).await.unwrap();
    let mut health = HealthClient::new(client.channel.clone());
    let mut health = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(health.message().await.unwrap().unwrap().status(), ServingStatus::Serving);

    let stored = log.behind.read(Seq::new(receipt.seq - 1), 1).await.unwrap();
    let mut entry = decode(&stored[0].1).unwrap();
    (entry.seq, entry.revision) = (entry.seq.next(), entry.revision + 1);
    log.behind.append(Seq::new(receipt.seq), Leaves::from_iter([encode(&entry)])).await.unwrap();
    client.cast("B", Choice::No).await.refused(Code::Unavailable, "OUTCOME_UNKNOWN");
    assert_eq!(health.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    // Whoever watches is given two seconds to go.
    drop(health);
    let ended = server.ended.await.unwrap();
    assert!(
        matches!(&ended, Err(ServeError::Unwritable(AppendError::Conflict { end })) if *end == entry.seq),
        "{ended:?}"
    );
    assert_eq!(log.len(), 6);

    // A fresh start reads the truth back.
    let mut client = Running::over(&log).await.served().await;
    assert_eq!(client.cast("B", Choice::No).await.unwrap().seq, 7);
}

/// Stops a server while a ballot is being written, which is let go at once or when no call is waited for any more.
async fn stop_while_a_ballot_is_written(late: bool) {
    let log = HeldLog::new();
    let mut server = Running::over(&log).await;
    let mut client = server.served().await;
    client.ready(&["A", "B"], preset("un.ga.simple")).await;
    let mut watch = client.watch(false).await.unwrap();
    frame(&mut watch).await.unwrap().unwrap();
    log.appends.hold();
    let written = casting(&client, "A");
    log.appends.come(1).await;
    let queued = casting(&client, "B");
    round_trips(&mut client).await;

    server.stop.cancel();
    drained(&mut watch).await;
    if late {
        tokio::time::pause();
        tokio::time::advance(PAST_GRACE).await;
        tokio::time::resume();
        tokio::task::yield_now().await;
    }
    assert!(!written.is_finished() && !queued.is_finished() && !server.ended.is_finished());
    log.appends.let_go();
    assert_eq!(written.await.unwrap().unwrap().seq, 5);
    assert_eq!(queued.await.unwrap().unwrap().seq, 6);
    server.ended.await.unwrap().unwrap();
    assert_eq!(log.len(), 6);
}

/// Waits until a watcher is told that the server stops.
async fn drained(watch: &mut TallyWatch) {
    while !matches!(watch.message().await.unwrap().unwrap().message, Some(Message::Draining(_))) {}
}

#[tokio::test]
async fn what_was_taken_before_a_stop_is_answered() {
    stop_while_a_ballot_is_written(false).await;
}

#[tokio::test]
async fn what_was_taken_is_answered_even_where_it_takes_longer_than_calls_may() {
    stop_while_a_ballot_is_written(true).await;
}

/// A call of each service.
async fn call_each(client: &mut Client) -> [Result<(), Status>; 6] {
    let get_body = proto::GetBodyRequest { name: BODY.into() };
    let list_rules = proto::ListRulesRequest::default();
    let read_entries = proto::ReadEntriesRequest::default();
    [
        client.bodies.get_body(get_body).await.map(drop),
        client.rules.list_rules(list_rules).await.map(drop),
        client.record.read_entries(read_entries).await.map(drop),
        client.cast("A", Choice::Yes).await.map(drop),
        client.tally().await.map(drop),
        client.vote().await.map(drop),
    ]
}

#[tokio::test]
async fn nothing_is_served_before_the_record_is_read() {
    let log = HeldLog::new();
    let mut before = Running::over(&log).await;
    before.served().await.ready(&["A"], preset("un.ga.simple")).await;
    before.stop.cancel();
    before.ended.await.unwrap().unwrap();

    log.reads.hold();
    let mut server = Running::over(&log).await;
    let mut client = server.client().await;
    // The writer reads, and once more to find that there is no more; the board takes up what it has read.
    for come in [1, 2] {
        log.reads.come(come).await;
        for service in SERVICES {
            assert_eq!(health(&client, service).await, ServingStatus::NotServing, "{service:?}");
        }
        for answer in call_each(&mut client).await {
            retry_info(&answer.refused(Code::Unavailable, "NOT_SERVING"));
        }
        assert!(server.ready.try_recv().is_err());
        log.reads.let_one_go();
    }
    let ready = (&mut server.ready).await.unwrap();
    assert_eq!(ready.end, Seq::new(4));
    for service in SERVICES {
        assert_eq!(health(&client, service).await, ServingStatus::Serving, "{service:?}");
    }
    log.reads.let_go();
    for answer in call_each(&mut client).await {
        answer.unwrap();
    }
}
