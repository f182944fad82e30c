//! What was done, counted: while it goes on, and at its end.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::findings::{Finding, Findings, Kind};
use crate::cli::{say, words};
use crate::proto::Outcome;

/// Where a bar cannot be drawn, a line is written this often.
const PLAIN_PACE: Duration = Duration::from_secs(3);

/// Findings of one kind that are listed at the end; the report has all.
const LISTED: usize = 25;

/// Counts, and the bar that shows them.
pub struct Summary {
    votes: u64,
    bar: ProgressBar,
    began: Instant,
    counts: Mutex<Counts>,
}

#[derive(Clone)]
struct Counts {
    votes: u64,
    already: u64,
    ballots: u64,
    /// Ballots of votes that this run conducted.
    cast: u64,
    entries: u64,
    equal: u64,
    differing: u64,
    unpublished: u64,
    outcomes: BTreeMap<&'static str, u64>,
    as_published: u64,
    otherwise: u64,
    said: Instant,
}

impl Summary {
    /// Nothing done yet of so many votes.
    pub fn new(votes: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(votes), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} votes, {msg}, {eta} to go");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let now = Instant::now();
        let counts = Counts {
            votes: 0,
            already: 0,
            ballots: 0,
            cast: 0,
            entries: 0,
            equal: 0,
            differing: 0,
            unpublished: 0,
            outcomes: BTreeMap::new(),
            as_published: 0,
            otherwise: 0,
            said: now,
        };
        Self { votes, bar, began: now, counts: Mutex::new(counts) }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Entries were added to the record.
    pub fn recorded(&self, entries: u64) {
        self.counts().entries += entries;
    }

    /// A vote is declared: its outcome, its ballots, whether its tally is the published one, and whether an earlier run
    /// had done it.
    pub fn declared(&self, outcome: Outcome, ballots: u64, equal: Option<bool>, already: bool) {
        let mut counts = self.counts();
        counts.votes += 1;
        counts.ballots += ballots;
        if already {
            counts.already += 1;
        } else {
            counts.cast += ballots;
        }
        match equal {
            Some(true) => counts.equal += 1,
            Some(false) => counts.differing += 1,
            None => counts.unpublished += 1,
        }
        *counts.outcomes.entry(words::outcome(outcome)).or_default() += 1;
        self.show(&mut counts);
    }

    /// Whether a vote's outcome is the published one, where its words tell.
    pub fn published(&self, as_published: Option<bool>) {
        let mut counts = self.counts();
        match as_published {
            Some(true) => counts.as_published += 1,
            Some(false) => counts.otherwise += 1,
            None => {}
        }
    }

    fn show(&self, counts: &mut Counts) {
        self.bar.set_position(counts.votes);
        if self.bar.is_hidden() {
            if counts.said.elapsed() < PLAIN_PACE {
                return;
            }
            counts.said = Instant::now();
            let (done, of) = (HumanCount(counts.votes), HumanCount(self.votes));
            let _ = writeln!(std::io::stderr(), "{done} of {of} votes, {}", counts.pace(self.began.elapsed()));
        } else {
            self.bar.set_message(counts.pace(self.began.elapsed()));
        }
    }

    /// How many votes are declared.
    pub fn done(&self) -> u64 {
        self.counts().votes
    }

    /// Tells what goes wrong meanwhile, above the bar.
    pub fn problem(&self, text: &str) {
        self.bar.suspend(|| say::problem(text));
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// Tells the end in words: the figures and the differences on standard output, what went wrong on standard error.
    pub fn tell(&self, findings: &Findings) {
        let counts = self.counts().clone();
        let took = self.began.elapsed();
        say::line(format_args!(
            "{} of {} votes are on record with {} ballots; {} were before",
            HumanCount(counts.votes),
            HumanCount(self.votes),
            HumanCount(counts.ballots),
            HumanCount(counts.already),
        ));
        let votes = rate(counts.votes - counts.already, took);
        let entries = HumanCount(counts.entries);
        say::line(format_args!(
            "  {entries} entries in {:.1} s: {votes} votes/s, {}",
            took.as_secs_f64(),
            counts.pace(took)
        ));
        say::line(format_args!(
            "  {} tallies equal the published totals, {} differ, {} have none published",
            HumanCount(counts.equal),
            HumanCount(counts.differing),
            HumanCount(counts.unpublished)
        ));
        let outcomes: Vec<_> =
            counts.outcomes.iter().map(|(word, count)| format!("{word} {}", HumanCount(*count))).collect();
        say::line(format_args!(
            "  outcomes: {}",
            if outcomes.is_empty() { "none".to_owned() } else { outcomes.join(", ") }
        ));
        if counts.as_published + counts.otherwise > 0 {
            let (same, other) = (HumanCount(counts.as_published), HumanCount(counts.otherwise));
            say::line(format_args!("  {same} outcomes are as published, {other} otherwise"));
        }
        for kind in Kind::ALL {
            list(kind, findings);
        }
    }

    /// Tells the end as one JSON object.
    pub fn json(&self, findings: &Findings) {
        let counts = self.counts().clone();
        let took = self.began.elapsed().as_secs_f64();
        let place = |finding: &Finding| {
            let (file, line) = (&finding.place.file, finding.place.line);
            json!({"vote": finding.vote, "file": file, "line": line, "reason": finding.reason})
        };
        let difference = |finding: &Finding| {
            let (field, published, recorded) = finding.difference.unwrap_or_default();
            json!({"vote": finding.vote, "field": field, "published": published, "recorded": recorded})
        };
        let places = |kind| findings.kept(kind).iter().map(place).collect::<Vec<_>>();
        let differences: Vec<_> = findings.kept(Kind::Difference).iter().map(difference).collect();
        say::as_it_is(json!({
            "votes": counts.votes,
            "votes_in_file": self.votes,
            "votes_on_record_before": counts.already,
            "ballots": counts.ballots,
            "entries": counts.entries,
            "seconds": took,
            "ballots_per_second": rate(counts.cast, self.began.elapsed()),
            "tallies": {"equal": counts.equal, "differing": counts.differing, "unpublished": counts.unpublished},
            "outcomes": counts.outcomes,
            "outcomes_published": {"equal": counts.as_published, "differing": counts.otherwise},
            "differences": differences,
            "bad_rows": findings.count(Kind::BadRow),
            "refused": findings.count(Kind::Refused),
            "shortened": findings.count(Kind::Shortened),
            "other_rule": findings.count(Kind::OtherRule),
            "problems": {"bad_rows": places(Kind::BadRow), "refused": places(Kind::Refused)},
        }));
    }
}

impl Counts {
    fn pace(&self, took: Duration) -> String {
        format!("{} ballots/s", HumanCount(rate(self.cast, took)))
    }
}

fn list(kind: Kind, findings: &Findings) {
    let (count, kept) = (findings.count(kind), findings.kept(kind));
    let wrong = matches!(kind, Kind::BadRow | Kind::Refused);
    let tell = |text: String| if wrong { say::problem(text) } else { say::line(format_args!("  {text}")) };
    for finding in kept.iter().take(LISTED) {
        tell(format!("{}: {finding}", kind.name()));
    }
    let more = count.saturating_sub(LISTED as u64);
    if more > 0 {
        tell(format!("{}: {} more; --report FILE lists all", kind.name(), HumanCount(more)));
    }
}

fn rate(count: u64, took: Duration) -> u64 {
    let micros = took.as_micros().max(1);
    u64::try_from(u128::from(count) * 1_000_000 / micros).unwrap_or(u64::MAX)
}
