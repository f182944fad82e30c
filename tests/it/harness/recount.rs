//! Votes counted anew from their entries alone, in the plainest way: what the server says is held to this.

use std::collections::{BTreeMap, BTreeSet};

use prost_types::Timestamp;
use rollcall::proto::entry::Event;
use rollcall::proto::requirement::Kind;
use rollcall::proto::{BallotVisibility, Choice, Counts, Entry, Member, Outcome, Relation, Rule, Tally, VoteState};

use VoteState::{Annulled, Declared, Draft, Locked, Open, Suspended, Withdrawn};

/// One vote through its life. That each entry could follow the one before is asserted on the way.
#[derive(Default)]
pub struct History {
    pub relations: Vec<Relation>,
    pub roll: Vec<Member>,
    visibility: BallotVisibility,
    /// Whether the rule gives anyone a veto.
    veto: bool,
    lock_at: Option<Timestamp>,
    weights: BTreeSet<String>,
    /// The vote after each entry about it.
    pub points: Vec<Point>,
}

/// A vote after one entry about it.
#[derive(Clone, Debug, Default)]
pub struct Point {
    pub revision: u64,
    pub seq: u64,
    pub time: Option<Timestamp>,
    pub state: VoteState,
    /// What counts of each member of the roll; none before the opening.
    pub stands: Option<Vec<Choice>>,
    /// The same as it was locked.
    locked: Option<Vec<Choice>>,
    /// Whose stand the entry is about, as a place of the roll.
    pub touched: Option<usize>,
    /// The rule's outcome, where the record has it: from the lock on.
    pub outcome: Option<Outcome>,
    pub declared: Outcome,
    pub ruling: String,
}

/// The vote that an event is about.
pub fn vote_of(event: &Event) -> Option<&str> {
    Some(match event {
        Event::VoteCreated(event) => &event.vote,
        Event::VoteWithdrawn(event) => &event.vote,
        Event::VoteOpened(event) => &event.vote,
        Event::BallotCast(event) => &event.vote,
        Event::BallotWithdrawn(event) => &event.vote,
        Event::VoteSuspended(event) => &event.vote,
        Event::VoteResumed(event) => &event.vote,
        Event::VoteLocked(event) => &event.vote,
        Event::CastingVoteGiven(event) => &event.vote,
        Event::ResultDeclared(event) => &event.vote,
        Event::AdoptedWithoutVote(event) => &event.vote,
        Event::VoteAnnulled(event) => &event.vote,
        Event::StatementRecorded(event) => &event.vote,
        Event::BallotCorrected(event) => &event.vote,
        _ => return None,
    })
}

/// The weights that a rule counts.
fn weights(rule: &Rule) -> BTreeSet<String> {
    let mut thresholds: Vec<_> = rule.quorum.iter().flat_map(|quorum| quorum.thresholds.clone()).collect();
    for requirement in &rule.requirements {
        match requirement.kind.as_ref().unwrap() {
            Kind::Threshold(one) => thresholds.push(one.clone()),
            Kind::AnyOf(any) => thresholds.extend(any.thresholds.clone()),
        }
    }
    thresholds.into_iter().map(|one| one.weight).filter(|weight| !weight.is_empty()).collect()
}

fn id(member: &Member) -> &str {
    member.name.rsplit('/').next().unwrap()
}

fn order(time: &Timestamp) -> (i64, i32) {
    (time.seconds, time.nanos)
}

impl Point {
    fn step(&mut self, from: &[VoteState], to: VoteState) {
        assert!(from.contains(&self.state), "{to:?} at {}, and it was {:?}", self.seq, self.state);
        self.state = to;
    }
}

impl History {
    /// The life of one vote as the entries have it.
    pub fn of(entries: &[Entry], vote: &str) -> Self {
        let mut history = Self::default();
        for entry in entries {
            if vote_of(entry.event.as_ref().unwrap()) == Some(vote) {
                history.take(entry);
            }
        }
        history
    }

    /// The lives of all votes.
    pub fn all(entries: &[Entry]) -> BTreeMap<String, Self> {
        let mut all = BTreeMap::<String, Self>::new();
        for entry in entries {
            if let Some(vote) = vote_of(entry.event.as_ref().unwrap()) {
                all.entry(vote.to_owned()).or_default().take(entry);
            }
        }
        all
    }

    fn take(&mut self, entry: &Entry) {
        let before = self.points.last().cloned().unwrap_or_default();
        // Of a vote that hides its ballots they are missing until its lock.
        let next = entry.revision == before.revision + 1 || self.hides(&before);
        assert!(next, "revisions count entries: {entry:?}");
        let (revision, seq, time) = (entry.revision, entry.seq, entry.record_time);
        let mut now = Point { revision, seq, time, touched: None, ..before };
        match entry.event.as_ref().unwrap() {
            Event::VoteCreated(created) => {
                now.step(&[VoteState::Unspecified], Draft);
                self.relations.clone_from(&created.relations);
                let rule = created.rule.as_ref().unwrap();
                (self.weights, self.veto) = (weights(rule), rule.veto.is_some());
                self.visibility = created.ballot_policy.unwrap_or_default().visibility();
            }
            Event::VoteWithdrawn(_) => now.step(&[Draft], Withdrawn),
            Event::VoteOpened(opened) => {
                now.step(&[Draft], Open);
                (self.roll, self.lock_at) = (opened.roll.clone(), opened.lock_at_time);
                now.stands = Some(vec![Choice::NotVoting; opened.roll.len()]);
            }
            Event::BallotCast(cast) => {
                now.step(&[Open], Open);
                let in_time = self.lock_at.is_none_or(|lock_at| order(&time.unwrap()) < order(&lock_at));
                assert!(in_time, "a ballot at {seq}, after the time to lock");
                self.stand(&mut now, &cast.member, cast.choice());
            }
            Event::BallotWithdrawn(back) => {
                now.step(&[Open], Open);
                let stood = self.stand(&mut now, &back.member, Choice::NotVoting);
                assert!(stood != Choice::NotVoting, "nothing to take back at {seq}");
            }
            Event::VoteSuspended(_) => now.step(&[Open], Suspended),
            Event::VoteResumed(_) => now.step(&[Suspended], Open),
            after => self.take_after(&mut now, after),
        }
        self.points.push(now);
    }

    /// Takes up what follows the voting.
    fn take_after(&self, now: &mut Point, event: &Event) {
        match event {
            Event::VoteLocked(lock) => {
                now.step(&[Open, Suspended], Locked);
                assert_eq!(lock.tally, self.counted(now), "the tally that the lock at {} commits", now.seq);
                now.locked.clone_from(&now.stands);
                now.outcome = Some(lock.outcome());
            }
            Event::CastingVoteGiven(given) => {
                now.step(&[Locked], Locked);
                let yes = given.choice() == Choice::Yes;
                now.outcome = Some(if yes { Outcome::Adopted } else { Outcome::NotAdopted });
            }
            Event::ResultDeclared(result) => {
                now.step(&[Locked], Declared);
                (now.declared, now.ruling) = (result.outcome(), result.ruling.clone());
            }
            Event::AdoptedWithoutVote(_) => {
                now.step(&[Draft], Declared);
                now.declared = Outcome::AdoptedWithoutVote;
                now.outcome = Some(now.declared);
            }
            Event::VoteAnnulled(_) => {
                now.step(&[Open, Suspended, Locked, Declared], Annulled);
                (now.outcome, now.declared, now.ruling) = (None, Outcome::Unspecified, String::new());
            }
            Event::StatementRecorded(_) => {
                let may = [Draft, Locked, Declared].contains(&now.state);
                assert!(may, "said at {}, and it was {:?}", now.seq, now.state);
            }
            Event::BallotCorrected(made) => {
                now.step(&[Locked, Declared], now.state);
                assert_eq!(made.before, self.counted(now), "the tally before the correction at {}", now.seq);
                let correction = made.correction.as_ref().unwrap();
                self.stand(now, correction.member.rsplit('/').next().unwrap(), correction.corrected());
                assert_eq!(made.after, self.counted(now), "the tally after it");
                now.outcome = Some(made.outcome());
                if made.declaration_lapsed {
                    now.step(&[Declared], Locked);
                    (now.declared, now.ruling) = (Outcome::Unspecified, String::new());
                }
            }
            other => panic!("not about a vote's later life: {other:?}"),
        }
    }

    /// Takes a member's stand; says how it stood before.
    fn stand(&self, now: &mut Point, member: &str, choice: Choice) -> Choice {
        let at = self.roll.iter().position(|one| id(one) == member).expect("on the roll");
        now.touched = Some(at);
        std::mem::replace(&mut now.stands.as_mut().unwrap()[at], choice)
    }

    /// The vote at a revision.
    pub fn at(&self, revision: u64) -> Option<&Point> {
        self.points.get(usize::try_from(revision).ok()?.checked_sub(1)?)
    }

    /// The vote as the record up to a place has it.
    pub fn as_of(&self, seq: u64) -> Option<&Point> {
        self.points[..self.points.partition_point(|point| point.seq <= seq)].last()
    }

    /// The vote as it now is.
    pub fn now(&self) -> &Point {
        self.points.last().expect("such a vote")
    }

    /// The tally at a point; none before the opening.
    fn counted(&self, point: &Point) -> Option<Tally> {
        point.stands.as_ref().map(|stands| self.tally_of(stands))
    }

    /// The same as it is shown.
    pub fn tally(&self, point: &Point) -> Option<Tally> {
        let mut tally = self.counted(point)?;
        if self.hides(point) && self.visibility == BallotVisibility::AfterLock {
            tally.heads = tally.heads.as_ref().map(undisclosed);
            tally.weights.values_mut().for_each(|counts| *counts = undisclosed(counts));
        }
        Some(tally)
    }

    /// Whether members' choices are hidden at a point.
    pub fn hides(&self, point: &Point) -> bool {
        let hidden = [BallotVisibility::TallyOnly, BallotVisibility::AfterLock].contains(&self.visibility);
        hidden && point.locked.is_none() && point.declared != Outcome::AdoptedWithoutVote
    }

    /// Whether a verdict is shown at a point.
    pub fn judges(&self, point: &Point) -> bool {
        let told = !self.hides(point) || self.visibility == BallotVisibility::TallyOnly && !self.veto;
        let stands = point.stands.is_some() && point.state != Annulled && told;
        stands || point.declared == Outcome::AdoptedWithoutVote
    }

    /// The tally as it was locked, where a correction has changed it since.
    pub fn announced(&self, point: &Point) -> Option<Tally> {
        let announced = point.locked.as_ref().map(|stands| self.tally_of(stands));
        announced.filter(|announced| Some(announced) != self.tally(point).as_ref())
    }

    fn tally_of(&self, stands: &[Choice]) -> Tally {
        let weight = |weight: &String| {
            let of = |member: &Member| member.weights.get(weight).copied().unwrap_or_default();
            (weight.clone(), self.counts(stands, of))
        };
        Tally { heads: Some(self.counts(stands, |_| 1)), weights: self.weights.iter().map(weight).collect() }
    }

    /// The tally of each group by head, of a thousand at most, as it is shown.
    pub fn groups(&self, point: &Point) -> BTreeMap<String, Counts> {
        let hides = self.hides(point);
        let none = hides && self.visibility == BallotVisibility::TallyOnly;
        let Some(stands) = point.stands.as_ref().filter(|_| !none) else { return BTreeMap::new() };
        let names: BTreeSet<_> = self.roll.iter().flat_map(|member| &member.groups).collect();
        let counted = |group: &String| {
            let counts = self.counts(stands, |member| u64::from(member.groups.contains(group)));
            if hides { undisclosed(&counts) } else { counts }
        };
        names.into_iter().take(1_000).map(|group| (group.clone(), counted(group))).collect()
    }

    fn counts(&self, stands: &[Choice], weight: impl Fn(&Member) -> u64) -> Counts {
        let mut counts = Counts::default();
        for (member, choice) in self.roll.iter().zip(stands) {
            *match choice {
                Choice::Yes => &mut counts.yes,
                Choice::No => &mut counts.no,
                Choice::Abstain => &mut counts.abstain,
                Choice::Present => &mut counts.present,
                _ => &mut counts.not_voting,
            } += weight(member);
        }
        counts
    }

    /// The stand of each member of the roll at a point, in its order; unspecified where it is not shown.
    pub fn lights(&self, point: &Point) -> Vec<(String, Choice)> {
        let none = self.hides(point).then_some(self.visibility);
        let shown = |choice: &Choice| match (none, choice) {
            (None, choice) => *choice,
            (Some(BallotVisibility::AfterLock), Choice::NotVoting) => Choice::NotVoting,
            _ => Choice::Unspecified,
        };
        let stands = point.stands.iter().flatten().map(shown);
        self.roll.iter().map(|member| id(member).to_owned()).zip(stands).collect()
    }

    /// The members of whom something else is shown, or the same anew, at a point than at a revision before it.
    pub fn touched(&self, after: u64, point: &Point) -> BTreeSet<String> {
        let all = || self.roll.iter().map(|member| id(member).to_owned());
        let before = self.at(after).filter(|before| self.hides(before));
        match (before, self.visibility) {
            (Some(_), BallotVisibility::TallyOnly) if self.hides(point) => BTreeSet::new(),
            (Some(_), BallotVisibility::TallyOnly) => all().collect(),
            _ => {
                let between = self.points.iter().skip_while(|one| one.revision <= after);
                let between = between.take_while(|one| one.revision <= point.revision);
                let mut touched: BTreeSet<_> =
                    between.filter_map(|one| one.touched).map(|at| id(&self.roll[at]).to_owned()).collect();
                if before.is_some() && !self.hides(point) {
                    let locked = all().zip(point.locked.iter().flatten());
                    touched.extend(locked.filter(|(_, choice)| **choice != Choice::NotVoting).map(|(id, _)| id));
                }
                touched
            }
        }
    }
}

/// Counts that tell no choice.
fn undisclosed(counts: &Counts) -> Counts {
    let Counts { yes, no, abstain, present, not_voting, .. } = *counts;
    Counts { not_voting, undisclosed: yes + no + abstain + present, ..Default::default() }
}
