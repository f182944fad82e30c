//! Live tallies: the newest state of a vote, to whoever watches.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_stream::try_stream;
use bytes::Bytes;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use super::{Answers, Rollcall, heartbeat, status, vote, votes::vote_name};
use crate::board::{Ended, Watch};
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

    /// The messages of a watch, framed for gRPC.
    pub(super) async fn watch_tally(self, request: proto::WatchTallyRequest) -> Result<Answers<Bytes>, Status> {
        let mut fields = Fields::default();
        let name = fields.take(vote_name("vote", &request.vote));
        let heartbeat = fields.take(heartbeat(request.heartbeat));
        let (name, heartbeat) = fields.finish(name.zip(heartbeat))?;
        self.catch_up(0).await?;
        let revision = self.board.read(|hall| vote(hall, &name).map(|vote| vote.revision))?;
        if request.after_revision > revision {
            return Err(status::beyond("the vote's last revision is", revision));
        }
        let watch = self.board.watch(&name).ok_or_else(|| status::no_such(Resource::Vote(name.clone())))?;
        Ok(self.tallies(name, watch, request.with_ballots, heartbeat))
    }

    fn tallies(self, name: VoteName, mut watch: Watch, with_ballots: bool, silence: Duration) -> Answers<Bytes> {
        let stream = try_stream! {
            // Made once: to wait anew for each frame would take a lock that all watchers share.
            let stopping = self.stopping.cancelled();
            let quiet = tokio::time::sleep(silence);
            tokio::pin!(stopping, quiet);
            let mut shown: Option<Arc<Frame>> = None;
            while !shown.as_ref().is_some_and(|frame| frame.state().has_ended()) {
                let wake = tokio::select! {
                    biased;
                    () = &mut stopping => Wake::Stopping,
                    frame = watch.next() => frame.map_or(Wake::Ended, Wake::Frame),
                    () = &mut quiet => Wake::Silence,
                };
                quiet.as_mut().reset(Instant::now() + silence);
                let frame = match wake {
                    Wake::Frame(frame) => frame,
                    Wake::Silence => {
                        if let Some(progress) = self.progress(&name, shown.as_deref()) {
                            yield framed(Message::Progress(progress));
                        }
                        continue;
                    }
                    Wake::Stopping => {
                        yield framed(Message::Draining(draining()));
                        Err(status::not_serving(STOPPING.to_owned()))?;
                        return;
                    }
                    Wake::Ended => {
                        Err(status::not_serving(Ended.to_string()))?;
                        return;
                    }
                };
                let message =
                    if with_ballots { frame.message_with_ballots(shown.as_deref()) } else { frame.message() };
                shown = Some(frame);
                yield message;
            }
        };
        Box::pin(stream)
    }

    /// That nothing has changed, up to the end of what has been read; none where a newer frame is on its way.
    fn progress(&self, name: &VoteName, shown: Option<&Frame>) -> Option<proto::Progress> {
        self.board.read(|hall| {
            let newest = hall.vote(name).map(|vote| vote.revision);
            (newest == shown.map(Frame::revision)).then(|| proto::Progress { seq: hall.end().get() })
        })
    }
}

/// What a watcher's stream wakes up to.
enum Wake {
    Frame(Arc<Frame>),
    Silence,
    Stopping,
    /// Nothing more can come, and the vote has not ended.
    Ended,
}

pub(super) const STOPPING: &str = "this server is stopping; connect again, elsewhere if possible";

pub(super) fn draining() -> proto::Draining {
    let spread = uuid::Uuid::new_v4().as_u64_pair().0 % RECONNECT_WITHIN_MILLIS;
    let reconnect_after = Duration::from_millis(spread);
    proto::Draining { reconnect_after: reconnect_after.try_into().ok() }
}
