//! The record itself, as auditors read it: in order, without gaps, and live where they follow.

use prost::Message;
use rollcall::proto::stored_entry::Content;
use rollcall::proto::{self, Choice, Entry, Outcome, ReadEntriesRequest, ReadEntriesResponse, TieBreak};
use sha2::{Digest, Sha256};
use tonic::{Code, Streaming};
use tonic_types::StatusExt;

use super::MAX_BYTES;
use crate::harness::client::{BODY, VOTE, ballot, majority};
use crate::harness::{Client, Expect, Server, uuid};

/// Every message that answers a request.
async fn messages(client: &mut Client, request: ReadEntriesRequest) -> Vec<ReadEntriesResponse> {
    let mut stream = client.record.read_entries(request).await.unwrap().into_inner();
    let mut messages = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        messages.push(message);
    }
    messages
}

/// The places of every entry that answers a request.
async fn places(client: &mut Client, request: ReadEntriesRequest) -> Vec<u64> {
    messages(client, request).await.iter().flat_map(|message| &message.entries).map(|entry| entry.seq).collect()
}

async fn next(stream: &mut Streaming<ReadEntriesResponse>) -> ReadEntriesResponse {
    stream.message().await.unwrap().expect("it goes on")
}

#[tokio::test]
async fn the_record_is_read_in_part_and_its_bytes_are_those_of_the_receipts() {
    let server = Server::new();
    let mut client = server.client().await;
    let nothing = messages(&mut client, ReadEntriesRequest::default()).await;
    assert_eq!(nothing, [ReadEntriesResponse::default()]);
    let body = |id: &str| proto::CreateBodyRequest { body_id: id.into(), request_id: uuid(), ..Default::default() };
    let annex = client.bodies.create_body(body("annex")).await.unwrap().into_inner().receipt.unwrap();
    client.ready(&["A", "B"], majority(TieBreak::Unspecified)).await;
    let mut receipts = vec![annex];
    for (member, choice) in [("A", Choice::Yes), ("B", Choice::No), ("A", Choice::Abstain)] {
        receipts.push(client.cast(member, choice).await.unwrap());
    }
    let other = proto::Vote { rule: Some(majority(TieBreak::Unspecified)), ..Default::default() };
    client.table_as("p", other).await.unwrap();
    client.lock().await.unwrap();
    client.declare(Outcome::NotAdopted, "").await.unwrap();

    let all = || ReadEntriesRequest::default();
    let scope = |scope: &str| ReadEntriesRequest { scope: scope.into(), ..all() };
    let cases: [(ReadEntriesRequest, &[u64]); 11] = [
        (all(), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        (ReadEntriesRequest { after_seq: 9, ..all() }, &[10, 11]),
        (ReadEntriesRequest { after_seq: 11, ..all() }, &[]),
        (ReadEntriesRequest { limit: 2, ..all() }, &[1, 2]),
        (ReadEntriesRequest { limit: 2, after_seq: 3, ..all() }, &[4, 5]),
        (ReadEntriesRequest { limit: 20, after_seq: 9, ..all() }, &[10, 11]),
        (scope("bodies/annex"), &[1]),
        (scope(BODY), &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        (scope(VOTE), &[4, 5, 6, 7, 8, 10, 11]),
        (scope("bodies/hall/votes/p"), &[9]),
        (ReadEntriesRequest { limit: 2, after_seq: 5, ..scope(VOTE) }, &[6, 7]),
    ];
    for (request, expected) in cases {
        assert_eq!(places(&mut client, request.clone()).await, expected, "{request:?}");
        assert_eq!(places(&mut client, ReadEntriesRequest { raw: true, ..request.clone() }).await, expected);
        let last = messages(&mut client, request.clone()).await.pop().unwrap();
        let through = if request.limit == 2 { *expected.last().unwrap() } else { 11 };
        assert_eq!((last.through_seq, last.head_seq, last.caught_up), (through, 11, false), "{request:?}");
    }

    let decoded = client.entries().await;
    let raw = messages(&mut client, ReadEntriesRequest { raw: true, ..all() }).await;
    let mut hashes = Vec::new();
    for (stored, entry) in raw.iter().flat_map(|message| &message.entries).zip(&decoded) {
        let Some(Content::Bytes(bytes)) = &stored.content else { panic!("not raw: {stored:?}") };
        assert_eq!(Entry::decode(bytes.clone()).unwrap(), *entry);
        hashes.push(Sha256::new().chain_update([0]).chain_update(bytes).finalize().to_vec());
    }
    assert_eq!(hashes.len(), decoded.len());
    for receipt in receipts {
        let at = usize::try_from(receipt.seq).unwrap() - 1;
        assert_eq!((&hashes[at][..], decoded[at].record_time), (&receipt.leaf_hash[..], receipt.record_time));
    }

    for unknown in ["bodies/none", "bodies/hall/votes/none", "bodies/none/votes/q"] {
        client.record.read_entries(scope(unknown)).await.refused(Code::NotFound, "NO_SUCH_RESOURCE");
    }
    client.record.read_entries(scope("hall")).await.refused(Code::InvalidArgument, "INVALID_FIELD");
    for follow in [false, true] {
        let beyond = ReadEntriesRequest { after_seq: 12, follow, ..all() };
        let refused = client.record.read_entries(beyond).await.refused(Code::OutOfRange, "BEYOND_RECORD");
        assert_eq!(refused.get_details_error_info().unwrap().metadata["end"], "11");
    }
}

#[tokio::test]
async fn whoever_follows_is_told_once_that_what_comes_is_live() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A"], majority(TieBreak::Unspecified)).await;
    let heartbeat = Some(prost_types::Duration { seconds: 1, nanos: 0 });
    let cases = [(0, "", vec![1, 2, 3, 4]), (2, "", vec![3, 4]), (4, "", vec![]), (0, VOTE, vec![3, 4])];
    let mut followers = Vec::new();
    for (after_seq, scope, mut due) in cases {
        let request =
            ReadEntriesRequest { after_seq, scope: scope.into(), follow: true, heartbeat, ..Default::default() };
        let mut stream = client.record.read_entries(request).await.unwrap().into_inner();
        loop {
            let message = next(&mut stream).await;
            due.drain(..message.entries.len())
                .zip(&message.entries)
                .for_each(|(seq, entry)| assert_eq!(seq, entry.seq));
            if message.caught_up {
                assert_eq!((message.entries.len(), message.through_seq, message.head_seq, due), (0, 4, 4, vec![]));
                break;
            }
        }
        followers.push(stream);
    }
    for seq in 5..25 {
        assert_eq!(client.cast("A", Choice::Yes).await.unwrap().seq, seq);
    }
    let create = proto::CreateBodyRequest { body_id: "annex".into(), request_id: uuid(), ..Default::default() };
    client.bodies.create_body(create).await.unwrap();
    for (stream, last) in followers.iter_mut().zip([25, 25, 25, 24]) {
        let mut live = Vec::new();
        while live.last() != Some(&last) {
            let message = next(stream).await;
            assert!(!message.caught_up);
            live.extend(message.entries.iter().map(|entry| entry.seq));
        }
        assert_eq!(live, (5..=last).collect::<Vec<_>>());
        let silent = next(stream).await;
        assert_eq!(silent, ReadEntriesResponse { through_seq: 25, head_seq: 25, ..Default::default() });
    }
    let limited = ReadEntriesRequest { after_seq: 20, limit: 3, follow: true, ..Default::default() };
    assert_eq!(places(&mut client, limited).await, [21, 22, 23], "a limit ends a follower too");
}

#[tokio::test]
async fn a_long_record_comes_in_messages_of_one_mebibyte_at_most() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B"], majority(TieBreak::Unspecified)).await;
    for _ in 0..25 {
        let ballots = (0..1_000).map(|at| ballot(["A", "B"][at % 2], Choice::Yes)).collect();
        client.ballots.cast_ballots(proto::CastBallotsRequest { ballots }).await.unwrap();
    }
    for raw in [false, true] {
        let messages = messages(&mut client, ReadEntriesRequest { raw, ..Default::default() }).await;
        let sizes: Vec<_> = messages.iter().map(Message::encoded_len).collect();
        assert!(sizes.len() > 1 && sizes.iter().all(|size| *size <= MAX_BYTES), "{sizes:?}");
        let places: Vec<_> = messages.iter().flat_map(|message| &message.entries).map(|entry| entry.seq).collect();
        assert_eq!(places, (1..=25_004).collect::<Vec<_>>());
        for message in messages.iter().filter(|message| !message.entries.is_empty()) {
            assert_eq!(Some(message.through_seq), message.entries.last().map(|entry| entry.seq));
        }
    }
    // Whoever finds nothing in scope is told how far it looked.
    let create = proto::CreateBodyRequest { body_id: "annex".into(), request_id: uuid(), ..Default::default() };
    client.bodies.create_body(create).await.unwrap();
    let scope = "bodies/annex".to_owned();
    assert_eq!(places(&mut client, ReadEntriesRequest { scope, ..Default::default() }).await, [25_005]);
}
