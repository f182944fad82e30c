//! `rollcall bench`: measures a server on this machine, beside a baseline that does the least there is to do.

mod apart;
mod commit;
mod crowd;
mod figures;
mod frames;
mod growth;
mod http2;
mod load;
mod measure;
mod minimal;
mod overload;
mod process;
mod report;
mod run;
mod scratch;
mod shown;
mod side;
mod start;
mod watchers;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use self::measure::{MEASURES, Measure, Sizes};
use super::client;

/// Measure a server, beside a baseline.
#[derive(clap::Args)]
#[command(
    disable_help_subcommand = true,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  rollcall bench                                    all but the long ones
  rollcall bench --only cast-256 --only stream      two of its measures
  rollcall bench --server 127.0.0.1:50051 --json    a server that runs
  rollcall bench --only start --entries 1000000     how fast it starts

Measures: commit-1, commit-16, commit-128, cast-1, cast-64, cast-256, cast-1024, batch-100, stream, frame, watchers, \
watchers-memory, stuck, overload, growth-votes, growth-members; and the long ones, taken only where they are named: \
start, start-anew, growth-entries. They write a record of --entries first, in commits of 16, which takes minutes.

The baseline of a commit is a plain file, written and synced in the same folder. That of calls and watches is a minimal service \
with the same requests and answers, which records nothing and answers at once. That of `stuck` is the same server without those \
who read nothing; of `overload`, the most ballots that it takes; of `growth`, a server with one vote, a body of 10, or an empty \
record; of `start`, the record's files read once. Baseline and result are measured by turns, since client and servers share this \
machine: compare ratios, and figures of one run only. After each measure the record is read, and must hold just what was answered.

Exit codes: 0 all was measured, whether or not the aims are met; 1 something was refused or failed, or it was stopped; \
2 wrong usage; 69 the server was not reached."
)]
pub struct Args {
    #[command(subcommand)]
    part: Option<Part>,

    /// Measure the server that listens there, in place of one of our own, but for memory, growth and start. It keeps a body, a vote for each measure and every
    /// ballot, some millions, for ever
    // Not by ROLLCALL_SERVER: nobody is to fill a record by mistake.
    #[arg(long, value_name = "ADDRESS")]
    server: Option<String>,

    /// How many watch, in `watchers` and `stuck`
    #[arg(long, default_value = "10000", value_name = "N", value_parser = clap::value_parser!(u32).range(10..=60_000))]
    watchers: u32,

    /// How many votes are open in `growth-votes`
    #[arg(long, default_value = "10000", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    votes: u32,

    /// How many members the large body of `growth-members` has
    #[arg(long, default_value = "20000", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    members: u32,

    /// How many entries the record of `growth-entries` and `start` has
    #[arg(long, default_value = "5000000", value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    entries: u64,

    /// The folder on whose disk is measured; what is made in it is removed at the end
    #[arg(long, default_value = ".", value_name = "DIR")]
    data: PathBuf,

    /// How long each side of each measure takes, its warm-up aside
    #[arg(long, default_value = "3", value_name = "SECONDS", value_parser = seconds)]
    seconds: Duration,

    /// Only this measure, or by `commit`, `cast` or `growth` all of that kind; can be given several times
    #[arg(long, value_name = "NAME", value_parser = known)]
    only: Vec<String>,

    /// Print a line of JSON for each measure once it is taken
    #[arg(long)]
    json: bool,
}

/// What the benchmark runs beside itself.
#[derive(clap::Subcommand)]
enum Part {
    /// Serve the baseline until standard input ends
    #[command(hide = true)]
    Minimal,
    /// Serve a record until standard input ends
    #[command(hide = true)]
    Server {
        /// The record
        data: PathBuf,
    },
}

impl Args {
    /// Runs the command.
    pub fn run(self) -> ExitCode {
        // As many threads as a server has.
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        match self.part {
            Some(Part::Minimal) => client::run_on(&mut runtime, minimal::serve()),
            Some(Part::Server { data }) => process::server(&data),
            None => client::run_on(&mut runtime, run::run(self)),
        }
    }

    fn measures(&self) -> Vec<&'static Measure> {
        let named = |measure: &Measure| self.only.iter().any(|asked| measure.is_meant_by(asked));
        let all = |measure: &Measure| self.only.is_empty() && !measure.is_long();
        MEASURES.iter().filter(|measure| all(measure) || named(measure)).collect()
    }

    fn sizes(&self) -> Sizes {
        let [watchers, votes, members] = [self.watchers, self.votes, self.members].map(|size| size as usize);
        Sizes { watchers, votes, members, entries: self.entries }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.01..=3_600.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("must be a number from 0.01 to 3600".to_owned()),
    }
}

fn known(name: &str) -> Result<String, String> {
    if MEASURES.iter().any(|measure| measure.is_meant_by(name)) {
        return Ok(name.to_owned());
    }
    let names: Vec<_> = MEASURES.iter().map(|measure| measure.name).collect();
    Err(format!("there are {}", names.join(", ")))
}
