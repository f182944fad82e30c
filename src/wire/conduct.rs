//! What is asked of a vote that is tabled: to be opened, suspended, locked, declared, set aside.

use std::time::Duration;

use super::malformed::{Fields, Malformed};
use super::request::requests_that_name;
use super::vote::outcome;
use crate::domain::limits::MAX_LOCK_AFTER;
use crate::domain::{Choice, Command, Intent, Outcome, VoteName};
use crate::proto;

requests_that_name! {
    vote: VoteName;
    WithdrawVoteRequest => WithdrawVote;
    SuspendVoteRequest => SuspendVote, reason;
    ResumeVoteRequest => ResumeVote;
    LockVoteRequest => LockVote;
    AnnulVoteRequest => AnnulVote, reason;
}

impl TryFrom<proto::OpenVoteRequest> for Command {
    type Error = Malformed;

    fn try_from(mut request: proto::OpenVoteRequest) -> Result<Self, Malformed> {
        let mut fields = Fields::default();
        let request_id = std::mem::take(&mut request.request_id);
        let key = fields.key(&request, &request_id);
        let vote = fields.read("name", request.name.parse::<VoteName>());
        let lock_after = request.lock_after.map(|after| fields.read("lock_after", lock_after(&after)));
        let members_present = (request.members_present > 0).then_some(request.members_present);
        let lock_after = lock_after.map_or(Some(None), |after| after.map(Some));
        let command = (|| {
            let intent = Intent::OpenVote { vote: vote?, members_present, lock_after: lock_after? };
            Some(Command { request: key?, intent })
        })();
        fields.finish(command)
    }
}

/// How long a vote is to stay open.
fn lock_after(asked: &prost_types::Duration) -> Result<Duration, &'static str> {
    let after = super::time::span(asked).filter(|after| !after.is_zero());
    after.filter(|after| *after <= MAX_LOCK_AFTER).ok_or("must be above zero, and at most 366 days")
}

impl TryFrom<proto::AdoptWithoutVoteRequest> for Command {
    type Error = Malformed;

    fn try_from(mut request: proto::AdoptWithoutVoteRequest) -> Result<Self, Malformed> {
        let mut fields = Fields::default();
        let request_id = std::mem::take(&mut request.request_id);
        let key = fields.key(&request, &request_id);
        let vote = fields.read("name", request.name.parse::<VoteName>());
        fields.line("adopted_symbol", &request.adopted_symbol);
        let command = key.zip(vote).map(|(key, vote)| {
            let intent = Intent::AdoptWithoutVote { vote, adopted_symbol: request.adopted_symbol };
            Command { request: key, intent }
        });
        fields.finish(command)
    }
}

impl TryFrom<proto::GiveCastingVoteRequest> for Command {
    type Error = Malformed;

    fn try_from(mut request: proto::GiveCastingVoteRequest) -> Result<Self, Malformed> {
        let mut fields = Fields::default();
        let request_id = std::mem::take(&mut request.request_id);
        let key = fields.key(&request, &request_id);
        let vote = fields.read("name", request.name.parse::<VoteName>());
        let choice = match request.choice() {
            proto::Choice::Yes => Ok(Choice::Yes),
            proto::Choice::No => Ok(Choice::No),
            _ => Err("must be CHOICE_YES or CHOICE_NO"),
        };
        let choice = fields.read("choice", choice);
        fields.text("reason", &request.reason);
        fields.line("given_by", &request.given_by);
        let proto::GiveCastingVoteRequest { reason, given_by, .. } = request;
        let command = (|| {
            let intent = Intent::GiveCastingVote { vote: vote?, choice: choice?, given_by, reason };
            Some(Command { request: key?, intent })
        })();
        fields.finish(command)
    }
}

impl TryFrom<proto::DeclareResultRequest> for Command {
    type Error = Malformed;

    fn try_from(mut request: proto::DeclareResultRequest) -> Result<Self, Malformed> {
        let mut fields = Fields::default();
        let request_id = std::mem::take(&mut request.request_id);
        let key = fields.key(&request, &request_id);
        let vote = fields.read("name", request.name.parse::<VoteName>());
        let outcome = fields.read("outcome", declarable(request.outcome()));
        fields.text("ruling", &request.ruling);
        fields.line("adopted_symbol", &request.adopted_symbol);
        let adopted = request.adopted_symbol.is_empty() || request.outcome() == proto::Outcome::Adopted;
        fields.unless(adopted, "adopted_symbol", "must be empty where the outcome is not OUTCOME_ADOPTED");
        let proto::DeclareResultRequest { ruling, adopted_symbol, .. } = request;
        let command = (|| {
            let intent = Intent::DeclareResult { vote: vote?, outcome: outcome?, ruling, adopted_symbol };
            Some(Command { request: key?, intent })
        })();
        fields.finish(command)
    }
}

const OUTCOMES: &str =
    "must be OUTCOME_ADOPTED, OUTCOME_NOT_ADOPTED, OUTCOME_VETOED, OUTCOME_NO_QUORUM or OUTCOME_REVOTE_DUE";

/// An outcome that a presiding officer can declare.
fn declarable(asked: proto::Outcome) -> Result<Outcome, &'static str> {
    match asked {
        proto::Outcome::AwaitingCastingVote => {
            Err("must be final: declare OUTCOME_NOT_ADOPTED where no casting vote is given")
        }
        proto::Outcome::AdoptedWithoutVote => {
            Err("must be the outcome of a vote; AdoptWithoutVote is a call of its own")
        }
        other => outcome(other).ok_or(OUTCOMES),
    }
}
