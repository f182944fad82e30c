//! A state as bytes, and back: what a stop keeps for the next start. A form that no program reads but one made of the same sources:
//! protobuf would take what another wrote for something else, and say nothing.

use std::collections::HashMap;
use std::sync::Arc;

use prost::Message;

use super::entry::{member_in, vote};
use super::time;
use crate::clock::Timestamp;
use crate::domain::{
    Annotation, Body, BodyId, CastingVote, Declaration, Hall, KeptIds, KeptVoting, Member, Note, Outcome, Roll, Scope,
    Seat, State, Suspension, Vote, VoteState, Voting,
};
use crate::proto;
use crate::seq::Seq;

type Time = Option<prost_types::Timestamp>;

#[derive(Clone, PartialEq, Message)]
struct Whole {
    #[prost(uint64, tag = "1")]
    end: u64,
    #[prost(message, tag = "2")]
    time: Time,
    /// Each once, however many seats and rolls it is on.
    #[prost(message, repeated, tag = "3")]
    members: Vec<proto::Member>,
    /// Each once, however many votes it is the roll of: the places of its members above.
    #[prost(message, repeated, tag = "4")]
    rolls: Vec<Places>,
    #[prost(message, repeated, tag = "5")]
    bodies: Vec<OneBody>,
    #[prost(message, repeated, tag = "6")]
    votes: Vec<OneVote>,
    #[prost(message, repeated, tag = "7")]
    requests: Vec<OneScope>,
}

#[derive(Clone, PartialEq, Message)]
struct Places {
    #[prost(uint32, repeated, tag = "1")]
    members: Vec<u32>,
}

#[derive(Clone, PartialEq, Message)]
struct OneBody {
    #[prost(message, optional, tag = "1")]
    body: Option<proto::Body>,
    #[prost(message, repeated, tag = "2")]
    seats: Vec<OneSeat>,
    #[prost(uint64, tag = "3")]
    admitted: u64,
}

#[derive(Clone, PartialEq, Message)]
struct OneSeat {
    #[prost(uint64, tag = "1")]
    order: u64,
    #[prost(uint32, tag = "2")]
    member: u32,
    #[prost(message, optional, tag = "3")]
    suspension: Option<proto::VotingRightSuspension>,
}

#[derive(Clone, PartialEq, Message)]
struct OneVote {
    #[prost(message, optional, tag = "1")]
    question: Option<proto::VoteCreated>,
    #[prost(enumeration = "proto::VoteState", tag = "2")]
    state: i32,
    #[prost(message, optional, tag = "3")]
    voting: Option<OneVoting>,
    #[prost(message, optional, tag = "4")]
    declaration: Option<proto::ResultDeclared>,
    #[prost(message, tag = "5")]
    declare_time: Time,
    #[prost(uint64, tag = "6")]
    created: u64,
    #[prost(message, tag = "7")]
    create_time: Time,
    #[prost(message, tag = "8")]
    lock_time: Time,
    #[prost(message, repeated, tag = "9")]
    annotations: Vec<proto::Annotation>,
    #[prost(uint64, tag = "10")]
    revision: u64,
    #[prost(uint64, tag = "11")]
    seq: u64,
    #[prost(message, tag = "12")]
    as_of_time: Time,
    #[prost(uint64, tag = "13")]
    suspensions: u64,
}

#[derive(Clone, PartialEq, Message)]
struct OneVoting {
    #[prost(uint32, tag = "1")]
    roll: u32,
    #[prost(uint32, repeated, tag = "2")]
    starts: Vec<u32>,
    #[prost(bytes = "vec", tag = "3")]
    lights: Vec<u8>,
    #[prost(btree_map = "uint64, enumeration(proto::Choice)", tag = "4")]
    corrections: std::collections::BTreeMap<u64, i32>,
    #[prost(message, optional, tag = "5")]
    tally: Option<proto::Tally>,
    #[prost(message, optional, tag = "6")]
    announced: Option<proto::Tally>,
    #[prost(uint32, tag = "7")]
    seats: u32,
    #[prost(uint32, tag = "8")]
    members: u32,
    #[prost(uint32, optional, tag = "9")]
    members_present: Option<u32>,
    #[prost(message, tag = "10")]
    open_time: Time,
    #[prost(message, tag = "11")]
    lock_at_time: Time,
    #[prost(bool, tag = "12")]
    second_vote: bool,
    #[prost(message, optional, tag = "13")]
    casting_vote: Option<proto::CastingVote>,
}

#[derive(Clone, PartialEq, Message)]
struct OneScope {
    #[prost(string, tag = "1")]
    body: String,
    /// Empty where it is the body itself.
    #[prost(string, tag = "2")]
    vote: String,
    #[prost(bytes = "vec", tag = "3")]
    places: Vec<u8>,
}

/// The bytes of a state.
#[must_use]
pub fn encode(state: &State) -> Vec<u8> {
    let hall = state.hall();
    let mut shared = Shared::default();
    let bodies = hall.bodies_after(None).map(|body| shared.body(body)).collect();
    let votes = hall.votes_after(None, Seq::ZERO).map(|(_, vote)| shared.vote(vote)).collect();
    let requests = state.kept_ids().map(|kept| {
        let (body, vote) = match &kept.scope {
            Scope::Body(body) => (body.name(), String::new()),
            Scope::Vote(vote) => (String::new(), vote.to_string()),
        };
        OneScope { body, vote, places: kept.places }
    });
    let whole = Whole {
        end: hall.end().get(),
        time: Some(time::out(hall.time())),
        bodies,
        votes,
        requests: requests.collect(),
        members: shared.members,
        rolls: shared.rolls,
    };
    whole.encode_to_vec()
}

/// Members and rolls that are written once, by where they stand in memory.
#[derive(Default)]
struct Shared {
    members: Vec<proto::Member>,
    member_places: HashMap<*const Member, u32>,
    rolls: Vec<Places>,
    roll_places: HashMap<*const Roll, u32>,
}

impl Shared {
    fn member(&mut self, body: &BodyId, member: &Arc<Member>) -> u32 {
        *self.member_places.entry(Arc::as_ptr(member)).or_insert_with(|| {
            self.members.push(super::body::member(body, member));
            place(self.members.len() - 1)
        })
    }

    fn roll(&mut self, body: &BodyId, roll: &Arc<Roll>) -> u32 {
        if let Some(known) = self.roll_places.get(&Arc::as_ptr(roll)) {
            return *known;
        }
        let members = roll.members().iter().map(|member| self.member(body, member)).collect();
        self.rolls.push(Places { members });
        let at = place(self.rolls.len() - 1);
        self.roll_places.insert(Arc::as_ptr(roll), at);
        at
    }

    fn body(&mut self, body: &Body) -> OneBody {
        let seats = body.seated_after(0).map(|(order, seat)| {
            let suspension = super::body::seated(&body.id, seat).suspension;
            OneSeat { order, member: self.member(&body.id, &seat.member), suspension }
        });
        let seats = seats.collect();
        OneBody { body: Some(super::body::body(body)), seats, admitted: body.admitted() }
    }

    fn vote(&mut self, vote: &Vote) -> OneVote {
        OneVote {
            question: Some((&vote.name, &*vote.question).into()),
            state: proto::VoteState::from(vote.state).into(),
            voting: vote.voting.as_ref().map(|voting| self.voting(vote, voting)),
            declaration: vote.declaration.as_ref().map(|declared| proto::ResultDeclared {
                vote: String::new(),
                outcome: proto::Outcome::from(declared.outcome).into(),
                ruling: declared.ruling.clone(),
                adopted_symbol: declared.adopted_symbol.clone(),
            }),
            declare_time: vote.declaration.as_ref().map(|declared| time::out(declared.declare_time)),
            created: vote.created.get(),
            create_time: Some(time::out(vote.create_time)),
            lock_time: vote.lock_time.map(time::out),
            annotations: vote.annotations.iter().map(|one| super::annotation::listed(&vote.name, one)).collect(),
            revision: vote.revision,
            seq: vote.seq.get(),
            as_of_time: Some(time::out(vote.as_of_time)),
            suspensions: vote.suspensions as u64,
        }
    }

    fn voting(&mut self, vote: &Vote, voting: &Voting) -> OneVoting {
        let kept = KeptVoting::from(voting);
        let corrections = kept.corrections.iter();
        OneVoting {
            roll: self.roll(&vote.name.body, &kept.roll),
            corrections: corrections.map(|(at, choice)| (*at as u64, proto::Choice::from(*choice).into())).collect(),
            starts: kept.starts,
            lights: kept.lights,
            tally: Some((&kept.tally).into()),
            announced: kept.announced.as_ref().map(Into::into),
            seats: kept.seats,
            members: kept.members,
            members_present: kept.members_present,
            open_time: Some(time::out(kept.open_time)),
            lock_at_time: kept.lock_at_time.map(time::out),
            second_vote: kept.second_vote,
            casting_vote: kept.casting_vote.as_ref().map(Into::into),
        }
    }
}

fn place(at: usize) -> u32 {
    // Members and rolls are held in memory, where four thousand millions of them have no room.
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The state that was encoded.
///
/// # Errors
/// Where the bytes are not one, in words for the operator's log.
pub fn decode(bytes: &[u8]) -> Result<State, String> {
    let whole = Whole::decode(bytes).map_err(|error| error.to_string())?;
    let members = whole.members.into_iter().map(|stored| member_in(stored).map(|(_, member)| member));
    let members = members.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    let known = |at: &u32| members.get(*at as usize).cloned().ok_or("a member that it does not hold");
    let roll = |roll: Places| {
        let members = roll.members.iter().map(known).collect::<Result<_, _>>()?;
        Ok::<_, String>(Arc::new(Roll::new(members)))
    };
    let rolls = whole.rolls.into_iter().map(roll).collect::<Result<Vec<_>, _>>()?;
    let bodies = whole.bodies.into_iter().map(|kept| {
        let seats = kept.seats.iter().map(|seat| Ok((seat.order, self::seat(seat, known(&seat.member)?)?)));
        let seats = seats.collect::<Result<_, String>>()?;
        Ok::<_, String>(body(kept.body.unwrap_or_default())?.with_seats(seats, kept.admitted))
    });
    let bodies = bodies.collect::<Result<_, _>>()?;
    let votes = whole.votes.into_iter().map(|kept| one_vote(kept, &rolls)).collect::<Result<_, _>>()?;
    let hall = Hall::restored(Seq::new(whole.end), at(whole.time)?, bodies, votes);
    let ids = whole.requests.into_iter().map(|kept| {
        let scope = match &*kept.body {
            "" => Scope::Vote(vote(&kept.vote).map_err(|error| error.to_string())?),
            body => Scope::Body(BodyId::from_name(body).map_err(|error| error.to_string())?),
        };
        Ok(KeptIds { scope, places: kept.places })
    });
    State::restored(hall, ids.collect::<Result<_, String>>()?).ok_or_else(|| "requests that are none".to_owned())
}

fn at(time: Time) -> Result<Timestamp, String> {
    time::read(&time.unwrap_or_default()).map_err(|problem| format!("a time that {problem}"))
}

fn maybe_at(time: Time) -> Result<Option<Timestamp>, String> {
    time.map(|time| at(Some(time))).transpose()
}

fn seat(kept: &OneSeat, member: Arc<Member>) -> Result<Seat, String> {
    let suspension = kept.suspension.clone().map(|suspension| {
        Ok::<_, String>(Suspension { suspend_time: at(suspension.suspend_time)?, reason: suspension.reason })
    });
    Ok(Seat { member, suspension: suspension.transpose()? })
}

fn body(kept: proto::Body) -> Result<Body, String> {
    let id = BodyId::from_name(&kept.name).map_err(|error| error.to_string())?;
    Ok(Body::new(id, kept.display_name, kept.seats, at(kept.create_time)?, Seq::new(kept.seq)))
}

fn one_vote(kept: OneVote, rolls: &[Arc<Roll>]) -> Result<Vote, String> {
    let state = state(kept.state()).ok_or("a vote without a state")?;
    let (name, question) = super::vote::recorded(kept.question.unwrap_or_default())?;
    let declaration = kept.declaration.map(|declared| {
        let outcome = match declared.outcome() {
            proto::Outcome::AdoptedWithoutVote => Outcome::AdoptedWithoutVote,
            outcome => super::vote::outcome(outcome).ok_or("a declaration without an outcome")?,
        };
        let proto::ResultDeclared { ruling, adopted_symbol, .. } = declared;
        Ok::<_, String>(Declaration { outcome, ruling, adopted_symbol, declare_time: at(kept.declare_time)? })
    });
    let annotations = kept.annotations.into_iter().map(|listed| {
        let note = match listed.kind.ok_or("an annotation of no kind")? {
            proto::annotation::Kind::Statement(said) => {
                Note::Statement(Arc::new(super::annotation::recorded_statement(&name, said)?))
            }
            proto::annotation::Kind::Correction(made) => {
                Note::Correction(Arc::new(super::annotation::recorded_correction(&name, made)?))
            }
        };
        Ok::<_, String>(Annotation { note, seq: Seq::new(listed.seq), record_time: at(listed.record_time)? })
    });
    Ok(Vote {
        annotations: annotations.collect::<Result<_, _>>()?,
        question: Arc::new(question),
        state,
        voting: kept.voting.map(|voting| one_voting(voting, rolls)).transpose()?,
        declaration: declaration.transpose()?,
        created: Seq::new(kept.created),
        create_time: at(kept.create_time)?,
        lock_time: maybe_at(kept.lock_time)?,
        revision: kept.revision,
        seq: Seq::new(kept.seq),
        as_of_time: at(kept.as_of_time)?,
        suspensions: usize::try_from(kept.suspensions).unwrap_or(usize::MAX),
        name,
    })
}

fn one_voting(kept: OneVoting, rolls: &[Arc<Roll>]) -> Result<Voting, String> {
    let choice = |choice: i32| proto::Choice::try_from(choice).ok().and_then(super::rule::choice);
    let corrections = kept.corrections.iter().map(|(at, corrected)| {
        let at = usize::try_from(*at).ok()?;
        Some((at, choice(*corrected)?))
    });
    let casting_vote = kept.casting_vote.map(|given| {
        Ok::<_, String>(CastingVote {
            choice: choice(given.choice).ok_or("a casting vote without a choice")?,
            seq: Seq::new(given.seq),
            record_time: at(given.record_time)?,
            given_by: given.given_by,
            reason: given.reason,
        })
    });
    let voting = KeptVoting {
        roll: rolls.get(kept.roll as usize).cloned().ok_or("a roll that it does not hold")?,
        starts: kept.starts,
        lights: kept.lights,
        corrections: corrections.collect::<Option<_>>().ok_or("a correction without a choice")?,
        tally: super::tally::recorded(kept.tally.unwrap_or_default()),
        announced: kept.announced.map(super::tally::recorded),
        seats: kept.seats,
        members: kept.members,
        members_present: kept.members_present,
        open_time: at(kept.open_time)?,
        lock_at_time: maybe_at(kept.lock_at_time)?,
        second_vote: kept.second_vote,
        casting_vote: casting_vote.transpose()?,
    };
    voting.restored().ok_or_else(|| "lights that are none of their roll".to_owned())
}

fn state(state: proto::VoteState) -> Option<VoteState> {
    Some(match state {
        proto::VoteState::Draft => VoteState::Draft,
        proto::VoteState::Open => VoteState::Open,
        proto::VoteState::Suspended => VoteState::Suspended,
        proto::VoteState::Locked => VoteState::Locked,
        proto::VoteState::Declared => VoteState::Declared,
        proto::VoteState::Annulled => VoteState::Annulled,
        proto::VoteState::Withdrawn => VoteState::Withdrawn,
        proto::VoteState::Unspecified => return None,
    })
}
