//! A reader that takes nothing costs little, and not for long: it is ended, and never with OK. One that is slow is not.

use std::time::{Duration, Instant};

use prost::Message as _;
use rollcall::proto::watch_tally_response::Message;
use rollcall::proto::{self, Choice, Outcome, TieBreak};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tonic::Code;
use tonic::transport::Channel;

use crate::harness::bare::{Answers, Bare, framed};
use crate::harness::client::{VOTE, ballot, frame, majority, member};
use crate::harness::held::{HeldLog, Running};
use crate::harness::server::PATIENCE;
use crate::harness::{Client, Server};

/// In place of the minute that a server gives.
const BOUND: Duration = Duration::from_secs(1);

/// The same for those that are slow: ten times as long as they take for a piece, and more for a busy machine.
const LONG: Duration = Duration::from_secs(4);

/// The whole roll is more than any window here.
const MEMBERS: usize = 600;

fn id(at: usize) -> String {
    format!("{at:063}")
}

async fn make_ready(client: &mut Client) {
    client.seat_members((0..MEMBERS).map(|at| member(&id(at))).collect()).await.unwrap();
    client.table(majority(TieBreak::Unspecified)).await.unwrap();
    client.open().await.unwrap();
}

async fn hall(bound: Duration) -> (Running, Client) {
    let mut running = Running::with(&HeldLog::new(), bound).await;
    let mut client = running.served().await;
    make_ready(&mut client).await;
    (running, client)
}

/// Ballots are cast without end.
fn voting(client: &Client) {
    let mut client = client.clone();
    tokio::spawn(async move {
        for at in 0.. {
            if client.cast(&id(at % MEMBERS), [Choice::Yes, Choice::No][at % 3 % 2]).await.is_err() {
                return;
            }
        }
    });
}

fn tally(with_ballots: bool) -> proto::WatchTallyRequest {
    proto::WatchTallyRequest { vote: VOTE.into(), with_ballots, ..Default::default() }
}

async fn watch(bare: &Bare, with_ballots: bool) -> Answers {
    bare.call("TallyService/WatchTally", &tally(with_ballots), PATIENCE, false).await
}

/// Whether the server has ended this one stream: CANCELLED, as gRPC has it.
fn cancelled(end: &h2::Error) -> bool {
    end.is_reset() && end.is_remote() && end.reason() == Some(h2::Reason::CANCEL)
}

/// The revision of the next frame.
async fn revision(watch: &mut Answers) -> u64 {
    loop {
        if let Some(Message::Frame(frame)) = watch.next::<proto::WatchTallyResponse>().await.unwrap().message {
            return frame.revision;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_takes_nothing_is_ended_and_not_with_ok() {
    const PIECE: u32 = 16 << 10;
    let (running, client) = hall(BOUND).await;
    voting(&client);
    let votes = proto::WatchVotesRequest { parent: "bodies/-".into(), ..Default::default() };
    let entries = proto::ReadEntriesRequest { follow: true, ..Default::default() };
    let cases = [
        ("TallyService/WatchTally", framed(&tally(true)), [0, 1, 1_000, PIECE, PIECE + 1_000]),
        ("TallyService/WatchTally", framed(&tally(false)), [0, 1, 10, 100, 1_000]),
        ("TallyService/WatchVotes", framed(&votes), [0, 1, 10, 100, 1_000]),
        ("RecordService/ReadEntries", framed(&entries), [0, 1, 1_000, PIECE, PIECE + 1_000]),
    ];
    let mut readers = tokio::task::JoinSet::new();
    for (method, request, windows) in cases {
        for window in windows {
            let (address, request) = (running.address().to_owned(), request.clone());
            readers.spawn(async move {
                let bare = Bare::with_window(&address, window).await;
                let since = Instant::now();
                let mut answers = bare.send(method, request, PATIENCE, false).await;
                let end = answers.broken_off().await;
                assert!(cancelled(&end), "{method} with a window of {window}: {end:?}");
                assert!(since.elapsed() >= BOUND, "{method} with a window of {window}: {:?}", since.elapsed());
            });
        }
    }
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn others_on_its_connection_go_on() {
    let (running, client) = hall(LONG).await;
    voting(&client);
    let bare = Bare::with_window(running.address(), 1_000).await;
    let mut lively = watch(&bare, false).await;
    for _ in 0..2 {
        let mut stuck = watch(&bare, true).await;
        let mut end = std::pin::pin!(stuck.broken_off());
        let (mut last, mut shown) = (0, 0);
        let end = loop {
            tokio::select! {
                end = &mut end => break end,
                next = revision(&mut lively) => {
                    assert!(next > last);
                    (last, shown) = (next, shown + 1);
                }
            }
        };
        assert!(cancelled(&end), "{end:?}");
        assert!(shown >= 5, "{shown} frames beside one that is stuck");
    }
    revision(&mut lively).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn to_a_client_it_is_a_cancelled_call() {
    let (running, mut client) = hall(BOUND).await;
    voting(&client);
    let narrow = Channel::from_shared(format!("http://{}", running.address)).unwrap();
    let narrow = narrow.initial_stream_window_size(1_000).connect().await.unwrap();
    let mut stuck = client.over(narrow).watch(true).await.unwrap();
    let mut lively = client.watch(false).await.unwrap();
    let began = Instant::now();
    while began.elapsed() < 3 * BOUND {
        frame(&mut lively).await.unwrap().unwrap();
    }
    let status = loop {
        match frame(&mut stuck).await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("ended with OK, and the vote has no result"),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::Cancelled, "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_watcher_is_not_ended_and_skips_to_the_newest() {
    let (running, mut client) = hall(LONG).await;
    voting(&client);
    let bare = Bare::with_window(running.address(), 1_000).await;
    let mut slow = watch(&bare, false).await;
    let mut lively = client.watch(false).await.unwrap();
    let began = Instant::now();
    let (mut all, mut taken) = (0, 0);
    let mut last = 0;
    while began.elapsed() < 2 * LONG {
        // A fifth of a second's.
        for _ in 0..4 {
            frame(&mut lively).await.unwrap().unwrap();
            all += 1;
        }
        let next = revision(&mut slow).await;
        assert!(next > last);
        (last, taken) = (next, taken + 1);
    }
    assert!(taken < all / 3, "{taken} of {all}");
    client.lock().await.unwrap();
    client.declare(Outcome::Adopted, "").await.unwrap();
    let end = loop {
        match slow.next::<proto::WatchTallyResponse>().await {
            Ok(_) => taken += 1,
            Err(status) => break status,
        }
    };
    assert_eq!(end.code(), Code::Ok, "{end:?}");
    assert!(taken < all * 2 / 3, "{taken} of {all}: it did not skip");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_of_one_large_message_is_not_ended() {
    let (running, mut client) = hall(LONG).await;
    for start in (MEMBERS..).step_by(1_000).take(4) {
        client.admit((start..start + 1_000).map(|at| member(&id(at))).collect()).await.unwrap();
    }
    voting(&client);
    let bare = Bare::with_window(running.address(), 8 << 10).await;
    let entries = proto::ReadEntriesRequest { follow: true, ..Default::default() };
    let mut slow = bare.call("RecordService/ReadEntries", &entries, PATIENCE, false).await;
    let mut lively = client.watch(false).await.unwrap();
    let began = Instant::now();
    while began.elapsed() < 2 * LONG {
        // A fifth of a second's.
        for _ in 0..4 {
            frame(&mut lively).await.unwrap().unwrap();
        }
        assert!(slow.take().await);
    }
    let message: proto::ReadEntriesResponse = slow.next().await.unwrap();
    assert!(message.entries.len() >= 8 && message.encoded_len() > 256 << 10, "one message, and a large one");
}

/// A call of a method that answers with much, on a stream of its own.
fn asks(stream: u32) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/rollcall.v1.RuleService/ListRules"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ] {
        headers.push(0);
        for text in [name, value] {
            headers.push(u8::try_from(text.len()).unwrap());
            headers.extend(text.bytes());
        }
    }
    [http2(1, 4, stream, &headers), http2(0, 1, stream, &[0; 5])].concat()
}

/// A frame of HTTP/2.
fn http2(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A connection that takes little unread.
async fn narrow(address: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    socket.connect(address.parse().unwrap()).await.unwrap()
}

/// Writes without end and reads nothing, until the server has closed the connection; says how long that took.
async fn closed(mut stream: TcpStream, more: Vec<u8>) -> Duration {
    let began = Instant::now();
    let writing = async { while stream.write_all(&more).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, writing).await.expect("the server closes it");
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_whose_other_end_reads_nothing_is_closed() {
    let (running, mut client) = hall(BOUND).await;
    let mut stuck = narrow(&running.address).await;
    stuck.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let wide = 0x7fff_ffff_u32.to_be_bytes();
    let settings = [&[0, 4][..], &wide].concat();
    let mut opening = [http2(4, 0, 0, &settings), http2(8, 0, 0, &(0x7fff_ffff_u32 - 65_535).to_be_bytes())].concat();
    for call in 0..200 {
        opening.extend(asks(2 * call + 1));
    }
    stuck.write_all(&opening).await.unwrap();
    let ping = http2(6, 0, 0, &[0; 8]);
    let over_http1 = narrow(&running.address).await;
    let ask = b"POST /rollcall.v1.RuleService/ListRules HTTP/1.1\r\nhost: rollcall\r\n\
        content-type: application/grpc-web+proto\r\ncontent-length: 5\r\n\r\n\0\0\0\0\0";
    let (http2, http1) = tokio::join!(closed(stuck, ping), closed(over_http1, ask.to_vec()));
    assert!(http2 >= BOUND && http1 >= BOUND, "{http2:?} {http1:?}");
    client.tally().await.expect("others go on");
}

/// What a process has in memory, in KiB.
#[cfg(target_os = "linux")]
fn resident(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Casts so many ballots, and gives what the server has then taken of memory beside.
#[cfg(target_os = "linux")]
async fn grown_by(server: &Server, client: &mut Client, ballots: usize) -> u64 {
    let before = resident(server);
    for start in (0..ballots).step_by(100) {
        let ballots =
            (start..start + 100).map(|at| ballot(&id(at % MEMBERS), [Choice::Yes, Choice::No][at / MEMBERS % 2]));
        let request = proto::CastBallotsRequest { ballots: ballots.collect() };
        client.ballots.cast_ballots(request).await.unwrap();
    }
    resident(server).saturating_sub(before)
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn what_watchers_do_not_take_is_not_kept_for_them() {
    const WATCHERS: usize = 200;
    const BALLOTS: usize = 1_000;
    let server = Server::new();
    let mut client = server.client().await;
    make_ready(&mut client).await;
    let alone = grown_by(&server, &mut client, BALLOTS).await;
    let bare = Bare::with_window(&server.address, 1_000).await;
    let before = resident(&server);
    let mut stuck = Vec::new();
    for _ in 0..WATCHERS {
        stuck.push(watch(&bare, true).await);
    }
    let each = resident(&server).saturating_sub(before) * 1_024 / WATCHERS as u64;
    let beside = grown_by(&server, &mut client, BALLOTS).await;
    assert!(each < 16 << 10, "{each} bytes for a watcher, though each is shown the same");
    assert!(beside < alone + 16 * WATCHERS as u64, "{beside} KiB beside them, {alone} KiB without");
    for watch in &mut stuck {
        revision(watch).await;
    }
}
