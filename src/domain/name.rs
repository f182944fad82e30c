//! Resource names: `bodies/{body}`, `bodies/{body}/members/{member}`, `bodies/{body}/votes/{vote}` and what hangs below.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The longest identifier, in bytes, as a DNS label.
const MAX_ID: usize = 63;

/// Why a text is not a name: a sentence fragment that says what it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NameError(&'static str);

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $rule:literal, $first:expr, $rest:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let mut bytes = text.bytes();
                let first_fits = bytes.next().is_some_and($first);
                if first_fits && text.len() <= MAX_ID && bytes.all($rest) {
                    Ok(Self(text.into()))
                } else {
                    Err(NameError($rule))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

identifier!(
    /// The `{body}` part of a name.
    BodyId,
    "must match [a-z][a-z0-9-]{0,62}",
    |b| b.is_ascii_lowercase(),
    |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'
);
identifier!(
    /// The `{member}` part of a name.
    MemberId,
    "must match [A-Za-z0-9][A-Za-z0-9._-]{0,62}",
    |b| b.is_ascii_alphanumeric(),
    |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')
);
identifier!(
    /// The `{vote}` part of a name.
    VoteId,
    "must match [a-z0-9][a-z0-9.-]{0,62}",
    |b| b.is_ascii_lowercase() || b.is_ascii_digit(),
    |b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-')
);

impl BodyId {
    /// Reads `bodies/{body}`.
    ///
    /// # Errors
    /// What the name must be.
    pub fn from_name(name: &str) -> Result<Self, NameError> {
        let error = NameError("must be bodies/{body}, where {body} matches [a-z][a-z0-9-]{0,62}");
        name.strip_prefix("bodies/").and_then(|id| id.parse().ok()).ok_or(error)
    }

    /// The resource name: `bodies/{body}`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("bodies/{self}")
    }
}

/// A member's resource name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberName {
    /// The body that it sits in.
    pub body: BodyId,
    /// Its seat.
    pub member: MemberId,
}

/// A vote's resource name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VoteName {
    /// The body that votes.
    pub body: BodyId,
    /// The vote.
    pub vote: VoteId,
}

/// The name of one member's ballot in one vote.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BallotName {
    /// The vote.
    pub vote: VoteName,
    /// The member.
    pub member: MemberId,
}

/// Splits `bodies/{body}/{collection}/{rest}`.
fn within<'a>(name: &'a str, collection: &str) -> Option<(BodyId, &'a str)> {
    let (body, rest) = name.strip_prefix("bodies/")?.split_once('/')?;
    let rest = rest.strip_prefix(collection)?.strip_prefix('/')?;
    Some((body.parse().ok()?, rest))
}

impl FromStr for MemberName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        within(text, "members").and_then(|(body, member)| Some(Self { body, member: member.parse().ok()? })).ok_or(
            NameError("must be bodies/{body}/members/{member}, where {member} matches [A-Za-z0-9][A-Za-z0-9._-]{0,62}"),
        )
    }
}

impl FromStr for VoteName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        within(text, "votes")
            .and_then(|(body, vote)| Some(Self { body, vote: vote.parse().ok()? }))
            .ok_or(NameError("must be bodies/{body}/votes/{vote}, where {vote} matches [a-z0-9][a-z0-9.-]{0,62}"))
    }
}

impl VoteName {
    /// The resource name: `bodies/{body}/votes/{vote}`.
    #[must_use]
    pub fn name(&self) -> String {
        ["bodies/", self.body.as_str(), "/votes/", self.vote.as_str()].concat()
    }

    /// Whether this is the resource name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        let vote = name.strip_prefix("bodies/").and_then(|rest| rest.strip_prefix(self.body.as_str()));
        vote.and_then(|rest| rest.strip_prefix("/votes/")) == Some(self.vote.as_str())
    }
}

impl FromStr for BallotName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let parse = || {
            let (vote, member) = text.rsplit_once("/ballots/")?;
            Some(Self { vote: vote.parse().ok()?, member: member.parse().ok()? })
        };
        parse().ok_or(NameError("must be bodies/{body}/votes/{vote}/ballots/{member}"))
    }
}

impl fmt::Display for MemberName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bodies/{}/members/{}", self.body, self.member)
    }
}

impl fmt::Display for VoteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl fmt::Display for BallotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/ballots/{}", self.vote, self.member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in ["bodies/un-ga/votes/es-11-4", "bodies/a/votes/0.1-b"] {
            let vote = name.parse::<VoteName>().expect("a vote's name");
            assert_eq!((vote.to_string(), vote.name()), (name.to_owned(), name.to_owned()));
            assert!(vote.is(name));
            let others =
                [&name[1..], &name[..name.len() - 1], &format!("{name}x"), "bodies/un/votes/es-11-4", "bodies/a"];
            assert!(others.iter().all(|other| !vote.is(other)));
        }
        for name in ["bodies/un-ga/members/ALB", "bodies/x/members/0._-z"] {
            assert_eq!(name.parse::<MemberName>().expect("a member's name").to_string(), name);
        }
        let ballot = "bodies/un-ga/votes/es-11-4/ballots/ALB";
        assert_eq!(ballot.parse::<BallotName>().expect("a ballot's name").to_string(), ballot);
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        let long = "a".repeat(64);
        for body in ["", "UN", "1st", "-a", "a_b", "a/b", "a b", "ä", &long] {
            assert!(body.parse::<BodyId>().is_err(), "{body:?}");
        }
        for vote in ["bodies/un/votes/", "bodies/un/votes/A", "bodies/un/votes/a/b", "votes/a", "bodies//votes/a", ""] {
            assert!(vote.parse::<VoteName>().is_err(), "{vote:?}");
        }
        for ballot in ["bodies/un/votes/a/ballots/", "bodies/un/votes/a/ballots/x/y", "bodies/un/votes/a"] {
            assert!(ballot.parse::<BallotName>().is_err(), "{ballot:?}");
        }
        assert!("a".repeat(63).parse::<BodyId>().is_ok());
    }
}
