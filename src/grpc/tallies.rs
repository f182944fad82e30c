//! Live tallies: the newest state of a vote, to whoever watches.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::{Rollcall, heartbeat, status, vote, votes::vote_name};
use crate::board::{Board, Ended, Watch};
use crate::domain::{Resource, VoteName};
use crate::proto;
use crate::proto::watch_tally_response::Message;
use crate::wire::malformed::Fields;
use crate::wire::tally::{Frame, by_group, framed};

/// Watchers are told to come back within this, spread evenly, so that they do not all come at once.
const RECONNECT_WITHIN_MILLIS: u64 = 2_000;

impl Rollcall {
    pub(super) async fn get_tally(
        self,
        request: Request<proto::GetTallyRequest>,
    ) -> Result<Response<proto::GetTallyResponse>, Status> {
        let name = vote_name("vote", &request.get_ref().vote)?;
        self.catch_up(request.get_ref().at_least_seq).await?;
        let grouped = request.get_ref().by_group;
        let (frame, groups) = self.board.read(|hall| {
            let vote = vote(hall, &name)?;
            Ok::<_, Status>((Frame::from(vote), if grouped { by_group(vote) } else { BTreeMap::new() }))
        })?;
        Ok(Response::new(proto::GetTallyResponse { frame: Some(frame.plain()), groups }))
    }

    pub(super) async fn watch_tally(self, request: proto::WatchTallyRequest) -> Result<Watcher, Status> {
        let mut fields = Fields::default();
        let name = fields.take(vote_name("vote", &request.vote));
        let silence = fields.take(heartbeat(request.heartbeat));
        let (name, silence) = fields.finish(name.zip(silence))?;
        self.catch_up(0).await?;
        let revision = self.board.read(|hall| vote(hall, &name).map(|vote| vote.revision))?;
        if request.after_revision > revision {
            return Err(status::beyond("the vote's last revision is", revision));
        }
        let watch = self.board.watch(&name).ok_or_else(|| status::no_such(Resource::Vote(name.clone())))?;
        let quiet = Box::pin(tokio::time::sleep(silence));
        let (Self { board, stopping, .. }, with_ballots) = (self, request.with_ballots);
        Ok(Watcher { board, stopping, name, watch, with_ballots, shown: None, silence, quiet, told: false })
    }
}

/// One who watches a vote, and what it was shown.
pub(super) struct Watcher {
    board: Board,
    stopping: CancellationToken,
    name: VoteName,
    watch: Watch,
    with_ballots: bool,
    shown: Option<Arc<Frame>>,
    silence: Duration,
    /// Until it is told that all is well.
    quiet: Pin<Box<Sleep>>,
    /// Whether it was told that the server stops.
    told: bool,
}

impl Watcher {
    /// Its next message, framed for gRPC; none after the vote has ended.
    pub(super) fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        if self.told {
            return Poll::Ready(Some(Err(status::not_serving(STOPPING.to_owned()))));
        }
        if self.shown.as_ref().is_some_and(|frame| frame.state().has_ended()) {
            return Poll::Ready(None);
        }
        match self.watch.poll_next(context) {
            Poll::Ready(Some(frame)) => {
                self.restart_silence();
                return Poll::Ready(Some(Ok(self.message(frame))));
            }
            Poll::Ready(None) => return Poll::Ready(Some(Err(status::not_serving(Ended.to_string())))),
            Poll::Pending => {}
        }
        // After the watch has been asked: whoever stops the server wakes all that wait there.
        if self.stopping.is_cancelled() {
            self.told = true;
            return Poll::Ready(Some(Ok(framed(Message::Draining(draining())))));
        }
        while self.quiet.as_mut().poll(context).is_ready() {
            self.restart_silence();
            if let Some(progress) = self.progress() {
                return Poll::Ready(Some(Ok(framed(Message::Progress(progress)))));
            }
        }
        Poll::Pending
    }

    fn restart_silence(&mut self) {
        self.quiet.as_mut().reset(Instant::now() + self.silence);
    }

    fn message(&mut self, frame: Arc<Frame>) -> Bytes {
        let shown = self.shown.as_deref();
        let message = if self.with_ballots { frame.message_with_ballots(shown) } else { frame.message() };
        self.shown = Some(frame);
        message
    }

    /// That nothing has changed, up to the end of what has been read; none where a newer frame is on its way.
    fn progress(&self) -> Option<proto::Progress> {
        self.board.read(|hall| {
            let newest = hall.vote(&self.name).map(|vote| vote.revision);
            (newest == self.shown.as_deref().map(Frame::revision)).then(|| proto::Progress { seq: hall.end().get() })
        })
    }
}

pub(super) const STOPPING: &str = "this server is stopping; connect again, elsewhere if possible";

pub(super) fn draining() -> proto::Draining {
    let spread = uuid::Uuid::new_v4().as_u64_pair().0 % RECONNECT_WITHIN_MILLIS;
    let reconnect_after = Duration::from_millis(spread);
    proto::Draining { reconnect_after: reconnect_after.try_into().ok() }
}
