//! Errors of ours as gRPC has them: a code, a sentence, and details that a program can act on.

use std::collections::HashMap;
use std::time::Duration;

use http::HeaderMap;
use http_body::Frame;
use prost::Message;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, PreconditionViolation, StatusExt};

use crate::board::ReadError;
use crate::domain::{Rejection, Resource};
use crate::journal::JournalError;
use crate::proto::{ErrorReason, Refusal};
use crate::seq::Seq;
use crate::sequencer::SubmitError;
use crate::wire::malformed::{Malformed, Metadata, Violation};
use crate::wire::refusal::{self, code, reason_name};

/// The domain of `ErrorInfo`.
const DOMAIN: &str = "rollcall";

/// Details stay below this, since those over 16 KiB break a connection and some proxies allow half of it.
const MAX_DETAILS: usize = 4 << 10;

/// A sentence within what a header carries safely.
const MAX_SENTENCE: usize = 1_000;

/// What one bad field takes of the details at most: names within a request are as long as its caller likes.
const MAX_ECHO: usize = 400;

/// When to try again what was too much at once.
const RETRY_OVERLOAD: Duration = Duration::from_millis(100);

/// When to try again at a server that is starting or stopping.
const RETRY_SERVING: Duration = Duration::from_secs(1);

/// The resource type's prefix in `ResourceInfo`.
const TYPE_PREFIX: &str = "rollcall.v1.";

fn details(refusal: &Refusal) -> ErrorDetails {
    let metadata: HashMap<_, _> = refusal.metadata.clone().into_iter().collect();
    ErrorDetails::with_error_info(reason_name(refusal.reason()), DOMAIN, metadata)
}

fn status(refusal: Refusal, details: ErrorDetails) -> Status {
    Status::with_error_details(Code::from_i32(refusal.code), refusal.message, details)
}

impl From<Malformed> for Status {
    fn from(malformed: Malformed) -> Self {
        let refusal = Refusal::from(&malformed);
        let mut details = details(&refusal);
        let mut room = MAX_DETAILS - refusal.encoded_len().min(MAX_DETAILS / 2);
        for violation in malformed.violations {
            let violation = Violation {
                field: shortened(violation.field, MAX_ECHO),
                problem: shortened(violation.problem, MAX_ECHO),
                ..violation
            };
            let length = violation.field.len() + violation.problem.len() + 8;
            if length > room {
                break;
            }
            room -= length;
            details.add_bad_request_violation(violation.field, violation.problem);
        }
        let message = shortened(refusal.message, MAX_SENTENCE);
        status(Refusal { message, ..refusal }, details)
    }
}

/// A text of at most so many bytes, and a sign where it was longer.
fn shortened(mut message: String, most: usize) -> String {
    if message.len() > most {
        let mut cut = most;
        while !message.is_char_boundary(cut) {
            cut -= 1;
        }
        message.truncate(cut);
        message.push_str(" ..");
    }
    message
}

/// A rule's "no".
pub fn rejected(rejection: &Rejection) -> Status {
    let refusal = Refusal::from(rejection);
    let mut details = details(&refusal);
    match rejection {
        Rejection::NoSuch(resource) | Rejection::NameTaken(resource) => {
            let (kind, name) = resource.kind_and_name();
            details.set_resource_info(type_name(kind), name, "", "");
        }
        Rejection::NameTooAlike { seated, .. } => {
            details.set_resource_info(type_name("member"), seated.to_string(), "", "");
        }
        Rejection::RuleUnknown => {
            details.add_bad_request_violation("vote.rule.preset", refusal.message.clone());
        }
        Rejection::MajorityTooSmall { .. } => {
            details.add_bad_request_violation("vote.rule", refusal.message.clone());
        }
        _ if refusal.code == code::FAILED_PRECONDITION => {
            let subject = rejection.subject().unwrap_or_default();
            let violation = PreconditionViolation::new(reason_name(refusal.reason()), subject, refusal.message.clone());
            details.set_precondition_failure(vec![violation]);
        }
        _ => {}
    }
    status(refusal, details)
}

fn type_name(kind: &str) -> String {
    let mut letters = kind.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().fold(TYPE_PREFIX.to_owned(), |mut name, letter| {
        name.push(letter);
        name
    }) + letters.as_str()
}

/// A thing that is not on record.
pub fn no_such(resource: Resource) -> Status {
    rejected(&Rejection::NoSuch(resource))
}

/// What became of a submission that has no receipt.
pub fn submit(error: &SubmitError) -> Status {
    match error {
        SubmitError::Rejected(rejection) => rejected(rejection),
        other => {
            let refusal = refused(other);
            let mut details = details(&refusal);
            if refusal.reason() == ErrorReason::Overloaded {
                details.set_retry_info(Some(RETRY_OVERLOAD));
            }
            status(refusal, details)
        }
    }
}

/// The same inside a larger answer, where a status cannot stand.
pub fn refused(error: &SubmitError) -> Refusal {
    let (code, reason) = match error {
        SubmitError::Rejected(rejection) => return rejection.into(),
        SubmitError::Overloaded => (code::RESOURCE_EXHAUSTED, ErrorReason::Overloaded),
        SubmitError::OutcomeUnknown | SubmitError::Unreadable(_) => (code::UNAVAILABLE, ErrorReason::OutcomeUnknown),
    };
    refusal::refusal(code, reason, error.to_string(), Metadata::new())
}

/// The server cannot answer now.
#[must_use]
pub fn not_serving(why: String) -> Status {
    let refusal = refusal::refusal(code::UNAVAILABLE, ErrorReason::NotServing, why, Metadata::new());
    let mut details = details(&refusal);
    details.set_retry_info(Some(RETRY_SERVING));
    status(refusal, details)
}

/// The caller waited no longer.
#[must_use]
pub fn deadline_exceeded() -> Status {
    let sentence = "the call's deadline passed before it was answered; a change may be on record all the same: repeat it with \
                    the same request_id to learn its outcome";
    bare(code::DEADLINE_EXCEEDED, ErrorReason::DeadlineExceeded, sentence.to_owned())
}

/// More calls at once than there is room for.
#[must_use]
pub fn too_many_calls(most: usize) -> Status {
    let sentence =
        format!("{most} calls are under way, and there is room for no more; nothing of this one was recorded");
    let refusal = refusal::refusal(code::RESOURCE_EXHAUSTED, ErrorReason::Overloaded, sentence, Metadata::new());
    let mut details = details(&refusal);
    details.set_retry_info(Some(RETRY_SERVING));
    status(refusal, details)
}

/// A call of the contract that this version does not have.
pub fn not_implemented(sentence: String) -> Status {
    bare(code::UNIMPLEMENTED, ErrorReason::NotImplemented, sentence)
}

/// The record holds what nobody can have written.
pub fn no_entry(seq: Seq, problem: impl std::fmt::Display) -> Status {
    let sentence = format!("the record holds at {seq} what is no entry: {problem}");
    bare(code::DATA_LOSS, ErrorReason::RecordDamaged, sentence)
}

/// A reason and a sentence, without more.
fn bare(code: i32, reason: ErrorReason, sentence: String) -> Status {
    let refusal = refusal::refusal(code, reason, sentence, Metadata::new());
    let details = details(&refusal);
    status(refusal, details)
}

/// A place beyond the end. `what` begins the sentence, e.g. "the record ends".
pub fn beyond(what: &str, end: u64) -> Status {
    let message =
        format!("{what} at {end}: if the place asked for came from this service, it was restored or is another one");
    let metadata = Metadata::from([("end".to_owned(), end.to_string())]);
    let refusal = refusal::refusal(code::OUT_OF_RANGE, ErrorReason::BeyondRecord, message, metadata);
    let details = details(&refusal);
    status(refusal, details)
}

/// The record cannot be read.
pub fn unreadable(error: &ReadError) -> Status {
    match error {
        ReadError::Ended(ended) => not_serving(ended.to_string()),
        ReadError::Unreadable(JournalError::NoEntry { seq, problem }) => no_entry(*seq, problem),
        ReadError::Unreadable(error) => {
            tracing::error!(%error, "a read of the record failed");
            not_serving("the record cannot be read now; the server's log says why".to_owned())
        }
    }
}

/// A status at the end of a body.
pub fn trailers<D>(status: &Status) -> Result<Frame<D>, Status> {
    let mut headers = HeaderMap::new();
    status.add_header(&mut headers)?;
    Ok(Frame::trailers(headers))
}
