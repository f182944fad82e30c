//! Calls over bare HTTP, by a client that ends nothing by itself: what it is told comes from the server.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use h2::client::SendRequest;
use h2::{RecvStream, SendStream};
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::{Code, Status};

use super::server::PATIENCE;

/// A connection over HTTP/2.
pub struct Bare {
    address: String,
    requests: SendRequest<Bytes>,
}

/// A call's answers as they come. The request's side stays open for as long as this is kept.
pub struct Answers {
    _sending: SendStream<Bytes>,
    headers: http::HeaderMap,
    body: RecvStream,
    read: BytesMut,
}

/// A message in gRPC's frame.
pub fn framed(message: &impl Message) -> Bytes {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, &message].concat().into()
}

impl Bare {
    pub async fn connect(address: &str) -> Self {
        Self::with_window(address, 65_535).await
    }

    /// A connection whose streams each take so many bytes unread, and all of them together more than they can be sent.
    pub async fn with_window(address: &str, window: u32) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(window).initial_connection_window_size(64 << 20);
        let (requests, connection) = builder.handshake(stream).await.unwrap();
        tokio::spawn(connection);
        Self { address: address.to_owned(), requests }
    }

    /// Sends a message to a method, to be answered within `timeout`. More may follow, if asked.
    pub async fn call(&self, method: &str, message: &impl Message, timeout: Duration, more: bool) -> Answers {
        self.send(method, framed(message), timeout, more).await
    }

    /// The same with a message that was framed before.
    pub async fn send(&self, method: &str, message: Bytes, timeout: Duration, more: bool) -> Answers {
        let request = http::Request::post(format!("http://{}/rollcall.v1.{method}", self.address))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("grpc-timeout", format!("{}m", timeout.as_millis()));
        let mut requests = self.requests.clone().ready().await.unwrap();
        let (answer, mut sending) = requests.send_request(request.body(()).unwrap(), false).unwrap();
        sending.send_data(message, !more).unwrap();
        let (head, body) = answer.await.unwrap().into_parts();
        assert_eq!(head.status, 200);
        Answers { _sending: sending, headers: head.headers, body, read: BytesMut::new() }
    }
}

impl Answers {
    /// The next message; where there is none any more, how the call ended.
    pub async fn next<M: Message + Default>(&mut self) -> Result<M, Status> {
        loop {
            if self.read.len() >= 5 {
                let length = u32::from_be_bytes(self.read[1..5].try_into().unwrap()) as usize;
                if self.read.len() >= 5 + length {
                    let frame = self.read.split_to(5 + length);
                    return Ok(M::decode(&frame[5..]).unwrap());
                }
            }
            if !self.take().await {
                return Err(self.ended().await);
            }
        }
    }

    /// Takes some bytes, and so opens the window for as many; false at the end.
    pub async fn take(&mut self) -> bool {
        let data = tokio::time::timeout(PATIENCE, self.body.data()).await.expect("an answer, or an end");
        let Some(data) = data else { return false };
        let data = data.unwrap();
        self.body.flow_control().release_capacity(data.len()).unwrap();
        self.read.extend_from_slice(&data);
        true
    }

    /// Takes nothing more, opens no window, and waits until it is broken off.
    pub async fn broken_off(&mut self) -> h2::Error {
        loop {
            match tokio::time::timeout(PATIENCE, self.body.data()).await.expect("an end") {
                Some(Ok(_)) => {}
                Some(Err(error)) => return error,
                None => panic!("it came to its end"),
            }
        }
    }

    async fn ended(&mut self) -> Status {
        let trailers = self.body.trailers().await.unwrap();
        let status = trailers.as_ref().and_then(Status::from_header_map);
        status.or_else(|| Status::from_header_map(&self.headers)).unwrap_or_else(|| Status::new(Code::Unknown, "none"))
    }
}

/// Sends a request over HTTP/1.1 to a server that closes the connection then, and gives all that it says.
pub async fn http1(address: &str, head: &str, body: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!("{head}host: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}
