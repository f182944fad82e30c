//! Votes side by side: which are compared, and what each member did in them.

use super::malformed::{Fields, Malformed};
use crate::domain::limits::MAX_COMPARED;
use crate::domain::{Moves, VoteName};
use crate::proto;

/// The votes that a request compares.
///
/// # Errors
/// Too few or too many, one that is no vote's name or named twice, or one of another body.
pub fn names(asked: &[String]) -> Result<Vec<VoteName>, Malformed> {
    let mut fields = Fields::default();
    let sound = (2..=MAX_COMPARED).contains(&asked.len());
    fields.unless(sound, "votes", "must be 2 to 16");
    let mut names: Vec<VoteName> = Vec::new();
    for (at, asked) in asked.iter().take(MAX_COMPARED).enumerate() {
        let field = format!("votes[{at}]");
        let Some(name) = fields.read(&field, asked.parse::<VoteName>()) else { continue };
        let of_one_body = names.first().is_none_or(|first| first.body == name.body);
        fields.unless(of_one_body, &field, "must be of the same body: a member's identifier means nothing in another");
        fields.unless(!names.contains(&name), &field, "must not be named twice");
        names.push(name);
    }
    fields.finish(Some(names))
}

impl From<Moves<'_>> for proto::MemberChoices {
    fn from(moves: Moves<'_>) -> Self {
        Self {
            member: moves.member.id.to_string(),
            display_name: moves.member.display_name.clone(),
            choices: moves.choices.into_iter().map(super::ballot::told).collect(),
        }
    }
}
