//! Ballots: as they are cast, and as the roll call shows them.

use super::malformed::{Fields, Malformed};
use crate::domain::{BallotName, Choice, Command, Intent, MemberId, VoteName, Voting};
use crate::proto;

impl TryFrom<proto::CastBallotRequest> for Command {
    type Error = Malformed;

    fn try_from(mut request: proto::CastBallotRequest) -> Result<Self, Malformed> {
        let mut fields = Fields::default();
        let request_id = std::mem::take(&mut request.request_id);
        let key = fields.key(&request, &request_id);
        let vote = fields.read("vote", request.vote.parse::<VoteName>());
        let member = fields.read("member", request.member.parse::<MemberId>());
        let choice = fields.read("choice", cast(request.choice()));
        let command = (|| {
            let intent = Intent::CastBallot { vote: vote?, member: member?, choice: choice? };
            Some(Command { request: key?, intent })
        })();
        fields.finish(command)
    }
}

impl TryFrom<proto::WithdrawBallotRequest> for Command {
    type Error = Malformed;

    fn try_from(mut request: proto::WithdrawBallotRequest) -> Result<Self, Malformed> {
        let mut fields = Fields::default();
        let request_id = std::mem::take(&mut request.request_id);
        let key = fields.key(&request, &request_id);
        let ballot = fields.read("name", request.name.parse::<BallotName>());
        let command = key.zip(ballot).map(|(request, BallotName { vote, member })| {
            let intent = Intent::WithdrawBallot { vote, member };
            Command { request, intent }
        });
        fields.finish(command)
    }
}

/// A choice that can be cast.
fn cast(choice: proto::Choice) -> Result<Choice, &'static str> {
    match super::rule::choice(choice) {
        Some(choice) if choice != Choice::NotVoting => Ok(choice),
        _ => Err("must be CHOICE_YES, CHOICE_NO, CHOICE_ABSTAIN or CHOICE_PRESENT"),
    }
}

/// The ballot at a place of the roll, as the roll call shows it: as it was locked, and as it was corrected.
#[must_use]
pub fn ballot(vote: &VoteName, voting: &Voting, at: usize) -> proto::Ballot {
    let (member, stand) = (&voting.roll.members()[at], voting.lights.get(at).stand);
    let corrected = voting.corrections.get(&at).map_or(proto::Choice::Unspecified, |choice| (*choice).into());
    let name = BallotName { vote: vote.clone(), member: member.id.clone() };
    proto::Ballot {
        name: name.to_string(),
        choice: proto::Choice::from(stand.map_or(Choice::NotVoting, |stand| stand.choice)).into(),
        record_time: stand.map(|stand| super::time::out(stand.record_time)),
        seq: stand.map_or(0, |stand| stand.seq.get()),
        corrected: corrected.into(),
        display_name: member.display_name.clone(),
        weights: member.weights.clone(),
        groups: member.groups.clone(),
    }
}
