//! Recorded votes of the past: replayed through the API, stopped and taken up again, compared with what was published.

mod again;
mod senate;

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rollcall::proto;
use rollcall::proto::Outcome;

use crate::harness::client::heads;
use crate::harness::{Client, Server, past};

const BODY: &str = "bodies/council-of-the-valley";

fn replay(votes: &Path, ballots: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command.arg("replay").arg("--votes").arg(votes).arg("--ballots").arg(ballots);
    command.env_remove("ROLLCALL_SERVER").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The small files of this test.
fn small() -> Command {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replay");
    replay(&files.join("votes.csv"), &files.join("ballots.csv"))
}

/// Exit code, standard output, standard error.
fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[track_caller]
fn assert_says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is missing: {text}");
    }
}

async fn votes(client: &mut Client, body: &str) -> Vec<proto::Vote> {
    let (mut votes, mut page_token) = (Vec::new(), String::new());
    loop {
        let request =
            proto::ListVotesRequest { parent: body.to_owned(), page_size: 1_000, page_token, ..Default::default() };
        let page = client.votes.list_votes(request).await.unwrap().into_inner();
        votes.extend(page.votes);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return votes;
        }
    }
}

/// The roll call of a vote: `ann:Ann of the Mill=yes`.
async fn roll_call(client: &mut Client, vote: &str) -> Vec<String> {
    let request = proto::ListBallotsRequest { parent: vote.to_owned(), page_size: 1_000, ..Default::default() };
    let ballots = client.ballots.list_ballots(request).await.unwrap().into_inner().ballots;
    let shown = |ballot: &proto::Ballot| {
        let member = ballot.name.rsplit('/').next().unwrap();
        let choice = ballot.choice().as_str_name().trim_start_matches("CHOICE_").to_lowercase();
        format!("{member}:{}={choice}", ballot.display_name)
    };
    ballots.iter().map(shown).collect()
}

#[tokio::test]
async fn each_vote_is_held_on_its_own_roll_and_its_tally_compared() {
    let folder = tempfile::tempdir().unwrap();
    let (data, report) = (folder.path().join("record"), folder.path().join("report.csv"));
    let run = || small().arg("--data").arg(&data).arg("--report").arg(&report).output().unwrap();
    let (code, stdout, stderr) = told(&run());
    assert_eq!(code, Some(1), "{stderr}");
    let summary = [
        "4 of 5 votes are on record with 11 ballots; 0 were before",
        "2 tallies equal the published totals, 1 differ, 1 have none published",
        "outcomes: adopted 2, not adopted 2",
        "difference: c-2 no: 3 published, 2 on record",
        "difference: c-2 abstain: 0 published, 1 on record",
    ];
    assert_says(&stdout, &summary);
    assert_says(&stderr, &["votes.csv:5: c-4: rule_if_known \"1/2\" is no named rule", "--rule"]);
    let rows = std::fs::read_to_string(&report).unwrap();
    assert_says(&rows, &["difference,c-2,no,3,2,", "refused,c-4,,,,"]);
    assert_eq!(rows.lines().count(), 4, "{rows}");

    let (_, again, _) = told(&run());
    assert_says(&again, &["4 of 5 votes are on record with 11 ballots; 4 were before", "  0 entries in "]);

    let server = Server::at(&data);
    let mut client = server.client().await;
    let votes = votes(&mut client, BODY).await;
    let ids: Vec<_> = votes.iter().map(|vote| vote.name.rsplit('/').next().unwrap()).collect();
    assert_eq!(ids, ["c-1", "c-2", "c-3", "c-5"], "in the order of the file");
    let tallies: Vec<_> = votes.iter().map(|vote| heads(vote.tally.as_ref())).collect();
    assert_eq!(tallies, ["2-1-0-0-1", "1-2-1-0-0", "0-0-2-0-0", "2-0-0-0-1"]);
    assert_eq!(votes[0].declared_outcome(), Outcome::Adopted);
    assert_eq!(votes[0].title, "To build a bridge, and to paint it \"red\"");
    assert_eq!(votes[0].symbol, "V/1");
    assert_eq!(votes[0].labels["body"], "Council of the Valley, session 1 (V/1)");
    assert_eq!(votes[0].labels["published-outcome"], "Built");
    assert_eq!(votes[0].held_time.unwrap().seconds, 989_193_600, "2001-05-07");
    let first = ["ann:Ann of the Mill=yes", "bob:Bob=yes", "cyd:Cyd=no", "dan:Dan=not_voting"];
    assert_eq!(roll_call(&mut client, &votes[0].name).await, first);
    assert_eq!(roll_call(&mut client, &votes[2].name).await, ["ann:Ann of the Hill=abstain", "bob:Bob=abstain"]);
    let last = ["ann:Ann of the Hill=yes", "bob:Bob=yes", "eve:Eve=not_voting"];
    assert_eq!(roll_call(&mut client, &votes[3].name).await, last);
}

#[test]
fn a_bad_row_is_told_with_its_file_line_and_reason_and_its_vote_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let (votes, ballots) = (folder.path().join("votes.csv"), folder.path().join("ballots.csv"));
    let body = "\"UN General Assembly, session 1 (R/1)\"";
    let rows = [
        "vote_id,date,body,title,rule_if_known,yes,no,abstain,not_voting,outcome_if_known",
        &format!("good,1950-01-01,{body},Good,,1,1,0,,"),
        &format!("spoilt,1950-01-01,{body},Spoilt,,1,0,0,,"),
        &format!("undated,1950-02-30,{body},Undated,,1,0,0,,"),
        &format!("unheard,1950-01-01,{body},Unheard,,1,0,0,,"),
        &format!("long,1950-01-02,{body},{},,1,0,0,,", "long ".repeat(500)),
    ];
    std::fs::write(&votes, rows.join("\n")).unwrap();
    let rows = [
        "vote_id,member_code,member_name,choice",
        "good,FR,France,yes",
        "good,PL,Poland,no",
        "good,VP,The chair,yes",
        "spoilt,FR,France,maybe",
        "nowhere,FR,France,yes",
        "long,FR,France,yes",
        "spoilt,PL",
    ];
    std::fs::write(&ballots, rows.join("\n")).unwrap();
    let run = |more: &[&str]| {
        told(&replay(&votes, &ballots).arg("--data").arg(folder.path().join("record")).args(more).output().unwrap())
    };
    let (code, _, stderr) = run(&["--strict"]);
    assert_eq!(code, Some(1));
    assert_says(&stderr, &["votes.csv:4: undated: date \"1950-02-30\" must be a day", "--strict"]);
    assert!(!folder.path().join("record").exists(), "nothing was recorded");

    let (code, stdout, stderr) = run(&[]);
    assert_eq!(code, Some(1));
    let places = [
        "ballots.csv:5: spoilt: choice \"maybe\" must be",
        "ballots.csv:6: vote_id \"nowhere\" is no vote of",
        "ballots.csv:8: spoilt: it has 2 cells, and the first line has 4",
        "votes.csv:3: spoilt: left out: a row of its ballots is bad",
        "votes.csv:5: unheard: no ballot of it",
        "ballots.csv:4: good: the presiding officer's casting vote: the rule awaits none",
        "rows that are bad: 5; votes or ballots refused or left out: 2; the rest is on record",
    ];
    assert_says(&stderr, &places);
    assert_says(&stdout, &["2 of 5 votes", "adopted 1, revote due 1", "shortened: ", "2499 bytes; the first 2000 are"]);
}

/// Files of so many votes of twenty members.
fn many(folder: &Path, votes: usize) -> (PathBuf, PathBuf) {
    let mut list = "vote_id,date,body,title,rule_if_known,yes,no,abstain,not_voting,outcome_if_known\n".to_owned();
    let mut ballots = "vote_id,member_code,member_name,choice\n".to_owned();
    for vote in 0..votes {
        list += &format!("v{vote},1999-12-{:02},UN General Assembly,Title,,20,0,0,0,\n", 1 + vote * 30 / votes);
        for member in 0..20 {
            // Every fourth vote one seat changes hands.
            let member = member + usize::from(member == 0) * (vote / 4 + 20);
            ballots += &format!("v{vote},M{member},Member {member},yes\n");
        }
    }
    let files = (folder.join("votes.csv"), folder.join("ballots.csv"));
    std::fs::write(&files.0, list).unwrap();
    std::fs::write(&files.1, ballots).unwrap();
    files
}

/// Waits until the record holds so many entries.
async fn reached(client: &mut Client, entries: u64) {
    let follow = rollcall::proto::ReadEntriesRequest { follow: true, ..Default::default() };
    let mut record = client.record.read_entries(follow).await.unwrap().into_inner();
    let grown =
        async { while record.message().await.unwrap().expect("the record is followed").through_seq < entries {} };
    tokio::time::timeout(Duration::from_secs(60), grown).await.expect("the replay goes on");
}

#[tokio::test]
async fn a_replay_that_was_stopped_or_lost_its_server_is_taken_up_again_and_nothing_doubles() {
    const VOTES: usize = 400;
    let folder = tempfile::tempdir().unwrap();
    let (list, ballots) = many(folder.path(), VOTES);
    let mut server = Server::new();
    let start = |server: &Server| {
        replay(&list, &ballots).args(["--server", &server.address, "--timeout", "1s"]).spawn().unwrap()
    };

    let running = start(&server);
    reached(&mut server.client().await, 500).await;
    let sent = Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let (code, _, stderr) = told(&running.wait_with_output().unwrap());
    assert_eq!(code, Some(1), "{stderr}");
    assert_says(&stderr, &["stopped after ", " of 400 votes: run the same command again to go on"]);

    let running = start(&server);
    let end = server.client().await.end().await;
    reached(&mut server.client().await, end + 500).await;
    server.kill();
    let (code, _, stderr) = told(&running.wait_with_output().unwrap());
    assert_eq!(code, Some(69), "{stderr}");
    assert_says(&stderr, &["trying again: "]);

    server.restart();
    let (code, stdout, stderr) = told(&start(&server).wait_with_output().unwrap());
    assert_eq!(code, Some(0), "{stderr}");
    assert_says(&stdout, &["400 of 400 votes are on record with 8,000 ballots", "400 tallies equal"]);
    let entries = server.client().await.entries().await;
    let ids: HashSet<_> = entries.iter().map(|entry| entry.request_id.clone()).collect();
    assert_eq!(ids.len(), entries.len(), "no request was recorded twice");
    // Each vote is tabled, opened, locked and declared; the body is made, its first members seated, and a seat changes 99 times.
    assert_eq!(entries.len(), VOTES * (4 + 20) + 2 + 99 * 2);
}

/// The General Assembly's votes, 1946 to 2015: a data set beside the project, which it does not carry.
fn assembly() -> Option<PathBuf> {
    let folder = past::data()?.join("unga_1946_2015");
    folder.join("votes.csv.gz").exists().then_some(folder)
}

/// Without an optimizer all of them take longer than a test may; these hold every tally that differs.
const FIRST: usize = 1_200;

/// Copies the first votes, and the ballots up to those of the vote that comes next.
fn first_of(from: &Path, to: &Path) -> (PathBuf, PathBuf) {
    let lines = |name: &str| {
        let file = std::fs::File::open(from.join(name)).unwrap();
        BufReader::new(flate2::read::MultiGzDecoder::new(file)).lines().map(Result::unwrap)
    };
    let votes: Vec<_> = lines("votes.csv.gz").take(FIRST + 2).collect();
    let next = format!("{},", votes.last().unwrap().split(',').next().unwrap());
    let ballots: Vec<_> = lines("ballots.csv.gz").take_while(|line| !line.starts_with(&next)).collect();
    let files = (to.join("votes.csv"), to.join("ballots.csv"));
    std::fs::write(&files.0, votes[..=FIRST].join("\n")).unwrap();
    std::fs::write(&files.1, ballots.join("\n")).unwrap();
    files
}

/// `vote_id,field` to what is published and what is counted.
type Differences = BTreeMap<(String, String), (u64, u64)>;

#[test]
fn recorded_votes_of_the_general_assembly_are_replayed_and_just_the_known_tallies_differ() {
    let Some(past) = assembly() else {
        eprintln!("SKIPPED: no data set beside the project; ROLLCALL_PAST_VOTES names its folder");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (files, whole) = if std::env::var_os("ROLLCALL_ALL_VOTES").is_some() {
        ((past.join("votes.csv.gz"), past.join("ballots.csv.gz")), [5_429, 738_764])
    } else {
        (first_of(&past, folder.path()), [FIRST as u64, 99_740])
    };
    let mut command = replay(&files.0, &files.1);
    let (code, stdout, stderr) =
        told(&command.arg("--json").arg("--data").arg(folder.path().join("record")).output().unwrap());
    assert_eq!(code, Some(0), "{stderr}");
    let summary: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let counts = ["votes", "ballots", "bad_rows", "refused"].map(|name| summary[name].as_u64().unwrap());
    assert_eq!(counts, [whole[0], whole[1], 0, 0]);
    let tallies = serde_json::json!({"equal": whole[0] - 20, "differing": 20, "unpublished": 0});
    assert_eq!(summary["tallies"], tallies);

    let found = summary["differences"].as_array().unwrap().iter().map(|row| {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        ((text("vote"), text("field")), (row["published"].as_u64().unwrap(), row["recorded"].as_u64().unwrap()))
    });
    let known = std::fs::read_to_string(past.join("mismatches.csv")).unwrap();
    let known = known.lines().skip(1).map(|line| {
        let cells: Vec<_> = line.split(',').collect();
        ((cells[0].to_owned(), cells[1].to_owned()), (cells[2].parse().unwrap(), cells[3].parse().unwrap()))
    });
    assert_eq!(found.collect::<Differences>(), known.collect::<Differences>());
}
