//! Clients that are not ours list, describe and call the service: grpcurl, buf curl, Python's grpcio, grpc-js, h2load.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use prost::Message as _;
use rollcall::proto::entry::Event;
use rollcall::proto::{CastBallotRequest, Choice, Outcome};

use crate::harness::Server;
use crate::harness::client::{VOTE, heads, preset};
use crate::harness::server::{PATIENCE, skip};

/// Runs a tool, once it is clear that it is here; none where it is not.
pub fn tool(name: &str, probe: &[&str]) -> Option<Command> {
    let found = Command::new(name).args(probe).output().is_ok_and(|output| output.status.success());
    if !found {
        skip(&format!("`{name} {}` does not run here", probe.join(" ")));
    }
    found.then(|| Command::new(name))
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Runs `command` to its end.
pub async fn ended(command: Command) -> Output {
    let shown = format!("{command:?}");
    let mut command = tokio::process::Command::from(command);
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    tokio::time::timeout(PATIENCE, output).await.unwrap_or_else(|_| panic!("{shown} does not end")).unwrap()
}

/// Runs `command`, and checks whether it succeeds and that it says each of these.
async fn says(command: Command, succeeds: bool, words: &[&str]) {
    let shown = format!("{command:?}");
    let output = ended(command).await;
    let said = text(&output);
    assert_eq!(output.status.success(), succeeds, "{shown}: {said}");
    for word in words {
        assert!(said.contains(word), "{shown} does not say {word:?}: {said}");
    }
}

async fn opened() -> Server {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B"], preset("un.ga.simple")).await;
    client.cast("A", Choice::Yes).await.unwrap();
    server
}

/// Ends the vote as its rule has it.
async fn declare(server: &Server) {
    let mut client = server.client().await;
    client.lock().await.unwrap();
    client.declare(Outcome::Adopted, "").await.unwrap();
}

const WRONG: &str = r#"{"vote":"nope","member":"A"}"#;

const CAST: &str = "rollcall.v1.BallotService/CastBallot";
const WATCH: &str = "rollcall.v1.TallyService/WatchTally";

/// A request about the vote.
fn about(field: &str) -> String {
    format!(r#"{{"{field}":"{VOTE}"}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn grpcurl_lists_describes_and_calls_it() {
    let Some(_) = tool("grpcurl", &["-version"]) else { return };
    let server = opened().await;
    let grpcurl = |args: &[&str], of: &[&str]| {
        let mut command = Command::new("grpcurl");
        command.arg("-plaintext").args(args).arg(&server.address).args(of);
        command
    };
    let services = ["rollcall.v1.VoteService", "rollcall.v1.TallyService", "grpc.health.v1.Health"];
    says(grpcurl(&[], &["list"]), true, &services).await;
    let described = ["message CastBallotRequest", ".rollcall.v1.Choice choice = 3"];
    says(grpcurl(&[], &["describe", "rollcall.v1.CastBallotRequest"]), true, &described).await;
    let counted = [r#""yes": "1""#];
    says(grpcurl(&["-d", &about("vote")], &["rollcall.v1.TallyService/GetTally"]), true, &counted).await;
    let refused = ["InvalidArgument", "google.rpc.BadRequest", r#""field":"choice""#, r#""reason":"INVALID_FIELD""#];
    says(grpcurl(&["-d", WRONG], &[CAST]), false, &refused).await;
    let watched = ["VOTE_STATE_OPEN", "DeadlineExceeded"];
    says(grpcurl(&["-max-time", "1", "-d", &about("vote")], &[WATCH]), false, &watched).await;
    declare(&server).await;
    says(grpcurl(&["-d", &about("vote")], &[WATCH]), true, &["VOTE_STATE_DECLARED"]).await;
}

/// What `buf curl` shows of the detail that says why: it does not decode it.
fn reason(reason: &str) -> String {
    let info =
        tonic_types::pb::ErrorInfo { reason: reason.into(), domain: "rollcall".into(), metadata: Default::default() };
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(info.encode_to_vec())
}

/// `buf curl` over a protocol lists, calls, is refused, and watches a vote from its opening to its end.
async fn buf_curl(protocol: &[&str]) {
    let Some(_) = tool("buf", &["--version"]) else { return };
    let server = opened().await;
    let buf = |args: &[&str], path: &str| {
        let mut command = Command::new("buf");
        command.args(["curl", "--protocol"]).args(protocol).args(args);
        command.arg(format!("http://{}/{path}", server.address));
        command
    };
    says(buf(&["-d", &about("name")], "rollcall.v1.VoteService/GetVote"), true, &["VOTE_STATE_OPEN"]).await;
    let reason = reason("INVALID_FIELD");
    let refused = ["invalid_argument", "google.rpc.ErrorInfo", &reason, "google.rpc.BadRequest"];
    says(buf(&["-d", WRONG], CAST), false, &refused).await;
    let ballot = format!(r#"{{"vote":"{VOTE}","member":"B","choice":"CHOICE_YES"}}"#);
    says(buf(&["-d", &ballot], CAST), true, &["leafHash"]).await;

    let mut watch = buf(&["-d", &about("vote")], WATCH);
    let mut watch = watch.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("VOTE_STATE_OPEN")), "the present state comes at once");
    declare(&server).await;
    let rest: Vec<String> = lines.collect();
    assert!(rest.iter().any(|line| line.contains("VOTE_STATE_DECLARED")), "{rest:?}");
    assert!(watch.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn buf_curl_calls_it_over_grpc() {
    buf_curl(&["grpc", "--http2-prior-knowledge"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buf_curl_calls_it_over_grpc_web_of_http_1() {
    buf_curl(&["grpcweb"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buf_curl_calls_it_over_grpc_web_of_http_2() {
    buf_curl(&["grpcweb", "--http2-prior-knowledge"]).await;
}

#[tokio::test]
async fn buf_curl_lists_it() {
    let Some(mut buf) = tool("buf", &["--version"]) else { return };
    let server = Server::new();
    buf.args(["curl", "--protocol", "grpc", "--http2-prior-knowledge", "--list-services"]);
    let services = ["rollcall.v1.VoteService", "rollcall.v1.RuleService"];
    buf.arg(format!("http://{}", server.address));
    says(buf, true, &services).await;
}

/// Node, with the packages that its clients need.
pub fn node() -> Option<Command> {
    let packages = ours(".ci/node_modules");
    let needed = ["@grpc/grpc-js", "@grpc/proto-loader", "protobufjs"];
    let needed = needed.map(|name| format!("require('{}/{name}')", packages.display()));
    tool("node", &["-e", &needed.join(";")])
}

/// A file of this project.
pub fn ours(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[tokio::test]
async fn a_python_client_learns_the_service_and_conducts_a_vote() {
    let imports = "import grpc, grpc_health.v1.health_pb2, grpc_reflection.v1alpha, grpc_status";
    let Some(mut python) = tool("python3", &["-c", imports]) else { return };
    let server = Server::new();
    let client = ours("tests/foreign/client.py");
    python.arg(client).arg(&server.address);
    says(python, true, &["conducted a vote of 3 members"]).await;
}

#[tokio::test]
async fn a_node_client_conducts_a_vote_from_the_files_of_the_contract() {
    let Some(mut node) = node() else { return };
    let server = Server::new();
    let client = ours("tests/foreign/client.mjs");
    node.arg(client).arg(&server.address);
    says(node, true, &["conducted a vote of 3 members"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_ballot_that_h2load_gets_an_answer_for_is_on_record_once() {
    const BALLOTS: usize = 2_000;
    let Some(mut h2load) = tool("h2load", &["--version"]) else { return };
    let server = opened().await;
    // Without a request_id each is a request of its own.
    let ballot = CastBallotRequest {
        vote: VOTE.into(),
        member: "A".into(),
        choice: Choice::No.into(),
        request_id: String::new(),
    };
    let ballot = ballot.encode_to_vec();
    let frame = [&[0][..], &u32::try_from(ballot.len()).unwrap().to_be_bytes(), &ballot].concat();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, frame).unwrap();
    let sizes = ["-n", &BALLOTS.to_string(), "-c", "4", "-m", "32"].map(str::to_owned);
    h2load.args(sizes).args(["-H", "content-type: application/grpc", "-H", "te: trailers", "-d"]).arg(file.path());
    let answered = format!("{BALLOTS} succeeded, 0 failed, 0 errored");
    let answers = format!("{BALLOTS} 2xx, 0 3xx, 0 4xx, 0 5xx");
    h2load.arg(format!("http://{}/{CAST}", server.address));
    says(h2load, true, &[&answered, &answers]).await;

    // A refusal has status 200 too: what counted, the record says.
    let mut client = server.client().await;
    let no = i32::from(Choice::No);
    let entries = client.entries().await;
    let cast =
        entries.iter().filter(|entry| matches!(&entry.event, Some(Event::BallotCast(cast)) if cast.choice == no));
    assert_eq!(cast.count(), BALLOTS);
    assert_eq!(heads(client.tally().await.unwrap().tally.as_ref()), "0-1-0-0-1");
}
