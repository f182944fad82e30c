//! Intents, in the imperative. Well-formed by construction; whether they may happen is for the state to decide.

use std::sync::Arc;

use super::request::Scope;
use super::{BodyId, Choice, Member, MemberId, Outcome, Question, RequestKey, VoteName};

/// An intent, and the request that carries it.
#[derive(Clone, Debug)]
pub struct Command {
    /// The request.
    pub request: RequestKey,
    /// What is to happen.
    pub intent: Intent,
}

/// What is to happen.
#[derive(Clone, Debug)]
pub enum Intent {
    /// Record a body.
    CreateBody {
        /// Its identifier.
        body: BodyId,
        /// What people call it.
        display_name: String,
        /// Seats by statute; 0: as many as there are members.
        seats: u32,
    },
    /// Seat members, all or none.
    AdmitMembers {
        /// The body.
        body: BodyId,
        /// The members, in the order in which the roll is to be called.
        members: Vec<Arc<Member>>,
    },
    /// Table a question.
    CreateVote {
        /// The vote.
        vote: VoteName,
        /// What is put to the body.
        question: Arc<Question>,
    },
    /// Open the voting.
    OpenVote {
        /// The vote.
        vote: VoteName,
        /// Members present, where it was stated.
        members_present: Option<u32>,
    },
    /// Take a stand.
    CastBallot {
        /// The vote.
        vote: VoteName,
        /// The member.
        member: MemberId,
        /// Its stand; never [`Choice::NotVoting`].
        choice: Choice,
    },
    /// End the voting.
    LockVote {
        /// The vote.
        vote: VoteName,
    },
    /// Declare the result.
    DeclareResult {
        /// The vote.
        vote: VoteName,
        /// The outcome declared.
        outcome: Outcome,
        /// The ruling where it is not the rule's; may be empty.
        ruling: String,
        /// The symbol of the text adopted; may be empty.
        adopted_symbol: String,
    },
}

impl Intent {
    /// The body that it is about.
    #[must_use]
    pub fn body(&self) -> &BodyId {
        match self {
            Intent::CreateBody { body, .. } | Intent::AdmitMembers { body, .. } => body,
            Intent::CreateVote { vote, .. }
            | Intent::OpenVote { vote, .. }
            | Intent::CastBallot { vote, .. }
            | Intent::LockVote { vote }
            | Intent::DeclareResult { vote, .. } => &vote.body,
        }
    }

    /// The vote that it is about, if it is about one.
    #[must_use]
    pub fn vote(&self) -> Option<&VoteName> {
        match self {
            Intent::CreateBody { .. } | Intent::AdmitMembers { .. } => None,
            Intent::CreateVote { vote, .. }
            | Intent::OpenVote { vote, .. }
            | Intent::CastBallot { vote, .. }
            | Intent::LockVote { vote }
            | Intent::DeclareResult { vote, .. } => Some(vote),
        }
    }

    /// What the request's id is scoped to.
    pub(super) fn scope(&self) -> Scope {
        self.vote().map_or_else(|| Scope::Body(self.body().clone()), |vote| Scope::Vote(vote.clone()))
    }
}
