//! What is on record beside the voting: what members say of a vote, and corrections of errors. Neither is a ballot.

use std::sync::Arc;

use super::conduct::declarable;
use super::event::{Entry, Event};
use super::limits::MAX_ANNOTATIONS;
use super::rejection::{Limit, Rejection};
use super::vote::{Vote, VoteState};
use super::{Choice, MemberId, MemberName, Outcome, State};
use crate::clock::Timestamp;
use crate::seq::Seq;

use VoteState::{Declared, Draft, Locked};

/// A statement or correction, and the entry that it rests on.
#[derive(Clone, Debug)]
pub struct Annotation {
    /// What is on record.
    pub note: Note,
    /// The entry's place in the record.
    pub seq: Seq,
    /// The entry's time.
    pub record_time: Timestamp,
}

/// What is on record beside the voting.
#[derive(Clone, Debug)]
pub enum Note {
    /// A member says something about the vote; the tally stands.
    Statement(Arc<Statement>),
    /// An error of counting or transcription is corrected.
    Correction(Arc<Correction>),
}

/// What a member says about a vote, outside the voting itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What kind of statement.
    pub kind: StatementKind,
    /// Who says it.
    pub member: MemberId,
    /// Its words or document symbol; may be empty.
    pub text: String,
}

/// The kinds of statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementKind {
    /// An explanation of vote before the voting.
    ExplanationBefore,
    /// An explanation of vote after the voting.
    ExplanationAfter,
    /// How the member had intended to vote.
    IntendedVote(Choice),
}

/// A correction of an error of counting or transcription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Whose ballot.
    pub member: MemberId,
    /// The stand as corrected.
    pub corrected: Choice,
    /// On whose authority and why; may be empty.
    pub reason: String,
}

impl State {
    /// Whether a member may say this of a vote now.
    pub(super) fn record_statement(&self, of: &Vote, statement: Arc<Statement>) -> Result<Event, Rejection> {
        match statement.kind {
            StatementKind::ExplanationBefore => {
                of.must_be(&[Draft], "a vote is explained beforehand while it is DRAFT")?;
            }
            StatementKind::ExplanationAfter => {
                of.must_be(&[Locked, Declared], "a vote is explained afterwards once it is LOCKED or DECLARED")?;
            }
            StatementKind::IntendedVote(_) => {
                of.must_be(&[Locked, Declared], "an intended vote is stated once it is LOCKED or DECLARED")?;
            }
        }
        if of.place(&statement.member).is_none() {
            if matches!(statement.kind, StatementKind::IntendedVote(_)) {
                return Err(of.not_on_roll(&statement.member));
            }
            // Whoever sits in the body may speak, with a right to vote or without.
            self.body(&of.name.body)?.must_seat(&statement.member)?;
        }
        of.may_annotate()?;
        Ok(Event::StatementRecorded { vote: of.name.clone(), statement })
    }
}

impl Vote {
    /// What a correction makes of the tally and of the result.
    pub(super) fn correct(&self, correction: Arc<Correction>) -> Result<Event, Rejection> {
        self.must_be(&[Locked, Declared], "ballots are corrected once it is LOCKED or DECLARED")?;
        let on_roll = self.place(&correction.member).and_then(|at| Some((self.voting.as_ref()?, at)));
        let (voting, at) = on_roll.ok_or_else(|| self.not_on_roll(&correction.member))?;
        self.may_annotate()?;
        let mut corrected = voting.clone();
        corrected.correct(at, correction.corrected, self.revision);
        let judged = |voting: &super::Voting| voting.judge(&self.question.rule, &self.name, false).outcome;
        let (before, outcome) = (judged(voting), judged(&corrected));
        Ok(Event::BallotCorrected {
            vote: self.name.clone(),
            correction,
            before: voting.tally.clone(),
            after: corrected.tally,
            outcome,
            declaration_lapsed: self.state == Declared && lapses(before, outcome),
        })
    }

    /// Takes up an annotation.
    pub(super) fn annotate(&mut self, note: Note, entry: &Entry) {
        self.annotations.push(Annotation { note, seq: entry.seq, record_time: entry.record_time });
    }

    /// Takes up a correction.
    pub(super) fn take_correction(&mut self, correction: &Arc<Correction>, entry: &Entry) {
        self.annotate(Note::Correction(Arc::clone(correction)), entry);
        let at = self.place(&correction.member);
        if let Some((voting, at)) = self.voting.as_mut().zip(at) {
            voting.correct(at, correction.corrected, entry.revision);
        }
    }

    /// Where a member stands on the roll.
    fn place(&self, member: &MemberId) -> Option<usize> {
        self.voting.as_ref().and_then(|voting| voting.roll.position(member))
    }

    pub(super) fn not_on_roll(&self, member: &MemberId) -> Rejection {
        Rejection::NotOnRoll(MemberName { body: self.name.body.clone(), member: member.clone() })
    }

    fn may_annotate(&self) -> Result<(), Rejection> {
        let asked = self.annotations.len() + 1;
        if asked <= MAX_ANNOTATIONS {
            return Ok(());
        }
        Err(Rejection::LimitReached { body: self.name.body.clone(), limit: Limit::Annotations { asked } })
    }
}

/// Whether a result declared on one outcome no longer stands on another.
fn lapses(before: Outcome, after: Outcome) -> bool {
    // A tie that no one broke was declared not adopted, and still is.
    after != before && after != declarable(before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::request::{Digest, RequestId};
    use crate::domain::{
        Command, Decision, Entry, Intent, Member, Question, RequestKey, Rule, StatementKind, VoteName,
    };

    fn name() -> VoteName {
        "bodies/hall/votes/q".parse().expect("a vote's name")
    }

    fn said() -> Arc<Statement> {
        let member = "A".parse().expect("a member's id");
        Arc::new(Statement { kind: StatementKind::ExplanationBefore, member, text: String::new() })
    }

    fn recorded(state: &mut State, event: Event) {
        let seq = state.hall().end().next();
        let (record_time, revision) = (state.hall().time(), state.next_revision(&event));
        state.evolve(&Entry { seq, record_time, request: None, revision, nonce: None, event });
    }

    #[test]
    fn the_annotations_of_a_vote_are_bounded() {
        let mut state = State::default();
        let body = name().body;
        let member =
            Member { id: said().member.clone(), display_name: String::new(), weights: [].into(), groups: vec![] };
        let question = Question {
            title: String::new(),
            symbol: String::new(),
            question: String::new(),
            rule: Rule::default(),
            rule_chosen_by: String::new(),
            rule_basis: String::new(),
            ballot_policy: crate::domain::BallotPolicy::default(),
            relations: vec![],
            labels: [].into(),
            held_time: None,
        };
        recorded(&mut state, Event::BodyCreated { body: body.clone(), display_name: String::new(), seats: 0 });
        recorded(&mut state, Event::MembersAdmitted { body, members: vec![Arc::new(member)] });
        recorded(&mut state, Event::VoteCreated { vote: name(), question: Arc::new(question) });
        let command = Command {
            request: RequestKey { id: RequestId([7; 16]), digest: Digest([7; 16]) },
            intent: Intent::RecordStatement { vote: name(), statement: said() },
        };
        for _ in 0..MAX_ANNOTATIONS {
            match state.decide(&command, Timestamp::default()) {
                Ok(Decision::Record(event)) => recorded(&mut state, event),
                other => panic!("{other:?}"),
            }
        }
        let limit = Limit::Annotations { asked: MAX_ANNOTATIONS + 1 };
        let refused = state.decide(&command, Timestamp::default());
        assert_eq!(refused, Err(Rejection::LimitReached { body: name().body, limit }));
    }
}
