//! Seat, show, list, revise and unseat members, and suspend and restore their right to vote.

mod admit;
mod revise;

use super::client::{Clients, Connection, Failure, RequestId, change};
use super::screen::{self, Listing, fact};
use super::{names, pages};
use crate::proto;

/// Seat, show, list, revise and unseat members.
#[derive(clap::Args)]
#[command(after_help = "Example:
  rollcall member admit un-ga/ALB --display-name Albania --group eastern-europe")]
pub struct Args {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Seat a member, or many from a table
    Admit(admit::Args),
    /// Change a member's display name, weights or groups; what is not given stays
    Revise(revise::Args),
    /// Unseat a member; it may be admitted again
    #[command(after_help = "Example:
  rollcall member withdraw un-ga/ALB")]
    Withdraw(Named),
    /// Take a member's right to vote away; it keeps its seat
    #[command(after_help = "Example:
  rollcall member suspend un-ga/ALB --reason 'Charter, Article 19'")]
    Suspend {
        #[command(flatten)]
        member: Named,
        /// The ground, in words
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Give a member's right to vote back
    #[command(after_help = "Example:
  rollcall member restore un-ga/ALB")]
    Restore(Named),
    /// Show a member
    #[command(after_help = "Example:
  rollcall member show un-ga/ALB")]
    Show {
        /// The member, as BODY/MEMBER
        member: String,
    },
    /// List a body's members in the order of the roll
    #[command(after_help = "Example:
  rollcall member list un-ga")]
    List {
        /// The body
        body: String,
    },
}

/// A member that something happens to.
#[derive(clap::Args)]
struct Named {
    /// The member, as BODY/MEMBER
    member: String,
    #[command(flatten)]
    request: RequestId,
}

impl Args {
    /// Runs the command.
    pub async fn run(self) -> Result<(), Failure> {
        let mut clients = self.connection.connect().await?;
        let json = self.connection.json;
        match self.command {
            Command::Admit(args) => args.run(&mut clients, json).await,
            Command::Revise(args) => args.run(&mut clients, json).await,
            Command::Withdraw(member) => withdraw(&mut clients, json, &member).await,
            Command::Suspend { member, reason } => suspend(&mut clients, json, &member, reason).await,
            Command::Restore(member) => restore(&mut clients, json, &member).await,
            Command::Show { member } => show(&mut clients, json, &member).await,
            Command::List { body } => list(&mut clients, json, &body).await,
        }
    }
}

async fn withdraw(clients: &mut Clients, json: bool, member: &Named) -> Result<(), Failure> {
    let (name, request_id) = (names::member(&member.member), member.request.get());
    let request = proto::WithdrawMemberRequest { name: name.clone(), request_id: request_id.clone() };
    let answer = change(&request_id, clients.bodies.withdraw_member(request)).await?;
    screen::done(json, &answer, &name, "is unseated", answer.receipt.as_ref())
}

async fn suspend(clients: &mut Clients, json: bool, member: &Named, reason: String) -> Result<(), Failure> {
    let (name, request_id) = (names::member(&member.member), member.request.get());
    let request = proto::SuspendVotingRightRequest { name: name.clone(), reason, request_id: request_id.clone() };
    let answer = change(&request_id, clients.bodies.suspend_voting_right(request)).await?;
    screen::done(json, &answer, &name, "may not vote any more", answer.receipt.as_ref())
}

async fn restore(clients: &mut Clients, json: bool, member: &Named) -> Result<(), Failure> {
    let (name, request_id) = (names::member(&member.member), member.request.get());
    let request = proto::RestoreVotingRightRequest { name: name.clone(), request_id: request_id.clone() };
    let answer = change(&request_id, clients.bodies.restore_voting_right(request)).await?;
    screen::done(json, &answer, &name, "may vote again", answer.receipt.as_ref())
}

/// Hands on every member of a body, in the order of the roll.
async fn each(
    clients: &mut Clients,
    body: &str,
    member: impl FnMut(proto::Member) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let fetch = async |page_token| {
        let request = proto::ListMembersRequest { parent: body.to_owned(), page_size: pages::PAGE, page_token };
        let page = clients.bodies.list_members(request).await?.into_inner();
        Ok((page.members, page.next_page_token))
    };
    pages::each(fetch, member).await
}

/// The member of a full name, where it holds a seat. The service lists members, and gets none by its name.
async fn find(clients: &mut Clients, name: &str) -> Result<Option<proto::Member>, Failure> {
    let body = name.split("/members/").next().unwrap_or_default();
    let mut found = None;
    let look = |member: proto::Member| {
        found = found.take().or(Some(member).filter(|member| member.name == name));
        Ok(())
    };
    each(clients, body, look).await?;
    Ok(found)
}

async fn show(clients: &mut Clients, json: bool, member: &str) -> Result<(), Failure> {
    let (body, id) = names::split(member, "members")?;
    let name = names::member(member);
    let missing = || Failure::Failed(format!("{} has no member {id}", names::short(&body)));
    let member = find(clients, &name).await?.ok_or_else(missing)?;
    screen::show(json, &member, || {
        let [groups, weights, right] = particulars(&member);
        let facts = [
            fact("member", &names::short(&name)),
            fact("name", &member.display_name),
            fact("groups", &groups),
            fact("weights", &weights),
            fact("right", if right.is_empty() { "may vote" } else { &right }),
        ];
        facts.into_iter().flatten().collect()
    })
}

/// A member's groups, its weights, and why it may not vote, where it may not.
fn particulars(member: &proto::Member) -> [String; 3] {
    let weights: Vec<_> = member.weights.iter().map(|(name, weight)| format!("{name}={weight}")).collect();
    let right = match &member.suspension {
        None => String::new(),
        Some(suspension) if suspension.reason.is_empty() => "suspended".to_owned(),
        Some(suspension) => format!("suspended: {}", suspension.reason),
    };
    [member.groups.join(", "), weights.join(", "), right]
}

async fn list(clients: &mut Clients, json: bool, body: &str) -> Result<(), Failure> {
    let mut listing = Listing::new(json, &["MEMBER", "NAME", "GROUPS", "WEIGHTS", "VOTING RIGHT"]);
    let row = |member: &proto::Member| {
        let [groups, weights, right] = particulars(member);
        vec![names::id(&member.name).to_owned(), member.display_name.clone(), groups, weights, right]
    };
    each(clients, &names::body(body), |member| listing.add(&member, row)).await?;
    listing.end("this body has no members")
}
