//! Processes of this same program: one that serves, one that is the baseline. They end with what holds them.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::cli::client::Failure;

/// How Linux counts the time of processes, whatever its own clock does.
const TICKS_PER_SECOND: u64 = 100;

/// What the environment could say otherwise of a server.
const TWINS: [&str; 5] = ["ROLLCALL_LISTEN", "ROLLCALL_DATA", "ROLLCALL_LOG", "ROLLCALL_SERVER", "RUST_LOG"];

/// A running process, killed when it goes out of scope: what it holds was made for the measurement.
pub struct Process {
    child: Child,
    /// Read no further, but kept: a server that writes to nobody would be another case.
    _said: Lines<BufReader<ChildStdout>>,
    /// Where it serves.
    pub address: String,
}

impl Process {
    /// `rollcall serve` over a new record.
    pub fn serve(data: &Path) -> Result<Self, Failure> {
        Self::start(rollcall()?.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data))
    }

    /// The minimal service.
    pub fn minimal() -> Result<Self, Failure> {
        Self::start(rollcall()?.args(["bench", "minimal"]))
    }

    /// Starts it, and waits until it says where it serves. Blocks.
    fn start(command: &mut Command) -> Result<Self, Failure> {
        // The minimal service ends with its standard input, so that it does not outlive a parent that was killed.
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|e| Failure::Failed(format!("a server cannot be started: {e}")))?;
        let mut said = BufReader::new(child.stdout.take().ok_or_else(silent)?).lines();
        while let Some(Ok(line)) = said.next() {
            if let Some((_, rest)) = line.split_once(" serves on ") {
                let address = rest.split(';').next().unwrap_or_default().to_owned();
                return Ok(Self { child, _said: said, address });
            }
        }
        let _ = child.wait();
        Err(silent())
    }

    /// The time that it has spent computing; none where the system does not say.
    pub fn cpu(&self) -> Option<Duration> {
        cpu(&self.child.id().to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The time that this process has spent computing; none where the system does not say.
pub fn own_cpu() -> Option<Duration> {
    cpu("self")
}

fn rollcall() -> Result<Command, Failure> {
    let program = std::env::current_exe();
    let mut command = Command::new(program.map_err(|e| Failure::Failed(format!("this program cannot be found: {e}")))?);
    for twin in TWINS {
        command.env_remove(twin);
    }
    Ok(command)
}

fn silent() -> Failure {
    Failure::Failed("a server of our own did not come to serve".to_owned())
}

/// The user's and the system's time of a process.
fn cpu(process: &str) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of the program stands in brackets and may hold anything; the state follows it, and ten numbers.
    let mut after_name = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || after_name.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks()? + ticks()?) * 1_000 / TICKS_PER_SECOND))
}
