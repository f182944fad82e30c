//! The services, and the way of a call to the one that answers it. Callers of gRPC reach ours straight: the layers that pages of a
//! browser need, and a router of everything, cost a single ballot more than to decide it does. Knows no call.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{CONTENT_TYPE, ORIGIN};
use http::{HeaderName, HeaderValue, Method, Request, Response, Version};
use http_body::Body as _;
use tonic::body::Body;
use tonic::service::Routes;
use tonic_web::{GrpcWebLayer, GrpcWebService};
use tower::{Layer, Service, ServiceExt as _};
use tower_http::cors::{AllowOrigin, Cors, CorsLayer};

use super::ServeError;
use crate::grpc::{Answered, Edge, Rollcall, Tallies};
use crate::proto;
use crate::proto::ballot_service_server::{BallotServiceServer, SERVICE_NAME as BALLOTS};
use crate::proto::body_service_server::{BodyServiceServer, SERVICE_NAME as BODIES};
use crate::proto::record_service_server::{RecordServiceServer, SERVICE_NAME as RECORD};
use crate::proto::rule_service_server::{RuleServiceServer, SERVICE_NAME as RULES};
use crate::proto::tally_service_server::SERVICE_NAME as TALLIES;
use crate::proto::vote_service_server::{SERVICE_NAME as VOTES, VoteServiceServer};

/// The services of ours.
pub(super) const OURS: [&str; 6] = [BODIES, VOTES, BALLOTS, TALLIES, RECORD, RULES];

/// The largest request, in bytes: what gRPC's clients and servers take by themselves, and four times the largest roll.
const MAX_REQUEST: usize = 4 << 20;

/// What a browser was told of its page's rights holds this long.
const PREFLIGHT: Duration = Duration::from_secs(60 * 60);

/// Everything that can be called.
pub(super) struct Services {
    straight: Straight,
    /// The same for all who do not plainly call over gRPC.
    web: Cors<GrpcWebService<Straight>>,
}

impl Services {
    /// All services of `rollcall` behind the edge, and `others`, for callers of gRPC anywhere and for pages of these origins.
    pub(super) fn new(
        rollcall: &Rollcall,
        edge: Edge,
        others: Routes,
        origins: &[HeaderValue],
    ) -> Result<Self, ServeError> {
        macro_rules! ours {
            ($service:ident) => {
                $service::new(rollcall.clone()).max_decoding_message_size(MAX_REQUEST)
            };
        }
        let straight = Straight(Arc::new(Behind {
            edge,
            rollcall: rollcall.clone(),
            bodies: ours!(BodyServiceServer),
            votes: ours!(VoteServiceServer),
            ballots: ours!(BallotServiceServer),
            tallies: Tallies::new(rollcall.clone(), MAX_REQUEST),
            record: ours!(RecordServiceServer),
            rules: ours!(RuleServiceServer),
            others: with_reflection(others)?.prepare(),
        }));
        let web = allowing(origins).layer(GrpcWebLayer::new().layer(straight.clone()));
        Ok(Self { straight, web })
    }

    /// Answers a call.
    pub(super) fn call(&self, request: Request<Body>) -> Answered {
        if is_grpc(&request) { self.straight.0.call(request) } else { Box::pin(self.web.clone().oneshot(request)) }
    }
}

/// Whether a request is one of gRPC itself, and no page's.
fn is_grpc(request: &Request<Body>) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.as_bytes().strip_prefix(b"application/grpc"));
    let plain = kind.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')));
    plain && request.version() == Version::HTTP_2 && !request.headers().contains_key(ORIGIN)
}

/// What stands behind the edge.
struct Behind {
    edge: Edge,
    rollcall: Rollcall,
    bodies: BodyServiceServer<Rollcall>,
    votes: VoteServiceServer<Rollcall>,
    ballots: BallotServiceServer<Rollcall>,
    tallies: Tallies,
    record: RecordServiceServer<Rollcall>,
    rules: RuleServiceServer<Rollcall>,
    others: Routes,
}

impl Behind {
    fn call(&self, request: Request<Body>) -> Answered {
        self.edge.pass(request, |request| {
            let mut path = request.uri().path().split('/').skip(1);
            let (service, method) = (path.next(), path.next().unwrap_or_default());
            match service {
                Some(BODIES) => self.bodies.clone().call(request),
                Some(VOTES) => self.votes.clone().call(request),
                Some(BALLOTS) => match self.rollcall.overloaded(method) {
                    Some(refusal) => Box::pin(refuse(refusal, request.into_body())),
                    None => self.ballots.clone().call(request),
                },
                Some(TALLIES) => self.tallies.clone().call(request),
                Some(RECORD) => self.record.clone().call(request),
                Some(RULES) => self.rules.clone().call(request),
                _ => Box::pin(self.others.clone().call(request)),
            }
        })
    }
}

/// Refuses a call whose request is not looked at, but let come to its end: to break it off would cost the connection as an error does,
/// and HTTP/2 ends a connection with many of them.
async fn refuse(refusal: Response<Body>, mut request: Body) -> Result<Response<Body>, Infallible> {
    let mut came = 0;
    while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut request).poll_frame(context)).await {
        came += frame.data_ref().map_or(0, bytes::Bytes::len);
        if came > MAX_REQUEST {
            break;
        }
    }
    Ok(refusal)
}

/// The same as a service, for layers around it.
#[derive(Clone)]
struct Straight(Arc<Behind>);

impl Service<Request<Body>> for Straight {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answered;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Answered {
        self.0.call(request)
    }
}

fn with_reflection(others: Routes) -> Result<Routes, ServeError> {
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET)
            // So that tools can decode the details of errors.
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
    };
    let v1 = reflection().build_v1().map_err(|_| ServeError::Broken("reflection"))?;
    // Older grpcurl and today's Python client ask for this one alone.
    let v1alpha = reflection().build_v1alpha().map_err(|_| ServeError::Broken("reflection"))?;
    Ok(others.add_service(v1).add_service(v1alpha))
}

/// Lets pages of these origins call, and read how a call ended. Pages of all others are kept out by their browsers: without
/// access control, any page that a member looks at could vote.
fn allowing(origins: &[HeaderValue]) -> CorsLayer {
    let names = |names: &[&'static str]| -> Vec<_> { names.iter().copied().map(HeaderName::from_static).collect() };
    let any = origins.iter().any(|origin| origin == "*");
    CorsLayer::new()
        .allow_origin(if any { AllowOrigin::any() } else { AllowOrigin::list(origins.to_vec()) })
        .allow_methods([Method::POST])
        .allow_headers(names(&["content-type", "grpc-timeout", "x-grpc-web", "x-user-agent"]))
        .expose_headers(names(&["grpc-status", "grpc-message", "grpc-status-details-bin"]))
        .max_age(PREFLIGHT)
}
