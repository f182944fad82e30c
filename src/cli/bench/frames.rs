//! How long after its answer a ballot is seen by a watcher who has nothing else to see.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::Streaming;

use super::figures::{Figures, Window};
use super::load::{Ballots, recorded};
use super::side::{Open, Side};
use crate::cli::client::Failure;
use crate::proto::watch_tally_response::Message;
use crate::proto::{self, WatchTallyResponse};

/// Pauses between ballots, in milliseconds, by turns: some end before the pace allows the next frame, some after it.
const PAUSES: [u64; 7] = [10, 70, 30, 90, 0, 55, 45];

/// A frame that has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(10);

/// Frames that wait to be looked at.
const WAITING: usize = 64;

/// The delays.
#[derive(Default)]
pub struct Delays {
    /// From a ballot's answer to its frame.
    pub whole: Figures,
    /// The same without what the frame had to wait for the one before it.
    pub beyond_the_pace: Figures,
}

impl Delays {
    /// Adds what was measured after this.
    pub fn then(&mut self, later: Self) {
        self.whole.then(later.whole);
        self.beyond_the_pace.then(later.beyond_the_pace);
    }
}

/// Casts ballots one by one, each once the frame of the one before has come.
pub async fn delays(side: &Side, vote: &Open, ballots: &Ballots, window: Window) -> Result<Delays, Failure> {
    let mut clients = side.connect(1).await?.remove(0);
    let request = proto::WatchTallyRequest { vote: vote.name.clone(), ..Default::default() };
    let stream = clients.tallies.watch_tally(request).await?.into_inner();
    let (seen, mut frames) = mpsc::channel(WAITING);
    let watching = tokio::spawn(watch(stream, seen));
    let mut delays = Delays::default();
    // The state at the opening, or after the round before.
    let mut last = frame(&mut frames, 0).await?;
    for pause in PAUSES.iter().cycle() {
        tokio::time::sleep(Duration::from_millis(*pause)).await;
        let answer = clients.ballots.cast_ballot(ballots.next()).await?.into_inner();
        let answered = Instant::now();
        let receipt = recorded(answer.receipt)?;
        let seen = frame(&mut frames, receipt.revision).await?;
        let delay = seen.saturating_duration_since(answered);
        let of_the_pace = (last + side.pace()).saturating_duration_since(answered).min(delay);
        delays.whole.took(delay);
        delays.whole.answered += 1;
        delays.beyond_the_pace.took(delay - of_the_pace);
        delays.beyond_the_pace.answered += 1;
        last = seen;
        if window.is_over() {
            break;
        }
    }
    watching.abort();
    Ok(delays)
}

/// Notes when each frame comes.
async fn watch(mut stream: Streaming<WatchTallyResponse>, seen: mpsc::Sender<(u64, Instant)>) {
    while let Ok(Some(answer)) = stream.message().await {
        if let Some(Message::Frame(frame)) = answer.message
            && seen.send((frame.revision, Instant::now())).await.is_err()
        {
            return;
        }
    }
}

/// The next frame that shows a revision.
async fn frame(frames: &mut mpsc::Receiver<(u64, Instant)>, revision: u64) -> Result<Instant, Failure> {
    let shown = async {
        while let Some((at, seen)) = frames.recv().await {
            if at >= revision {
                return Ok(seen);
            }
        }
        Err(Failure::Failed("the watcher's stream ended".to_owned()))
    };
    let late = Failure::Failed(format!("no frame came within {} s of a ballot's answer", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, shown).await.unwrap_or(Err(late))
}
