//! What holds for every call, whatever it is: its deadline, its place among connections, and the two ways to speak.

use std::time::Duration;

use rollcall::proto::watch_tally_response::Message;
use rollcall::proto::{self, Choice};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::bare::{Bare, framed, http1};
use crate::harness::client::{VOTE, ballot, preset};
use crate::harness::held::{HeldLog, Running};
use crate::harness::server::{PATIENCE, serve};
use crate::harness::{Server, uuid};

/// Long enough for a call to be taken, short enough to wait for.
const SHORT: Duration = Duration::from_millis(300);

#[track_caller]
fn too_late(status: &Status) {
    let info = status.get_details_error_info();
    let reason = info.map(|info| info.reason).unwrap_or_default();
    assert_eq!((status.code(), &*reason), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"), "{status:?}");
    assert!(status.message().contains("request_id"), "{status:?}");
}

#[tokio::test]
async fn a_deadline_ends_a_call_that_waits_and_the_retry_learns_what_became_of_it() {
    let log = HeldLog::new();
    let mut running = Running::over(&log).await;
    let mut client = running.served().await;
    client.ready(&["A", "B"], preset("un.ga.simple")).await;
    log.appends.hold();
    let bare = Bare::connect(running.address()).await;
    let cast = ballot("A", Choice::Yes);
    let mut answers = bare.call("BallotService/CastBallot", &cast, SHORT, false).await;
    too_late(&answers.next::<proto::CastBallotResponse>().await.unwrap_err());
    let batch = proto::CastBallotsRequest { ballots: vec![ballot("B", Choice::No)] };
    let mut answers = bare.call("BallotService/CastBallots", &batch, SHORT, false).await;
    too_late(&answers.next::<proto::CastBallotsResponse>().await.unwrap_err());
    log.appends.let_go();
    let receipt = client.send(cast).await.unwrap();
    assert!(receipt.replayed, "it was recorded, once: {receipt:?}");
}

#[tokio::test]
async fn a_deadline_ends_a_stream_after_what_it_has_shown() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A"], preset("un.ga.simple")).await;
    let bare = Bare::connect(&server.address).await;

    let watch = proto::WatchTallyRequest { vote: VOTE.into(), ..Default::default() };
    let mut watch = bare.call("TallyService/WatchTally", &watch, SHORT, false).await;
    let hall = proto::WatchVotesRequest { parent: "bodies/-".into(), ..Default::default() };
    let mut hall = bare.call("TallyService/WatchVotes", &hall, SHORT, false).await;
    let read = proto::ReadEntriesRequest { follow: true, ..Default::default() };
    let mut read = bare.call("RecordService/ReadEntries", &read, SHORT, false).await;
    let first = proto::StreamBallotsRequest { ballot: Some(ballot("A", Choice::Yes)) };
    let mut cast = bare.call("BallotService/StreamBallots", &first, SHORT, true).await;

    let first = watch.next::<proto::WatchTallyResponse>().await.unwrap();
    assert!(matches!(first.message, Some(Message::Frame(_))), "{first:?}");
    let result = cast.next::<proto::StreamBallotsResponse>().await.unwrap().result.unwrap().result;
    assert!(matches!(result, Some(proto::ballot_result::Result::Receipt(_))), "{result:?}");
    too_late(&last::<proto::WatchTallyResponse>(&mut watch).await);
    too_late(&last::<proto::WatchVotesResponse>(&mut hall).await);
    too_late(&last::<proto::ReadEntriesResponse>(&mut read).await);
    too_late(&last::<proto::StreamBallotsResponse>(&mut cast).await);
}

/// How a stream ends, after all that it still says.
async fn last<M: prost::Message + Default>(answers: &mut crate::harness::bare::Answers) -> Status {
    let end = async {
        loop {
            if let Err(status) = answers.next::<M>().await {
                return status;
            }
        }
    };
    tokio::time::timeout(PATIENCE, end).await.expect("an end")
}

#[tokio::test]
async fn a_call_within_its_deadline_is_answered_as_ever() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A"], preset("un.ga.simple")).await;
    let bare = Bare::connect(&server.address).await;
    let hour = Duration::from_secs(3_600);
    let cast = ballot("A", Choice::Yes);
    let mut answers = bare.call("BallotService/CastBallot", &cast, hour, false).await;
    answers.next::<proto::CastBallotResponse>().await.unwrap().receipt.expect("a receipt");
    let ended = answers.next::<proto::CastBallotResponse>().await.unwrap_err();
    assert_eq!(ended.code(), Code::Ok);
}

#[tokio::test]
async fn a_browser_is_answered_over_http1_as_its_origin_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    let server = Server::spawn(serve(&data).args(["--allow-origin", "http://screens.example:8080"]), &data);
    let mut client = server.client().await;
    client.ready(&["A"], preset("un.ga.simple")).await;
    let path = "/rollcall.v1.BallotService/CastBallot";

    let preflight = async |origin: &str| {
        let asks = "access-control-request-method: POST\r\naccess-control-request-headers: content-type,x-grpc-web\r\n";
        let head = format!("OPTIONS {path} HTTP/1.1\r\norigin: {origin}\r\n{asks}");
        String::from_utf8_lossy(&http1(&server.address, &head, b"").await).to_lowercase()
    };
    let welcome = preflight("http://screens.example:8080").await;
    assert!(welcome.contains("access-control-allow-origin: http://screens.example:8080"), "{welcome}");
    assert!(welcome.contains("access-control-allow-headers: content-type,grpc-timeout,x-grpc-web"), "{welcome}");
    let unknown = preflight("http://elsewhere.example").await;
    assert!(!unknown.contains("access-control-allow-origin"), "{unknown}");

    let cast = async |choice: Choice| {
        let head = format!(
            "POST {path} HTTP/1.1\r\norigin: http://screens.example:8080\r\ncontent-type: application/grpc-web+proto\r\nx-grpc-web: 1\r\n"
        );
        String::from_utf8_lossy(&http1(&server.address, &head, &framed(&ballot("A", choice))).await).to_lowercase()
    };
    let taken = cast(Choice::Yes).await;
    assert!(taken.starts_with("http/1.1 200") && taken.contains("grpc-status:0"), "{taken}");
    assert!(
        taken.contains("access-control-expose-headers: grpc-status,grpc-message,grpc-status-details-bin"),
        "{taken}"
    );
    assert!(cast(Choice::NotVoting).await.contains("grpc-status: 3"));
    assert_eq!(client.tally().await.unwrap().tally.unwrap().heads.unwrap().yes, 1);
}

#[tokio::test]
async fn an_origin_that_cannot_be_one_is_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    for wrong in ["screens.example", "http://", "http://a.example/page", "https://*.example", ""] {
        let mut command = serve(&folder.path().join("record"));
        let ended = crate::harness::server::ended(command.args(["--allow-origin", wrong]));
        assert_eq!(ended.status.code(), Some(2), "{wrong}: {ended:?}");
        assert!(ended.stderr.contains("SCHEME://HOST[:PORT]"), "{ended:?}");
    }
}

#[tokio::test]
async fn a_connection_that_never_says_anything_or_half_a_word_is_closed() {
    let server = Server::new();
    let closed = async |said: &[u8]| {
        let mut silent = TcpStream::connect(&server.address).await.unwrap();
        silent.write_all(said).await.unwrap();
        let read = tokio::time::timeout(PATIENCE, silent.read(&mut [0; 64])).await.expect("the server closes it");
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    };
    tokio::join!(closed(b""), closed(b"PRI * HTTP/2.0\r\n\r\n"));
    server.client().await.seat(&["A"]).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn connections_beyond_the_bound_are_closed_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    // The bound follows from the files that the process may open: 100 of them leave 36 for connections.
    let mut command = std::process::Command::new("sh");
    let serve = serve(&data);
    command.args(["-c", "ulimit -n 100; exec \"$0\" \"$@\""]).arg(serve.get_program()).args(serve.get_args());
    let server = Server::spawn(&mut command, &data);
    let mut client = server.client().await;
    client.ready(&["A", "B"], preset("un.ga.simple")).await;

    let (mut kept, mut closed) = (Vec::new(), 0);
    for _ in 0..80 {
        let mut one = TcpStream::connect(&server.address).await.unwrap();
        // The first words of HTTP/2: whoever is let in is answered.
        let _ = one.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
        match one.read(&mut [0; 64]).await {
            Ok(0) | Err(_) => closed += 1,
            Ok(_) => kept.push(one),
        }
    }
    assert_eq!((kept.len(), closed), (35, 45));
    client.cast("A", Choice::Yes).await.expect("who is in goes on");
    drop(kept);
    let mut later = loop {
        let endpoint = tonic::transport::Channel::from_shared(format!("http://{}", server.address)).unwrap();
        if let Ok(channel) = endpoint.connect().await {
            let mut later = client.over(channel);
            if later.vote().await.is_ok() {
                break later;
            }
        }
    };
    later.send(proto::CastBallotRequest { request_id: uuid(), ..ballot("B", Choice::No) }).await.unwrap();
}
