//! Tallies, and the frames in which watchers see them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;

use crate::domain::{Choice, Counts, Roll, Shown, ShownCounts, ShownTally, Tally, Vote, VoteState};
use crate::proto;
use crate::proto::watch_tally_response::Message as Watched;

impl From<&Tally> for proto::Tally {
    fn from(tally: &Tally) -> Self {
        let weights = tally.weights.iter().map(|(weight, counts)| (weight.clone(), counts.into()));
        Self { heads: Some((&tally.heads).into()), weights: weights.collect() }
    }
}

impl From<&Counts> for proto::Counts {
    fn from(counts: &Counts) -> Self {
        let Counts { yes, no, abstain, present, not_voting } = *counts;
        Self { yes, no, abstain, present, not_voting, undisclosed: 0 }
    }
}

impl From<ShownTally> for proto::Tally {
    fn from(tally: ShownTally) -> Self {
        let weights = tally.weights.into_iter().map(|(weight, counts)| (weight, counts.into()));
        Self { heads: Some(tally.heads.into()), weights: weights.collect() }
    }
}

impl From<ShownCounts> for proto::Counts {
    fn from(counts: ShownCounts) -> Self {
        Self { undisclosed: counts.undisclosed, ..(&counts.told).into() }
    }
}

/// Groups that are shown at most: a body's groups are a few dozen, and an answer stays far below what a client takes.
const MAX_TALLIED_GROUPS: usize = 1_000;

/// The members on the roll by group; none before the opening, and where they are not shown.
#[must_use]
pub fn by_group(vote: &Vote) -> BTreeMap<String, proto::Counts> {
    let groups = vote.shown().groups().into_iter();
    groups.take(MAX_TALLIED_GROUPS).map(|(group, counts)| (group.to_owned(), counts.into())).collect()
}

/// A tally of the record.
pub(super) fn recorded(tally: proto::Tally) -> Tally {
    let counts = |counts: proto::Counts| {
        let proto::Counts { yes, no, abstain, present, not_voting, .. } = counts;
        Counts { yes, no, abstain, present, not_voting }
    };
    let weights = tally.weights.into_iter().map(|(weight, given)| (weight, counts(given)));
    Tally { heads: counts(tally.heads.unwrap_or_default()), weights: weights.collect() }
}

/// Messages with members that one frame keeps: boards that keep up go on from the frame before, new ones from nothing.
const MAX_BOARDS: usize = 4;

/// A vote at one revision, made once for all who watch it.
#[derive(Debug)]
pub struct Frame {
    /// The frame without members.
    plain: proto::TallyFrame,
    state: VoteState,
    /// The members and their lights; none before the opening.
    lights: Option<Lights>,
    /// The message without members, once someone has asked for it.
    message: OnceLock<Bytes>,
    /// Messages with members, by the revision that they go on from.
    boards: Mutex<Vec<(Option<u64>, Bytes)>>,
}

#[derive(Debug)]
struct Lights {
    roll: Arc<Roll>,
    /// In the order of the roll: the stand, none where it is not shown, and the revision since which it stands.
    stands: Vec<(Option<Choice>, u64)>,
}

impl From<&Vote> for Frame {
    fn from(vote: &Vote) -> Self {
        let shown = vote.shown();
        let plain = proto::TallyFrame {
            vote: vote.name.to_string(),
            revision: vote.revision,
            seq: vote.seq.get(),
            as_of_time: Some(super::time::out(vote.as_of_time)),
            state: proto::VoteState::from(vote.state).into(),
            tally: shown.tally().map(Into::into),
            verdict: shown.verdict().map(Into::into),
            base_revision: 0,
            seats: Vec::new(),
            declared_outcome: super::vote::declared_outcome(vote),
            ruling: vote.declaration.as_ref().map_or_else(String::new, |declaration| declaration.ruling.clone()),
        };
        let lights = vote.voting.as_ref().map(|voting| Lights::new(Arc::clone(&voting.roll), shown));
        Self { plain, state: vote.state, lights, message: OnceLock::new(), boards: Mutex::default() }
    }
}

impl Frame {
    /// The vote's revision.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.plain.revision
    }

    /// Where the vote stood.
    #[must_use]
    pub fn state(&self) -> VoteState {
        self.state
    }

    /// The counts alone.
    #[must_use]
    pub fn plain(&self) -> proto::TallyFrame {
        self.plain.clone()
    }

    /// The counts alone as a message of WatchTally, framed for gRPC: the same bytes for everyone.
    #[must_use]
    pub fn message(&self) -> Bytes {
        self.message.get_or_init(|| framed(Watched::Frame(self.plain()))).clone()
    }

    /// The same with the members that changed since the frame `base` on the same stream; with the whole roll where that had
    /// no members yet, or was none.
    #[must_use]
    pub fn message_with_ballots(&self, base: Option<&Frame>) -> Bytes {
        let base = base.filter(|base| base.lights.is_some()).map(Frame::revision);
        let mut boards = self.boards.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, message)) = boards.iter().find(|(made, _)| *made == base) {
            return message.clone();
        }
        let message = framed(Watched::Frame(self.with_ballots(base)));
        if boards.len() < MAX_BOARDS {
            boards.push((base, message.clone()));
        }
        message
    }

    fn with_ballots(&self, base: Option<u64>) -> proto::TallyFrame {
        let mut frame = self.plain.clone();
        if let Some(lights) = &self.lights {
            frame.base_revision = base.unwrap_or(0);
            frame.seats = lights.seats(base);
        }
        frame
    }
}

/// A message of WatchTally as gRPC sends it: not compressed, its length, its bytes.
#[must_use]
pub fn framed(message: Watched) -> Bytes {
    let message = proto::WatchTallyResponse { message: Some(message) };
    let length = message.encoded_len();
    let mut framed = BytesMut::with_capacity(5 + length);
    framed.put_u8(0);
    // A message is far below 4 GiB: the roll is bounded.
    framed.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    message.encode_raw(&mut framed);
    framed.freeze()
}

impl Lights {
    fn new(roll: Arc<Roll>, shown: Shown) -> Self {
        Self { roll, stands: shown.ballots().map(|ballot| (ballot.counted(), ballot.changed)).collect() }
    }

    fn seats(&self, base: Option<u64>) -> Vec<proto::SeatChoice> {
        let lights = self.roll.members().iter().zip(&self.stands);
        let changed = lights.filter(|(_, (_, since))| base.is_none_or(|base| *since > base));
        let seat = |(member, (choice, _)): (&Arc<crate::domain::Member>, &(Option<Choice>, u64))| proto::SeatChoice {
            member: member.id.to_string(),
            choice: super::ballot::told(*choice),
        };
        changed.map(seat).collect()
    }
}
