//! Tallies that a rule is asked about, without a vote.

use super::malformed::{Fields, Malformed};
use super::rule::{AskedRule, read};
use crate::domain::limits::MAX_WEIGHT_SUM;
use crate::domain::{Choice, Counts, Facts, Rule, Tally, Verdict};
use crate::proto;

/// A tally to be judged by a rule, without a vote.
#[derive(Clone, Debug)]
pub struct Evaluation {
    rule: AskedRule,
    tally: Tally,
    seats: u64,
    members: u64,
    members_present: Option<u64>,
    vetoes: Vec<String>,
    casting_vote: Option<Choice>,
}

impl TryFrom<proto::EvaluateRuleRequest> for Evaluation {
    type Error = Malformed;

    fn try_from(request: proto::EvaluateRuleRequest) -> Result<Self, Malformed> {
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
        let rule = read(&mut fields, "rule", request.rule);
        let proto::Tally { heads, weights } = request.tally.unwrap_or_default();
        let heads = counts(&mut fields, "tally.heads", &heads.unwrap_or_default());
        let weights = weights.iter().map(|(weight, given)| {
            (weight.clone(), counts(&mut fields, &format!("tally.weights[\"{weight}\"]"), given))
        });
        let tally = Tally { heads, weights: weights.collect() };
        let roll = u64::try_from(tally.heads.roll()).unwrap_or(u64::MAX);
        let members = if request.members == 0 { roll } else { request.members };
        let seats = if request.seats == 0 { members } else { request.seats };
        let stated = request.members_present;
        let members_present = (stated > 0).then_some(stated);
        let vetoes = request.vetoes;
        let evaluation = rule.map(|rule| Self { rule, tally, seats, members, members_present, vetoes, casting_vote });
        fields.finish(evaluation)
    }
}

impl Evaluation {
    /// The verdict, with a named rule looked up.
    ///
    /// # Errors
    /// Where no rule has that name, or the rule counts a weight that was not given.
    pub fn judge(self, find: impl Fn(&str) -> Option<Rule>) -> Result<Verdict, Malformed> {
        let rule = self.rule.fill("rule", find)?;
        if let Some(weight) = rule.weights().into_iter().find(|weight| !self.tally.weights.contains_key(*weight)) {
            let problem = format!("must hold \"{weight}\", which the rule counts");
            return Err(Malformed::field("tally.weights", problem));
        }
        Ok(rule.judge(&Facts {
            tally: &self.tally,
            seats: self.seats,
            members: self.members,
            members_present: self.members_present,
            vetoes: self.vetoes,
            casting_vote: self.casting_vote,
            second_vote: false,
        }))
    }
}

fn counts(fields: &mut Fields, field: &str, given: &proto::Counts) -> Counts {
    let proto::Counts { yes, no, abstain, present, not_voting, undisclosed } = *given;
    fields.unless(undisclosed == 0, &format!("{field}.undisclosed"), "must be 0: what is hidden cannot be judged");
    let counts = Counts { yes, no, abstain, present, not_voting };
    fields.unless(counts.roll() <= MAX_WEIGHT_SUM.into(), field, "must sum to at most 2^63 - 1");
    counts
}
