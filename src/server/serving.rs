//! The network: connections served over HTTP/2, or over HTTP/1.1 for gRPC-Web, until they end or the server stops. It is here,
//! and not tonic's, since tonic's lets no one end an answer that is not taken. Knows no call.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::TryFutureExt as _;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::task::JoinSet;
use tokio_stream::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;

use super::incoming::Connection;
use super::services::Services;
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
pub(super) async fn serve(
    connections: impl Stream<Item = Connection>,
    services: Services,
    max_behind: Duration,
    stopping: CancellationToken,
) {
    let services = Arc::new(services);
    let mut open = JoinSet::new();
    {
        // Gone once the server stops, and with it the listener: who comes then is refused at once.
        let mut connections = pin!(connections);
        loop {
            tokio::select! {
                () = stopping.cancelled() => break,
                Some(connection) = connections.next() => {
                    open.spawn(last(converse(connection, Arc::clone(&services), max_behind, stopping.clone())));
                }
                Some(_) = open.join_next() => {}
            }
        }
    }
    while open.join_next().await.is_some() {}
}

/// Runs what is ready only after all else that is: answers that are ready together are then sent by one write, where each would
/// else be sent by its own. To wait so costs no time, since the others would have had it.
async fn last<F: Future>(work: F) -> F::Output {
    let mut work = pin!(work);
    let mut waited = false;
    poll_fn(|context| {
        waited = !waited;
        if waited {
            // Woken while it runs, a task goes to the end of the queue.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        work.as_mut().poll(context)
    })
    .await
}

/// Answers the calls of one connection.
async fn converse(connection: Connection, services: Arc<Services>, max_behind: Duration, stopping: CancellationToken) {
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
        // In a box of its own, what makes an answer gives its room back before the answer is sent.
        services.call(request.map(Body::new)).map_ok(|response| response.map(Pieces::of))
    });
    let mut conversation = pin!(http.serve_connection(TokioIo::new(connection), answer));
    let ended = tokio::select! {
        ended = conversation.as_mut() => ended,
        () = stopping.cancelled() => {
            conversation.as_mut().graceful_shutdown();
            conversation.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, error, "a connection failed");
    }
}
