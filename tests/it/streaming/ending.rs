//! However a stream ends, what was answered is on record, and what was not can be sent again.

use std::time::Duration;

use tonic::Code;
use tonic_types::StatusExt;

use super::*;
use crate::harness::Expect;

/// Ballots to be sent, more than are answered before the stream ends.
fn many() -> Vec<CastBallotRequest> {
    (0..50_000).map(|at| ballot(&id(at), choice(at))).collect()
}

/// Reads so many answers of these ballots.
async fn answered(answers: &mut Answers, sent: &[CastBallotRequest]) -> BTreeMap<String, Receipt> {
    let mut answered = BTreeMap::new();
    for ballot in sent {
        answered.insert(ballot.request_id.clone(), receipt(answers).await);
    }
    answered
}

/// Asserts that all of these stand where their receipts say, and that they are told again.
async fn stand(client: &mut Client, sent: &[CastBallotRequest], answered: &BTreeMap<String, Receipt>) {
    let recorded = recorded(client).await;
    for (id, receipt) in answered {
        assert_eq!(recorded.get(id), Some(&receipt.seq), "lost: {receipt:?}");
    }
    let again: Vec<_> = sent.iter().filter(|ballot| answered.contains_key(&ballot.request_id)).cloned().collect();
    let mut answers = stream(client, again.clone()).await;
    for ballot in again {
        let first = answered[&ballot.request_id].clone();
        assert_eq!(receipt(&mut answers).await, Receipt { replayed: true, ..first });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_vanishes_loses_nothing_that_was_answered() {
    let (server, mut client) = hall().await;
    let sent = many();
    let mut known = BTreeMap::new();
    for _ in 0..3 {
        let mut gone = server.client().await;
        let mut answers = stream(&mut gone, sent.clone()).await;
        known.extend(
            answered(&mut answers, &sent[..700])
                .await
                .into_iter()
                .map(|(id, receipt)| (id, Receipt { replayed: false, ..receipt })),
        );
        drop((answers, gone));
    }
    stand(&mut client, &sent, &known).await;
    client.lock().await.expect("the writer goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_loses_nothing_that_was_answered() {
    let (mut server, mut client) = hall().await;
    let sent = many();
    let mut answers = stream(&mut client, sent.clone()).await;
    let mut known = answered(&mut answers, &sent[..900]).await;
    server.kill();
    for ballot in &sent[900..] {
        let Ok(Some(Outcome::Receipt(receipt))) = answer(&mut answers).await else { break };
        known.insert(ballot.request_id.clone(), receipt);
    }
    server.restart();
    stand(&mut server.client().await, &sent, &known).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_answers_what_it_took_and_says_that_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    let server = Server::at(&data);
    let mut client = server.client().await;
    make_ready(&mut client).await;
    let sent = many();
    let mut answers = stream(&mut client, sent.clone()).await;
    let mut known = answered(&mut answers, &sent[..500]).await;
    server.signal("TERM");
    let mut rest = sent[500..].iter();
    let end = loop {
        match answer(&mut answers).await {
            Ok(Some(Outcome::Receipt(receipt))) => {
                known.insert(rest.next().unwrap().request_id.clone(), receipt);
            }
            Ok(other) => panic!("neither a receipt nor the end of the server: {other:?}"),
            Err(status) => break status,
        }
    };
    let end = Err::<(), _>(end).refused(Code::Unavailable, "NOT_SERVING");
    assert!(end.get_details_retry_info().and_then(|info| info.retry_delay).is_some(), "when to try again: {end:?}");
    let ended = server.wait_at_most(Duration::from_secs(10)).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let server = Server::at(&data);
    let mut client = server.client().await;
    let recorded = recorded(&mut client).await;
    assert_eq!(recorded.len(), known.len(), "what it took it has answered");
    stand(&mut client, &sent, &known).await;
}
