//! `serve --demo`: two votes of 2022 conducted over the server's own gRPC API, as any client would.

mod facts;
mod screen;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::time::Instant;
use tonic::Status;
use tonic::transport::Channel;
use uuid::Uuid;

use self::facts::{Facts, Outcome, Stand};
use super::say;
use crate::proto;
use crate::proto::ballot_service_client::BallotServiceClient;
use crate::proto::body_service_client::BodyServiceClient;
use crate::proto::tally_service_client::TallyServiceClient;
use crate::proto::vote_service_client::VoteServiceClient;

/// The Council shows hands for this long, and the Assembly's machine is open for that: together with the pauses less than a
/// minute.
const SHOW_OF_HANDS: Duration = Duration::from_secs(7);
const MACHINE: Duration = Duration::from_secs(18);
/// Between what is said and what happens, for reading.
const PAUSE: Duration = Duration::from_millis(2_500);

/// The namespace of the demo's request ids: they follow from what is asked, so that a run that was cut off is taken up.
const REQUESTS: Uuid = Uuid::from_u128(0x6d1c_2f5e_0b7a_4c39_9a41_3be0_52a7_10c4);

/// Reads how many times faster than life the demo goes.
pub fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(times) if times.is_finite() && (0.1..=10_000.0).contains(&times) => Ok(times),
        _ => Err("must be a number from 0.1 to 10000".into()),
    }
}

/// Conducts both votes on the server that listens at `address`; says so where it cannot.
pub async fn conduct(address: SocketAddr, speed: f64) {
    let address = if address.ip().is_unspecified() {
        SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port())
    } else {
        address
    };
    if let Err(status) = play(address, speed).await {
        say::problem(format_args!(
            "the demo stops here, and the server goes on: {}. Did someone else take part? To begin anew, stop the server and \
             delete the folder of its record",
            status.message().trim_end_matches('.')
        ));
    }
}

async fn play(address: SocketAddr, speed: f64) -> Result<(), Status> {
    let votes = facts::votes().map_err(|e| Status::internal(e.to_string()))?;
    let endpoint = Channel::from_shared(format!("http://{address}")).map_err(|e| Status::internal(e.to_string()))?;
    let channel = endpoint.connect().await.map_err(|e| Status::unavailable(format!("no connection: {e}")))?;
    let conductor = Conductor { channel, address, speed };
    for facts in &votes {
        conductor.vote(facts).await?;
    }
    screen::farewell(address, &votes);
    Ok(())
}

struct Conductor {
    channel: Channel,
    address: SocketAddr,
    speed: f64,
}

impl Conductor {
    fn votes(&self) -> VoteServiceClient<Channel> {
        VoteServiceClient::new(self.channel.clone())
    }

    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time.div_f64(self.speed)).await;
    }

    /// Conducts one vote from where it stands.
    async fn vote(&self, facts: &Facts) -> Result<(), Status> {
        screen::heading(facts);
        self.table(facts).await?;
        let vote = self.get(facts).await?;
        if vote.state() == proto::VoteState::Declared {
            screen::on_record(&vote);
            return Ok(());
        }
        screen::how_to_watch(self.address, facts);
        self.pause(PAUSE).await;
        self.open(facts).await?;
        let watching = tokio::spawn(screen::watch(TallyServiceClient::new(self.channel.clone()), facts.name()));
        if vote.state() != proto::VoteState::Locked {
            self.ballots(facts).await?;
            self.pause(PAUSE).await;
        }
        self.lock_and_declare(facts).await?;
        watching.await.map_err(|e| Status::internal(e.to_string()))??;
        screen::result(&self.get(facts).await?);
        self.pause(PAUSE).await;
        Ok(())
    }

    async fn get(&self, facts: &Facts) -> Result<proto::Vote, Status> {
        let request = proto::GetVoteRequest { name: facts.name(), at_least_seq: 0 };
        Ok(self.votes().get_vote(request).await?.into_inner().vote.unwrap_or_default())
    }

    /// Records the body, its members and the question. Each call repeats safely under its id.
    async fn table(&self, facts: &Facts) -> Result<(), Status> {
        let body = format!("bodies/{}", facts.body.id);
        let mut bodies = BodyServiceClient::new(self.channel.clone());
        let display_name = facts.body.display_name.clone();
        let create = proto::CreateBodyRequest {
            body_id: facts.body.id.clone(),
            body: Some(proto::Body { display_name, seats: facts.body.seats, ..Default::default() }),
            request_id: request_id(&[&body, "create"]),
        };
        bodies.create_body(create).await?;
        let member = |(code, name, _): &(String, String, Stand)| proto::Member {
            name: format!("{body}/members/{code}"),
            display_name: name.clone(),
            groups: facts
                .permanent
                .iter()
                .filter(|permanent| *permanent == code)
                .map(|_| "permanent".to_owned())
                .collect(),
            ..Default::default()
        };
        let admit = proto::AdmitMembersRequest {
            parent: body.clone(),
            members: facts.members.iter().map(member).collect(),
            request_id: request_id(&[&body, "admit"]),
        };
        bodies.admit_members(admit).await?;
        let vote = &facts.vote;
        let follows =
            |vote: &String| proto::Relation { kind: proto::relation::Kind::Follows.into(), vote: vote.clone() };
        let question = proto::Vote {
            title: vote.title.clone(),
            symbol: vote.symbol.clone(),
            question: vote.question.clone(),
            rule: Some(proto::Rule { preset: vote.rule.clone(), ..Default::default() }),
            relations: vote.follows.iter().map(follows).collect(),
            held_time: Some(prost_types::Timestamp { seconds: vote.held_time, nanos: 0 }),
            ..Default::default()
        };
        let table = proto::CreateVoteRequest {
            parent: body,
            vote_id: vote.id.clone(),
            vote: Some(question),
            request_id: request_id(&[&facts.name(), "create"]),
        };
        self.votes().create_vote(table).await?;
        Ok(())
    }

    async fn open(&self, facts: &Facts) -> Result<(), Status> {
        let name = facts.name();
        let request_id = request_id(&[&name, "open"]);
        self.votes().open_vote(proto::OpenVoteRequest { name, request_id, ..Default::default() }).await?;
        Ok(())
    }

    /// Casts every ballot, at the pace of the hall; those that an earlier run cast are passed over at once.
    async fn ballots(&self, facts: &Facts) -> Result<(), Status> {
        let vote = facts.name();
        let presses = facts.presses();
        let time = if facts.vote.machine { MACHINE } else { SHOW_OF_HANDS };
        let between = time / u32::try_from(presses.len().max(1)).unwrap_or(1);
        let mut ballots = BallotServiceClient::new(self.channel.clone());
        let mut due = Instant::now();
        for (at, (member, stand)) in presses.into_iter().enumerate() {
            let request = proto::CastBallotRequest {
                vote: vote.clone(),
                member: member.to_owned(),
                choice: proto::Choice::from(stand).into(),
                request_id: request_id(&[&vote, "press", &at.to_string()]),
            };
            let receipt = ballots.cast_ballot(request).await?.into_inner().receipt.unwrap_or_default();
            if receipt.replayed {
                due = Instant::now();
                continue;
            }
            if let Some(first) = facts.changed(at) {
                screen::changed(member, first, stand);
                due += PAUSE.div_f64(self.speed);
            }
            due += between.div_f64(self.speed);
            tokio::time::sleep_until(due).await;
        }
        Ok(())
    }

    async fn lock_and_declare(&self, facts: &Facts) -> Result<(), Status> {
        let name = facts.name();
        let lock = proto::LockVoteRequest { name: name.clone(), request_id: request_id(&[&name, "lock"]) };
        self.votes().lock_vote(lock).await?;
        self.pause(PAUSE).await;
        let outcome = match facts.vote.outcome {
            Outcome::Adopted => proto::Outcome::Adopted,
            Outcome::Vetoed => proto::Outcome::Vetoed,
        };
        let declare = proto::DeclareResultRequest {
            outcome: outcome.into(),
            adopted_symbol: facts.vote.adopted_symbol.clone(),
            request_id: request_id(&[&name, "declare"]),
            ruling: String::new(),
            name,
        };
        self.votes().declare_result(declare).await?;
        Ok(())
    }
}

fn request_id(of: &[&str]) -> String {
    Uuid::new_v5(&REQUESTS, of.join("\0").as_bytes()).to_string()
}
