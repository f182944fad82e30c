//! A tally judged by a rule, with nothing recorded.

use crate::cli::client::{Clients, Failure};
use crate::cli::vote::rule;
use crate::cli::{screen, verdict, words};
use crate::proto;

/// Say what a rule makes of a tally, without recording anything.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall rules judge un.ga.two-thirds --yes 143 --no 5 --abstain 35
  rollcall rules judge un.sc.substantive --yes 10 --no 1 --abstain 4 --veto RUS
  rollcall rules judge --rule-file rule.json --yes 2 --no 1 --weight gdp=29/15")]
pub struct Args {
    /// A named rule
    #[arg(required_unless_present = "rule_file", conflicts_with = "rule_file")]
    rule: Option<String>,
    /// A rule of your own in JSON: a file, or - for standard input
    #[arg(long, value_name = "FILE")]
    rule_file: Option<String>,
    #[command(flatten)]
    heads: Heads,
    /// The same counts by a weight, as YES/NO/ABSTAIN/PRESENT/NOT-VOTING; what is left out at the end is 0
    #[arg(long = "weight", value_name = "NAME=Y/N/A/P/X", value_parser = words::read_counts)]
    weights: Vec<(String, proto::Counts)>,
    #[command(flatten)]
    facts: Facts,
}

/// Counts by head.
#[derive(clap::Args)]
#[command(next_help_heading = "Members by their choice")]
struct Heads {
    /// In favour
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "NUMBER")]
    yes: u64,
    /// Against
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "NUMBER")]
    no: u64,
    /// Abstaining
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "NUMBER")]
    abstain: u64,
    /// Present without a choice
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "NUMBER")]
    present: u64,
    /// On the roll with no ballot
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "NUMBER")]
    not_voting: u64,
}

/// What a rule may ask beside the counts.
#[derive(clap::Args)]
#[command(next_help_heading = "What the rule may ask beside")]
struct Facts {
    /// Seats of the body by statute; left out, as many as its members
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "NUMBER")]
    seats: u64,
    /// Members that hold a seat; left out, as many as are counted
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "NUMBER")]
    members: u64,
    /// Members present, as the presiding officer stated
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "NUMBER")]
    members_present: u64,
    /// A member with a veto whose choice is the one that blocks; more than once for more
    #[arg(long = "veto", value_name = "MEMBER")]
    vetoes: Vec<String>,
    /// The presiding officer's casting vote
    #[arg(long, value_enum, value_name = "CHOICE")]
    casting_vote: Option<words::CastingVote>,
    /// The question tied before: where the rule asks for a second vote, another tie rejects it
    #[arg(long)]
    second_vote: bool,
}

impl Args {
    /// Has it judged, and says what came of it.
    pub async fn run(self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let Heads { yes, no, abstain, present, not_voting } = self.heads;
        let heads = proto::Counts { yes, no, abstain, present, not_voting, undisclosed: 0 };
        let tally = proto::Tally { heads: Some(heads), weights: self.weights.into_iter().collect() };
        let casting_vote = self.facts.casting_vote.map_or(proto::Choice::Unspecified, Into::into);
        let rule = rule(self.rule.as_ref(), self.rule_file.as_ref())?;
        // What its bars are is told from the rule in full.
        let whole = if rule.preset.is_empty() { rule.clone() } else { super::named(clients, &rule.preset).await? };
        let request = proto::EvaluateRuleRequest {
            rule: Some(rule),
            tally: Some(tally.clone()),
            seats: self.facts.seats,
            members: self.facts.members,
            members_present: self.facts.members_present,
            vetoes: self.facts.vetoes,
            casting_vote: casting_vote.into(),
            second_vote: self.facts.second_vote,
        };
        let verdict = clients.rules.evaluate_rule(request).await?.into_inner().verdict.unwrap_or_default();
        screen::show(json, &verdict, || {
            let judged = verdict::judged(&verdict, Some(&whole), proto::VoteState::Locked);
            verdict::tally(&tally).into_iter().chain(judged).collect()
        })
    }
}
