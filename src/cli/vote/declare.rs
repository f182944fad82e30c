//! The result declared: what the rule gives, or what the presiding officer rules.

use super::conduct::Named;
use super::show::get;
use crate::cli::client::{Clients, Failure, change};
use crate::cli::{names, screen, verdict, words};
use crate::proto;

/// Declare the result.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall vote declare un-ga/es-11-4 --as A/RES/ES-11/4
  rollcall vote declare un-ga/es-11-4 not-adopted --ruling 'out of order'")]
pub struct Args {
    #[command(flatten)]
    vote: Named,
    /// The outcome; left out, it is the one that the rule gives
    #[arg(value_enum)]
    outcome: Option<words::Outcome>,
    /// The presiding officer's ruling, where the outcome is not the rule's
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, requires = "outcome")]
    ruling: String,
    /// The symbol of the text adopted, e.g. A/RES/ES-11/4
    #[arg(long = "as", value_name = "SYMBOL", default_value = "", hide_default_value = true)]
    symbol: String,
}

/// Record that a question was adopted without a vote.
#[derive(clap::Args)]
#[command(after_help = "Example:
  rollcall vote adopt-without-vote un-ga/item-5 --as A/RES/76/300")]
pub struct AdoptArgs {
    #[command(flatten)]
    vote: Named,
    /// The symbol of the text adopted, e.g. A/RES/76/300
    #[arg(long = "as", value_name = "SYMBOL", default_value = "", hide_default_value = true)]
    symbol: String,
}

impl AdoptArgs {
    /// Records it.
    pub async fn run(self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let (name, request_id) = self.vote.read();
        let request = proto::AdoptWithoutVoteRequest {
            name: name.clone(),
            adopted_symbol: self.symbol,
            request_id: request_id.clone(),
        };
        let answer = change(&request_id, clients.votes.adopt_without_vote(request)).await?;
        screen::done(json, &answer, &name, "is adopted without a vote", answer.receipt.as_ref())
    }
}

impl Args {
    /// Declares it.
    pub async fn run(self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let (name, request_id) = self.vote.read();
        let outcome = match self.outcome {
            Some(outcome) => outcome.into(),
            None => of_the_rule(clients, &name).await?,
        };
        let request = proto::DeclareResultRequest {
            name: name.clone(),
            outcome: outcome.into(),
            ruling: self.ruling,
            adopted_symbol: self.symbol,
            request_id: request_id.clone(),
        };
        let answer = change(&request_id, clients.votes.declare_result(request)).await?;
        screen::show(json, &answer, || {
            let place = screen::receipt(answer.receipt.as_ref());
            let vote = answer.vote.clone().unwrap_or_default();
            let by = if self.outcome.is_none() { ", as its rule gives" } else { "" };
            let first = format!("{} is {}{by} ({place})", names::short(&name), words::state(vote.state()));
            std::iter::once(first).chain(verdict::result(&vote)).collect()
        })
    }
}

/// What the rule makes of the vote as it was locked. A ballot may not slip in between: the server refuses while it is open.
async fn of_the_rule(clients: &mut Clients, name: &str) -> Result<proto::Outcome, Failure> {
    let vote = get(clients, name).await?;
    match vote.verdict.as_ref().map(proto::Verdict::outcome) {
        None | Some(proto::Outcome::Unspecified) => {
            let state = words::state(vote.state());
            Err(Failure::Failed(format!("{} is {state}: its rule has judged nothing yet", names::short(name))))
        }
        Some(outcome) => Ok(outcome),
    }
}
