//! Errors as a client reads them: a code, a reason, a sentence, and the figures that go with it.

use super::malformed::{Malformed, Metadata};
use crate::domain::{Limit, Rejection, RollFault};
use crate::proto::{ErrorReason, Refusal};

/// The numbers of gRPC's status codes, which a refusal inside an answer carries too.
pub mod code {
    /// The request is wrong whatever the state.
    pub const INVALID_ARGUMENT: i32 = 3;
    /// The caller waited no longer.
    pub const DEADLINE_EXCEEDED: i32 = 4;
    /// The thing is not there.
    pub const NOT_FOUND: i32 = 5;
    /// The thing is there already.
    pub const ALREADY_EXISTS: i32 = 6;
    /// Too much at once.
    pub const RESOURCE_EXHAUSTED: i32 = 8;
    /// The state does not allow it.
    pub const FAILED_PRECONDITION: i32 = 9;
    /// Beyond the end.
    pub const OUT_OF_RANGE: i32 = 11;
    /// Not in this version.
    pub const UNIMPLEMENTED: i32 = 12;
    /// Not now.
    pub const UNAVAILABLE: i32 = 14;
    /// The record is damaged.
    pub const DATA_LOSS: i32 = 15;
}

/// A refusal of these parts.
#[must_use]
pub fn refusal(code: i32, reason: ErrorReason, message: String, metadata: Metadata) -> Refusal {
    Refusal { code, reason: reason.into(), message, metadata }
}

/// The name of a reason as `ErrorInfo` has it, without the prefix of the enum.
#[must_use]
pub fn reason_name(reason: ErrorReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("ERROR_REASON_").unwrap_or(name)
}

impl From<&Malformed> for Refusal {
    fn from(malformed: &Malformed) -> Self {
        let of_rule = malformed.violations.iter().all(|violation| violation.of_rule);
        let reason = if of_rule { ErrorReason::RuleInvalid } else { ErrorReason::InvalidField };
        refusal(code::INVALID_ARGUMENT, reason, malformed.to_string(), Metadata::new())
    }
}

impl From<&Rejection> for Refusal {
    fn from(rejection: &Rejection) -> Self {
        use Rejection as R;
        let figure = |name: &str, value: String| Metadata::from([(name.to_owned(), value)]);
        let (code, reason, metadata) = match rejection {
            R::NoSuch(resource) => {
                let name = resource.kind_and_name().1;
                (code::NOT_FOUND, ErrorReason::NoSuchResource, figure("name", name))
            }
            R::NameTaken(resource) => {
                let name = resource.kind_and_name().1;
                (code::ALREADY_EXISTS, ErrorReason::NameTaken, figure("name", name))
            }
            R::NameTooAlike { seated, .. } => {
                (code::ALREADY_EXISTS, ErrorReason::NameTaken, figure("name", seated.to_string()))
            }
            R::RequestIdReused { seq } => {
                (code::ALREADY_EXISTS, ErrorReason::RequestIdReused, figure("seq", seq.to_string()))
            }
            R::WrongState { state, .. } => {
                (code::FAILED_PRECONDITION, ErrorReason::WrongState, figure("state", state.to_string()))
            }
            R::NotOnRoll(member) => {
                (code::FAILED_PRECONDITION, ErrorReason::NotOnRoll, figure("member", member.to_string()))
            }
            R::BallotFinal { seq, .. } => {
                let place = seq.map(|seq| figure("seq", seq.to_string()));
                (code::FAILED_PRECONDITION, ErrorReason::BallotFinal, place.unwrap_or_default())
            }
            R::OutcomeMismatch { outcome, .. } => {
                let outcome = outcome.as_str().to_owned();
                (code::FAILED_PRECONDITION, ErrorReason::OutcomeMismatch, figure("outcome", outcome))
            }
            R::NoCastingVoteDue { outcome, .. } => {
                let outcome = outcome.as_str().to_owned();
                (code::FAILED_PRECONDITION, ErrorReason::NoCastingVoteDue, figure("outcome", outcome))
            }
            R::RuleUnknown => (code::INVALID_ARGUMENT, ErrorReason::RuleInvalid, Metadata::new()),
            R::MajorityTooSmall { text, rule, .. } => {
                let figures = Metadata::from([("text".into(), text.to_string()), ("rule".into(), rule.clone())]);
                (code::INVALID_ARGUMENT, ErrorReason::MajorityTooSmall, figures)
            }
            R::RollUnfit { fault, .. } => (code::FAILED_PRECONDITION, ErrorReason::RollUnfit, unfit(fault)),
            R::LimitReached { limit, .. } => (code::FAILED_PRECONDITION, ErrorReason::LimitReached, reached(limit)),
        };
        refusal(code, reason, rejection.to_string(), metadata)
    }
}

fn unfit(fault: &RollFault) -> Metadata {
    match fault {
        RollFault::Empty => Metadata::new(),
        RollFault::NoVetoGroup(group) => Metadata::from([("group".into(), group.clone())]),
        RollFault::NoWeight { member, weight } => {
            Metadata::from([("member".into(), member.to_string()), ("weight".into(), weight.clone())])
        }
        RollFault::WeightOverflow(weight) => Metadata::from([("weight".into(), weight.clone())]),
    }
}

fn reached(limit: &Limit) -> Metadata {
    use crate::domain::limits::{MAX_ANNOTATIONS, MAX_MEMBERS, MAX_OPEN_VOTES, MAX_ROLL_BYTES, MAX_SUSPENSIONS};
    let (name, asked, bound) = match *limit {
        Limit::Members { asked } => ("members", asked, MAX_MEMBERS),
        Limit::Seats { asked, seats } => ("seats", asked, seats as usize),
        Limit::Annotations { asked } => ("annotations", asked, MAX_ANNOTATIONS),
        Limit::Suspensions { asked } => ("suspensions", asked, MAX_SUSPENSIONS),
        Limit::OpenVotes { asked } => ("open_votes", asked, MAX_OPEN_VOTES),
        Limit::RollBytes { asked } => ("roll_bytes", asked, MAX_ROLL_BYTES),
    };
    let figures = [("limit", bound.to_string()), ("asked", asked.to_string()), ("bound", name.to_owned())];
    figures.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
