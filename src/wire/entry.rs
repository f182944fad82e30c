//! Entries as they are stored: the stored form and the audited form are one message.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;

use crate::domain::{
    BodyId, Choice, Digest, Entry, Event, Member, MemberId, MemberName, Nonce, RequestId, RequestKey, VoteName,
};
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

    /// Whether what happens to a vote is about it.
    #[must_use]
    pub fn holds_vote(&self, name: &VoteName) -> bool {
        match self {
            Scope::Body(body) => name.body == *body,
            Scope::Vote(vote) => name == vote,
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
        nonce: entry.nonce.map_or_else(Bytes::new, |nonce| nonce.0.to_vec().into()),
        event: Some(stored(&entry.event)),
    };
    stored.encode_to_vec().into()
}

/// The entry that was stored.
///
/// # Errors
/// Where the bytes are not one, or one that this version does not know.
pub fn decode(bytes: &[u8]) -> Result<Entry, DecodeError> {
    decode_after(None, Bytes::copy_from_slice(bytes))
}

/// The entry that was stored after `before`. Ballots of one vote follow one another: its name is read once for all of them.
///
/// # Errors
/// As [`decode`].
pub fn decode_after(before: Option<&Entry>, bytes: Bytes) -> Result<Entry, DecodeError> {
    let stored = proto::Entry::decode(bytes).map_err(|e| DecodeError(e.to_string()))?;
    let time = stored.record_time.ok_or_else(|| DecodeError("it has no record_time".into()))?;
    let record_time = super::time::read(&time).map_err(|e| DecodeError(format!("record_time {e}")))?;
    let event = stored.event.ok_or_else(|| DecodeError("it has no event that this version knows".into()))?;
    let request = key(&stored.request_id, &stored.request_digest)?;
    let nonce = if stored.nonce.is_empty() { None } else { Some(Nonce(sixteen("nonce", &stored.nonce)?)) };
    let (seq, revision) = (Seq::new(stored.seq), stored.revision);
    let event = read(event, before.and_then(|before| before.event.vote()))?;
    Ok(Entry { seq, record_time, request, revision, nonce, event })
}

/// Of a stored entry no more than what says that it can be withheld.
#[derive(Clone, PartialEq, Message)]
struct Sealed {
    #[prost(bytes = "bytes", tag = "7")]
    nonce: Bytes,
}

/// The entry that was stored, where it can be withheld from readers; none otherwise, which costs little to tell.
///
/// # Errors
/// As [`decode`].
pub fn sealed(bytes: &Bytes) -> Result<Option<Entry>, DecodeError> {
    let Sealed { nonce } = Sealed::decode(bytes.clone()).map_err(|e| DecodeError(e.to_string()))?;
    if nonce.is_empty() { Ok(None) } else { decode_after(None, bytes.clone()).map(Some) }
}

fn key(id: &[u8], digest: &[u8]) -> Result<Option<RequestKey>, DecodeError> {
    if id.is_empty() && digest.is_empty() {
        return Ok(None);
    }
    Ok(Some(RequestKey { id: RequestId(sixteen("request", id)?), digest: Digest(sixteen("request", digest)?) }))
}

fn sixteen(what: &str, bytes: &[u8]) -> Result<[u8; 16], DecodeError> {
    bytes.try_into().map_err(|_| DecodeError(format!("its {what} is not 16 bytes")))
}

#[expect(clippy::too_many_lines, reason = "one arm an event, so that none is forgotten")]
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
        Event::BodyRevised { body, display_name, seats } => Stored::BodyRevised(proto::BodyRevised {
            body: body.name(),
            display_name: display_name.clone(),
            seats: *seats,
        }),
        Event::MemberRevised { body, member } => {
            Stored::MemberRevised(proto::MemberRevised { member: Some(super::body::member(body, member)) })
        }
        Event::MemberWithdrawn { member } => {
            Stored::MemberWithdrawn(proto::MemberWithdrawn { member: member.to_string() })
        }
        Event::VotingRightSuspended { member, reason } => {
            let (member, reason) = (member.to_string(), reason.clone());
            Stored::VotingRightSuspended(proto::VotingRightSuspended { member, reason })
        }
        Event::VotingRightRestored { member } => {
            Stored::VotingRightRestored(proto::VotingRightRestored { member: member.to_string() })
        }
        Event::VoteCreated { vote, question } => Stored::VoteCreated((vote, &**question).into()),
        Event::VoteWithdrawn { vote } => Stored::VoteWithdrawn(proto::VoteWithdrawn { vote: vote.name() }),
        Event::BallotWithdrawn { vote, member } => {
            let (vote, member) = (vote.name(), member.to_string());
            Stored::BallotWithdrawn(proto::BallotWithdrawn { vote, member })
        }
        Event::VoteSuspended { vote, reason } => {
            Stored::VoteSuspended(proto::VoteSuspended { vote: vote.name(), reason: reason.clone() })
        }
        Event::VoteResumed { vote } => Stored::VoteResumed(proto::VoteResumed { vote: vote.name() }),
        Event::AdoptedWithoutVote { vote, adopted_symbol } => {
            let (vote, adopted_symbol) = (vote.name(), adopted_symbol.clone());
            Stored::AdoptedWithoutVote(proto::AdoptedWithoutVote { vote, adopted_symbol })
        }
        Event::VoteAnnulled { vote, reason } => {
            Stored::VoteAnnulled(proto::VoteAnnulled { vote: vote.name(), reason: reason.clone() })
        }
        Event::VoteOpened { vote, roll, seats, members, members_present, lock_at_time } => {
            Stored::VoteOpened(proto::VoteOpened {
                vote: vote.name(),
                roll: members_out(&vote.body, roll),
                seats: *seats,
                members: *members,
                members_present: members_present.unwrap_or(0),
                lock_at_time: lock_at_time.map(super::time::out),
            })
        }
        Event::BallotCast { vote, member, choice } => Stored::BallotCast(proto::BallotCast {
            vote: vote.name(),
            member: member.as_str().to_owned(),
            choice: proto::Choice::from(*choice).into(),
        }),
        Event::VoteLocked { vote, tally, outcome } => Stored::VoteLocked(proto::VoteLocked {
            vote: vote.name(),
            tally: Some(tally.into()),
            outcome: proto::Outcome::from(*outcome).into(),
        }),
        Event::CastingVoteGiven { vote, choice, given_by, reason } => {
            Stored::CastingVoteGiven(proto::CastingVoteGiven {
                vote: vote.name(),
                choice: proto::Choice::from(*choice).into(),
                reason: reason.clone(),
                given_by: given_by.clone(),
            })
        }
        Event::StatementRecorded { vote, statement } => {
            let said = super::annotation::statement(vote, statement);
            Stored::StatementRecorded(proto::StatementRecorded { vote: vote.name(), statement: Some(said) })
        }
        Event::BallotCorrected { vote, correction, before, after, outcome, declaration_lapsed } => {
            Stored::BallotCorrected(proto::BallotCorrected {
                vote: vote.name(),
                correction: Some(super::annotation::correction(vote, correction)),
                before: Some(before.into()),
                after: Some(after.into()),
                outcome: proto::Outcome::from(*outcome).into(),
                declaration_lapsed: *declaration_lapsed,
            })
        }
        Event::ResultDeclared { vote, outcome, ruling, adopted_symbol } => {
            Stored::ResultDeclared(proto::ResultDeclared {
                vote: vote.name(),
                outcome: proto::Outcome::from(*outcome).into(),
                ruling: ruling.clone(),
                adopted_symbol: adopted_symbol.clone(),
            })
        }
    }
}

#[expect(clippy::too_many_lines, reason = "one arm an event, so that none is forgotten")]
fn read(event: Stored, before: Option<&VoteName>) -> Result<Event, DecodeError> {
    Ok(match event {
        Stored::BodyCreated(event) => {
            Event::BodyCreated { body: body(&event.body)?, display_name: event.display_name, seats: event.seats }
        }
        Stored::MembersAdmitted(event) => {
            let body = body(&event.body)?;
            let members = members_in(&body, event.members)?;
            Event::MembersAdmitted { body, members }
        }
        Stored::BodyRevised(event) => {
            Event::BodyRevised { body: body(&event.body)?, display_name: event.display_name, seats: event.seats }
        }
        Stored::MemberRevised(event) => {
            let (body, member) = member_in(event.member.unwrap_or_default())?;
            Event::MemberRevised { body, member }
        }
        Stored::MemberWithdrawn(event) => Event::MemberWithdrawn { member: member(&event.member)? },
        Stored::VotingRightSuspended(event) => {
            Event::VotingRightSuspended { member: member(&event.member)?, reason: event.reason }
        }
        Stored::VotingRightRestored(event) => Event::VotingRightRestored { member: member(&event.member)? },
        Stored::VoteWithdrawn(event) => Event::VoteWithdrawn { vote: vote(&event.vote)? },
        Stored::BallotWithdrawn(event) => {
            Event::BallotWithdrawn { vote: vote(&event.vote)?, member: ballot_member(&event.member)? }
        }
        Stored::VoteSuspended(event) => Event::VoteSuspended { vote: vote(&event.vote)?, reason: event.reason },
        Stored::VoteResumed(event) => Event::VoteResumed { vote: vote(&event.vote)? },
        Stored::AdoptedWithoutVote(event) => {
            Event::AdoptedWithoutVote { vote: vote(&event.vote)?, adopted_symbol: event.adopted_symbol }
        }
        Stored::VoteAnnulled(event) => Event::VoteAnnulled { vote: vote(&event.vote)?, reason: event.reason },
        Stored::VoteCreated(event) => {
            let (vote, question) = super::vote::recorded(event)?;
            Event::VoteCreated { vote, question: Arc::new(question) }
        }
        Stored::VoteOpened(event) => {
            let vote = vote(&event.vote)?;
            let roll = members_in(&vote.body, event.roll)?;
            let members_present = (event.members_present > 0).then_some(event.members_present);
            let lock_at_time = event.lock_at_time.as_ref().map(super::time::read).transpose();
            let lock_at_time = lock_at_time.map_err(|e| DecodeError(format!("its lock_at_time {e}")))?;
            let (seats, members) = (event.seats, event.members);
            Event::VoteOpened { vote, roll, seats, members, members_present, lock_at_time }
        }
        Stored::BallotCast(event) => Event::BallotCast {
            vote: before.filter(|before| before.is(&event.vote)).cloned().map_or_else(|| vote(&event.vote), Ok)?,
            choice: choice(event.choice())?,
            member: ballot_member(&event.member)?,
        },
        Stored::VoteLocked(event) => Event::VoteLocked {
            vote: vote(&event.vote)?,
            outcome: outcome(event.outcome())?,
            tally: super::tally::recorded(event.tally.unwrap_or_default()),
        },
        Stored::CastingVoteGiven(event) => Event::CastingVoteGiven {
            vote: vote(&event.vote)?,
            choice: choice(event.choice())?,
            given_by: event.given_by,
            reason: event.reason,
        },
        Stored::ResultDeclared(event) => Event::ResultDeclared {
            vote: vote(&event.vote)?,
            outcome: outcome(event.outcome())?,
            ruling: event.ruling,
            adopted_symbol: event.adopted_symbol,
        },
        Stored::StatementRecorded(event) => {
            let vote = vote(&event.vote)?;
            let statement = super::annotation::recorded_statement(&vote, event.statement.unwrap_or_default())?;
            Event::StatementRecorded { vote, statement: Arc::new(statement) }
        }
        Stored::BallotCorrected(event) => {
            let outcome = outcome(event.outcome())?;
            let vote = vote(&event.vote)?;
            let correction = super::annotation::recorded_correction(&vote, event.correction.unwrap_or_default())?;
            Event::BallotCorrected {
                vote,
                correction: Arc::new(correction),
                before: super::tally::recorded(event.before.unwrap_or_default()),
                after: super::tally::recorded(event.after.unwrap_or_default()),
                outcome,
                declaration_lapsed: event.declaration_lapsed,
            }
        }
    })
}

fn body(name: &str) -> Result<BodyId, DecodeError> {
    BodyId::from_name(name).map_err(|e| DecodeError(format!("its body {e}")))
}

pub(super) fn vote(name: &str) -> Result<VoteName, DecodeError> {
    name.parse().map_err(|e| DecodeError(format!("its vote {e}")))
}

fn choice(choice: proto::Choice) -> Result<Choice, DecodeError> {
    super::rule::choice(choice).ok_or_else(|| DecodeError("its ballot has no choice".into()))
}

fn outcome(outcome: proto::Outcome) -> Result<crate::domain::Outcome, DecodeError> {
    super::vote::outcome(outcome).ok_or_else(|| DecodeError("its outcome is not one of a vote".into()))
}

fn members_out(body: &BodyId, members: &[Arc<Member>]) -> Vec<proto::Member> {
    members.iter().map(|member| super::body::member(body, member)).collect()
}

fn member(name: &str) -> Result<MemberName, DecodeError> {
    name.parse().map_err(|e| DecodeError(format!("its member {e}")))
}

fn ballot_member(id: &str) -> Result<MemberId, DecodeError> {
    id.parse().map_err(|e| DecodeError(format!("its ballot's member {e}")))
}

pub(super) fn member_in(stored: proto::Member) -> Result<(BodyId, Arc<Member>), DecodeError> {
    let name = member(&stored.name)?;
    let proto::Member { display_name, weights, groups, .. } = stored;
    Ok((name.body, Arc::new(Member { id: name.member, display_name, weights, groups })))
}

fn members_in(body: &BodyId, members: Vec<proto::Member>) -> Result<Vec<Arc<Member>>, DecodeError> {
    let read = |stored: proto::Member| match member_in(stored)? {
        (of, member) if of == *body => Ok(member),
        (of, member) => Err(DecodeError(format!("its member {} is of another body, {of}", member.id))),
    };
    members.into_iter().map(read).collect()
}
