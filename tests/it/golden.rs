//! Stored entries of every released version still decode, and what is stored today is what the newest golden file holds.
//!
//! To add a file for a new version, run the test with ROLLCALL_BLESS=1: it writes a missing file, and never an existing one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use rollcall::clock::Timestamp;
use rollcall::domain::{
    BallotPolicy, Choice, Command, Counts, Digest, Entry, Event, Member, Outcome, Question, Relation, RelationKind,
    RequestId, RequestKey, Tally,
};
use rollcall::presets::Presets;
use rollcall::proto;
use rollcall::seq::Seq;
use rollcall::wire::entry::{decode, encode};
use rollcall::wire::vote::Draft;

/// The newest golden file. A change of the stored format makes a new one; the old ones stay and must decode.
const NEWEST: &str = "entries-1.txt";

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
    let events = vec![
        Event::BodyCreated {
            body: body(), display_name: "General Assembly — Assemblée générale".into(), seats: 193
        },
        Event::MembersAdmitted { body: body(), members: members() },
        Event::VoteCreated { vote: vote(), question: question("un.ga.simple") },
        opened(None),
        Event::BallotCast { vote: vote(), member: "ALB".parse().unwrap(), choice: Choice::Abstain },
        Event::VoteLocked {
            vote: vote(),
            tally: Tally { heads, weights: BTreeMap::from([("population".into(), heads)]) },
            outcome: Outcome::RevoteDue,
        },
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
            event,
        }
    };
    events.into_iter().enumerate().map(entry).collect()
}

/// The digests with which retries are compared: they are stored, so the canonical form is a promise too.
fn digests() -> Vec<(&'static str, Digest)> {
    let request_id = "0188b2a0-0000-4000-8000-000000000001".to_owned();
    let name = "bodies/un-ga/votes/es-11-4".to_owned();
    let weights = BTreeMap::from([("b".to_owned(), 2), ("a".to_owned(), 1)]);
    let member = proto::Member { name: "bodies/un-ga/members/ALB".into(), weights, ..Default::default() };
    let body = proto::Body { display_name: "Hall".into(), seats: 3, ..Default::default() };
    let rule = Some(proto::Rule { preset: "un.ga.simple".into(), ..Default::default() });
    let vote = proto::Vote { title: "Title".into(), rule, ..Default::default() };
    let create_body =
        proto::CreateBodyRequest { body_id: "hall".into(), body: Some(body), request_id: request_id.clone() };
    let admit = proto::AdmitMembersRequest {
        parent: "bodies/un-ga".into(),
        members: vec![member],
        request_id: request_id.clone(),
    };
    let create_vote = proto::CreateVoteRequest {
        parent: "bodies/un-ga".into(),
        vote_id: "es-11-4".into(),
        vote: Some(vote),
        request_id: request_id.clone(),
    };
    let open = proto::OpenVoteRequest {
        name: name.clone(),
        members_present: 9,
        request_id: request_id.clone(),
        lock_after: None,
    };
    let cast = proto::CastBallotRequest {
        vote: name.clone(),
        member: "ALB".into(),
        choice: proto::Choice::Yes.into(),
        request_id: request_id.clone(),
    };
    let lock = proto::LockVoteRequest { name: name.clone(), request_id: request_id.clone() };
    let declare = proto::DeclareResultRequest {
        name: name.clone(),
        outcome: proto::Outcome::Adopted.into(),
        ruling: "so ruled".into(),
        adopted_symbol: "A/RES/1".into(),
        request_id: request_id.clone(),
    };
    let presets = Presets::built_in().unwrap();
    let commands: Vec<(&str, Command)> = vec![
        ("CreateBody", create_body.try_into().unwrap()),
        ("AdmitMembers", admit.try_into().unwrap()),
        ("CreateVote", Draft::from(create_vote).command(|name| presets.get(name).cloned()).unwrap()),
        ("OpenVote", open.try_into().unwrap()),
        ("CastBallot", cast.try_into().unwrap()),
        ("LockVote", lock.try_into().unwrap()),
        ("DeclareResult", declare.try_into().unwrap()),
    ];
    let commands = commands.into_iter().chain(later_commands(&name, &request_id));
    commands.into_iter().map(|(call, command)| (call, command.request.digest)).collect()
}

/// The requests that came to the contract's service after those of a plain vote.
fn later_commands(vote: &str, request_id: &str) -> Vec<(&'static str, Command)> {
    let (id, name) = (|| request_id.to_owned(), || vote.to_owned());
    let (seat, reason) = (|| "bodies/un-ga/members/ALB".to_owned(), || "in words".to_owned());
    let body =
        Some(proto::Body { name: "bodies/un-ga".into(), display_name: "Hall".into(), seats: 3, ..Default::default() });
    let weights = BTreeMap::from([("b".to_owned(), 2), ("a".to_owned(), 1)]);
    let member = Some(proto::Member { name: seat(), weights, ..Default::default() });
    let lock_after = Some(prost_types::Duration { seconds: 3_600, nanos: 5 });
    let timed = proto::OpenVoteRequest { name: name(), members_present: 9, request_id: id(), lock_after };
    let suspend_right = proto::SuspendVotingRightRequest { name: seat(), reason: reason(), request_id: id() };
    let withdraw_ballot = proto::WithdrawBallotRequest { name: format!("{vote}/ballots/ALB"), request_id: id() };
    let suspend = proto::SuspendVoteRequest { name: name(), reason: reason(), request_id: id() };
    let annul = proto::AnnulVoteRequest { name: name(), reason: reason(), request_id: id() };
    vec![
        ("ReviseBody", proto::ReviseBodyRequest { body, request_id: id() }.try_into().unwrap()),
        ("ReviseMember", proto::ReviseMemberRequest { member, request_id: id() }.try_into().unwrap()),
        ("WithdrawMember", proto::WithdrawMemberRequest { name: seat(), request_id: id() }.try_into().unwrap()),
        ("SuspendVotingRight", suspend_right.try_into().unwrap()),
        ("RestoreVotingRight", proto::RestoreVotingRightRequest { name: seat(), request_id: id() }.try_into().unwrap()),
        ("WithdrawVote", proto::WithdrawVoteRequest { name: name(), request_id: id() }.try_into().unwrap()),
        ("OpenVote,timed", timed.try_into().unwrap()),
        ("WithdrawBallot", withdraw_ballot.try_into().unwrap()),
        ("SuspendVote", suspend.try_into().unwrap()),
        ("ResumeVote", proto::ResumeVoteRequest { name: name(), request_id: id() }.try_into().unwrap()),
        ("AnnulVote", annul.try_into().unwrap()),
    ]
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

/// A stored entry as a client reads it: protobuf's JSON.
fn json(stored: &[u8]) -> serde_json::Value {
    let entry = proto::Entry::decode(stored).unwrap();
    let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).unwrap();
    let described = pool.get_message_by_name(&proto::Entry::full_name()).unwrap();
    let dynamic = DynamicMessage::decode(described, entry.encode_to_vec().as_slice()).unwrap();
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
fn bytes_that_are_no_entry_are_refused() {
    let sound = encode(&entries()[4]);
    assert!(decode(&sound).is_ok());
    let cut = decode(&sound[..sound.len() - 3]).unwrap_err();
    assert!(!cut.to_string().is_empty());
    for bytes in [&b""[..], b"\xff\xff\xff", b"\x08\x01"] {
        assert!(decode(bytes).is_err(), "{bytes:?}");
    }
}
