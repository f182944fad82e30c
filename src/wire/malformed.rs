//! What is wrong with a request, every field of it at once.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use crate::domain::limits::{MAX_DISPLAY, MAX_TEXT};

/// A request that cannot be understood. Nothing was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Each field that is wrong.
    pub violations: Vec<Violation>,
}

/// A field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its path in the request, e.g. `vote.rule.requirements[0].threshold`.
    pub field: String,
    /// What it must be.
    pub problem: String,
    /// Whether it keeps a rule from being judged, rather than a request from being read.
    pub of_rule: bool,
}

impl Malformed {
    /// A single field that is wrong.
    #[must_use]
    pub fn field(field: &str, problem: impl Into<String>) -> Self {
        Self { violations: vec![Violation { field: field.to_owned(), problem: problem.into(), of_rule: false }] }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let violations: Vec<_> = self.violations.iter().map(|v| format!("{} {}", v.field, v.problem)).collect();
        f.write_str(&violations.join("; "))
    }
}

/// Violations that are noted of one request: no answer has room for more.
const MAX_VIOLATIONS: usize = 100;

/// Collects what is wrong while a request is read.
#[derive(Default)]
pub struct Fields(Vec<Violation>);

impl Fields {
    /// The value of a field, or a note of why there is none.
    pub fn read<T, E: Display>(&mut self, field: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|problem| self.note(field, problem.to_string())).ok()
    }

    /// The value of a part, or a note of all that is wrong with it.
    pub fn take<T>(&mut self, part: Result<T, Malformed>) -> Option<T> {
        part.map_err(|malformed| malformed.violations.into_iter().for_each(|violation| self.push(violation))).ok()
    }

    /// Notes each value of a list that means nothing: a list of them would else be understood as a wish for none.
    pub fn known<E: TryFrom<i32>>(&mut self, field: &str, values: &[i32]) {
        for (at, value) in values.iter().enumerate() {
            let known = *value != 0 && E::try_from(*value).is_ok();
            self.unless(
                known,
                &format!("{field}[{at}]"),
                "must be a value that this version knows, and not UNSPECIFIED",
            );
        }
    }

    /// Notes `problem` unless the field is sound.
    pub fn unless(&mut self, sound: bool, field: &str, problem: &str) {
        if !sound {
            self.note(field, problem.to_owned());
        }
    }

    /// Whether nothing is wrong so far.
    #[must_use]
    pub fn are_sound(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes what is wrong with a field.
    pub fn note(&mut self, field: &str, problem: String) {
        self.push(Violation { field: field.to_owned(), problem, of_rule: false });
    }

    /// Notes what keeps a rule from being judged.
    pub fn note_rule(&mut self, field: &str, problem: &str) {
        self.push(Violation { field: field.to_owned(), problem: problem.to_owned(), of_rule: true });
    }

    fn push(&mut self, violation: Violation) {
        if self.0.len() < MAX_VIOLATIONS {
            self.0.push(violation);
        }
    }

    /// A name that people call a thing by: one short line.
    pub fn line(&mut self, field: &str, text: &str) {
        self.unless(text.len() <= MAX_DISPLAY, field, "must be at most 500 bytes");
        self.unless(!text.chars().any(char::is_control), field, "must not contain control characters");
    }

    /// A longer text, of several lines if need be.
    pub fn text(&mut self, field: &str, text: &str) {
        self.unless(text.len() <= MAX_TEXT, field, "must be at most 2000 bytes");
        let odd = |c: char| c.is_control() && c != '\n' && c != '\t';
        self.unless(!text.chars().any(odd), field, "must not contain control characters but newline and tab");
    }

    /// What was read, where nothing is wrong.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Malformed> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(Malformed { violations: self.0 }),
        }
    }
}

/// Figures that go with an error, by name.
pub type Metadata = BTreeMap<String, String>;
