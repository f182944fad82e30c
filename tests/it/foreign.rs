//! Clients that are not ours list, describe and call the service: grpcurl, buf curl, Python's grpcio.

use std::process::{Command, Output};

use rollcall::proto::Choice;

use crate::harness::Server;
use crate::harness::client::{VOTE, preset};
use crate::harness::server::skip;

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

/// Runs `command`, and checks whether it succeeds and that it says each of these.
#[track_caller]
fn says(command: &mut Command, succeeds: bool, words: &[&str]) {
    let output = command.output().unwrap();
    let said = text(&output);
    assert_eq!(output.status.success(), succeeds, "{command:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{command:?} does not say {word:?}: {said}");
    }
}

async fn opened() -> Server {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B"], preset("un.ga.simple")).await;
    client.cast("A", Choice::Yes).await.unwrap();
    server
}

const WRONG: &str = r#"{"vote":"nope","member":"A"}"#;

#[tokio::test]
async fn grpcurl_lists_describes_and_calls_it() {
    let Some(_) = tool("grpcurl", &["-version"]) else { return };
    let server = opened().await;
    let grpcurl = |args: &[&str], of: &[&str]| {
        let mut command = Command::new("grpcurl");
        command.arg("-plaintext").args(args).arg(&server.address).args(of);
        command
    };
    let services = ["rollcall.v1.VoteService", "rollcall.v1.TallyService", "grpc.health.v1.Health"];
    says(&mut grpcurl(&[], &["list"]), true, &services);
    let described = ["message CastBallotRequest", ".rollcall.v1.Choice choice = 3"];
    says(&mut grpcurl(&[], &["describe", "rollcall.v1.CastBallotRequest"]), true, &described);
    let vote = format!(r#"{{"vote":"{VOTE}"}}"#);
    says(&mut grpcurl(&["-d", &vote], &["rollcall.v1.TallyService/GetTally"]), true, &[r#""yes": "1""#]);
    let refused = ["InvalidArgument", "google.rpc.BadRequest", r#""field":"choice""#, r#""reason":"INVALID_FIELD""#];
    says(&mut grpcurl(&["-d", WRONG], &["rollcall.v1.BallotService/CastBallot"]), false, &refused);
}

#[tokio::test]
async fn buf_curl_lists_and_calls_it() {
    let Some(_) = tool("buf", &["--version"]) else { return };
    let server = opened().await;
    let buf = |args: &[&str], path: &str| {
        let mut command = Command::new("buf");
        let url = format!("http://{}/{path}", server.address);
        command.args(["curl", "--protocol", "grpc", "--http2-prior-knowledge"]).args(args).arg(url);
        command
    };
    says(&mut buf(&["--list-services"], ""), true, &["rollcall.v1.VoteService", "rollcall.v1.RuleService"]);
    let vote = format!(r#"{{"name":"{VOTE}"}}"#);
    says(&mut buf(&["-d", &vote], "rollcall.v1.VoteService/GetVote"), true, &["VOTE_STATE_OPEN"]);
    let refused = ["invalid_argument", "google.rpc.BadRequest"];
    says(&mut buf(&["-d", WRONG], "rollcall.v1.BallotService/CastBallot"), false, &refused);
}

#[tokio::test]
async fn a_python_client_learns_the_service_and_conducts_a_vote() {
    let imports = "import grpc, grpc_health.v1.health_pb2, grpc_reflection.v1alpha, grpc_status";
    let Some(mut python) = tool("python3", &["-c", imports]) else { return };
    let server = Server::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/client.py");
    says(python.args([script, &server.address]), true, &["conducted a vote of 3 members"]);
}
