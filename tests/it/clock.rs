//! Entries never go back in time, whatever the system's clock does between two runs or during one.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rollcall::clock::{Clock, Reading, Timestamp};
use rollcall::log::{self, Log};
use rollcall::proto::Choice;
use rollcall::server::{self, Config};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::harness::Client;
use crate::harness::client::preset;

/// A system clock that a test sets.
#[derive(Clone)]
struct SystemClock(Arc<Mutex<Reading>>);

impl SystemClock {
    fn at(seconds: i64) -> Self {
        Self(Arc::new(Mutex::new(Reading { wall: Timestamp::new(seconds, 0).unwrap(), steady: Duration::ZERO })))
    }

    /// Sets the wall clock, and lets `passed` seconds go by on the steady one.
    fn set(&self, wall: i64, passed: u64) {
        let mut reading = self.0.lock().unwrap();
        reading.wall = Timestamp::new(wall, 0).unwrap();
        reading.steady += Duration::from_secs(passed);
    }

    fn clock(&self) -> Arc<Clock> {
        let reading = Arc::clone(&self.0);
        Arc::new(Clock::from_source(move || *reading.lock().unwrap()))
    }
}

/// A server in this process, over a log in memory, so that its clock can be set.
async fn serve(log: &Arc<dyn Log>, clock: &SystemClock) -> (Client, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (ready, started) = oneshot::channel();
    let stop = CancellationToken::new();
    let config = Config { log: Arc::clone(log), clock: clock.clock() };
    tokio::spawn(server::run(config, listener, stop.clone(), ready));
    started.await.unwrap();
    (Client::connect(&address).await, stop)
}

/// The times of all entries, in seconds.
async fn times(client: &mut Client) -> Vec<i64> {
    client.entries().await.iter().map(|entry| entry.record_time.unwrap().seconds).collect()
}

#[tokio::test]
async fn the_time_of_entries_never_goes_back() {
    let log = log::open(&log::Location::Memory).unwrap();
    let system = SystemClock::at(1_000_000);
    let (mut client, stop) = serve(&log, &system).await;
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

    // Started again with a clock an hour behind the record: the last entry's time stands until the clock is past it.
    system.set(996_400, 1);
    let (mut client, _stop) = serve(&log, &system).await;
    client.cast("A", Choice::No).await.unwrap();
    system.set(996_401, 3_700);
    client.cast("B", Choice::No).await.unwrap();
    assert_eq!(times(&mut client).await[6..], [1_000_010, 1_000_100]);
}
