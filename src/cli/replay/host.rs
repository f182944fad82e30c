//! A server of our own for the time of a replay, over a folder of the caller's.

use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::cli::client::Failure;
use crate::clock::Clock;
use crate::log::{self, Location};
use crate::presets::Presets;
use crate::server::{self, Config, MAX_BEHIND, ServeError};

/// A running server.
pub struct Host {
    /// Where it serves.
    pub address: String,
    /// Cancelled once it serves no more.
    pub ended: CancellationToken,
    stop: CancellationToken,
    serving: JoinHandle<Result<(), ServeError>>,
}

impl Host {
    /// Serves the record in `data` on a free port of the loopback address.
    pub async fn start(data: &Path) -> Result<Self, Failure> {
        let failed = |e: &dyn std::fmt::Display| Failure::Failed(e.to_string());
        let log = log::open(&Location::Sled(data.to_owned())).map_err(|e| failed(&e))?;
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|e| failed(&e))?;
        let stop = CancellationToken::new();
        let (ready, started) = oneshot::channel();
        let presets = Arc::new(Presets::built_in().map_err(|e| failed(&e))?);
        let clock = Arc::new(Clock::system());
        let config = Config { log, clock, presets, origins: Vec::new(), max_behind: MAX_BEHIND };
        let serving = server::run(config, listener, stop.clone(), ready);
        let ended = CancellationToken::new();
        let end = ended.clone().drop_guard();
        let serving = tokio::spawn(async move {
            let _end = end;
            serving.await
        });
        match started.await {
            Ok(ready) => Ok(Self { address: ready.address.to_string(), ended, stop, serving }),
            Err(_) => Err(why(serving).await.unwrap_or_else(|| Failure::Failed("the server did not start".to_owned()))),
        }
    }

    /// Stops it; returns why it had ended before, if it had.
    pub async fn stop(self) -> Option<Failure> {
        self.stop.cancel();
        why(self.serving).await
    }
}

async fn why(serving: JoinHandle<Result<(), ServeError>>) -> Option<Failure> {
    match serving.await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(Failure::Failed(error.to_string())),
        Err(error) => Some(Failure::Failed(format!("the server broke down: {error}"))),
    }
}
