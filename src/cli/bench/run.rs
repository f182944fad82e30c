//! The measures one after another, each by turns on both sides, until all are taken or a signal comes.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Args;
use super::commit::Disk;
use super::figures::{Figures, Window};
use super::frames::{self, Delays};
use super::load::{self, Ballots};
use super::measure::{Load, Measure};
use super::process::Process;
use super::report::{self, Line, time};
use super::scratch::Scratch;
use super::side::{MEMBERS, Side};
use super::{growth, overload, start, watchers};
use crate::cli::client::Failure;
use crate::cli::serve::Signals;
use crate::cli::show;

/// Both sides of a measure take this many turns, so that a busy moment of the machine meets both.
pub const TURNS: u32 = 3;

/// Connections that the load is spread over.
pub const CONNECTIONS: usize = 4;

/// Measures, and prints what was measured, all of it or what was until a signal came.
pub async fn run(args: Args) -> Result<(), Failure> {
    let mut signals = Signals::heard().map_err(|e| Failure::Failed(e.to_string()))?;
    let measures = args.measures();
    let mut lines = Vec::new();
    let stopped = tokio::select! {
        measured = measure_all(&args, &measures, &mut lines) => measured.map(|()| false),
        () = signals.told() => Ok(true),
    };
    if !args.json && !lines.is_empty() {
        show::lines(&[machine(), String::new()])?;
        report::print(&lines)?;
    }
    if stopped? {
        return Err(Failure::Failed(format!("stopped after {} of {} measures", lines.len(), measures.len())));
    }
    Ok(())
}

async fn measure_all(args: &Args, measures: &[&'static Measure], lines: &mut Vec<Line>) -> Result<(), Failure> {
    let scratch = Scratch::within(&args.data)?;
    let sides = if measures.iter().any(|measure| measure.needs_servers()) {
        Some(sides(args.server.as_deref(), &scratch).await?)
    } else {
        None
    };
    let (turn, sizes) = (args.seconds / TURNS, args.sizes());
    let mut filled = None;
    let bar = Progress::new(measures.len());
    for measure in measures {
        bar.show(measure);
        let line = match (measure.load, &sides) {
            (Load::Commits(entries), _) => commits(measure, entries, turn, &scratch).await?,
            (Load::WatcherMemory, _) => {
                watchers::memory(measure, turn, &new_sides(&scratch, measure.name).await?, sizes).await?
            }
            (Load::Growth(grown), _) => growth::ballots(measure, grown, turn, &scratch, sizes, &mut filled).await?,
            (Load::Start { anew }, _) => start::starts(measure, anew, &scratch, sizes, &mut filled).await?,
            (Load::Frames, Some(sides)) => delays(measure, turn, sides).await?,
            (Load::Watchers, Some(sides)) => watchers::frames(measure, turn, sides, sizes).await?,
            (Load::Stuck, Some([_, server])) => watchers::stuck(measure, turn, server, sizes).await?,
            (Load::Overload, Some([_, server])) => overload::ballots(measure, turn, server).await?,
            (_, Some(sides)) => loads(measure, turn, sides).await?,
            (_, None) => continue,
        };
        if args.json {
            line.print_json()?;
        }
        lines.push(line);
    }
    Ok(())
}

/// The minimal service, and a server: the one that was named, or one of our own.
async fn sides(server: Option<&str>, scratch: &Scratch) -> Result<[Side; 2], Failure> {
    let Some(server) = server else { return new_sides(scratch, "served").await };
    let baseline = Side::baseline(started(Process::minimal).await?).await?;
    Ok([baseline, Side::result(server.to_owned(), None).await?])
}

/// The minimal service and a server, both new.
async fn new_sides(scratch: &Scratch, name: &str) -> Result<[Side; 2], Failure> {
    let data = scratch.join(name);
    let process = started(move || Process::serve(&data)).await?;
    let result = Side::own(process, MEMBERS).await?;
    Ok([Side::baseline(started(Process::minimal).await?).await?, result])
}

/// Does what blocks.
pub async fn started<T: Send + 'static>(
    start: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(start).await.map_err(|e| Failure::Failed(e.to_string()))?
}

async fn commits(
    measure: &'static Measure,
    entries: usize,
    turn: Duration,
    scratch: &Scratch,
) -> Result<Line, Failure> {
    let folder = scratch.join(measure.name);
    let mut disk = started(move || Disk::open(&folder)).await?;
    let (baseline, result) = disk.commits(entries, Window::of(turn * TURNS)).await?;
    Ok(Line::new(measure, baseline, result))
}

async fn loads(measure: &'static Measure, turn: Duration, sides: &[Side; 2]) -> Result<Line, Failure> {
    let connections = if matches!(measure.load, Load::Singly(1)) { 1 } else { CONNECTIONS };
    let mut votes = Vec::new();
    for side in sides {
        let vote = side.open(measure.name).await?;
        let ballots = Arc::new(Ballots::new(vec![vote.name.clone()], side.members()));
        let clients = side.connect(connections).await?.into_iter().map(|clients| clients.ballots).collect::<Vec<_>>();
        votes.push((side, vote, ballots, clients, Figures::default()));
    }
    for _ in 0..TURNS {
        for (side, _, ballots, clients, figures) in &mut votes {
            let window = Window::of(turn);
            let spent = side.spent();
            let taken = match measure.load {
                Load::InBatches { size, in_flight } => {
                    load::in_batches(clients, ballots, in_flight, size, window).await?
                }
                Load::InStreams => load::in_streams(clients, ballots, window).await?,
                Load::Singly(in_flight) => load::singly(clients, ballots, in_flight, window).await?,
                _ => Figures::default(),
            };
            figures.then(taken.over(window, side.spent().since(spent)));
        }
    }
    let mut told = Vec::new();
    for (side, vote, _, _, figures) in votes {
        side.close(vote, figures.answered).await?;
        told.push(figures);
    }
    both(told).map(|(baseline, result)| Line::new(measure, baseline, result))
}

async fn delays(measure: &'static Measure, turn: Duration, sides: &[Side; 2]) -> Result<Line, Failure> {
    let mut told = Vec::new();
    for side in sides {
        let vote = side.open(measure.name).await?;
        let ballots = Ballots::new(vec![vote.name.clone()], side.members());
        let mut delays = Delays::default();
        for _ in 0..TURNS {
            delays.then(frames::delays(side, &vote, &ballots, Window::of(turn)).await?);
        }
        side.close(vote, delays.whole.answered).await?;
        told.push(delays);
    }
    let (baseline, mut result) = both(told)?;
    let whole = [0.5, 0.99].map(|part| time(result.whole.within(part).as_secs_f64()));
    let pace = time(sides[1].pace().as_secs_f64());
    let note = format!(
        "frame: with the pace, {pace} between frames of a vote, p50 {} and p99 {} from answer to frame; the rest of it is the pace",
        whole[0], whole[1]
    );
    Ok(Line::new(measure, baseline.beyond_the_pace, result.beyond_the_pace).with_note(note))
}

fn both<T>(told: Vec<T>) -> Result<(T, T), Failure> {
    let mut told = told.into_iter();
    told.next().zip(told.next()).ok_or_else(|| Failure::Failed("a side was not measured".to_owned()))
}

/// What the figures were measured on.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or(std::env::consts::ARCH, |(_, model)| model);
    let debug = if cfg!(debug_assertions) { "; a debug build, whose figures mean little" } else { "" };
    format!("{cores} cores ({model}) that client and servers share; {}{debug}", std::env::consts::OS)
}

/// What is being measured, on a terminal.
struct Progress(ProgressBar);

impl Progress {
    fn new(measures: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(measures as u64), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {pos} of {len}: {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    fn show(&self, measure: &Measure) {
        self.0.set_message(measure.what);
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
