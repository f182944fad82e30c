//! The demo: both votes as they were held, taken up again after a crash.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use rollcall::proto;
use rollcall::proto::entry::Event;
use rollcall::proto::stored_entry::Content;

use crate::harness::client::heads;
use crate::harness::server::PATIENCE;
use crate::harness::{Client, Server, serve};

const COUNCIL: &str = "bodies/un-sc/votes/s-2022-720";
const ASSEMBLY: &str = "bodies/un-ga/votes/es-11-4";

/// A body, its members, a vote tabled, opened, locked and declared, twice; 15 ballots in the Council, and in the Assembly
/// 183 and two that were changed.
const ENTRIES: usize = 2 * 6 + 15 + 183 + 2;

fn demo(data: &Path, speed: &str) -> Server {
    Server::spawn(serve(data).args(["--demo", "--demo-speed", speed]), data)
}

/// What the server says until the demo is over.
fn told(server: &Server) -> String {
    let mut said = Vec::new();
    while !said.last().is_some_and(|line: &String| line.starts_with("Both votes are on record")) {
        said.push(server.line());
    }
    said.join("\n")
}

#[track_caller]
fn assert_verdicts(said: &str) {
    let (council, assembly) = said.split_once("General Assembly").unwrap_or_else(|| panic!("no second vote: {said}"));
    for words in ["VETOED", "10 in favour; 9 needed", "at least 9 in favour: 10, 9 needed", "vetoed by RUS"] {
        assert!(council.contains(words), "{words:?} is missing: {council}");
    }
    for words in [
        "ADOPTED as A/RES/ES-11/4",
        "143 of 148 present and voting in favour; 99 needed",
        "183 of 193, 97 needed",
        "143 of 148, 99 needed",
    ] {
        assert!(assembly.contains(words), "{words:?} is missing: {assembly}");
    }
}

async fn vote(client: &mut Client, name: &str) -> proto::Vote {
    let request = proto::GetVoteRequest { name: name.to_owned(), at_least_seq: 0 };
    client.votes.get_vote(request).await.unwrap().into_inner().vote.unwrap()
}

/// Asserts that the record holds the two votes and nothing else, each request once.
async fn assert_record(client: &mut Client) {
    let entries = client.entries().await;
    let mut kinds = BTreeMap::new();
    for entry in &entries {
        *kinds.entry(kind(entry.event.as_ref().unwrap())).or_insert(0) += 1;
    }
    let whole = [("admitted", 2), ("ballot", 200), ("body", 2), ("created", 2), ("declared", 2), ("locked", 2)];
    assert_eq!(kinds, whole.into_iter().chain([("opened", 2)]).collect());
    assert_eq!(entries.len(), ENTRIES);
    let ids: HashSet<_> = entries.iter().map(|entry| &entry.request_id).collect();
    assert_eq!(ids.len(), ENTRIES, "no request was recorded twice");

    let council = vote(client, COUNCIL).await;
    let assembly = vote(client, ASSEMBLY).await;
    assert_eq!(heads(council.tally.as_ref()), "10-1-4-0-0");
    assert_eq!(heads(assembly.tally.as_ref()), "143-5-35-0-10");
    assert_eq!(council.declared_outcome(), proto::Outcome::Vetoed);
    assert_eq!(assembly.declared_outcome(), proto::Outcome::Adopted);
    let follows = proto::Relation { kind: proto::relation::Kind::Follows.into(), vote: COUNCIL.to_owned() };
    assert_eq!((council.relations, assembly.relations), (vec![], vec![follows]));
}

fn kind(event: &Event) -> &'static str {
    match event {
        Event::BodyCreated(_) => "body",
        Event::MembersAdmitted(_) => "admitted",
        Event::VoteCreated(_) => "created",
        Event::VoteOpened(_) => "opened",
        Event::BallotCast(_) => "ballot",
        Event::VoteLocked(_) => "locked",
        Event::ResultDeclared(_) => "declared",
        other => panic!("no part of the demo: {other:?}"),
    }
}

#[tokio::test]
async fn the_demo_conducts_both_votes_and_a_second_run_finds_them_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    let mut server = demo(&data, "200");
    let said = told(&server);
    assert_verdicts(&said);
    assert!(said.contains("DECLARED  yes  10  no   1  abstain   4  not voting   0"), "{said}");
    assert!(said.contains("DECLARED  yes 143  no   5  abstain  35  not voting  10"), "{said}");
    assert!(!said.contains("on record already"), "{said}");
    assert_record(&mut server.client().await).await;

    server.kill();
    let server = demo(&data, "200");
    let said = told(&server);
    assert_verdicts(&said);
    assert_eq!(said.matches("on record already:").count(), 2, "{said}");
    assert_record(&mut server.client().await).await;
}

/// Follows the record until it holds `until` entries.
async fn reached(client: &mut Client, until: usize) {
    let request = proto::ReadEntriesRequest { follow: true, ..Default::default() };
    let mut stream = client.record.read_entries(request).await.unwrap().into_inner();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut seen = 0;
    while seen < until {
        let message = tokio::time::timeout_at(deadline, stream.message()).await.expect("the demo goes on");
        let message = message.unwrap().unwrap();
        seen += message.entries.iter().filter(|entry| matches!(entry.content, Some(Content::Entry(_)))).count();
    }
}

#[tokio::test]
async fn a_demo_that_was_cut_off_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    // In the Council's show of hands; before the Assembly is recorded; while its machine is open.
    for at in [10, 21, 21 + 4 + 60] {
        let mut server = demo(&data, "50");
        let second = server.line();
        reached(&mut server.client().await, at).await;
        server.kill();
        eprintln!("killed at {at} entries; it began with: {second}");
    }
    let server = demo(&data, "200");
    let began = server.line();
    let count = began.split_whitespace().rev().nth(1).and_then(|count| count.parse::<usize>().ok());
    let count = count.unwrap_or_else(|| panic!("no count of entries: {began}"));
    assert!((21 + 4 + 60..ENTRIES - 2).contains(&count), "killed in the middle: {began}");
    let said = told(&server);
    assert_verdicts(&said);
    assert_eq!(said.matches("on record already:").count(), 1, "the Council's vote alone: {said}");
    assert_record(&mut server.client().await).await;
}
