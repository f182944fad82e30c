//! What a vote takes from those that it is about: the question of one that is put again, and the majority that a part of a text
//! or an amendment to it needs.

use std::sync::Arc;

use super::rejection::Rejection;
use super::rule::{Bar, Comparison, Requirement, Rule, Share};
use super::vote::{Question, RelationKind};
use super::{Choice, State};

impl State {
    /// The question as it is to be recorded. All that it is about is on record.
    pub(super) fn relate(&self, question: &Arc<Question>) -> Result<Arc<Question>, Rejection> {
        let mut question = Arc::clone(question);
        if let Some(again) = question.relations.iter().find(|relation| relation.kind == RelationKind::Revote) {
            let first = Arc::clone(&self.vote(&again.vote)?.question);
            question = put_again(&question, &first);
        }
        for relation in &question.relations {
            let text = self.vote(&relation.vote)?;
            let of_text = matches!(relation.kind, RelationKind::Amendment | RelationKind::Part);
            // Whoever presides can rule otherwise, and is then on record with the reason.
            if of_text && question.rule_basis.trim().is_empty() && needs_more(&text.question.rule, &question.rule) {
                let rule = &text.question.rule;
                let named = [&rule.preset, &rule.basis].into_iter().find(|name| !name.is_empty());
                let rule = named.map_or_else(|| "its own rule".to_owned(), String::clone);
                return Err(Rejection::MajorityTooSmall { text: text.name.clone(), kind: relation.kind, rule });
            }
        }
        Ok(question)
    }
}

/// A question that is put again starts from the first one: what is left empty is taken from it.
fn put_again(asked: &Question, first: &Question) -> Arc<Question> {
    let or_first = |asked: &String, first: &String| if asked.is_empty() { first.clone() } else { asked.clone() };
    let mut question = Question {
        title: or_first(&asked.title, &first.title),
        symbol: or_first(&asked.symbol, &first.symbol),
        question: or_first(&asked.question, &first.question),
        ..asked.clone()
    };
    if asked.rule.requirements.is_empty() {
        question.rule = first.rule.clone();
        question.rule_chosen_by = or_first(&asked.rule_chosen_by, &first.rule_chosen_by);
        question.rule_basis = or_first(&asked.rule_basis, &first.rule_basis);
    }
    Arc::new(question)
}

/// Whether a text needs a qualified majority, and more than `other` asks for (UN rule 84).
fn needs_more(text: &Rule, other: &Rule) -> bool {
    let qualified = majority(text).filter(|share| u64::from(share.numerator) * 2 > u64::from(share.denominator));
    qualified.is_some_and(|text| majority(other).is_none_or(|other| !at_most(&text, &other)))
}

/// The largest share that must be in favour, by head, whatever it is a share of.
fn majority(rule: &Rule) -> Option<Share> {
    let shares = rule.requirements.iter().filter_map(|requirement| match requirement {
        Requirement::Threshold(threshold)
            if threshold.weight.is_empty()
                && threshold.choices == [Choice::Yes]
                && matches!(threshold.comparison, Comparison::AtLeast | Comparison::MoreThan) =>
        {
            match threshold.bar {
                Bar::Share(share) => Some(share),
                Bar::Count(_) => None,
            }
        }
        _ => None,
    });
    shares.reduce(|largest, share| if at_most(&share, &largest) { largest } else { share })
}

fn at_most(one: &Share, other: &Share) -> bool {
    let product = |numerator: u32, denominator: u32| u64::from(numerator) * u64::from(denominator);
    product(one.numerator, other.denominator) <= product(other.numerator, one.denominator)
}
