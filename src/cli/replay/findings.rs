//! What is found on the way: bad rows, refusals, totals that differ. All of it is written to the report as it comes, and
//! the first of each kind are kept to be shown.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cli::client::Failure;

/// Findings of one kind that are kept: a file that is no data at all must not fill the memory.
const MAX_KEPT: usize = 1_000;

/// A line of a file.
#[derive(Clone, Debug)]
pub struct Place {
    pub file: String,
    pub line: u32,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A row that cannot be read or used.
    BadRow,
    /// A vote, or a part of one, that the server refused or that was left out.
    Refused,
    /// A published total that differs from the ballots.
    Difference,
    /// A text that is longer than the service takes, and was recorded without its end.
    Shortened,
    /// A vote that is on record under another rule than was asked for.
    OtherRule,
    /// A published outcome that is not the one that the rule gives.
    OtherOutcome,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Finding {
    pub kind: Kind,
    pub vote: String,
    pub place: Place,
    /// Of a difference: the column, the published total, and the one on record.
    pub difference: Option<(&'static str, u64, u64)>,
    pub reason: String,
}

impl Kind {
    /// All kinds, as they are shown.
    pub const ALL: [Self; 6] =
        [Self::BadRow, Self::Refused, Self::Difference, Self::Shortened, Self::OtherRule, Self::OtherOutcome];

    /// Its name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadRow => "bad row",
            Self::Refused => "refused",
            Self::Difference => "difference",
            Self::Shortened => "shortened",
            Self::OtherRule => "other rule",
            Self::OtherOutcome => "other outcome",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { file, line } = &self.place;
        match &self.difference {
            Some((field, published, recorded)) => {
                write!(f, "{} {field}: {published} published, {recorded} on record", self.vote)
            }
            None if self.vote.is_empty() || self.reason.split(not_of_an_id).any(|word| word == self.vote) => {
                write!(f, "{file}:{line}: {}", self.reason)
            }
            None => write!(f, "{file}:{line}: {}: {}", self.vote, self.reason),
        }
    }
}

fn not_of_an_id(c: char) -> bool {
    !(c.is_alphanumeric() || matches!(c, '.' | '-'))
}

/// All findings.
pub struct Findings {
    strict: bool,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    report: Option<csv::Writer<File>>,
    counts: [u64; Kind::ALL.len()],
    kept: [Vec<Finding>; Kind::ALL.len()],
}

impl Findings {
    /// No findings yet. With `strict` the first bad row or refusal is a failure; all of them go to `report` if one is named.
    pub fn new(strict: bool, report: Option<&Path>) -> Result<Self, Failure> {
        let mut found = Found::default();
        if let Some(path) = report {
            let failed = |e: &dyn fmt::Display| Failure::Failed(format!("{}: cannot be written: {e}", path.display()));
            let mut writer = csv::Writer::from_writer(File::create(path).map_err(|e| failed(&e))?);
            let columns = ["kind", "vote_id", "field", "published", "recorded", "file", "line", "reason"];
            writer.write_record(columns).map_err(|e| failed(&e))?;
            found.report = Some(writer);
        }
        Ok(Self { strict, found: Mutex::new(found) })
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A row that cannot be read or used.
    pub fn bad(&self, vote: &str, place: Place, reason: &str) -> Result<(), Failure> {
        self.add(Kind::BadRow, vote, place, None, reason)
    }

    /// A vote, or a part of one, that was refused or left out.
    pub fn refused(&self, vote: &str, place: Place, reason: &str) -> Result<(), Failure> {
        self.add(Kind::Refused, vote, place, None, reason)
    }

    /// A text that was shortened.
    pub fn shortened(&self, vote: &str, place: Place, reason: &str) -> Result<(), Failure> {
        self.add(Kind::Shortened, vote, place, None, reason)
    }

    /// A vote that keeps another rule.
    pub fn other_rule(&self, vote: &str, place: Place, reason: &str) -> Result<(), Failure> {
        self.add(Kind::OtherRule, vote, place, None, reason)
    }

    /// A published outcome that is not the one declared.
    pub fn other_outcome(&self, vote: &str, place: Place, reason: &str) -> Result<(), Failure> {
        self.add(Kind::OtherOutcome, vote, place, None, reason)
    }

    /// A published total that is not the one on record.
    pub fn differs(
        &self,
        vote: &str,
        place: Place,
        field: &'static str,
        published: u64,
        recorded: u64,
    ) -> Result<(), Failure> {
        self.add(Kind::Difference, vote, place, Some((field, published, recorded)), "")
    }

    fn add(
        &self,
        kind: Kind,
        vote: &str,
        place: Place,
        difference: Option<(&'static str, u64, u64)>,
        reason: &str,
    ) -> Result<(), Failure> {
        let finding = Finding { kind, vote: vote.to_owned(), place, difference, reason: reason.to_owned() };
        let strict = self.strict && matches!(kind, Kind::BadRow | Kind::Refused);
        let said = strict.then(|| format!("{finding}; nothing beyond that was tried, as --strict has it"));
        self.found().take(finding)?;
        said.map_or(Ok(()), |said| Err(Failure::Failed(said)))
    }

    /// How many there are of a kind.
    pub fn count(&self, kind: Kind) -> u64 {
        self.found().counts[kind as usize]
    }

    /// The first of a kind.
    pub fn kept(&self, kind: Kind) -> Vec<Finding> {
        self.found().kept[kind as usize].clone()
    }

    /// Makes sure that the report is written.
    pub fn finish(&self) -> Result<(), Failure> {
        self.found().report.as_mut().map_or(Ok(()), csv::Writer::flush).map_err(unwritable)
    }
}

impl Found {
    fn take(&mut self, finding: Finding) -> Result<(), Failure> {
        let at = finding.kind as usize;
        self.counts[at] += 1;
        if let Some(report) = &mut self.report {
            let (field, published, recorded) = match finding.difference {
                Some((field, published, recorded)) => (field, published.to_string(), recorded.to_string()),
                None => ("", String::new(), String::new()),
            };
            let Place { file, line } = &finding.place;
            let (kind, line) = (finding.kind.name(), line.to_string());
            let row = [kind, &finding.vote, field, &published, &recorded, file, &line, &finding.reason];
            report.write_record(row).map_err(unwritable)?;
        }
        if self.kept[at].len() < MAX_KEPT {
            self.kept[at].push(finding);
        }
        Ok(())
    }
}

fn unwritable(error: impl fmt::Display) -> Failure {
    Failure::Failed(format!("the report cannot be written: {error}"))
}
