//! Bodies, members and votes as the entries so far make them: what everyone may see. Knows nothing of requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use foldhash::HashMap;

use super::event::{Entry, Event};
use super::member::Suspension;
use super::vote::{CastingVote, Declaration, Question, RelationKind, Vote, VoteState, Voting};
use super::{Body, BodyId, Lights, Member, Note, Outcome, Roll, Stand, Tally, VoteName};
use crate::clock::Timestamp;
use crate::seq::Seq;

/// Everything on record, as it now stands.
#[derive(Clone, Debug, Default)]
pub struct Hall {
    pub(super) bodies: BTreeMap<BodyId, Body>,
    pub(super) votes: HashMap<VoteName, Vote>,
    /// All votes, by the place of their creation.
    pub(super) created: BTreeMap<Seq, VoteName>,
    /// All votes, by the place of the last entry about each.
    pub(super) changed: BTreeMap<Seq, VoteName>,
    /// The votes that lock by themselves, by when.
    pub(super) timed: BTreeSet<(Timestamp, VoteName)>,
    /// How many votes are open or suspended.
    pub(super) open: usize,
    pub(super) end: Seq,
    pub(super) time: Timestamp,
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

    /// The votes that lock by themselves, by when.
    #[must_use]
    pub fn timed(&self) -> &BTreeSet<(Timestamp, VoteName)> {
        &self.timed
    }

    /// How many votes are open or suspended.
    #[must_use]
    pub fn open_votes(&self) -> usize {
        self.open
    }

    /// The votes by the place of the last entry about each, after a place.
    pub fn changed_after(&self, after: Seq) -> impl Iterator<Item = &Vote> {
        self.changed.range(after.next()..).filter_map(|(_, name)| self.votes.get(name))
    }

    /// Takes up an entry. The log is trusted: each of its entries was decided on what the ones before it made.
    pub fn evolve(&mut self, entry: &Entry) {
        self.end = entry.seq;
        self.time = entry.record_time;
        match entry.event.vote() {
            None => self.evolve_body(entry),
            Some(vote) => self.evolve_vote(vote, entry),
        }
    }

    fn evolve_body(&mut self, entry: &Entry) {
        if let Event::BodyCreated { body, display_name, seats } = &entry.event {
            let new = Body::new(body.clone(), display_name.clone(), *seats, entry.record_time, entry.seq);
            self.bodies.insert(body.clone(), new);
            return;
        }
        let Some(body) = self.bodies.get_mut(entry.event.body()) else { return };
        body.seq = entry.seq;
        match &entry.event {
            Event::BodyRevised { display_name, seats, .. } => {
                body.display_name.clone_from(display_name);
                body.seats = *seats;
            }
            Event::MembersAdmitted { members, .. } => body.admit(members),
            Event::MemberRevised { member, .. } => body.revise(member),
            Event::MemberWithdrawn { member } => body.withdraw(&member.member),
            Event::VotingRightSuspended { member, reason } => {
                let suspension = Suspension { reason: reason.clone(), suspend_time: entry.record_time };
                body.suspend(&member.member, Some(suspension));
            }
            Event::VotingRightRestored { member } => body.suspend(&member.member, None),
            // The first is taken up above, and the others are about a vote.
            Event::BodyCreated { .. }
            | Event::VoteCreated { .. }
            | Event::VoteWithdrawn { .. }
            | Event::VoteOpened { .. }
            | Event::BallotCast { .. }
            | Event::BallotWithdrawn { .. }
            | Event::VoteSuspended { .. }
            | Event::VoteResumed { .. }
            | Event::VoteLocked { .. }
            | Event::CastingVoteGiven { .. }
            | Event::ResultDeclared { .. }
            | Event::AdoptedWithoutVote { .. }
            | Event::StatementRecorded { .. }
            | Event::BallotCorrected { .. }
            | Event::VoteAnnulled { .. } => {}
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm an event, so that none is forgotten")]
    fn evolve_vote(&mut self, name: &VoteName, entry: &Entry) {
        match &entry.event {
            Event::VoteCreated { question, .. } => self.table(name, question, entry),
            Event::VoteOpened { .. } => {
                let voting = self.open(name, entry);
                if let Some((body, voting)) = self.bodies.get_mut(&name.body).zip(voting.as_ref()) {
                    body.last_roll = Some(Arc::clone(&voting.roll));
                }
                self.timed.extend(voting.iter().filter_map(|voting| Some((voting.lock_at_time?, name.clone()))));
                self.change(name, entry, Some(VoteState::Open), |vote| vote.voting = voting);
            }
            Event::BallotCast { member, choice, .. } => self.change(name, entry, None, |vote| {
                let stand = Stand { choice: *choice, seq: entry.seq, record_time: entry.record_time };
                vote.voting.iter_mut().for_each(|voting| voting.take(member, Some(stand), entry.revision));
            }),
            Event::BallotWithdrawn { member, .. } => self.change(name, entry, None, |vote| {
                vote.voting.iter_mut().for_each(|voting| voting.take(member, None, entry.revision));
            }),
            Event::VoteSuspended { .. } => {
                self.change(name, entry, Some(VoteState::Suspended), |vote| vote.suspensions += 1);
            }
            Event::VoteResumed { .. } => self.change(name, entry, Some(VoteState::Open), |_| {}),
            Event::VoteLocked { .. } => {
                self.change(name, entry, Some(VoteState::Locked), |vote| vote.lock(entry));
            }
            Event::CastingVoteGiven { choice, given_by, reason, .. } => self.change(name, entry, None, |vote| {
                let (given_by, reason) = (given_by.clone(), reason.clone());
                let (seq, record_time) = (entry.seq, entry.record_time);
                let given = CastingVote { choice: *choice, given_by, reason, seq, record_time };
                vote.voting.iter_mut().for_each(|voting| voting.casting_vote = Some(given.clone()));
            }),
            Event::ResultDeclared { outcome, ruling, adopted_symbol, .. } => {
                let (ruling, adopted_symbol) = (ruling.clone(), adopted_symbol.clone());
                let declare_time = entry.record_time;
                let declaration = Declaration { outcome: *outcome, ruling, adopted_symbol, declare_time };
                self.change(name, entry, Some(VoteState::Declared), |vote| vote.declaration = Some(declaration));
            }
            Event::AdoptedWithoutVote { adopted_symbol, .. } => {
                let (ruling, adopted_symbol) = (String::new(), adopted_symbol.clone());
                let (outcome, declare_time) = (Outcome::AdoptedWithoutVote, entry.record_time);
                let declaration = Declaration { outcome, ruling, adopted_symbol, declare_time };
                self.change(name, entry, Some(VoteState::Declared), |vote| vote.declaration = Some(declaration));
            }
            Event::StatementRecorded { statement, .. } => {
                self.change(name, entry, None, |vote| {
                    vote.annotate(Note::Statement(Arc::clone(statement)), entry);
                });
            }
            Event::BallotCorrected { correction, declaration_lapsed, .. } => {
                let state = declaration_lapsed.then_some(VoteState::Locked);
                self.change(name, entry, state, |vote| {
                    vote.take_correction(correction, entry);
                    vote.declaration.take_if(|_| *declaration_lapsed);
                });
            }
            Event::VoteWithdrawn { .. } => self.change(name, entry, Some(VoteState::Withdrawn), |_| {}),
            // A vote that is set aside has no result.
            Event::VoteAnnulled { .. } => {
                self.change(name, entry, Some(VoteState::Annulled), |vote| {
                    vote.declaration = None;
                    vote.voting.iter_mut().for_each(|voting| voting.lights.pack());
                });
            }
            // About a body and its members.
            Event::BodyCreated { .. }
            | Event::BodyRevised { .. }
            | Event::MembersAdmitted { .. }
            | Event::MemberRevised { .. }
            | Event::MemberWithdrawn { .. }
            | Event::VotingRightSuspended { .. }
            | Event::VotingRightRestored { .. } => {}
        }
    }

    fn change(&mut self, name: &VoteName, entry: &Entry, state: Option<VoteState>, what: impl FnOnce(&mut Vote)) {
        let Some(vote) = self.votes.get_mut(name) else { return };
        what(vote);
        let in_progress = |state| usize::from(matches!(state, VoteState::Open | VoteState::Suspended));
        self.open -= in_progress(vote.state);
        vote.state = state.unwrap_or(vote.state);
        self.open += in_progress(vote.state);
        vote.revision = entry.revision;
        self.changed.remove(&vote.seq);
        vote.seq = entry.seq;
        self.changed.insert(vote.seq, name.clone());
        vote.as_of_time = entry.record_time;
        let locks = vote.voting.as_ref().and_then(|voting| voting.lock_at_time);
        if let Some(at) = locks.filter(|_| !matches!(vote.state, VoteState::Open | VoteState::Suspended)) {
            self.timed.remove(&(at, name.clone()));
        }
    }

    fn table(&mut self, name: &VoteName, question: &Arc<Question>, entry: &Entry) {
        let vote = Vote {
            name: name.clone(),
            question: Arc::clone(question),
            state: VoteState::Draft,
            voting: None,
            declaration: None,
            created: entry.seq,
            create_time: entry.record_time,
            lock_time: None,
            suspensions: 0,
            annotations: Vec::new(),
            revision: entry.revision,
            seq: entry.seq,
            as_of_time: entry.record_time,
        };
        self.votes.insert(name.clone(), vote);
        self.created.insert(entry.seq, name.clone());
        self.changed.insert(entry.seq, name.clone());
        if let Some(body) = self.bodies.get_mut(&name.body) {
            body.votes.insert(entry.seq, name.vote.clone());
        }
    }

    fn open(&self, name: &VoteName, entry: &Entry) -> Option<Voting> {
        let Event::VoteOpened { roll, seats, members, members_present, lock_at_time, .. } = &entry.event else {
            return None;
        };
        let question = &self.votes.get(name)?.question;
        let body = self.bodies.get(&name.body)?;
        // A member that has not changed since is kept once, however many rolls it is on.
        let shared = |member: &Arc<Member>| {
            let seated = body.seat(&member.id).map(|seat| &seat.member);
            seated.filter(|seated| *seated == member).unwrap_or(member).clone()
        };
        let roll: Vec<_> = roll.iter().map(shared).collect();
        let last = body.last_roll.as_ref().filter(|last| last.members() == roll);
        let roll = last.map_or_else(|| Arc::new(Roll::new(roll)), Arc::clone);
        let tally = Tally::opened(roll.members().iter().map(Arc::as_ref), &question.rule);
        Some(Voting {
            lights: Lights::dark(roll.members().len()),
            corrections: BTreeMap::new(),
            announced: None,
            roll,
            tally,
            seats: *seats,
            members: *members,
            members_present: *members_present,
            open_time: entry.record_time,
            lock_at_time: *lock_at_time,
            second_vote: self.repeats_a_tie(question),
            casting_vote: None,
        })
    }

    /// Whether the question is one that tied before, put again under UN rule 95.
    fn repeats_a_tie(&self, question: &Question) -> bool {
        let mut again = question.relations.iter().filter(|relation| relation.kind == RelationKind::Revote);
        again.any(|relation| {
            // A verdict counts from the lock on; before that it moves with the ballots.
            let outcome = |vote: &Vote| match (&vote.declaration, vote.state) {
                (Some(declaration), _) => Some(declaration.outcome),
                (None, VoteState::Locked) => vote.verdict().map(|verdict| verdict.outcome),
                _ => None,
            };
            self.votes.get(&relation.vote).and_then(outcome) == Some(Outcome::RevoteDue)
        })
    }
}
