//! Votes, from draft to declared result.

use tonic::{Request, Response, Status};

use super::{Rollcall, bodies::body_name, status, vote};
use crate::domain::{BodyId, Command, Resource, VoteName};
use crate::presets::Presets;
use crate::proto::{self, vote_service_server::VoteService};
use crate::seq::Seq;
use crate::wire::malformed::{Fields, Malformed};
use crate::wire::page::Page;
use crate::wire::vote::{Draft, Related};
use crate::wire::{annotation, comparison};

/// In place of a body's identifier: all bodies.
const ALL: &str = "bodies/-";

/// The body whose votes are asked for; none where it is all bodies.
pub(super) fn one_or_all(parent: &str) -> Result<Option<BodyId>, Malformed> {
    if parent == ALL { Ok(None) } else { body_name("parent", parent).map(Some) }
}

pub(super) fn vote_name(field: &str, name: &str) -> Result<VoteName, Malformed> {
    name.parse::<VoteName>().map_err(|problem| Malformed::field(field, problem.to_string()))
}

/// How a preset's name is looked up.
pub(super) fn find(presets: &Presets) -> impl Fn(&str) -> Option<crate::domain::Rule> {
    |name| presets.get(name).cloned()
}

#[tonic::async_trait]
impl VoteService for Rollcall {
    async fn create_vote(
        &self,
        request: Request<proto::CreateVoteRequest>,
    ) -> Result<Response<proto::CreateVoteResponse>, Status> {
        let command = Draft::from(request.into_inner()).command(find(&self.presets))?;
        let (vote, receipt) = self.change(command).await?;
        Ok(Response::new(proto::CreateVoteResponse { vote, receipt }))
    }

    async fn open_vote(
        &self,
        request: Request<proto::OpenVoteRequest>,
    ) -> Result<Response<proto::OpenVoteResponse>, Status> {
        let (vote, receipt) = self.change(Command::try_from(request.into_inner())?).await?;
        Ok(Response::new(proto::OpenVoteResponse { vote, receipt }))
    }

    async fn lock_vote(
        &self,
        request: Request<proto::LockVoteRequest>,
    ) -> Result<Response<proto::LockVoteResponse>, Status> {
        let (vote, receipt) = self.change(Command::try_from(request.into_inner())?).await?;
        Ok(Response::new(proto::LockVoteResponse { vote, receipt }))
    }

    async fn declare_result(
        &self,
        request: Request<proto::DeclareResultRequest>,
    ) -> Result<Response<proto::DeclareResultResponse>, Status> {
        let (vote, receipt) = self.change(Command::try_from(request.into_inner())?).await?;
        Ok(Response::new(proto::DeclareResultResponse { vote, receipt }))
    }

    async fn get_vote(
        &self,
        request: Request<proto::GetVoteRequest>,
    ) -> Result<Response<proto::GetVoteResponse>, Status> {
        let name = vote_name("name", &request.get_ref().name)?;
        self.catch_up(request.get_ref().at_least_seq).await?;
        let vote = self.board.read(|hall| vote(hall, &name).map(Into::into))?;
        Ok(Response::new(proto::GetVoteResponse { vote: Some(vote) }))
    }

    async fn list_votes(
        &self,
        request: Request<proto::ListVotesRequest>,
    ) -> Result<Response<proto::ListVotesResponse>, Status> {
        let request = request.into_inner();
        let mut fields = Fields::default();
        let of = fields.take(one_or_all(&request.parent));
        fields.known::<proto::VoteState>("states", &request.states);
        let mut states: Vec<i32> = request.states.clone();
        states.sort_unstable();
        let related = fields.take(request.relation.as_ref().map(Related::read).transpose());
        let filter = format!("{states:?} {related:?}");
        let list = ["votes", &request.parent, &filter];
        let page = fields.take(Page::read(request.page_size, &request.page_token, &list));
        let ((of, related), page) = fields.finish(of.zip(related).zip(page))?;
        let after = Seq::new(page.after_number()?);
        self.catch_up(0).await?;
        self.board.read(|hall| {
            let no_such = |id| status::no_such(Resource::Body(id));
            let body = of.map(|id| hall.body(&id).ok_or_else(|| no_such(id))).transpose()?;
            let votes = hall.votes_after(body, after);
            let votes = votes
                .filter(|(_, vote)| states.is_empty() || states.contains(&proto::VoteState::from(vote.state).into()));
            let votes = votes.filter(|(_, vote)| related.as_ref().is_none_or(|related| related.holds(vote)));
            let votes = votes.map(|(seq, vote)| (seq.get().to_be_bytes().to_vec(), proto::Vote::from(vote)));
            let (votes, next_page_token) = page.take(votes);
            Ok(Response::new(proto::ListVotesResponse { votes, next_page_token, seq: hall.end().get() }))
        })
    }

    async fn compare_votes(
        &self,
        request: Request<proto::CompareVotesRequest>,
    ) -> Result<Response<proto::CompareVotesResponse>, Status> {
        let request = request.into_inner();
        let mut fields = Fields::default();
        let names = fields.take(comparison::names(&request.votes));
        let list = [&["compare"], &request.votes.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat();
        let page = fields.take(Page::read(request.page_size, &request.page_token, &list));
        let (names, page) = fields.finish(names.zip(page))?;
        let after = usize::try_from(page.after_number()?).unwrap_or(usize::MAX);
        self.catch_up(0).await?;
        self.board.read(|hall| {
            let compared = hall.compared(&names).map_err(|no| status::rejected(&no))?;
            let moved = compared.moves().into_iter().filter(|(at, _)| *at >= after);
            let moved = moved.map(|(at, one)| ((at as u64 + 1).to_be_bytes().to_vec(), one.into()));
            let (members, next_page_token) = page.take(moved);
            let votes = compared.votes().iter().map(|vote| (*vote).into()).collect();
            Ok(Response::new(proto::CompareVotesResponse { votes, members, next_page_token, seq: hall.end().get() }))
        })
    }

    async fn withdraw_vote(
        &self,
        request: Request<proto::WithdrawVoteRequest>,
    ) -> Result<Response<proto::WithdrawVoteResponse>, Status> {
        let receipt = self.submit(request.into_inner().try_into()?).await?;
        Ok(Response::new(proto::WithdrawVoteResponse { receipt: Some(receipt.into()) }))
    }

    async fn suspend_vote(
        &self,
        request: Request<proto::SuspendVoteRequest>,
    ) -> Result<Response<proto::SuspendVoteResponse>, Status> {
        let receipt = self.submit(request.into_inner().try_into()?).await?;
        Ok(Response::new(proto::SuspendVoteResponse { receipt: Some(receipt.into()) }))
    }

    async fn resume_vote(
        &self,
        request: Request<proto::ResumeVoteRequest>,
    ) -> Result<Response<proto::ResumeVoteResponse>, Status> {
        let receipt = self.submit(request.into_inner().try_into()?).await?;
        Ok(Response::new(proto::ResumeVoteResponse { receipt: Some(receipt.into()) }))
    }

    async fn give_casting_vote(
        &self,
        request: Request<proto::GiveCastingVoteRequest>,
    ) -> Result<Response<proto::GiveCastingVoteResponse>, Status> {
        let (vote, receipt) = self.change(Command::try_from(request.into_inner())?).await?;
        Ok(Response::new(proto::GiveCastingVoteResponse { vote, receipt }))
    }

    async fn adopt_without_vote(
        &self,
        request: Request<proto::AdoptWithoutVoteRequest>,
    ) -> Result<Response<proto::AdoptWithoutVoteResponse>, Status> {
        let (vote, receipt) = self.change(Command::try_from(request.into_inner())?).await?;
        Ok(Response::new(proto::AdoptWithoutVoteResponse { vote, receipt }))
    }

    async fn annul_vote(
        &self,
        request: Request<proto::AnnulVoteRequest>,
    ) -> Result<Response<proto::AnnulVoteResponse>, Status> {
        let receipt = self.submit(request.into_inner().try_into()?).await?;
        Ok(Response::new(proto::AnnulVoteResponse { receipt: Some(receipt.into()) }))
    }

    async fn record_statement(
        &self,
        request: Request<proto::RecordStatementRequest>,
    ) -> Result<Response<proto::RecordStatementResponse>, Status> {
        let receipt = self.submit(request.into_inner().try_into()?).await?;
        Ok(Response::new(proto::RecordStatementResponse { receipt: Some(receipt.into()) }))
    }

    async fn correct_ballot(
        &self,
        request: Request<proto::CorrectBallotRequest>,
    ) -> Result<Response<proto::CorrectBallotResponse>, Status> {
        let (vote, receipt) = self.change(Command::try_from(request.into_inner())?).await?;
        Ok(Response::new(proto::CorrectBallotResponse { vote, receipt }))
    }

    async fn list_annotations(
        &self,
        request: Request<proto::ListAnnotationsRequest>,
    ) -> Result<Response<proto::ListAnnotationsResponse>, Status> {
        let request = request.into_inner();
        let mut fields = Fields::default();
        let name = fields.take(vote_name("parent", &request.parent));
        let list = ["annotations", &request.parent];
        let page = fields.take(Page::read(request.page_size, &request.page_token, &list));
        let (name, page) = fields.finish(name.zip(page))?;
        let after = usize::try_from(page.after_number()?).unwrap_or(usize::MAX);
        self.catch_up(0).await?;
        self.board.read(|hall| {
            let listed = vote(hall, &name)?.annotations.iter().enumerate().skip(after);
            let listed =
                listed.map(|(at, one)| ((at as u64 + 1).to_be_bytes().to_vec(), annotation::listed(&name, one)));
            let (annotations, next_page_token) = page.take(listed);
            Ok(Response::new(proto::ListAnnotationsResponse { annotations, next_page_token, seq: hall.end().get() }))
        })
    }
}
