//! List and show the named rules, and judge a tally.

mod judge;
pub mod words;

use super::client::{Clients, Connection, Failure};
use super::screen::{self, Listing};
use crate::proto;

/// List and show the named rules, and judge a tally.
#[derive(clap::Args)]
#[command(after_help = "Example:
  rollcall rules judge un.ga.two-thirds --yes 143 --no 5 --abstain 35")]
pub struct Args {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the named rules
    #[command(after_help = "Example:
  rollcall rules list")]
    List,
    /// Show a named rule in full
    #[command(after_help = "Examples:
  rollcall rules show un.sc.substantive
  rollcall rules show un.sc.substantive --json | jq 'del(.preset)' > rule.json

The second is the beginning of a rule of your own.")]
    Show {
        /// Its name
        rule: String,
    },
    /// Say what a rule makes of a tally, without recording anything
    Judge(Box<judge::Args>),
}

impl Args {
    /// Runs the command.
    pub async fn run(self) -> Result<(), Failure> {
        let mut clients = self.connection.connect().await?;
        let json = self.connection.json;
        match self.command {
            Command::List => {
                let mut listing = Listing::new(json, &["RULE", "BASIS"]);
                for rule in all(&mut clients).await? {
                    listing.add(&rule, |rule| vec![rule.preset.clone(), rule.basis.clone()])?;
                }
                listing.end("there are no named rules")
            }
            Command::Show { rule } => {
                let rule = named(&mut clients, &rule).await?;
                screen::show(json, &rule, || words::rule(&rule))
            }
            Command::Judge(args) => args.run(&mut clients, json).await,
        }
    }
}

/// The rule of this name.
async fn named(clients: &mut Clients, name: &str) -> Result<proto::Rule, Failure> {
    let found = all(clients).await?.into_iter().find(|rule| rule.preset == name);
    found.ok_or_else(|| Failure::Failed(format!("no rule is named \"{name}\": `rollcall rules list` has them all")))
}

async fn all(clients: &mut Clients) -> Result<Vec<proto::Rule>, Failure> {
    Ok(clients.rules.list_rules(proto::ListRulesRequest {}).await?.into_inner().rules)
}
