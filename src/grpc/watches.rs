//! The service of live tallies as HTTP has it. Its watches have a body of their own: the bytes of a frame are made once, and
//! everyone who watches is sent the same ones, where tonic would encode them for each and keep a buffer for it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body::Frame;
use tonic::body::Body;
use tonic::codec::{Codec, Streaming};
use tonic::server::{Grpc, NamedService};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

use super::Rollcall;
use super::status::trailers;
use super::tallies::Watcher;
use crate::proto::tally_service_server::SERVICE_NAME;
use crate::proto::{self, WatchTallyRequest};

/// The service of live tallies.
#[derive(Clone)]
pub struct Tallies {
    rollcall: Rollcall,
    max_request: usize,
}

impl Tallies {
    /// Takes requests of so many bytes at most.
    #[must_use]
    pub fn new(rollcall: Rollcall, max_request: usize) -> Self {
        Self { rollcall, max_request }
    }

    async fn answer(self, request: Request<Body>) -> Response<Body> {
        let Self { rollcall, max_request } = self;
        let most = Some(max_request);
        match request.uri().path().rsplit('/').next() {
            Some("GetTally") => {
                let call = service_fn(move |request| rollcall.clone().get_tally(request));
                let codec = ProstCodec::<proto::GetTallyResponse, proto::GetTallyRequest>::default();
                Grpc::new(codec).apply_max_message_size_config(most, None).unary(call, request).await
            }
            Some("WatchVotes") => {
                let call = service_fn(move |request| rollcall.clone().watch_votes(request));
                let codec = ProstCodec::<proto::WatchVotesResponse, proto::WatchVotesRequest>::default();
                Grpc::new(codec).apply_max_message_size_config(most, None).server_streaming(call, request).await
            }
            Some("WatchTally") => match watch(rollcall, request, most).await {
                Ok(watcher) => shown(watcher),
                Err(status) => status.into_http(),
            },
            _ => Status::new(Code::Unimplemented, "").into_http(),
        }
    }
}

async fn watch(rollcall: Rollcall, request: Request<Body>, most: Option<usize>) -> Result<Watcher, Status> {
    let decoder = ProstCodec::<(), WatchTallyRequest>::default().decoder();
    let mut messages = Streaming::new_request(decoder, request.into_body(), None, most);
    let asked = messages.message().await?;
    rollcall.watch_tally(asked.ok_or_else(|| Status::internal("the request has no message"))?).await
}

fn shown(watcher: Watcher) -> Response<Body> {
    let mut response = Response::new(Body::new(Shown { watcher, ended: false }));
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

impl NamedService for Tallies {
    const NAME: &'static str = SERVICE_NAME;
}

impl Service<Request<Body>> for Tallies {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let tallies = self.clone();
        Box::pin(async move { Ok(tallies.answer(request).await) })
    }
}

/// Messages that were framed before, and how the call ended.
struct Shown {
    watcher: Watcher,
    ended: bool,
}

impl http_body::Body for Shown {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let end = match ready!(self.watcher.poll_message(context)) {
            Some(Ok(message)) => return Poll::Ready(Some(Ok(Frame::data(message)))),
            Some(Err(status)) => status,
            None => Status::new(Code::Ok, ""),
        };
        self.ended = true;
        Poll::Ready(Some(trailers(&end)))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
