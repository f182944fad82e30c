//! Ballots: cast, and shown.

use http::Response as Answer;
use tonic::body::Body;
use tonic::{Request, Response, Status, Streaming};

use super::{Answers, Rollcall, bodies::body_name, status, vote, votes::vote_name};
use crate::domain::limits::MAX_BATCH;
use crate::domain::{BallotName, Command, MemberId, MemberName, Receipt, Rejection, Resource, ShownBallot};
use crate::proto::ballot_result::Result as BallotOutcome;
use crate::proto::{self, ballot_service_server::BallotService};
use crate::seq::Seq;
use crate::sequencer::SubmitError;
use crate::wire::ballot::{Cast, ballot};
use crate::wire::malformed::{Fields, Malformed};
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
            let vote = vote(hall, &name.vote)?;
            let at = vote.voting.as_ref().and_then(|voting| voting.roll.position(&name.member));
            let shown = at.and_then(|at| vote.shown().ballot(at)).ok_or_else(|| not_on_roll(&name))?;
            let ballot = ballot(&name.vote, &shown);
            Ok(Response::new(proto::GetBallotResponse { ballot: Some(ballot), seq: hall.end().get() }))
        })
    }

    async fn list_ballots(
        &self,
        request: Request<proto::ListBallotsRequest>,
    ) -> Result<Response<proto::ListBallotsResponse>, Status> {
        let request = request.into_inner();
        if let Some(body) = request.parent.strip_suffix("/votes/-") {
            return self.ballots_of_member(body, &request).await;
        }
        let mut fields = Fields::default();
        let name = fields.take(vote_name("parent", &request.parent));
        let asked = (!request.member.is_empty()).then(|| member_id(&request.member));
        let only = fields.take(asked.transpose());
        let page = page(&mut fields, &request);
        let ((name, only), (page, choices)) = fields.finish(name.zip(only).zip(page))?;
        let after = usize::try_from(page.after_number()?).unwrap_or(usize::MAX);
        self.catch_up(0).await?;
        self.board.read(|hall| {
            let vote = vote(hall, &name)?;
            let ballots = vote.voting.iter().flat_map(|voting| {
                let places = match &only {
                    None => after..voting.roll.members().len(),
                    Some(member) => voting.roll.position(member).map_or(0..0, |at| at.max(after)..at + 1),
                };
                let shown = places.filter_map(|at| Some((at, vote.shown().ballot(at)?)));
                let shown = shown.filter(|(_, shown)| among(&choices, shown));
                shown.map(|(at, shown)| ((at as u64 + 1).to_be_bytes().to_vec(), ballot(&name, &shown)))
            });
            let (ballots, next_page_token) = page.take(ballots);
            Ok(Response::new(proto::ListBallotsResponse { ballots, next_page_token, seq: hall.end().get() }))
        })
    }

    type StreamBallotsStream = Answers<proto::StreamBallotsResponse>;

    async fn stream_ballots(
        &self,
        request: Request<Streaming<proto::StreamBallotsRequest>>,
    ) -> Result<Response<Self::StreamBallotsStream>, Status> {
        Ok(Response::new(self.clone().ballot_answers(request.into_inner())))
    }

    async fn withdraw_ballot(
        &self,
        request: Request<proto::WithdrawBallotRequest>,
    ) -> Result<Response<proto::WithdrawBallotResponse>, Status> {
        let receipt = self.submit(request.into_inner().try_into()?).await?;
        Ok(Response::new(proto::WithdrawBallotResponse { receipt: Some(receipt.into()) }))
    }
}

/// What is wrong with each of the ballots that were sent together, if anything is.
pub(super) struct Read(Vec<Option<Malformed>>);

impl Read {
    /// Reads ballots; returns with it the commands of those that can be read.
    pub(super) fn new(ballots: Vec<proto::CastBallotRequest>) -> (Self, Vec<Command>) {
        let mut commands = Vec::with_capacity(ballots.len());
        let mut cast = Cast::default();
        let read = ballots.into_iter().map(|ballot| cast.read(ballot).map(|command| commands.push(command)).err());
        (Self(read.collect()), commands)
    }

    /// What became of each, given what became of those that could be read.
    pub(super) fn results(self, answers: Vec<Result<Receipt, SubmitError>>) -> Vec<proto::BallotResult> {
        let mut answers = answers.into_iter();
        let result = |wrong: Option<Malformed>| match wrong {
            Some(malformed) => BallotOutcome::Refusal((&malformed).into()),
            None => match answers.next().unwrap_or(Err(SubmitError::OutcomeUnknown)) {
                Ok(receipt) => BallotOutcome::Receipt(receipt.into()),
                Err(error) => BallotOutcome::Refusal(status::refused(&error)),
            },
        };
        self.0.into_iter().map(result).map(|result| proto::BallotResult { result: Some(result) }).collect()
    }
}

impl Rollcall {
    /// The answer to a call that would cast ballots, where they find no room: to read what it sends would cost more than to refuse it.
    pub fn overloaded(&self, method: &str) -> Option<Answer<Body>> {
        let full = || self.sequencer.must_have_room().err().map(|error| status::submit(&error).into_http());
        if matches!(method, "CastBallot" | "CastBallots") { full() } else { None }
    }

    /// Casts ballots in one submission.
    async fn cast_all(&self, ballots: Vec<proto::CastBallotRequest>) -> Result<Vec<proto::BallotResult>, Status> {
        let (read, commands) = Read::new(ballots);
        let answers = if commands.is_empty() { Vec::new() } else { self.sequencer.submit(commands).await };
        match answers.first() {
            Some(Err(error @ SubmitError::Overloaded)) => Err(status::submit(error)),
            _ => Ok(read.results(answers)),
        }
    }

    /// One member's ballots in every vote of its body that it was on the roll of, in the order of the votes' creation.
    async fn ballots_of_member(
        &self,
        body: &str,
        request: &proto::ListBallotsRequest,
    ) -> Result<Response<proto::ListBallotsResponse>, Status> {
        let mut fields = Fields::default();
        let body = fields.take(body_name("parent", body));
        let member = match &*request.member {
            "" => Err(Malformed::field("member", "must be set where the parent is every vote of a body")),
            member => member_id(member),
        };
        let member = fields.take(member);
        let page = page(&mut fields, request);
        let ((body, member), (page, choices)) = fields.finish(body.zip(member).zip(page))?;
        let after = Seq::new(page.after_number()?);
        self.catch_up(0).await?;
        self.board.read(|hall| {
            let of = hall.body(&body).ok_or_else(|| status::no_such(Resource::Body(body.clone())))?;
            let ballots = hall.votes_after(Some(of), after).filter_map(|(seq, vote)| {
                let shown = vote.shown().ballot(vote.voting.as_ref()?.roll.position(&member)?)?;
                among(&choices, &shown).then(|| (seq.get().to_be_bytes().to_vec(), ballot(&vote.name, &shown)))
            });
            let (ballots, next_page_token) = page.take(ballots);
            Ok(Response::new(proto::ListBallotsResponse { ballots, next_page_token, seq: hall.end().get() }))
        })
    }
}

fn member_id(text: &str) -> Result<MemberId, Malformed> {
    text.parse::<MemberId>().map_err(|problem| Malformed::field("member", problem.to_string()))
}

/// The page that is asked for, and the choices that it is about; all where none is named.
fn page(fields: &mut Fields, request: &proto::ListBallotsRequest) -> Option<(Page, Vec<i32>)> {
    fields.known::<proto::Choice>("choices", &request.choices);
    let mut choices = request.choices.clone();
    choices.sort_unstable();
    let filter = format!("{choices:?}");
    let list = ["ballots", &request.parent, &request.member, &filter];
    Some((fields.take(Page::read(request.page_size, &request.page_token, &list))?, choices))
}

/// Whether what is told of a ballot is among these choices; all where none is named.
fn among(choices: &[i32], shown: &ShownBallot) -> bool {
    choices.is_empty() || shown.counted().is_some_and(|choice| choices.contains(&proto::Choice::from(choice).into()))
}

fn not_on_roll(name: &BallotName) -> Status {
    let member = MemberName { body: name.vote.body.clone(), member: name.member.clone() };
    status::submit(&SubmitError::Rejected(Rejection::NotOnRoll(member)))
}
