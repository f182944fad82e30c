//! How long a server takes from nothing to its greeting, over a record of many entries; beside it, that record's files read.

use std::path::Path;
use std::time::Instant;

use indicatif::HumanCount;

use super::figures::Figures;
use super::growth::Filled;
use super::measure::{Measure, Sizes};
use super::process::Process;
use super::report::Line;
use super::run::{TURNS, started};
use super::scratch::Scratch;
use crate::cli::client::Failure;

/// What a stop keeps in the folder of a record for the next start.
const STATE: &str = "STATE";

/// Starts a server again and again over the same record; `anew`, without what the last stop kept.
pub async fn starts(
    measure: &'static Measure,
    anew: bool,
    scratch: &Scratch,
    sizes: Sizes,
    filled: &mut Option<Filled>,
) -> Result<Line, Failure> {
    let filled = Filled::once(filled, scratch, sizes.entries).await?;
    let (data, entries) = (filled.data.clone(), filled.entries);
    let (baseline, result, kept) = started(move || {
        let (mut baseline, mut result) = (Figures::default(), Figures::default());
        let mut kept = true;
        if !anew {
            // So that something is kept for the first that counts.
            Process::serve(&data)?.stop()?;
        }
        for _ in 0..TURNS {
            let began = Instant::now();
            read_all(&data).map_err(|e| failed(&e))?;
            baseline.took(began.elapsed());
            baseline.answered += 1;
            if anew {
                forget(&data.join(STATE)).map_err(|e| failed(&e))?;
            }
            kept &= data.join(STATE).exists();
            let began = Instant::now();
            let mut process = Process::serve(&data)?;
            result.took(began.elapsed());
            result.answered += 1;
            let greeted = process.entries()?;
            process.stop()?;
            if greeted != entries {
                return Err(Failure::Failed(format!("{entries} entries are on record, and a start found {greeted}")));
            }
        }
        Ok((baseline, result, kept))
    })
    .await?;
    let with = if kept { "with" } else { "without" };
    let what = format!("start {with} what the last stop kept, {} entries", HumanCount(entries));
    Ok(Line::new(measure, baseline, result).with_what(what).with_note(format!("{}: {}", measure.name, filled.note())))
}

/// Reads every file of a folder, and of those in it.
fn read_all(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_all(&path)?;
        } else {
            std::fs::read(path)?;
        }
    }
    Ok(())
}

/// Removes a file, if it is there.
fn forget(path: &Path) -> std::io::Result<()> {
    std::fs::remove_file(path)
        .or_else(|error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

fn failed(error: &std::io::Error) -> Failure {
    Failure::Failed(format!("the record's files cannot be read: {error}"))
}
