//! The baseline of a watch: each frame framed once, its bytes shared by all, sent from a body that holds a number and nothing
//! else. The least that can be done over this stack of HTTP/2.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body::Frame;
use prost::Message as _;
use tonic::body::Body;
use tonic::server::NamedService;
use tower::Service;

use crate::proto::tally_service_server::SERVICE_NAME;
use crate::proto::{TallyFrame, WatchTallyResponse, watch_tally_response::Message};

/// What a frame of a server of ours takes, framed, so that these take as much.
const FRAME_BYTES: usize = 494;

/// What of that is neither the vote's name nor the text that fills it up.
const REST: usize = 16;

/// The newest frame, and those who wait for the next. Of one vote: the minimal service knows no other.
#[derive(Clone, Default)]
pub struct Shown(Arc<Mutex<Newest>>);

#[derive(Default)]
struct Newest {
    vote: String,
    revision: u64,
    /// Made for the first who is sent it.
    frame: Option<Bytes>,
    waiting: Vec<Waker>,
}

impl Shown {
    /// Shows the vote at this revision.
    pub fn show(&self, vote: String, revision: u64) {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if revision > newest.revision {
            let waiting = std::mem::take(&mut newest.waiting);
            *newest = Newest { vote, revision, frame: None, waiting: Vec::new() };
            drop(newest);
            waiting.into_iter().for_each(Waker::wake);
        }
    }
}

impl Newest {
    fn frame(&mut self) -> Bytes {
        self.frame.get_or_insert_with(|| framed(&self.vote, self.revision)).clone()
    }
}

/// A frame as gRPC sends it, of about [`FRAME_BYTES`].
fn framed(vote: &str, revision: u64) -> Bytes {
    let ruling = " ".repeat(FRAME_BYTES.saturating_sub(vote.len() + REST));
    let frame = TallyFrame { vote: vote.to_owned(), revision, ruling, ..Default::default() };
    let message = WatchTallyResponse { message: Some(Message::Frame(frame)) }.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&[0][..], &length.to_be_bytes(), &message].concat().into()
}

impl NamedService for Shown {
    const NAME: &'static str = SERVICE_NAME;
}

impl Service<Request<Body>> for Shown {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    /// Whatever is asked, it is a watch.
    fn call(&mut self, _: Request<Body>) -> Self::Future {
        let mut response = Response::new(Body::new(Watcher { shown: self.clone(), seen: None }));
        response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        ready(Ok(response))
    }
}

struct Watcher {
    shown: Shown,
    seen: Option<u64>,
}

impl http_body::Body for Watcher {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Self { shown, seen } = &mut *self;
        let mut newest = shown.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_some_and(|seen| seen >= newest.revision) {
            newest.waiting.push(context.waker().clone());
            return Poll::Pending;
        }
        *seen = Some(newest.revision);
        Poll::Ready(Some(Ok(Frame::data(newest.frame()))))
    }
}
