//! Connections as they come: no more than there is room for, none that never says anything, and none that never reads.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_stream::stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tokio_stream::Stream;

/// Connections at once, where the process may open that many files: each of them can carry a thousand calls.
const MAX_CONNECTIONS: usize = 10_000;

/// Files that the process needs for itself: the log's, and a copy of it while it is opened.
const FILES_OF_OURS: usize = 64;

/// A connection that has not begun for this long after it was made is closed: a client speaks first, and at once.
const FIRST_WORD: Duration = Duration::from_secs(10);

/// By so many bytes it has: HTTP/2's preface, which is shorter than any request of HTTP/1.1. Until all of it has come HTTP waits
/// without a bound.
const BEGUN: usize = 24;

/// After a connection could not be taken, so that a lack of files or memory does not become a lack of CPU too.
const BREATH: Duration = Duration::from_millis(100);

/// Takes connections as there is room for them; one too many is closed at once, which a client takes for UNAVAILABLE. One
/// that takes nothing of what is written to it for `max_behind` fails.
pub(super) fn connections(listener: TcpListener, max_behind: Duration) -> impl Stream<Item = Connection> {
    let most = most_connections();
    let room = Arc::new(Semaphore::new(most));
    stream! {
        let mut full = false;
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(BREATH).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
                if !full {
                    tracing::warn!(most, "there are as many connections as there is room for: more are closed at once");
                }
                full = true;
                continue;
            };
            full = false;
            // A peer that is gone by now is found out by the first read.
            let _ = stream.set_nodelay(true);
            let silent = Some(Box::pin(tokio::time::sleep(FIRST_WORD)));
            yield Connection { stream, peer, silent, begun: 0, stuck: None, max_behind, _place: place };
        }
    }
}

/// As many as are good for us, and as the process may open files, once it has asked for as many as that takes.
fn most_connections() -> usize {
    #[cfg(unix)]
    let files = files(MAX_CONNECTIONS + FILES_OF_OURS);
    #[cfg(not(unix))]
    let files = usize::MAX;
    let most = files.saturating_sub(FILES_OF_OURS).clamp(1, MAX_CONNECTIONS);
    if most < MAX_CONNECTIONS {
        tracing::info!(most, "connections are bounded by the files that this process may open (ulimit -Hn)");
    }
    most
}

/// How many files the process may open, raised towards `wanted` as far as the system lets it.
#[cfg(unix)]
fn files(wanted: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(wanted as u64, |most| most.min(wanted as u64));
    let enough = limit.current.is_none_or(|now| now >= wanted);
    let raised = !enough && setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit }).is_ok();
    let files = if raised { Some(wanted) } else { limit.current };
    files.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX))
}

/// A connection, in its place among those that there is room for.
pub(super) struct Connection {
    stream: TcpStream,
    /// Who is at its other end.
    pub(super) peer: SocketAddr,
    /// Until it has begun.
    silent: Option<Pin<Box<Sleep>>>,
    /// Bytes that came until then.
    begun: usize,
    /// For as long as the peer takes nothing.
    stuck: Option<Pin<Box<Sleep>>>,
    max_behind: Duration,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    /// What came of a write, or that the peer has taken nothing for too long.
    fn written(&mut self, written: Poll<io::Result<usize>>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let max_behind = self.max_behind;
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep(max_behind)));
        if stuck.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        tracing::info!(peer = %self.peer, ?max_behind, "a connection is closed whose other end took nothing for too long");
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        if self.silent.is_some() {
            self.begun += into.filled().len() - before;
        }
        if self.begun >= BEGUN {
            self.silent = None;
        } else if read.is_pending()
            && self.silent.as_mut().is_some_and(|silent| silent.as_mut().poll(context).is_ready())
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

// Not vectored: HTTP/2 then puts messages below 1 KiB together and writes them at once, and else each by itself.
impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(written, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
