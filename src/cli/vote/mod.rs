//! Conduct votes, from draft to declared result.

mod annotate;
mod casting_vote;
mod conduct;
mod create;
mod declare;
mod show;

pub use self::create::rule;
pub use self::show::get;
use super::client::{Connection, Failure};

/// Conduct votes, from draft to declared result.
#[derive(clap::Args)]
#[command(after_help = "Example:
  rollcall vote create un-ga/es-11-4 --rule un.ga.two-thirds --title Ukraine
  rollcall vote open un-ga/es-11-4
  rollcall cast un-ga/es-11-4 ALB yes
  rollcall vote lock un-ga/es-11-4
  rollcall vote declare un-ga/es-11-4")]
pub struct Args {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Table a question
    Create(Box<create::Args>),
    /// Open the voting and freeze the roll
    Open(conduct::OpenArgs),
    /// Stop taking ballots for now; those cast stand
    #[command(after_help = "Example:
  rollcall vote suspend un-ga/es-11-4 --reason 'a point of order'")]
    Suspend(conduct::ReasonArgs),
    /// Take ballots again, on the same roll
    #[command(after_help = "Example:
  rollcall vote resume un-ga/es-11-4")]
    Resume(conduct::Named),
    /// Lock the voting: every ballot before it counts, and none after it
    #[command(after_help = "Example:
  rollcall vote lock un-ga/es-11-4")]
    Lock(conduct::Named),
    /// Give the casting vote that the rule awaits
    CastingVote(casting_vote::Args),
    /// Declare the result
    Declare(declare::Args),
    /// Record that a question was adopted without a vote: no tally exists then
    AdoptWithoutVote(declare::AdoptArgs),
    /// Put a member's explanation of its vote on record
    Explain(annotate::ExplainArgs),
    /// Put on record how a member says it had intended to vote; its ballot stands
    Intended(annotate::IntendedArgs),
    /// Correct a ballot that was counted or transcribed wrongly
    Correct(annotate::CorrectArgs),
    /// List the statements and corrections on record with a vote
    Annotations(annotate::ListArgs),
    /// Set a vote aside; its entries stay on record
    #[command(after_help = "Example:
  rollcall vote annul un-ga/es-11-4 --reason 'the machine failed'")]
    Annul(conduct::ReasonArgs),
    /// Withdraw a question that was not put yet
    #[command(after_help = "Example:
  rollcall vote withdraw un-ga/es-11-4")]
    Withdraw(conduct::Named),
    /// Show a vote: what it is about, its tally, and what came of it
    Show(show::ShowArgs),
    /// List votes in the order in which they were tabled
    List(show::ListArgs),
}

impl Args {
    /// Runs the command.
    pub async fn run(self) -> Result<(), Failure> {
        let json = self.connection.json;
        let clients = &mut self.connection.connect().await?;
        match self.command {
            Command::Create(args) => args.run(clients, json).await,
            Command::Open(args) => args.run(clients, json).await,
            Command::Suspend(args) => args.suspend(clients, json).await,
            Command::Resume(vote) => vote.resume(clients, json).await,
            Command::Lock(vote) => vote.lock(clients, json).await,
            Command::CastingVote(args) => args.run(clients, json).await,
            Command::Declare(args) => args.run(clients, json).await,
            Command::AdoptWithoutVote(args) => args.run(clients, json).await,
            Command::Explain(args) => args.run(clients, json).await,
            Command::Intended(args) => args.run(clients, json).await,
            Command::Correct(args) => args.run(clients, json).await,
            Command::Annotations(args) => args.run(clients, json).await,
            Command::Annul(args) => args.annul(clients, json).await,
            Command::Withdraw(vote) => vote.withdraw(clients, json).await,
            Command::Show(args) => args.run(clients, json).await,
            Command::List(args) => args.run(clients, json).await,
        }
    }
}
