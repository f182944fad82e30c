//! What several commands show a person: counts, verdicts with their figures, tables. Knows no server.

use comfy_table::{CellAlignment, Table, presets};

use super::client::Failure;
use super::show::{self, Answer};
use super::{names, say};
use crate::proto;

/// Text of others as one line that does to a terminal what it looks like: control characters, and those that turn the
/// direction of writing, are replaced.
pub fn clean(text: &str) -> String {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => ' ',
            c if c.is_control() || turns(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

/// A number with the word for what is counted.
pub fn many(count: u64, one: &str) -> String {
    match (count, one.strip_suffix('y')) {
        (1, _) => format!("1 {one}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {one}s"),
    }
}

/// The name of a value of an enum as people read it: `CHOICE_NOT_VOTING` is "not voting".
pub fn word(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_lowercase().replace('_', " ")
}

/// A choice in words.
pub fn choice(choice: proto::Choice) -> String {
    word(choice.as_str_name(), "CHOICE_")
}

/// How a member had intended to vote.
pub fn intended(intended: proto::Choice) -> String {
    match intended {
        proto::Choice::NotVoting => "had intended not to vote".to_owned(),
        other => format!("had intended to vote {}", choice(other)),
    }
}

/// A state in words.
pub fn state(state: proto::VoteState) -> String {
    word(state.as_str_name(), "VOTE_STATE_")
}

/// An outcome as it is declared: "NOT ADOPTED".
pub fn outcome(outcome: proto::Outcome) -> String {
    outcome.as_str_name().trim_start_matches("OUTCOME_").replace('_', " ")
}

/// Where a change stands in the record.
pub fn receipt(receipt: Option<&proto::Receipt>) -> String {
    let receipt = receipt.cloned().unwrap_or_default();
    let again = if receipt.replayed { ", on record already" } else { "" };
    format!("entry {}{again}", receipt.seq)
}

/// Counts on one line.
pub fn counts(counts: &proto::Counts) -> String {
    let proto::Counts { yes, no, abstain, present, not_voting, undisclosed } = counts;
    let mut line = format!("yes {yes}  no {no}  abstain {abstain}");
    for (count, what) in [(present, "present"), (undisclosed, "not shown yet")] {
        if *count > 0 {
            line += &format!("  {what} {count}");
        }
    }
    line + &format!("  not voting {not_voting}")
}

/// A tally: heads first, then each weight that the rule counts.
pub fn tally(tally: &proto::Tally) -> Vec<String> {
    let heads = tally.heads.iter().map(|heads| format!("  {}", counts(heads)));
    let weights = tally.weights.iter().map(|(name, weight)| format!("  {}: {}", clean(name), counts(weight)));
    heads.chain(weights).collect()
}

/// What the rule says of a tally: the outcome, where none is declared yet, the sentence, and each criterion. While the vote
/// is open the sentence itself says that this is how it stands, and what the ballots still out can do is said too.
pub fn verdict(verdict: &proto::Verdict, state: proto::VoteState) -> Vec<String> {
    let summary = clean(&verdict.summary);
    let goes_on = matches!(state, proto::VoteState::Open | proto::VoteState::Suspended);
    let headline = if goes_on { summary } else { format!("{}. {summary}", outcome(verdict.outcome())) };
    let last = if goes_on { decidedness(verdict.decidedness()) } else { membership(verdict) };
    std::iter::once(format!("  {headline}")).chain(figures(verdict)).chain(last).collect()
}

/// Each criterion with its figures, and whose ballots blocked the result.
fn figures(verdict: &proto::Verdict) -> impl Iterator<Item = String> {
    let criteria = verdict.criteria.iter().map(|one| format!("    {}", criterion(one)));
    let vetoes = verdict.vetoed_by.iter().map(|member| {
        let member = member.rsplit('/').next().unwrap_or_default();
        format!("    vetoed by {}", clean(member))
    });
    criteria.chain(vetoes)
}

/// A criterion with its figures: "met     at least 9 in favour: 10, 9 needed".
pub fn criterion(criterion: &proto::Criterion) -> String {
    let mark = if criterion.passed { "met    " } else { "not met" };
    let base = if criterion.base == 0 { String::new() } else { format!(" of {}", criterion.base) };
    let needed = criterion.needed;
    let bar = if criterion.at_most { format!("at most {needed}") } else { format!("{needed} needed") };
    format!("{mark} {}: {}{base}, {bar}", clean(&criterion.text), criterion.counted)
}

/// What the ballots still out can do.
fn decidedness(decidedness: proto::Decidedness) -> Option<String> {
    let said = match decidedness {
        proto::Decidedness::Open => "open: the ballots still out can change it",
        proto::Decidedness::Certain => "decided, if the ballots cast stand: those still out cannot change it",
        proto::Decidedness::Undetermined => "whether the ballots still out can change it is not known",
        proto::Decidedness::Unspecified => return None,
    };
    Some(format!("    {said}"))
}

/// What part of the members made each choice: "of 193 members 74.1 % in favour (just under three quarters), 2.6 % against ..".
fn membership(verdict: &proto::Verdict) -> Option<String> {
    let members = verdict.membership.first()?.members;
    let share = |share: &proto::MemberShare| {
        let stand = match share.choice() {
            proto::Choice::Yes => "in favour",
            proto::Choice::No => "against",
            proto::Choice::Abstain => "abstaining",
            proto::Choice::Present => "present",
            proto::Choice::NotVoting => "not voting",
            proto::Choice::Unspecified => "not entitled to vote",
        };
        let near = if share.fraction.is_empty() { String::new() } else { format!(" ({})", clean(&share.fraction)) };
        format!("{}.{} % {stand}{near}", share.per_mille / 10, share.per_mille % 10)
    };
    let told = |share: &&proto::MemberShare| share.count > 0 || share.choice() == proto::Choice::Yes;
    let shares: Vec<String> = verdict.membership.iter().filter(told).map(share).collect();
    Some(format!("    of {} {}", many(members, "member"), shares.join(", ")))
}

/// A vote's tally and what came of it, or would.
pub fn result(vote: &proto::Vote) -> Vec<String> {
    let mut lines: Vec<String> = vote.tally.iter().flat_map(tally).collect();
    lines.extend(vote.casting_vote.iter().map(|given| format!("  casting vote: {}", casting_vote(given))));
    if vote.declared_outcome() == proto::Outcome::Unspecified {
        lines.extend(vote.verdict.iter().flat_map(|given| verdict(given, vote.state())));
    } else {
        lines.extend(declared(vote));
    }
    lines
}

/// The tally as it was announced, where a correction has changed it.
pub fn announced(vote: &proto::Vote) -> Vec<String> {
    let before = vote.announced_tally.iter().flat_map(|announced| {
        std::iter::once("  as announced, before it was corrected:".to_owned()).chain(tally(announced))
    });
    before.collect()
}

/// The casting vote: what it is, who gave it, and why.
fn casting_vote(given: &proto::CastingVote) -> String {
    let by = if given.given_by.is_empty() { String::new() } else { format!(", by {}", clean(&given.given_by)) };
    let why = if given.reason.is_empty() { String::new() } else { format!(": {}", clean(&given.reason)) };
    format!("{}{by}{why}", choice(given.choice()))
}

/// The result as declared, with the figures of the rule.
pub fn declared(vote: &proto::Vote) -> Vec<String> {
    let verdict = vote.verdict.clone().unwrap_or_default();
    let symbol = clean(&vote.adopted_symbol);
    let adopted = if symbol.is_empty() { String::new() } else { format!(" as {symbol}") };
    let summary = clean(&verdict.summary);
    let mut lines = vec![format!("  {}{adopted}. {summary}", outcome(vote.declared_outcome())).trim_end().to_owned()];
    if !vote.ruling.is_empty() {
        lines.push(format!("    by ruling of the presiding officer: {}", clean(&vote.ruling)));
    }
    lines.extend(figures(&verdict).chain(membership(&verdict)));
    lines
}

/// A table of text without borders. A cell is one line, whatever it holds.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>, numbers: &[usize]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row.iter().map(|cell| clean(cell)));
    }
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if numbers.contains(&at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

/// A list as it comes, page by page: a table for people at the end, a line of JSON for each at once.
pub struct Listing {
    json: bool,
    header: &'static [&'static str],
    rows: Vec<Vec<String>>,
    count: u64,
}

impl Listing {
    /// A list with this header.
    pub fn new(json: bool, header: &'static [&'static str]) -> Self {
        Self { json, header, rows: Vec::new(), count: 0 }
    }

    /// Adds one, with what its row holds.
    pub fn add<M: Answer>(&mut self, item: &M, row: impl FnOnce(&M) -> Vec<String>) -> Result<(), Failure> {
        self.count += 1;
        if self.json {
            return show::json_line(item);
        }
        self.rows.push(row(item));
        Ok(())
    }

    /// Prints the table; says on standard error that there is nothing, where there is.
    pub fn end(self, none: &str) -> Result<(), Failure> {
        if self.count == 0 {
            say::problem(none);
            return Ok(());
        }
        if self.json { Ok(()) } else { show::text(table(self.header, self.rows, &[])) }
    }
}

/// One fact of a thing: its label, and what is said, where anything is.
pub fn fact(label: &str, said: &str) -> Option<String> {
    (!said.is_empty()).then(|| format!("{label:<12}{}", clean(said)))
}

/// Prints a thing: its JSON, or the lines that tell it to people.
pub fn show<M: Answer>(json: bool, answer: &M, lines: impl FnOnce() -> Vec<String>) -> Result<(), Failure> {
    if json { show::json(answer) } else { show::text(lines().join("\n")) }
}

/// The same for a change that one line tells: what was done, and to what.
pub fn done<M: Answer>(
    json: bool,
    answer: &M,
    name: &str,
    what: &str,
    at: Option<&proto::Receipt>,
) -> Result<(), Failure> {
    show(json, answer, || vec![format!("{} {what} ({})", clean(names::short(name).as_str()), receipt(at))])
}
