//! The two servers that a measure compares, each with its votes: made before, compared with the record after.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use uuid::Uuid;

use super::apart::Apart;
use super::figures::Spent;
use super::process::{Process, own_cpu};
use crate::cli::client::{Clients, Connection, Failure};
use crate::proto::stored_entry::Content;
use crate::proto::{self, VoteState};

/// As many as the General Assembly has.
pub const MEMBERS: usize = 193;

/// Members admitted, and votes opened, at a time.
const AT_A_TIME: usize = 500;

/// What of its name the body of a server of our own keeps: such a server has two bodies at most.
const SHORT: usize = 6;

/// Why a vote of a benchmark has no result.
const REASON: &str = "a benchmark";

/// A call that takes longer has failed.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Baseline,
    Result,
}

/// A server, and what is measured on it.
pub struct Side {
    which: Which,
    connection: Connection,
    /// Where it is a process of ours.
    process: Option<Process>,
    /// For what is not measured.
    clients: Clients,
    body: String,
    members: Arc<[String]>,
}

/// An open vote of a side, and where the record stood when it opened.
pub struct Open {
    pub name: String,
    seq: u64,
    revision: u64,
}

impl Side {
    /// The minimal service: it knows no vote, and takes ballots in any.
    pub async fn baseline(process: Process) -> Result<Self, Failure> {
        Self::new(Which::Baseline, process.address.clone(), Some(process), MEMBERS).await
    }

    /// A server with a body of the benchmark's own.
    pub async fn result(server: String, process: Option<Process>) -> Result<Self, Failure> {
        let side = Self::new(Which::Result, server, process, MEMBERS).await?;
        side.seat().await?;
        Ok(side)
    }

    /// A server of our own with a body of so many members.
    pub async fn own(process: Process, members: usize) -> Result<Self, Failure> {
        let mut side = Self::new(Which::Result, process.address.clone(), Some(process), members).await?;
        // Short, so that the largest body's roll fits in its entry.
        side.body.truncate(SHORT);
        side.seat().await?;
        Ok(side)
    }

    async fn new(which: Which, server: String, process: Option<Process>, members: usize) -> Result<Self, Failure> {
        let connection = Connection { server, json: false, timeout: TIMEOUT };
        let clients = connection.connect().await?;
        // A body's name begins with a letter, and no two runs share one.
        let body = format!("b{}", Uuid::new_v4().simple());
        let members = (1..=members).map(|number| format!("M{number:03}")).collect();
        Ok(Self { which, connection, process, clients, body, members })
    }

    /// Records the body and its members.
    async fn seat(&self) -> Result<(), Failure> {
        let mut bodies = self.clients.bodies.clone();
        let body = proto::Body { display_name: "A benchmark".to_owned(), ..Default::default() };
        let create =
            proto::CreateBodyRequest { body_id: self.body.clone(), body: Some(body), request_id: request_id() };
        bodies.create_body(create).await?;
        let parent = format!("bodies/{}", self.body);
        let member = |id: &String| proto::Member { name: format!("{parent}/members/{id}"), ..Default::default() };
        for members in self.members.chunks(AT_A_TIME) {
            let members = members.iter().map(member).collect();
            let admit = proto::AdmitMembersRequest { parent: parent.clone(), members, request_id: request_id() };
            bodies.admit_members(admit).await?;
        }
        Ok(())
    }

    /// So many connections.
    pub async fn connect(&self, count: usize) -> Result<Vec<Clients>, Failure> {
        let mut clients = Vec::with_capacity(count);
        for _ in 0..count {
            clients.push(self.connection.connect().await?);
        }
        Ok(clients)
    }

    /// The members that cast ballots.
    pub fn members(&self) -> Arc<[String]> {
        Arc::clone(&self.members)
    }

    /// The longest that a frame of a vote waits for the one before it, by the contract.
    pub fn pace(&self) -> Duration {
        match self.which {
            Which::Baseline => Duration::ZERO,
            Which::Result => Duration::from_millis(50),
        }
    }

    /// Where it listens.
    pub fn server(&self) -> &str {
        &self.connection.server
    }

    /// What this process and the server have spent computing; none of a server that is not ours.
    pub fn spent(&self) -> Spent {
        Spent { client: own_cpu(), server: self.process.as_ref().and_then(Process::cpu) }
    }

    /// Gives the server a core of its own until what is returned is dropped; none where it is not ours, or the system does not.
    pub fn apart(&self) -> Option<Apart> {
        self.process.as_ref()?.apart()
    }

    /// The memory of the server; none where it is not ours.
    pub fn memory(&self) -> Option<u64> {
        self.process.as_ref()?.memory()
    }

    /// Stops the server where it is ours, and waits until it has. Blocks.
    pub fn stop(self) -> Result<(), Failure> {
        self.process.map_or(Ok(()), Process::stop)
    }

    /// So many votes that take ballots.
    pub async fn open_many(&self, count: usize) -> Result<Vec<Open>, Failure> {
        let ids: Vec<_> = (1..=count).map(|number| format!("v{number}")).collect();
        let mut votes = Vec::with_capacity(count);
        for ids in ids.chunks(AT_A_TIME) {
            votes.extend(try_join_all(ids.iter().map(|id| self.open(id))).await?);
        }
        Ok(votes)
    }

    /// A vote that takes ballots.
    pub async fn open(&self, id: &str) -> Result<Open, Failure> {
        let parent = format!("bodies/{}", self.body);
        let name = format!("{parent}/votes/{id}");
        if self.which == Which::Baseline {
            return Ok(Open { name, seq: 0, revision: 0 });
        }
        let rule = Some(proto::Rule { preset: "un.ga.simple".to_owned(), ..Default::default() });
        let vote = proto::Vote { title: format!("A benchmark: {id}"), rule, ..Default::default() };
        let create =
            proto::CreateVoteRequest { parent, vote_id: id.to_owned(), vote: Some(vote), request_id: request_id() };
        let mut votes = self.clients.votes.clone();
        votes.create_vote(create).await?;
        let open = proto::OpenVoteRequest { name: name.clone(), request_id: request_id(), ..Default::default() };
        let receipt = votes.open_vote(open).await?.into_inner().receipt.unwrap_or_default();
        Ok(Open { name, seq: receipt.seq, revision: receipt.revision })
    }

    /// Ends a vote, after its tally and the record were seen to hold just what was answered: what was measured were ballots.
    ///
    /// Returns where they stand in the record; nowhere in the baseline, which has none.
    pub async fn close(&self, vote: Open, answered: u64) -> Result<Vec<u64>, Failure> {
        if self.which == Which::Baseline {
            return Ok(Vec::new());
        }
        let wrong =
            |what: String| Err(Failure::Failed(format!("{}: {answered} ballots were answered, and {what}", vote.name)));
        let get = proto::GetVoteRequest { name: vote.name.clone(), at_least_seq: 0 };
        let now = self.clients.votes.clone().get_vote(get).await?.into_inner().vote.unwrap_or_default();
        if now.revision - vote.revision != answered || now.state() != VoteState::Open {
            return wrong(format!("the vote has {} changes since it opened", now.revision - vote.revision));
        }
        let heads = now.tally.and_then(|tally| tally.heads).unwrap_or_default();
        let voted = heads.yes + heads.no + heads.abstain;
        if voted != answered.min(self.members.len() as u64) {
            return wrong(format!("the tally counts {voted} members"));
        }
        let on_record = self.on_record(vote.seq, &vote.name).await?;
        if on_record.len() as u64 != answered {
            return wrong(format!("the record holds {}", on_record.len()));
        }
        let annul = proto::AnnulVoteRequest { name: vote.name, reason: REASON.to_owned(), request_id: request_id() };
        self.clients.votes.clone().annul_vote(annul).await?;
        Ok(on_record)
    }

    /// Sees that the record holds just so many ballots in these votes, all of the body's, since the last of them opened.
    pub async fn holds(&self, votes: &[Open], answered: u64) -> Result<(), Failure> {
        let opened = votes.iter().map(|vote| vote.seq).max().unwrap_or_default();
        let on_record = self.on_record(opened, &format!("bodies/{}", self.body)).await?.len();
        if on_record as u64 == answered {
            return Ok(());
        }
        Err(Failure::Failed(format!("{answered} ballots were answered, and the record holds {on_record}")))
    }

    /// The places of the entries about a body or a vote after one, as an auditor reads them.
    async fn on_record(&self, after_seq: u64, scope: &str) -> Result<Vec<u64>, Failure> {
        let request = proto::ReadEntriesRequest { after_seq, scope: scope.to_owned(), raw: true, ..Default::default() };
        let mut answers = self.clients.record.clone().read_entries(request).await?.into_inner();
        let mut places = Vec::new();
        while let Some(answer) = answers.message().await? {
            let whole = |entry: &&proto::StoredEntry| matches!(entry.content, Some(Content::Bytes(_)));
            places.extend(answer.entries.iter().filter(whole).map(|entry| entry.seq));
        }
        Ok(places)
    }
}

fn request_id() -> String {
    Uuid::new_v4().to_string()
}
