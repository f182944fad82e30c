//! A rule's "no", with the figures that go with it.

use super::{BallotName, BodyId, MemberName, Outcome, RelationKind, VoteName, VoteState};
use crate::seq::Seq;

/// Why a command may not happen. Nothing is recorded of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The thing that the command is about is not on record.
    #[error("there is no {0}")]
    NoSuch(Resource),
    /// Another request made a thing of that name.
    #[error("{0} is on record already")]
    NameTaken(Resource),
    /// A member's name differs from another's only in case.
    #[error("{new} differs only in case from {seated}, which is seated already")]
    NameTooAlike {
        /// The name that was asked for.
        new: MemberName,
        /// The name that stands.
        seated: MemberName,
    },
    /// The request's id was used for a different request.
    #[error("this request_id stands in the record at {seq} with other content; make a new id for a new request")]
    RequestIdReused {
        /// Where the first request stands.
        seq: Seq,
    },
    /// The vote's state does not allow it.
    #[error("{vote} is {state}; {needs}")]
    WrongState {
        /// The vote.
        vote: VoteName,
        /// Its state.
        state: VoteState,
        /// What the command needs, e.g. "ballots are taken while it is OPEN".
        needs: &'static str,
    },
    /// The member is not on the roll.
    #[error("{0} is not on the roll of this vote")]
    NotOnRoll(MemberName),
    /// The member has a ballot, and this vote lets none be changed.
    #[error(
        "{member} has cast its ballot{}, and this vote lets no ballot be changed",
        seq.map_or_else(String::new, |seq| format!(" at {seq}"))
    )]
    BallotFinal {
        /// The member.
        member: MemberName,
        /// The ballot's place in the record, where that may be told: beside a live tally it tells the choice.
        seq: Option<Seq>,
    },
    /// The outcome declared is not the rule's, and no ruling was given.
    #[error("the rule gives OUTCOME_{}: declare that, or give the ruling that sets it aside", outcome.as_str())]
    OutcomeMismatch {
        /// The vote.
        vote: VoteName,
        /// The outcome that can be declared without a ruling.
        outcome: Outcome,
    },
    /// No casting vote is awaited.
    #[error("{vote} awaits no casting vote: the rule gives OUTCOME_{}", outcome.as_str())]
    NoCastingVoteDue {
        /// The vote.
        vote: VoteName,
        /// The outcome that the rule gives.
        outcome: Outcome,
    },
    /// No rule has the name that the vote is to be decided by.
    #[error("vote.rule.preset must be the name of a rule; ListRules lists them")]
    RuleUnknown,
    /// An amendment to a text, or a part of it, would be decided by a smaller majority than the text.
    #[error(
        "{} {text} needs the majority that the text needs, by {rule}: name such a rule, or give in vote.rule_basis the \
         ruling by which a smaller one is enough",
        if *kind == RelationKind::Part { "a part of" } else { "an amendment to" }
    )]
    MajorityTooSmall {
        /// The text.
        text: VoteName,
        /// Amendment or part.
        kind: RelationKind,
        /// The text's rule: its name or its legal basis.
        rule: String,
    },
    /// The vote cannot be judged on the roll as it now is.
    #[error("{vote} cannot open: {fault}")]
    RollUnfit {
        /// The vote.
        vote: VoteName,
        /// What is wrong with the roll.
        fault: RollFault,
    },
    /// A bound of the service would be passed.
    #[error("{limit}")]
    LimitReached {
        /// The body.
        body: BodyId,
        /// Which bound.
        limit: Limit,
    },
}

/// A thing with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A body.
    Body(BodyId),
    /// A member.
    Member(MemberName),
    /// A vote.
    Vote(VoteName),
    /// A standing ballot.
    Ballot(BallotName),
    /// The suspension of a member's right to vote.
    Suspension(MemberName),
}

/// What keeps a vote from opening on a roll.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RollFault {
    /// No member may vote.
    #[error("no member of the body may vote; admit members first")]
    Empty,
    /// The group that holds the veto is not represented.
    #[error("no member on the roll belongs to the group \"{0}\", which the rule gives a veto")]
    NoVetoGroup(String),
    /// A member lacks a weight that the rule names.
    #[error("{member} has no weight \"{weight}\", which the rule counts")]
    NoWeight {
        /// The member.
        member: MemberName,
        /// The weight.
        weight: String,
    },
    /// The sum of a weight is too large to be counted.
    #[error("the weights \"{0}\" of the members sum to more than 2^63 - 1")]
    WeightOverflow(String),
}

/// A bound of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// Members of a body.
    #[error("the body would have {asked} members; at most {limit} can be seated", limit = super::limits::MAX_MEMBERS)]
    Members {
        /// How many it would have.
        asked: usize,
    },
    /// The body's seats by statute.
    #[error("the body would have {asked} members, and it has {seats} seats by statute")]
    Seats {
        /// How many it would have.
        asked: usize,
        /// The seats.
        seats: u32,
    },
    /// Statements and corrections of a vote.
    #[error("the vote would have {asked} statements and corrections; at most {limit} are recorded", limit = super::limits::MAX_ANNOTATIONS)]
    Annotations {
        /// How many it would have.
        asked: usize,
    },
    /// How often a vote is suspended.
    #[error("the vote would be suspended {asked} times; it can be {limit} times: leave it open, or lock it", limit = super::limits::MAX_SUSPENSIONS)]
    Suspensions {
        /// How often it would be.
        asked: usize,
    },
    /// Votes that are open at once.
    #[error("{asked} votes would be open at once; at most {limit} can be: lock others first", limit = super::limits::MAX_OPEN_VOTES)]
    OpenVotes {
        /// How many there would be.
        asked: usize,
    },
    /// Bytes of the body's roll.
    #[error("the body's roll would be about {asked} bytes; at most {limit} can be recorded: give shorter names, weights or groups", limit = super::limits::MAX_ROLL_BYTES)]
    RollBytes {
        /// How many it would have.
        asked: usize,
    },
}

impl Rejection {
    /// The resource name of what stands in the way; the id of a request and a rule have none.
    #[must_use]
    pub fn subject(&self) -> Option<String> {
        Some(match self {
            Self::NoSuch(resource) | Self::NameTaken(resource) => resource.kind_and_name().1,
            Self::NameTooAlike { seated: member, .. } | Self::NotOnRoll(member) | Self::BallotFinal { member, .. } => {
                member.to_string()
            }
            Self::WrongState { vote, .. }
            | Self::OutcomeMismatch { vote, .. }
            | Self::NoCastingVoteDue { vote, .. }
            | Self::MajorityTooSmall { text: vote, .. }
            | Self::RollUnfit { vote, .. } => vote.to_string(),
            Self::LimitReached { body, .. } => body.name(),
            Self::RequestIdReused { .. } | Self::RuleUnknown => return None,
        })
    }
}

impl Resource {
    /// What kind of thing it is, and its name.
    #[must_use]
    pub fn kind_and_name(&self) -> (&'static str, String) {
        match self {
            Resource::Body(body) => ("body", body.name()),
            Resource::Member(member) => ("member", member.to_string()),
            Resource::Vote(vote) => ("vote", vote.to_string()),
            Resource::Ballot(ballot) => ("ballot", ballot.to_string()),
            Resource::Suspension(member) => ("suspension", member.to_string()),
        }
    }
}

impl std::fmt::Display for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kind, name) = self.kind_and_name();
        write!(f, "{kind} {name}")
    }
}
