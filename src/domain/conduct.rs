//! The states of a vote: what may happen to it in which, and what follows.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::command::Intent;
use super::event::Event;
use super::limits::{MAX_OPEN_VOTES, MAX_SUSPENSIONS, MAX_WEIGHT_SUM};
use super::rejection::{Limit, Rejection, Resource, RollFault};
use super::shown::Veil;
use super::vote::{Question, Vote, VoteState, Voting};
use super::{BallotName, Body, Member, MemberId, MemberName, Outcome, Stand, State, VoteName};
use crate::clock::Timestamp;

use VoteState::{Declared, Draft, Locked, Open, Suspended};

impl State {
    /// Decides about a vote.
    pub(super) fn decide_vote(&self, name: &VoteName, intent: &Intent, now: Timestamp) -> Result<Event, Rejection> {
        if let Intent::CreateVote { question, .. } = intent {
            return self.create_vote(name, question);
        }
        let of = self.vote(name)?;
        Ok(match intent.clone() {
            Intent::WithdrawVote { vote } => {
                of.must_be(&[Draft], "only a DRAFT can be withdrawn")?;
                Event::VoteWithdrawn { vote }
            }
            Intent::OpenVote { members_present, lock_after, .. } => {
                return self.open_vote(of, members_present, lock_after, now);
            }
            Intent::CastBallot { vote, member, choice } => {
                of.may_press(&member)?;
                Event::BallotCast { vote, member, choice }
            }
            Intent::WithdrawBallot { vote, member } => {
                if of.may_press(&member)?.is_none() {
                    return Err(Rejection::NoSuch(Resource::Ballot(BallotName { vote, member })));
                }
                Event::BallotWithdrawn { vote, member }
            }
            Intent::SuspendVote { vote, reason } => {
                of.may_suspend()?;
                Event::VoteSuspended { vote, reason }
            }
            Intent::ResumeVote { vote } => {
                of.must_be(&[Suspended], "only a vote that is SUSPENDED can be resumed")?;
                Event::VoteResumed { vote }
            }
            Intent::LockVote { vote } => return self.lock_vote(&vote),
            Intent::GiveCastingVote { vote, choice, given_by, reason } => {
                of.may_break_tie()?;
                Event::CastingVoteGiven { vote, choice, given_by, reason }
            }
            Intent::DeclareResult { vote, outcome, ruling, adopted_symbol } => {
                of.may_declare(outcome, &ruling)?;
                Event::ResultDeclared { vote, outcome, ruling, adopted_symbol }
            }
            Intent::AdoptWithoutVote { vote, adopted_symbol } => {
                of.must_be(&[Draft], "only a DRAFT can be adopted without a vote")?;
                Event::AdoptedWithoutVote { vote, adopted_symbol }
            }
            Intent::RecordStatement { statement, .. } => return self.record_statement(of, statement),
            Intent::CorrectBallot { correction, .. } => return of.correct(correction),
            Intent::AnnulVote { vote, reason } => {
                let states = [Open, Suspended, Locked, Declared];
                of.must_be(&states, "only a vote that has been opened or declared, and not annulled, can be annulled")?;
                Event::VoteAnnulled { vote, reason }
            }
            // None of these names a vote, and the first is decided above.
            Intent::CreateVote { .. }
            | Intent::CreateBody { .. }
            | Intent::ReviseBody { .. }
            | Intent::AdmitMembers { .. }
            | Intent::ReviseMember { .. }
            | Intent::WithdrawMember { .. }
            | Intent::SuspendVotingRight { .. }
            | Intent::RestoreVotingRight { .. } => return Err(Rejection::NoSuch(Resource::Vote(name.clone()))),
        })
    }

    fn create_vote(&self, name: &VoteName, question: &Arc<Question>) -> Result<Event, Rejection> {
        if question.rule.is_unknown() {
            return Err(Rejection::RuleUnknown);
        }
        self.body(&name.body)?;
        if self.hall().vote(name).is_some() {
            return Err(Rejection::NameTaken(Resource::Vote(name.clone())));
        }
        for relation in &question.relations {
            self.vote(&relation.vote)?;
        }
        Ok(Event::VoteCreated { vote: name.clone(), question: self.relate(question)? })
    }

    fn open_vote(
        &self,
        vote: &Vote,
        members_present: Option<u32>,
        lock_after: Option<Duration>,
        now: Timestamp,
    ) -> Result<Event, Rejection> {
        vote.must_be(&[Draft], "only a DRAFT can be opened")?;
        let body = self.body(&vote.name.body)?;
        let asked = self.hall().open_votes() + 1;
        if asked > MAX_OPEN_VOTES {
            return Err(Rejection::LimitReached { body: vote.name.body.clone(), limit: Limit::OpenVotes { asked } });
        }
        let roll: Vec<Arc<Member>> = body.entitled().map(Arc::clone).collect();
        if let Some(fault) = unfit(&roll, vote, body) {
            return Err(Rejection::RollUnfit { vote: vote.name.clone(), fault });
        }
        let (seats, members) = (body.seats(), body.member_count());
        let lock_at_time = lock_after.map(|after| now.plus(after));
        Ok(Event::VoteOpened { vote: vote.name.clone(), roll, seats, members, members_present, lock_at_time })
    }

    /// Locks a vote, whoever asks for it.
    pub(super) fn lock_vote(&self, name: &VoteName) -> Result<Event, Rejection> {
        let (voting, outcome) =
            self.vote(name)?.counted(&[Open, Suspended], "only a vote that is OPEN or SUSPENDED can be locked")?;
        Ok(Event::VoteLocked { vote: name.clone(), tally: voting.tally.clone(), outcome })
    }

    pub(super) fn vote(&self, name: &VoteName) -> Result<&Vote, Rejection> {
        self.hall().vote(name).ok_or_else(|| Rejection::NoSuch(Resource::Vote(name.clone())))
    }
}

impl Vote {
    pub(super) fn must_be(&self, states: &[VoteState], needs: &'static str) -> Result<(), Rejection> {
        if states.contains(&self.state) { Ok(()) } else { Err(self.wrong_state(needs)) }
    }

    pub(super) fn wrong_state(&self, needs: &'static str) -> Rejection {
        Rejection::WrongState { vote: self.name.clone(), state: self.state, needs }
    }

    /// The voting, and the outcome that the rule gives, in one of these states.
    fn counted(&self, states: &[VoteState], needs: &'static str) -> Result<(&Voting, Outcome), Rejection> {
        self.must_be(states, needs)?;
        let counted = self.voting.as_ref().zip(self.verdict());
        counted.map(|(voting, verdict)| (voting, verdict.outcome)).ok_or_else(|| self.wrong_state(needs))
    }

    /// Whether a member may cast a ballot or take one back; its standing ballot.
    fn may_press(&self, member: &MemberId) -> Result<Option<Stand>, Rejection> {
        self.must_be(&[Open], "ballots are taken while it is OPEN")?;
        let stand = self.voting.as_ref().and_then(|voting| voting.stand(member));
        match stand.ok_or_else(|| self.not_on_roll(member))? {
            Some(stand) if self.question.ballot_policy.final_on_cast => {
                let voter = MemberName { body: self.name.body.clone(), member: member.clone() };
                let seq = (self.veil() != Veil::Members).then_some(stand.seq);
                Err(Rejection::BallotFinal { member: voter, seq })
            }
            stand => Ok(stand),
        }
    }

    fn may_suspend(&self) -> Result<(), Rejection> {
        self.must_be(&[Open], "only a vote that is OPEN can be suspended")?;
        let asked = self.suspensions + 1;
        if asked <= MAX_SUSPENSIONS {
            return Ok(());
        }
        Err(Rejection::LimitReached { body: self.name.body.clone(), limit: Limit::Suspensions { asked } })
    }

    fn may_break_tie(&self) -> Result<(), Rejection> {
        match self.counted(&[Locked], "a casting vote is given once it is LOCKED")? {
            (_, Outcome::AwaitingCastingVote) => Ok(()),
            (_, outcome) => Err(Rejection::NoCastingVoteDue { vote: self.name.clone(), outcome }),
        }
    }

    fn may_declare(&self, outcome: Outcome, ruling: &str) -> Result<(), Rejection> {
        let (_, judged) = self.counted(&[Locked], "a result is declared once it is LOCKED")?;
        let rules = declarable(judged);
        if outcome == rules || !ruling.trim().is_empty() {
            Ok(())
        } else {
            Err(Rejection::OutcomeMismatch { vote: self.name.clone(), outcome: rules })
        }
    }
}

/// What can be declared without a ruling where the rule gives this: a tie that no casting vote breaks fails.
pub(super) fn declarable(judged: Outcome) -> Outcome {
    if judged == Outcome::AwaitingCastingVote { Outcome::NotAdopted } else { judged }
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
