//! Tallies, and the frames in which watchers see them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::{Choice, Counts, Roll, Tally, Vote, VoteState, Voting};
use crate::proto;

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

/// Groups that are shown at most: a body's groups are a few dozen, and an answer stays far below what a client takes.
const MAX_TALLIED_GROUPS: usize = 1_000;

/// The members on the roll by group; none before the opening.
#[must_use]
pub fn by_group(vote: &Vote) -> BTreeMap<String, proto::Counts> {
    let groups = vote.voting.iter().flat_map(Voting::by_group);
    groups.take(MAX_TALLIED_GROUPS).map(|(group, counts)| (group.to_owned(), (&counts).into())).collect()
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

/// A vote at one revision, made once for all who watch it.
#[derive(Debug)]
pub struct Frame {
    /// The frame without members.
    plain: proto::TallyFrame,
    state: VoteState,
    /// The members and their lights; none before the opening.
    lights: Option<Lights>,
}

#[derive(Debug)]
struct Lights {
    roll: Arc<Roll>,
    /// In the order of the roll: the stand, and the revision since which it stands.
    stands: Vec<(Choice, u64)>,
}

impl From<&Vote> for Frame {
    fn from(vote: &Vote) -> Self {
        let plain = proto::TallyFrame {
            vote: vote.name.to_string(),
            revision: vote.revision,
            seq: vote.seq.get(),
            as_of_time: Some(super::time::out(vote.as_of_time)),
            state: proto::VoteState::from(vote.state).into(),
            tally: vote.voting.as_ref().map(|voting| (&voting.tally).into()),
            verdict: vote.verdict().map(Into::into),
            base_revision: 0,
            seats: Vec::new(),
            declared_outcome: super::vote::declared_outcome(vote),
            ruling: vote.declaration.as_ref().map_or_else(String::new, |declaration| declaration.ruling.clone()),
        };
        Self { plain, state: vote.state, lights: vote.voting.as_ref().map(Into::into) }
    }
}

impl From<&Voting> for Lights {
    fn from(voting: &Voting) -> Self {
        let stands = voting.choices().zip(&voting.lights).map(|((_, choice), light)| (choice, light.changed));
        Self { roll: Arc::clone(&voting.roll), stands: stands.collect() }
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

    /// The counts, and the members that changed since the frame of revision `base` on the same stream; the whole roll
    /// where that had no members yet, or was none.
    #[must_use]
    pub fn with_ballots(&self, base: Option<&Frame>) -> proto::TallyFrame {
        let mut frame = self.plain.clone();
        if let Some(lights) = &self.lights {
            let base = base.filter(|base| base.lights.is_some()).map(Frame::revision);
            frame.base_revision = base.unwrap_or(0);
            frame.seats = lights.seats(base);
        }
        frame
    }
}

impl Lights {
    fn seats(&self, base: Option<u64>) -> Vec<proto::SeatChoice> {
        let lights = self.roll.members().iter().zip(&self.stands);
        let changed = lights.filter(|(_, (_, since))| base.is_none_or(|base| *since > base));
        let seat = |(member, (choice, _)): (&Arc<crate::domain::Member>, &(Choice, u64))| proto::SeatChoice {
            member: member.id.to_string(),
            choice: proto::Choice::from(*choice).into(),
        };
        changed.map(seat).collect()
    }
}
