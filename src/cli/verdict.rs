//! A verdict in words: each test of a rule with its figures, and what came of a vote. Knows no server.

use std::cmp::Ordering;

use super::hidden;
use super::rules::words::{bar, threshold};
use super::words::{self, state};
use crate::proto::requirement::Kind;
use crate::proto::threshold::Bar;
use crate::proto::{
    CastingVote, Choice, Criterion, Decidedness, MemberShare, Outcome, Rule, Tally, TallyFrame, Threshold, Verdict,
    Vote, VoteState,
};

/// A test of a rule as it came out, beside what the rule asks there.
pub struct Measure<'a> {
    criterion: &'a Criterion,
    /// None where the rule is not known.
    threshold: Option<&'a Threshold>,
    part: Part,
}

/// What a test belongs to.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Quorum,
    /// A requirement, by its place: one of its tests is enough.
    Requirement(usize),
}

/// The tests of a verdict in their order, quorums first.
pub fn measures<'a>(verdict: &'a Verdict, rule: Option<&'a Rule>) -> Vec<Measure<'a>> {
    let asked = rule.map_or_else(Vec::new, asked);
    let known = asked.len() == verdict.criteria.len();
    let measure = |(at, criterion): (usize, &'a Criterion)| match asked.get(at).filter(|_| known) {
        Some((part, threshold)) => Measure { criterion, threshold: Some(threshold), part: *part },
        None => Measure { criterion, threshold: None, part: Part::Requirement(at) },
    };
    verdict.criteria.iter().enumerate().map(measure).collect()
}

/// What a rule asks, in the order in which it is judged.
fn asked(rule: &Rule) -> Vec<(Part, &Threshold)> {
    let quorum =
        rule.quorum.iter().flat_map(|quorum| quorum.thresholds.iter().map(|threshold| (Part::Quorum, threshold)));
    let required = rule.requirements.iter().enumerate().flat_map(|(at, requirement)| {
        let thresholds = match &requirement.kind {
            Some(Kind::Threshold(one)) => std::slice::from_ref(one),
            Some(Kind::AnyOf(any)) => &any.thresholds,
            None => &[],
        };
        thresholds.iter().map(move |threshold| (Part::Requirement(at), threshold))
    });
    quorum.chain(required).collect()
}

/// The place of the test to look at: the first requirement's that is not met, else the first's. Quorums come after them.
pub fn aim(measures: &[Measure]) -> Option<usize> {
    let required = |at: &usize| matches!(measures[*at].part, Part::Requirement(_));
    let places: Vec<usize> = (0..measures.len()).filter(required).collect();
    let requirements = || places.chunk_by(|one, next| measures[*one].part == measures[*next].part);
    let met = |tests: &[usize]| tests.iter().copied().find(|at| measures[*at].passed());
    let missing = requirements().find(|tests| met(tests).is_none()).map(|tests| tests[0]);
    missing
        .or_else(|| requirements().next().and_then(met))
        .or_else(|| measures.iter().position(|measure| !measure.passed()))
        .or(if measures.is_empty() { None } else { Some(0) })
}

impl Measure<'_> {
    /// Its figures.
    pub fn criterion(&self) -> &Criterion {
        self.criterion
    }

    /// Whether it passes.
    pub fn passed(&self) -> bool {
        self.criterion.passed
    }

    /// Whether it passes since no one was asked to show that it does, and the ballots do not show it either.
    fn is_presumed(&self) -> bool {
        let Criterion { counted, needed, at_most, presumed, .. } = *self.criterion;
        presumed && if at_most { counted > needed } else { counted < needed }
    }

    /// Whether there is nothing yet that its share is a share of: that passes nothing.
    fn has_no_base(&self) -> bool {
        let Criterion { counted, needed, base, passed, .. } = *self.criterion;
        let is_share = |threshold: &Threshold| matches!(threshold.bar, Some(Bar::Share(_)));
        base == 0 && self.threshold.map_or(!passed && counted == needed, is_share)
    }

    /// "143 of 148, 99 needed"
    pub fn figures(&self) -> String {
        let Criterion { counted, needed, base, .. } = *self.criterion;
        let of = if base == 0 { String::new() } else { format!(" of {base}") };
        if self.has_no_base() {
            format!("{counted} of 0")
        } else if self.is_presumed() {
            format!("{counted}{of} by the ballots")
        } else if self.criterion.at_most {
            format!("{counted}{of}, at most {needed}")
        } else {
            format!("{counted}{of}, {needed} needed")
        }
    }

    /// The same with what is still to come: "98 of 148, 99 needed, 1 more".
    pub fn need(&self) -> String {
        let Criterion { counted, needed, passed, .. } = *self.criterion;
        let stands = match (passed, counted.cmp(&needed)) {
            _ if self.has_no_base() => "not met".to_owned(),
            (true, _) if self.is_presumed() => "presumed".to_owned(),
            (true, _) => "met".to_owned(),
            (false, Ordering::Less) => format!("{} more", needed - counted),
            (false, Ordering::Greater) => format!("{} too many", counted - needed),
            (false, Ordering::Equal) => "not met".to_owned(),
        };
        format!("{}, {stands}", self.figures())
    }

    /// The test in a line, with its figures.
    pub fn line(&self) -> String {
        self.marked(&self.criterion.text)
    }

    /// The same in fewer words, where the rule is known.
    pub fn short_line(&self) -> String {
        self.marked(&self.short().unwrap_or_else(|| self.criterion.text.clone()))
    }

    fn marked(&self, text: &str) -> String {
        let mark = if self.passed() { "met    " } else { "not met" };
        format!("{mark} {text}: {}", self.figures())
    }

    /// What is asked, in few words, where the rule is known.
    pub fn short(&self) -> Option<String> {
        self.threshold.map(|asked| match self.part {
            Part::Quorum => format!("quorum: {}", bar(asked)),
            Part::Requirement(_) => {
                let words = threshold(asked);
                words.strip_prefix("yes: ").map(str::to_owned).unwrap_or(words)
            }
        })
    }
}

/// A tally: heads first, then each weight that the rule counts.
pub fn tally(tally: &Tally) -> Vec<String> {
    let heads = tally.heads.iter().map(|heads| format!("  {}", words::counts(heads)));
    let weights = tally.weights.iter().map(|(name, weight)| format!("  {name}: {}", words::counts(weight)));
    heads.chain(weights).collect()
}

/// What the rule says of a tally: the outcome, where none is declared yet, the sentence, and each test. While the vote
/// is open the sentence itself says that this is how it stands, and what the ballots still out can do is said too.
pub fn judged(verdict: &Verdict, rule: Option<&Rule>, state: VoteState) -> Vec<String> {
    let headline = match goes_on(state) {
        true => format!("  {}", verdict.summary),
        false => format!("  {}. {}", capitals(verdict.outcome()), verdict.summary),
    };
    let last = if goes_on(state) { decidedness(verdict) } else { membership(verdict) };
    [headline].into_iter().chain(figures(verdict, rule)).chain(last).collect()
}

/// Whether ballots can still come.
fn goes_on(state: VoteState) -> bool {
    matches!(state, VoteState::Open | VoteState::Suspended)
}

/// Whether the ballots still out can change nothing any more, while they could still come.
pub fn is_decided(frame: &TallyFrame) -> bool {
    let certain = |verdict: &Verdict| verdict.decidedness() == Decidedness::Certain;
    goes_on(frame.state()) && frame.verdict.as_ref().is_some_and(certain)
}

/// What the ballots still out can do.
fn decidedness(verdict: &Verdict) -> Option<String> {
    let said = match verdict.decidedness() {
        Decidedness::Open => "open: the ballots still out can change it",
        Decidedness::Certain => "decided, if the ballots cast stand: those still out cannot change it",
        Decidedness::Undetermined => "whether the ballots still out can change it is not known",
        Decidedness::Unspecified => return None,
    };
    Some(format!("    {said}"))
}

/// What part of the members made each choice: "of 193 members 74.1 % in favour (just under three quarters), 2.6 % against ..".
fn membership(verdict: &Verdict) -> Option<String> {
    let members = verdict.membership.first()?.members;
    let share = |share: &MemberShare| {
        let stand = match share.choice() {
            Choice::Yes => "in favour",
            Choice::No => "against",
            Choice::Abstain => "abstaining",
            Choice::Present => "present",
            Choice::NotVoting => "not voting",
            Choice::Unspecified => "not entitled to vote",
        };
        let near = if share.fraction.is_empty() { String::new() } else { format!(" ({})", share.fraction) };
        format!("{}.{} % {stand}{near}", share.per_mille / 10, share.per_mille % 10)
    };
    let told = |share: &&MemberShare| share.count > 0 || share.choice() == Choice::Yes;
    let shares: Vec<String> = verdict.membership.iter().filter(told).map(share).collect();
    Some(format!("    of {} {}", words::many(members, "member"), shares.join(", ")))
}

/// Each test with its figures, and whose ballots blocked the result.
fn figures(verdict: &Verdict, rule: Option<&Rule>) -> Vec<String> {
    let mut lines: Vec<String> =
        measures(verdict, rule).iter().map(|measure| format!("    {}", measure.line())).collect();
    lines.extend(vetoed_by(verdict).map(|member| format!("    vetoed by {member}")));
    lines
}

/// Whose ballots blocked it.
pub fn vetoed_by(verdict: &Verdict) -> impl Iterator<Item = &str> {
    verdict.vetoed_by.iter().map(|member| super::names::id(member))
}

/// A vote's tally and what came of it, or would.
pub fn result(vote: &Vote) -> Vec<String> {
    let casting_vote = vote.casting_vote.iter().map(|given| format!("  casting vote: {}", casting_vote(given)));
    let hidden = hidden::now(vote).map(|hidden| format!("  {hidden}"));
    vote.tally.iter().flat_map(tally).chain(casting_vote).chain(outcome(vote)).chain(hidden).collect()
}

/// The casting vote: what it is, who gave it, and why.
fn casting_vote(given: &CastingVote) -> String {
    let by = if given.given_by.is_empty() { String::new() } else { format!(", by {}", given.given_by) };
    let why = if given.reason.is_empty() { String::new() } else { format!(": {}", given.reason) };
    format!("{}{by}{why}", words::choice(given.choice()))
}

/// The tally as it was announced, where a correction has changed it.
pub fn announced(vote: &Vote) -> Vec<String> {
    let before = vote.announced_tally.iter().flat_map(|announced| {
        std::iter::once("  as announced, before it was corrected:".to_owned()).chain(tally(announced))
    });
    before.collect()
}

/// What came of a vote: as declared, with the figures of the rule; before that what its rule says.
pub fn outcome(vote: &Vote) -> Vec<String> {
    let rule = vote.rule.as_ref();
    match (vote.declared_outcome(), vote.state()) {
        (_, ended @ (VoteState::Annulled | VoteState::Withdrawn)) => {
            vec![format!("  {}: it has no result", state(ended).to_uppercase())]
        }
        (Outcome::Unspecified, stands) => {
            vote.verdict.iter().flat_map(|verdict| judged(verdict, rule, stands)).collect()
        }
        (declared, _) => {
            let verdict = vote.verdict.clone().unwrap_or_default();
            let symbol = &vote.adopted_symbol;
            let adopted = if symbol.is_empty() { String::new() } else { format!(" as {symbol}") };
            let headline = format!("  {}{adopted}. {}", capitals(declared), verdict.summary);
            let mut lines = vec![headline.trim_end().to_owned()];
            if !vote.ruling.is_empty() {
                lines.push(format!("    by ruling of the presiding officer: {}", vote.ruling));
            }
            lines.extend(figures(&verdict, rule));
            lines.extend(membership(&verdict));
            lines
        }
    }
}

/// An outcome as it is declared: "NOT ADOPTED".
pub fn capitals(outcome: Outcome) -> String {
    words::outcome(outcome).to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{AnyOf, Comparison, Quorum, Requirement, Share};

    fn one(threshold: Threshold) -> Requirement {
        Requirement { kind: Some(Kind::Threshold(threshold)) }
    }

    fn measured(text: &str, counted: u64, needed: u64, passed: bool) -> Criterion {
        Criterion { text: text.into(), counted, needed, passed, ..Default::default() }
    }

    #[test]
    fn what_is_needed_is_said_shortly() {
        let said = |rule: Option<&Rule>, criterion| {
            let verdict = Verdict { criteria: vec![criterion], ..Default::default() };
            measures(&verdict, rule)[0].need()
        };
        let least = Rule { requirements: vec![one(Threshold::default())], ..Default::default() };
        let share = |counted, needed, passed| Criterion { base: 148, ..measured("", counted, needed, passed) };
        assert_eq!(said(Some(&least), share(98, 99, false)), "98 of 148, 99 needed, 1 more");
        assert_eq!(said(Some(&least), share(143, 99, true)), "143 of 148, 99 needed, met");
        assert_eq!(said(None, share(143, 99, true)), "143 of 148, 99 needed, met");
        assert_eq!(said(None, measured("", 0, 0, false)), "0 of 0, not met");
        let half = Threshold { bar: Some(Bar::Share(Share::default())), ..Default::default() };
        let half = Rule { requirements: vec![one(half)], ..Default::default() };
        assert_eq!(said(Some(&half), measured("", 0, 1, false)), "0 of 0, not met");
        assert_eq!(said(Some(&least), measured("", 0, 1, false)), "0, 1 needed, 1 more");
        let most = |counted, passed| Criterion { at_most: true, ..measured("", counted, 4, passed) };
        assert_eq!(said(None, most(6, false)), "6, at most 4, 2 too many");
        assert_eq!(said(None, most(3, true)), "3, at most 4, met");
        assert_eq!(said(None, most(4, true)), "4, at most 4, met");
    }

    #[test]
    fn a_quorum_that_is_presumed_is_not_said_to_be_counted() {
        let half = Share { numerator: 1, denominator: 2, base: crate::proto::Base::Seats.into() };
        let bar = Some(Bar::Share(half));
        let thresholds = vec![Threshold { comparison: Comparison::MoreThan.into(), bar, ..Default::default() }];
        let quorum = Some(Quorum { thresholds, ..Default::default() });
        let rule = Rule { quorum, ..Default::default() };
        let line = |presumed, counted, passed| {
            let criterion = Criterion { base: 2, presumed, ..measured("quorum", counted, 2, passed) };
            measures(&Verdict { criteria: vec![criterion], ..Default::default() }, Some(&rule))[0].short_line()
        };
        let quorum = "quorum: more than 1/2 of all seats";
        assert_eq!(line(true, 1, true), format!("met     {quorum}: 1 of 2 by the ballots"));
        assert_eq!(line(true, 2, true), format!("met     {quorum}: 2 of 2, 2 needed"));
        assert_eq!(line(false, 2, true), format!("met     {quorum}: 2 of 2, 2 needed"));
        assert_eq!(line(false, 1, false), format!("not met {quorum}: 1 of 2, 2 needed"));
    }

    #[test]
    fn a_vote_that_goes_on_is_decided_where_its_verdict_is() {
        let decided = |state: VoteState, decidedness: Decidedness| {
            let verdict = Some(Verdict { decidedness: decidedness.into(), ..Default::default() });
            is_decided(&TallyFrame { state: state.into(), verdict, ..Default::default() })
        };
        assert!(decided(VoteState::Open, Decidedness::Certain));
        assert!(decided(VoteState::Suspended, Decidedness::Certain));
        assert!(!decided(VoteState::Open, Decidedness::Open));
        assert!(!decided(VoteState::Locked, Decidedness::Certain));
    }

    #[test]
    fn the_aim_is_the_first_requirement_that_is_not_met_and_no_quorum() {
        let either = AnyOf { thresholds: vec![Threshold::default(); 2] };
        let either = Requirement { kind: Some(Kind::AnyOf(either)) };
        let quorum = Some(Quorum { thresholds: vec![Threshold::default()], ..Default::default() });
        let rule = Rule { quorum, requirements: vec![either, one(Threshold::default())], ..Default::default() };
        let aims = |met: [bool; 4]| {
            let names = ["quorum", "either", "or", "last"];
            let criteria = names.iter().zip(met).map(|(name, met)| measured(name, 0, 1, met)).collect();
            let verdict = Verdict { criteria, ..Default::default() };
            let measures = measures(&verdict, Some(&rule));
            measures[aim(&measures).unwrap()].criterion.text.clone()
        };
        assert_eq!(aims([false, false, false, false]), "either");
        assert_eq!(aims([false, false, true, false]), "last");
        assert_eq!(aims([true, false, true, true]), "or");
        assert_eq!(aim(&[]), None);
    }
}
