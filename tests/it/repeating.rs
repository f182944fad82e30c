//! A request that is repeated never counts twice, and learns its first receipt.

use rollcall::proto::{self, Choice, Receipt, TieBreak};
use tonic::Code;
use tonic_types::StatusExt;

use crate::harness::client::{BODY, VOTE, ballot, heads, majority, member};
use crate::harness::{Client, Expect, Server, uuid};

mod change;

use change::{Change, everything};

/// Repeats what was accepted, as it was and in upper case, and tries its id for other content.
async fn repeat(client: &mut Client, change: &Change, first: &Receipt, when: &str) {
    let end = client.end().await;
    let again = Receipt { replayed: true, ..first.clone() };
    for repeated in [change.clone(), change.clone().shouted()] {
        assert_eq!(repeated.send(client).await.unwrap(), again, "{when}: {change:?}");
    }
    for reused in [change.clone().changed(), change.clone().changed().shouted()] {
        let status = reused.send(client).await.refused(Code::AlreadyExists, "REQUEST_ID_REUSED");
        let metadata = status.get_details_error_info().unwrap().metadata;
        assert_eq!(metadata["seq"], first.seq.to_string(), "{when}: {change:?}");
    }
    assert_eq!(client.end().await, end, "{when}: {change:?}");
}

#[tokio::test]
async fn every_change_is_safe_to_repeat_whatever_has_happened_since() {
    let mut server = Server::new();
    let mut client = server.client().await;
    let mut done = Vec::new();
    for change in everything() {
        let first = change.clone().send(&mut client).await.unwrap();
        assert!(!first.replayed, "{change:?}");
        repeat(&mut client, &change, &first, "at once").await;
        done.push((change, first));
    }
    for (change, first) in &done {
        repeat(&mut client, change, first, "after the vote was annulled").await;
    }
    let vote = client.vote().await.unwrap();
    for restart in ["restarted", "restarted twice"] {
        server.restart();
        client = server.client().await;
        for (change, first) in &done {
            repeat(&mut client, change, first, restart).await;
        }
        assert_eq!(client.vote().await.unwrap(), vote, "{restart}");
    }
}

#[tokio::test]
async fn an_id_is_scoped_to_its_vote_or_else_to_its_body() {
    let server = Server::new();
    let mut client = server.client().await;
    let (one, rule) = (uuid(), || Some(majority(TieBreak::Unspecified)));
    let mut changes = Vec::new();
    for body in ["hall", "annex"] {
        let create = proto::CreateBodyRequest { body_id: body.into(), ..Default::default() };
        changes.push(Change::Body(create));
        for vote in ["p", "q"] {
            let vote = proto::CreateVoteRequest {
                parent: format!("bodies/{body}"),
                vote_id: vote.into(),
                vote: Some(proto::Vote { rule: rule(), ..Default::default() }),
                ..Default::default()
            };
            changes.push(Change::Table(vote));
        }
    }
    for (at, change) in changes.iter().enumerate() {
        let receipt = change.clone().with_id(&one).send(&mut client).await.unwrap();
        assert_eq!((receipt.seq, receipt.replayed), (at as u64 + 1, false), "{change:?}");
    }
    // Within one scope it is one id, whatever the method.
    let admit = proto::AdmitMembersRequest { parent: BODY.into(), members: vec![member("A")], request_id: one.clone() };
    client.bodies.admit_members(admit).await.refused(Code::AlreadyExists, "REQUEST_ID_REUSED");
    let open = proto::OpenVoteRequest { name: VOTE.into(), request_id: one.clone(), ..Default::default() };
    client.votes.open_vote(open).await.refused(Code::AlreadyExists, "REQUEST_ID_REUSED");
    assert_eq!(client.end().await, changes.len() as u64);
}

#[tokio::test]
async fn a_call_without_an_id_counts_each_time_and_so_does_the_same_choice_again() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B"], majority(TieBreak::Unspecified)).await;
    let end = client.end().await;
    let nameless = proto::CastBallotRequest { request_id: String::new(), ..ballot("A", Choice::Yes) };
    for (at, ballot) in [nameless.clone(), nameless, ballot("A", Choice::Yes)].into_iter().enumerate() {
        let receipt = client.send(ballot).await.unwrap();
        let place = at as u64 + 1;
        assert_eq!((receipt.seq, receipt.revision, receipt.replayed), (end + place, place + 2, false));
    }
    assert_eq!(heads(client.vote().await.unwrap().tally.as_ref()), "1-0-0-0-1");
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A"]).await.unwrap();
    client.table(majority(TieBreak::Unspecified)).await.unwrap();
    let early = ballot("A", Choice::Yes);
    client.send(early.clone()).await.refused(Code::FailedPrecondition, "WRONG_STATE");
    client.open().await.unwrap();
    let other = proto::CastBallotRequest { choice: Choice::No.into(), ..early.clone() };
    assert!(!client.send(other.clone()).await.unwrap().replayed, "the id was free, for any content");
    client.send(early).await.refused(Code::AlreadyExists, "REQUEST_ID_REUSED");
    assert!(client.send(other).await.unwrap().replayed);
    assert_eq!(heads(client.vote().await.unwrap().tally.as_ref()), "0-1-0-0-0");
}

#[tokio::test]
async fn ballots_cast_together_and_alone_share_their_ids() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B"], majority(TieBreak::Unspecified)).await;
    let (a, b) = (ballot("A", Choice::Yes), ballot("B", Choice::No));
    let alone = client.send(b.clone()).await.unwrap();
    let reused = proto::CastBallotRequest { choice: Choice::No.into(), ..a.clone() };
    let request = proto::CastBallotsRequest { ballots: vec![a.clone(), a.clone(), b, reused] };
    let results = client.ballots.cast_ballots(request).await.unwrap().into_inner().results;
    let results: Vec<_> = results.into_iter().map(|result| result.result.unwrap()).collect();
    let [
        proto::ballot_result::Result::Receipt(first),
        proto::ballot_result::Result::Receipt(again),
        proto::ballot_result::Result::Receipt(of_b),
        proto::ballot_result::Result::Refusal(refusal),
    ] = results.as_slice()
    else {
        panic!("{results:?}")
    };
    assert_eq!((first.seq, first.replayed), (alone.seq + 1, false));
    assert_eq!(*again, Receipt { replayed: true, ..first.clone() });
    assert_eq!(*of_b, Receipt { replayed: true, ..alone.clone() });
    assert_eq!(refusal.reason(), proto::ErrorReason::RequestIdReused);
    assert_eq!(client.send(a).await.unwrap(), *again);
    assert_eq!(client.end().await, first.seq);
}

#[tokio::test]
async fn requests_sent_at_once_under_one_id_give_one_entry() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A"], majority(TieBreak::Unspecified)).await;
    let other = server.client().await;
    for round in 0..50 {
        let end = client.end().await;
        let ballot = ballot("A", [Choice::Yes, Choice::No][round % 2]);
        let sent: Vec<_> = (0..4)
            .map(|at| {
                let (mut client, ballot) = ([&client, &other][at % 2].clone(), ballot.clone());
                tokio::spawn(async move { client.send(ballot).await.unwrap() })
            })
            .collect();
        let mut receipts = Vec::new();
        for one in sent {
            receipts.push(one.await.unwrap());
        }
        assert_eq!(receipts.iter().filter(|receipt| !receipt.replayed).count(), 1, "{receipts:?}");
        assert!(receipts.iter().all(|receipt| receipt.seq == end + 1), "{receipts:?}");
        assert_eq!(client.end().await, end + 1);
    }
}

#[tokio::test]
async fn a_request_is_known_again_when_the_record_has_long_gone_on() {
    let mut server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B"], majority(TieBreak::Unspecified)).await;
    // Two ids that the server looks up alike: their four words come to the same.
    let first = "11111111-0000-4000-8000-000000000001".to_owned();
    let first = proto::CastBallotRequest { request_id: first, ..ballot("A", Choice::Yes) };
    let alike = "00000001-0000-4000-8000-000011111111".to_owned();
    let alike = proto::CastBallotRequest { request_id: alike, ..ballot("B", Choice::Yes) };
    let receipt = client.send(first.clone()).await.unwrap();

    // More entries than the server keeps in memory: it must read the first one back.
    for _ in 0..17 {
        let ballots = (0..1_000).map(|at| ballot("B", [Choice::Yes, Choice::No][at % 2])).collect();
        let results = client.ballots.cast_ballots(proto::CastBallotsRequest { ballots }).await.unwrap().into_inner();
        let is_receipt = |result: &proto::BallotResult| match &result.result {
            Some(proto::ballot_result::Result::Receipt(receipt)) => !receipt.replayed,
            _ => false,
        };
        assert!(results.results.iter().all(is_receipt));
    }
    let of_alike = client.send(alike.clone()).await.unwrap();
    assert!(!of_alike.replayed, "another request, however much its id looks like the first");

    let again = |receipt: &Receipt| Receipt { replayed: true, ..receipt.clone() };
    for when in ["at once", "locked", "restarted"] {
        match when {
            "locked" => drop(client.lock().await.unwrap()),
            "restarted" => {
                server.restart();
                client = server.client().await;
            }
            _ => {}
        }
        let end = client.end().await;
        assert_eq!(client.send(first.clone()).await.unwrap(), again(&receipt), "{when}");
        assert_eq!(client.send(alike.clone()).await.unwrap(), again(&of_alike), "{when}");
        let reused = proto::CastBallotRequest { choice: Choice::No.into(), ..first.clone() };
        let status = client.send(reused).await.refused(Code::AlreadyExists, "REQUEST_ID_REUSED");
        assert_eq!(status.get_details_error_info().unwrap().metadata["seq"], receipt.seq.to_string(), "{when}");
        assert_eq!(client.end().await, end, "{when}");
    }
}
