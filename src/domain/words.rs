//! A tally that was judged, in words: each criterion, and one sentence in the manner of the bodies themselves.

use super::judge::{Figures, Judged, Known};
use super::rule::{Bar, Base, Comparison, Requirement, Rule, Share, Threshold, TieBreak};
use super::{Choice, Criterion, Facts, Outcome, Verdict, membership};

impl Rule {
    /// Judges a tally, and says why.
    #[must_use]
    pub fn judge(&self, facts: &Facts) -> Verdict {
        let judged = self.weigh(facts);
        let vetoed_by = if judged.outcome == Outcome::Vetoed { facts.vetoes.clone() } else { Vec::new() };
        Verdict {
            outcome: judged.outcome,
            summary: self.summary(facts, &judged),
            criteria: self.criteria(&judged),
            vetoed_by,
            membership: membership::shares(&facts.tally.heads, facts.members),
            decidedness: None,
        }
    }

    fn criteria(&self, judged: &Judged) -> Vec<Criterion> {
        let quorum = self.quorum.iter().flat_map(|quorum| &quorum.thresholds).zip(&judged.quorum);
        let quorum = quorum.map(|(threshold, (figures, known))| {
            let text = match known {
                Known::ByBallots => format!("quorum: {threshold}"),
                Known::AsStated => format!("quorum: {}, members present as stated", bar(threshold)),
                Known::Presumed => format!("quorum: {}, presumed since presence was not stated", bar(threshold)),
            };
            criterion(threshold, figures, text, *known == Known::Presumed)
        });
        let required = self.requirements.iter().zip(&judged.required).flat_map(|(requirement, figures)| {
            let either = matches!(requirement, Requirement::AnyOf(_));
            requirement.thresholds().iter().zip(figures).enumerate().map(move |(at, (threshold, figures))| {
                let before = if !either {
                    ""
                } else if at == 0 {
                    "either "
                } else {
                    "or "
                };
                criterion(threshold, figures, format!("{before}{threshold}"), false)
            })
        });
        quorum.chain(required).collect()
    }

    fn summary(&self, facts: &Facts, judged: &Judged) -> String {
        let figures = || self.telling(judged).map_or_else(String::new, |(threshold, one)| in_words(threshold, one));
        match judged.outcome {
            Outcome::NoQuorum if !facts.tally.any_ballot() => "No quorum: no ballot was cast.".into(),
            Outcome::NotAdopted if !facts.tally.any_ballot() => "Not adopted: no ballot was cast.".into(),
            Outcome::NoQuorum => self.no_quorum(judged),
            Outcome::Adopted if judged.tied => format!("Adopted by the casting vote: {}.", figures()),
            Outcome::Adopted => format!("Adopted: {}.", figures()),
            Outcome::NotAdopted => format!("Not adopted{}: {}.", self.why_not(facts, judged), figures()),
            Outcome::Vetoed => {
                let group = self.veto.as_ref().map_or("", |veto| veto.group.as_str());
                let who = match facts.vetoes.as_slice() {
                    [_] => format!("the negative vote of a {group} member"),
                    many => format!("the negative votes of {} {group} members", many.len()),
                };
                format!("Not adopted, owing to {who}: {}.", figures())
            }
            Outcome::AwaitingCastingVote => {
                format!("Equal: {}; the presiding officer may give a casting vote.", figures())
            }
            Outcome::RevoteDue => format!("Equal: {}; a second vote is due.", figures()),
            Outcome::AdoptedWithoutVote => Verdict::without_vote().summary,
        }
    }

    fn no_quorum(&self, judged: &Judged) -> String {
        let thresholds = self.quorum.iter().flat_map(|quorum| &quorum.thresholds);
        let short = thresholds.zip(&judged.quorum).find(|(_, (figures, _))| !figures.passed);
        let figures = short.map_or_else(String::new, |(threshold, (figures, known))| {
            let Figures { counted, .. } = figures;
            let present = if *known == Known::AsStated { "present" } else { "taking part" };
            let what = if threshold.weight.is_empty() { String::new() } else { format!(" {}", threshold.weight) };
            format!("{counted}{what} {present}; {}", needed(threshold, figures))
        });
        format!("No quorum: {figures}.")
    }

    /// What bodies say of a text that fails, in front of the figures; nothing where more voted against it.
    fn why_not(&self, facts: &Facts, judged: &Judged) -> String {
        if judged.tied {
            return match self.tie_break {
                TieBreak::CastingVote if facts.casting_vote.is_some() => ", the casting vote being against",
                TieBreak::Revote => ", the votes being equal again",
                _ => ", the votes being equal",
            }
            .to_owned();
        }
        let Some((threshold, figures)) = self.telling(judged) else { return String::new() };
        if threshold.choices != [Choice::Yes] || threshold.is_limit() {
            return String::new();
        }
        let failed = |what: &str| format!(", having failed to obtain {what}");
        match threshold.bar {
            Bar::Count(_) => failed("the required number of affirmative votes"),
            Bar::Share(_) if figures.base == 0 => String::new(),
            Bar::Share(Share { numerator, denominator, base }) => match (numerator, denominator, base) {
                (1, 2, Base::PresentAndVoting | Base::Cast | Base::Participating) => String::new(),
                (1, 2, base) => failed(&format!("a majority of {base}")),
                (2, 3, _) => failed("the required two-thirds majority"),
                (3, 4, _) => failed("the required three-quarters majority"),
                (3, 5, _) => failed("the required three-fifths majority"),
                _ => failed("the required majority"),
            },
        }
    }

    /// The threshold that tells: of the first requirement that is not met, else of the first.
    fn telling<'a>(&'a self, judged: &'a Judged) -> Option<(&'a Threshold, &'a Figures)> {
        let met = |figures: &Vec<Figures>| figures.iter().any(|one| one.passed);
        let at = judged.required.iter().position(|one| !met(one)).unwrap_or(0);
        let (requirement, figures) = (self.requirements.get(at)?, judged.required.get(at)?);
        let best = figures.iter().position(|one| one.passed).unwrap_or(0);
        Some((requirement.thresholds().get(best)?, figures.get(best)?))
    }
}

fn criterion(threshold: &Threshold, figures: &Figures, text: String, presumed: bool) -> Criterion {
    let Figures { counted, needed, base, passed } = *figures;
    let at_most = threshold.is_limit();
    Criterion { text, counted: shown(counted), needed: shown(needed), base: shown(base), passed, at_most, presumed }
}

/// "143 of 148 present and voting in favour; 99 needed", by weight "85 of 100 shares present and voting in favour; 75 needed"
fn in_words(threshold: &Threshold, figures: &Figures) -> String {
    let Figures { counted, base, .. } = figures;
    let by_head = threshold.weight.is_empty();
    let of_base = match threshold.bar {
        Bar::Count(_) if by_head => String::new(),
        Bar::Count(_) => format!(" {}", threshold.weight),
        Bar::Share(share) if *base == 0 => return nothing_to_measure_by(share.base).to_owned(),
        Bar::Share(share) => {
            let what = match share.base {
                Base::Seats => "seats",
                Base::Members => "members",
                Base::Roll if by_head => "entitled to vote",
                Base::Roll => "",
                Base::Participating => "taking part",
                Base::PresentAndVoting => "present and voting",
                Base::Cast => "cast",
            };
            let words = [threshold.weight.as_str(), what].into_iter().filter(|word| !word.is_empty());
            words.fold(format!(" of {base}"), |said, word| format!("{said} {word}"))
        }
    };
    format!("{counted}{of_base} {}; {}", choices(&threshold.choices), needed(threshold, figures))
}

/// "99 needed", or of a limit "at most 174".
fn needed(threshold: &Threshold, figures: &Figures) -> String {
    let Figures { needed, .. } = figures;
    if threshold.is_limit() { format!("at most {needed}") } else { format!("{needed} needed") }
}

/// An empty base satisfies no share.
fn nothing_to_measure_by(base: Base) -> &'static str {
    match base {
        Base::Seats | Base::Members => "the body has no members",
        Base::Roll => "no one was entitled to vote",
        Base::Participating => "no one took part",
        Base::PresentAndVoting => "no one voted for or against",
        Base::Cast => "no ballot was cast",
    }
}

/// "more than 1/2 of all members", without what is counted.
fn bar(threshold: &Threshold) -> String {
    let comparison = threshold.comparison;
    let weight = &threshold.weight;
    match threshold.bar {
        Bar::Count(count) if weight.is_empty() => format!("{comparison} {count}"),
        Bar::Count(count) => format!("{comparison} {count} {weight}"),
        Bar::Share(Share { numerator, denominator, base }) => {
            let part = if denominator == 100 { format!("{numerator} %") } else { format!("{numerator}/{denominator}") };
            let whole = match base {
                Base::Seats | Base::Members => base.to_string(),
                _ if weight.is_empty() => base.to_string(),
                Base::Roll => format!("all {weight}"),
                Base::Participating => format!("the {weight} taking part"),
                Base::PresentAndVoting => format!("the {weight} present and voting"),
                Base::Cast => format!("the {weight} cast"),
            };
            format!("{comparison} {part} of {whole}")
        }
    }
}

/// What a threshold counts.
fn choices(counted: &[Choice]) -> String {
    use Choice::{Abstain, No, NotVoting, Present, Yes};
    let are = |all: &[Choice]| counted.len() == all.len() && all.iter().all(|one| counted.contains(one));
    if are(&[No, Abstain, Present, NotVoting]) {
        return "not in favour".to_owned();
    }
    if are(&[Yes, No, Abstain, Present]) {
        return "taking part".to_owned();
    }
    counted.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

/// A figure as a verdict shows it. Sums are bounded at the edge, so that nothing is cut off in practice.
fn shown(figure: u128) -> u64 {
    u64::try_from(figure).unwrap_or(u64::MAX)
}

impl std::fmt::Display for Threshold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", bar(self), choices(&self.choices))
    }
}

impl Comparison {
    fn is_limit(self) -> bool {
        matches!(self, Comparison::AtMost | Comparison::LessThan)
    }
}

impl Threshold {
    /// Whether its bar is the most that passes, not the least.
    fn is_limit(&self) -> bool {
        self.comparison.is_limit()
    }
}
