//! Entries never go back in time, whatever the system's clock does between two runs or during one.

use rollcall::log;
use rollcall::proto::Choice;

use crate::harness::Client;
use crate::harness::client::preset;
use crate::harness::clock::{SystemClock, serve_by};

/// The times of all entries, in seconds.
async fn times(client: &mut Client) -> Vec<i64> {
    client.entries().await.iter().map(|entry| entry.record_time.unwrap().seconds).collect()
}

#[tokio::test]
async fn the_time_of_entries_never_goes_back() {
    let log = log::open(&log::Location::Memory).unwrap();
    let system = SystemClock::at(1_000_000);
    let (mut client, stop) = serve_by(&log, &system).await;
    client.ready(&["A", "B"], preset("un.ga.simple")).await;
    assert_eq!(times(&mut client).await, [1_000_000; 4]);

    // Set back by half the time while the server runs: its own time goes on.
    system.set(500_000, 5);
    client.cast("A", Choice::Yes).await.unwrap();
    // Set far ahead: likewise.
    system.set(9_000_000, 5);
    client.cast("B", Choice::Yes).await.unwrap();
    assert_eq!(times(&mut client).await[4..], [1_000_005, 1_000_010]);
    stop.cancel();

    // Started again with a clock an hour behind the record: its time goes on from the last entry.
    system.set(996_400, 1);
    let (mut client, _stop) = serve_by(&log, &system).await;
    client.cast("A", Choice::No).await.unwrap();
    system.set(996_401, 3_700);
    client.cast("B", Choice::No).await.unwrap();
    assert_eq!(times(&mut client).await[6..], [1_000_010, 1_003_710]);
}
