//! Which requests are on record, so that a repeated one is known again. Of most of them it knows only where they stand: the
//! record itself says what they were.

use std::collections::VecDeque;

use foldhash::HashMap;

use super::{BodyId, VoteName};
use crate::seq::Seq;

/// The newest entries whose requests are kept whole: those that are not durable yet, and so cannot be read back, are far fewer.
const FRESH: usize = 16_384;

/// Requests that were read back and are kept for the decision that asked for them.
const RECALLED: usize = 1_024;

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

/// What is known of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// No request on record has it.
    Nothing,
    /// A request has it.
    Recorded { digest: Digest, seq: Seq },
    /// The request of this entry may have it: the entry must be read back.
    Perhaps(Seq),
}

/// The requests on record.
#[derive(Debug, Default)]
pub struct Requests {
    scopes: HashMap<Scope, Ids>,
    /// The requests of the newest entries, up to `end`.
    fresh: VecDeque<Option<RequestKey>>,
    end: Seq,
    /// Requests that were read back.
    recalled: HashMap<Seq, Option<RequestKey>>,
}

/// Where the requests of one scope stand.
#[derive(Debug, Default)]
pub struct Ids {
    /// By the tag of the id, the first with that tag.
    places: HashMap<Tag, Place>,
    /// The others whole: one id in some thousands of millions by chance, and as many as someone makes on purpose.
    alike: HashMap<RequestId, (Digest, Seq)>,
}

type Tag = [u8; 4];

/// The number of a place, its lowest byte first: room for a million millions.
type Place = [u8; 5];

impl Requests {
    pub fn find(&self, scope: &Scope, id: RequestId) -> Found {
        let Some(ids) = self.scopes.get(scope) else { return Found::Nothing };
        if let Some((digest, seq)) = ids.alike.get(&id) {
            return Found::Recorded { digest: *digest, seq: *seq };
        }
        let Some(seq) = ids.places.get(&tag(id)).map(|place| number(*place)) else { return Found::Nothing };
        match self.key(seq) {
            None => Found::Perhaps(seq),
            Some(Some(key)) if key.id == id => Found::Recorded { digest: key.digest, seq },
            Some(_) => Found::Nothing,
        }
    }

    /// Notes the entry at `seq`, and the request that led to it, whose id its scope does not have yet.
    pub fn note(&mut self, seq: Seq, request: Option<(Scope, RequestKey)>) {
        self.end = seq;
        self.fresh.push_back(request.as_ref().map(|(_, key)| *key));
        if self.fresh.len() > FRESH {
            self.fresh.pop_front();
        }
        let Some((scope, key)) = request else { return };
        let ids = self.scopes.entry(scope).or_default();
        match place(seq).filter(|_| !ids.places.contains_key(&tag(key.id))) {
            Some(place) => drop(ids.places.insert(tag(key.id), place)),
            None => drop(ids.alike.insert(key.id, (key.digest, seq))),
        }
    }

    /// Takes up the request of an entry that was read back.
    pub fn recall(&mut self, seq: Seq, key: Option<RequestKey>) {
        if self.recalled.len() >= RECALLED {
            self.recalled.clear();
        }
        self.recalled.insert(seq, key);
    }

    /// Few requests of this scope are still to come: it takes no more room than they need.
    pub fn settle(&mut self, scope: &Scope) {
        if let Some(ids) = self.scopes.get_mut(scope) {
            ids.places.shrink_to_fit();
        }
    }

    /// What is known of each scope.
    pub fn scopes(&self) -> impl Iterator<Item = (&Scope, &Ids)> {
        self.scopes.iter()
    }

    /// The requests of a record that ends at `end`, all of it durable.
    pub fn restored(end: Seq, scopes: HashMap<Scope, Ids>) -> Self {
        Self { scopes, end, ..Self::default() }
    }

    /// The request of an entry, where it is known; `Some(None)` where the entry has none.
    fn key(&self, seq: Seq) -> Option<Option<RequestKey>> {
        let before_end = usize::try_from(self.end.since(seq)).unwrap_or(usize::MAX);
        let fresh = self.fresh.len().checked_sub(before_end + 1).map(|at| self.fresh[at]);
        fresh.or_else(|| self.recalled.get(&seq).copied())
    }
}

impl Ids {
    /// How many there are of the first kind, those, and the others.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = (self.places.len() as u64).to_le_bytes().to_vec();
        for (tag, place) in &self.places {
            bytes.extend_from_slice(tag);
            bytes.extend_from_slice(place);
        }
        for (RequestId(id), (Digest(digest), seq)) in &self.alike {
            bytes.extend_from_slice(id);
            bytes.extend_from_slice(digest);
            bytes.extend_from_slice(&seq.get().to_le_bytes());
        }
        bytes
    }

    /// The ids again; none where the bytes are no such form.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (count, rest) = bytes.split_first_chunk()?;
        let length = usize::try_from(u64::from_le_bytes(*count)).ok()?.checked_mul(9)?;
        let (places, alike) = rest.split_at_checked(length)?;
        let places = places.as_chunks::<9>().0.iter().map(|[a, b, c, d, place @ ..]| ([*a, *b, *c, *d], *place));
        let (alike, left) = alike.as_chunks::<40>();
        let alike = alike.iter().map(|one| {
            let mut parts = one.as_chunks::<8>().0.iter().map(|part| u64::from_le_bytes(*part));
            let mut part = || parts.next().unwrap_or_default().to_le_bytes();
            let mut half = || {
                let (first, last) = (part(), part());
                std::array::from_fn(|at| if at < 8 { first[at] } else { last[at - 8] })
            };
            let (id, digest) = (half(), half());
            (RequestId(id), (Digest(digest), Seq::new(u64::from_le_bytes(part()))))
        });
        left.is_empty().then(|| Self { places: places.collect(), alike: alike.collect() })
    }
}

/// What an id is looked up by: all of its bytes in four, since ids of one kind differ in some of them alone.
fn tag(RequestId(id): RequestId) -> Tag {
    let words = id.as_chunks::<4>().0.iter().map(|word| u32::from_be_bytes(*word));
    words.fold(0, u32::wrapping_add).to_be_bytes()
}

fn place(seq: Seq) -> Option<Place> {
    let [a, b, c, d, e, rest @ ..] = seq.get().to_le_bytes();
    (rest == [0; 3]).then_some([a, b, c, d, e])
}

fn number([a, b, c, d, e]: Place) -> Seq {
    Seq::new(u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope::Body("hall".parse().expect("a body's id"))
    }

    fn key(first: u8, last: u8) -> RequestKey {
        // Its words come to the same, whatever is first.
        let mut id = [last; 16];
        (id[0], id[4]) = (first, first.wrapping_neg());
        RequestKey { id: RequestId(id), digest: Digest([first; 16]) }
    }

    fn recorded(key: RequestKey, seq: u64) -> Found {
        Found::Recorded { digest: key.digest, seq: Seq::new(seq) }
    }

    #[test]
    fn ids_of_one_tag_are_told_apart_now_and_after_they_were_read_back() {
        let mut requests = Requests::default();
        let keys: Vec<_> = (0..4).map(|first| key(first, 9)).collect();
        for (at, key) in (1..).zip(&keys) {
            requests.note(Seq::new(at), Some((scope(), *key)));
        }
        for (at, key) in (1..).zip(&keys) {
            assert_eq!(requests.find(&scope(), key.id), recorded(*key, at));
        }
        let stranger = key(7, 9);
        assert_eq!(requests.find(&scope(), stranger.id), Found::Nothing);
        let elsewhere = Scope::Body("other".parse().expect("a body's id"));
        assert_eq!(requests.find(&elsewhere, keys[0].id), Found::Nothing);

        for at in 0..FRESH as u64 {
            requests.note(Seq::new(5 + at), None);
        }
        assert_eq!(requests.find(&scope(), keys[0].id), Found::Perhaps(Seq::new(1)), "it must be read back");
        assert_eq!(requests.find(&scope(), stranger.id), Found::Perhaps(Seq::new(1)));
        assert_eq!(requests.find(&scope(), keys[1].id), recorded(keys[1], 2), "kept whole beside the first");
        let kept = requests.scopes().map(|(scope, ids)| (scope.clone(), ids.to_bytes()));
        let restored = kept.map(|(scope, bytes)| (scope, Ids::from_bytes(&bytes).expect("ids")));
        let restored = Requests::restored(requests.end, restored.collect());
        for mut requests in [requests, restored] {
            requests.recall(Seq::new(1), Some(keys[0]));
            assert_eq!(requests.find(&scope(), keys[0].id), recorded(keys[0], 1));
            assert_eq!(requests.find(&scope(), keys[3].id), recorded(keys[3], 4));
            assert_eq!(requests.find(&scope(), stranger.id), Found::Nothing);
        }
    }

    #[test]
    fn places_beyond_a_million_millions_are_kept_too() {
        for seq in [1, 255, 256, (1 << 40) - 1] {
            assert_eq!(place(Seq::new(seq)).map(number), Some(Seq::new(seq)));
        }
        assert_eq!(place(Seq::new(1 << 40)), None);
        let mut requests = Requests::default();
        requests.note(Seq::new(1 << 40), Some((scope(), key(1, 9))));
        assert_eq!(requests.find(&scope(), key(1, 9).id), recorded(key(1, 9), 1 << 40));
    }
}
