//! Foreign services that watch a tally, as a reader of `examples/` would write them: they outlive the server's death.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use rollcall::proto::{Choice, Entry, Outcome};

use crate::foreign::tool;
use crate::harness::client::{VOTE, preset};
use crate::harness::recount::History;
use crate::harness::server::{PATIENCE, free_port, serve_at, skip};
use crate::harness::{Client, Server};

/// A program that watches.
struct Watcher {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Watcher {
    fn start(mut command: Command, address: &str, vote: &str) -> Self {
        let command = command.args([address, vote]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (said, lines) = channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits until it has shown a revision, or one after it.
    fn wait_for(&mut self, revision: u64) {
        while self.seen.last().is_none_or(|line| revision_of(line) < revision) {
            let line = self.lines.recv_timeout(PATIENCE);
            self.seen.push(line.unwrap_or_else(|_| panic!("revision {revision} is not shown: {:?}", self.seen)));
        }
    }

    /// Waits until it has ended; what it showed, what it said beside, and its exit code.
    fn end(mut self) -> (Vec<String>, String, Option<i32>) {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.seen.push(line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("it does not end: {:?}", self.seen),
            }
        }
        let mut beside = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut beside).unwrap();
        let code = self.child.wait().unwrap().code();
        (std::mem::take(&mut self.seen), beside, code)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn revision_of(line: &str) -> u64 {
    line.split(' ').nth(1).unwrap_or_default().parse().unwrap_or_else(|_| panic!("no revision: {line}"))
}

/// The line that is due for the state of the vote at a revision.
fn due(entries: &[Entry], revision: u64) -> String {
    let history = History::of(entries, VOTE);
    let at = history.at(revision).unwrap();
    let heads = history.tally(at).unwrap().heads.unwrap();
    format!(
        "revision {revision} {}: yes {}, no {}, abstaining {}, present {}, not voting {}",
        at.state.as_str_name().trim_start_matches("VOTE_STATE_"),
        heads.yes,
        heads.no,
        heads.abstain,
        heads.present,
        heads.not_voting
    )
}

/// Casts a ballot, and says to which revision that brought the vote.
async fn cast(client: &mut Client, member: &str, choice: Choice) -> u64 {
    client.cast(member, choice).await.unwrap().revision
}

/// Lets a program watch a vote to its end, whose server is killed, and then stopped, and comes back both times.
async fn outlives(command: impl Fn() -> Command) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    let address = format!("127.0.0.1:{}", free_port());
    let mut server = Server::spawn(&mut serve_at(&data, &address), &data);
    let mut client = server.client().await;
    client.ready(&["A", "B", "C", "D"], preset("un.ga.simple")).await;
    let mut watcher = Watcher::start(command(), &address, VOTE);
    watcher.wait_for(2);
    watcher.wait_for(cast(&mut client, "A", Choice::Yes).await);
    // Answered, and perhaps not shown yet.
    let last = cast(&mut client, "B", Choice::No).await;

    server.kill();
    server = Server::spawn(&mut serve_at(&data, &address), &data);
    watcher.wait_for(last);
    let mut client = server.client().await;
    watcher.wait_for(cast(&mut client, "A", Choice::Abstain).await);

    server.signal("TERM");
    assert!(server.wait_at_most(PATIENCE).await.status.success());
    server = Server::spawn(&mut serve_at(&data, &address), &data);
    let mut client = server.client().await;
    watcher.wait_for(cast(&mut client, "C", Choice::Yes).await);
    client.lock().await.unwrap();
    client.declare(Outcome::RevoteDue, "").await.unwrap();
    let (lines, beside, code) = watcher.end();
    assert_eq!(code, Some(0), "{beside}");
    let revisions: Vec<_> = lines.iter().map(|line| revision_of(line)).collect();
    assert!(revisions.windows(2).all(|pair| pair[0] < pair[1]), "{lines:?}");
    let entries = client.entries().await;
    for line in &lines {
        assert_eq!(*line, due(&entries, revision_of(line)));
    }
    assert!(
        lines.last().unwrap().contains(" DECLARED: yes 1, no 1, abstaining 1, present 0, not voting 1"),
        "{lines:?}"
    );

    // Asked again, by its short name, it shows the end; asked for what is not there it says so.
    let (lines, _, code) = Watcher::start(command(), &address, "hall/q").end();
    assert_eq!((lines.len(), code), (1, Some(0)), "{lines:?}");
    let (lines, beside, code) = Watcher::start(command(), &address, "bodies/hall/votes/none").end();
    assert_eq!((lines.len(), code), (0, Some(1)), "{lines:?}");
    assert!(beside.contains("bodies/hall/votes/none"), "{beside}");
}

/// The example as `cargo test` builds it, beside this binary.
fn example() -> Option<PathBuf> {
    let here = std::env::current_exe().unwrap();
    let built = here.parent().and_then(Path::parent).unwrap().join("examples/watch_tally");
    let built = built.with_extension(std::env::consts::EXE_EXTENSION);
    if !built.exists() {
        skip("`cargo test` builds the example, and `cargo test --test it` does not: cargo build --example watch_tally");
    }
    built.exists().then_some(built)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_in_rust_watches_a_vote_whose_server_is_killed() {
    let Some(example) = example() else { return };
    outlives(|| Command::new(&example)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_in_python_watches_a_vote_whose_server_is_killed() {
    let Some(_) = tool("python3", &["-c", "import grpc, grpc_reflection.v1alpha"]) else { return };
    outlives(|| {
        let mut python = Command::new("python3");
        python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/watch_tally.py"));
        python
    })
    .await;
}
