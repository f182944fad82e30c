//! A vote in words: its state, its counts, what is still needed, and the verdict. Plain text, for lines and for the board.

use crate::proto::{self, Choice, Counts, Criterion, Outcome, Verdict, VoteState, requirement::Kind};

/// A state as it stands in a line.
pub fn state(state: VoteState) -> &'static str {
    match state {
        VoteState::Unspecified => "..",
        VoteState::Draft => "not open yet",
        VoteState::Open => "OPEN",
        VoteState::Suspended => "SUSPENDED",
        VoteState::Locked => "LOCKED",
        VoteState::Declared => "DECLARED",
        VoteState::Annulled => "ANNULLED",
        VoteState::Withdrawn => "WITHDRAWN",
    }
}

/// An outcome as it is declared.
pub fn outcome(outcome: Outcome) -> String {
    outcome.as_str_name().trim_start_matches("OUTCOME_").replace('_', " ")
}

/// A stand.
pub fn choice(choice: Choice) -> &'static str {
    match choice {
        Choice::Yes => "yes",
        Choice::No => "no",
        Choice::Abstain => "abstain",
        Choice::Present => "present",
        Choice::NotVoting | Choice::Unspecified => "not voting",
    }
}

/// The counts that a vote shows, each with its stand; `None` counts ballots that are not shown yet. Of those that are rare, what is there.
pub fn columns(counts: &Counts) -> Vec<(Option<Choice>, u64)> {
    let Counts { yes, no, abstain, present, not_voting, undisclosed } = *counts;
    let mut columns = vec![(Some(Choice::Yes), yes), (Some(Choice::No), no), (Some(Choice::Abstain), abstain)];
    if present > 0 {
        columns.push((Some(Choice::Present), present));
    }
    if undisclosed > 0 {
        columns.push((None, undisclosed));
    }
    columns.push((Some(Choice::NotVoting), not_voting));
    columns
}

/// The name of a column.
pub fn column(stand: Option<Choice>) -> &'static str {
    stand.map_or("not shown yet", choice)
}

/// The counts in a line.
pub fn counts(counts: &Counts) -> String {
    let one = |(stand, count): (Option<Choice>, u64)| format!("{} {count:3}", column(stand));
    columns(counts).into_iter().map(one).collect::<Vec<_>>().join("  ")
}

/// A frame in a line: where the vote stands, its counts, and what is still needed.
pub fn line(frame: &proto::TallyFrame, rule: Option<&proto::Rule>) -> String {
    let state = state(frame.state());
    let Some(heads) = frame.tally.as_ref().and_then(|tally| tally.heads) else { return state.to_owned() };
    let need = frame.verdict.as_ref().and_then(|verdict| aim(verdict, rule)).map(need);
    let need = need.map_or_else(String::new, |need| format!("; {need}"));
    let decided = if decided(frame) { "; decided" } else { "" };
    format!("{state:9} {}{need}{decided}", counts(&heads))
}

/// The criterion to look at: the first requirement's that is not met, else the first's. Quorums come before requirements.
pub fn aim<'a>(verdict: &'a Verdict, rule: Option<&proto::Rule>) -> Option<&'a Criterion> {
    let quorums = rule.and_then(|rule| rule.quorum.as_ref()).map_or(0, |quorum| quorum.thresholds.len());
    let mut criteria = verdict.criteria.get(quorums..)?;
    let mut first = None;
    for requirement in rule.map_or(&[][..], |rule| &rule.requirements) {
        let alternatives = match &requirement.kind {
            Some(Kind::AnyOf(any)) => any.thresholds.len(),
            _ => 1,
        };
        let (these, rest) = criteria.split_at_checked(alternatives)?;
        criteria = rest;
        match these.iter().find(|criterion| criterion.passed) {
            None => return these.first(),
            met => first = first.or(met),
        }
    }
    first.or_else(|| criteria.iter().find(|criterion| !criterion.passed)).or(criteria.first())
}

/// What is still needed: "98 of 99 needed, 1 more".
pub fn need(criterion: &Criterion) -> String {
    let Criterion { counted, needed, passed, at_most, .. } = *criterion;
    match (at_most, passed) {
        (true, true) => format!("{counted}, at most {needed} allowed, met"),
        (true, false) => format!("{counted}, at most {needed} allowed"),
        (false, true) => format!("{counted}, {needed} needed, met"),
        (false, false) if counted < needed => format!("{counted} of {needed} needed, {} more", needed - counted),
        (false, false) => format!("{counted} of {needed} needed, not met"),
    }
}

/// Whether the ballots still out can change nothing any more, while they could still come.
pub fn decided(frame: &proto::TallyFrame) -> bool {
    let verdict = frame.verdict.as_ref();
    let goes_on = matches!(frame.state(), VoteState::Open | VoteState::Suspended);
    goes_on && verdict.is_some_and(|verdict| verdict.decidedness() == proto::Decidedness::Certain)
}

/// How a vote ended, in lines.
pub fn verdict(vote: &proto::Vote) -> Vec<String> {
    let verdict = vote.verdict.clone().unwrap_or_default();
    let mut lines = Vec::new();
    if vote.state() == VoteState::Declared {
        let declared = outcome(vote.declared_outcome());
        let symbol =
            if vote.adopted_symbol.is_empty() { String::new() } else { format!(" as {}", vote.adopted_symbol) };
        lines.push(format!("{declared}{symbol}. {}", verdict.summary).trim_end().to_owned());
        if !vote.ruling.is_empty() {
            lines.push(format!("  ruled: {}", vote.ruling));
        }
        lines.extend(verdict.criteria.iter().map(|one| format!("  {}", crate::cli::screen::criterion(one))));
        let members = verdict.vetoed_by.iter().map(|name| name.rsplit('/').next().unwrap_or_default());
        lines.extend(members.map(|member| format!("  vetoed by {member}")));
    } else {
        lines.push(format!("{}: it has no result.", state(vote.state())));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(text: &str, counted: u64, needed: u64, passed: bool) -> Criterion {
        Criterion { text: text.into(), counted, needed, passed, ..Default::default() }
    }

    #[test]
    fn what_is_needed_is_said_shortly() {
        let least = |counted, needed, passed| need(&measured("", counted, needed, passed));
        let most =
            |counted, needed, passed| need(&Criterion { at_most: true, ..measured("", counted, needed, passed) });
        assert_eq!(least(98, 99, false), "98 of 99 needed, 1 more");
        assert_eq!(least(0, 0, false), "0 of 0 needed, not met");
        assert_eq!(least(143, 99, true), "143, 99 needed, met");
        assert_eq!(least(6, 97, true), "6, 97 needed, met");
        assert_eq!(most(6, 4, false), "6, at most 4 allowed");
        assert_eq!(most(3, 4, true), "3, at most 4 allowed, met");
        assert_eq!(most(4, 4, true), "4, at most 4 allowed, met");
    }

    #[test]
    fn the_bar_is_the_first_requirement_that_is_not_met_and_no_quorum() {
        let threshold = || proto::Requirement { kind: Some(Kind::Threshold(proto::Threshold::default())) };
        let thresholds = vec![proto::Threshold::default(); 2];
        let either = proto::Requirement { kind: Some(Kind::AnyOf(proto::AnyOf { thresholds: thresholds.clone() })) };
        let quorum = Some(proto::Quorum { thresholds: vec![proto::Threshold::default()], ..Default::default() });
        let rule = proto::Rule { quorum, requirements: vec![either, threshold()], ..Default::default() };
        let aims = |met: [bool; 4]| {
            let names = ["quorum", "either", "or", "last"];
            let criteria = names.iter().zip(met).map(|(name, met)| measured(name, 0, 1, met)).collect();
            let verdict = Verdict { criteria, ..Default::default() };
            aim(&verdict, Some(&rule)).unwrap().text.clone()
        };
        assert_eq!(aims([false, false, false, false]), "either");
        assert_eq!(aims([false, false, true, false]), "last");
        assert_eq!(aims([true, false, true, true]), "or");
    }

    #[test]
    fn a_line_of_a_draft_says_that_it_is_not_open() {
        let frame = proto::TallyFrame { state: VoteState::Draft.into(), ..Default::default() };
        assert_eq!(line(&frame, None), "not open yet");
    }
}
