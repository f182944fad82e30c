//! A vote's tally, followed through restarts of the server. Does not know how it is shown.

use std::time::Duration;

use tokio::sync::mpsc;
use tonic::Status;

use crate::cli::again::{self, Waits};
use crate::cli::client::{Clients, Connection, Failure};
use crate::proto::watch_tally_response::Message;
use crate::proto::{GetVoteRequest, TallyFrame, Vote, VoteState, WatchTallyRequest, WatchTallyResponse};

/// What was heard and not yet shown. Few: who shows is faster than the server's pace.
const UNSHOWN: usize = 64;

/// What there is to show.
pub enum News {
    /// A message of the stream.
    Message(Box<WatchTallyResponse>),
    /// The vote as it stands since its state changed: what frames do not carry is in it.
    Vote(Box<Vote>),
    /// The connection is lost, for this reason, and is tried again.
    Lost(String),
    /// The vote has ended, or there is no use in going on. Nothing follows.
    Over(Result<(), Failure>),
}

/// Watches a tally until the vote ends, from the state in which it is known. The server was reached before: where it no
/// longer is, it is tried again.
pub fn follow(connection: Connection, request: WatchTallyRequest, known: VoteState) -> mpsc::Receiver<News> {
    let (news, heard) = mpsc::channel(UNSHOWN);
    let follower = Follower { connection, request, known, waits: Waits::default(), news };
    tokio::spawn(follower.run());
    heard
}

struct Follower {
    connection: Connection,
    /// With the revision that was heard last.
    request: WatchTallyRequest,
    /// The state of the vote as it was last told.
    known: VoteState,
    waits: Waits,
    news: mpsc::Sender<News>,
}

/// How a stream ended.
enum End {
    /// With the vote, or since no one listens any more.
    Last,
    /// The server stops, and asks to come back after this.
    Draining(Duration),
}

impl Follower {
    async fn run(mut self) {
        let end = self.until_the_end().await;
        self.tell(News::Over(end)).await;
    }

    /// Whether someone still listens.
    async fn tell(&self, news: News) -> bool {
        self.news.send(news).await.is_ok()
    }

    async fn until_the_end(&mut self) -> Result<(), Failure> {
        loop {
            match self.stream().await {
                Ok(End::Last) => return Ok(()),
                Ok(End::Draining(wait)) => tokio::time::sleep(wait).await,
                Err(failure) if again::may_pass(&failure) => {
                    if !self.tell(News::Lost(again::reason(&failure))).await {
                        return Ok(());
                    }
                    tokio::time::sleep(self.waits.next(&failure)).await;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// One connection.
    async fn stream(&mut self) -> Result<End, Failure> {
        let mut clients = again::heard(self.connection.connect()).await?;
        let mut stream = again::heard(clients.tallies.watch_tally(self.request.clone())).await?.into_inner();
        let mut ended = false;
        while let Some(response) = again::heard(stream.message()).await? {
            let draining = match &response.message {
                Some(Message::Frame(frame)) => {
                    ended = has_ended(frame.state());
                    self.look_up(&mut clients, frame, ended).await?;
                    self.request.after_revision = self.request.after_revision.max(frame.revision);
                    None
                }
                Some(Message::Draining(draining)) => Some(wait(draining)),
                Some(Message::Progress(_)) | None => None,
            };
            self.waits.reset();
            if !self.tell(News::Message(Box::new(response))).await {
                return Ok(End::Last);
            }
            if let Some(wait) = draining {
                return Ok(End::Draining(wait));
            }
        }
        if ended { Ok(End::Last) } else { Err(Status::unavailable("the stream ended before the vote").into()) }
    }

    /// Tells the vote itself where its state has changed. Of one that has ended the frame says enough to end with.
    async fn look_up(&mut self, clients: &mut Clients, frame: &TallyFrame, ended: bool) -> Result<(), Failure> {
        if frame.state() == self.known {
            return Ok(());
        }
        let request = GetVoteRequest { name: frame.vote.clone(), at_least_seq: frame.seq };
        match again::heard(clients.votes.get_vote(request)).await {
            Ok(answer) => {
                self.known = frame.state();
                self.tell(News::Vote(Box::new(answer.into_inner().vote.unwrap_or_default()))).await;
                Ok(())
            }
            Err(_) if ended => Ok(()),
            Err(failure) => Err(failure),
        }
    }
}

/// The wait that a server asks for before it is tried again.
pub fn wait(draining: &crate::proto::Draining) -> Duration {
    draining.reconnect_after.and_then(|wait| Duration::try_from(wait).ok()).unwrap_or_default()
}

fn has_ended(state: VoteState) -> bool {
    matches!(state, VoteState::Declared | VoteState::Annulled | VoteState::Withdrawn)
}
