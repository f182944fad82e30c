//! A question tabled: its rule, its words, and what it is to other votes.

use prost_types::Timestamp;

use crate::cli::client::{Clients, Failure, RequestId, change};
use crate::cli::{input, names, screen, show, time, words};
use crate::proto;
use crate::proto::relation::Kind;

/// Table a question.
#[derive(clap::Args)]
#[group(skip)]
#[command(group = clap::ArgGroup::new("how").required(true).multiple(true).args(["rule", "rule_file", "revote_of"]))]
#[command(after_help = "Examples:
  rollcall vote create un-ga/es-11-4 --rule un.ga.simple --follows un-sc/s-1
  rollcall vote create un-ga/q-2 --revote-of un-ga/q
  rollcall vote create board/budget --rule-file rule.json --title 'The budget'
  rollcall vote create club/chair --rule un.ga.simple --visibility after-lock

`rollcall rules list` has the named rules; `rollcall rules show NAME --json` is the beginning of a rule file of your own, \
once the name is taken out of it.")]
pub struct Args {
    /// The vote, as BODY/VOTE
    vote: String,
    #[command(flatten)]
    rule: RuleArgs,
    /// Its title
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    title: String,
    /// The body's own document symbol, e.g. A/ES-11/L.5
    #[arg(long, value_name = "SYMBOL", default_value = "", hide_default_value = true)]
    symbol: String,
    /// The question as put, in words
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    question: String,
    /// A ballot once cast can be neither changed nor withdrawn
    #[arg(long)]
    final_on_cast: bool,
    /// Who sees the choices while the vote is open
    #[arg(long, value_enum, default_value = "live")]
    visibility: words::Visibility,
    /// A label for other services; more than once for more
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = words::pair)]
    labels: Vec<(String, String)>,
    /// When it was held, for a vote of the past: a day, or a time in full
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    held: Option<Timestamp>,
    #[command(flatten)]
    request: RequestId,
    #[command(flatten)]
    relations: Relations,
}

/// How the tally decides.
#[derive(clap::Args)]
pub struct RuleArgs {
    /// A named rule, e.g. un.ga.two-thirds; a revote has that of the first where none is given
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// A rule of your own in JSON: a file, or - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "rule")]
    rule_file: Option<String>,
    /// Who chose the rule, in words
    #[arg(long = "rule-by", value_name = "WHO", default_value = "", hide_default_value = true)]
    chosen_by: String,
    /// On what basis it was chosen, e.g. a ruling
    #[arg(long = "rule-basis", value_name = "TEXT", default_value = "", hide_default_value = true)]
    basis: String,
}

impl RuleArgs {
    /// The rule, where one is given.
    fn read(&self) -> Result<Option<proto::Rule>, Failure> {
        let given = self.rule.is_some() || self.rule_file.is_some();
        given.then(|| rule(self.rule.as_ref(), self.rule_file.as_ref())).transpose()
    }
}

/// What it is to other votes.
#[derive(clap::Args)]
#[command(next_help_heading = "What it is to other votes, at most 8")]
struct Relations {
    /// Taken up after another, which may be another body's
    #[arg(long, value_name = "VOTE")]
    follows: Vec<String>,
    /// An amendment to the other's text
    #[arg(long, value_name = "VOTE")]
    amends: Vec<String>,
    /// A part of the other's text put separately
    #[arg(long, value_name = "VOTE")]
    part_of: Vec<String>,
    /// A motion to reconsider the other's result
    #[arg(long, value_name = "VOTE")]
    reconsiders: Vec<String>,
    /// The other put again
    #[arg(long, value_name = "VOTE")]
    revote_of: Vec<String>,
    /// A question of procedure about the other
    #[arg(long, value_name = "VOTE")]
    procedural_to: Vec<String>,
}

impl Relations {
    fn read(&self) -> Vec<proto::Relation> {
        let kinds = [
            (Kind::Follows, &self.follows),
            (Kind::Amendment, &self.amends),
            (Kind::Part, &self.part_of),
            (Kind::Reconsideration, &self.reconsiders),
            (Kind::Revote, &self.revote_of),
            (Kind::Procedural, &self.procedural_to),
        ];
        let relation = |kind: Kind, vote: &String| proto::Relation { kind: kind.into(), vote: names::vote(vote) };
        kinds.iter().flat_map(|(kind, votes)| votes.iter().map(|vote| relation(*kind, vote))).collect()
    }
}

/// A rule by its name, or as a file has it.
pub fn rule(name: Option<&String>, file: Option<&String>) -> Result<proto::Rule, Failure> {
    match file {
        Some(path) => show::from_json(&input::text(path)?)
            .map_err(|problem| Failure::Failed(format!("{path} holds no rule in JSON: {problem}"))),
        None => Ok(proto::Rule { preset: name.cloned().unwrap_or_default(), ..Default::default() }),
    }
}

impl Args {
    /// Tables it.
    pub async fn run(self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let (parent, vote_id) = names::split(&self.vote, "votes")?;
        let visibility = proto::BallotVisibility::from(self.visibility).into();
        let question = proto::Vote {
            title: self.title,
            symbol: self.symbol,
            question: self.question,
            rule: self.rule.read()?,
            rule_chosen_by: self.rule.chosen_by,
            rule_basis: self.rule.basis,
            ballot_policy: Some(proto::BallotPolicy { final_on_cast: self.final_on_cast, visibility }),
            relations: self.relations.read(),
            labels: self.labels.into_iter().collect(),
            held_time: self.held,
            ..Default::default()
        };
        let request_id = self.request.get();
        let create = proto::CreateVoteRequest {
            parent,
            vote_id: vote_id.to_owned(),
            vote: Some(question),
            request_id: request_id.clone(),
        };
        let answer = change(&request_id, clients.votes.create_vote(create)).await?;
        screen::done(json, &answer, &names::vote(&self.vote), "is tabled", answer.receipt.as_ref())
    }
}
