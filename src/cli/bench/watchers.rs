//! Many watchers of one vote: how many frames they are sent, what one of them takes of the server's memory, and what those who
//! read nothing take from the others.

use std::time::Duration;

use indicatif::HumanCount;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::crowd::{Crowd, Size};
use super::figures::{Figures, Spent, Window};
use super::load::{Ballots, Client, recorded};
use super::measure::{Measure, Sizes};
use super::report::{Line, bytes};
use super::run::TURNS;
use super::side::Side;
use crate::cli::client::Failure;

/// A ballot comes this often: as often as a server of ours shows a vote, so that each has its frame.
const BALLOTS: Duration = Duration::from_millis(50);

/// The frames of both sides may differ so much in size.
const ALIKE: f64 = 0.1;

/// One who reads nothing among so many.
const STUCK_AMONG: usize = 10;

/// What was sent to a crowd within a window.
struct Sent {
    frames: Figures,
    frame_bytes: f64,
    /// The server's memory before the crowd came, and while it was there.
    memory: Option<(u64, u64)>,
}

/// Frames a second, of all watchers together.
pub async fn frames(
    measure: &'static Measure,
    turn: Duration,
    sides: &[Side; 2],
    sizes: Sizes,
) -> Result<Line, Failure> {
    let size = Size { reading: sizes.watchers, stuck: 0 };
    let mut told = [Figures::default(), Figures::default()];
    let mut frame_bytes = [0.0; 2];
    for number in 0..TURNS {
        for (at, side) in sides.iter().enumerate() {
            let sent = watched(measure, number, turn, side, size).await?;
            frame_bytes[at] = sent.frame_bytes;
            told[at].then(sent.frames);
        }
    }
    alike(frame_bytes)?;
    let note = format!(
        "watchers: a frame of the baseline takes {:.0} bytes, of the result {:.0}; a ballot every {} ms",
        frame_bytes[0],
        frame_bytes[1],
        BALLOTS.as_millis()
    );
    let [baseline, result] = told;
    let what = format!("frames to {} watchers", HumanCount(sizes.watchers as u64));
    Ok(Line::new(measure, baseline, result).with_what(what).with_note(note))
}

/// Bytes of the server's memory for one watcher, on new servers.
pub async fn memory(
    measure: &'static Measure,
    turn: Duration,
    sides: &[Side; 2],
    sizes: Sizes,
) -> Result<Line, Failure> {
    let size = Size { reading: sizes.watchers, stuck: 0 };
    let mut told = Vec::new();
    for side in sides {
        let sent = watched(measure, 0, turn, side, size).await?;
        let (before, then) =
            sent.memory.ok_or_else(|| Failure::Failed("this system does not tell a process's memory".to_owned()))?;
        told.push(Figures::of_amount(then.saturating_sub(before) as f64 / sizes.watchers as f64));
    }
    let (Some(result), Some(baseline)) = (told.pop(), told.pop()) else { unreachable!("two sides") };
    let what = format!("memory of a watcher, of {}", HumanCount(sizes.watchers as u64));
    Ok(Line::new(measure, baseline, result).with_what(what))
}

/// Frames a second of those who read: without others beside them, and with others who read nothing.
pub async fn stuck(measure: &'static Measure, turn: Duration, server: &Side, sizes: Sizes) -> Result<Line, Failure> {
    let stuck = sizes.watchers / STUCK_AMONG;
    let reading = sizes.watchers - stuck;
    let mut told = [Figures::default(), Figures::default()];
    let mut memory = [None; 2];
    for number in 0..TURNS {
        for (at, stuck) in [0, stuck].into_iter().enumerate() {
            let sent = watched(measure, 2 * number + at as u32, turn, server, Size { reading, stuck }).await?;
            told[at].then(sent.frames);
            memory[at] = sent.memory.map(|(_, then)| then);
        }
    }
    let [baseline, result] = told;
    let what = format!(
        "frames to {} watchers beside {} who read nothing",
        HumanCount(reading as u64),
        HumanCount(stuck as u64)
    );
    let line = Line::new(measure, baseline, result).with_what(what);
    let [Some(without), Some(with)] = memory else { return Ok(line) };
    Ok(line.with_note(format!(
        "stuck: the server took {} with those who read alone, {} with the others",
        bytes(without as f64),
        bytes(with as f64)
    )))
}

/// Lets a crowd watch a vote while ballots come, and closes it.
async fn watched(measure: &Measure, number: u32, turn: Duration, side: &Side, size: Size) -> Result<Sent, Failure> {
    let vote = side.open(&format!("{}-{number}", measure.name)).await?;
    let client = side.connect(1).await?.remove(0).ballots;
    let ballots = Ballots::new(vec![vote.name.clone()], side.members());
    let first = recorded(client.clone().cast_ballot(ballots.next()).await?.into_inner().receipt)?;
    let empty = side.memory();
    let mut crowd = Crowd::gather(side.server(), &vote.name, size).await?;
    let (window, spent, before) = (Window::of(turn), side.spent(), crowd.frames());
    let counted = async {
        window.begins().await;
        let before = crowd.frames();
        window.ends().await;
        Figures::of_count(crowd.frames() - before).over(window, Spent::default())
    };
    let (mut frames, cast) = tokio::join!(counted, cast(client, &ballots, window));
    let (count, newest) = cast?;
    crowd.all_have(newest.max(first.revision)).await?;
    frames.whole(crowd.frames() - before, side.spent().since(spent));
    let memory = empty.zip(side.memory());
    let frame_bytes = crowd.bytes() as f64 / crowd.frames() as f64;
    drop(crowd);
    side.close(vote, count + 1).await?;
    Ok(Sent { frames, frame_bytes, memory })
}

/// Casts ballots at a steady pace, whether or not those before are answered; returns how many, and the newest revision.
async fn cast(client: Client, ballots: &Ballots, window: Window) -> Result<(u64, u64), Failure> {
    let mut pace = tokio::time::interval(BALLOTS);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut calls = JoinSet::new();
    while !window.is_over() {
        pace.tick().await;
        let (mut client, ballot) = (client.clone(), ballots.next());
        calls.spawn(async move { recorded(client.cast_ballot(ballot).await?.into_inner().receipt) });
    }
    let (mut count, mut newest) = (0, 0);
    while let Some(call) = calls.join_next().await {
        let receipt = call.map_err(|e| Failure::Failed(format!("a part of the load broke down: {e}")))??;
        count += 1;
        newest = receipt.revision.max(newest);
    }
    Ok((count, newest))
}

/// Frames of different sizes could not be compared.
fn alike([baseline, result]: [f64; 2]) -> Result<(), Failure> {
    if (result / baseline - 1.0).abs() <= ALIKE {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "a frame of the baseline takes {baseline:.0} bytes, and one of the server {result:.0}"
    )))
}
