//! A rule in words. The server's verdicts have words of their own, with figures; these have none.

use crate::cli::screen::{self, fact, word};
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
        fact("veto", &format!("a {} by any member of the group \"{}\"", screen::choice(veto.choice()), veto.group))
    }));
    lines.extend(match rule.tie_break() {
        TieBreak::Unspecified => None,
        TieBreak::CastingVote => fact("tie", "the presiding officer may give a casting vote"),
        TieBreak::Revote => fact("tie", "a second vote is due; equal counts again reject"),
    });
    lines
}

fn threshold(threshold: &proto::Threshold) -> String {
    let comparison = match threshold.comparison() {
        Comparison::MoreThan => "more than",
        Comparison::AtMost => "at most",
        Comparison::LessThan => "less than",
        Comparison::AtLeast | Comparison::Unspecified => "at least",
    };
    let bar = match &threshold.bar {
        Some(Bar::Count(count)) => count.to_string(),
        Some(Bar::Share(share)) => format!("{}/{} of {}", share.numerator, share.denominator, base(share.base())),
        None => String::new(),
    };
    let weight = if threshold.weight.is_empty() { String::new() } else { format!(" by {}", threshold.weight) };
    let choices: Vec<_> = threshold.choices().map(screen::choice).collect();
    format!("{}{weight}: {comparison} {bar}", choices.join(", "))
}

fn base(base: Base) -> String {
    match base {
        Base::Seats => "all seats".to_owned(),
        Base::Members => "the members that hold a seat".to_owned(),
        Base::Roll => "the roll".to_owned(),
        Base::Participating => "those taking part".to_owned(),
        Base::PresentAndVoting => "the members present and voting".to_owned(),
        Base::Cast => "the ballots cast, abstentions included".to_owned(),
        Base::Unspecified => word(base.as_str_name(), "BASE_"),
    }
}
