//! Answers that are not taken: each is given on in pieces, as its reader takes them, and ended where nothing of it is taken
//! for too long. Knows no call.
//!
//! Over HTTP/2 a reader opens a window for each answer. Where that is used up, hyper keeps one piece and asks for no more, so
//! that the answer itself can neither notice nor end. What runs it can: it is polled in the task that hyper gives to an
//! [`Executor`], and where the last that it did there was to give a piece, that piece was not sent on. Dropping the task
//! resets the stream: its reader sees CANCELLED, never OK, and what is queued for it is thrown away.

use std::cell::Cell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Once};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::rt::Executor;
use tokio::time::Sleep;
use tonic::body::Body;

/// So much of an answer is given on at once: the payload of an HTTP/2 frame. A reader that takes this much is not stuck, and
/// not much more than this is queued for one that is.
const PIECE: usize = 16 << 10;

thread_local! {
    /// Whether the answer that was polled last on this thread gave a piece; none where none was polled.
    static GAVE: Cell<Option<bool>> = const { Cell::new(None) };
}

/// Runs the streams of one connection, and ends those of which nothing is taken for too long.
#[derive(Clone)]
pub(super) struct Patience {
    peer: SocketAddr,
    max_behind: Duration,
    /// A line in the log is enough for all streams of a connection.
    told: Arc<Once>,
}

impl Patience {
    pub(super) fn with(peer: SocketAddr, max_behind: Duration) -> Self {
        Self { peer, max_behind, told: Arc::new(Once::new()) }
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Patience {
    fn execute(&self, stream: F) {
        let Self { peer, max_behind, told } = self.clone();
        // Pinned in the task itself it would take its room there twice.
        let mut stream = Box::pin(stream);
        tokio::spawn(async move {
            // A timer for those alone that wait to be taken.
            let mut stuck: Option<Pin<Box<Sleep>>> = None;
            poll_fn(|context| {
                GAVE.set(None);
                let ended = stream.as_mut().poll(context);
                if let Some(gave) = GAVE.get() {
                    stuck = gave.then(|| Box::pin(tokio::time::sleep(max_behind)));
                }
                if ended.is_pending() && stuck.as_mut().is_some_and(|stuck| stuck.as_mut().poll(context).is_ready()) {
                    told.call_once(
                        || tracing::info!(%peer, ?max_behind, "an answer is ended of which nothing was taken"),
                    );
                    return Poll::Ready(());
                }
                ended
            })
            .await;
        });
    }
}

/// An answer in pieces.
pub(super) struct Pieces {
    body: Body,
    rest: Bytes,
}

impl Pieces {
    pub(super) fn of(body: Body) -> Self {
        Self { body, rest: Bytes::new() }
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = <Body as http_body::Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        GAVE.set(Some(false));
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)).map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let most = self.rest.len().min(PIECE);
        GAVE.set(Some(true));
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(most)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.rest.is_empty() { self.body.size_hint() } else { SizeHint::default() }
    }
}
