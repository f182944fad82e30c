//! Votes of one body side by side: which members did not do the same in all of them.

use std::collections::HashSet;

use super::shown::Veil;
use super::vote::{Vote, Voting};
use super::{Choice, Hall, Member, Rejection, Resource, VoteName};

impl Hall {
    /// The votes to be compared.
    ///
    /// # Errors
    /// One that is not on record, has no roll, or hides its choices.
    pub fn compared(&self, names: &[VoteName]) -> Result<Compared<'_>, Rejection> {
        let compared = |name: &VoteName| {
            let vote = self.vote(name).ok_or_else(|| Rejection::NoSuch(Resource::Vote(name.clone())))?;
            match vote.voting {
                Some(_) if vote.veil() != Veil::None => {
                    Err(vote.wrong_state("a vote that hides its ballots can be compared once it was LOCKED"))
                }
                Some(_) => Ok(vote),
                None => Err(vote.wrong_state("only votes that have a roll can be compared")),
            }
        };
        Ok(Compared { votes: names.iter().map(compared).collect::<Result<_, _>>()? })
    }
}

/// Votes of one body whose choices are shown.
pub struct Compared<'a> {
    votes: Vec<&'a Vote>,
}

/// What one member did in several votes.
#[derive(Clone, Debug)]
pub struct Moves<'a> {
    /// The member as it stood on the last of the rolls that it was on.
    pub member: &'a Member,
    /// What counts of it in each vote; none where it was not on the roll.
    pub choices: Vec<Option<Choice>>,
}

impl<'a> Compared<'a> {
    /// The votes, in the order in which they were named.
    #[must_use]
    pub fn votes(&self) -> &[&'a Vote] {
        &self.votes
    }

    /// The members that did not do the same in all of these votes, in the order of the first roll, then of those that follow. Each
    /// has a number that stays, since rolls are frozen.
    #[must_use]
    pub fn moves(&self) -> Vec<(usize, Moves<'a>)> {
        let votings: Vec<&'a Voting> = self.votes.iter().filter_map(|vote| vote.voting.as_ref()).collect();
        let choices = |voting: &&'a Voting| voting.choices().map(|(_, choice)| choice).collect::<Vec<_>>();
        let choices: Vec<_> = votings.iter().map(choices).collect();
        let mut seen = HashSet::new();
        let on_any = votings.iter().flat_map(|voting| voting.roll.members());
        let each = on_any.filter(|member| seen.insert(&member.id)).map(|member| {
            let place = |voting: &&'a Voting| voting.roll.position(&member.id).map(|at| (*voting, at));
            let places: Vec<_> = votings.iter().map(place).collect();
            let latest = places.iter().flatten().next_back();
            let member = latest.map_or(member, |(voting, at)| &voting.roll.members()[*at]);
            let of_each = places.iter().zip(&choices).map(|(place, choices)| place.map(|(_, at)| choices[at]));
            Moves { member, choices: of_each.collect() }
        });
        let moved = |one: &Moves| one.choices.windows(2).any(|pair| pair[0] != pair[1]);
        each.enumerate().filter(|(_, one)| moved(one)).collect()
    }
}
