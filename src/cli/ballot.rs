//! Cast ballots, and show the roll call.

use super::client::{Clients, Connection, Failure, RequestId, change};
use super::screen::{self, Listing};
use super::{names, pages, time, words};
use crate::proto;

/// Cast a ballot.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall cast un-ga/es-11-4 ALB yes
  rollcall cast un-ga/es-11-4 ALB --withdraw")]
pub struct CastArgs {
    #[command(flatten)]
    connection: Connection,
    /// The vote, as BODY/VOTE
    vote: String,
    /// The member of its body
    member: String,
    /// The member's choice; it may be changed until the lock, unless the vote says otherwise
    #[arg(value_enum, required_unless_present = "withdraw")]
    choice: Option<words::Choice>,
    /// Take the member's ballot back
    #[arg(long, conflicts_with = "choice")]
    withdraw: bool,
    #[command(flatten)]
    request: RequestId,
}

/// Show the roll call of a vote, or one member's ballots.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall ballots un-ga/es-11-4              the roll call
  rollcall ballots un-ga/es-11-4 --choice no  those against
  rollcall ballots un-ga --member ALB         one member's, in every vote")]
pub struct BallotsArgs {
    #[command(flatten)]
    connection: Connection,
    /// The vote, as BODY/VOTE; with --member a body alone will do
    #[arg(value_name = "VOTE")]
    of: String,
    /// Only this member
    #[arg(long, value_name = "MEMBER")]
    member: Option<String>,
    /// Only this choice; more than once for more
    #[arg(long = "choice", value_enum, value_name = "CHOICE")]
    choices: Vec<words::Stand>,
}

impl CastArgs {
    /// Casts it, or takes it back.
    pub async fn run(self) -> Result<(), Failure> {
        let vote = names::vote(&self.vote);
        let member = names::member_id(&vote, &self.member)?;
        let mut clients = self.connection.connect().await?;
        let json = self.connection.json;
        let request_id = self.request.get();
        let Some(choice) = self.choice else {
            return withdraw(&mut clients, json, &vote, &member, request_id).await;
        };
        let choice = proto::Choice::from(choice);
        let request = proto::CastBallotRequest {
            vote,
            member: member.clone(),
            choice: choice.into(),
            request_id: request_id.clone(),
        };
        let answer = change(&request_id, clients.ballots.cast_ballot(request)).await?;
        let what = format!("votes {}", words::choice(choice));
        screen::done(json, &answer, &member, &what, answer.receipt.as_ref())
    }
}

async fn withdraw(
    clients: &mut Clients,
    json: bool,
    vote: &str,
    member: &str,
    request_id: String,
) -> Result<(), Failure> {
    let request =
        proto::WithdrawBallotRequest { name: format!("{vote}/ballots/{member}"), request_id: request_id.clone() };
    let answer = change(&request_id, clients.ballots.withdraw_ballot(request)).await?;
    screen::done(json, &answer, member, "takes its ballot back", answer.receipt.as_ref())
}

impl BallotsArgs {
    /// What is listed: a vote's ballots, or a member's in every vote.
    fn parent(&self) -> Result<(String, bool), Failure> {
        match names::is_body(&self.of) {
            false => Ok((names::vote(&self.of), self.of.ends_with("/-"))),
            true if self.member.is_some() => Ok((format!("{}/votes/-", names::body(&self.of)), true)),
            true => Err(Failure::Usage(format!(
                "\"{}\" is no vote: give BODY/VOTE, e.g. un-ga/es-11-4, or a member with --member",
                self.of
            ))),
        }
    }

    /// Shows them.
    pub async fn run(self) -> Result<(), Failure> {
        let (parent, history) = self.parent()?;
        let member = self.member.as_deref().map(|member| names::member_id(&parent, member)).transpose()?;
        let mut clients = self.connection.connect().await?;
        let choices: Vec<i32> = self.choices.iter().map(|stand| proto::Choice::from(*stand).into()).collect();
        let fetch = async |page_token| {
            let request = proto::ListBallotsRequest {
                parent: parent.clone(),
                page_size: pages::PAGE,
                page_token,
                choices: choices.clone(),
                member: member.clone().unwrap_or_default(),
            };
            let page = clients.ballots.list_ballots(request).await?.into_inner();
            Ok((page.ballots, page.next_page_token))
        };
        let header: &[&str] =
            if history { &["VOTE", "CHOICE", "RECORDED"] } else { &["MEMBER", "NAME", "CHOICE", "RECORDED"] };
        let mut listing = Listing::new(self.connection.json, header);
        pages::each(fetch, |ballot| listing.add(&ballot, |ballot| row(ballot, history))).await?;
        listing.end("there are no ballots")
    }
}

fn row(ballot: &proto::Ballot, history: bool) -> Vec<String> {
    let (vote, member) = ballot.name.rsplit_once("/ballots/").unwrap_or((&ballot.name, ""));
    let stand = match ballot.corrected() {
        proto::Choice::Unspecified if ballot.choice() == proto::Choice::Unspecified && ballot.seq > 0 => {
            "has voted, not shown".to_owned()
        }
        proto::Choice::Unspecified => words::choice(ballot.choice()).to_owned(),
        corrected => format!("{}, corrected to {}", words::choice(ballot.choice()), words::choice(corrected)),
    };
    let recorded = time::second(ballot.record_time.as_ref());
    if history {
        vec![names::short(vote), stand, recorded]
    } else {
        vec![member.to_owned(), ballot.display_name.clone(), stand, recorded]
    }
}
