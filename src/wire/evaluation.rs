//! Tallies that a rule is asked about, without a vote.

use super::malformed::{Fields, Malformed};
use crate::domain::limits::MAX_WEIGHT_SUM;
use crate::domain::{Choice, Counts, Facts, Rule, Tally, Verdict};
use crate::proto;

/// What a rule says of a tally, with a named rule looked up.
///
/// # Errors
/// Every field that is wrong: a rule that no one knows or that cannot be judged, or a weight that it counts and that was
/// not given, among them.
pub fn evaluate(
    request: proto::EvaluateRuleRequest,
    find: impl Fn(&str) -> Option<Rule>,
) -> Result<Verdict, Malformed> {
    let mut fields = Fields::default();
    let casting_vote = match request.casting_vote() {
        proto::Choice::Unspecified if request.casting_vote == 0 => None,
        proto::Choice::Yes => Some(Choice::Yes),
        proto::Choice::No => Some(Choice::No),
        _ => {
            fields.note("casting_vote", "must be CHOICE_YES or CHOICE_NO, or unset where none was given".into());
            None
        }
    };
    let rule = super::rule::read(&mut fields, "rule", request.rule, find);
    let tally = tally(&mut fields, request.tally.unwrap_or_default());
    for weight in rule.iter().flat_map(Rule::weights).filter(|weight| !tally.weights.contains_key(*weight)) {
        fields.note("tally.weights", format!("must hold \"{weight}\", which the rule counts"));
    }
    let rule = fields.finish(rule)?;
    let roll = u64::try_from(tally.heads.roll()).unwrap_or(u64::MAX);
    let members = if request.members == 0 { roll } else { request.members };
    Ok(rule.judge(&Facts {
        tally: &tally,
        seats: if request.seats == 0 { members } else { request.seats },
        members,
        members_present: (request.members_present > 0).then_some(request.members_present),
        vetoes: request.vetoes,
        casting_vote,
        second_vote: request.second_vote,
    }))
}

fn tally(fields: &mut Fields, given: proto::Tally) -> Tally {
    let heads = counts(fields, "tally.heads", &given.heads.unwrap_or_default());
    let weights = given.weights.iter().map(|(weight, given)| {
        let field = format!("tally.weights[\"{weight}\"]");
        (weight.clone(), counts(fields, &field, given))
    });
    Tally { heads, weights: weights.collect() }
}

fn counts(fields: &mut Fields, field: &str, given: &proto::Counts) -> Counts {
    let proto::Counts { yes, no, abstain, present, not_voting, undisclosed } = *given;
    fields.unless(undisclosed == 0, &format!("{field}.undisclosed"), "must be 0: what is hidden cannot be judged");
    let counts = Counts { yes, no, abstain, present, not_voting };
    fields.unless(counts.roll() <= MAX_WEIGHT_SUM.into(), field, "must sum to at most 2^63 - 1");
    counts
}
