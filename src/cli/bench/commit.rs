//! A durable commit of the log, and beside it the same bytes written to a plain file and synced. No server.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;
use uuid::Uuid;

use super::figures::{Figures, Window};
use crate::cli::client::Failure;
use crate::log::{self, Location, Log};

/// About what the entry of a ballot takes.
const ENTRY_BYTES: usize = 128;

/// A log and a plain file in the same folder.
pub struct Disk {
    log: Arc<dyn Log>,
    file: File,
}

impl Disk {
    /// Both, new. Blocks.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let log = log::open(&Location::Sled(folder.join("record"))).map_err(|e| Failure::Failed(e.to_string()))?;
        let file = File::create(folder.join("plain")).map_err(|e| failed(&e))?;
        Ok(Self { log, file })
    }

    /// Commits so many entries again and again, to the file and to the log by turns, so that both have the same disk.
    pub async fn commits(&mut self, entries: usize, window: Window) -> Result<(Figures, Figures), Failure> {
        let (mut baseline, mut result) = (Figures::default(), Figures::default());
        loop {
            let payloads: Vec<Bytes> = (0..entries).map(|_| payload()).collect();
            let bytes = payloads.concat();
            let began = Instant::now();
            self.file.write_all(&bytes).and_then(|()| self.file.sync_data()).map_err(|e| failed(&e))?;
            baseline.answer(window, entries as u64, began);
            let end = *self.log.end().borrow();
            let leaves = payloads.into_iter().collect();
            let began = Instant::now();
            let now = self.log.append(end, leaves).await.map_err(|e| Failure::Failed(e.to_string()))?;
            result.answer(window, entries as u64, began);
            if now.since(end) != entries as u64 {
                return Err(Failure::Failed(format!("the log grew from {end} to {now} by a commit of {entries}")));
            }
            if window.is_over() {
                return Ok((baseline, result));
            }
        }
    }
}

/// Bytes that no storage can make smaller.
fn payload() -> Bytes {
    (0..ENTRY_BYTES / 16).flat_map(|_| Uuid::new_v4().into_bytes()).collect()
}

fn failed(error: &std::io::Error) -> Failure {
    Failure::Failed(format!("a plain file cannot be written: {error}"))
}
