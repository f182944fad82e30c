//! What may be shown of a vote: until its lock it can hide its members' choices, or the counts. Whoever tells of ballots asks
//! here, since the fields that they stand in are the domain's own. What was annulled before its lock stays hidden.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::{Entry, Event};
use super::vote::{Visibility, Vote, Voting};
use super::{Choice, Counts, Hall, Light, Member, Tally, Verdict, VoteName};
use crate::clock::Timestamp;
use crate::seq::Seq;

/// What a vote hides now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Veil {
    /// Nothing.
    None,
    /// All that is of one member, whether it has voted too: beside live counts that would tell its choice.
    Members,
    /// Choices and what follows from them. Who has voted is told.
    Choices,
}

/// A vote as it may be shown.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    vote: &'a Vote,
    veil: Veil,
}

/// Counts as they may be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShownCounts {
    /// The ballots that are told, and the members without one.
    pub told: Counts,
    /// Ballots taken whose choice is not.
    pub undisclosed: u64,
}

/// A tally as it may be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShownTally {
    /// One member, one vote.
    pub heads: ShownCounts,
    /// By each weight that the rule names.
    pub weights: BTreeMap<String, ShownCounts>,
}

/// One member's ballot as it may be shown.
#[derive(Clone, Copy, Debug)]
pub struct ShownBallot<'a> {
    /// The member, as it was when the roll was frozen.
    pub member: &'a Arc<Member>,
    /// What it has pressed; none where that is not told.
    pub choice: Option<Choice>,
    /// What its ballot was corrected to, where it was.
    pub corrected: Option<Choice>,
    /// The entry that it stands on; none without a ballot, and where that is not told.
    pub entry: Option<(Seq, Timestamp)>,
    /// The vote's revision when what is shown here last changed; 0 where it never did.
    pub changed: u64,
}

impl ShownBallot<'_> {
    /// What counts of the member; none where that is not told.
    #[must_use]
    pub fn counted(&self) -> Option<Choice> {
        self.corrected.or(self.choice)
    }
}

impl Vote {
    pub(super) fn veil(&self) -> Veil {
        match (self.lock_time, self.question.ballot_policy.visibility) {
            (Some(_), _) | (None, Visibility::Live) => Veil::None,
            (None, Visibility::TallyOnly) => Veil::Members,
            (None, Visibility::AfterLock) => Veil::Choices,
        }
    }

    /// The vote as it may be shown now.
    #[must_use]
    pub fn shown(&self) -> Shown<'_> {
        Shown { vote: self, veil: self.veil() }
    }

    /// Takes up the lock: what was hidden is shown by it.
    pub(super) fn lock(&mut self, entry: &Entry) {
        let veil = self.veil();
        self.lock_time = Some(entry.record_time);
        let Some(voting) = &mut self.voting else { return };
        let unveiled = |light: &Light| match veil {
            Veil::None => false,
            Veil::Members => true,
            Veil::Choices => light.stand.is_some(),
        };
        for at in 0..voting.lights.len() {
            if unveiled(&voting.lights.get(at)) {
                voting.lights.change(at, |light| light.changed = entry.revision);
            }
        }
        voting.lights.pack();
    }
}

impl<'a> Shown<'a> {
    /// The counts; none before the opening.
    #[must_use]
    pub fn tally(&self) -> Option<ShownTally> {
        let Tally { heads, weights } = &self.voting()?.tally;
        let weights = weights.iter().map(|(weight, counts)| (weight.clone(), self.counts(*counts)));
        Some(ShownTally { heads: self.counts(*heads), weights: weights.collect() })
    }

    /// What the rule says of the tally as it stands; none before the opening, once the vote is set aside, and where it would
    /// tell more than the counts do: by whom an outcome is blocked is the choice of a member or of a few.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        let told = match self.veil {
            Veil::None => true,
            // What was adopted without a vote has no ballots to hide.
            _ if self.vote.voting.is_none() => true,
            Veil::Members => self.vote.question.rule.veto.is_none(),
            Veil::Choices => false,
        };
        if told { self.vote.verdict() } else { None }
    }

    /// The tally as it was locked, where a correction has changed it since.
    #[must_use]
    pub fn announced(&self) -> Option<&'a Tally> {
        let voting = self.voting()?;
        voting.announced.as_ref().filter(|announced| **announced != voting.tally)
    }

    /// Each group of the members on the roll, by head; none where the counts of a small one would tell a member's choice.
    #[must_use]
    pub fn groups(&self) -> BTreeMap<&'a str, ShownCounts> {
        let groups = self.voting().filter(|_| self.veil != Veil::Members).map(Voting::by_group);
        groups.into_iter().flatten().map(|(group, counts)| (group, self.counts(counts))).collect()
    }

    /// The ballots in the order of the roll; none before the opening.
    pub fn ballots(self) -> impl Iterator<Item = ShownBallot<'a>> {
        let voting = self.voting().into_iter();
        let ballots =
            voting.flat_map(|voting| voting.lights.iter().enumerate().map(move |(at, light)| (voting, at, light)));
        ballots.map(move |(voting, at, light)| self.told(voting, at, light))
    }

    /// The ballot at a place of the roll; none before the opening, and beyond the roll.
    #[must_use]
    pub fn ballot(&self, at: usize) -> Option<ShownBallot<'a>> {
        let voting = self.voting()?;
        (at < voting.lights.len()).then(|| self.told(voting, at, voting.lights.get(at)))
    }

    fn told(&self, voting: &'a Voting, at: usize, light: Light) -> ShownBallot<'a> {
        let member = &voting.roll.members()[at];
        let shown = ShownBallot { member, choice: None, corrected: None, entry: None, changed: 0 };
        let entry = light.stand.map(|stand| (stand.seq, stand.record_time));
        match (self.veil, light.stand) {
            (Veil::Members, _) => shown,
            (Veil::Choices, Some(_)) => ShownBallot { entry, changed: light.changed, ..shown },
            (Veil::None | Veil::Choices, stand) => ShownBallot {
                choice: Some(stand.map_or(Choice::NotVoting, |stand| stand.choice)),
                corrected: voting.corrections.get(&at).copied(),
                entry,
                changed: light.changed,
                ..shown
            },
        }
    }

    fn voting(&self) -> Option<&'a Voting> {
        self.vote.voting.as_ref()
    }

    fn counts(&self, counts: Counts) -> ShownCounts {
        match self.veil {
            Veil::None | Veil::Members => ShownCounts { told: counts, undisclosed: 0 },
            Veil::Choices => ShownCounts {
                told: Counts { not_voting: counts.not_voting, ..Counts::default() },
                undisclosed: counts.yes + counts.no + counts.abstain + counts.present,
            },
        }
    }
}

impl Hall {
    /// Whether the entry of this event is to be withheld from readers until a lock, and therefore needs a nonce.
    #[must_use]
    pub fn seals(&self, event: &Event) -> bool {
        match event {
            Event::BallotCast { vote, .. } | Event::BallotWithdrawn { vote, .. } => {
                self.vote(vote).is_some_and(|vote| vote.veil() != Veil::None)
            }
            _ => false,
        }
    }

    /// The vote that withholds an entry now, since it was not locked: that of a sealed one, in a vote that is not known too.
    #[must_use]
    pub fn withheld_by<'e>(&self, entry: &'e Entry) -> Option<&'e VoteName> {
        let name = entry.event.vote().filter(|_| entry.nonce.is_some())?;
        let shows = self.vote(name).is_some_and(|vote| vote.veil() == Veil::None);
        (!shows).then_some(name)
    }
}
