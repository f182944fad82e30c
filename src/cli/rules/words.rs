//! A rule in words. The server's verdicts have words of their own, with figures; these have none.

use crate::cli::screen::fact;
use crate::cli::words;
use crate::proto;
use crate::proto::quorum::Basis;
use crate::proto::requirement::Kind;
use crate::proto::threshold::Bar;
use crate::proto::{Base, Comparison, TieBreak};

/// A rule, fact by fact.
pub fn rule(rule: &proto::Rule) -> Vec<String> {
    let mut lines: Vec<String> =
        [fact("rule", &rule.preset), fact("basis", &rule.basis)].into_iter().flatten().collect();
    for requirement in &rule.requirements {
        let needs = match &requirement.kind {
            Some(Kind::Threshold(one)) => threshold(one),
            Some(Kind::AnyOf(any)) => any.thresholds.iter().map(threshold).collect::<Vec<_>>().join("; or "),
            None => continue,
        };
        lines.extend(fact("needs", &needs));
    }
    let quorum = rule.quorum.iter().flat_map(|quorum| {
        let basis = match quorum.basis() {
            Basis::StatedElseParticipating => ", of those present as stated; else by the ballots",
            Basis::StatedElsePresumed => ", of those present as stated; presumed where nothing is stated",
            Basis::Participating | Basis::Unspecified => "",
        };
        quorum.thresholds.iter().filter_map(move |one| fact("quorum", &format!("{}{basis}", threshold(one))))
    });
    lines.extend(quorum);
    lines.extend(rule.veto.iter().filter_map(|veto| {
        fact("veto", &format!("a {} by any member of the group \"{}\"", words::choice(veto.choice()), veto.group))
    }));
    lines.extend(match rule.tie_break() {
        TieBreak::Unspecified => None,
        TieBreak::CastingVote => fact("tie", "the presiding officer may give a casting vote"),
        TieBreak::Revote => fact("tie", "a second vote is due; equal counts again reject"),
    });
    lines
}

/// "yes: at least 2/3 of those present and voting"
pub fn threshold(threshold: &proto::Threshold) -> String {
    let weight = if threshold.weight.is_empty() { String::new() } else { format!(" by {}", threshold.weight) };
    let choices: Vec<_> = threshold.choices().map(words::choice).collect();
    format!("{}{weight}: {}", choices.join(", "), bar(threshold))
}

/// "at least 2/3 of those present and voting"
pub fn bar(threshold: &proto::Threshold) -> String {
    let comparison = match threshold.comparison() {
        Comparison::MoreThan => "more than",
        Comparison::AtMost => "at most",
        Comparison::LessThan => "less than",
        Comparison::AtLeast | Comparison::Unspecified => "at least",
    };
    match &threshold.bar {
        Some(Bar::Count(count)) => format!("{comparison} {count}"),
        Some(Bar::Share(share)) => {
            format!("{comparison} {}/{} of {}", share.numerator, share.denominator, base(share.base()))
        }
        None => comparison.to_owned(),
    }
}

fn base(base: Base) -> &'static str {
    match base {
        Base::Seats => "all seats",
        Base::Members => "all members",
        Base::Roll => "the roll",
        Base::Participating => "those taking part",
        Base::PresentAndVoting => "those present and voting",
        Base::Cast => "the ballots cast",
        Base::Unspecified => "what this client does not know",
    }
}
