//! A body with a vote of each visibility in each state, conducted call by call, each kept to be sent again.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use rollcall::proto;
use tonic::Status;
use tonic_types::StatusExt;

use super::{VISIBILITIES, told};
use crate::harness::{Client, Server, raw};

/// The states that a vote is left in: `annulled` was never locked, `set-aside` was.
pub const STATES: [&str; 8] = ["draft", "open", "suspended", "locked", "declared", "annulled", "set-aside", "adopted"];

/// Equal counts are broken by a casting vote.
const RULE: &str = r#"{"requirements":[{"threshold":{"choices":[1],"comparison":2,"share":{"numerator":1,"denominator":2,"base":5}}}],"tieBreak":1}"#;

/// A server with its votes.
pub struct Hall {
    server: Server,
    client: Client,
    pool: DescriptorPool,
    /// What was done to each vote: the method and the request.
    acts: Vec<(String, &'static str, String)>,
    /// The places of each vote's ballots.
    places: BTreeMap<String, BTreeSet<u64>>,
    /// The place before each vote.
    before: BTreeMap<String, u64>,
}

impl Hall {
    /// All votes, each as it is left.
    pub async fn conducted() -> Self {
        let server = Server::new();
        let client = server.client().await;
        let (acts, places, before) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let mut hall = Self { server, client, pool: told::pool(), acts, places, before };
        hall.act("", "CreateBody", r#""bodyId":"hall""#).await;
        let member = |id: &str, groups: &str| format!(r#"{{"name":"bodies/hall/members/{id}","groups":[{groups}]}}"#);
        let north = ["A", "B"].map(|id| member(id, r#""north""#));
        let others = [member("C", r#""south""#), member("D", ""), member("E", "")];
        let members = north.into_iter().chain(others).collect::<Vec<_>>().join(",");
        hall.act("", "AdmitMembers", &format!(r#""parent":"bodies/hall","members":[{members}]"#)).await;
        hall.table("reference", "live").await;
        hall.vote("reference", "OpenVote", "").await;
        for member in ["A", "B", "C", "D", "E"] {
            hall.cast("reference", member, 1).await;
        }
        hall.vote("reference", "LockVote", "").await;
        for (visibility, _) in VISIBILITIES {
            for state in STATES {
                hall.conduct(&format!("{visibility}-{state}"), visibility, state).await;
            }
        }
        hall
    }

    /// Kills the server, and serves the same record again.
    pub async fn restart(&mut self) {
        self.server.restart();
        self.client = self.server.client().await;
    }

    async fn conduct(&mut self, vote: &str, visibility: &str, state: &str) {
        self.table(vote, visibility).await;
        let explains = r#","statement":{"kind":1,"member":"bodies/hall/members/A"}"#;
        self.vote(vote, "RecordStatement", explains).await;
        match state {
            "draft" => return,
            "adopted" => return self.vote(vote, "AdoptWithoutVote", "").await,
            _ => {}
        }
        self.vote(vote, "OpenVote", "").await;
        self.cast(vote, "A", 1).await;
        let ballot = |member: &str, choice: u8, id: String| {
            format!(r#"{{"vote":"bodies/hall/votes/{vote}","member":"{member}","choice":{choice},"requestId":"{id}"}}"#)
        };
        let two = [ballot("B", 1, self.id(1)), ballot("B", 2, self.id(2))].join(",");
        self.send(vote, "CastBallots", format!(r#"{{"ballots":[{two}]}}"#)).await;
        self.send(vote, "StreamBallots", format!(r#"{{"ballot":{}}}"#, ballot("C", 3, self.id(1)))).await;
        self.cast(vote, "D", 1).await;
        let name = format!(r#""name":"bodies/hall/votes/{vote}/ballots/D""#);
        self.act(vote, "WithdrawBallot", &name).await;
        let end = self.client.end().await;
        self.places.insert(vote.to_owned(), (end - 5..=end).collect());
        let locked = matches!(state, "locked" | "declared" | "set-aside");
        if locked {
            self.vote(vote, "LockVote", "").await;
        }
        match state {
            "suspended" => {
                self.vote(vote, "SuspendVote", "").await;
                self.vote(vote, "ResumeVote", "").await;
                self.vote(vote, "SuspendVote", "").await;
            }
            "declared" => {
                self.vote(vote, "GiveCastingVote", r#","choice":1"#).await;
                self.vote(vote, "DeclareResult", r#","outcome":1"#).await;
                let corrected = r#","correction":{"member":"bodies/hall/members/E","corrected":3}"#;
                self.vote(vote, "CorrectBallot", corrected).await;
                let intended = r#","statement":{"kind":3,"member":"bodies/hall/members/D","intended":1}"#;
                self.vote(vote, "RecordStatement", intended).await;
            }
            "annulled" | "set-aside" => self.vote(vote, "AnnulVote", "").await,
            _ => {}
        }
    }

    async fn table(&mut self, vote: &str, visibility: &str) {
        let (_, visibility) = VISIBILITIES.iter().find(|(name, _)| *name == visibility).unwrap();
        let end = self.client.end().await;
        self.before.insert(vote.to_owned(), end);
        let policy = format!(r#"{{"visibility":{}}}"#, i32::from(*visibility));
        let question = format!(r#""vote":{{"rule":{RULE},"ballotPolicy":{policy}}}"#);
        self.act(vote, "CreateVote", &format!(r#""parent":"bodies/hall","voteId":"{vote}",{question}"#)).await;
    }

    async fn cast(&mut self, vote: &str, member: &str, choice: u8) {
        let ballot = format!(r#""vote":"bodies/hall/votes/{vote}","member":"{member}","choice":{choice}"#);
        self.act(vote, "CastBallot", &ballot).await;
    }

    async fn vote(&mut self, vote: &str, method: &'static str, more: &str) {
        self.act(vote, method, &format!(r#""name":"bodies/hall/votes/{vote}"{more}"#)).await;
    }

    /// Calls a method with these fields and an id of its own.
    async fn act(&mut self, vote: &str, method: &'static str, fields: &str) {
        let json = format!(r#"{{{fields},"requestId":"{}"}}"#, self.id(1));
        self.send(vote, method, json).await;
    }

    async fn send(&mut self, vote: &str, method: &'static str, json: String) {
        let answers = self.answers(method, &json).await.unwrap_or_else(|status| panic!("{method} {json}: {status:?}"));
        let said = serde_json::to_string(&answers).unwrap();
        assert!(!answers.is_empty() && !said.contains("refusal"), "{method} {json}: {said}");
        self.acts.push((vote.to_owned(), method, json));
    }

    /// An id for the next call, or one after it.
    fn id(&self, after: usize) -> String {
        format!("00000000-0000-4000-8000-{:012x}", self.acts.len() * 8 + after)
    }

    /// What was done to a vote.
    pub fn acts(&self, vote: &str) -> impl Iterator<Item = (&'static str, &str)> {
        let of_vote = self.acts.iter().filter(move |(of, ..)| of == vote);
        of_vote.map(|(_, method, json)| (*method, &**json)).collect::<Vec<_>>().into_iter()
    }

    /// The methods that were called.
    pub fn methods(&self) -> impl Iterator<Item = &'static str> {
        self.acts.iter().map(|(_, method, _)| *method)
    }

    /// What a method tells of a vote: the lines of its answers, or its refusal.
    pub async fn ask(&self, method: &str, json: &str, vote: &str) -> Vec<String> {
        let name = format!("bodies/hall/votes/{vote}");
        let before = self.before[vote].to_string();
        match self.answers(method, &json.replace("$VOTE", &name).replace("$BEFORE", &before)).await {
            Err(status) => {
                let details = status.get_error_details();
                let reason = details.error_info().map_or("", |info| &info.reason);
                vec![format!("{:?} {reason}", status.code())]
            }
            Ok(answers) => {
                let none = BTreeSet::new();
                let places = self.places.get(vote).unwrap_or(&none);
                let mut lines: Vec<String> =
                    answers.iter().flat_map(|answer| told::lines(answer, &name, places)).collect();
                lines.sort();
                lines
            }
        }
    }

    /// What the same call tells of the vote's live twin: the request that was sent for it.
    pub async fn again(&self, method: &str, json: &str, vote: &str, twin: &str) -> Vec<String> {
        let at = self.acts(vote).position(|act| act == (method, json)).unwrap();
        let (method, json) = self.acts(twin).nth(at).unwrap();
        self.ask(method, json, twin).await
    }

    /// A method of the contract.
    pub fn method(&self, name: &str) -> MethodDescriptor {
        let mut methods = self.pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
        methods.find(|method| method.name() == name).unwrap_or_else(|| panic!("no method {name}"))
    }

    /// The answers to a call: of a stream that goes on, up to where it has told what was there.
    async fn answers(&self, name: &str, json: &str) -> Result<Vec<DynamicMessage>, Status> {
        let method = self.method(name);
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let request = DynamicMessage::deserialize(method.input(), &mut deserializer);
        let request = request.unwrap_or_else(|problem| panic!("{name} {json}: {problem}"));
        let path = format!("/{}/{name}", method.parent_service().full_name());
        let mut stream = raw::call(&self.client.channel, &path, request.encode_to_vec()).await?;
        let mut answers = Vec::new();
        while let Some(bytes) = stream.message().await? {
            let has_told = match name {
                "WatchTally" => true,
                "WatchVotes" => {
                    let message = proto::WatchVotesResponse::decode(bytes.clone()).unwrap().message;
                    matches!(message, Some(proto::watch_votes_response::Message::CaughtUp(_)))
                }
                "ReadEntries" => proto::ReadEntriesResponse::decode(bytes.clone()).unwrap().caught_up,
                _ => false,
            };
            answers.push(DynamicMessage::decode(method.output(), bytes).unwrap());
            if has_told {
                break;
            }
        }
        Ok(answers)
    }
}
