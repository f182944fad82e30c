//! `rollcall watch` and `rollcall votes` where there is no terminal: lines, JSON, restarts of the server, exit codes.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use rollcall::proto::{Choice, Outcome, TieBreak};
use serde_json::Value;

use crate::harness::client::majority;
use crate::harness::server::PATIENCE;
use crate::harness::{Client, Server};

/// A client command that runs, and its lines.
struct Running {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Running {
    fn start(address: &str, args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
        command.args(args).args(["--server", address]).env_remove("ROLLCALL_SERVER");
        let streams = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = streams.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (said, lines) = channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        Self { child, lines, said: Vec::new() }
    }

    /// The next line that holds `words`.
    #[track_caller]
    fn until(&mut self, words: &str) -> String {
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                let problems = self.stderr();
                panic!("{words:?} is not said: {:?}; {problems}", self.said)
            };
            self.said.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
    }

    fn stderr(&mut self) -> String {
        let _ = self.child.kill();
        let mut said = String::new();
        let _ = self.child.stderr.take().unwrap().read_to_string(&mut said);
        said
    }

    fn interrupt(&self) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// All that it said, how it ended, and what it said of problems.
    fn end(mut self) -> (Vec<String>, Option<i32>, String) {
        let mut said = std::mem::take(&mut self.said);
        said.extend(self.lines.iter());
        let code = self.child.wait().unwrap().code();
        (said, code, self.stderr())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves the record in `data` again, where it was served before.
fn serve_again(address: &str, data: &Path) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command.args(["serve", "--listen", address, "--data"]).arg(data).env_remove("ROLLCALL_LOG");
    Server::spawn(&mut command, data)
}

async fn open_vote(server: &Server) -> Client {
    let mut client = server.client().await;
    client.ready(&["A", "B", "C"], majority(TieBreak::Unspecified)).await;
    client
}

/// The yes in a line of counts.
fn yes(line: &str) -> Option<u64> {
    let mut words = line.split_whitespace().skip_while(|word| *word != "yes").skip(1);
    words.next()?.trim_end_matches(';').parse().ok()
}

#[tokio::test]
async fn a_vote_is_watched_to_its_end_in_lines() {
    let server = Server::new();
    let mut client = open_vote(&server).await;
    client.cast("A", Choice::Yes).await.unwrap();
    let mut watch = Running::start(&server.address, &["watch", "hall/q", "--ballots"]);
    watch.until("yes   1");
    client.cast("B", Choice::No).await.unwrap();
    let line = watch.until("no   1");
    assert_eq!(line, "OPEN      yes   1  no   1  abstain   0  not voting   1; 1 of 2, 2 needed, 1 more");
    client.cast("C", Choice::Yes).await.unwrap();
    watch.until("yes   2");
    client.lock().await.unwrap();
    client.declare(Outcome::Adopted, "").await.unwrap();
    let (said, code, problems) = watch.end();
    assert_eq!((code, problems.as_str()), (Some(0), ""), "{said:?}");
    for line in ["A yes", "B no", "C yes"] {
        assert_eq!(said.iter().filter(|said| *said == line).count(), 1, "{line}: {said:?}");
    }
    let ends = said.iter().position(|line| line.starts_with("  ADOPTED. Adopted: 2 of 3 present and voting"));
    assert!(ends.is_some_and(|at| said[at - 1].starts_with("DECLARED")), "{said:?}");

    let again = Running::start(&server.address, &["watch", "bodies/hall/votes/q"]);
    let (said, code, _) = again.end();
    assert!(code == Some(0) && said[0].starts_with("DECLARED") && said[1].starts_with("  ADOPTED."), "{said:?}");
}

#[tokio::test]
async fn a_watch_goes_on_where_it_was_when_the_server_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    let mut server = Server::at(&data);
    let address = server.address.clone();
    let mut client = open_vote(&server).await;
    let mut watch = Running::start(&address, &["watch", "hall/q"]);
    client.cast("A", Choice::Yes).await.unwrap();
    watch.until("yes   1");
    server.kill();
    let server = serve_again(&address, &data);
    let mut client = server.client().await;
    client.cast("B", Choice::Yes).await.unwrap();
    watch.until("yes   2");
    client.lock().await.unwrap();
    client.declare(Outcome::Adopted, "").await.unwrap();
    let (said, code, problems) = watch.end();
    assert_eq!(code, Some(0), "{said:?}");
    assert_eq!(problems.matches("connection lost, trying again").count(), 1, "{problems}");
    let counts: Vec<u64> = said.iter().filter_map(|line| yes(line)).collect();
    assert!(counts.len() >= 4 && counts.is_sorted(), "no count goes back: {said:?}");
}

#[tokio::test]
async fn a_server_that_stops_in_order_is_come_back_to() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    let server = Server::at(&data);
    let address = server.address.clone();
    let mut client = open_vote(&server).await;
    client.cast("A", Choice::Yes).await.unwrap();
    let mut watch = Running::start(&address, &["watch", "hall/q", "--json"]);
    watch.until("frame");
    server.signal("TERM");
    watch.until("draining");
    server.wait_at_most(PATIENCE).await;
    let server = serve_again(&address, &data);
    watch.until("frame");
    let mut client = server.client().await;
    client.lock().await.unwrap();
    client.declare(Outcome::Adopted, "").await.unwrap();
    let (said, code, _) = watch.end();
    assert_eq!(code, Some(0));
    let messages: Vec<Value> = said.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(messages.last().unwrap()["frame"]["state"], "VOTE_STATE_DECLARED", "{said:?}");
}

#[tokio::test]
async fn json_has_each_message_and_ballots_where_asked() {
    let server = Server::new();
    let mut client = open_vote(&server).await;
    let mut watch = Running::start(&server.address, &["watch", "hall/q", "--json", "--ballots"]);
    let first: Value = serde_json::from_str(&watch.until("frame")).unwrap();
    assert_eq!(first["frame"]["seats"].as_array().unwrap().len(), 3, "{first}");
    client.cast("A", Choice::Yes).await.unwrap();
    let next: Value = serde_json::from_str(&watch.until("CHOICE_YES")).unwrap();
    assert_eq!(next["frame"]["seats"][0]["member"], "A", "{next}");
    watch.interrupt();
    let (_, code, _) = watch.end();
    assert_eq!(code, Some(0), "whoever leaves has not failed");
}

#[tokio::test]
async fn what_cannot_be_watched_is_said_in_a_sentence() {
    let mut server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A"]).await.unwrap();
    for args in [["watch", "hall/none"], ["votes", "nowhere"]] {
        let (said, code, problem) = Running::start(&server.address, &args).end();
        assert_eq!((said.len(), code), (0, Some(1)), "{problem}");
        assert!(problem.starts_with("rollcall: ") && problem.lines().count() == 1, "{problem}");
    }
    server.kill();
    for args in [&["watch", "hall/q"][..], &["votes", "--follow"]] {
        let (_, code, problem) = Running::start(&server.address, args).end();
        assert_eq!(code, Some(69), "{problem}");
        assert!(problem.contains("no server answers at"), "{problem}");
    }
}

#[tokio::test]
async fn a_vote_that_is_not_open_says_so_and_one_that_is_annulled_has_no_result() {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A"]).await.unwrap();
    client.table(majority(TieBreak::Unspecified)).await.unwrap();
    let mut watch = Running::start(&server.address, &["watch", "hall/q"]);
    watch.until("DRAFT     not open yet");
    client.open().await.unwrap();
    watch.until("OPEN");
    let request = rollcall::proto::AnnulVoteRequest {
        name: crate::harness::client::VOTE.into(),
        reason: "the machine failed".into(),
        request_id: crate::harness::uuid(),
    };
    client.votes.annul_vote(request).await.unwrap();
    let (said, code, _) = watch.end();
    let [.., ended, why] = &said[..] else { panic!("{said:?}") };
    assert_eq!((code, ended.as_str()), (Some(0), "  ANNULLED: it has no result"), "{said:?}");
    assert!(why.starts_with("    20") && why.ends_with("Z: the machine failed"), "{said:?}");
}

#[tokio::test]
async fn the_votes_of_a_hall_are_a_table() {
    let server = Server::new();
    let (said, code, problem) = Running::start(&server.address, &["votes"]).end();
    assert_eq!((said.len(), code, problem.as_str()), (0, Some(0), "rollcall: there are no votes\n"));
    let mut client = open_vote(&server).await;
    client.cast("A", Choice::Yes).await.unwrap();
    let draft = rollcall::proto::Vote {
        title: "The budget".into(),
        rule: Some(majority(TieBreak::Unspecified)),
        ..Default::default()
    };
    client.table_as("budget", draft).await.unwrap();
    let (said, code, _) = Running::start(&server.address, &["votes", "hall"]).end();
    assert_eq!((said.len(), code), (3, Some(0)), "{said:?}");
    for (line, words) in said.iter().zip([["VOTE", "OUTCOME"], ["hall/budget", "The budget"], ["hall/q", "open"]]) {
        assert!(words.iter().all(|word| line.contains(word)), "{said:?}");
    }
    let (said, _, _) = Running::start(&server.address, &["votes", "--state", "open,locked"]).end();
    assert!(said.len() == 2 && said[1].contains("hall/q"), "{said:?}");
    let (said, _, _) = Running::start(&server.address, &["votes", "--json"]).end();
    let messages: Vec<Value> = said.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(messages[0]["vote"]["name"], "bodies/hall/votes/q", "{said:?}");
}

#[tokio::test]
async fn a_hall_is_followed_through_a_restart_until_ctrl_c() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    let mut server = Server::at(&data);
    let address = server.address.clone();
    let mut client = open_vote(&server).await;
    let mut votes = Running::start(&address, &["votes", "--follow"]);
    votes.until("hall/q");
    client.cast("A", Choice::Yes).await.unwrap();
    votes.until("yes   1");
    server.kill();
    let server = serve_again(&address, &data);
    let mut client = server.client().await;
    client.cast("B", Choice::No).await.unwrap();
    client.lock().await.unwrap();
    client.declare(Outcome::NotAdopted, "").await.unwrap();
    // Not the line before it, which may be told or not: LOCKED, "not declared yet".
    let last = votes.until("  DECLARED");
    assert!(last.starts_with("hall/q ") && last.ends_with("NOT ADOPTED"), "{last}");
    votes.interrupt();
    let (said, code, problems) = votes.end();
    assert_eq!(code, Some(0), "{problems}");
    assert_eq!(problems.matches("connection lost, trying again").count(), 1, "{problems}");
    assert_eq!(said.iter().filter(|line| line.contains("yes   1  no   0")).count(), 1, "none is told twice: {said:?}");
}
