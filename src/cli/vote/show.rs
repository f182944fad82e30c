//! Votes shown: one with all that is known of it, or many in a table.

use crate::cli::client::{Clients, Failure};
use crate::cli::screen::{self, Listing, fact};
use crate::cli::words::{self, many};
use crate::cli::{annulment, hidden, names, pages, time, verdict};
use crate::proto;

/// Show a vote.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall vote show un-ga/es-11-4
  rollcall vote show un-ga/es-11-4 --json | jq -r .verdict.summary")]
pub struct ShowArgs {
    /// The vote, as BODY/VOTE
    vote: String,
}

/// List votes.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall vote list
  rollcall vote list un-ga --state open --state suspended
  rollcall vote list --related-to un-sc/s-2022-720
  rollcall vote list un-ga --relation amendment --related-to un-ga/es-11-4")]
pub struct ListArgs {
    /// The body; left out, all of them
    #[arg(default_value = "-", hide_default_value = true)]
    body: String,
    /// Only votes in this state; several apart by commas, or more than once
    #[arg(long = "state", value_enum, value_name = "STATE", value_delimiter = ',')]
    states: Vec<words::VoteState>,
    /// Only votes that are something to this one
    #[arg(long, value_name = "VOTE")]
    related_to: Option<String>,
    /// Only votes that are this to another
    #[arg(long, value_enum, value_name = "KIND")]
    relation: Option<words::Relation>,
}

/// A vote as it now stands.
pub async fn get(clients: &mut Clients, name: &str) -> Result<proto::Vote, Failure> {
    let request = proto::GetVoteRequest { name: name.to_owned(), at_least_seq: 0 };
    Ok(clients.votes.get_vote(request).await?.into_inner().vote.unwrap_or_default())
}

impl ShowArgs {
    /// Shows it.
    pub async fn run(self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let vote = get(clients, &names::vote(&self.vote)).await?;
        let annulled = if json { None } else { annulment::of(clients, &vote).await? };
        screen::show(json, &vote, || lines(&vote, annulled))
    }
}

impl ListArgs {
    /// Lists them.
    pub async fn run(self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let states: Vec<i32> = self.states.iter().map(|state| proto::VoteState::from(*state).into()).collect();
        let related = self.relation.is_some() || self.related_to.is_some();
        let kind = self.relation.map_or(proto::relation::Kind::Unspecified, Into::into);
        let vote = self.related_to.as_deref().map(names::vote).unwrap_or_default();
        let relation = related.then(|| proto::Relation { kind: kind.into(), vote });
        let mut listing = Listing::new(json, &["VOTE", "STATE", "OUTCOME", "SYMBOL", "TITLE"]);
        let fetch = async |page_token| {
            let (parent, states, relation) = (names::body(&self.body), states.clone(), relation.clone());
            let request = proto::ListVotesRequest { parent, page_size: pages::PAGE, page_token, states, relation };
            let page = clients.votes.list_votes(request).await?.into_inner();
            Ok((page.votes, page.next_page_token))
        };
        pages::each(fetch, |vote| listing.add(&vote, row)).await?;
        listing.end(match (related, self.states.is_empty()) {
            (true, _) => "no vote is so related",
            (false, true) => "there are no votes",
            (false, false) => "no vote is in these states",
        })
    }
}

fn row(vote: &proto::Vote) -> Vec<String> {
    let outcome = match vote.declared_outcome() {
        proto::Outcome::Unspecified => "",
        outcome => words::outcome(outcome),
    };
    let (state, outcome) = (words::state(vote.state()).to_owned(), outcome.to_owned());
    vec![names::short(&vote.name), state, outcome, vote.symbol.clone(), vote.title.clone()]
}

fn lines(vote: &proto::Vote, annulled: Option<annulment::Annulment>) -> Vec<String> {
    let rule = vote.rule.clone().unwrap_or_default();
    let rule = match (rule.preset.as_str(), rule.basis.as_str()) {
        (name, "") => name.to_owned(),
        ("", basis) => basis.to_owned(),
        (name, basis) => format!("{name} ({basis})"),
    };
    let roll = if vote.roll_size == 0 { String::new() } else { many(u64::from(vote.roll_size), "member") };
    let facts = [
        fact("vote", &names::short(&vote.name)),
        fact("title", &vote.title),
        fact("symbol", &vote.symbol),
        fact("question", &vote.question),
        fact("state", words::state(vote.state())),
        fact("rule", &rule),
        fact("chosen by", &vote.rule_chosen_by),
        fact("on basis", &vote.rule_basis),
        fact("ballots", &policy(vote)),
        fact("roll", &roll),
        fact("held", &time::second(vote.held_time.as_ref())),
        fact("tabled", &time::second(vote.create_time.as_ref())),
        fact("opened", &time::second(vote.open_time.as_ref())),
        fact("locks", &time::locks(vote.lock_at_time.as_ref(), vote.state(), time::now()).unwrap_or_default()),
        fact("locked", &time::second(vote.lock_time.as_ref())),
        fact("declared", &time::second(vote.declare_time.as_ref())),
        fact("annulled", &annulled.map_or_else(String::new, |annulled| annulled.to_string())),
        fact("revision", &format!("{}, entry {}", vote.revision, vote.seq)),
    ];
    let relations = vote
        .relations
        .iter()
        .filter_map(|relation| fact(words::relation(relation.kind()), &names::short(&relation.vote)));
    let labels = vote.labels.iter().filter_map(|(key, value)| fact("label", &format!("{key}={value}")));
    let mut lines: Vec<String> = facts.into_iter().flatten().chain(relations).chain(labels).collect();
    let result = verdict::result(vote);
    if !result.is_empty() {
        lines.push(String::new());
        lines.extend(result);
    }
    lines.extend(verdict::announced(vote));
    lines
}

fn policy(vote: &proto::Vote) -> String {
    let last = vote.ballot_policy.unwrap_or_default().final_on_cast.then(|| "final once cast".to_owned());
    last.into_iter().chain(hidden::policy(vote)).collect::<Vec<_>>().join("; ")
}
