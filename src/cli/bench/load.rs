//! The load: so many calls in flight over several connections, each counted once its answer is a receipt.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_stream::stream;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::transport::Channel;
use uuid::Uuid;

use super::figures::{Figures, Window};
use crate::cli::client::Failure;
use crate::proto::ballot_result::Result as BallotOutcome;
use crate::proto::ballot_service_client::BallotServiceClient;
use crate::proto::{self, Choice};

/// What ballots are cast by turns: each member's changes with each of its own.
const CHOICES: [Choice; 3] = [Choice::Yes, Choice::No, Choice::Abstain];

/// Ballots of one stream that wait for their answers: as many as a server of ours takes of one before it holds it up.
const UNANSWERED: usize = 2_048;

pub type Client = BallotServiceClient<Channel>;

/// Ballots in votes by turns, each a new request.
pub struct Ballots {
    votes: Vec<String>,
    members: Arc<[String]>,
    request_ids: u64,
    next: AtomicU64,
}

impl Ballots {
    /// Ballots of these members.
    pub fn new(votes: Vec<String>, members: Arc<[String]>) -> Self {
        Self { votes, members, request_ids: Uuid::new_v4().as_u64_pair().0, next: AtomicU64::new(0) }
    }

    /// The next ballot.
    pub fn next(&self) -> proto::CastBallotRequest {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (votes, members) = (self.votes.len() as u64, self.members.len() as u64);
        let choice = CHOICES[(number / votes / members % CHOICES.len() as u64) as usize];
        proto::CastBallotRequest {
            vote: self.votes[(number % votes) as usize].clone(),
            member: self.members[(number / votes % members) as usize].clone(),
            choice: choice.into(),
            request_id: Uuid::from_u64_pair(self.request_ids, number + 1).to_string(),
        }
    }
}

/// Keeps so many CastBallot calls in flight.
pub async fn singly(
    clients: &[Client],
    ballots: &Arc<Ballots>,
    in_flight: usize,
    window: Window,
) -> Result<Figures, Failure> {
    keep(clients, ballots, in_flight, window, |mut client, ballots| async move {
        let answer = client.cast_ballot(ballots.next()).await?.into_inner();
        recorded(answer.receipt)?;
        Ok(1)
    })
    .await
}

/// Keeps so many CastBallots calls of `size` ballots in flight.
pub async fn in_batches(
    clients: &[Client],
    ballots: &Arc<Ballots>,
    in_flight: usize,
    size: usize,
    window: Window,
) -> Result<Figures, Failure> {
    keep(clients, ballots, in_flight, window, move |client, ballots| async move {
        batch(client, &ballots, size).await?;
        Ok(size as u64)
    })
    .await
}

/// Casts so many ballots by one call, and returns where they stand in the record.
pub async fn batch(mut client: Client, ballots: &Ballots, size: usize) -> Result<Vec<u64>, Failure> {
    let request = proto::CastBallotsRequest { ballots: (0..size).map(|_| ballots.next()).collect() };
    let results = client.cast_ballots(request).await?.into_inner().results;
    if results.len() != size {
        return Err(Failure::Failed(format!("{} results to {size} ballots", results.len())));
    }
    results.into_iter().map(|result| Ok(accepted(Some(result))?.seq)).collect()
}

/// Keeps calls in flight by as many tasks, each of which makes the next when its last is answered.
async fn keep<F>(
    clients: &[Client],
    ballots: &Arc<Ballots>,
    in_flight: usize,
    window: Window,
    call: impl Fn(Client, Arc<Ballots>) -> F + Clone + Send + 'static,
) -> Result<Figures, Failure>
where
    F: Future<Output = Result<u64, Failure>> + Send,
{
    let mut tasks = JoinSet::new();
    for client in clients.iter().cycle().take(in_flight) {
        let (client, ballots, call) = (client.clone(), Arc::clone(ballots), call.clone());
        tasks.spawn(async move {
            let mut figures = Figures::default();
            loop {
                let sent = Instant::now();
                let answered = call(client.clone(), Arc::clone(&ballots)).await?;
                figures.answer(window, answered, sent);
                if window.is_over() {
                    return Ok(figures);
                }
            }
        });
    }
    gather(tasks).await
}

/// Sends ballots on one stream for each client, as fast as they are answered.
pub async fn in_streams(clients: &[Client], ballots: &Arc<Ballots>, window: Window) -> Result<Figures, Failure> {
    let mut tasks = JoinSet::new();
    for client in clients {
        tasks.spawn(in_a_stream(client.clone(), Arc::clone(ballots), window));
    }
    gather(tasks).await
}

async fn in_a_stream(mut client: Client, ballots: Arc<Ballots>, window: Window) -> Result<Figures, Failure> {
    let room = Arc::new(Semaphore::new(UNANSWERED));
    let (sent, mut first_sent) = mpsc::channel(UNANSWERED);
    let places = Arc::clone(&room);
    let requests = stream! {
        loop {
            let Ok(place) = places.acquire().await else { return };
            place.forget();
            if sent.send(Instant::now()).await.is_err() {
                return;
            }
            yield proto::StreamBallotsRequest { ballot: Some(ballots.next()) };
            if window.is_over() {
                return;
            }
        }
    };
    let mut answers = client.stream_ballots(requests).await?.into_inner();
    let mut figures = Figures::default();
    while let Some(answer) = answers.message().await? {
        accepted(answer.result)?;
        let Some(sent) = first_sent.recv().await else {
            return Err(Failure::Failed("an answer to no ballot".to_owned()));
        };
        figures.answer(window, 1, sent);
        room.add_permits(1);
    }
    match first_sent.recv().await {
        None => Ok(figures),
        Some(_) => Err(Failure::Failed("the stream ended before each of its ballots was answered".to_owned())),
    }
}

async fn gather(mut tasks: JoinSet<Result<Figures, Failure>>) -> Result<Figures, Failure> {
    let mut figures = Figures::default();
    while let Some(task) = tasks.join_next().await {
        figures.beside(task.map_err(|e| Failure::Failed(format!("a part of the load broke down: {e}")))??);
    }
    Ok(figures)
}

/// The receipt of a ballot that was recorded by this very request: nothing else is an answer that counts.
pub fn recorded(receipt: Option<proto::Receipt>) -> Result<proto::Receipt, Failure> {
    match receipt {
        Some(receipt) if !receipt.replayed => Ok(receipt),
        Some(_) => Err(Failure::Failed("a ballot was on record before it was cast".to_owned())),
        None => Err(Failure::Failed("a ballot was answered without a receipt".to_owned())),
    }
}

fn accepted(result: Option<proto::BallotResult>) -> Result<proto::Receipt, Failure> {
    match result.unwrap_or_default().result {
        Some(BallotOutcome::Receipt(receipt)) => recorded(Some(receipt)),
        Some(BallotOutcome::Refusal(refusal)) => {
            Err(Failure::Failed(format!("a ballot was refused: {}", refusal.message)))
        }
        None => Err(Failure::Failed("a ballot has no result".to_owned())),
    }
}
