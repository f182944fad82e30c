//! Ballots: cast, and shown.

use tonic::{Request, Response, Status, Streaming};

use super::{Answers, Rollcall, not_yet, status, vote, votes::vote_name};
use crate::domain::limits::MAX_BATCH;
use crate::domain::{BallotName, Command, MemberId, MemberName, Rejection};
use crate::proto::ballot_result::Result as BallotOutcome;
use crate::proto::{self, ballot_service_server::BallotService};
use crate::sequencer::SubmitError;
use crate::wire::ballot::ballot;
use crate::wire::malformed::Malformed;
use crate::wire::page::Page;

#[tonic::async_trait]
impl BallotService for Rollcall {
    async fn cast_ballot(
        &self,
        request: Request<proto::CastBallotRequest>,
    ) -> Result<Response<proto::CastBallotResponse>, Status> {
        let receipt = self.submit(request.into_inner().try_into()?).await?;
        Ok(Response::new(proto::CastBallotResponse { receipt: Some(receipt.into()) }))
    }

    async fn cast_ballots(
        &self,
        request: Request<proto::CastBallotsRequest>,
    ) -> Result<Response<proto::CastBallotsResponse>, Status> {
        let ballots = request.into_inner().ballots;
        if !(1..=MAX_BATCH).contains(&ballots.len()) {
            let problem = format!("must be 1 to {MAX_BATCH}; these are {}", ballots.len());
            return Err(Malformed::field("ballots", problem).into());
        }
        let results = self.cast_all(ballots).await?;
        Ok(Response::new(proto::CastBallotsResponse { results }))
    }

    async fn get_ballot(
        &self,
        request: Request<proto::GetBallotRequest>,
    ) -> Result<Response<proto::GetBallotResponse>, Status> {
        let name = request.get_ref().name.parse::<BallotName>();
        let name = name.map_err(|problem| Malformed::field("name", problem.to_string()))?;
        self.catch_up(0).await?;
        self.board.read(|hall| {
            let voting = vote(hall, &name.vote)?.voting.as_ref();
            let at = voting.and_then(|voting| Some((voting, voting.roll.position(&name.member)?)));
            let (voting, at) = at.ok_or_else(|| not_on_roll(&name))?;
            let ballot = ballot(&name.vote, &voting.roll.members()[at], voting.stands[at].as_ref());
            Ok(Response::new(proto::GetBallotResponse { ballot: Some(ballot), seq: hall.end().get() }))
        })
    }

    async fn list_ballots(
        &self,
        request: Request<proto::ListBallotsRequest>,
    ) -> Result<Response<proto::ListBallotsResponse>, Status> {
        let request = request.into_inner();
        if request.parent.ends_with("/votes/-") {
            return Err(not_yet("ListBallots of one member across votes"));
        }
        let name = vote_name("parent", &request.parent)?;
        let only = (!request.member.is_empty()).then(|| request.member.parse::<MemberId>()).transpose();
        let only = only.map_err(|problem| Malformed::field("member", problem.to_string()))?;
        let mut choices = request.choices.clone();
        choices.sort_unstable();
        let filter = format!("{choices:?}");
        let list = ["ballots", &request.parent, &request.member, &filter];
        let page = Page::read(request.page_size, &request.page_token, &list)?;
        let after = usize::try_from(page.after_number()?).unwrap_or(usize::MAX);
        self.catch_up(0).await?;
        self.board.read(|hall| {
            let seats = vote(hall, &name)?.voting.iter().flat_map(|voting| voting.seats()).enumerate().skip(after);
            let seats = seats.filter(|(_, (member, _))| only.as_ref().is_none_or(|only| *only == member.id));
            let ballots = seats.map(|(at, (member, stand))| {
                let place = (at as u64 + 1).to_be_bytes().to_vec();
                (place, ballot(&name, member, stand))
            });
            let ballots = ballots.filter(|(_, ballot)| choices.is_empty() || choices.contains(&ballot.choice));
            let (ballots, next_page_token) = page.take(ballots);
            Ok(Response::new(proto::ListBallotsResponse { ballots, next_page_token, seq: hall.end().get() }))
        })
    }

    type StreamBallotsStream = Answers<proto::StreamBallotsResponse>;

    async fn stream_ballots(
        &self,
        _: Request<Streaming<proto::StreamBallotsRequest>>,
    ) -> Result<Response<Self::StreamBallotsStream>, Status> {
        Err(not_yet("StreamBallots"))
    }

    async fn withdraw_ballot(
        &self,
        _: Request<proto::WithdrawBallotRequest>,
    ) -> Result<Response<proto::WithdrawBallotResponse>, Status> {
        Err(not_yet("WithdrawBallot"))
    }
}

impl Rollcall {
    /// Casts ballots in one submission; those that cannot be read are refused in their places.
    async fn cast_all(&self, ballots: Vec<proto::CastBallotRequest>) -> Result<Vec<proto::BallotResult>, Status> {
        let read: Vec<Result<Command, Malformed>> = ballots.into_iter().map(TryInto::try_into).collect();
        let commands: Vec<Command> = read.iter().filter_map(|one| one.as_ref().ok().cloned()).collect();
        let mut results =
            if commands.is_empty() { Vec::new() } else { self.sequencer.submit(commands).await }.into_iter();
        if let Some(Err(error @ SubmitError::Overloaded)) = results.as_slice().first() {
            return Err(status::submit(error));
        }
        let outcome = |one: Result<Command, Malformed>| match one {
            Err(malformed) => BallotOutcome::Refusal((&malformed).into()),
            Ok(_) => match results.next().unwrap_or(Err(SubmitError::OutcomeUnknown)) {
                Ok(receipt) => BallotOutcome::Receipt(receipt.into()),
                Err(error) => BallotOutcome::Refusal(status::refused(&error)),
            },
        };
        Ok(read.into_iter().map(outcome).map(|result| proto::BallotResult { result: Some(result) }).collect())
    }
}

fn not_on_roll(name: &BallotName) -> Status {
    let member = MemberName { body: name.vote.body.clone(), member: name.member.clone() };
    status::submit(&SubmitError::Rejected(Rejection::NotOnRoll(member)))
}
