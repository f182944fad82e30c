//! The rules of voting: what may happen, what follows, what a tally means. Knows no clock, no I/O and no wire format.
//!
//! [`State::decide`] says what a command leads to, [`State::evolve`] what an entry makes of the state, and
//! [`Rule::judge`] what a rule makes of a tally. All three are pure.

mod annotation;
mod ballot;
mod body;
mod choice;
mod command;
mod comparison;
mod conduct;
mod decided;
mod event;
mod hall;
mod judge;
mod kept;
mod lights;
pub mod limits;
mod member;
mod membership;
mod name;
mod rejection;
mod relations;
mod request;
mod roll;
mod rule;
mod shown;
mod state;
mod tally;
mod verdict;
mod vote;
mod words;

pub use annotation::{Annotation, Correction, Note, Statement, StatementKind};
pub use ballot::Stand;
pub use body::{Body, Seat};
pub use choice::Choice;
pub use command::{Command, Intent};
pub use comparison::{Compared, Moves};
pub use event::{Entry, Event, Nonce, Receipt};
pub use hall::Hall;
pub use judge::Facts;
pub use kept::{KeptIds, KeptVoting, Scope};
use lights::{Light, Lights};
pub use member::{Member, Suspension};
pub use membership::MemberShare;
pub use name::{BallotName, BodyId, MemberId, MemberName, NameError, VoteId, VoteName};
pub use rejection::{Limit, Rejection, Resource, RollFault};
pub use request::{Digest, RequestId, RequestKey};
pub use roll::Roll;
pub use rule::{
    Bar, Base, Comparison, Quorum, QuorumBasis, Requirement, Rule, RuleFault, Share, Threshold, TieBreak, Veto,
};
pub use shown::{Shown, ShownBallot, ShownCounts, ShownTally};
pub use state::{Decision, State};
pub use tally::{Counts, Tally};
pub use verdict::{Criterion, Decidedness, Outcome, Verdict};
pub use vote::{
    BallotPolicy, CastingVote, Declaration, Question, Relation, RelationKind, Visibility, Vote, VoteState, Voting,
};
