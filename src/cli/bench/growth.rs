//! What a ballot costs where much has grown: votes that are open, members of the body, entries on record.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::HumanCount;

use super::figures::{Figures, Window};
use super::load::{self, Ballots};
use super::measure::{Growth, Measure, Sizes};
use super::process::Process;
use super::report::{Line, time};
use super::run::{CONNECTIONS, TURNS, started};
use super::scratch::Scratch;
use super::side::{MEMBERS, Side};
use crate::cli::client::Failure;

/// A body that is small.
const FEW: usize = 10;

/// Ballots in a call, and calls in flight.
const SIZE: usize = 100;
const IN_FLIGHT: usize = 32;

/// Ballots in a commit of the record that is written beforehand: one call of so many at a time.
const COMMIT: u64 = 16;

/// Ballots in each vote of that record, at most: a large assembly's, changed a few times.
const BALLOTS_A_VOTE: u64 = 50_000;

/// A record of many entries, written beforehand.
pub struct Filled {
    pub data: PathBuf,
    pub entries: u64,
    /// How long that took.
    pub took: Duration,
}

/// A server of its own, and how much it has.
struct Grown {
    data: PathBuf,
    votes: usize,
    members: usize,
}

/// Ballots a second by turns on two servers: one where little is, and one where much has grown.
pub async fn ballots(
    measure: &'static Measure,
    growth: Growth,
    turn: Duration,
    scratch: &Scratch,
    sizes: Sizes,
    filled: &mut Option<Filled>,
) -> Result<Line, Failure> {
    let small = Grown { data: scratch.join(&format!("{}-small", measure.name)), votes: 1, members: MEMBERS };
    let data = scratch.join(measure.name);
    let (small, large, what) = match growth {
        Growth::Votes => (
            small,
            Grown { data, votes: sizes.votes, members: MEMBERS },
            format!("1 and {} votes open", HumanCount(sizes.votes as u64)),
        ),
        Growth::Members => (
            Grown { members: FEW, ..small },
            Grown { data, votes: 1, members: sizes.members },
            format!("{FEW} and {} members", HumanCount(sizes.members as u64)),
        ),
        Growth::Entries => {
            let filled = Filled::once(filled, scratch, sizes.entries).await?;
            (
                small,
                Grown { data: filled.data.clone(), votes: 1, members: MEMBERS },
                format!("none and {} entries before", HumanCount(filled.entries)),
            )
        }
    };
    let mut sides = Vec::new();
    for Grown { data, votes, members } in [small, large] {
        let side = Side::own(started(move || Process::serve(&data)).await?, members).await?;
        let votes = side.open_many(votes).await?;
        let names = votes.iter().map(|vote| vote.name.clone()).collect();
        let ballots = Arc::new(Ballots::new(names, side.members()));
        let clients: Vec<_> = side.connect(CONNECTIONS).await?.into_iter().map(|clients| clients.ballots).collect();
        sides.push((side, votes, ballots, clients, Figures::default()));
    }
    for _ in 0..TURNS {
        for (side, _, ballots, clients, figures) in &mut sides {
            let (window, spent) = (Window::of(turn), side.spent());
            let taken = load::in_batches(clients, ballots, IN_FLIGHT, SIZE, window).await?;
            figures.then(taken.over(window, side.spent().since(spent)));
        }
    }
    let mut told = Vec::new();
    for (side, votes, _, _, figures) in sides {
        side.holds(&votes, figures.answered).await?;
        told.push(figures);
    }
    let (Some(result), Some(baseline)) = (told.pop(), told.pop()) else { unreachable!("two sides") };
    let line = Line::new(measure, baseline, result).with_what(format!("CastBallots of {SIZE}, {what}"));
    Ok(match (growth, filled) {
        (Growth::Entries, Some(filled)) => line.with_note(format!("{}: {}", measure.name, filled.note())),
        _ => line,
    })
}

impl Filled {
    /// Writes it, where that was not done before: votes with ballots, all of them ended.
    pub async fn once<'a>(filled: &'a mut Option<Self>, scratch: &Scratch, entries: u64) -> Result<&'a Self, Failure> {
        if filled.is_none() {
            let (data, began) = (scratch.join("filled"), Instant::now());
            let to = data.clone();
            let side = Side::own(started(move || Process::serve(&to)).await?, MEMBERS).await?;
            let client = side.connect(1).await?.remove(0).ballots;
            let mut at = 0;
            for number in 1.. {
                let vote = side.open(&format!("v{number}")).await?;
                let ballots = Ballots::new(vec![vote.name.clone()], side.members());
                let mut cast = 0;
                while cast < BALLOTS_A_VOTE && at < entries {
                    let places = load::batch(client.clone(), &ballots, COMMIT as usize).await?;
                    at = places.last().copied().unwrap_or_default();
                    cast += COMMIT;
                }
                side.close(vote, cast).await?;
                if at >= entries {
                    break;
                }
            }
            started(move || side.stop()).await?;
            // The last vote's end.
            *filled = Some(Self { data, entries: at + 1, took: began.elapsed() });
        }
        filled.as_ref().ok_or_else(|| Failure::Failed("the record was not written".to_owned()))
    }

    /// What is to be said of it.
    pub fn note(&self) -> String {
        let took = time(self.took.as_secs_f64());
        format!("the record of {} entries, in commits of {COMMIT}, was written in {took}", HumanCount(self.entries))
    }
}
