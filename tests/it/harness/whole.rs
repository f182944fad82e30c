//! A whole vote from its counts: a body of its own, its members, their ballots, the lock.

use rollcall::proto::{self, Choice};
use tonic::Status;

use super::{Client, uuid};

/// A vote to be held as it once was.
pub struct Whole<'a> {
    /// The body's identifier, and the vote's.
    pub body: &'a str,
    pub vote: &'a str,
    pub rule: proto::Rule,
    /// Seats by statute; 0: as many as there are members.
    pub seats: u32,
    /// The members in the order of the roll, and what each did.
    pub members: Vec<(proto::Member, Choice)>,
}

/// So many members of each choice, with identifiers of their own.
pub fn members(body: &str, counts: &[(Choice, usize)]) -> Vec<(proto::Member, Choice)> {
    let choices = counts.iter().flat_map(|(choice, count)| std::iter::repeat_n(*choice, *count));
    choices.enumerate().map(|(at, choice)| (named(body, &format!("M{at:03}")), choice)).collect()
}

/// A member of the body with nothing but a name.
pub fn named(body: &str, id: &str) -> proto::Member {
    proto::Member { name: format!("bodies/{body}/members/{id}"), ..Default::default() }
}

impl Whole<'_> {
    /// The vote's name.
    pub fn name(&self) -> String {
        format!("bodies/{}/votes/{}", self.body, self.vote)
    }

    /// Records body, members and vote, casts the ballots and locks it.
    pub async fn locked(&self, client: &mut Client) -> Result<proto::Vote, Status> {
        self.seated(client).await?;
        self.cast(client).await
    }

    /// Records the body and its members.
    pub async fn seated(&self, client: &mut Client) -> Result<(), Status> {
        let (body_id, request_id) = (self.body.to_owned(), uuid());
        let body = Some(proto::Body { seats: self.seats, ..Default::default() });
        client.bodies.create_body(proto::CreateBodyRequest { body_id, body, request_id }).await?;
        for members in self.members.chunks(1_000) {
            let members = members.iter().map(|(member, _)| member.clone()).collect();
            let parent = format!("bodies/{}", self.body);
            let admit = proto::AdmitMembersRequest { parent, members, request_id: uuid() };
            client.bodies.admit_members(admit).await?;
        }
        Ok(())
    }

    /// Tables the vote, opens it, casts the ballots and locks it.
    pub async fn cast(&self, client: &mut Client) -> Result<proto::Vote, Status> {
        self.cast_before(client, 0).await
    }

    /// The same before so many members as stated to be present.
    pub async fn cast_before(&self, client: &mut Client, members_present: u32) -> Result<proto::Vote, Status> {
        let (parent, vote_id) = (format!("bodies/{}", self.body), self.vote.to_owned());
        let vote = Some(proto::Vote { rule: Some(self.rule.clone()), ..Default::default() });
        client.votes.create_vote(proto::CreateVoteRequest { parent, vote_id, vote, request_id: uuid() }).await?;
        client.open_as(&self.name(), members_present).await?;
        let voting = self.members.iter().filter(|(_, choice)| *choice != Choice::NotVoting);
        let ballots: Vec<_> = voting
            .map(|(member, choice)| proto::CastBallotRequest {
                vote: self.name(),
                member: member.name.rsplit('/').next().unwrap().to_owned(),
                choice: (*choice).into(),
                request_id: uuid(),
            })
            .collect();
        for ballots in ballots.chunks(1_000) {
            let request = proto::CastBallotsRequest { ballots: ballots.to_vec() };
            let results = client.ballots.cast_ballots(request).await?.into_inner().results;
            assert!(results.iter().all(|one| matches!(one.result, Some(proto::ballot_result::Result::Receipt(_)))));
        }
        client.lock_as(&self.name()).await
    }
}
