//! Compare votes of one body: tallies and outcomes side by side, and who changed.

use std::collections::BTreeMap;

use super::client::{Connection, Failure};
use super::words::{self, many};
use super::{names, pages, screen, time};
use crate::proto::{self, Choice, CompareVotesResponse, MemberChoices, Outcome, Vote};

/// Compare votes of one body.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall compare un-ga/es-11-1 un-ga/es-11-2 un-ga/es-11-4
  rollcall compare un-ga/res-68-262 un-ga/es-11-4 --json

The most votes in favour are marked. Members are listed that did not do the same in all of the votes; `-` is for one that was not on the roll.")]
pub struct Args {
    #[command(flatten)]
    connection: Connection,
    /// The votes, as BODY/VOTE, 2 to 16
    #[arg(value_name = "VOTE", required = true, num_args = 2..)]
    votes: Vec<String>,
}

impl Args {
    /// Runs the command.
    pub async fn run(self) -> Result<(), Failure> {
        let mut clients = self.connection.connect().await?;
        let votes: Vec<String> = self.votes.iter().map(|vote| names::vote(vote)).collect();
        let (mut whole, mut members) = (CompareVotesResponse::default(), Vec::new());
        let fetch = async |page_token| {
            let (votes, page_size) = (votes.clone(), pages::PAGE);
            let request = proto::CompareVotesRequest { votes, page_size, page_token };
            let mut page = clients.votes.compare_votes(request).await?.into_inner();
            let (of_page, next) = (std::mem::take(&mut page.members), std::mem::take(&mut page.next_page_token));
            whole = page;
            Ok::<_, Failure>((of_page, next))
        };
        pages::each(fetch, |member| {
            members.push(member);
            Ok(())
        })
        .await?;
        whole.members = members;
        screen::show(self.connection.json, &whole, || lines(&whole))
    }
}

fn lines(compared: &CompareVotesResponse) -> Vec<String> {
    let votes = &compared.votes;
    let titled = votes.iter().map(|vote| {
        let symbol = if vote.adopted_symbol.is_empty() { &vote.symbol } else { &vote.adopted_symbol };
        let facts = [names::short(&vote.name), symbol.clone(), vote.title.clone()];
        facts.into_iter().filter(|fact| !fact.is_empty()).collect::<Vec<_>>().join("  ")
    });
    let mut lines: Vec<String> = titled.chain([String::new()]).chain(tallies(votes)).collect();
    let moved = compared.members.len() as u64;
    lines.push(String::new());
    if moved == 0 {
        lines.push("every member did the same in all of them".to_owned());
        return lines;
    }
    lines.extend(movements(compared));
    lines.extend([String::new(), format!("{} did not do the same in all of them:", many(moved, "member"))]);
    let header: Vec<&str> = ["MEMBER", "NAME"].into_iter().chain(votes.iter().map(id)).collect();
    let rows = compared.members.iter().map(|one| {
        let names = [one.member.clone(), one.display_name.clone()];
        names.into_iter().chain(choices(one).map(stand)).collect()
    });
    lines.extend(screen::table(&header, rows, &[]));
    lines
}

fn id(vote: &Vote) -> &str {
    names::id(&vote.name)
}

fn choices(member: &MemberChoices) -> impl Iterator<Item = Choice> {
    member.choices.iter().map(|choice| Choice::try_from(*choice).unwrap_or_default())
}

fn stand(choice: Choice) -> String {
    if choice == Choice::Unspecified { "-".to_owned() } else { words::choice(choice).to_owned() }
}

/// A column for each vote.
fn tallies(votes: &[Vote]) -> Vec<String> {
    let heads = |vote: &Vote| vote.tally.as_ref().and_then(|tally| tally.heads).unwrap_or_default();
    let most = votes.iter().map(|vote| heads(vote).yes).max().unwrap_or_default();
    let marked = |yes: u64| if yes == most { format!("{yes} *") } else { yes.to_string() };
    let announced = |vote: &Vote| {
        let heads = vote.announced_tally.as_ref().and_then(|tally| tally.heads)?;
        Some(format!("{}-{}-{}", heads.yes, heads.no, heads.abstain))
    };
    let outcome = |vote: &Vote| match vote.declared_outcome() {
        Outcome::Unspecified => words::state(vote.state()).to_owned(),
        outcome => words::outcome(outcome).to_owned(),
    };
    let held = |vote: &Vote| time::second(vote.held_time.as_ref().or(vote.open_time.as_ref()));
    let row = |label: &str, cell: &dyn Fn(&Vote) -> String| {
        std::iter::once(label.to_owned()).chain(votes.iter().map(cell)).collect::<Vec<_>>()
    };
    let mut rows = vec![
        row("held", &|vote| held(vote).split('T').next().unwrap_or_default().to_owned()),
        row("yes", &|vote| marked(heads(vote).yes)),
        row("no", &|vote| heads(vote).no.to_string()),
        row("abstain", &|vote| heads(vote).abstain.to_string()),
        row("present", &|vote| heads(vote).present.to_string()),
        row("not voting", &|vote| heads(vote).not_voting.to_string()),
        row("announced", &|vote| announced(vote).unwrap_or_default()),
        row("outcome", &outcome),
    ];
    let told = |row: &Vec<String>| row[1..].iter().any(|cell| !cell.is_empty());
    rows.retain(|row| told(row) && !(row[0] == "present" && row[1..].iter().all(|cell| cell == "0")));
    let header: Vec<&str> = std::iter::once("").chain(votes.iter().map(id)).collect();
    let mut lines = screen::table(&header, rows, &[]);
    lines.push("* most in favour".to_owned());
    lines
}

/// From each vote to the next: how many changed, and how.
fn movements(compared: &CompareVotesResponse) -> Vec<String> {
    let pairs = compared.votes.windows(2).enumerate();
    let told = pairs.map(|(at, pair)| {
        let mut ways = BTreeMap::<(Choice, Choice), u64>::new();
        for member in &compared.members {
            let choices: Vec<Choice> = choices(member).collect();
            if choices[at] != choices[at + 1] {
                *ways.entry((choices[at], choices[at + 1])).or_default() += 1;
            }
        }
        let mut ways: Vec<_> = ways.into_iter().collect();
        ways.sort_by_key(|(way, count)| (std::cmp::Reverse(*count), *way));
        let told = ways.iter().map(|((from, to), count)| format!("{} to {} {count}", stand(*from), stand(*to)));
        let told = told.collect::<Vec<_>>().join(", ");
        let changed = many(ways.iter().map(|(_, count)| count).sum(), "member");
        let colon = if told.is_empty() { "" } else { ": " };
        format!("{} to {}: {changed} changed{colon}{told}", id(&pair[0]), id(&pair[1]))
    });
    told.collect()
}
