//! What happens to a vote that is tabled, its result aside.

use crate::cli::client::{Clients, Failure, RequestId, change};
use crate::cli::words::many;
use crate::cli::{names, screen, time, verdict, words};
use crate::proto;

/// A vote that something happens to.
#[derive(clap::Args)]
pub struct Named {
    /// The vote, as BODY/VOTE
    vote: String,
    #[command(flatten)]
    request: RequestId,
}

/// The same, with a reason.
#[derive(clap::Args)]
pub struct ReasonArgs {
    #[command(flatten)]
    vote: Named,
    /// On whose authority and why, in words
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

/// Open the voting and freeze the roll.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall vote open un-ga/es-11-4
  rollcall vote open un-ga/es-11-4 --present 183 --lock-after 5m")]
pub struct OpenArgs {
    #[command(flatten)]
    vote: Named,
    /// Members present in the room, as the presiding officer states it
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    present: u32,
    /// Lock it by itself after this long, e.g. 90s, 5m or 1h30m
    #[arg(long, value_name = "DURATION", value_parser = time::parse_duration)]
    lock_after: Option<prost_types::Duration>,
}

impl Named {
    /// The vote's full name, and the id of the request.
    pub fn read(&self) -> (String, String) {
        (names::vote(&self.vote), self.request.get())
    }

    /// Takes ballots again.
    pub async fn resume(&self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let (name, request_id) = self.read();
        let request = proto::ResumeVoteRequest { name: name.clone(), request_id: request_id.clone() };
        let answer = change(&request_id, clients.votes.resume_vote(request)).await?;
        screen::done(json, &answer, &name, "is open again", answer.receipt.as_ref())
    }

    /// Locks it, and shows what its rule gives.
    pub async fn lock(&self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let (name, request_id) = self.read();
        let request = proto::LockVoteRequest { name: name.clone(), request_id: request_id.clone() };
        let answer = change(&request_id, clients.votes.lock_vote(request)).await?;
        screen::show(json, &answer, || {
            let vote = answer.vote.clone().unwrap_or_default();
            // A repeated request is answered with the vote as it stands now.
            let stands = words::state(vote.state());
            let place = screen::receipt(answer.receipt.as_ref());
            let first = format!("{} is {stands} ({place})", names::short(&name));
            std::iter::once(first).chain(verdict::result(&vote)).collect()
        })
    }

    /// Withdraws the draft.
    pub async fn withdraw(&self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let (name, request_id) = self.read();
        let request = proto::WithdrawVoteRequest { name: name.clone(), request_id: request_id.clone() };
        let answer = change(&request_id, clients.votes.withdraw_vote(request)).await?;
        screen::done(json, &answer, &name, "is withdrawn", answer.receipt.as_ref())
    }
}

impl ReasonArgs {
    /// Takes no ballots for now.
    pub async fn suspend(self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let (name, request_id) = self.vote.read();
        let request =
            proto::SuspendVoteRequest { name: name.clone(), reason: self.reason, request_id: request_id.clone() };
        let answer = change(&request_id, clients.votes.suspend_vote(request)).await?;
        screen::done(json, &answer, &name, "is suspended", answer.receipt.as_ref())
    }

    /// Sets it aside.
    pub async fn annul(self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let (name, request_id) = self.vote.read();
        let request =
            proto::AnnulVoteRequest { name: name.clone(), reason: self.reason, request_id: request_id.clone() };
        let answer = change(&request_id, clients.votes.annul_vote(request)).await?;
        screen::done(json, &answer, &name, "is annulled", answer.receipt.as_ref())
    }
}

impl OpenArgs {
    /// Opens it.
    pub async fn run(self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let (name, request_id) = self.vote.read();
        let request = proto::OpenVoteRequest {
            name: name.clone(),
            lock_after: self.lock_after,
            members_present: self.present,
            request_id: request_id.clone(),
        };
        let answer = change(&request_id, clients.votes.open_vote(request)).await?;
        let vote = answer.vote.clone().unwrap_or_default();
        let roll = many(u64::from(vote.roll_size), "member");
        let what = format!("is {}, with {roll} on the roll", words::state(vote.state()));
        screen::done(json, &answer, &name, &what, answer.receipt.as_ref())
    }
}
