//! What a replay does about a server that is full or away for a while, and about what an earlier run has left.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rollcall::proto::{self, Choice, VoteState};
use tokio::task::JoinSet;

use super::{assert_says, many, replay, roll_call, told, votes};
use crate::harness::client::{BODY, ballot, preset};
use crate::harness::held::{HeldLog, Running};
use crate::harness::server::{free_port, serve_at};
use crate::harness::{Expect, Server, uuid};

/// What a replay says on standard error until it holds `words`, and the rest of it.
fn until(child: &mut Child, words: &str) -> BufReader<std::process::ChildStderr> {
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains(words) {
        assert!(stderr.read_line(&mut said).unwrap() > 0, "{words:?} is not said: {said}");
    }
    stderr
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_and_comes_back_meanwhile_is_waited_for() {
    const VOTES: usize = 200;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    let address = format!("127.0.0.1:{}", free_port());
    let (list, ballots) = many(folder.path(), VOTES);
    let mut server = Server::spawn(&mut serve_at(&data, &address), &data);
    let mut running = replay(&list, &ballots).args(["--server", &address]).spawn().unwrap();
    super::reached(&mut server.client().await, 500).await;
    server.kill();
    let mut stderr = until(&mut running, "trying again: ");
    let server = Server::spawn(&mut serve_at(&data, &address), &data);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    let (code, stdout, _) = told(&running.wait_with_output().unwrap());
    assert_eq!(code, Some(0), "{rest}");
    assert_says(&stdout, &["200 of 200 votes are on record with 4,000 ballots", "200 tallies equal"]);
    // Each vote is tabled, opened, locked and declared; the body is made, its first members seated, and a seat changes 49 times.
    assert_eq!(server.client().await.entries().await.len(), VOTES * (4 + 20) + 2 + 49 * 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_no_room_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let (list, ballots) = many(folder.path(), 1);
    let log = HeldLog::new();
    let mut server = Running::over(&log).await;
    let mut client = server.served().await;
    client.ready(&["A"], preset("un.ga.simple")).await;
    log.appends.hold();
    // Ballots leave room to all else: a large call takes half of that, and small ones the places that are left.
    let member = |at| proto::Member {
        name: format!("{BODY}/members/X{at}"),
        display_name: "x".repeat(500),
        ..Default::default()
    };
    let (mut chair, members) = (client.clone(), (0..1_000).map(member).collect());
    tokio::spawn(async move { chair.admit(members).await });
    for _ in 0..20 {
        client.vote().await.unwrap();
    }
    for (calls, ballots) in [(20, true), (1_200, false)] {
        let mut full = JoinSet::new();
        for _ in 0..calls {
            let mut client = client.clone();
            full.spawn(async move {
                if !ballots {
                    return client.lock().await.map(drop);
                }
                let ballots = (0..1_000).map(|_| ballot("A", Choice::Yes)).collect();
                client.ballots.cast_ballots(proto::CastBallotsRequest { ballots }).await.map(drop)
            });
        }
        full.join_next().await.unwrap().unwrap().refused(tonic::Code::ResourceExhausted, "OVERLOADED");
        full.detach_all();
    }
    let address = &server.address;
    let mut running = replay(&list, &ballots).args(["--server", address]).spawn().unwrap();
    let mut stderr = tokio::task::block_in_place(|| until(&mut running, "trying again: "));
    log.appends.let_go();
    let ended = tokio::task::spawn_blocking(move || {
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).unwrap();
        (told(&running.wait_with_output().unwrap()), rest)
    });
    let ((code, stdout, _), rest) = ended.await.unwrap();
    assert_eq!(code, Some(0), "{rest}");
    assert_says(&stdout, &["1 of 1 votes are on record with 20 ballots"]);
}

/// Two votes, in the second of which another sits in A's seat.
fn two_rolls(folder: &Path) -> (PathBuf, PathBuf) {
    let files = (folder.join("votes.csv"), folder.join("ballots.csv"));
    let columns = "vote_id,date,body,title,rule_if_known,yes,no,abstain,not_voting,outcome_if_known";
    let votes =
        ["one,1999-12-01,UN General Assembly,One,,2,0,0,0,", "two,1999-12-02,UN General Assembly,Two,,2,0,0,0,"];
    std::fs::write(&files.0, [columns, votes[0], votes[1]].join("\n")).unwrap();
    let rows = ["one,A,Ann,yes", "one,B,Bob,yes", "two,B,Bob,yes", "two,C,Cyd,yes"];
    std::fs::write(&files.1, [&["vote_id,member_code,member_name,choice"], &rows[..]].concat().join("\n")).unwrap();
    files
}

#[tokio::test]
async fn after_a_refused_opening_the_seats_are_changed_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (list, ballots) = two_rolls(folder.path());
    let server = Server::new();
    let run = || {
        let mut command: Command = replay(&list, &ballots);
        command.args(["--server", &server.address, "--rule", "un.sc.substantive"]).stdin(Stdio::null());
        told(&command.output().unwrap())
    };
    // A roll on which nobody holds the veto cannot be judged by this rule.
    let (code, _, stderr) = run();
    assert_eq!(code, Some(1));
    assert_says(
        &stderr,
        &["votes/one cannot open: no member", "votes/two cannot open: no member", "refused or left out: 2"],
    );
    let mut client = server.client().await;
    for vote in votes(&mut client, "bodies/un-ga").await {
        assert_eq!(vote.state(), VoteState::Draft, "{}", vote.name);
    }
    let bob = proto::Member {
        name: "bodies/un-ga/members/B".into(),
        display_name: "Bob".into(),
        groups: vec!["permanent".into()],
        ..Default::default()
    };
    let revise = proto::ReviseMemberRequest { member: Some(bob), request_id: uuid() };
    client.bodies.revise_member(revise).await.unwrap();

    let (code, stdout, stderr) = run();
    assert_eq!(code, Some(0), "{stderr}");
    assert_says(&stdout, &["2 of 2 votes are on record with 4 ballots", "2 tallies equal"]);
    assert_eq!(roll_call(&mut client, "bodies/un-ga/votes/one").await, ["B:Bob=yes", "A:Ann=yes"]);
    assert_eq!(roll_call(&mut client, "bodies/un-ga/votes/two").await, ["B:Bob=yes", "C:Cyd=yes"]);
}

#[test]
fn a_rule_that_comes_too_late_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (list, ballots) = two_rolls(folder.path());
    let data = folder.path().join("record");
    let run = |more: &[&str]| told(&replay(&list, &ballots).arg("--data").arg(&data).args(more).output().unwrap());
    let (code, stdout, _) = run(&[]);
    assert_eq!(code, Some(0));
    assert!(!stdout.contains("other rule"), "{stdout}");
    let (code, stdout, stderr) = run(&["--rule", "un.ga.two-thirds"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let reason = "it is on record under the rule un.ga.simple, which stays; un.ga.two-thirds is not applied";
    assert_says(&stdout, &[&format!("votes.csv:2: one: {reason}"), &format!("votes.csv:3: two: {reason}")]);
    let (_, stdout, _) = run(&["--rule", "un.ga.two-thirds", "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&stdout).unwrap()["other_rule"], 2);
}
