//! Ballots: as they are cast, and as the roll call shows them.

use super::malformed::{Fields, Malformed};
use crate::domain::{BallotName, Choice, Command, Intent, MemberId, ShownBallot, VoteName};
use crate::proto;

impl TryFrom<proto::CastBallotRequest> for Command {
    type Error = Malformed;

    fn try_from(request: proto::CastBallotRequest) -> Result<Self, Malformed> {
        Cast::default().read(request)
    }
}

/// Reads ballots that come together. They are mostly of one vote, whose name is read once.
#[derive(Default)]
pub struct Cast {
    last: Option<VoteName>,
}

impl Cast {
    /// Reads the next.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(&mut self, mut request: proto::CastBallotRequest) -> Result<Command, Malformed> {
        let mut fields = Fields::default();
        let request_id = std::mem::take(&mut request.request_id);
        let key = fields.key(&request, &request_id);
        let again = self.last.take_if(|last| last.is(&request.vote));
        let vote = fields.read("vote", again.map_or_else(|| request.vote.parse::<VoteName>(), Ok));
        self.last.clone_from(&vote);
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

/// A choice as the wire has it; unset where it is not told.
pub(super) fn told(choice: Option<Choice>) -> i32 {
    choice.map_or(proto::Choice::Unspecified, proto::Choice::from).into()
}

/// A ballot as the roll call shows it: as it was locked, and as it was corrected.
#[must_use]
pub fn ballot(vote: &VoteName, shown: &ShownBallot) -> proto::Ballot {
    let member = shown.member;
    let name = BallotName { vote: vote.clone(), member: member.id.clone() };
    proto::Ballot {
        name: name.to_string(),
        choice: told(shown.choice),
        record_time: shown.entry.map(|(_, time)| super::time::out(time)),
        seq: shown.entry.map_or(0, |(seq, _)| seq.get()),
        corrected: told(shown.corrected),
        display_name: member.display_name.clone(),
        weights: member.weights.clone(),
        groups: member.groups.clone(),
    }
}
