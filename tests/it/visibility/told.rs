//! What an answer tells of a vote: every choice, count, verdict and ballot in it, wherever it stands. A rule names choices and
//! tells none.

use std::collections::BTreeSet;

use prost_reflect::{
    DescriptorPool, DynamicMessage, Kind as Field, MessageDescriptor, MethodDescriptor, ReflectMessage, Value,
};
use rollcall::proto;

use super::paths::Kind;

pub fn pool() -> DescriptorPool {
    DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).unwrap()
}

/// What an answer tells of a vote, in order. A withheld entry counts where it stands at one of these places.
pub fn lines(answer: &DynamicMessage, vote: &str, places: &BTreeSet<u64>) -> Vec<String> {
    let mut scan = Scan { vote, places, lines: Vec::new() };
    scan.message(answer);
    scan.lines.sort();
    scan.lines
}

struct Scan<'a> {
    vote: &'a str,
    places: &'a BTreeSet<u64>,
    lines: Vec<String>,
}

fn text(message: &DynamicMessage, field: &str) -> String {
    message.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn number(message: &DynamicMessage, field: &str) -> u64 {
    message.get_field_by_name(field).and_then(|value| value.as_u64()).unwrap_or_default()
}

impl Scan<'_> {
    fn is_of_another_vote(&self, message: &DynamicMessage) -> bool {
        ["vote", "name"].iter().any(|field| {
            let name = text(message, field);
            name.contains("/votes/") && name != self.vote && !name.starts_with(&format!("{}/", self.vote))
        })
    }

    fn message(&mut self, message: &DynamicMessage) {
        let descriptor = message.descriptor();
        let kind = descriptor.name();
        match kind {
            _ if self.is_of_another_vote(message) => return,
            "Rule" => return,
            "Counts" => {
                let count = |field: &str| number(message, field).to_string();
                let counts = ["yes", "no", "abstain", "present", "not_voting", "undisclosed"].map(count);
                return self.lines.push(format!("Counts {}", counts.join("-")));
            }
            "Verdict" => return self.lines.push("Verdict".to_owned()),
            "StoredEntry" => return self.entry(message),
            "BallotWithdrawn" => self.lines.push(format!("BallotWithdrawn {}", text(message, "member"))),
            _ => {}
        }
        let member = [text(message, "member"), text(message, "name")].concat();
        let who = member.rsplit('/').next().unwrap().to_owned();
        if kind == "Ballot" {
            let seq = if number(message, "seq") > 0 { "at its place" } else { "without a place" };
            let time = if message.has_field_by_name("record_time") { "and time" } else { "and a time" };
            self.lines.push(format!("Ballot {who} {seq} {time}"));
        }
        for field in descriptor.fields() {
            let value = message.get_field(&field);
            match field.kind() {
                Field::Enum(of) if of.name() == "Choice" => {
                    let choice = |number: i32| of.get_value(number).unwrap().name()["CHOICE_".len()..].to_owned();
                    let told = value.as_enum_number().map_or_else(String::new, choice);
                    // What is left unset elsewhere is not hidden.
                    let can_be_hidden = kind == "SeatChoice" || kind == "Ballot" && field.name() == "choice";
                    if can_be_hidden || told != "UNSPECIFIED" {
                        self.lines.push(format!("{kind} {who} {told}").trim_end().to_owned());
                    }
                }
                Field::Enum(of) if of.name() == "Outcome" && value.as_enum_number() != Some(0) => {
                    self.lines.push(format!("{kind} outcome"));
                }
                Field::Message(_) if !message.has_field(&field) => {}
                _ if field.name() == "next_page_token" && message.has_field(&field) => {
                    self.lines.push("more".to_owned());
                }
                _ => self.value(&value),
            }
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Message(message) => self.message(message),
            Value::List(values) => values.iter().for_each(|value| self.value(value)),
            Value::Map(values) => values.values().for_each(|value| self.value(value)),
            _ => {}
        }
    }

    fn entry(&mut self, stored: &DynamicMessage) {
        let content = stored.get_field_by_name("bytes").filter(|_| stored.has_field_by_name("bytes"));
        if let Some(bytes) = content {
            let described = stored.descriptor().parent_pool().get_message_by_name("rollcall.v1.Entry").unwrap();
            let entry = DynamicMessage::decode(described, bytes.as_bytes().unwrap().clone()).unwrap();
            return self.message(&entry);
        }
        if stored.has_field_by_name("entry") {
            return self.value(&stored.get_field_by_name("entry").unwrap());
        }
        if self.places.contains(&number(stored, "seq")) {
            let hash = stored.get_field_by_name("withheld_leaf_hash").unwrap();
            self.lines.push(format!("withheld, {} bytes", hash.as_bytes().unwrap().len()));
        }
    }
}

/// What a path may tell of a vote that was opened and not locked. A voted yes, B no after yes, C abstains, D voted yes and took
/// it back, E did not vote; A and B are of one group, C of another.
pub fn expected(kinds: &[Kind], visibility: &str, state: &str) -> Vec<String> {
    let ballot = |who: &str, live: &str| {
        let (known, choice) = match (visibility, live) {
            ("tally-only", _) => (false, "UNSPECIFIED"),
            (_, "NOT_VOTING") => (false, "NOT_VOTING"),
            ("after-lock", _) => (true, "UNSPECIFIED"),
            _ => (true, live),
        };
        let place = if known { "at its place and time" } else { "without a place and a time" };
        (format!("Ballot {who} {place}"), choice.to_owned())
    };
    let roll = [("A", "YES"), ("B", "NO"), ("C", "ABSTAIN"), ("D", "NOT_VOTING"), ("E", "NOT_VOTING")];
    let whole = |who: &str, live: &str| {
        let (place, choice) = ballot(who, live);
        vec![place, format!("Ballot {who} {choice}")]
    };
    let refused = vec!["FailedPrecondition WRONG_STATE".to_owned()];
    if kinds.contains(&Kind::Moves) && visibility != "live" {
        return refused;
    }
    let of_kind = |kind: &Kind| -> Vec<String> {
        match (kind, visibility) {
            (Kind::Counts, "after-lock") => vec!["Counts 0-0-0-0-2-3".to_owned()],
            (Kind::Counts, _) => vec!["Counts 1-1-1-0-2-0".to_owned()],
            (Kind::Verdict, "after-lock") => vec![],
            // What is set aside has no verdict.
            (Kind::Verdict, _) if state == "annulled" => vec![],
            (Kind::Verdict, _) => vec!["Verdict".to_owned()],
            (Kind::Groups, "tally-only") => vec![],
            (Kind::Groups, "after-lock") => vec!["Counts 0-0-0-0-0-2".to_owned(), "Counts 0-0-0-0-0-1".to_owned()],
            (Kind::Groups, _) => vec!["Counts 1-1-0-0-0-0".to_owned(), "Counts 0-0-1-0-0-0".to_owned()],
            (Kind::Seats, _) => roll.map(|(who, live)| format!("SeatChoice {who} {}", ballot(who, live).1)).to_vec(),
            (Kind::Ballots, _) => roll.iter().flat_map(|(who, live)| whole(who, live)).collect(),
            (Kind::OfAnyChoice, _) => {
                let told = roll.iter().filter(|(who, live)| ballot(who, live).1 != "UNSPECIFIED");
                told.flat_map(|(who, live)| whole(who, live)).collect()
            }
            (Kind::BallotOf(who), _) => {
                roll.iter().filter(|(id, _)| id == who).flat_map(|(who, live)| whole(who, live)).collect()
            }
            (Kind::InFavour, "live") => whole("A", "YES"),
            (Kind::InFavour, _) => vec![],
            (Kind::Moves, _) => ["B", "C", "D", "E"].map(|who| format!("MemberChoices {who}")).to_vec(),
            (Kind::Entries, "live") => {
                let cast = ["A YES", "B YES", "B NO", "C ABSTAIN", "D YES"].map(|cast| format!("BallotCast {cast}"));
                cast.into_iter().chain(["BallotWithdrawn D".to_owned()]).collect()
            }
            (Kind::Entries, _) => vec!["withheld, 32 bytes".to_owned(); 6],
            (Kind::More, _) => vec!["more".to_owned()],
        }
    };
    let mut lines: Vec<String> = kinds.iter().flat_map(of_kind).collect();
    lines.sort();
    lines
}

/// Whether a change is answered with the vote as it now stands.
pub fn tells_vote(method: &MethodDescriptor) -> bool {
    method.output().get_field_by_name("vote").is_some_and(|field| field.kind().as_message().is_some())
}

/// The methods whose answers can hold a choice, a count or an entry.
pub fn telling() -> Vec<String> {
    let pool = pool();
    let methods = pool.services().filter(|service| service.full_name().starts_with("rollcall."));
    let methods = methods.flat_map(|service| service.methods().collect::<Vec<_>>());
    let telling = methods.filter(|method| tells(&method.output(), &mut BTreeSet::new()));
    // It judges figures that the caller gives, and the named rules are of no vote.
    let telling = telling.map(|method| method.name().to_owned());
    telling.filter(|name| !matches!(&**name, "EvaluateRule" | "ListRules" | "GetRule")).collect()
}

fn tells(message: &MessageDescriptor, seen: &mut BTreeSet<String>) -> bool {
    seen.insert(message.full_name().to_owned())
        && message.fields().any(|field| match field.kind() {
            Field::Enum(of) => matches!(of.name(), "Choice" | "Outcome"),
            Field::Message(of) if of.name() != "Rule" => of.name() == "Counts" || tells(&of, seen),
            _ => false,
        })
}
