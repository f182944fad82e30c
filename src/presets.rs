//! The named rules: those of real bodies that come with the service, and a user's own. Knows nothing of how they are asked
//! for.

mod written;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::path::Path;

use crate::domain::Rule;

/// The files that come with the service.
const FILES: [(&str, &str); 11] = [
    ("rules/ca.toml", include_str!("../rules/ca.toml")),
    ("rules/company.toml", include_str!("../rules/company.toml")),
    ("rules/de.toml", include_str!("../rules/de.toml")),
    ("rules/eu.toml", include_str!("../rules/eu.toml")),
    ("rules/hu.toml", include_str!("../rules/hu.toml")),
    ("rules/imf.toml", include_str!("../rules/imf.toml")),
    ("rules/ronr.toml", include_str!("../rules/ronr.toml")),
    ("rules/se.toml", include_str!("../rules/se.toml")),
    ("rules/uk.toml", include_str!("../rules/uk.toml")),
    ("rules/un.toml", include_str!("../rules/un.toml")),
    ("rules/us.toml", include_str!("../rules/us.toml")),
];

/// The files of a user's own in bytes, together: all rules are listed in one answer, which takes less than they do.
const MAX_RULES_BYTES: u64 = 1 << 20;

/// The named rules.
#[derive(Debug, Default)]
pub struct Presets(BTreeMap<String, Named>);

#[derive(Debug)]
struct Named {
    rule: Rule,
    place: Place,
    built_in: bool,
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    file: String,
    /// From 1; 0 for the file as a whole.
    line: usize,
}

/// What is wrong with a file of rules, and where.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    place: Place,
    problem: String,
}

/// Files of rules that do not hold: all that is wrong with them, a line each.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct PresetError(Vec<Fault>);

impl Presets {
    /// The rules that come with the service.
    ///
    /// # Errors
    /// Where a file does not hold, with the file, the line and the reason.
    pub fn built_in() -> Result<Self, PresetError> {
        let mut presets = Self::default();
        let mut faults = Vec::new();
        for (file, text) in FILES {
            presets.add(file, text, true, &mut faults);
        }
        if faults.is_empty() { Ok(presets) } else { Err(PresetError(faults)) }
    }

    /// The same, and those of each `*.toml` in a folder.
    ///
    /// # Errors
    /// Everything that is wrong with these files: a rule with the name of another among them.
    pub fn with_folder(folder: &Path) -> Result<Self, PresetError> {
        let mut presets = Self::built_in()?;
        let mut faults = Vec::new();
        for (file, text) in read(folder, &mut faults) {
            presets.add(&file, &text, false, &mut faults);
        }
        if faults.is_empty() { Ok(presets) } else { Err(PresetError(faults)) }
    }

    /// A named rule, filled in.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Rule> {
        self.0.get(name).map(|named| &named.rule)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.values().map(|named| &named.rule)
    }

    fn add(&mut self, file: &str, text: &str, built_in: bool, faults: &mut Vec<Fault>) {
        for (line, rule) in written::rules(file, text, faults) {
            let place = Place { file: file.to_owned(), line };
            match self.0.entry(rule.preset.clone()) {
                Entry::Vacant(free) => drop(free.insert(Named { rule, place, built_in })),
                Entry::Occupied(taken) => {
                    let of = if taken.get().built_in { "comes with Rollcall" } else { "stands" };
                    let problem =
                        format!("the name {} is taken by the rule that {of} in {}", taken.key(), taken.get().place);
                    faults.push(Fault { place, problem });
                }
            }
        }
    }
}

/// The text of each `*.toml` in a folder, by name.
fn read(folder: &Path, faults: &mut Vec<Fault>) -> Vec<(String, String)> {
    let mut cannot = |path: &Path, problem: String| {
        faults.push(Fault { place: Place { file: path.display().to_string(), line: 0 }, problem });
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            cannot(folder, format!("no folder of rules that can be read: {error}"));
            return Vec::new();
        }
    };
    let mut paths: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let size = |path: &std::path::PathBuf| std::fs::metadata(path).map_or(0, |file| file.len());
    if paths.iter().map(size).sum::<u64>() > MAX_RULES_BYTES {
        cannot(folder, "its rules must take at most 1 MiB".to_owned());
        return Vec::new();
    }
    let mut texts = Vec::new();
    for path in paths {
        match std::fs::read_to_string(&path) {
            Ok(text) => texts.push((path.display().to_string(), text)),
            Err(error) => cannot(&path, format!("cannot be read: {error}")),
        }
    }
    texts
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line == 0 { Ok(()) } else { write!(f, ":{}", self.line) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

#[cfg(test)]
mod tests;
