//! A client of all services, and short words for what tests ask of them.

use rollcall::proto;
use rollcall::proto::ballot_service_client::BallotServiceClient;
use rollcall::proto::body_service_client::BodyServiceClient;
use rollcall::proto::record_service_client::RecordServiceClient;
use rollcall::proto::rule_service_client::RuleServiceClient;
use rollcall::proto::vote_service_client::VoteServiceClient;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::server::PATIENCE;
use super::watched::{Tallies, TallyWatch, Watches};

/// A connection to a server. Calls are about the body `hall`, and about the vote `hall/q` unless they say otherwise.
#[derive(Clone)]
pub struct Client {
    pub channel: Channel,
    pub bodies: BodyServiceClient<Channel>,
    pub votes: VoteServiceClient<Channel>,
    pub ballots: BallotServiceClient<Channel>,
    pub tallies: Tallies,
    pub record: RecordServiceClient<Channel>,
    pub rules: RuleServiceClient<Channel>,
}

pub const BODY: &str = "bodies/hall";
pub const VOTE: &str = "bodies/hall/votes/q";

/// A new request id.
pub fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A rule by its name.
pub fn preset(name: &str) -> proto::Rule {
    proto::Rule { preset: name.into(), ..Default::default() }
}

/// More than half of those present and voting, without a quorum.
pub fn majority(tie_break: proto::TieBreak) -> proto::Rule {
    let half = proto::Share { numerator: 1, denominator: 2, base: proto::Base::PresentAndVoting.into() };
    let threshold = proto::Threshold {
        choices: vec![proto::Choice::Yes.into()],
        comparison: proto::Comparison::MoreThan.into(),
        bar: Some(proto::threshold::Bar::Share(half)),
        ..Default::default()
    };
    let requirement = proto::Requirement { kind: Some(proto::requirement::Kind::Threshold(threshold)) };
    proto::Rule { requirements: vec![requirement], tie_break: tie_break.into(), ..Default::default() }
}

/// A member of the body, with nothing but a name.
pub fn member(id: &str) -> proto::Member {
    proto::Member { name: format!("{BODY}/members/{id}"), display_name: format!("Member {id}"), ..Default::default() }
}

/// A ballot in the vote, with a new request id.
pub fn ballot(member: &str, choice: proto::Choice) -> proto::CastBallotRequest {
    proto::CastBallotRequest { vote: VOTE.into(), member: member.into(), choice: choice.into(), request_id: uuid() }
}

impl Client {
    /// A connection to a server. What is watched on it is held to the record with the rest.
    pub async fn connect(address: &str, watches: &Watches) -> Self {
        let endpoint = Channel::from_shared(format!("http://{address}")).unwrap().timeout(PATIENCE);
        let channel = endpoint.connect().await.unwrap();
        Self::with(channel.clone(), Tallies::over(channel, watches.clone()))
    }

    /// The same client on another connection.
    pub fn over(&self, channel: Channel) -> Self {
        Self::with(channel.clone(), self.tallies.by(channel))
    }

    fn with(channel: Channel, tallies: Tallies) -> Self {
        Self {
            bodies: BodyServiceClient::new(channel.clone()),
            votes: VoteServiceClient::new(channel.clone()),
            ballots: BallotServiceClient::new(channel.clone()),
            tallies,
            record: RecordServiceClient::new(channel.clone()),
            rules: RuleServiceClient::new(channel.clone()),
            channel,
        }
    }

    /// Records the body with members of these ids.
    pub async fn seat(&mut self, members: &[&str]) -> Result<(), Status> {
        let members = members.iter().map(|id| member(id)).collect();
        self.seat_members(members).await
    }

    /// Records the body with these members.
    pub async fn seat_members(&mut self, members: Vec<proto::Member>) -> Result<(), Status> {
        let create = proto::CreateBodyRequest { body_id: "hall".into(), request_id: uuid(), ..Default::default() };
        self.bodies.create_body(create).await?;
        self.admit(members).await.map(|_| ())
    }

    pub async fn admit(&mut self, members: Vec<proto::Member>) -> Result<proto::Receipt, Status> {
        let admit = proto::AdmitMembersRequest { parent: BODY.into(), members, request_id: uuid() };
        Ok(self.bodies.admit_members(admit).await?.into_inner().receipt.unwrap())
    }

    /// Tables the vote under a rule.
    pub async fn table(&mut self, rule: proto::Rule) -> Result<proto::Vote, Status> {
        self.table_as("q", proto::Vote { rule: Some(rule), ..Default::default() }).await
    }

    /// Tables a vote of the body.
    pub async fn table_as(&mut self, id: &str, vote: proto::Vote) -> Result<proto::Vote, Status> {
        let request =
            proto::CreateVoteRequest { parent: BODY.into(), vote_id: id.into(), vote: Some(vote), request_id: uuid() };
        Ok(self.votes.create_vote(request).await?.into_inner().vote.unwrap())
    }

    pub async fn open(&mut self) -> Result<proto::Vote, Status> {
        self.open_as(VOTE, 0).await
    }

    /// Opens a vote with so many members present as stated.
    pub async fn open_as(&mut self, name: &str, members_present: u32) -> Result<proto::Vote, Status> {
        let request =
            proto::OpenVoteRequest { name: name.into(), members_present, request_id: uuid(), lock_after: None };
        Ok(self.votes.open_vote(request).await?.into_inner().vote.unwrap())
    }

    /// Records the body, tables the vote under `rule` and opens it.
    pub async fn ready(&mut self, members: &[&str], rule: proto::Rule) {
        self.seat(members).await.unwrap();
        self.table(rule).await.unwrap();
        self.open().await.unwrap();
    }

    pub async fn cast(&mut self, member: &str, choice: proto::Choice) -> Result<proto::Receipt, Status> {
        self.send(ballot(member, choice)).await
    }

    pub async fn send(&mut self, ballot: proto::CastBallotRequest) -> Result<proto::Receipt, Status> {
        Ok(self.ballots.cast_ballot(ballot).await?.into_inner().receipt.unwrap())
    }

    pub async fn lock(&mut self) -> Result<proto::Vote, Status> {
        self.lock_as(VOTE).await
    }

    pub async fn lock_as(&mut self, name: &str) -> Result<proto::Vote, Status> {
        let request = proto::LockVoteRequest { name: name.into(), request_id: uuid() };
        Ok(self.votes.lock_vote(request).await?.into_inner().vote.unwrap())
    }

    pub async fn declare(&mut self, outcome: proto::Outcome, ruling: &str) -> Result<proto::Vote, Status> {
        self.declare_as(VOTE, outcome, ruling).await
    }

    pub async fn declare_as(
        &mut self,
        name: &str,
        outcome: proto::Outcome,
        ruling: &str,
    ) -> Result<proto::Vote, Status> {
        let request = proto::DeclareResultRequest {
            name: name.into(),
            outcome: outcome.into(),
            ruling: ruling.into(),
            request_id: uuid(),
            ..Default::default()
        };
        Ok(self.votes.declare_result(request).await?.into_inner().vote.unwrap())
    }

    pub async fn vote(&mut self) -> Result<proto::Vote, Status> {
        let request = proto::GetVoteRequest { name: VOTE.into(), at_least_seq: 0 };
        Ok(self.votes.get_vote(request).await?.into_inner().vote.unwrap())
    }

    pub async fn tally(&mut self) -> Result<proto::TallyFrame, Status> {
        let request = proto::GetTallyRequest { vote: VOTE.into(), ..Default::default() };
        Ok(self.tallies.get_tally(request).await?.into_inner().frame.unwrap())
    }

    /// Watches the vote, with ballots if asked.
    pub async fn watch(&mut self, with_ballots: bool) -> Result<TallyWatch, Status> {
        let request = proto::WatchTallyRequest { vote: VOTE.into(), with_ballots, ..Default::default() };
        Ok(self.tallies.watch_tally(request).await?.into_inner())
    }

    /// The end of the record.
    pub async fn end(&mut self) -> u64 {
        let request = proto::ReadEntriesRequest { limit: 1, ..Default::default() };
        let mut stream = self.record.read_entries(request).await.unwrap().into_inner();
        stream.message().await.unwrap().unwrap().head_seq
    }

    /// The whole record, as it now stands.
    pub async fn entries(&mut self) -> Vec<proto::Entry> {
        let mut stream = self.record.read_entries(proto::ReadEntriesRequest::default()).await.unwrap().into_inner();
        let mut entries = Vec::new();
        while let Some(message) = stream.message().await.unwrap() {
            for stored in message.entries {
                match stored.content {
                    Some(proto::stored_entry::Content::Entry(entry)) => entries.push(entry),
                    other => panic!("not a decoded entry: {other:?}"),
                }
            }
        }
        entries
    }
}

/// The next frame of a watch; progress in between is passed over. None at the end.
pub async fn frame(stream: &mut TallyWatch) -> Result<Option<proto::TallyFrame>, Status> {
    loop {
        match stream.message().await? {
            None => return Ok(None),
            Some(message) => {
                if let Some(proto::watch_tally_response::Message::Frame(frame)) = message.message {
                    return Ok(Some(frame));
                }
            }
        }
    }
}

/// Heads as `yes-no-abstain-present-not voting`.
pub fn heads(tally: Option<&proto::Tally>) -> String {
    let counts = tally.and_then(|tally| tally.heads).unwrap();
    let proto::Counts { yes, no, abstain, present, not_voting, .. } = counts;
    format!("{yes}-{no}-{abstain}-{present}-{not_voting}")
}

/// What a test expects of a refusal.
pub trait Expect {
    /// Asserts the code and the reason; returns the status for more.
    fn refused(self, code: Code, reason: &str) -> Status;
}

impl<T: std::fmt::Debug> Expect for Result<T, Status> {
    #[track_caller]
    fn refused(self, code: Code, reason: &str) -> Status {
        let status = self.expect_err("a refusal");
        let info = status.get_details_error_info().unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
        assert_eq!(
            (status.code(), info.reason.as_str(), info.domain.as_str()),
            (code, reason, "rollcall"),
            "{status:?}"
        );
        status
    }
}
