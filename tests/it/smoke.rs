//! One whole vote, from nothing to a declared result that outlives its server.

use rollcall::proto::{Choice, Outcome, VoteState};
use tonic::Code;

use crate::harness::client::{frame, heads, preset};
use crate::harness::{Expect, Server};

#[tokio::test]
async fn a_vote_is_conducted_watched_and_read_back_after_a_crash() {
    let mut server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B", "C"], preset("un.ga.simple")).await;
    let mut watch = client.watch(true).await.unwrap();
    assert_eq!(frame(&mut watch).await.unwrap().unwrap().seats.len(), 3);

    client.cast("A", Choice::Yes).await.unwrap();
    client.cast("B", Choice::No).await.unwrap();
    client.cast("B", Choice::Yes).await.unwrap();
    let locked = client.lock().await.unwrap();
    assert_eq!(heads(locked.tally.as_ref()), "2-0-0-0-1");
    assert_eq!(locked.verdict.unwrap().outcome(), Outcome::Adopted);
    client.cast("C", Choice::Yes).await.refused(Code::FailedPrecondition, "WRONG_STATE");
    client.declare(Outcome::Adopted, "").await.unwrap();

    let mut states = Vec::new();
    while let Some(frame) = frame(&mut watch).await.unwrap() {
        states.push(frame.state());
    }
    assert_eq!(states.last(), Some(&VoteState::Declared));
    assert!(states.contains(&VoteState::Locked), "{states:?}");

    let before = client.vote().await.unwrap();
    server.restart();
    let mut client = server.client().await;
    assert_eq!(client.vote().await.unwrap(), before);
}
