//! Requests that change something, each with its like under the same id and other content.

use rollcall::proto::{self, Choice, Outcome, Receipt, TieBreak};
use tonic::Status;

use crate::harness::client::{BODY, VOTE, ballot, majority, member};
use crate::harness::conduct::{ballot_of, seat};
use crate::harness::{Client, uuid};

/// Every change that this version knows.
macro_rules! changes {
    ($($change:ident: $request:ident by $service:ident.$method:ident;)*) => {
        /// A request that changes something.
        #[allow(clippy::large_enum_variant, reason = "a handful of them, in tests")]
        #[derive(Clone, Debug)]
        pub enum Change {
            $($change(proto::$request),)*
        }

        impl Change {
            pub fn id(&mut self) -> &mut String {
                match self {
                    $(Change::$change(request) => &mut request.request_id,)*
                }
            }

            pub async fn send(self, client: &mut Client) -> Result<Receipt, Status> {
                let receipt = match self {
                    $(Change::$change(request) => client.$service.$method(request).await?.into_inner().receipt,)*
                };
                Ok(receipt.unwrap())
            }
        }

        $(impl From<proto::$request> for Change {
            fn from(request: proto::$request) -> Self {
                Change::$change(request)
            }
        })*
    };
}

changes! {
    Body: CreateBodyRequest by bodies.create_body;
    Revise: ReviseBodyRequest by bodies.revise_body;
    Admit: AdmitMembersRequest by bodies.admit_members;
    ReviseMember: ReviseMemberRequest by bodies.revise_member;
    Unseat: WithdrawMemberRequest by bodies.withdraw_member;
    SuspendRight: SuspendVotingRightRequest by bodies.suspend_voting_right;
    RestoreRight: RestoreVotingRightRequest by bodies.restore_voting_right;
    Table: CreateVoteRequest by votes.create_vote;
    Withdraw: WithdrawVoteRequest by votes.withdraw_vote;
    Open: OpenVoteRequest by votes.open_vote;
    Cast: CastBallotRequest by ballots.cast_ballot;
    TakeBack: WithdrawBallotRequest by ballots.withdraw_ballot;
    Suspend: SuspendVoteRequest by votes.suspend_vote;
    Resume: ResumeVoteRequest by votes.resume_vote;
    Lock: LockVoteRequest by votes.lock_vote;
    Declare: DeclareResultRequest by votes.declare_result;
    Annul: AnnulVoteRequest by votes.annul_vote;
}

/// A body and its votes, with each change that this version knows.
pub fn everything() -> Vec<Change> {
    let (name, parent, id) = (|| VOTE.to_owned(), || BODY.to_owned(), String::new);
    let rule = Some(majority(TieBreak::Unspecified));
    let labels = [("agenda-item".to_owned(), "5".to_owned()), ("session".to_owned(), "ES-11".to_owned())].into();
    let vote = Some(proto::Vote { rule, labels, ..Default::default() });
    let body = Some(proto::Body { display_name: "The hall".into(), ..Default::default() });
    let revised = Some(proto::Body { name: parent(), display_name: "The great hall".into(), ..Default::default() });
    let declare = proto::DeclareResultRequest { name: name(), outcome: Outcome::Adopted.into(), ..Default::default() };
    let members = vec![member("A"), member("B"), member("C")];
    let renamed = Some(proto::Member { display_name: "Member A of the hall".into(), ..member("A") });
    let spare = format!("{BODY}/votes/spare");
    let table = |vote_id: &str| proto::CreateVoteRequest {
        parent: parent(),
        vote_id: vote_id.into(),
        vote: vote.clone(),
        request_id: id(),
    };
    let suspend = || proto::SuspendVoteRequest { name: name(), reason: "a fire drill".into(), request_id: id() };
    let right = proto::SuspendVotingRightRequest { name: seat("B"), reason: "arrears".into(), request_id: id() };
    let annul = proto::AnnulVoteRequest { name: name(), reason: "the wrong text".into(), request_id: id() };
    let changes: Vec<Change> = vec![
        proto::CreateBodyRequest { body_id: "hall".into(), body, request_id: id() }.into(),
        proto::ReviseBodyRequest { body: revised, request_id: id() }.into(),
        proto::AdmitMembersRequest { parent: parent(), members, request_id: id() }.into(),
        proto::ReviseMemberRequest { member: renamed, request_id: id() }.into(),
        right.into(),
        proto::RestoreVotingRightRequest { name: seat("B"), request_id: id() }.into(),
        proto::WithdrawMemberRequest { name: seat("C"), request_id: id() }.into(),
        table("spare").into(),
        proto::WithdrawVoteRequest { name: spare, request_id: id() }.into(),
        table("q").into(),
        proto::OpenVoteRequest { name: name(), ..Default::default() }.into(),
        ballot("A", Choice::No).into(),
        proto::WithdrawBallotRequest { name: ballot_of("A"), request_id: id() }.into(),
        suspend().into(),
        proto::ResumeVoteRequest { name: name(), request_id: id() }.into(),
        ballot("A", Choice::Yes).into(),
        proto::LockVoteRequest { name: name(), request_id: id() }.into(),
        declare.into(),
        annul.into(),
    ];
    changes.into_iter().map(|change| change.with_id(&uuid())).collect()
}

impl Change {
    pub fn with_id(mut self, id: &str) -> Self {
        *self.id() = id.to_owned();
        self
    }

    pub fn shouted(mut self) -> Self {
        let id = self.id().to_uppercase();
        self.with_id(&id)
    }

    /// The same request with other content. One that has none beside a name becomes another about the same thing.
    pub fn changed(mut self) -> Self {
        match &mut self {
            Change::Body(request) => request.body = None,
            Change::Revise(request) => request.body.as_mut().unwrap().seats = 9,
            Change::Admit(request) => request.members.reverse(),
            Change::ReviseMember(request) => request.member.as_mut().unwrap().groups.push("elected".into()),
            Change::SuspendRight(request) => request.reason.push('.'),
            Change::RestoreRight(request) => request.name = seat("A"),
            Change::Unseat(request) => {
                let proto::WithdrawMemberRequest { name, request_id } = request.clone();
                return proto::RestoreVotingRightRequest { name, request_id }.into();
            }
            Change::Table(request) => request.vote.as_mut().unwrap().title = "Another".into(),
            Change::Open(request) => request.members_present = 2,
            Change::Cast(request) => request.choice = Choice::Abstain.into(),
            Change::TakeBack(request) => request.name = ballot_of("B"),
            Change::Suspend(request) => request.reason.clear(),
            Change::Declare(request) => request.adopted_symbol = "A/RES/1".into(),
            Change::Annul(request) => request.reason.push('.'),
            Change::Lock(proto::LockVoteRequest { name, request_id })
            | Change::Resume(proto::ResumeVoteRequest { name, request_id })
            | Change::Withdraw(proto::WithdrawVoteRequest { name, request_id }) => {
                let (name, request_id) = (name.clone(), request_id.clone());
                return proto::OpenVoteRequest { name, request_id, ..Default::default() }.into();
            }
        }
        self
    }
}
