//! What is on record beside the voting: explanations, intended votes, corrections.

use super::conduct::Named;
use crate::cli::client::{Clients, Failure, change};
use crate::cli::screen::{self, Listing};
use crate::cli::words::{self, Stand};
use crate::cli::{names, pages, time, verdict};
use crate::proto::annotation::Kind as Note;
use crate::proto::statement::Kind;
use crate::proto::{self, Choice};

/// Put a member's explanation of its vote on record.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall vote explain un-ga/es-11-4 ALB 'We are in favour.' --before
  rollcall vote explain un-ga/es-11-4 IND A/ES-11/PV.14")]
pub struct ExplainArgs {
    #[command(flatten)]
    vote: Named,
    /// The member of its body
    member: String,
    /// Its words, or the document that has them
    text: String,
    /// It was given before the voting: the vote is a draft. Without this, the vote is locked or declared
    #[arg(long)]
    before: bool,
}

/// Put on record how a member says it had intended to vote; its ballot stands.
#[derive(clap::Args)]
#[command(after_help = "Example:
  rollcall vote intended un-ga/es-11-5 BHS abstain --text 'as the board showed'")]
pub struct IntendedArgs {
    #[command(flatten)]
    vote: Named,
    /// The member on its roll
    member: String,
    /// The stand that it had intended
    #[arg(value_enum)]
    choice: Stand,
    /// Its words, or the document that has them
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    text: String,
}

/// Correct a ballot that was counted or transcribed wrongly.
#[derive(clap::Args)]
#[command(after_help = "Example:
  rollcall vote correct un-ga/es-10-21 IRQ yes --reason 'official record'

The announced tally stays on record. Where the outcome changes, the vote is locked again and the result is to be declared anew.")]
pub struct CorrectArgs {
    #[command(flatten)]
    vote: Named,
    /// The member on its roll
    member: String,
    /// The stand as corrected
    #[arg(value_enum)]
    choice: Stand,
    /// On whose authority and why, in words
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

/// List the statements and corrections on record with a vote.
#[derive(clap::Args)]
#[command(after_help = "Example:
  rollcall vote annotations un-ga/es-11-5")]
pub struct ListArgs {
    /// The vote, as BODY/VOTE
    vote: String,
}

/// The member of a vote's body in full.
fn member(vote: &str, member: &str) -> Result<String, Failure> {
    let body = vote.split("/votes").next().unwrap_or_default();
    Ok(format!("{body}/members/{}", names::member_id(vote, member)?))
}

/// Puts a statement on record; `said` tells it.
async fn state(
    clients: &mut Clients,
    json: bool,
    vote: &Named,
    statement: proto::Statement,
    said: &str,
) -> Result<(), Failure> {
    let (name, request_id) = vote.read();
    let who = statement.member.clone();
    let request = proto::RecordStatementRequest { name, statement: Some(statement), request_id: request_id.clone() };
    let answer = change(&request_id, clients.votes.record_statement(request)).await?;
    screen::done(json, &answer, &who, said, answer.receipt.as_ref())
}

impl ExplainArgs {
    /// Records it.
    pub async fn run(self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let kind = if self.before { Kind::ExplanationBefore } else { Kind::ExplanationAfter };
        let member = member(&self.vote.read().0, &self.member)?;
        let statement = proto::Statement { kind: kind.into(), member, text: self.text, ..Default::default() };
        state(clients, json, &self.vote, statement, "explains its vote").await
    }
}

impl IntendedArgs {
    /// Records it.
    pub async fn run(self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let choice = Choice::from(self.choice);
        let member = member(&self.vote.read().0, &self.member)?;
        let kind = Kind::IntendedVote.into();
        let statement = proto::Statement { kind, member, intended: choice.into(), text: self.text };
        let said = format!("{}; its ballot stands", words::intended(choice));
        state(clients, json, &self.vote, statement, &said).await
    }
}

impl CorrectArgs {
    /// Corrects it, and shows what follows.
    pub async fn run(self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let (name, request_id) = self.vote.read();
        let corrected = Choice::from(self.choice);
        let member = member(&name, &self.member)?;
        let correction = proto::Correction { member: member.clone(), corrected: corrected.into(), reason: self.reason };
        let request = proto::CorrectBallotRequest {
            name: name.clone(),
            correction: Some(correction),
            request_id: request_id.clone(),
        };
        let answer = change(&request_id, clients.votes.correct_ballot(request)).await?;
        screen::show(json, &answer, || {
            let place = screen::receipt(answer.receipt.as_ref());
            let vote = answer.vote.clone().unwrap_or_default();
            let (who, choice) = (names::short(&member), words::choice(corrected));
            let first = format!("the ballot of {who} is corrected to {choice} ({place})");
            let stands = format!("{} is {}", names::short(&name), words::state(vote.state()));
            let lines = [first, stands].into_iter().chain(verdict::result(&vote));
            lines.chain(verdict::announced(&vote)).collect()
        })
    }
}

impl ListArgs {
    /// Lists them.
    pub async fn run(self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let mut listing = Listing::new(json, &["MEMBER", "WHAT", "STAND", "TEXT", "RECORDED"]);
        let fetch = async |page_token| {
            let (parent, page_size) = (names::vote(&self.vote), pages::PAGE);
            let request = proto::ListAnnotationsRequest { parent, page_size, page_token };
            let page = clients.votes.list_annotations(request).await?.into_inner();
            Ok((page.annotations, page.next_page_token))
        };
        pages::each(fetch, |annotation| listing.add(&annotation, row)).await?;
        listing.end("there are no statements and no corrections")
    }
}

fn row(annotation: &proto::Annotation) -> Vec<String> {
    let [member, what, stand, text] = match &annotation.kind {
        Some(Note::Statement(said)) => {
            let stand = if said.kind() == Kind::IntendedVote {
                words::choice(said.intended()).to_owned()
            } else {
                String::new()
            };
            let kind = words::statement(said.kind()).to_owned();
            [names::id(&said.member).to_owned(), kind, stand, said.text.clone()]
        }
        Some(Note::Correction(made)) => {
            let stand = words::choice(made.corrected()).to_owned();
            [names::id(&made.member).to_owned(), "correction".to_owned(), stand, made.reason.clone()]
        }
        None => Default::default(),
    };
    vec![member, what, stand, text, time::second(annotation.record_time.as_ref())]
}
