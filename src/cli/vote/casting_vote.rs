//! The presiding officer's vote on equal counts.

use super::conduct::Named;
use crate::cli::client::{Clients, Failure, change};
use crate::cli::{names, screen, verdict, words};
use crate::proto;

/// Give the casting vote that the rule awaits.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall vote casting-vote us-senate/pn-26 yes --by 'the Vice President'
  rollcall vote casting-vote uk-commons/amendment-f no --reason 'no majority'

It is in no tally. Where none is given the vote can be declared not-adopted.")]
pub struct Args {
    #[command(flatten)]
    vote: Named,
    /// In favour or against
    #[arg(value_enum)]
    choice: words::CastingVote,
    /// Who gives it, in words
    #[arg(long = "by", value_name = "WHO", default_value = "", hide_default_value = true)]
    given_by: String,
    /// The principle invoked, in words
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

impl Args {
    /// Gives it, and shows what the rule then gives.
    pub async fn run(self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let (name, request_id) = self.vote.read();
        let choice = proto::Choice::from(self.choice);
        let request = proto::GiveCastingVoteRequest {
            name: name.clone(),
            choice: choice.into(),
            reason: self.reason,
            request_id: request_id.clone(),
            given_by: self.given_by,
        };
        let answer = change(&request_id, clients.votes.give_casting_vote(request)).await?;
        screen::show(json, &answer, || {
            let place = screen::receipt(answer.receipt.as_ref());
            let vote = answer.vote.clone().unwrap_or_default();
            let first = format!("the casting vote on {} is {} ({place})", names::short(&name), words::choice(choice));
            std::iter::once(first).chain(verdict::result(&vote)).collect()
        })
    }
}
