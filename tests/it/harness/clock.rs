//! A server in this process, over a log in memory, whose clock a test sets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rollcall::clock::{Clock, Reading, Timestamp};
use rollcall::log::Log;
use rollcall::server::{self, Config, MAX_BEHIND};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::Client;
use super::watched::Watches;

/// A system clock that a test sets.
#[derive(Clone)]
pub struct SystemClock(Arc<Mutex<Reading>>);

impl SystemClock {
    pub fn at(seconds: i64) -> Self {
        Self(Arc::new(Mutex::new(Reading { wall: Timestamp::new(seconds, 0).unwrap(), steady: Duration::ZERO })))
    }

    /// Sets the wall clock, and lets `passed` seconds go by on the steady one.
    pub fn set(&self, wall: i64, passed: u64) {
        let mut reading = self.0.lock().unwrap();
        reading.wall = Timestamp::new(wall, 0).unwrap();
        reading.steady += Duration::from_secs(passed);
    }

    /// Lets time go by on both clocks.
    pub fn pass(&self, time: Duration) {
        let mut reading = self.0.lock().unwrap();
        reading.wall = reading.wall.plus(time);
        reading.steady += time;
    }

    fn clock(&self) -> Arc<Clock> {
        let reading = Arc::clone(&self.0);
        Arc::new(Clock::from_source(move || *reading.lock().unwrap()))
    }
}

/// A server over `log`, until the token is cancelled.
pub async fn serve_by(log: &Arc<dyn Log>, clock: &SystemClock) -> (Client, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (ready, started) = oneshot::channel();
    let stop = CancellationToken::new();
    let config = Config {
        log: Arc::clone(log),
        clock: clock.clock(),
        presets: super::presets(),
        origins: Vec::new(),
        max_behind: MAX_BEHIND,
    };
    tokio::spawn(server::run(config, listener, stop.clone(), ready));
    started.await.unwrap();
    (Client::connect(&address, &Watches::of_log(Arc::clone(log))).await, stop)
}
