//! Neither side of a stream outruns the other, and what comes together shares its commits.

use std::path::Path;

use rollcall::proto::watch_tally_response::Message;
use tonic::transport::Channel;

use super::*;
use crate::harness::TallyWatch;
use crate::harness::client::VOTE;
use crate::harness::conduct::seconds;
use crate::harness::server::skip;
use crate::harness::strace::{NEEDS, can_trace, traced};

/// Waits until nothing has come to the vote for a second, and says where the record ends then.
async fn silence(watch: &mut TallyWatch) -> u64 {
    loop {
        if let Some(Message::Progress(progress)) = watch.message().await.unwrap().unwrap().message {
            return progress.seq;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_reads_no_answers_is_held_up_and_goes_on_when_it_does() {
    const COUNT: usize = 20_000;
    let (server, mut client) = hall().await;
    let heartbeat = Some(seconds(1));
    let tally = proto::WatchTallyRequest { vote: VOTE.into(), heartbeat, ..Default::default() };
    let mut watch = client.tallies.watch_tally(tally).await.unwrap().into_inner();
    // What the client's own library takes unread is kept small.
    let narrow = Channel::from_shared(format!("http://{}", server.address)).unwrap();
    let narrow = narrow.initial_stream_window_size(65_535).connect().await.unwrap();
    let mut narrow = client.over(narrow);
    let (sender, mut answers) = open_stream(&mut narrow).await;
    let sending = tokio::spawn(async move {
        for at in 0..COUNT {
            sender.send(ballot(&id(at), choice(at))).await.expect("it is held up, and not cut off");
        }
    });

    let first = client.end().await;
    let held = silence(&mut watch).await;
    assert!(held < first + COUNT as u64 / 2, "{held} entries, and no answer was read");
    assert_eq!(silence(&mut watch).await, held, "it stands still");
    assert!(!sending.is_finished(), "the sender is held up");
    client.cast("M001", Choice::Present).await.expect("others are not");

    let mut seqs = Vec::with_capacity(COUNT);
    for _ in 0..COUNT {
        seqs.push(receipt(&mut answers).await.seq);
    }
    assert_eq!(answer(&mut answers).await.unwrap(), None);
    sending.await.unwrap();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "in order");
    assert!(*seqs.last().unwrap() > held);
    assert_eq!(recorded(&mut client).await.len(), COUNT + 1);
}

fn syncs(trace: &Path) -> usize {
    let trace = std::fs::read_to_string(trace).unwrap();
    trace.lines().filter(|line| line.contains("sync(")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn ballots_that_come_together_share_their_syncs() {
    const COUNT: usize = 10_000;
    const ALONE: usize = 20;
    if !can_trace() {
        return skip(NEEDS);
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, trace) = (folder.path().join("record"), folder.path().join("trace"));
    let server = Server::spawn(&mut traced(&data, &trace, &["-e", "trace=fsync,fdatasync"]), &data);
    let mut client = server.client().await;
    make_ready(&mut client).await;
    let before = syncs(&trace);
    for at in 0..ALONE {
        client.cast(&id(at), choice(at)).await.unwrap();
    }
    let alone = syncs(&trace) - before;
    assert!(alone >= ALONE, "a ballot that comes alone is synced alone: {alone} syncs of {ALONE}");
    let mut answers = stream(&mut client, (0..COUNT).map(|at| ballot(&id(at), choice(at))).collect()).await;
    for _ in 0..COUNT {
        receipt(&mut answers).await;
    }
    server.signal("TERM");
    assert!(server.wait_at_most(PATIENCE).await.status.success());
    let together = syncs(&trace) - before - alone;
    assert!(together < COUNT / 20, "{together} syncs for {COUNT} ballots");
    assert!(together > 0, "none was synced");
}
