//! Short words for what is done to a body, its members and its votes beside a plain vote.

use rollcall::proto;
use rollcall::proto::statement::Kind;
use tonic::Status;

use super::client::{BODY, VOTE};
use super::{Client, HallWatch, uuid};

type Recorded = Result<proto::Receipt, Status>;

/// A member's resource name.
pub fn seat(member: &str) -> String {
    format!("{BODY}/members/{member}")
}

/// So many seconds.
pub fn seconds(seconds: i64) -> prost_types::Duration {
    prost_types::Duration { seconds, nanos: 0 }
}

/// Calls that name a thing and say nothing else, or a reason.
macro_rules! calls {
    ($($call:ident: $service:ident.$method:ident($request:ident $(, $reason:ident)?);)*) => {
        impl Client {$(
            pub async fn $call(&mut self, name: &str $(, $reason: &str)?) -> Recorded {
                let request =
                    proto::$request { name: name.into(), request_id: uuid() $(, $reason: $reason.into())? };
                Ok(self.$service.$method(request).await?.into_inner().receipt.unwrap())
            }
        )*}
    };
}

calls! {
    withdraw_member: bodies.withdraw_member(WithdrawMemberRequest);
    suspend_right: bodies.suspend_voting_right(SuspendVotingRightRequest, reason);
    restore_right: bodies.restore_voting_right(RestoreVotingRightRequest);
    withdraw_vote: votes.withdraw_vote(WithdrawVoteRequest);
    suspend_vote: votes.suspend_vote(SuspendVoteRequest, reason);
    resume_vote: votes.resume_vote(ResumeVoteRequest);
    annul_vote: votes.annul_vote(AnnulVoteRequest, reason);
    withdraw_ballot: ballots.withdraw_ballot(WithdrawBallotRequest);
}

impl Client {
    pub async fn revise_body(&mut self, display_name: &str, seats: u32) -> Result<proto::Body, Status> {
        let body = proto::Body { name: BODY.into(), display_name: display_name.into(), seats, ..Default::default() };
        let request = proto::ReviseBodyRequest { body: Some(body), request_id: uuid() };
        Ok(self.bodies.revise_body(request).await?.into_inner().body.unwrap())
    }

    /// Records a statement; the choice counts with an intended vote alone.
    pub async fn state_as(&mut self, vote: &str, kind: (Kind, proto::Choice), member: &str, text: &str) -> Recorded {
        let (kind, member, text) = ((kind.0.into(), kind.1.into()), member.to_owned(), text.to_owned());
        let statement = Some(proto::Statement { kind: kind.0, member, intended: kind.1, text });
        let request = proto::RecordStatementRequest { name: vote.into(), statement, request_id: uuid() };
        Ok(self.votes.record_statement(request).await?.into_inner().receipt.unwrap())
    }

    /// Records an explanation of a member of the body on the vote.
    pub async fn explain(&mut self, member: &str, kind: Kind, text: &str) -> Recorded {
        self.state_as(VOTE, (kind, proto::Choice::Unspecified), &seat(member), text).await
    }

    pub async fn correct_as(
        &mut self,
        vote: &str,
        member: &str,
        corrected: proto::Choice,
        reason: &str,
    ) -> Result<proto::Vote, Status> {
        let correction =
            Some(proto::Correction { member: member.into(), corrected: corrected.into(), reason: reason.into() });
        let request = proto::CorrectBallotRequest { name: vote.into(), correction, request_id: uuid() };
        Ok(self.votes.correct_ballot(request).await?.into_inner().vote.unwrap())
    }

    pub async fn body(&mut self) -> proto::Body {
        let request = proto::GetBodyRequest { name: BODY.into() };
        self.bodies.get_body(request).await.unwrap().into_inner().body.unwrap()
    }

    pub async fn revise_member(&mut self, member: proto::Member) -> Recorded {
        let request = proto::ReviseMemberRequest { member: Some(member), request_id: uuid() };
        Ok(self.bodies.revise_member(request).await?.into_inner().receipt.unwrap())
    }

    /// The seated members.
    pub async fn members(&mut self) -> Vec<proto::Member> {
        let request = proto::ListMembersRequest { parent: BODY.into(), page_size: 1_000, ..Default::default() };
        self.bodies.list_members(request).await.unwrap().into_inner().members
    }

    /// The roll call of a vote.
    pub async fn roll(&mut self, name: &str) -> Vec<proto::Ballot> {
        let request = proto::ListBallotsRequest { parent: name.into(), page_size: 1_000, ..Default::default() };
        self.ballots.list_ballots(request).await.unwrap().into_inner().ballots
    }

    /// A vote of the body by its identifier.
    pub async fn vote_as(&mut self, id: &str) -> proto::Vote {
        let request = proto::GetVoteRequest { name: format!("{BODY}/votes/{id}"), at_least_seq: 0 };
        self.votes.get_vote(request).await.unwrap().into_inner().vote.unwrap()
    }

    /// Opens a vote that is to lock by itself.
    pub async fn open_timed(&mut self, name: &str, lock_after: prost_types::Duration) -> Result<proto::Vote, Status> {
        let lock_after = Some(lock_after);
        let request =
            proto::OpenVoteRequest { name: name.into(), lock_after, request_id: uuid(), ..Default::default() };
        Ok(self.votes.open_vote(request).await?.into_inner().vote.unwrap())
    }

    /// Watches all votes of the body that have not ended.
    pub async fn hall(&mut self) -> HallWatch {
        self.hall_of(Vec::new()).await
    }

    /// Watches all votes of the body in these states.
    pub async fn hall_of(&mut self, states: Vec<i32>) -> HallWatch {
        let request = proto::WatchVotesRequest { parent: BODY.into(), states, ..Default::default() };
        self.tallies.watch_votes(request).await.unwrap().into_inner()
    }
}

/// A casting vote, with who gave it and why.
pub fn casting(vote: &str, choice: proto::Choice) -> proto::GiveCastingVoteRequest {
    proto::GiveCastingVoteRequest {
        name: vote.into(),
        choice: choice.into(),
        reason: "Article I, section 3".into(),
        request_id: uuid(),
        given_by: "the Vice President".into(),
    }
}

/// The name of the vote's ballot of a member.
pub fn ballot_of(member: &str) -> String {
    format!("{VOTE}/ballots/{member}")
}
