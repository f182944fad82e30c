//! A stream of ballots: what has come is submitted together, answers go back in order, and neither side outruns the other.

use async_stream::try_stream;
use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tonic::{Status, Streaming};

use super::ballots::Read;
use super::{Answers, Rollcall, status};
use crate::proto;
use crate::sequencer::Pending;

/// Ballots of one stream that are submitted together at most: what has come while others were under way.
const MAX_TOGETHER: usize = 256;

/// Submissions of one stream that wait for their answers to be taken. Then no more is read, and the sender is held up.
const MAX_UNDER_WAY: usize = 8;

/// Ballots that were submitted together.
struct Submitted {
    read: Read,
    pending: Pending,
}

impl Rollcall {
    /// Answers a stream of ballots, each in its place.
    pub(super) fn ballot_answers(
        self,
        requests: Streaming<proto::StreamBallotsRequest>,
    ) -> Answers<proto::StreamBallotsResponse> {
        let (submitted, mut under_way) = mpsc::channel(MAX_UNDER_WAY);
        tokio::spawn(self.submit_stream(requests, submitted));
        let stream = try_stream! {
            while let Some(next) = under_way.recv().await {
                let Submitted { read, pending } = next?;
                for result in read.results(pending.answers().await) {
                    yield proto::StreamBallotsResponse { result: Some(result) };
                }
            }
        };
        Box::pin(stream)
    }

    /// Submits what comes, in order, until the sender ends, fails or is told to stop.
    async fn submit_stream(
        self,
        mut requests: Streaming<proto::StreamBallotsRequest>,
        submitted: mpsc::Sender<Result<Submitted, Status>>,
    ) {
        loop {
            let first = tokio::select! {
                biased;
                () = self.stopping.cancelled() => Err(status::not_serving(STOPPING.to_owned())),
                first = requests.message() => first,
                // No one is left who would take the answers: the caller went, or its deadline passed.
                () = submitted.closed() => return,
            };
            let mut ballots = Vec::new();
            let mut next = Some(first);
            while let Some(Ok(Some(request))) = next {
                ballots.push(request.ballot.unwrap_or_default());
                next = if ballots.len() < MAX_TOGETHER { requests.message().now_or_never() } else { None };
            }
            if !ballots.is_empty() {
                let (read, commands) = Read::new(ballots);
                let pending = self.sequencer.enqueue(commands).await;
                // A sender that has gone does not need its answers; what it sent is on record all the same.
                if submitted.send(Ok(Submitted { read, pending })).await.is_err() {
                    return;
                }
            }
            match next {
                None => {}
                Some(Ok(_)) => return,
                Some(Err(status)) => {
                    let _ = submitted.send(Err(status)).await;
                    return;
                }
            }
        }
    }
}

const STOPPING: &str =
    "this server is stopping; send what was not answered again with the same request_id, elsewhere if possible";
