//! A body of 193 with a vote that is open: what the parts are measured on.

use std::collections::BTreeMap;
use std::sync::Arc;

use rollcall::clock::Timestamp;
use rollcall::domain::{
    BallotPolicy, BodyId, Choice, Command, Decision, Digest, Entry, Intent, Member, MemberId, Question, RequestId,
    RequestKey, State, Vote, VoteName,
};
use rollcall::journal::Journal;
use rollcall::log::{self, Location};
use rollcall::presets::Presets;
use rollcall::proto;
use rollcall::record::tree::Leaves;
use rollcall::wire::entry::encode;

/// The time of all entries.
pub fn now() -> Timestamp {
    Timestamp::default()
}

/// A journal over a log in memory.
pub fn journal() -> Journal {
    Journal::new(log::open(&Location::Memory).unwrap())
}

/// As many as the General Assembly has.
const MEMBERS: u32 = 193;

/// The state, and a source of ballots that were never cast before.
pub struct Open {
    pub state: State,
    name: VoteName,
    members: Vec<MemberId>,
    cast: u32,
}

impl Open {
    /// A vote on which no one has voted.
    pub fn new() -> Self {
        let body: BodyId = "un-ga".parse().unwrap();
        let name: VoteName = "bodies/un-ga/votes/es-11-4".parse().unwrap();
        let members: Vec<MemberId> = (0..MEMBERS).map(|at| format!("M{at:03}").parse().unwrap()).collect();
        let mut open = Self { state: State::default(), name, members, cast: 0 };
        let seats = open.members.iter().map(member).collect();
        let question = Question {
            title: "Territorial integrity of Ukraine".to_owned(),
            symbol: "A/ES-11/L.5".to_owned(),
            question: String::new(),
            rule: Presets::built_in().unwrap().get("un.ga.two-thirds").unwrap().clone(),
            ballot_policy: BallotPolicy::default(),
            relations: Vec::new(),
            labels: BTreeMap::new(),
            held_time: None,
            rule_chosen_by: String::new(),
            rule_basis: String::new(),
        };
        let vote = open.name.clone();
        for intent in [
            Intent::CreateBody { body: body.clone(), display_name: "General Assembly".to_owned(), seats: MEMBERS },
            Intent::AdmitMembers { body, members: seats },
            Intent::CreateVote { vote: vote.clone(), question: Arc::new(question) },
            Intent::OpenVote { vote, members_present: None, lock_after: None },
        ] {
            let command = open.command(intent);
            let entry = open.entry(&command);
            open.state.evolve(&entry);
        }
        open
    }

    /// A vote on which everyone has voted.
    pub fn voted() -> Self {
        let mut open = Self::new();
        for _ in 0..MEMBERS {
            let entry = open.next_entry();
            open.state.evolve(&entry);
        }
        open
    }

    /// The vote as it stands.
    pub fn vote(&self) -> &Vote {
        self.state.hall().vote(&self.name).unwrap()
    }

    /// The next ballot.
    pub fn ballot(&mut self) -> Command {
        let (member, choice) = self.next();
        self.command(Intent::CastBallot { vote: self.name.clone(), member, choice })
    }

    /// The next ballot as it is sent.
    pub fn request(&mut self) -> proto::CastBallotRequest {
        let (member, choice) = self.next();
        proto::CastBallotRequest {
            vote: self.name.to_string(),
            member: member.to_string(),
            choice: proto::Choice::from(choice).into(),
            request_id: uuid::Uuid::from_u128(self.cast.into()).to_string(),
        }
    }

    /// The entry that a command leads to.
    pub fn entry(&self, command: &Command) -> Entry {
        let Decision::Record(event) = self.state.decide(command, now()).unwrap() else { panic!("on record already") };
        let revision = self.state.next_revision(&event);
        let seq = self.state.hall().end().next();
        Entry { seq, record_time: now(), request: Some(command.request), revision, nonce: None, event }
    }

    /// The entry of the next ballot.
    pub fn next_entry(&mut self) -> Entry {
        let command = self.ballot();
        self.entry(&command)
    }

    /// The next ballots as they are stored.
    pub fn leaves(&mut self, count: usize) -> Leaves {
        let mut leaves = Leaves::default();
        for _ in 0..count {
            leaves.push(encode(&self.next_entry()));
        }
        leaves
    }

    fn next(&mut self) -> (MemberId, Choice) {
        self.cast += 1;
        let choice = [Choice::Yes, Choice::Yes, Choice::No, Choice::Abstain][self.cast as usize % 4];
        (self.members[self.cast as usize % self.members.len()].clone(), choice)
    }

    fn command(&mut self, intent: Intent) -> Command {
        self.cast += 1;
        let id = RequestId(uuid::Uuid::from_u128(self.cast.into()).into_bytes());
        Command { request: RequestKey { id, digest: Digest(id.0) }, intent }
    }
}

fn member(id: &MemberId) -> Arc<Member> {
    let display_name = format!("Member {id}");
    Arc::new(Member { id: id.clone(), display_name, weights: BTreeMap::new(), groups: Vec::new() })
}
