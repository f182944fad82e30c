//! A page in a browser, `examples/live-tally`: Chromium shows a tally as it changes, and its server's death and return.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use rollcall::proto::{self, Choice, Counts, Outcome};
use serde_json::{Value, json};

use crate::foreign::{ended, ours, tool};
use crate::harness::client::{VOTE, preset};
use crate::harness::recount::History;
use crate::harness::server::{PATIENCE, free_port, serve_at, skip};
use crate::harness::{Client, Server};

/// A page that a browser shows.
struct Page {
    child: Child,
    steps: Option<ChildStdin>,
    lines: Receiver<String>,
    /// Where the page comes from.
    origin: String,
}

impl Page {
    fn start(built: &Path) -> Self {
        let mut node = Command::new("node");
        node.arg(ours("tests/foreign/browser.mjs")).arg(built).arg("/usr/bin/chromium");
        let mut child = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (said, lines) = channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        let steps = child.stdin.take();
        let origin = lines.recv_timeout(PATIENCE).expect("the browser starts");
        Self { child, steps, lines, origin }
    }

    /// Does a step of `tests/foreign/browser.mjs`; each gives up after a minute.
    #[track_caller]
    fn step(&mut self, step: &[&str]) -> Value {
        writeln!(self.steps.as_mut().unwrap(), "{}", json!(step)).unwrap();
        let answer = self.lines.recv_timeout(2 * PATIENCE).expect("the browser answers");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(answer.get("failed").is_none(), "{step:?}: {answer}");
        answer
    }

    /// Waits until what the selector matches says these words.
    #[track_caller]
    fn sees(&mut self, selector: &str, words: &str) {
        self.step(&["see", selector, words]);
    }

    /// Waits until the page counts so many of a choice.
    #[track_caller]
    fn counts(&mut self, choice: &str, count: u64) {
        self.sees(&format!("#counts [data-choice={choice}] dd"), &count.to_string());
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // At the end of its input it closes the browser and takes its profile away.
        drop(self.steps.take());
        let _ = self.child.wait();
    }
}

/// The page, built; none where a tool is missing.
async fn built() -> Option<std::path::PathBuf> {
    let example = ours("examples/live-tally");
    let packages = format!("require('{}')", ours(".ci/node_modules/playwright-core").display());
    tool("node", &["-e", &packages])?;
    tool("/usr/bin/chromium", &["--version"])?;
    let mut npm = tool("npm", &["--version"])?;
    if !example.join("node_modules").exists() {
        skip("the page's packages are not here: npm ci --prefix examples/live-tally");
        return None;
    }
    npm.args(["run", "--silent", "build", "--prefix"]).arg(&example);
    let output = ended(npm).await;
    assert!(output.status.success(), "{output:?}");
    Some(example.join("dist"))
}

/// The vote that the page shows.
async fn opened(client: &mut Client) {
    client.seat(&["A", "B", "C", "D", "E"]).await.unwrap();
    let tabled = proto::Vote {
        title: "A garden for the club".into(),
        question: "Shall the club plant a garden behind the house?".into(),
        rule: Some(preset("un.ga.simple")),
        ..Default::default()
    };
    client.table_as("q", tabled).await.unwrap();
    client.open().await.unwrap();
}

/// Whatever the page has shown was the tally of that revision, and it never went back.
fn true_at_each_revision(page: &mut Page, history: &History) {
    let shown = page.step(&["shown"]);
    let shown: Vec<(u64, Value)> = serde_json::from_value(shown).unwrap();
    assert!(shown.windows(2).all(|pair| pair[0].0 < pair[1].0), "it went back: {shown:?}");
    assert!(shown.len() >= 8, "{shown:?}");
    for (revision, counts) in &shown {
        let tally = history.tally(history.at(*revision).unwrap()).unwrap();
        let Counts { yes, no, abstain, present, not_voting, undisclosed } = tally.heads.unwrap();
        let counted = json!({ "yes": yes, "no": no, "abstain": abstain, "present": present, "notVoting": not_voting,
            "undisclosed": undisclosed });
        assert_eq!(counted, *counts, "at revision {revision}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_a_vote_to_its_end_whose_server_is_killed_and_stopped() {
    let Some(built) = built().await else { return };
    let mut page = Page::start(&built);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    let address = format!("127.0.0.1:{}", free_port());
    let origin = page.origin.clone();
    let serve = || Server::spawn(serve_at(&data, &address).args(["--allow-origin", &origin]), &data);
    let mut server = serve();
    let mut client = server.client().await;
    opened(&mut client).await;
    page.step(&["open", &format!("?server=http://{address}&vote={VOTE}")]);
    page.sees("h1", "A garden for the club");
    page.sees("#state", "Voting is open");
    page.sees("#link", "Live");
    page.counts("notVoting", 5);
    client.cast("A", Choice::Yes).await.unwrap();
    page.counts("yes", 1);
    page.sees("#decided", "Open");
    client.cast("B", Choice::No).await.unwrap();
    page.counts("no", 1);

    server.kill();
    page.sees("#link", "Not connected");
    page.counts("no", 1);
    server = serve();
    page.sees("#link", "Live");
    let mut client = server.client().await;
    client.cast("C", Choice::Yes).await.unwrap();
    page.counts("yes", 2);

    server.signal("TERM");
    assert!(server.wait_at_most(PATIENCE).await.status.success());
    page.sees("#link", "Not connected");
    server = serve();
    let mut client = server.client().await;
    client.suspend_vote(VOTE, "a fire drill").await.unwrap();
    page.sees("#state", "Voting is suspended");
    client.resume_vote(VOTE).await.unwrap();
    client.cast("D", Choice::Abstain).await.unwrap();
    client.cast("E", Choice::Yes).await.unwrap();
    page.counts("yes", 3);
    page.sees("#decided", "Decided");
    client.lock().await.unwrap();
    page.sees("#state", "Voting has ended");
    let declared = client.declare(Outcome::Adopted, "").await.unwrap();
    page.sees("#state", "Result declared");
    page.sees("#outcome", "Adopted");
    page.sees("#verdict", &declared.verdict.unwrap().summary);
    page.sees("#link", "Final");

    let history = History::of(&client.entries().await, VOTE);
    true_at_each_revision(&mut page, &history);

    page.step(&["open", &format!("?server=http://{address}&vote=bodies/hall/votes/none")]);
    page.sees("#link", "bodies/hall/votes/none");
    assert_eq!(page.step(&["problems"]), json!([]));
}
