//! Connections as they come: no more than there is room for, and none that never says anything.

use std::io;
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
use tonic::transport::server::{Connected, TcpConnectInfo};

/// Connections at once, where the process may open that many files: each of them can carry a thousand calls.
const MAX_CONNECTIONS: usize = 10_000;

/// Files that the process needs for itself: the log's, and a copy of it while it is opened.
const FILES_OF_OURS: usize = 64;

/// A connection that sends nothing for this long after it was made is closed: a client speaks first, and at once.
const FIRST_WORD: Duration = Duration::from_secs(10);

/// After a connection could not be taken, so that a lack of files or memory does not become a lack of CPU too.
const BREATH: Duration = Duration::from_millis(100);

/// Takes connections as there is room for them; one too many is closed at once, which a client takes for UNAVAILABLE.
pub(super) fn connections(listener: TcpListener) -> impl Stream<Item = io::Result<Connection>> {
    let most = most_connections();
    let room = Arc::new(Semaphore::new(most));
    stream! {
        let mut full = false;
        loop {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
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
            yield Ok(Connection { stream, silent: Some(Box::pin(tokio::time::sleep(FIRST_WORD))), _place: place });
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
    /// Until the first word.
    silent: Option<Pin<Box<Sleep>>>,
    _place: OwnedSemaphorePermit,
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        if read.is_ready() {
            self.silent = None;
        } else if self.silent.as_mut().is_some_and(|silent| silent.as_mut().poll(context).is_ready()) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }
}
