//! Facts, in the past tense, and their place in the record.

use std::sync::Arc;

use super::{
    BodyId, Choice, Correction, Member, MemberId, MemberName, Outcome, Question, RequestKey, Statement, Tally, VoteName,
};
use crate::clock::Timestamp;
use crate::seq::Seq;

/// An event with its place and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub seq: Seq,
    /// When it was recorded. Never goes back from entry to entry.
    pub record_time: Timestamp,
    /// The request that caused it; none for what the service does by itself.
    pub request: Option<RequestKey>,
    /// The vote's revision after it; 0 where it is not about a vote.
    pub revision: u64,
    /// Where it can be withheld from readers, so that its hash tells nothing.
    pub nonce: Option<Nonce>,
    /// What happened.
    pub event: Event,
}

/// Random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce(pub [u8; 16]);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A body was recorded.
    BodyCreated {
        /// The body.
        body: BodyId,
        /// What people call it.
        display_name: String,
        /// Seats by statute; 0: as many as there are members.
        seats: u32,
    },
    /// Members were seated.
    MembersAdmitted {
        /// The body.
        body: BodyId,
        /// The members, in the order of the roll.
        members: Vec<Arc<Member>>,
    },
    /// A body's particulars changed.
    BodyRevised {
        /// The body.
        body: BodyId,
        /// What people call it.
        display_name: String,
        /// Seats by statute; 0: as many as there are members.
        seats: u32,
    },
    /// A member's particulars changed.
    MemberRevised {
        /// The body.
        body: BodyId,
        /// The member as it now is.
        member: Arc<Member>,
    },
    /// A member was unseated.
    MemberWithdrawn {
        /// The member.
        member: MemberName,
    },
    /// A member lost its right to vote.
    VotingRightSuspended {
        /// The member.
        member: MemberName,
        /// The ground.
        reason: String,
    },
    /// A member regained its right to vote.
    VotingRightRestored {
        /// The member.
        member: MemberName,
    },
    /// A question was tabled.
    VoteCreated {
        /// The vote.
        vote: VoteName,
        /// What is put to the body.
        question: Arc<Question>,
    },
    /// A question was withdrawn.
    VoteWithdrawn {
        /// The vote.
        vote: VoteName,
    },
    /// The voting began.
    VoteOpened {
        /// The vote.
        vote: VoteName,
        /// The members entitled to vote, in order, as they now are.
        roll: Vec<Arc<Member>>,
        /// Seats of the body by statute.
        seats: u32,
        /// Members that held a seat.
        members: u32,
        /// Members present, where it was stated.
        members_present: Option<u32>,
        /// When it locks by itself, if it does.
        lock_at_time: Option<Timestamp>,
    },
    /// A member took a stand.
    BallotCast {
        /// The vote.
        vote: VoteName,
        /// The member.
        member: MemberId,
        /// Its stand.
        choice: Choice,
    },
    /// A member took its stand back.
    BallotWithdrawn {
        /// The vote.
        vote: VoteName,
        /// The member.
        member: MemberId,
    },
    /// The voting was interrupted.
    VoteSuspended {
        /// The vote.
        vote: VoteName,
        /// The ground.
        reason: String,
    },
    /// The voting went on.
    VoteResumed {
        /// The vote.
        vote: VoteName,
    },
    /// The voting ended.
    VoteLocked {
        /// The vote.
        vote: VoteName,
        /// The tally at the lock.
        tally: Tally,
        /// What the rule says of it.
        outcome: Outcome,
    },
    /// The presiding officer broke a tie.
    CastingVoteGiven {
        /// The vote.
        vote: VoteName,
        /// In favour or against.
        choice: Choice,
        /// Who gave it; may be empty.
        given_by: String,
        /// The principle invoked; may be empty.
        reason: String,
    },
    /// The presiding officer declared the result.
    ResultDeclared {
        /// The vote.
        vote: VoteName,
        /// The outcome declared.
        outcome: Outcome,
        /// The ruling; may be empty.
        ruling: String,
        /// The symbol of the text adopted; may be empty.
        adopted_symbol: String,
    },
    /// A question was adopted without a vote.
    AdoptedWithoutVote {
        /// The vote.
        vote: VoteName,
        /// The symbol of the text adopted; may be empty.
        adopted_symbol: String,
    },
    /// A member said something about a vote.
    StatementRecorded {
        /// The vote.
        vote: VoteName,
        /// What it said.
        statement: Arc<Statement>,
    },
    /// An error of counting or transcription was corrected.
    BallotCorrected {
        /// The vote.
        vote: VoteName,
        /// What was corrected.
        correction: Arc<Correction>,
        /// The tally before it.
        before: Tally,
        /// The tally after it.
        after: Tally,
        /// What the rule says of that.
        outcome: Outcome,
        /// The result that was declared no longer stands, and is to be declared again.
        declaration_lapsed: bool,
    },
    /// A vote was set aside.
    VoteAnnulled {
        /// The vote.
        vote: VoteName,
        /// On whose authority and why.
        reason: String,
    },
}

impl Event {
    /// The body that it is about.
    #[must_use]
    pub fn body(&self) -> &BodyId {
        match self {
            Event::BodyCreated { body, .. }
            | Event::BodyRevised { body, .. }
            | Event::MembersAdmitted { body, .. }
            | Event::MemberRevised { body, .. } => body,
            Event::MemberWithdrawn { member }
            | Event::VotingRightSuspended { member, .. }
            | Event::VotingRightRestored { member } => &member.body,
            Event::VoteCreated { vote, .. }
            | Event::VoteWithdrawn { vote }
            | Event::VoteOpened { vote, .. }
            | Event::BallotCast { vote, .. }
            | Event::BallotWithdrawn { vote, .. }
            | Event::VoteSuspended { vote, .. }
            | Event::VoteResumed { vote }
            | Event::VoteLocked { vote, .. }
            | Event::CastingVoteGiven { vote, .. }
            | Event::ResultDeclared { vote, .. }
            | Event::AdoptedWithoutVote { vote, .. }
            | Event::StatementRecorded { vote, .. }
            | Event::BallotCorrected { vote, .. }
            | Event::VoteAnnulled { vote, .. } => &vote.body,
        }
    }

    /// The vote that it is about, if it is about one.
    #[must_use]
    pub fn vote(&self) -> Option<&VoteName> {
        match self {
            Event::BodyCreated { .. }
            | Event::BodyRevised { .. }
            | Event::MembersAdmitted { .. }
            | Event::MemberRevised { .. }
            | Event::MemberWithdrawn { .. }
            | Event::VotingRightSuspended { .. }
            | Event::VotingRightRestored { .. } => None,
            Event::VoteCreated { vote, .. }
            | Event::VoteWithdrawn { vote }
            | Event::VoteOpened { vote, .. }
            | Event::BallotCast { vote, .. }
            | Event::BallotWithdrawn { vote, .. }
            | Event::VoteSuspended { vote, .. }
            | Event::VoteResumed { vote }
            | Event::VoteLocked { vote, .. }
            | Event::CastingVoteGiven { vote, .. }
            | Event::ResultDeclared { vote, .. }
            | Event::AdoptedWithoutVote { vote, .. }
            | Event::StatementRecorded { vote, .. }
            | Event::BallotCorrected { vote, .. }
            | Event::VoteAnnulled { vote, .. } => Some(vote),
        }
    }
}

/// Proof that a request stands in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its entry's place.
    pub seq: Seq,
    /// The vote's revision after it; 0 where it is not about a vote.
    pub revision: u64,
    /// When it was recorded.
    pub record_time: Timestamp,
    /// The entry's leaf in the Merkle tree of the record.
    pub leaf_hash: [u8; 32],
    /// Whether the request had been recorded before.
    pub replayed: bool,
}
