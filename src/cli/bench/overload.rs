//! More ballots than can be taken: first as many as are answered, then twice as many whether or not they are answered.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use indicatif::HumanCount;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tonic_types::StatusExt as _;

use super::figures::{Figures, Window};
use super::load::{self, Ballots, Client};
use super::measure::Measure;
use super::report::Line;
use super::run::{CONNECTIONS, TURNS};
use super::side::Side;
use crate::cli::client::Failure;

/// Ballots in a call. Single ones cost this machine's load more than the server, which then never has too many.
const SIZE: usize = 100;

/// Calls in flight where each waits for an answer: enough to keep the writer busy, and a fifth of what its inbox holds.
const IN_FLIGHT: usize = 32;

/// Calls in flight at most where none waits: ten times what the inbox holds.
const MAX_IN_FLIGHT: usize = 1_640;

/// Times as many as are answered.
const TIMES: f64 = 2.0;

/// Calls are made this often.
const TICK: Duration = Duration::from_millis(2);

/// What became of the calls that did not wait.
#[derive(Default)]
struct Offered {
    figures: Figures,
    /// Where the ballots stand that were answered.
    places: Vec<u64>,
    /// Ballots that were sent, and those that were refused.
    sent: u64,
    refused: u64,
    time: Duration,
}

/// Ballots answered a second: by turns as many as can be, and of twice as many.
pub async fn ballots(measure: &'static Measure, turn: Duration, server: &Side) -> Result<Line, Failure> {
    let vote = server.open(measure.name).await?;
    let apart = server.apart();
    let ballots = Arc::new(Ballots::new(vec![vote.name.clone()], server.members()));
    let clients: Vec<_> = server.connect(CONNECTIONS).await?.into_iter().map(|clients| clients.ballots).collect();
    let (mut capacity, mut offered) = (Figures::default(), Offered::default());
    for _ in 0..TURNS {
        let (window, spent) = (Window::of(turn), server.spent());
        let taken = load::in_batches(&clients, &ballots, IN_FLIGHT, SIZE, window).await?;
        let taken = taken.over(window, server.spent().since(spent));
        let rate = TIMES * taken.rate();
        capacity.then(taken);
        let (window, spent) = (Window::of(turn), server.spent());
        let mut later = offer(&clients, &ballots, rate, window).await?;
        let figures = std::mem::take(&mut later.figures).over(window, server.spent().since(spent));
        offered.then(Offered { figures, ..later });
    }
    let cores = if apart.is_some() { "the server has one core, the load the others" } else { "both share the cores" };
    drop(apart);
    let on_record: HashSet<u64> =
        server.close(vote, capacity.answered + offered.figures.answered).await?.into_iter().collect();
    if let Some(place) = offered.places.iter().find(|place| !on_record.contains(place)) {
        return Err(Failure::Failed(format!("a ballot was answered, and does not stand at {place}")));
    }
    let a_second = |count: u64| HumanCount((count as f64 / offered.time.as_secs_f64()) as u64);
    let note = format!(
        "overload: {}/s were offered, {:.1} times what is taken, and {}/s refused with a time to try again; none of those is on record; {cores}",
        a_second(offered.sent),
        offered.sent as f64 / offered.time.as_secs_f64() / capacity.rate(),
        a_second(offered.refused)
    );
    let what = format!("CastBallots of {SIZE}, twice as many as are taken");
    Ok(Line::new(measure, capacity, offered.figures).with_what(what).with_note(note))
}

impl Offered {
    fn then(&mut self, later: Self) {
        self.figures.then(later.figures);
        self.places.extend(later.places);
        self.sent += later.sent;
        self.refused += later.refused;
        self.time += later.time;
    }
}

/// Offers so many ballots a second until the window is over, and waits for what becomes of them.
async fn offer(clients: &[Client], ballots: &Arc<Ballots>, rate: f64, window: Window) -> Result<Offered, Failure> {
    let mut offered = Offered::default();
    let mut calls = JoinSet::new();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let began = Instant::now();
    let mut clients = clients.iter().cycle();
    while !window.is_over() {
        ticks.tick().await;
        let due = (began.elapsed().as_secs_f64() * rate) as u64;
        while offered.sent < due && calls.len() < MAX_IN_FLIGHT {
            let (Some(client), ballots) = (clients.next().cloned(), Arc::clone(ballots)) else { break };
            calls.spawn(async move { (Instant::now(), load::batch(client, &ballots, SIZE).await) });
            offered.sent += SIZE as u64;
        }
        while let Some(call) = calls.try_join_next() {
            offered.note(call, window)?;
        }
    }
    offered.time = began.elapsed();
    while let Some(call) = calls.join_next().await {
        offered.note(call, window)?;
    }
    Ok(offered)
}

type Call = Result<(Instant, Result<Vec<u64>, Failure>), tokio::task::JoinError>;

impl Offered {
    fn note(&mut self, call: Call, window: Window) -> Result<(), Failure> {
        match call.map_err(|e| Failure::Failed(format!("a part of the load broke down: {e}")))? {
            (sent, Ok(places)) => {
                self.figures.answer(window, places.len() as u64, sent);
                self.places.extend(places);
            }
            (_, Err(Failure::Status(status))) if is_overloaded(&status) => self.refused += SIZE as u64,
            (_, Err(failure)) => return Err(failure),
        }
        Ok(())
    }
}

/// Whether a call was refused as one too many, with a time to try again.
fn is_overloaded(status: &tonic::Status) -> bool {
    let details = status.get_error_details();
    let reason = details.error_info().is_some_and(|info| info.reason == "OVERLOADED");
    reason && details.retry_info().is_some_and(|retry| retry.retry_delay.is_some())
}
