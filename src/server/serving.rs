//! The network: connections served over HTTP/2, or over HTTP/1.1 for gRPC-Web, until they end or the server stops. It is here,
//! and not tonic's, since tonic's lets no one end an answer that is not taken. Knows no call.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::task::JoinSet;
use tokio_stream::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tower::{Service, ServiceExt};

use super::incoming::Connection;
use super::stuck::{Patience, Pieces};

/// An idle connection is asked for a sign of life this often, so that those whose peer is gone do not pile up.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// And is closed where none comes for this long.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// What one stream takes unread: some hundred ballots, or a message in a few round trips. A sender of ballots that is held
/// up sends small frames, and h2 ends the connection of one that has too many of them unread: beyond half a byte of
/// overhead for each byte of the connection's window, 256 bytes less a frame's length counted as overhead. A full window of
/// the shortest ballots, 30 bytes each, is an eighth of the overhead that this window of the connection allows.
pub const STREAM_WINDOW: u32 = 64 << 10;
/// What one connection takes unread, see [`STREAM_WINDOW`].
pub const CONNECTION_WINDOW: u32 = 8 << 20;

/// What is queued for one stream whose reader has opened its window and reads nothing: what comes later waits for the
/// newest state.
const SEND_BUFFER: usize = 64 << 10;

/// Streams on one connection at once: a hall of screens behind one proxy shares a connection.
pub const MAX_STREAMS: u32 = 1_024;

/// The headers of one request together, in bytes.
const MAX_HEADERS: u32 = 16 << 10;

/// Serves what comes until `stopping` is cancelled, then what is under way until it has ended. Dropped before, it cuts that
/// off.
pub(super) async fn serve<S>(
    connections: impl Stream<Item = Connection>,
    service: S,
    max_behind: Duration,
    stopping: CancellationToken,
) where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let mut open = JoinSet::new();
    {
        // Gone once the server stops, and with it the listener: who comes then is refused at once.
        let mut connections = pin!(connections);
        loop {
            tokio::select! {
                () = stopping.cancelled() => break,
                Some(connection) = connections.next() => {
                    open.spawn(converse(connection, service.clone(), max_behind, stopping.clone()));
                }
                Some(_) = open.join_next() => {}
            }
        }
    }
    while open.join_next().await.is_some() {}
}

/// Answers the calls of one connection.
async fn converse<S>(connection: Connection, service: S, max_behind: Duration, stopping: CancellationToken)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let peer = connection.peer;
    let mut http = auto::Builder::new(Patience::with(peer, max_behind));
    // With a timer, the head of a request has 30 seconds.
    http.http1().timer(TokioTimer::new());
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(SIGN_OF_LIFE)
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .max_header_list_size(MAX_HEADERS);
    let answer = service_fn(move |request: Request<Incoming>| {
        let answered = service.clone().oneshot(request.map(Body::new));
        // A stream keeps the room of what makes its answer for as long as it lasts, if that is not in a box of its own.
        Box::pin(async { answered.await.map(|response| response.map(Pieces::of)) })
    });
    let mut conversation = pin!(http.serve_connection(TokioIo::new(connection), answer));
    let ended = tokio::select! {
        ended = after_others(conversation.as_mut()) => ended,
        () = stopping.cancelled() => {
            conversation.as_mut().graceful_shutdown();
            conversation.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, error, "a connection failed");
    }
}

/// Lets what is ready besides have its turn each time before `connection` has its own: what many streams have to send, a frame
/// for each watcher, is then written together. Woken by the first of them, it would write that alone, and so on.
async fn after_others<T>(mut connection: Pin<&mut impl Future<Output = T>>) -> T {
    let mut waited = false;
    poll_fn(|context| {
        waited = !waited;
        if waited {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        connection.as_mut().poll(context)
    })
    .await
}
