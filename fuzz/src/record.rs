//! The record of a run, read by its stored bytes alone and counted in the plainest way.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bytes::Bytes;
use prost::Message;
use prost_reflect::DynamicMessage;
use rollcall::proto::entry::Event;
use rollcall::proto::{self, Choice, Counts, Entry};
use rollcall::wire::entry;

/// What the entries say, counted without the domain.
pub struct Record {
    pub entries: Vec<Entry>,
    pub bodies: BTreeSet<String>,
    pub votes: BTreeMap<String, Vote>,
}

/// A vote as its entries have it.
#[derive(Default)]
pub struct Vote {
    revision: u64,
    state: &'static str,
    /// Each member of the roll with its weights, and its ballot.
    roll: BTreeMap<String, (proto::Member, Option<Choice>)>,
    /// The counts are hidden until the lock.
    hides: bool,
    /// When it locks by itself, in seconds and nanoseconds.
    lock_at: Option<(i64, i32)>,
}

impl Record {
    /// Reads the stored bytes, and asserts that each entry may follow those before it.
    pub fn of(stored: &[Bytes]) -> Self {
        let mut record = Self { entries: Vec::new(), bodies: BTreeSet::new(), votes: BTreeMap::new() };
        let mut ids = HashSet::new();
        let mut time = (i64::MIN, 0);
        for bytes in stored {
            assert_eq!(entry::encode(&entry::decode(bytes).unwrap()), *bytes, "an entry is written in one way");
            let entry = Entry::decode(&**bytes).unwrap();
            assert_eq!(entry.seq, record.entries.len() as u64 + 1);
            let recorded = entry.record_time.unwrap();
            let now = (recorded.seconds, recorded.nanos);
            assert!(now >= time, "the time of {} goes back", entry.seq);
            time = now;
            let scope = record.take(&entry, now);
            let new = entry.request_id.is_empty() || ids.insert((scope, entry.request_id.clone()));
            assert!(new, "the request of {} stands twice", entry.seq);
            record.entries.push(entry);
        }
        record
    }

    /// Takes up an entry, and returns what it is about.
    fn take(&mut self, entry: &Entry, now: (i64, i32)) -> String {
        let event = entry.event.clone().unwrap();
        let name = match &event {
            Event::BodyCreated(created) => {
                assert!(self.bodies.insert(created.body.clone()), "{} is created twice", created.body);
                return created.body.clone();
            }
            Event::MembersAdmitted(admitted) => return admitted.body.clone(),
            Event::BodyRevised(revised) => return revised.body.clone(),
            Event::MemberRevised(revised) => return body_of(&revised.member.as_ref().unwrap().name),
            Event::MemberWithdrawn(gone) => return body_of(&gone.member),
            Event::VotingRightSuspended(suspended) => return body_of(&suspended.member),
            Event::VotingRightRestored(restored) => return body_of(&restored.member),
            other => vote_of(other),
        };
        let vote = self.votes.entry(name.clone()).or_default();
        vote.revision += 1;
        assert_eq!(entry.revision, vote.revision, "the revision of {}", entry.seq);
        vote.take(&event, entry.seq, now);
        name
    }

    /// Asserts that what a server says of each vote is what was counted.
    pub fn hold(&self, said: &[(String, DynamicMessage)]) {
        for (name, vote) in &self.votes {
            let (_, answer) = said.iter().find(|(asked, _)| *asked == format!("GetTally {name}")).unwrap();
            let frame = proto::GetTallyResponse::decode(&*answer.encode_to_vec()).unwrap().frame.unwrap();
            assert_eq!(frame.revision, vote.revision, "{name}");
            assert_eq!(frame.state().as_str_name(), format!("VOTE_STATE_{}", vote.state), "{name}");
            let Some(tally) = frame.tally else { continue };
            assert_eq!(tally.heads.unwrap(), vote.shown(""), "{name}");
            for (weight, counts) in tally.weights {
                assert_eq!(counts, vote.shown(&weight), "{name} by {weight}");
            }
        }
    }
}

impl Vote {
    fn take(&mut self, event: &Event, at: u64, now: (i64, i32)) {
        let (from, to): (&[&str], _) = match event {
            Event::VoteCreated(_) => (&[""], "DRAFT"),
            Event::VoteWithdrawn(_) => (&["DRAFT"], "WITHDRAWN"),
            Event::VoteOpened(_) => (&["DRAFT"], "OPEN"),
            Event::BallotCast(_) | Event::BallotWithdrawn(_) => (&["OPEN"], "OPEN"),
            Event::VoteSuspended(_) => (&["OPEN"], "SUSPENDED"),
            Event::VoteResumed(_) => (&["SUSPENDED"], "OPEN"),
            Event::VoteLocked(_) => (&["OPEN", "SUSPENDED"], "LOCKED"),
            Event::CastingVoteGiven(_) => (&["LOCKED"], "LOCKED"),
            Event::StatementRecorded(_) => (&["DRAFT", "LOCKED", "DECLARED"], self.state),
            Event::BallotCorrected(made) if made.declaration_lapsed => (&["DECLARED"], "LOCKED"),
            Event::BallotCorrected(_) => (&["LOCKED", "DECLARED"], self.state),
            Event::ResultDeclared(_) => (&["LOCKED"], "DECLARED"),
            Event::AdoptedWithoutVote(_) => (&["DRAFT"], "DECLARED"),
            Event::VoteAnnulled(_) => (&["OPEN", "SUSPENDED", "LOCKED", "DECLARED"], "ANNULLED"),
            other => panic!("an event about no vote: {other:?}"),
        };
        assert!(from.contains(&self.state), "{to} at {at}, and it was {}", self.state);
        self.state = to;
        let ballot = matches!(event, Event::BallotCast(_) | Event::BallotWithdrawn(_));
        assert!(
            !ballot || self.lock_at.is_none_or(|lock_at| now < lock_at),
            "a ballot at {at}, after the time to lock"
        );
        match event {
            Event::VoteCreated(created) => {
                let policy = created.ballot_policy.unwrap_or_default();
                self.hides = policy.visibility() == proto::BallotVisibility::AfterLock;
            }
            Event::BallotCorrected(made) => {
                let heads = |tally: &Option<proto::Tally>| tally.as_ref().unwrap().heads.unwrap();
                assert_eq!(heads(&made.before), self.count(""), "the tally before the correction at {at}");
                let correction = made.correction.as_ref().unwrap();
                let stand = Some(correction.corrected()).filter(|choice| *choice != Choice::NotVoting);
                self.roll.get_mut(last(&correction.member)).unwrap().1 = stand;
                assert_eq!(heads(&made.after), self.count(""), "the tally after the correction at {at}");
            }
            Event::VoteOpened(opened) => {
                self.lock_at = opened.lock_at_time.map(|time| (time.seconds, time.nanos));
                let light = |member: &proto::Member| (last(&member.name).to_owned(), (member.clone(), None));
                self.roll = opened.roll.iter().map(light).collect();
            }
            Event::BallotCast(cast) => self.roll.get_mut(&cast.member).unwrap().1 = Some(cast.choice()),
            Event::BallotWithdrawn(back) => {
                assert!(self.roll.get_mut(&back.member).unwrap().1.take().is_some(), "nothing to take back at {at}");
            }
            Event::VoteLocked(locked) => {
                self.hides = false;
                assert_eq!(
                    locked.tally.as_ref().unwrap().heads.unwrap(),
                    self.count(""),
                    "the tally of the lock at {at}"
                );
            }
            _ => {}
        }
    }

    /// The counts as they are told.
    fn shown(&self, weight: &str) -> Counts {
        let counts = self.count(weight);
        let Counts { yes, no, abstain, present, not_voting, .. } = counts;
        if self.hides {
            Counts { not_voting, undisclosed: yes + no + abstain + present, ..Counts::default() }
        } else {
            counts
        }
    }

    fn count(&self, weight: &str) -> Counts {
        let weigh = |member: &proto::Member| {
            if weight.is_empty() { 1 } else { member.weights.get(weight).copied().unwrap_or(0) }
        };
        let of = |choice| {
            let stands = self.roll.values().filter(|(_, stand)| *stand == choice);
            stands.map(|(member, _)| weigh(member)).sum()
        };
        Counts {
            yes: of(Some(Choice::Yes)),
            no: of(Some(Choice::No)),
            abstain: of(Some(Choice::Abstain)),
            present: of(Some(Choice::Present)),
            not_voting: of(None),
            undisclosed: 0,
        }
    }
}

fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap()
}

fn body_of(name: &str) -> String {
    name.split('/').take(2).collect::<Vec<_>>().join("/")
}

fn vote_of(event: &Event) -> String {
    match event {
        Event::VoteCreated(event) => event.vote.clone(),
        Event::VoteWithdrawn(event) => event.vote.clone(),
        Event::VoteOpened(event) => event.vote.clone(),
        Event::BallotCast(event) => event.vote.clone(),
        Event::BallotWithdrawn(event) => event.vote.clone(),
        Event::VoteSuspended(event) => event.vote.clone(),
        Event::VoteResumed(event) => event.vote.clone(),
        Event::VoteLocked(event) => event.vote.clone(),
        Event::CastingVoteGiven(event) => event.vote.clone(),
        Event::ResultDeclared(event) => event.vote.clone(),
        Event::AdoptedWithoutVote(event) => event.vote.clone(),
        Event::VoteAnnulled(event) => event.vote.clone(),
        Event::StatementRecorded(event) => event.vote.clone(),
        Event::BallotCorrected(event) => event.vote.clone(),
        other => panic!("an event about no vote: {other:?}"),
    }
}
