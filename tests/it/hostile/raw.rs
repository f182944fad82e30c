//! Bytes to a server, as no decent client sends them.

use rollcall::proto;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Status;
use tonic::transport::Channel;

use super::yes;
use crate::harness::{Client, raw};

/// Sends one message to a method, and takes the first answer.
pub async fn call(channel: &Channel, path: &str, message: Vec<u8>) -> Result<(), Status> {
    raw::call(channel, path, message).await?.message().await.map(drop)
}

/// Sends bytes that are no call, and reads until the server has had enough or says something.
pub async fn shout(address: &str, garbage: &[u8]) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(garbage).await.unwrap();
    let mut answer = [0; 64];
    let _ = stream.read(&mut answer).await;
}

/// Begins a stream of ballots and a watch, and is gone.
pub async fn vanish(client: Client) {
    let vote = "bodies/hall/votes/open";
    let ballot = move || Some(proto::CastBallotRequest { vote: vote.into(), ..yes("B") });
    let ballots = tokio_stream::iter(std::iter::repeat_with(move || proto::StreamBallotsRequest { ballot: ballot() }));
    let mut sender = client.ballots.clone();
    let mut answers = sender.stream_ballots(ballots).await.unwrap().into_inner();
    answers.message().await.unwrap();
    let watch = proto::WatchTallyRequest { vote: vote.into(), ..Default::default() };
    let mut watcher = client.tallies.clone();
    watcher.watch_tally(watch).await.unwrap().into_inner().message().await.unwrap();
}
