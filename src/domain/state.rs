//! All that a decision rests on, and the decisions about bodies and members.

use super::command::{Command, Intent};
use super::event::{Entry, Event};
use super::rejection::{Rejection, Resource};
use super::request::{Found, Requests, Scope};
use super::{Body, BodyId, Hall};
use crate::clock::Timestamp;
use crate::seq::Seq;

/// What a command leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Record this event.
    Record(Event),
    /// The same request is on record here: its caller is told the first receipt again.
    Already(Seq),
    /// It may be on record at this durable place: read the entry, have it [recalled](State::recall), and decide again.
    Recall(Seq),
}

/// Everything on record, as it now stands, and the requests that led to it.
#[derive(Debug, Default)]
pub struct State {
    pub(super) hall: Hall,
    pub(super) requests: Requests,
}

impl State {
    /// What everyone may see.
    #[must_use]
    pub fn hall(&self) -> &Hall {
        &self.hall
    }

    /// Decides what a command leads to. `now` is the time that its entries would carry; what is [`due`](Self::due) by then
    /// is to be recorded first.
    ///
    /// # Errors
    /// Why it may not happen; nothing is to be recorded then.
    pub fn decide(&self, command: &Command, now: Timestamp) -> Result<Decision, Rejection> {
        match self.requests.find(&command.intent.scope(), command.request.id) {
            Found::Recorded { digest, seq } if digest == command.request.digest => return Ok(Decision::Already(seq)),
            Found::Recorded { seq, .. } => return Err(Rejection::RequestIdReused { seq }),
            Found::Perhaps(seq) => return Ok(Decision::Recall(seq)),
            Found::Nothing => {}
        }
        let event = match command.intent.vote() {
            None => self.decide_body(&command.intent),
            Some(vote) => self.decide_vote(vote, &command.intent, now),
        };
        event.map(Decision::Record)
    }

    /// When the next vote locks by itself.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.hall.timed().first().map(|(at, _)| *at)
    }

    /// The lock of a vote whose time has come by `now`. To be recorded, and asked for again, before anything is decided
    /// at that time.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<Event> {
        let (_, name) = self.hall.timed().first().filter(|(at, _)| *at <= now)?;
        self.lock_vote(name).ok()
    }

    /// Takes up an entry.
    pub fn evolve(&mut self, entry: &Entry) {
        self.hall.evolve(entry);
        let event = &entry.event;
        let scope = || event.vote().map_or_else(|| Scope::Body(event.body().clone()), |vote| Scope::Vote(vote.clone()));
        self.requests.note(entry.seq, entry.request.map(|request| (scope(), request)));
        if let Event::VoteLocked { .. } = event {
            self.requests.settle(&scope());
        }
    }

    /// Takes up again the request of an entry that a [`Decision::Recall`] asked for.
    pub fn recall(&mut self, entry: &Entry) {
        self.requests.recall(entry.seq, entry.request);
    }

    /// The vote's revision after one more entry about it.
    #[must_use]
    pub fn next_revision(&self, event: &Event) -> u64 {
        event.vote().map_or(0, |name| self.hall.vote(name).map_or(1, |vote| vote.revision + 1))
    }

    /// Decides about a body and its members.
    fn decide_body(&self, intent: &Intent) -> Result<Event, Rejection> {
        let id = intent.body();
        if let Intent::CreateBody { body, display_name, seats } = intent {
            if self.hall.body(id).is_some() {
                return Err(Rejection::NameTaken(Resource::Body(id.clone())));
            }
            return Ok(Event::BodyCreated { body: body.clone(), display_name: display_name.clone(), seats: *seats });
        }
        let of = self.body(id)?;
        Ok(match intent.clone() {
            Intent::ReviseBody { body, display_name, seats } => {
                of.may_have(seats, of.member_count() as usize)?;
                Event::BodyRevised { body, display_name, seats }
            }
            Intent::AdmitMembers { body, members } => {
                of.may_admit(&members)?;
                Event::MembersAdmitted { body, members }
            }
            Intent::ReviseMember { body, member } => {
                of.may_revise(&member)?;
                Event::MemberRevised { body, member }
            }
            Intent::WithdrawMember { member } => {
                of.must_seat(&member.member)?;
                Event::MemberWithdrawn { member }
            }
            Intent::SuspendVotingRight { member, reason } => {
                of.must_seat(&member.member)?;
                Event::VotingRightSuspended { member, reason }
            }
            Intent::RestoreVotingRight { member } => {
                if of.must_seat(&member.member)?.suspension.is_none() {
                    return Err(Rejection::NoSuch(Resource::Suspension(member)));
                }
                Event::VotingRightRestored { member }
            }
            // These name a vote, and the first is decided above.
            Intent::CreateBody { .. }
            | Intent::CreateVote { .. }
            | Intent::WithdrawVote { .. }
            | Intent::OpenVote { .. }
            | Intent::CastBallot { .. }
            | Intent::WithdrawBallot { .. }
            | Intent::SuspendVote { .. }
            | Intent::ResumeVote { .. }
            | Intent::LockVote { .. }
            | Intent::GiveCastingVote { .. }
            | Intent::DeclareResult { .. }
            | Intent::AdoptWithoutVote { .. }
            | Intent::RecordStatement { .. }
            | Intent::CorrectBallot { .. }
            | Intent::AnnulVote { .. } => return Err(Rejection::NoSuch(Resource::Body(id.clone()))),
        })
    }

    pub(super) fn body(&self, id: &BodyId) -> Result<&Body, Rejection> {
        self.hall.body(id).ok_or_else(|| Rejection::NoSuch(Resource::Body(id.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_no_vote_is_timed_nothing_is_waited_for() {
        assert_eq!(State::default().next_due(), None);
    }
}
