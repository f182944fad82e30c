//! Bodies, members and votes as the entries so far make them: what everyone may see. Knows nothing of requests.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::event::{Entry, Event};
use super::vote::{Declaration, Question, RelationKind, Vote, VoteState, Voting};
use super::{Body, BodyId, Member, Outcome, Roll, Stand, Tally, VoteName};
use crate::clock::Timestamp;
use crate::seq::Seq;

/// Everything on record, as it now stands.
#[derive(Debug, Default)]
pub struct Hall {
    bodies: BTreeMap<BodyId, Body>,
    votes: HashMap<VoteName, Vote>,
    /// All votes, by the place of their creation.
    created: BTreeMap<Seq, VoteName>,
    end: Seq,
    time: Timestamp,
}

impl Hall {
    /// The last entry that this rests on.
    #[must_use]
    pub fn end(&self) -> Seq {
        self.end
    }

    /// That entry's time.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// A body.
    #[must_use]
    pub fn body(&self, id: &BodyId) -> Option<&Body> {
        self.bodies.get(id)
    }

    /// The bodies by name, after one or from the first.
    pub fn bodies_after(&self, after: Option<&BodyId>) -> impl Iterator<Item = &Body> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.bodies.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(_, body)| body)
    }

    /// A vote.
    #[must_use]
    pub fn vote(&self, name: &VoteName) -> Option<&Vote> {
        self.votes.get(name)
    }

    /// The votes of one body, or of all, created after a place, in the order of their creation.
    pub fn votes_after<'a>(
        &'a self,
        body: Option<&'a Body>,
        after: Seq,
    ) -> Box<dyn Iterator<Item = (Seq, &'a Vote)> + 'a> {
        match body {
            None => {
                let all = self.created.range(after.next()..);
                Box::new(all.filter_map(|(seq, name)| Some((*seq, self.votes.get(name)?))))
            }
            Some(body) => Box::new(body.votes.range(after.next()..).filter_map(|(seq, vote)| {
                let name = VoteName { body: body.id.clone(), vote: vote.clone() };
                Some((*seq, self.votes.get(&name)?))
            })),
        }
    }

    /// Takes up an entry. The log is already true: an entry that could not have been decided changes nothing.
    pub fn evolve(&mut self, entry: &Entry) {
        self.end = entry.seq;
        self.time = entry.record_time;
        match &entry.event {
            Event::BodyCreated { body, display_name, seats } => {
                let new = Body::new(body.clone(), display_name.clone(), *seats, entry.record_time, entry.seq);
                self.bodies.insert(body.clone(), new);
            }
            Event::MembersAdmitted { body, members } => {
                if let Some(body) = self.bodies.get_mut(body) {
                    body.admit(members, entry.seq);
                }
            }
            Event::VoteCreated { vote, question } => self.table(vote, question, entry),
            Event::VoteOpened { vote, roll, seats, members, members_present } => {
                let voting = self.open(vote, roll, (*seats, *members, *members_present), entry.record_time);
                self.change(vote, entry, |vote| {
                    vote.state = VoteState::Open;
                    vote.voting = voting;
                });
            }
            Event::BallotCast { vote, member, choice } => self.change(vote, entry, |vote| {
                let Some(voting) = &mut vote.voting else { return };
                let Some(at) = voting.roll.position(member) else { return };
                let (seq, record_time, revision) = (entry.seq, entry.record_time, entry.revision);
                voting.take(at, Stand { choice: *choice, seq, record_time, revision });
            }),
            Event::VoteLocked { vote, .. } => self.change(vote, entry, |vote| {
                vote.state = VoteState::Locked;
                vote.lock_time = Some(entry.record_time);
            }),
            Event::ResultDeclared { vote, outcome, ruling, adopted_symbol } => self.change(vote, entry, |vote| {
                vote.state = VoteState::Declared;
                vote.declaration = Some(Declaration {
                    outcome: *outcome,
                    ruling: ruling.clone(),
                    adopted_symbol: adopted_symbol.clone(),
                    declare_time: entry.record_time,
                });
            }),
        }
    }

    fn change(&mut self, name: &VoteName, entry: &Entry, what: impl FnOnce(&mut Vote)) {
        if let Some(vote) = self.votes.get_mut(name) {
            what(vote);
            vote.revision = entry.revision;
            vote.seq = entry.seq;
            vote.as_of_time = entry.record_time;
        }
    }

    fn table(&mut self, name: &VoteName, question: &Arc<Question>, entry: &Entry) {
        let vote = Vote {
            name: name.clone(),
            question: Arc::clone(question),
            state: VoteState::Draft,
            voting: None,
            declaration: None,
            create_time: entry.record_time,
            lock_time: None,
            revision: entry.revision,
            seq: entry.seq,
            as_of_time: entry.record_time,
        };
        self.votes.insert(name.clone(), vote);
        self.created.insert(entry.seq, name.clone());
        if let Some(body) = self.bodies.get_mut(&name.body) {
            body.votes.insert(entry.seq, name.vote.clone());
        }
    }

    fn open(
        &self,
        name: &VoteName,
        roll: &[Arc<Member>],
        (seats, members, members_present): (u32, u32, Option<u32>),
        open_time: Timestamp,
    ) -> Option<Voting> {
        let question = &self.votes.get(name)?.question;
        let body = self.bodies.get(&name.body)?;
        // A member that has not changed since is kept once, however many rolls it is on.
        let shared =
            |member: &Arc<Member>| body.member(&member.id).filter(|seated| *seated == member).unwrap_or(member).clone();
        let roll = Roll::new(roll.iter().map(shared).collect());
        let tally = Tally::opened(roll.members().iter().map(Arc::as_ref), &question.rule);
        let stands = vec![None; roll.members().len()];
        let second_vote = self.repeats_a_tie(question);
        let roll = Arc::new(roll);
        Some(Voting { roll, stands, tally, seats, members, members_present, open_time, second_vote })
    }

    /// Whether the question is one that tied before, put again under UN rule 95.
    fn repeats_a_tie(&self, question: &Question) -> bool {
        let mut again = question.relations.iter().filter(|relation| relation.kind == RelationKind::Revote);
        again.any(|relation| {
            let outcome = |vote: &Vote| match &vote.declaration {
                Some(declaration) => Some(declaration.outcome),
                None => vote.verdict().map(|verdict| verdict.outcome),
            };
            self.votes.get(&relation.vote).and_then(outcome) == Some(Outcome::RevoteDue)
        })
    }
}
