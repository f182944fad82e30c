//! The record itself, read in order by whoever wants to check or copy it.

use std::time::Duration;

use async_stream::try_stream;
use prost::Message;
use tokio::sync::watch;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use super::{Answers, Rollcall, heartbeat, not_yet, status, vote};
use crate::board::Readable;
use crate::domain::{BodyId, Hall, Resource};
use crate::proto::stored_entry::Content;
use crate::proto::{self, record_service_server::RecordService};
use crate::seq::Seq;
use crate::wire::entry::{Scope, decode};
use crate::wire::malformed::{Fields, Malformed};

/// Entries read from the log at once.
const PAGE: usize = 1_024;

/// Pages that are looked through for one message: a reader of a narrow scope hears in between that the server is alive, or
/// about to stop.
const MAX_PAGES: usize = 64;

/// A message holds at most this many bytes of entries, unless one entry alone is larger: its places take the rest of 1 MiB.
const MAX_MESSAGE: usize = (1 << 20) - 64;

/// Bytes that an entry takes in a message beside its own, at most: its place, and the tags and lengths around both.
const AROUND_ENTRY: usize = 24;

#[tonic::async_trait]
impl RecordService for Rollcall {
    type ReadEntriesStream = Answers<proto::ReadEntriesResponse>;

    async fn read_entries(
        &self,
        request: Request<proto::ReadEntriesRequest>,
    ) -> Result<Response<Self::ReadEntriesStream>, Status> {
        let request = request.into_inner();
        let mut fields = Fields::default();
        let scope = fields.take(scope(&request.scope));
        let heartbeat = fields.take(heartbeat(request.heartbeat));
        let (scope, heartbeat) = fields.finish(scope.zip(heartbeat))?;
        if let Some(scope) = &scope {
            self.catch_up(0).await?;
            self.board.read(|hall| on_record(hall, scope))?;
        }
        let head = *self.board.end().borrow();
        if request.after_seq > head.get() {
            return Err(status::beyond("the record ends", head.get()));
        }
        let reader = Reader {
            at: Seq::new(request.after_seq),
            scope,
            raw: request.raw,
            left: if request.limit == 0 { u64::MAX } else { request.limit },
        };
        Ok(Response::new(self.clone().entries(reader, head, request.follow, heartbeat)))
    }

    async fn get_checkpoint(
        &self,
        _: Request<proto::GetCheckpointRequest>,
    ) -> Result<Response<proto::GetCheckpointResponse>, Status> {
        Err(not_yet("GetCheckpoint"))
    }

    async fn get_inclusion_proof(
        &self,
        _: Request<proto::GetInclusionProofRequest>,
    ) -> Result<Response<proto::GetInclusionProofResponse>, Status> {
        Err(not_yet("GetInclusionProof"))
    }

    async fn get_consistency_proof(
        &self,
        _: Request<proto::GetConsistencyProofRequest>,
    ) -> Result<Response<proto::GetConsistencyProofResponse>, Status> {
        Err(not_yet("GetConsistencyProof"))
    }
}

/// What a follower of the record wakes up to.
enum Turn {
    Grown,
    Silence,
    Stopping,
}

/// A cursor on the record.
struct Reader {
    at: Seq,
    scope: Option<Scope>,
    raw: bool,
    left: u64,
}

impl Rollcall {
    fn entries(
        self,
        mut reader: Reader,
        head: Seq,
        follow: bool,
        silence: Duration,
    ) -> Answers<proto::ReadEntriesResponse> {
        let mut end = self.board.end();
        let stream = try_stream! {
            let mut live = false;
            let mut quiet_until = Instant::now() + silence;
            while reader.left > 0 {
                let until = if follow { *end.borrow_and_update() } else { head };
                if self.stopping.is_cancelled() {
                    Err(status::not_serving(STOPPING.to_owned()))?;
                }
                let answer = self.fill(&mut reader, until).await?;
                let done = !follow && reader.at >= head;
                if done || !answer.entries.is_empty() || Instant::now() >= quiet_until {
                    yield answer;
                    quiet_until = Instant::now() + silence;
                }
                if done {
                    return;
                }
                if follow && !live && reader.left > 0 && reader.at >= *end.borrow() {
                    live = true;
                    yield proto::ReadEntriesResponse { caught_up: true, ..self.place(&reader) };
                    quiet_until = Instant::now() + silence;
                }
                while live && reader.at >= *end.borrow() {
                    match self.turn(&mut end, quiet_until).await {
                        Turn::Grown => {}
                        Turn::Silence => {
                            yield self.place(&reader);
                            quiet_until = Instant::now() + silence;
                        }
                        Turn::Stopping => Err(status::not_serving(STOPPING.to_owned()))?,
                    }
                }
            }
        };
        Box::pin(stream)
    }

    /// One message: the entries after the reader's place, as many as fit, none beyond `until`.
    async fn fill(&self, reader: &mut Reader, until: Seq) -> Result<proto::ReadEntriesResponse, Status> {
        let (mut entries, mut bytes) = (Vec::new(), 0);
        let mut pages = 0;
        'page: while reader.at < until && reader.left > 0 && pages < MAX_PAGES {
            pages += 1;
            let limit = PAGE.min(usize::try_from(until.since(reader.at)).unwrap_or(PAGE));
            let page = self.board.entries(reader.at, limit).await.map_err(|e| status::unreadable(&e))?;
            for (seq, entry) in page {
                let room = bytes + length(&entry) + AROUND_ENTRY <= MAX_MESSAGE;
                if reader.left == 0 || (!entries.is_empty() && !room) {
                    break 'page;
                }
                bytes += reader.pass(seq, entry, &mut entries)?;
            }
        }
        Ok(proto::ReadEntriesResponse { entries, ..self.place(reader) })
    }

    async fn turn(&self, end: &mut watch::Receiver<Seq>, quiet_until: Instant) -> Turn {
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => Turn::Stopping,
            grown = end.changed() => if grown.is_ok() { Turn::Grown } else { Turn::Stopping },
            () = tokio::time::sleep_until(quiet_until) => Turn::Silence,
        }
    }

    /// A message without entries: how far the reader has come, and how far it could.
    fn place(&self, reader: &Reader) -> proto::ReadEntriesResponse {
        let (through_seq, head_seq) = (reader.at.get(), self.board.end().borrow().get());
        proto::ReadEntriesResponse { entries: Vec::new(), through_seq, head_seq, caught_up: false }
    }
}

/// What a request's scope names; none where it is the whole record.
fn scope(name: &str) -> Result<Option<Scope>, Malformed> {
    if name.is_empty() {
        return Ok(None);
    }
    let scope = name.parse().map(Scope::Vote).or_else(|_| BodyId::from_name(name).map(Scope::Body));
    let problem = "must be bodies/{body}, bodies/{body}/votes/{vote}, or empty";
    scope.map(Some).map_err(|_| Malformed::field("scope", problem))
}

fn on_record(hall: &Hall, scope: &Scope) -> Result<(), Status> {
    match scope {
        Scope::Vote(name) => vote(hall, name).map(drop),
        Scope::Body(body) if hall.body(body).is_none() => Err(status::no_such(Resource::Body(body.clone()))),
        Scope::Body(_) => Ok(()),
    }
}

impl Reader {
    /// Moves past an entry, and takes it along if it is in scope. Returns the bytes that it adds to the message.
    fn pass(&mut self, seq: Seq, entry: Readable, entries: &mut Vec<proto::StoredEntry>) -> Result<usize, Status> {
        let length = length(&entry);
        self.at = seq;
        if let Some(scope) = &self.scope {
            let holds = match &entry {
                Readable::Whole(stored) => {
                    scope.holds(&decode(stored).map_err(|problem| status::no_entry(seq, problem))?.event)
                }
                Readable::Withheld { vote, .. } => scope.holds_vote(vote),
            };
            if !holds {
                return Ok(0);
            }
        }
        let content = match entry {
            Readable::Withheld { leaf_hash, .. } => Content::WithheldLeafHash(leaf_hash.to_vec().into()),
            Readable::Whole(stored) if self.raw => Content::Bytes(stored),
            Readable::Whole(stored) => {
                Content::Entry(proto::Entry::decode(stored).map_err(|problem| status::no_entry(seq, problem))?)
            }
        };
        self.left -= 1;
        entries.push(proto::StoredEntry { seq: seq.get(), content: Some(content) });
        Ok(length + AROUND_ENTRY)
    }
}

/// Bytes that an entry takes in a message, without what is around them.
fn length(entry: &Readable) -> usize {
    match entry {
        Readable::Whole(stored) => stored.len(),
        Readable::Withheld { leaf_hash, .. } => leaf_hash.len(),
    }
}

const STOPPING: &str = "this server is stopping; read on after through_seq, elsewhere if possible";
