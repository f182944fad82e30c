//! One question put to a body, from draft to declared result.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::limits::MAX_KEY;
use super::{
    Annotation, Choice, Counts, Decidedness, Facts, Light, Lights, Member, MemberId, Outcome, Roll, Rule, Stand, Tally,
    Verdict, Veto, VoteName,
};
use crate::clock::Timestamp;
use crate::seq::Seq;

/// What is put to the body, fixed when it is tabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Title.
    pub title: String,
    /// The body's own document symbol.
    pub symbol: String,
    /// The question in words.
    pub question: String,
    /// How the tally decides, with a preset filled in.
    pub rule: Rule,
    /// Who chose the rule, in words; may be empty.
    pub rule_chosen_by: String,
    /// On what basis, e.g. a ruling; may be empty.
    pub rule_basis: String,
    /// How ballots are taken.
    pub ballot_policy: BallotPolicy,
    /// The votes that it is about or follows.
    pub relations: Vec<Relation>,
    /// Free labels.
    pub labels: BTreeMap<String, String>,
    /// When it was held, where that is not when it was recorded.
    pub held_time: Option<Timestamp>,
}

impl Question {
    /// About how many bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let labels: usize = self.labels.iter().map(|(key, value)| key.len() + value.len()).sum();
        let relations = self.relations.len() * 2 * MAX_KEY;
        let chosen = self.rule_chosen_by.len() + self.rule_basis.len();
        self.title.len() + self.symbol.len() + self.question.len() + self.rule.bytes() + chosen + relations + labels
    }
}

/// How ballots are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BallotPolicy {
    /// A ballot once cast can be neither changed nor withdrawn.
    pub final_on_cast: bool,
    /// Who sees the choices while the vote is open.
    pub visibility: Visibility,
}

/// Who sees the choices while the vote is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Visibility {
    /// Everyone, as on the board in the hall.
    #[default]
    Live,
    /// No one before the lock. The tally is live.
    TallyOnly,
    /// No one before the lock, nor the tally: only who has voted is live.
    AfterLock,
}

/// What one vote is to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The kind.
    pub kind: RelationKind,
    /// The other vote.
    pub vote: VoteName,
}

/// The kinds of relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationKind {
    /// An amendment to the other's text.
    Amendment,
    /// A part of the other's text put separately.
    Part,
    /// A motion to reconsider the other's result.
    Reconsideration,
    /// The other put again.
    Revote,
    /// A question of procedure about the other.
    Procedural,
    /// Taken up after the other, which may be another body's.
    Follows,
}

/// Where a vote stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoteState {
    /// Tabled.
    Draft,
    /// Ballots are taken.
    Open,
    /// Open, but no ballot is taken for now.
    Suspended,
    /// No ballot is taken any more.
    Locked,
    /// The result is declared.
    Declared,
    /// Set aside.
    Annulled,
    /// Withdrawn before it opened.
    Withdrawn,
}

impl VoteState {
    /// Its name in the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            VoteState::Draft => "DRAFT",
            VoteState::Open => "OPEN",
            VoteState::Suspended => "SUSPENDED",
            VoteState::Locked => "LOCKED",
            VoteState::Declared => "DECLARED",
            VoteState::Annulled => "ANNULLED",
            VoteState::Withdrawn => "WITHDRAWN",
        }
    }

    /// Whether nothing more is to come: a watcher may go.
    #[must_use]
    pub fn has_ended(self) -> bool {
        matches!(self, VoteState::Declared | VoteState::Annulled | VoteState::Withdrawn)
    }
}

impl fmt::Display for VoteState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A vote as it now stands.
#[derive(Clone, Debug)]
pub struct Vote {
    /// Its name.
    pub name: VoteName,
    /// What is put.
    pub question: Arc<Question>,
    /// Where it stands.
    pub state: VoteState,
    /// Roll, ballots and tally, from the opening on.
    pub voting: Option<Voting>,
    /// The result declared.
    pub declaration: Option<Declaration>,
    /// The place of its first entry.
    pub created: Seq,
    /// When it was drafted.
    pub create_time: Timestamp,
    /// When it was locked.
    pub lock_time: Option<Timestamp>,
    /// How often it was suspended.
    pub suspensions: usize,
    /// The statements and corrections on record with it, oldest first.
    pub annotations: Vec<Annotation>,
    /// Counts entries about it.
    pub revision: u64,
    /// The last entry about it.
    pub seq: Seq,
    /// That entry's time.
    pub as_of_time: Timestamp,
}

/// The voting of an opened vote. What its members chose is told by [`Vote::shown`] alone.
#[derive(Clone, Debug)]
pub struct Voting {
    /// The members entitled to vote.
    pub roll: Arc<Roll>,
    /// What they have pressed, in the order of the roll. Corrections leave it as it was.
    pub(super) lights: Lights,
    /// What the ballots at these places of the roll were corrected to.
    pub(super) corrections: BTreeMap<usize, Choice>,
    /// The counts, kept as ballots come; corrections included.
    pub(super) tally: Tally,
    /// The tally as it was locked, where a ballot was corrected since.
    pub(super) announced: Option<Tally>,
    /// Seats of the body by statute when it opened.
    pub seats: u32,
    /// Members that held a seat when it opened.
    pub members: u32,
    /// Members present, where it was stated.
    pub members_present: Option<u32>,
    /// When it opened.
    pub open_time: Timestamp,
    /// When it locks by itself, if it does.
    pub lock_at_time: Option<Timestamp>,
    /// The question tied before: a second tie rejects it.
    pub second_vote: bool,
    /// The presiding officer's, on equal counts.
    pub casting_vote: Option<CastingVote>,
}

/// The presiding officer's vote on equal counts. It is in no tally.
#[derive(Clone, Debug)]
pub struct CastingVote {
    /// In favour or against.
    pub choice: Choice,
    /// Who gave it; may be empty.
    pub given_by: String,
    /// The principle invoked; may be empty.
    pub reason: String,
    /// The entry's place in the record.
    pub seq: Seq,
    /// The entry's time.
    pub record_time: Timestamp,
}

/// The result as declared: the legal moment.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// The outcome.
    pub outcome: Outcome,
    /// The ruling; may be empty.
    pub ruling: String,
    /// The symbol of the text adopted; may be empty.
    pub adopted_symbol: String,
    /// When it was declared.
    pub declare_time: Timestamp,
}

impl Vote {
    /// What the rule says of the tally as it stands; none before the opening, and none once the vote is set aside.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        if self.declaration.as_ref().is_some_and(|declaration| declaration.outcome == Outcome::AdoptedWithoutVote) {
            return Some(Verdict::without_vote());
        }
        let voting = self.voting.as_ref().filter(|_| self.state != VoteState::Annulled);
        let goes_on = matches!(self.state, VoteState::Open | VoteState::Suspended);
        let mut verdict = voting.map(|voting| voting.judge(&self.question.rule, &self.name, goes_on))?;
        if goes_on {
            // No newsroom is to print "Adopted" of a vote that goes on.
            let (first, rest) = verdict.summary.split_at(1);
            verdict.summary = format!("As it stands: {}{rest}", first.to_lowercase());
        }
        Some(verdict)
    }
}

impl Voting {
    /// The members with what counts of each, in the order of the roll.
    pub(super) fn choices(&self) -> impl Iterator<Item = (&Arc<Member>, Choice)> {
        let lights = self.lights.iter().enumerate();
        self.roll.members().iter().zip(lights).map(|(member, (at, light))| (member, self.counted(at, light)))
    }

    /// What counts of the member at a place of the roll: its ballot as corrected, else as it stands.
    pub(super) fn choice(&self, at: usize) -> Choice {
        self.counted(at, self.lights.get(at))
    }

    fn counted(&self, at: usize, light: Light) -> Choice {
        let pressed = light.stand.map_or(Choice::NotVoting, |stand| stand.choice);
        self.corrections.get(&at).copied().unwrap_or(pressed)
    }

    /// Each group of the members on the roll, by head. A member of several counts in each.
    pub(super) fn by_group(&self) -> BTreeMap<&str, Counts> {
        let mut groups = BTreeMap::<&str, Counts>::new();
        for (member, choice) in self.choices() {
            member.groups.iter().for_each(|group| groups.entry(group).or_default().add(choice));
        }
        groups
    }

    /// A member's stand: none where it is not on the roll, `Some(None)` where it has not voted.
    pub(super) fn stand(&self, member: &MemberId) -> Option<Option<Stand>> {
        self.roll.position(member).map(|at| self.lights.get(at).stand)
    }

    /// Takes a member's stand, or takes it back.
    pub(super) fn take(&mut self, member: &MemberId, stand: Option<Stand>, revision: u64) {
        let Some(at) = self.roll.position(member) else { return };
        let choice = |stand: Option<Stand>| stand.map_or(Choice::NotVoting, |stand| stand.choice);
        let before = self.lights.get(at).stand;
        self.tally.shift(&self.roll.members()[at], choice(before), choice(stand));
        self.lights.change(at, |light| *light = Light { stand, changed: revision });
    }

    /// Takes up what the ballot at a place of the roll is corrected to.
    pub(super) fn correct(&mut self, at: usize, corrected: Choice, revision: u64) {
        let counted = self.choice(at);
        self.announced.get_or_insert_with(|| self.tally.clone());
        self.tally.shift(&self.roll.members()[at], counted, corrected);
        self.corrections.insert(at, corrected);
        self.lights.change(at, |light| light.changed = revision);
    }

    /// What the rule says of the tally as it stands, and while ballots can still be cast whether they can change it.
    pub(super) fn judge(&self, rule: &Rule, vote: &VoteName, goes_on: bool) -> Verdict {
        let of_group = |veto: &Veto, member: &Member| member.groups.contains(&veto.group);
        let vetoes = rule.veto.as_ref().map_or_else(Vec::new, |veto| {
            let blocking = self.choices().filter(|(member, choice)| *choice == veto.choice && of_group(veto, member));
            blocking.map(|(member, _)| format!("{}/members/{}", vote.body.name(), member.id)).collect()
        });
        let facts = Facts {
            tally: &self.tally,
            seats: self.seats.into(),
            members: self.members.into(),
            members_present: self.members_present.map(u64::from),
            vetoes,
            casting_vote: self.casting_vote.as_ref().map(|given| given.choice),
            second_vote: self.second_vote,
        };
        let decidedness = if goes_on {
            let waits = |veto: &Veto| {
                let mut out = self.choices().filter(|(_, choice)| *choice == Choice::NotVoting);
                out.any(|(member, _)| of_group(veto, member))
            };
            rule.decidedness(&facts, rule.veto.as_ref().is_some_and(waits))
        } else {
            Decidedness::Certain
        };
        Verdict { decidedness: Some(decidedness), ..rule.judge(&facts) }
    }
}
