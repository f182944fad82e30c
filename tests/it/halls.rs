//! A hall of votes on one stream: what is there, that this was all of it, and each change from then on.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rollcall::proto::watch_votes_response::Message;
use rollcall::proto::{self, Choice, Outcome, TieBreak, Vote, VoteState, WatchVotesRequest};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::client::{BODY, ballot, majority};
use crate::harness::conduct::seconds;
use crate::harness::server::PATIENCE;
use crate::harness::{Client, Expect, HallWatch, Server, uuid};

mod returning;

async fn watch(client: &mut Client, after_seq: u64, states: &[VoteState]) -> Result<HallWatch, Status> {
    let states = states.iter().map(|state| i32::from(*state)).collect();
    let request = WatchVotesRequest { parent: BODY.into(), after_seq, states, ..Default::default() };
    Ok(client.tallies.watch_votes(request).await?.into_inner())
}

async fn next(hall: &mut HallWatch) -> Message {
    let message = tokio::time::timeout(PATIENCE, hall.message()).await.expect("it is not forgotten");
    message.unwrap().expect("it goes on").message.unwrap()
}

/// The next vote on the stream, which nothing but a vote may precede.
async fn next_vote(hall: &mut HallWatch) -> Vote {
    match next(hall).await {
        Message::Vote(vote) => vote,
        other => panic!("not a vote: {other:?}"),
    }
}

fn short(vote: &Vote) -> String {
    let id = vote.name.rsplit('/').next().unwrap();
    format!("{id} {}", vote.state().as_str_name().trim_start_matches("VOTE_STATE_"))
}

/// The votes to the end of what was there, as `id STATE`, and the place that this reflects.
async fn to_the_present(hall: &mut HallWatch) -> (Vec<String>, u64) {
    let mut votes = Vec::new();
    loop {
        match next(hall).await {
            Message::Vote(vote) => votes.push(short(&vote)),
            Message::CaughtUp(caught_up) => return (votes, caught_up.seq),
            other => panic!("neither a vote nor the end: {other:?}"),
        }
    }
}

fn name(id: &str) -> String {
    format!("{BODY}/votes/{id}")
}

async fn table(client: &mut Client, id: &str) {
    let vote = Vote { rule: Some(majority(TieBreak::Unspecified)), ..Default::default() };
    client.table_as(id, vote).await.unwrap();
}

async fn cast(client: &mut Client, id: &str, choice: Choice) -> proto::Receipt {
    client.send(proto::CastBallotRequest { vote: name(id), ..ballot("A", choice) }).await.unwrap()
}

/// A hall with a vote in each state, named after it; the one that is open has changed last.
async fn full_hall() -> (Server, Client) {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A", "B"]).await.unwrap();
    for id in ["open", "draft", "suspended", "locked", "declared", "annulled", "withdrawn"] {
        table(&mut client, id).await;
        match id {
            "withdrawn" => drop(client.withdraw_vote(&name(id)).await.unwrap()),
            "draft" => {}
            _ => drop(client.open_as(&name(id), 0).await.unwrap()),
        }
        match id {
            "suspended" => drop(client.suspend_vote(&name(id), "").await.unwrap()),
            "annulled" => drop(client.annul_vote(&name(id), "").await.unwrap()),
            "locked" | "declared" => drop(client.lock_as(&name(id)).await.unwrap()),
            _ => {}
        }
        if id == "declared" {
            client.declare_as(&name(id), Outcome::NotAdopted, "").await.unwrap();
        }
    }
    cast(&mut client, "open", Choice::No).await;
    (server, client)
}

#[tokio::test]
async fn a_hall_is_shown_as_it_is_and_then_each_change_of_it() {
    let (_server, mut client) = full_hall().await;
    let mut hall = client.hall().await;
    let (votes, seq) = to_the_present(&mut hall).await;
    assert_eq!(
        votes,
        ["draft DRAFT", "suspended SUSPENDED", "locked LOCKED", "open OPEN"],
        "those that have not ended"
    );
    assert_eq!(seq, client.end().await);

    let receipt = cast(&mut client, "open", Choice::Yes).await;
    let changed = next_vote(&mut hall).await;
    assert_eq!((short(&changed), changed.seq), ("open OPEN".into(), receipt.seq));
    assert_eq!(changed, client.vote_as("open").await, "whole");
    client.declare_as(&name("locked"), Outcome::NotAdopted, "").await.unwrap();
    assert_eq!(short(&next_vote(&mut hall).await), "locked DECLARED", "once more when it leaves them");
    // What happens to votes that have left, or were never there, is not shown.
    client.annul_vote(&name("locked"), "").await.unwrap();
    client.annul_vote(&name("declared"), "").await.unwrap();
    table(&mut client, "new").await;
    assert_eq!(short(&next_vote(&mut hall).await), "new DRAFT");
    client.withdraw_vote(&name("new")).await.unwrap();
    assert_eq!(short(&next_vote(&mut hall).await), "new WITHDRAWN");
}

#[tokio::test]
async fn a_watcher_chooses_the_states() {
    let (_server, mut client) = full_hall().await;
    let mut hall = watch(&mut client, 0, &[VoteState::Declared, VoteState::Draft]).await.unwrap();
    assert_eq!(to_the_present(&mut hall).await.0, ["draft DRAFT", "declared DECLARED"]);
    cast(&mut client, "open", Choice::Yes).await;
    client.declare_as(&name("locked"), Outcome::NotAdopted, "").await.unwrap();
    assert_eq!(short(&next_vote(&mut hall).await), "locked DECLARED", "it has come into them");
    client.open_as(&name("draft"), 0).await.unwrap();
    assert_eq!(short(&next_vote(&mut hall).await), "draft OPEN");
    client.lock_as(&name("draft")).await.unwrap();
    client.annul_vote(&name("declared"), "").await.unwrap();
    assert_eq!(short(&next_vote(&mut hall).await), "declared ANNULLED");
    client.declare_as(&name("draft"), Outcome::NotAdopted, "").await.unwrap();
    assert_eq!(short(&next_vote(&mut hall).await), "draft DECLARED", "it has come back");
}

#[tokio::test]
async fn the_votes_of_one_body_or_of_all() {
    let (_server, mut client) = full_hall().await;
    let create = proto::CreateBodyRequest { body_id: "annex".into(), request_id: uuid(), ..Default::default() };
    client.bodies.create_body(create).await.unwrap();
    let of = async |client: &mut Client, parent: &str| {
        let request = WatchVotesRequest { parent: parent.into(), ..Default::default() };
        client.tallies.watch_votes(request).await.map(tonic::Response::into_inner)
    };
    let mut all = of(&mut client, "bodies/-").await.unwrap();
    let mut annex = of(&mut client, "bodies/annex").await.unwrap();
    assert_eq!(to_the_present(&mut all).await.0.len(), 4);
    assert_eq!(to_the_present(&mut annex).await, (vec![], client.end().await));
    cast(&mut client, "open", Choice::Yes).await;
    let vote = Some(Vote { rule: Some(majority(TieBreak::Unspecified)), ..Default::default() });
    let request =
        proto::CreateVoteRequest { parent: "bodies/annex".into(), vote_id: "x".into(), vote, request_id: uuid() };
    client.votes.create_vote(request).await.unwrap();
    assert_eq!(short(&next_vote(&mut annex).await), "x DRAFT");
    assert_eq!(short(&next_vote(&mut all).await), "open OPEN");
    assert_eq!(short(&next_vote(&mut all).await), "x DRAFT");

    for malformed in ["", "hall", "bodies/", "bodies/hall/votes/q"] {
        of(&mut client, malformed).await.map(drop).refused(Code::InvalidArgument, "INVALID_FIELD");
    }
    let refused = of(&mut client, "bodies/none").await.map(drop).refused(Code::NotFound, "NO_SUCH_RESOURCE");
    assert_eq!(refused.get_details_resource_info().unwrap().resource_name, "bodies/none");
    let end = client.end().await;
    let beyond = watch(&mut client, end + 1, &[]).await.map(drop).refused(Code::OutOfRange, "BEYOND_RECORD");
    assert_eq!(beyond.get_details_error_info().unwrap().metadata["end"], end.to_string());
}

#[tokio::test]
async fn in_silence_progress_says_how_far_the_record_reaches() {
    let (_server, mut client) = full_hall().await;
    let request = WatchVotesRequest { parent: BODY.into(), heartbeat: Some(seconds(1)), ..Default::default() };
    let mut hall = client.tallies.watch_votes(request).await.unwrap().into_inner();
    to_the_present(&mut hall).await;
    let create = proto::CreateBodyRequest { body_id: "annex".into(), request_id: uuid(), ..Default::default() };
    client.bodies.create_body(create).await.unwrap();
    let (since, seq) = (Instant::now(), client.end().await);
    assert_eq!(next(&mut hall).await, Message::Progress(proto::Progress { seq }));
    assert!(since.elapsed() < Duration::from_secs(5), "it comes after one second, not after fifteen");
}

#[tokio::test]
async fn a_watcher_of_a_hall_is_told_that_the_server_stops() {
    let (server, mut client) = full_hall().await;
    let mut hall = client.hall().await;
    to_the_present(&mut hall).await;
    server.signal("TERM");
    let Message::Draining(draining) = next(&mut hall).await else { panic!("not told to drain") };
    assert!(draining.reconnect_after.is_some(), "when to come back");
    let end = hall.message().await.refused(Code::Unavailable, "NOT_SERVING");
    assert!(end.get_details_retry_info().is_some(), "{end:?}");
    assert!(server.wait_at_most(Duration::from_secs(10)).await.status.success());
}
