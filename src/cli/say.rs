//! Lines for the person at the terminal, cleaned. A reader that has gone is no reason to stop serving, so nothing here can fail.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::text;

/// Where a line cannot be redrawn, one that changes often is written this often at most.
const PLAIN_PACE: Duration = Duration::from_secs(2);

/// Whether the reader of standard output was seen to have gone.
static READER_HAS_GONE: AtomicBool = AtomicBool::new(false);

/// The line that is being redrawn, while there is one: others are written above it.
static LIVE: Mutex<Option<String>> = Mutex::new(None);

fn live() -> MutexGuard<'static, Option<String>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Clears the line that the cursor is on.
const CLEAR: &str = "\r\x1b[2K";

/// Writes a line.
pub fn line(text: impl std::fmt::Display) {
    as_it_is(text::clean(&text.to_string()));
}

/// Writes what is no text of others, or is not for people.
pub fn as_it_is(text: impl std::fmt::Display) {
    let written = match live().as_deref() {
        Some(live) => write!(std::io::stdout(), "{CLEAR}{text}\n{live}").and_then(|()| std::io::stdout().flush()),
        None => writeln!(std::io::stdout(), "{text}"),
    };
    if written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
        READER_HAS_GONE.store(true, Ordering::Relaxed);
    }
}

/// Whether no one reads what is written any more: a reason to end for a command that does nothing else.
pub fn reader_has_gone() -> bool {
    READER_HAS_GONE.load(Ordering::Relaxed)
}

/// Writes a line to standard error, below a line that was being redrawn.
pub fn problem(text: impl std::fmt::Display) {
    if live().take().is_some() {
        line("");
    }
    let _ = writeln!(std::io::stderr(), "rollcall: {}", text::clean(&text.to_string()));
}

/// Writes what a problem consists of to standard error, a line each, below it.
pub fn details<'a>(lines: impl IntoIterator<Item = &'a str>) {
    for line in lines {
        let _ = writeln!(std::io::stderr(), "{}", text::clean(line));
    }
}

/// A line that changes while one looks at it: redrawn in place on a terminal, now and then a new line elsewhere.
pub struct LiveLine {
    terminal: bool,
    written: Option<Instant>,
    waiting: Option<String>,
}

impl LiveLine {
    /// A live line of standard output.
    pub fn new() -> Self {
        Self { terminal: std::io::stdout().is_terminal(), written: None, waiting: None }
    }

    /// Shows `text` in place of what stood there.
    pub fn show(&mut self, text: String) {
        if self.terminal {
            // One that wraps could not be redrawn.
            let text = text::fit(&text, text::columns().map_or(usize::MAX, |columns| columns.saturating_sub(1)));
            let mut out = std::io::stdout();
            let mut live = live();
            let _ = write!(out, "{CLEAR}{text}").and_then(|()| out.flush());
            *live = Some(text);
        } else if self.written.is_none_or(|written| written.elapsed() >= PLAIN_PACE) {
            line(&text);
            self.written = Some(Instant::now());
            self.waiting = None;
        } else {
            self.waiting = Some(text);
        }
    }

    /// Leaves the last text standing.
    pub fn end(self) {
        if live().take().is_some() {
            line("");
        }
        if let Some(text) = self.waiting {
            line(text);
        }
    }
}
