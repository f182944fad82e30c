//! The baseline: a minimal service with the requests and answers of ours, that answers at once. No log, no domain, no board:
//! what gRPC itself costs on this machine.

use std::io::Read;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_stream::try_stream;
use tokio::net::TcpListener;
use tokio_stream::Stream;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

use super::shown::Shown;
use crate::cli::client::Failure;
use crate::cli::say;
use crate::proto::ballot_service_server::{BallotService, BallotServiceServer};
use crate::proto::{self, ballot_result};
use crate::server::{CONNECTION_WINDOW, MAX_STREAMS, STREAM_WINDOW};

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Counts what it is sent, so that its answers have the size of ours.
#[derive(Clone)]
struct Minimal {
    taken: Arc<AtomicU64>,
    shown: Shown,
}

/// Serves on a free port of the loopback address until its standard input ends.
pub async fn serve() -> Result<(), Failure> {
    let failed = |e: &dyn std::fmt::Display| Failure::Failed(format!("the minimal service: {e}"));
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|e| failed(&e))?;
    let address = listener.local_addr().map_err(|e| failed(&e))?;
    let minimal = Minimal { taken: Arc::default(), shown: Shown::default() };
    let serving = Server::builder()
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .add_service(minimal.shown.clone())
        .add_service(BallotServiceServer::new(minimal))
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)));
    say::line(format_args!("the minimal service serves on {address}"));
    let alone = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        served = serving => served.map_err(|e| failed(&e)),
        _ = alone => Ok(()),
    }
}

impl Minimal {
    fn receipt(&self) -> proto::Receipt {
        let seq = self.taken.fetch_add(1, Ordering::Relaxed) + 1;
        let record_time = Some(prost_types::Timestamp { seconds: 1_665_532_800, nanos: 123_456_789 });
        proto::Receipt { seq, revision: seq, record_time, leaf_hash: vec![0x5a; 32].into(), replayed: false }
    }

    fn result(&self) -> proto::BallotResult {
        proto::BallotResult { result: Some(ballot_result::Result::Receipt(self.receipt())) }
    }
}

#[tonic::async_trait]
impl BallotService for Minimal {
    type StreamBallotsStream = Answers<proto::StreamBallotsResponse>;

    async fn cast_ballot(
        &self,
        request: Request<proto::CastBallotRequest>,
    ) -> Result<Response<proto::CastBallotResponse>, Status> {
        let receipt = self.receipt();
        self.shown.show(request.into_inner().vote, receipt.revision);
        Ok(Response::new(proto::CastBallotResponse { receipt: Some(receipt) }))
    }

    async fn cast_ballots(
        &self,
        request: Request<proto::CastBallotsRequest>,
    ) -> Result<Response<proto::CastBallotsResponse>, Status> {
        let results = request.get_ref().ballots.iter().map(|_| self.result()).collect();
        Ok(Response::new(proto::CastBallotsResponse { results }))
    }

    async fn stream_ballots(
        &self,
        request: Request<Streaming<proto::StreamBallotsRequest>>,
    ) -> Result<Response<Self::StreamBallotsStream>, Status> {
        let (minimal, mut requests) = (self.clone(), request.into_inner());
        let stream = try_stream! {
            while requests.message().await?.is_some() {
                yield proto::StreamBallotsResponse { result: Some(minimal.result()) };
            }
        };
        Ok(Response::new(Box::pin(stream)))
    }

    async fn withdraw_ballot(
        &self,
        _: Request<proto::WithdrawBallotRequest>,
    ) -> Result<Response<proto::WithdrawBallotResponse>, Status> {
        Err(no_part())
    }

    async fn get_ballot(
        &self,
        _: Request<proto::GetBallotRequest>,
    ) -> Result<Response<proto::GetBallotResponse>, Status> {
        Err(no_part())
    }

    async fn list_ballots(
        &self,
        _: Request<proto::ListBallotsRequest>,
    ) -> Result<Response<proto::ListBallotsResponse>, Status> {
        Err(no_part())
    }
}

fn no_part() -> Status {
    Status::unimplemented("no part of the baseline")
}
