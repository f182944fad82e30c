//! A file of rules as it is written, in TOML: read whole, with the line of everything that is wrong in it.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Fault, Place};
use crate::domain::limits::MAX_KEY;
use crate::domain::{
    Bar, Base, Choice, Comparison, Quorum, QuorumBasis, Requirement, Rule, Share, Threshold, TieBreak, Veto,
};

type Value<'i> = Spanned<DeValue<'i>>;

const CHOICES: [(&str, Choice); 5] = [
    ("yes", Choice::Yes),
    ("no", Choice::No),
    ("abstain", Choice::Abstain),
    ("present", Choice::Present),
    ("not-voting", Choice::NotVoting),
];
const BASES: [(&str, Base); 6] = [
    ("seats", Base::Seats),
    ("members", Base::Members),
    ("roll", Base::Roll),
    ("participating", Base::Participating),
    ("present-and-voting", Base::PresentAndVoting),
    ("cast", Base::Cast),
];
const COMPARISONS: [(&str, Comparison); 4] = [
    ("at-least", Comparison::AtLeast),
    ("more-than", Comparison::MoreThan),
    ("at-most", Comparison::AtMost),
    ("less-than", Comparison::LessThan),
];
const QUORUM_BASES: [(&str, QuorumBasis); 3] = [
    ("participating", QuorumBasis::Participating),
    ("stated-else-participating", QuorumBasis::StatedElseParticipating),
    ("stated-else-presumed", QuorumBasis::StatedElsePresumed),
];
const TIE_BREAKS: [(&str, TieBreak); 2] = [("casting-vote", TieBreak::CastingVote), ("revote", TieBreak::Revote)];

/// The rules of a file, each with its line; notes what is wrong with any.
pub(super) fn rules(file: &str, text: &str, faults: &mut Vec<Fault>) -> Vec<(usize, Rule)> {
    let noted = faults.len();
    let rules = read(file, text, faults);
    faults[noted..].sort_by_key(|fault| fault.place.line);
    rules
}

fn read(file: &str, text: &str, faults: &mut Vec<Fault>) -> Vec<(usize, Rule)> {
    let mut reader = Reader { file, text, faults };
    let (document, broken) = DeTable::parse_recoverable(text);
    for error in &broken {
        reader.note(error.span().map_or(0, |span| span.start), error.message());
    }
    if !broken.is_empty() {
        return Vec::new();
    }
    let table = document.get_ref();
    reader.known(table, "a file of rules", &["rule"]);
    let Some(list) = table.get("rule") else {
        reader.note(0, "holds no [[rule]]");
        return Vec::new();
    };
    let written = reader.list(list, "rule");
    written.into_iter().filter_map(|one| Some((reader.line(one.span().start), reader.rule(one)?))).collect()
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    faults: &'a mut Vec<Fault>,
}

impl Reader<'_> {
    fn line(&self, at: usize) -> usize {
        1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count()
    }

    fn note(&mut self, at: usize, problem: impl Into<String>) {
        let place = Place { file: self.file.to_owned(), line: self.line(at) };
        self.faults.push(Fault { place, problem: problem.into() });
    }

    fn rule(&mut self, written: &Value) -> Option<Rule> {
        let noted = self.faults.len();
        let keys = ["name", "basis", "quorum", "requirements", "veto", "tie_break"];
        let table = self.table(written, "a rule", &keys);
        let quorum = table.and_then(|table| table.get("quorum")).map(|quorum| self.quorum(quorum));
        let veto = table.and_then(|table| table.get("veto")).map(|veto| self.veto(veto));
        let tie_break = table.and_then(|table| table.get("tie_break"));
        let tie_break = tie_break.map_or(Some(TieBreak::None), |one| self.word(one, "tie_break", &TIE_BREAKS));
        let name = self.must(table, written, "name").and_then(|name| self.name(name));
        let basis = self.must(table, written, "basis").and_then(|basis| self.string(basis, "basis"));
        let requirements = self.must(table, written, "requirements").and_then(|all| {
            let all = self.list(all, "requirements");
            let read: Vec<_> = all.into_iter().map(|one| self.requirement(one)).collect();
            read.into_iter().collect::<Option<Vec<_>>>()
        });
        let rule = Rule {
            preset: name?,
            basis: basis?,
            quorum: flat(quorum)?,
            requirements: requirements?,
            veto: flat(veto)?,
            tie_break: tie_break?,
        };
        for fault in rule.faults() {
            self.note(place_of(written, &fault.field), format!("{}: {} {}", rule.preset, fault.field, fault.problem));
        }
        (self.faults.len() == noted).then_some(rule)
    }

    fn name(&mut self, written: &Value) -> Option<String> {
        let name = self.string(written, "name")?;
        let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let sound = name.len() <= MAX_KEY
            && name.starts_with(letter)
            && name.chars().all(|c| letter(c) || c == '.' || c == '-');
        if !sound {
            self.note(
                written.span().start,
                "name must be 1 to 63 lower-case letters, digits, dots and hyphens, and begin with a letter or digit",
            );
        }
        sound.then_some(name)
    }

    fn quorum(&mut self, written: &Value) -> Option<Quorum> {
        let table = self.table(written, "a quorum", &["basis", "thresholds"]);
        let basis = self.must(table, written, "basis").and_then(|one| self.word(one, "basis", &QUORUM_BASES));
        let thresholds = self.must(table, written, "thresholds").and_then(|all| self.thresholds(all, "thresholds"));
        Some(Quorum { basis: basis?, thresholds: thresholds? })
    }

    fn veto(&mut self, written: &Value) -> Option<Veto> {
        let table = self.table(written, "a veto", &["group", "choice"]);
        let group = self.must(table, written, "group").and_then(|group| self.string(group, "group"));
        let choice = self.must(table, written, "choice").and_then(|one| self.word(one, "choice", &CHOICES));
        Some(Veto { group: group?, choice: choice? })
    }

    fn requirement(&mut self, written: &Value) -> Option<Requirement> {
        match written.get_ref().as_table().and_then(|table| table.get("any_of")) {
            None => self.threshold(written).map(Requirement::Threshold),
            Some(any_of) => {
                self.table(written, "a requirement with any_of", &["any_of"]);
                self.thresholds(any_of, "any_of").map(Requirement::AnyOf)
            }
        }
    }

    fn thresholds(&mut self, written: &Value, what: &str) -> Option<Vec<Threshold>> {
        let all = self.list(written, what);
        let read: Vec<_> = all.into_iter().map(|one| self.threshold(one)).collect();
        read.into_iter().collect()
    }

    fn threshold(&mut self, written: &Value) -> Option<Threshold> {
        let keys = ["choices", "weight", "comparison", "count", "share", "of"];
        let table = self.table(written, "a threshold", &keys);
        let choices = self.must(table, written, "choices").and_then(|all| {
            let all = self.list(all, "choices");
            let read: Vec<_> = all.into_iter().map(|one| self.word(one, "choices", &CHOICES)).collect();
            read.into_iter().collect::<Option<Vec<_>>>()
        });
        let weight = table.and_then(|table| table.get("weight"));
        let weight = weight.map_or_else(|| Some(String::new()), |weight| self.string(weight, "weight"));
        let comparison =
            self.must(table, written, "comparison").and_then(|one| self.word(one, "comparison", &COMPARISONS));
        let bar = table.and_then(|table| self.bar(table, written));
        Some(Threshold { choices: choices?, weight: weight?, comparison: comparison?, bar: bar? })
    }

    fn bar(&mut self, table: &DeTable, written: &Value) -> Option<Bar> {
        match (table.get("count"), table.get("share"), table.get("of")) {
            (Some(count), None, None) => self.number(count, "count").map(Bar::Count),
            (None, Some(share), Some(of)) => {
                let base = self.word(of, "of", &BASES);
                let parts = self.list(share, "share");
                let [numerator, denominator] = parts[..] else {
                    self.note(share.span().start, "share must be two numbers, e.g. [2, 3]");
                    return None;
                };
                let numerator = self.number(numerator, "share");
                let denominator = self.number(denominator, "share");
                Some(Bar::Share(Share { numerator: numerator?, denominator: denominator?, base: base? }))
            }
            _ => {
                self.note(written.span().start, "a threshold needs either count, or share and of");
                None
            }
        }
    }

    /// A table; notes the keys that no one knows.
    fn table<'v, 'i>(&mut self, written: &'v Value<'i>, what: &str, keys: &[&str]) -> Option<&'v DeTable<'i>> {
        match written.get_ref().as_table() {
            Some(table) => self.known(table, what, keys),
            None => self.note(written.span().start, format!("{what} must be a table")),
        }
        written.get_ref().as_table()
    }

    fn known(&mut self, table: &DeTable, what: &str, keys: &[&str]) {
        for (key, _) in table.iter().filter(|(key, _)| !keys.contains(&key.get_ref().as_ref())) {
            let problem = format!("{what} has no {}; it may have {}", key.get_ref(), keys.join(", "));
            self.note(key.span().start, problem);
        }
    }

    /// What stands under a key that must be there.
    fn must<'v, 'i>(&mut self, table: Option<&'v DeTable<'i>>, of: &Value, key: &str) -> Option<&'v Value<'i>> {
        let found = table?.get(key);
        if found.is_none() {
            self.note(of.span().start, format!("{key} is missing"));
        }
        found
    }

    fn list<'v, 'i>(&mut self, written: &'v Value<'i>, what: &str) -> Vec<&'v Value<'i>> {
        match written.get_ref().as_array() {
            Some(list) => list.iter().collect(),
            None => {
                self.note(written.span().start, format!("{what} must be a list"));
                Vec::new()
            }
        }
    }

    fn string(&mut self, written: &Value, what: &str) -> Option<String> {
        let text = written.get_ref().as_str();
        if text.is_none() {
            self.note(written.span().start, format!("{what} must be a text in quotes"));
        }
        text.map(ToOwned::to_owned)
    }

    fn number<T: TryFrom<u64>>(&mut self, written: &Value, what: &str) -> Option<T> {
        let integer = written.get_ref().as_integer();
        let number = integer.and_then(|integer| u64::from_str_radix(integer.as_str(), integer.radix()).ok());
        let number = number.and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            self.note(written.span().start, format!("{what} must be a whole number, not below zero and not too large"));
        }
        number
    }

    fn word<T: Copy>(&mut self, written: &Value, what: &str, words: &[(&str, T)]) -> Option<T> {
        let text = written.get_ref().as_str();
        let found = words.iter().find(|(word, _)| text == Some(word)).map(|(_, value)| *value);
        if found.is_none() {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.note(written.span().start, format!("{what} must be one of {}", words.join(", ")));
        }
        found
    }
}

/// None where what is there could not be read.
fn flat<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        Some(None) => None,
        Some(read) => Some(read),
        None => Some(None),
    }
}

/// Where a field stands, as near as the file has it: its names for parts are not all those of the contract.
fn place_of(rule: &Value, field: &str) -> usize {
    let mut at = rule;
    for part in field.split(['.', '[', ']']) {
        let within = match at.get_ref() {
            DeValue::Table(table) => table.get(part),
            DeValue::Array(list) => part.parse().ok().and_then(|index: usize| list.get(index)),
            _ => None,
        };
        at = within.unwrap_or(at);
    }
    at.span().start
}
