//! The votes of a hall on one stream: each as it now stands, the newest state where the watcher is slow.

use std::collections::HashSet;
use std::time::Duration;

use async_stream::try_stream;
use tokio::sync::watch;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use super::tallies::{STOPPING, draining};
use super::{Answers, Rollcall, heartbeat, status, votes::one_or_all};
use crate::board::PACE;
use crate::domain::{BodyId, Hall, Resource, Vote, VoteName};
use crate::proto::watch_votes_response::Message;
use crate::proto::{self, WatchVotesRequest, WatchVotesResponse};
use crate::seq::Seq;
use crate::wire::malformed::Fields;
use crate::wire::vote::Related;

/// Votes looked through at once, while the board waits.
const PAGE: usize = 256;

/// What one watcher of a hall is shown, and has been.
struct HallWatch {
    /// One body's votes, or all.
    body: Option<BodyId>,
    /// Votes with such a relation alone, where one was asked for.
    related: Option<Related>,
    /// The states that it asked for; those that have not ended where it named none.
    states: Vec<i32>,
    /// Complete up to here.
    at: Seq,
    /// Votes that were shown in those states, on this stream or an earlier one, and are shown once more when they leave
    /// them.
    shown: HashSet<VoteName>,
}

impl Rollcall {
    pub(super) async fn watch_votes(
        self,
        request: Request<WatchVotesRequest>,
    ) -> Result<Response<Answers<WatchVotesResponse>>, Status> {
        let request = request.into_inner();
        let mut fields = Fields::default();
        let body = fields.take(one_or_all(&request.parent));
        fields.known::<proto::VoteState>("states", &request.states);
        let related = fields.take(request.relation.as_ref().map(Related::read).transpose());
        let silence = fields.take(heartbeat(request.heartbeat));
        let ((body, related), silence) = fields.finish(body.zip(related).zip(silence))?;
        self.catch_up(request.after_seq).await?;
        let at = Seq::new(request.after_seq);
        let mut watch = HallWatch { body, related, states: request.states, at, shown: HashSet::new() };
        let end = self.board.read(|hall| match &watch.body {
            Some(id) if hall.body(id).is_none() => Err(status::no_such(Resource::Body(id.clone()))),
            _ => {
                watch.come_back(hall);
                Ok(hall.end())
            }
        })?;
        Ok(Response::new(self.hall(watch, end, silence)))
    }

    fn hall(self, mut watch: HallWatch, end: Seq, silence: Duration) -> Answers<WatchVotesResponse> {
        let mut reached = self.board.progress();
        let stream = try_stream! {
            let mut caught_up = false;
            let mut quiet_until = Instant::now() + silence;
            loop {
                reached.borrow_and_update();
                loop {
                    let (votes, more) = self.board.read(|hall| watch.page(hall));
                    for vote in votes {
                        yield message(Message::Vote(vote));
                        quiet_until = Instant::now() + silence;
                    }
                    if !more {
                        break;
                    }
                }
                if !caught_up && watch.at >= end {
                    caught_up = true;
                    yield message(Message::CaughtUp(proto::CaughtUp { seq: watch.at.get() }));
                }
                match self.grown(&mut reached, quiet_until).await {
                    Turn::Grown => {}
                    Turn::Silence => {
                        yield message(Message::Progress(proto::Progress { seq: watch.at.get() }));
                        quiet_until = Instant::now() + silence;
                    }
                    Turn::Stopping => {
                        yield message(Message::Draining(draining()));
                        Err(status::not_serving(STOPPING.to_owned()))?;
                        return;
                    }
                }
            }
        };
        Box::pin(stream)
    }

    /// Waits until the record has grown, and then for the pace, so that a busy vote is not sent for each ballot.
    async fn grown(&self, reached: &mut watch::Receiver<Seq>, quiet_until: Instant) -> Turn {
        let grown = async {
            let grown = reached.changed().await;
            tokio::time::sleep(PACE).await;
            grown
        };
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => Turn::Stopping,
            grown = grown => if grown.is_ok() { Turn::Grown } else { Turn::Stopping },
            () = tokio::time::sleep_until(quiet_until) => Turn::Silence,
        }
    }
}

enum Turn {
    Grown,
    Silence,
    Stopping,
}

impl HallWatch {
    /// Takes up what a watcher that comes back may have been shown before: votes that have not changed since and stand in
    /// its states, and votes that have changed.
    fn come_back(&mut self, hall: &Hall) {
        if self.at == Seq::ZERO {
            return;
        }
        let known = hall.changed_after(Seq::ZERO).filter(|vote| self.is_about(vote));
        let known = known.filter(|vote| vote.created <= self.at && (vote.seq > self.at || self.asks_for(vote)));
        self.shown = known.map(|vote| vote.name.clone()).collect();
    }

    fn is_about(&self, vote: &Vote) -> bool {
        let of_body = self.body.as_ref().is_none_or(|body| *body == vote.name.body);
        of_body && self.related.as_ref().is_none_or(|related| related.holds(vote))
    }

    fn asks_for(&self, vote: &Vote) -> bool {
        let state: i32 = proto::VoteState::from(vote.state).into();
        if self.states.is_empty() { !vote.state.has_ended() } else { self.states.contains(&state) }
    }

    /// The next votes to be shown, and whether more may follow at once.
    fn page(&mut self, hall: &Hall) -> (Vec<proto::Vote>, bool) {
        let mut votes = Vec::new();
        let mut looked = 0;
        for vote in hall.changed_after(self.at).take(PAGE) {
            looked += 1;
            self.at = vote.seq;
            if self.is_about(vote) && self.shows(vote) {
                votes.push(vote.into());
            }
        }
        if looked < PAGE {
            self.at = hall.end();
        }
        (votes, looked == PAGE)
    }

    fn shows(&mut self, vote: &Vote) -> bool {
        if self.asks_for(vote) {
            self.shown.insert(vote.name.clone());
            return true;
        }
        self.shown.remove(&vote.name)
    }
}

fn message(message: Message) -> WatchVotesResponse {
    WatchVotesResponse { message: Some(message) }
}
