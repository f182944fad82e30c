//! Bodies and their members.

use tonic::{Request, Response, Status};

use super::{Rollcall, status};
use crate::domain::{BodyId, Command, Hall, Resource};
use crate::proto::{self, body_service_server::BodyService};
use crate::wire;
use crate::wire::malformed::{Fields, Malformed};
use crate::wire::page::Page;

fn body<'a>(hall: &'a Hall, id: &BodyId) -> Result<&'a crate::domain::Body, Status> {
    hall.body(id).ok_or_else(|| status::no_such(Resource::Body(id.clone())))
}

pub(super) fn body_name(field: &str, name: &str) -> Result<BodyId, Malformed> {
    BodyId::from_name(name).map_err(|problem| Malformed::field(field, problem.to_string()))
}

#[tonic::async_trait]
impl BodyService for Rollcall {
    async fn create_body(
        &self,
        request: Request<proto::CreateBodyRequest>,
    ) -> Result<Response<proto::CreateBodyResponse>, Status> {
        let (body, receipt) = self.change_body(request.into_inner().try_into()?).await?;
        Ok(Response::new(proto::CreateBodyResponse { body, receipt }))
    }

    async fn get_body(
        &self,
        request: Request<proto::GetBodyRequest>,
    ) -> Result<Response<proto::GetBodyResponse>, Status> {
        let id = body_name("name", &request.get_ref().name)?;
        self.catch_up(0).await?;
        let body = self.board.read(|hall| body(hall, &id).map(wire::body::body))?;
        Ok(Response::new(proto::GetBodyResponse { body: Some(body) }))
    }

    async fn list_bodies(
        &self,
        request: Request<proto::ListBodiesRequest>,
    ) -> Result<Response<proto::ListBodiesResponse>, Status> {
        let request = request.into_inner();
        let page = Page::read(request.page_size, &request.page_token, &["bodies"])?;
        let after = page.after_text()?.map(|id| body_name("page_token", &format!("bodies/{id}"))).transpose()?;
        self.catch_up(0).await?;
        let (bodies, next_page_token) = self.board.read(|hall| {
            let bodies = hall.bodies_after(after.as_ref());
            page.take(bodies.map(|body| (body.id.as_str().as_bytes().to_vec(), wire::body::body(body))))
        });
        Ok(Response::new(proto::ListBodiesResponse { bodies, next_page_token }))
    }

    async fn admit_members(
        &self,
        request: Request<proto::AdmitMembersRequest>,
    ) -> Result<Response<proto::AdmitMembersResponse>, Status> {
        let receipt = self.submit(request.into_inner().try_into()?).await?;
        Ok(Response::new(proto::AdmitMembersResponse { receipt: Some(receipt.into()) }))
    }

    async fn list_members(
        &self,
        request: Request<proto::ListMembersRequest>,
    ) -> Result<Response<proto::ListMembersResponse>, Status> {
        let request = request.into_inner();
        let mut fields = Fields::default();
        let id = fields.take(body_name("parent", &request.parent));
        let page = fields.take(Page::read(request.page_size, &request.page_token, &["members", &request.parent]));
        let (id, page) = fields.finish(id.zip(page))?;
        let after = page.after_number()?;
        self.catch_up(0).await?;
        self.board.read(|hall| {
            let seats = body(hall, &id)?.seated_after(after);
            let members = seats.map(|(order, seat)| (order.to_be_bytes().to_vec(), wire::body::seated(&id, seat)));
            let (members, next_page_token) = page.take(members);
            Ok(Response::new(proto::ListMembersResponse { members, next_page_token, seq: hall.end().get() }))
        })
    }

    async fn revise_body(
        &self,
        request: Request<proto::ReviseBodyRequest>,
    ) -> Result<Response<proto::ReviseBodyResponse>, Status> {
        let (body, receipt) = self.change_body(request.into_inner().try_into()?).await?;
        Ok(Response::new(proto::ReviseBodyResponse { body, receipt }))
    }

    async fn revise_member(
        &self,
        request: Request<proto::ReviseMemberRequest>,
    ) -> Result<Response<proto::ReviseMemberResponse>, Status> {
        let receipt = self.submit(request.into_inner().try_into()?).await?;
        Ok(Response::new(proto::ReviseMemberResponse { receipt: Some(receipt.into()) }))
    }

    async fn withdraw_member(
        &self,
        request: Request<proto::WithdrawMemberRequest>,
    ) -> Result<Response<proto::WithdrawMemberResponse>, Status> {
        let receipt = self.submit(request.into_inner().try_into()?).await?;
        Ok(Response::new(proto::WithdrawMemberResponse { receipt: Some(receipt.into()) }))
    }

    async fn suspend_voting_right(
        &self,
        request: Request<proto::SuspendVotingRightRequest>,
    ) -> Result<Response<proto::SuspendVotingRightResponse>, Status> {
        let receipt = self.submit(request.into_inner().try_into()?).await?;
        Ok(Response::new(proto::SuspendVotingRightResponse { receipt: Some(receipt.into()) }))
    }

    async fn restore_voting_right(
        &self,
        request: Request<proto::RestoreVotingRightRequest>,
    ) -> Result<Response<proto::RestoreVotingRightResponse>, Status> {
        let receipt = self.submit(request.into_inner().try_into()?).await?;
        Ok(Response::new(proto::RestoreVotingRightResponse { receipt: Some(receipt.into()) }))
    }
}

impl Rollcall {
    /// Submits one command about a body, and shows the body as it then stands.
    async fn change_body(&self, command: Command) -> Result<(Option<proto::Body>, Option<proto::Receipt>), Status> {
        let id = command.intent.body().clone();
        let receipt = self.record(command).await?;
        let body = self.board.read(|hall| hall.body(&id).map(wire::body::body));
        Ok((body, Some(receipt.into())))
    }
}
