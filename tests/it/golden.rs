//! Stored entries of every released version still decode, and what is stored today is what the newest golden file holds.
//!
//! To add a file for a new version, run the test with ROLLCALL_BLESS=1: it writes a missing file, and never an existing one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};
use rollcall::clock::Timestamp;
use rollcall::domain::{
    BallotPolicy, Choice, Correction, Counts, Digest, Entry, Event, Member, Outcome, Question, Relation, RelationKind,
    RequestId, RequestKey, Statement, StatementKind, Tally,
};
use rollcall::presets::Presets;
use rollcall::proto;
use rollcall::seq::Seq;
use rollcall::wire::entry::{decode, encode};

mod digests;

use digests::digests;

/// The newest golden file. A change of the stored format makes a new one; the old ones stay and must decode.
const NEWEST: &str = "entries-2.txt";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::new(seconds, 123_456_789).unwrap()
}

fn member(id: &str, population: u64, groups: &[&str]) -> Arc<Member> {
    Arc::new(Member {
        id: id.parse().unwrap(),
        display_name: format!("Member {id} of the hall"),
        weights: BTreeMap::from([("population".into(), population), ("shares".into(), 7)]),
        groups: groups.iter().map(ToString::to_string).collect(),
    })
}

fn question(rule: &str) -> Arc<Question> {
    Arc::new(Question {
        title: "Territorial integrity".into(),
        symbol: "A/ES-11/L.5".into(),
        question: "Shall it be adopted?\nYes or no.".into(),
        rule: Presets::built_in().unwrap().get(rule).unwrap().clone(),
        rule_chosen_by: "The President of the Assembly".into(),
        rule_basis: "Ruled an important question;\nnot challenged.".into(),
        ballot_policy: BallotPolicy { final_on_cast: true, ..BallotPolicy::default() },
        relations: vec![Relation {
            kind: RelationKind::Follows,
            vote: "bodies/un-sc/votes/s-2022-720".parse().unwrap(),
        }],
        labels: BTreeMap::from([("agenda-item".into(), "5".into()), ("session".into(), "ES-11".into())]),
        held_time: Some(time(-700_000_000)),
    })
}

/// One entry of every kind that is written, with every field set.
#[expect(clippy::too_many_lines, reason = "one entry a kind, so that none is forgotten")]
fn entries() -> Vec<Entry> {
    let body = || "un-ga".parse().unwrap();
    let vote = || "bodies/un-ga/votes/es-11-4".parse().unwrap();
    let members = || vec![member("ALB", 2_800_000, &["permanent", "elected"]), member("a.b_c-9", u64::MAX, &[])];
    let opened = |lock_at_time| {
        let (vote, roll, members_present) = (vote(), members(), Some(150));
        Event::VoteOpened { vote, roll, seats: 193, members: 192, members_present, lock_at_time }
    };
    let seat = || "bodies/un-ga/members/ALB".parse().unwrap();
    let reason = || "Article 19 of the Charter: arrears.\nSo noted.".to_owned();
    let heads = Counts { yes: 143, no: 5, abstain: 35, present: 1, not_voting: 10 };
    let tally = || Tally { heads, weights: BTreeMap::from([("population".into(), heads)]) };
    let stated = |kind| {
        let statement = Statement { kind, member: "ALB".parse().unwrap(), text: "In our view\n..".into() };
        Event::StatementRecorded { vote: vote(), statement: Arc::new(statement) }
    };
    let events = vec![
        Event::BodyCreated {
            body: body(), display_name: "General Assembly — Assemblée générale".into(), seats: 193
        },
        Event::MembersAdmitted { body: body(), members: members() },
        Event::VoteCreated { vote: vote(), question: question("un.ga.simple") },
        opened(None),
        Event::BallotCast { vote: vote(), member: "ALB".parse().unwrap(), choice: Choice::Abstain },
        Event::VoteLocked { vote: vote(), tally: tally(), outcome: Outcome::RevoteDue },
        Event::ResultDeclared {
            vote: vote(),
            outcome: Outcome::Adopted,
            ruling: "The chair so rules.".into(),
            adopted_symbol: "A/RES/ES-11/4".into(),
        },
        Event::BodyRevised { body: body(), display_name: "The Assembly".into(), seats: 194 },
        Event::MemberRevised { body: body(), member: member("ALB", 2_900_000, &["elected"]) },
        Event::MemberWithdrawn { member: seat() },
        Event::VotingRightSuspended { member: seat(), reason: reason() },
        Event::VotingRightRestored { member: seat() },
        Event::VoteWithdrawn { vote: vote() },
        opened(Some(time(1_665_579_600))),
        Event::BallotWithdrawn { vote: vote(), member: "ALB".parse().unwrap() },
        Event::VoteSuspended { vote: vote(), reason: reason() },
        Event::VoteResumed { vote: vote() },
        Event::VoteAnnulled { vote: vote(), reason: reason() },
        Event::AdoptedWithoutVote { vote: vote(), adopted_symbol: "A/RES/76/300".into() },
        Event::CastingVoteGiven {
            vote: vote(),
            choice: Choice::No,
            given_by: "the Speaker".into(),
            reason: "No majority for the change.".into(),
        },
        stated(StatementKind::ExplanationBefore),
        stated(StatementKind::ExplanationAfter),
        stated(StatementKind::IntendedVote(Choice::Abstain)),
        Event::BallotCorrected {
            vote: vote(),
            correction: Arc::new(Correction {
                member: "ALB".parse().unwrap(),
                corrected: Choice::Yes,
                reason: reason(),
            }),
            before: tally(),
            after: tally(),
            outcome: Outcome::NotAdopted,
            declaration_lapsed: true,
        },
    ];
    let entry = |(at, event): (usize, Event)| {
        let number = u8::try_from(at + 1).unwrap();
        let request = RequestKey { id: RequestId([number; 16]), digest: Digest([0xF0 | number; 16]) };
        let about_vote = event.vote().is_some();
        Entry {
            seq: Seq::new(u64::from(number)),
            record_time: time(1_665_576_000 + i64::from(number)),
            // What the service does by itself has no request.
            request: (at != 5).then_some(request),
            revision: if about_vote { u64::from(number) - 2 } else { 0 },
            nonce: None,
            event,
        }
    };
    events.into_iter().enumerate().map(entry).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// What an entry may hold.
fn described() -> MessageDescriptor {
    let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).unwrap();
    pool.get_message_by_name(&proto::Entry::full_name()).unwrap()
}

/// A stored entry as a client reads it: protobuf's JSON.
fn json(stored: &[u8]) -> serde_json::Value {
    let entry = proto::Entry::decode(stored).unwrap();
    let dynamic = DynamicMessage::decode(described(), entry.encode_to_vec().as_slice()).unwrap();
    dynamic.serialize_with_options(serde_json::value::Serializer, &SerializeOptions::new()).unwrap()
}

/// The golden file as this version would write it: two lines for each entry, its bytes and what they say, then one for each
/// digest.
fn today() -> String {
    let mut text = String::new();
    for entry in entries() {
        let stored = encode(&entry);
        writeln!(text, "entry {}\nas {}", hex(&stored), json(&stored)).unwrap();
    }
    for (call, digest) in digests() {
        writeln!(text, "digest {call} {}", hex(&digest.0)).unwrap();
    }
    text
}

#[test]
fn what_is_stored_today_is_what_the_newest_golden_file_holds() {
    let path = folder().join(NEWEST);
    if !path.exists() && std::env::var_os("ROLLCALL_BLESS").is_some() {
        std::fs::write(&path, today()).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    for (golden, today) in golden.lines().zip(today().lines()) {
        assert_eq!(
            golden, today,
            "the stored format has changed: a new golden file is due, and the old one must decode"
        );
    }
    assert_eq!(golden.lines().count(), today().lines().count());
}

/// The entries of a golden file: the bytes, and what they said when they were written.
fn golden_entries(golden: &str) -> Vec<(Vec<u8>, serde_json::Value)> {
    let mut lines = golden.lines();
    let mut entries = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(stored) = line.strip_prefix("entry ") {
            let said = lines.next().and_then(|line| line.strip_prefix("as ")).expect("below each entry what it says");
            entries.push((unhex(stored), serde_json::from_str(said).unwrap()));
        }
    }
    entries
}

#[test]
fn entries_of_every_version_still_decode() {
    for file in std::fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        let entries = golden_entries(&std::fs::read_to_string(&path).unwrap());
        assert!(!entries.is_empty(), "{}", path.display());
        for (stored, said) in entries {
            assert_eq!(json(&stored), said, "{}", path.display());
            let entry = decode(&stored).unwrap_or_else(|error| panic!("{}: {error}: {said}", path.display()));
            assert_eq!(encode(&entry), stored, "{}: {said}", path.display());
        }
    }
}

#[test]
fn the_newest_golden_file_holds_an_event_of_every_kind() {
    let entries = golden_entries(&std::fs::read_to_string(folder().join(NEWEST)).unwrap());
    let described = described();
    let kinds = described.oneofs().flat_map(|oneof| oneof.fields().collect::<Vec<_>>());
    let missing = kinds.filter(|kind| entries.iter().all(|(_, said)| said.get(kind.json_name()).is_none()));
    let missing: Vec<_> = missing.map(|kind| kind.name().to_owned()).collect();
    assert_eq!(missing, [] as [&str; 0]);
}

#[test]
fn bytes_that_are_no_entry_are_refused() {
    let sound = encode(&entries()[4]);
    assert!(decode(&sound).is_ok());
    let cut = decode(&sound[..sound.len() - 3]).unwrap_err();
    assert!(!cut.to_string().is_empty());
    for bytes in [&b""[..], b"\xff\xff\xff", b"\x08\x01"] {
        assert!(decode(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn a_member_of_another_body_stands_in_no_entry() {
    let entries = entries();
    let with_member =
        |entry: &&Entry| matches!(entry.event, Event::StatementRecorded { .. } | Event::BallotCorrected { .. });
    for entry in entries.iter().filter(with_member) {
        let mut stored = proto::Entry::decode(encode(entry)).unwrap();
        let member = match stored.event.as_mut().unwrap() {
            proto::entry::Event::StatementRecorded(event) => &mut event.statement.as_mut().unwrap().member,
            proto::entry::Event::BallotCorrected(event) => &mut event.correction.as_mut().unwrap().member,
            other => panic!("another event: {other:?}"),
        };
        *member = "bodies/elsewhere/members/A".into();
        let refused = decode(&stored.encode_to_vec()).unwrap_err().to_string();
        assert_eq!(refused, "its member bodies/elsewhere/members/A is of another body");
    }
    assert!(entries.iter().filter(with_member).count() > 1);
}
