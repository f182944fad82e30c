//! Entries as they are stored: the stored form and the audited form are one message.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;

use crate::domain::{BodyId, Digest, Entry, Event, Member, MemberName, RequestId, RequestKey, VoteName};
use crate::proto::{self, entry::Event as Stored};
use crate::seq::Seq;

/// What a reader asks for: the entries about one thing.
#[derive(Clone, Debug)]
pub enum Scope {
    /// A body, its votes included.
    Body(BodyId),
    /// One vote.
    Vote(VoteName),
}

impl Scope {
    /// Whether an event is about it.
    #[must_use]
    pub fn holds(&self, event: &Event) -> bool {
        match self {
            Scope::Body(body) => event.body() == body,
            Scope::Vote(vote) => event.vote() == Some(vote),
        }
    }
}

/// Stored bytes that are not an entry.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(String);

impl From<String> for DecodeError {
    fn from(problem: String) -> Self {
        Self(problem)
    }
}

/// The bytes to be stored.
#[must_use]
pub fn encode(entry: &Entry) -> Bytes {
    let stored = proto::Entry {
        seq: entry.seq.get(),
        record_time: Some(super::time::out(entry.record_time)),
        request_id: entry.request.map_or_else(Bytes::new, |request| request.id.0.to_vec().into()),
        request_digest: entry.request.map_or_else(Bytes::new, |request| request.digest.0.to_vec().into()),
        actor: String::new(),
        revision: entry.revision,
        nonce: Bytes::new(),
        event: Some(stored(&entry.event)),
    };
    stored.encode_to_vec().into()
}

/// The entry that was stored.
///
/// # Errors
/// Where the bytes are not one, or one that this version does not know.
pub fn decode(bytes: &[u8]) -> Result<Entry, DecodeError> {
    let stored = proto::Entry::decode(bytes).map_err(|e| DecodeError(e.to_string()))?;
    let time = stored.record_time.ok_or_else(|| DecodeError("it has no record_time".into()))?;
    let record_time = super::time::read(&time).map_err(|e| DecodeError(format!("record_time {e}")))?;
    let event = stored.event.ok_or_else(|| DecodeError("it has no event that this version knows".into()))?;
    let request = key(&stored.request_id, &stored.request_digest)?;
    Ok(Entry { seq: Seq::new(stored.seq), record_time, request, revision: stored.revision, event: read(event)? })
}

fn key(id: &[u8], digest: &[u8]) -> Result<Option<RequestKey>, DecodeError> {
    if id.is_empty() && digest.is_empty() {
        return Ok(None);
    }
    let sixteen =
        |bytes: &[u8]| <[u8; 16]>::try_from(bytes).map_err(|_| DecodeError("its request is not 16 bytes".into()));
    Ok(Some(RequestKey { id: RequestId(sixteen(id)?), digest: Digest(sixteen(digest)?) }))
}

fn stored(event: &Event) -> Stored {
    match event {
        Event::BodyCreated { body, display_name, seats } => Stored::BodyCreated(proto::BodyCreated {
            body: body.name(),
            display_name: display_name.clone(),
            seats: *seats,
        }),
        Event::MembersAdmitted { body, members } => {
            Stored::MembersAdmitted(proto::MembersAdmitted { body: body.name(), members: members_out(body, members) })
        }
        Event::VoteCreated { vote, question } => Stored::VoteCreated((vote, &**question).into()),
        Event::VoteOpened { vote, roll, seats, members, members_present } => Stored::VoteOpened(proto::VoteOpened {
            vote: vote.to_string(),
            roll: members_out(&vote.body, roll),
            seats: *seats,
            members: *members,
            members_present: members_present.unwrap_or(0),
            lock_at_time: None,
        }),
        Event::BallotCast { vote, member, choice } => Stored::BallotCast(proto::BallotCast {
            vote: vote.to_string(),
            member: member.to_string(),
            choice: proto::Choice::from(*choice).into(),
        }),
        Event::VoteLocked { vote, tally, outcome } => Stored::VoteLocked(proto::VoteLocked {
            vote: vote.to_string(),
            tally: Some(tally.into()),
            outcome: proto::Outcome::from(*outcome).into(),
        }),
        Event::ResultDeclared { vote, outcome, ruling, adopted_symbol } => {
            Stored::ResultDeclared(proto::ResultDeclared {
                vote: vote.to_string(),
                outcome: proto::Outcome::from(*outcome).into(),
                ruling: ruling.clone(),
                adopted_symbol: adopted_symbol.clone(),
            })
        }
    }
}

fn read(event: Stored) -> Result<Event, DecodeError> {
    Ok(match event {
        Stored::BodyCreated(event) => {
            Event::BodyCreated { body: body(&event.body)?, display_name: event.display_name, seats: event.seats }
        }
        Stored::MembersAdmitted(event) => {
            let body = body(&event.body)?;
            let members = members_in(&body, event.members)?;
            Event::MembersAdmitted { body, members }
        }
        Stored::VoteCreated(event) => {
            let (vote, question) = super::vote::recorded(event)?;
            Event::VoteCreated { vote, question: Arc::new(question) }
        }
        Stored::VoteOpened(event) => {
            let vote = vote(&event.vote)?;
            let roll = members_in(&vote.body, event.roll)?;
            let members_present = (event.members_present > 0).then_some(event.members_present);
            Event::VoteOpened { vote, roll, seats: event.seats, members: event.members, members_present }
        }
        Stored::BallotCast(event) => Event::BallotCast {
            vote: vote(&event.vote)?,
            choice: super::rule::choice(event.choice())
                .ok_or_else(|| DecodeError("its ballot has no choice".into()))?,
            member: event.member.parse().map_err(|e| DecodeError(format!("its ballot's member {e}")))?,
        },
        Stored::VoteLocked(event) => Event::VoteLocked {
            vote: vote(&event.vote)?,
            outcome: outcome(event.outcome())?,
            tally: super::tally::recorded(event.tally.unwrap_or_default()),
        },
        Stored::ResultDeclared(event) => Event::ResultDeclared {
            vote: vote(&event.vote)?,
            outcome: outcome(event.outcome())?,
            ruling: event.ruling,
            adopted_symbol: event.adopted_symbol,
        },
        _ => return Err(DecodeError("it holds an event of a newer version".into())),
    })
}

fn body(name: &str) -> Result<BodyId, DecodeError> {
    BodyId::from_name(name).map_err(|e| DecodeError(format!("its body {e}")))
}

fn vote(name: &str) -> Result<VoteName, DecodeError> {
    name.parse().map_err(|e| DecodeError(format!("its vote {e}")))
}

fn outcome(outcome: proto::Outcome) -> Result<crate::domain::Outcome, DecodeError> {
    super::vote::outcome(outcome).ok_or_else(|| DecodeError("its outcome is not one of a vote".into()))
}

fn members_out(body: &BodyId, members: &[Arc<Member>]) -> Vec<proto::Member> {
    members.iter().map(|member| super::body::member(body, member)).collect()
}

fn members_in(body: &BodyId, members: Vec<proto::Member>) -> Result<Vec<Arc<Member>>, DecodeError> {
    let read = |member: proto::Member| {
        let name: MemberName = member.name.parse().map_err(|e| DecodeError(format!("its member {e}")))?;
        if name.body != *body {
            return Err(DecodeError(format!("its member {name} is of another body")));
        }
        let proto::Member { display_name, weights, groups, .. } = member;
        Ok(Arc::new(Member { id: name.member, display_name, weights, groups }))
    };
    members.into_iter().map(read).collect()
}
