//! What may happen next. All that a decision rests on, and the decisions.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::command::{Command, Intent};
use super::event::{Entry, Event};
use super::limits::MAX_WEIGHT_SUM;
use super::rejection::{Rejection, Resource, RollFault};
use super::request::{Requests, Scope};
use super::vote::{Question, Vote, VoteState, Voting};
use super::{Body, BodyId, Hall, Member, MemberId, MemberName, Outcome, VoteName};
use crate::clock::Timestamp;
use crate::seq::Seq;

/// What a command leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Record these events.
    Record(Vec<Event>),
    /// The same request is on record here: its caller is told the first receipt again.
    Already(Seq),
}

/// Everything on record, as it now stands, and the requests that led to it.
#[derive(Debug, Default)]
pub struct State {
    hall: Hall,
    requests: Requests,
}

impl State {
    /// What everyone may see.
    #[must_use]
    pub fn hall(&self) -> &Hall {
        &self.hall
    }

    /// Decides what a command leads to. `now` is the time that its entries would carry.
    ///
    /// # Errors
    /// Why it may not happen; nothing is to be recorded then.
    pub fn decide(&self, command: &Command, now: Timestamp) -> Result<Decision, Rejection> {
        if let Some(first) = self.requests.find(&command.intent.scope(), command.request.id) {
            return if first.digest == command.request.digest {
                Ok(Decision::Already(first.seq))
            } else {
                Err(Rejection::RequestIdReused { seq: first.seq })
            };
        }
        // No intent of today depends on the time; the timed lock does.
        let _ = now;
        self.event(&command.intent).map(|event| Decision::Record(vec![event]))
    }

    /// Takes up an entry.
    pub fn evolve(&mut self, entry: &Entry) {
        self.hall.evolve(entry);
        if let Some(request) = entry.request {
            let event = &entry.event;
            let scope =
                event.vote().map_or_else(|| Scope::Body(event.body().clone()), |vote| Scope::Vote(vote.clone()));
            self.requests.note(scope, request, entry.seq);
        }
    }

    /// The vote's revision after one more entry about it.
    #[must_use]
    pub fn next_revision(&self, event: &Event) -> u64 {
        event.vote().map_or(0, |name| self.hall.vote(name).map_or(1, |vote| vote.revision + 1))
    }

    fn event(&self, intent: &Intent) -> Result<Event, Rejection> {
        match intent {
            Intent::CreateBody { body, display_name, seats } => {
                if self.hall.body(body).is_some() {
                    return Err(Rejection::NameTaken(Resource::Body(body.clone())));
                }
                Ok(Event::BodyCreated { body: body.clone(), display_name: display_name.clone(), seats: *seats })
            }
            Intent::AdmitMembers { body, members } => {
                self.body(body)?.may_admit(members)?;
                Ok(Event::MembersAdmitted { body: body.clone(), members: members.clone() })
            }
            Intent::CreateVote { vote, question } => self.create_vote(vote, question),
            Intent::OpenVote { vote, members_present } => self.open_vote(vote, *members_present),
            Intent::CastBallot { vote, member, choice } => {
                self.may_cast(vote, member)?;
                Ok(Event::BallotCast { vote: vote.clone(), member: member.clone(), choice: *choice })
            }
            Intent::LockVote { vote } => self.lock_vote(vote),
            Intent::DeclareResult { vote, outcome, ruling, adopted_symbol } => {
                self.may_declare(vote, *outcome, ruling)?;
                let (ruling, adopted_symbol) = (ruling.clone(), adopted_symbol.clone());
                Ok(Event::ResultDeclared { vote: vote.clone(), outcome: *outcome, ruling, adopted_symbol })
            }
        }
    }

    fn create_vote(&self, name: &VoteName, question: &Arc<Question>) -> Result<Event, Rejection> {
        self.body(&name.body)?;
        if self.hall.vote(name).is_some() {
            return Err(Rejection::NameTaken(Resource::Vote(name.clone())));
        }
        for relation in &question.relations {
            self.vote(&relation.vote)?;
        }
        Ok(Event::VoteCreated { vote: name.clone(), question: Arc::clone(question) })
    }

    fn open_vote(&self, name: &VoteName, members_present: Option<u32>) -> Result<Event, Rejection> {
        let vote = self.in_state(name, &[VoteState::Draft], "only a DRAFT can be opened")?;
        let body = self.body(&name.body)?;
        let roll: Vec<Arc<Member>> = body.members().map(|(_, member)| Arc::clone(member)).collect();
        if let Some(fault) = unfit(&roll, vote, body) {
            return Err(Rejection::RollUnfit { vote: name.clone(), fault });
        }
        let (seats, members) = (body.seats(), body.member_count());
        Ok(Event::VoteOpened { vote: name.clone(), roll, seats, members, members_present })
    }

    fn may_cast(&self, name: &VoteName, member: &MemberId) -> Result<(), Rejection> {
        let vote = self.in_state(name, &[VoteState::Open], "ballots are taken while it is OPEN")?;
        let voter = || MemberName { body: name.body.clone(), member: member.clone() };
        let stand = vote.voting.as_ref().and_then(|voting| voting.stand(member));
        match stand {
            None => Err(Rejection::NotOnRoll(voter())),
            Some(Some(stand)) if vote.question.ballot_policy.final_on_cast => {
                Err(Rejection::BallotFinal { member: voter(), seq: stand.seq })
            }
            Some(_) => Ok(()),
        }
    }

    fn lock_vote(&self, name: &VoteName) -> Result<Event, Rejection> {
        let needs = "only a vote that is OPEN or SUSPENDED can be locked";
        let vote = self.in_state(name, &[VoteState::Open, VoteState::Suspended], needs)?;
        let (voting, verdict) = voting(vote, needs)?;
        Ok(Event::VoteLocked { vote: name.clone(), tally: voting.tally.clone(), outcome: verdict })
    }

    fn may_declare(&self, name: &VoteName, outcome: Outcome, ruling: &str) -> Result<(), Rejection> {
        let needs = "a result is declared once it is LOCKED";
        let vote = self.in_state(name, &[VoteState::Locked], needs)?;
        let (_, judged) = voting(vote, needs)?;
        // A tie that no casting vote breaks fails.
        let declarable = if judged == Outcome::AwaitingCastingVote { Outcome::NotAdopted } else { judged };
        if outcome == declarable || !ruling.is_empty() {
            return Ok(());
        }
        Err(Rejection::OutcomeMismatch { vote: name.clone(), outcome: declarable })
    }

    fn body(&self, id: &BodyId) -> Result<&Body, Rejection> {
        self.hall.body(id).ok_or_else(|| Rejection::NoSuch(Resource::Body(id.clone())))
    }

    fn vote(&self, name: &VoteName) -> Result<&Vote, Rejection> {
        self.hall.vote(name).ok_or_else(|| Rejection::NoSuch(Resource::Vote(name.clone())))
    }

    fn in_state(&self, name: &VoteName, states: &[VoteState], needs: &'static str) -> Result<&Vote, Rejection> {
        let vote = self.vote(name)?;
        if states.contains(&vote.state) { Ok(vote) } else { Err(wrong_state(vote, needs)) }
    }
}

fn wrong_state(vote: &Vote, needs: &'static str) -> Rejection {
    Rejection::WrongState { vote: vote.name.clone(), state: vote.state, needs }
}

/// The voting of an opened vote, and the outcome that the rule gives.
fn voting<'a>(vote: &'a Vote, needs: &'static str) -> Result<(&'a Voting, Outcome), Rejection> {
    let voting = vote.voting.as_ref().zip(vote.verdict());
    voting.map(|(voting, verdict)| (voting, verdict.outcome)).ok_or_else(|| wrong_state(vote, needs))
}

/// What keeps the vote's rule from being judged on this roll.
fn unfit(roll: &[Arc<Member>], vote: &Vote, body: &Body) -> Option<RollFault> {
    let rule = &vote.question.rule;
    if roll.is_empty() {
        return Some(RollFault::Empty);
    }
    if let Some(veto) = &rule.veto
        && !roll.iter().any(|member| member.groups.contains(&veto.group))
    {
        return Some(RollFault::NoVetoGroup(veto.group.clone()));
    }
    let weights: BTreeSet<&str> = rule.weights();
    weights.into_iter().find_map(|weight| {
        let lacking = roll.iter().find(|member| !member.weights.contains_key(weight));
        let sum: u128 = roll.iter().map(|member| u128::from(member.weight(weight))).sum();
        match lacking {
            Some(member) => {
                let member = MemberName { body: body.id.clone(), member: member.id.clone() };
                Some(RollFault::NoWeight { member, weight: weight.to_owned() })
            }
            None => (sum > u128::from(MAX_WEIGHT_SUM)).then(|| RollFault::WeightOverflow(weight.to_owned())),
        }
    })
}
