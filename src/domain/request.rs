//! Which requests are on record, so that a repeated one is known again.

use std::collections::HashMap;

use super::{BodyId, VoteName};
use crate::seq::Seq;

/// A request's UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(pub [u8; 16]);

/// The first 16 bytes of SHA-256 over a request's canonical form, its id aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(pub [u8; 16]);

/// What identifies a request, and what a retry is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// The id that the caller made.
    pub id: RequestId,
    /// The digest of all else.
    pub digest: Digest,
}

/// What a request is about: ids are its alone within this.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// A body, its votes aside.
    Body(BodyId),
    /// One vote.
    Vote(VoteName),
}

/// A request on record.
#[derive(Clone, Copy, Debug)]
pub struct Recorded {
    pub digest: Digest,
    pub seq: Seq,
}

/// The requests on record.
#[derive(Debug, Default)]
pub struct Requests(HashMap<Scope, HashMap<RequestId, Recorded>>);

impl Requests {
    pub fn find(&self, scope: &Scope, id: RequestId) -> Option<Recorded> {
        self.0.get(scope)?.get(&id).copied()
    }

    /// Notes that `key` led to the entry at `seq`; the first entry of a request is the one that a retry is told.
    pub fn note(&mut self, scope: Scope, key: RequestKey, seq: Seq) {
        self.0.entry(scope).or_default().entry(key.id).or_insert(Recorded { digest: key.digest, seq });
    }
}
