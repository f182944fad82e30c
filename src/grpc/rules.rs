//! The rules that bodies decide by.

use tonic::{Request, Response, Status};

use super::{Rollcall, votes::find};
use crate::proto::{self, rule_service_server::RuleService};
use crate::wire::evaluation::evaluate;

#[tonic::async_trait]
impl RuleService for Rollcall {
    async fn list_rules(
        &self,
        _: Request<proto::ListRulesRequest>,
    ) -> Result<Response<proto::ListRulesResponse>, Status> {
        let rules = self.presets.iter().map(Into::into).collect();
        Ok(Response::new(proto::ListRulesResponse { rules }))
    }

    async fn evaluate_rule(
        &self,
        request: Request<proto::EvaluateRuleRequest>,
    ) -> Result<Response<proto::EvaluateRuleResponse>, Status> {
        let verdict = evaluate(request.into_inner(), find(&self.presets))?;
        Ok(Response::new(proto::EvaluateRuleResponse { verdict: Some(verdict.into()) }))
    }
}
