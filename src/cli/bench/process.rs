//! Processes of this same program: one that serves, one that is the baseline. They end with what holds them.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Lines, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};
use std::time::Duration;

use clap::{Args, FromArgMatches};

use super::apart::Apart;
use crate::cli::client::Failure;
use crate::cli::serve::Serve;

/// How Linux counts the time of processes, whatever its own clock does.
const TICKS_PER_SECOND: u64 = 100;

/// What the environment could say otherwise of a server.
const TWINS: [&str; 5] = ["ROLLCALL_LISTEN", "ROLLCALL_DATA", "ROLLCALL_LOG", "ROLLCALL_SERVER", "RUST_LOG"];

/// A running process, killed when it goes out of scope: what it holds was made for the measurement.
pub struct Process {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    /// Where it serves.
    pub address: String,
}

impl Process {
    /// A server over this record; a new one where there is none.
    pub fn serve(data: &Path) -> Result<Self, Failure> {
        Self::start(rollcall()?.args(["bench", "server"]).arg(data))
    }

    /// The minimal service.
    pub fn minimal() -> Result<Self, Failure> {
        Self::start(rollcall()?.args(["bench", "minimal"]))
    }

    /// Starts it, and waits until it says where it serves. Blocks.
    fn start(command: &mut Command) -> Result<Self, Failure> {
        // It ends with its standard input, so that it does not outlive a parent that was killed.
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|e| Failure::Failed(format!("a server cannot be started: {e}")))?;
        let mut said = BufReader::new(child.stdout.take().ok_or_else(silent)?).lines();
        while let Some(Ok(line)) = said.next() {
            if let Some((_, rest)) = line.split_once(" serves on ") {
                let address = rest.split(';').next().unwrap_or_default().to_owned();
                return Ok(Self { child, said, address });
            }
        }
        let _ = child.wait();
        Err(silent())
    }

    /// The time that it has spent computing; none where the system does not say.
    pub fn cpu(&self) -> Option<Duration> {
        cpu(&self.child.id().to_string())
    }

    /// Gives it a core of its own; none where the system does not.
    pub fn apart(&self) -> Option<Apart> {
        Apart::of(self.child.id())
    }

    /// The memory that it has for itself, in bytes; none where the system does not say.
    pub fn memory(&self) -> Option<u64> {
        let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id())).ok()?;
        let kib = rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB"))?;
        Some(kib.parse::<u64>().ok()? << 10)
    }

    /// How many entries its record has, as it says in its greeting. Blocks.
    pub fn entries(&mut self) -> Result<u64, Failure> {
        let line = self.said.next().and_then(Result::ok).unwrap_or_default();
        let count = line.rsplit_once(" holds ").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
        count.ok_or_else(|| Failure::Failed(format!("a server said {line:?} of its record")))
    }

    /// Tells it to stop, and waits until it has. Blocks.
    pub fn stop(mut self) -> Result<(), Failure> {
        let failed = |e: &dyn std::fmt::Display| Failure::Failed(format!("a server cannot be stopped: {e}"));
        #[cfg(unix)]
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::TERM)
            .map_err(|e| failed(&e))?;
        #[cfg(not(unix))]
        self.child.kill().map_err(|e| failed(&e))?;
        // To wait would close its standard input, and it would end at once.
        let _held = self.child.stdin.take();
        self.child.wait().map(|_| ()).map_err(|e| failed(&e))
    }
}

/// `rollcall serve` over this record on a free port, until it is told to stop or standard input ends.
pub fn server(data: &Path) -> ExitCode {
    let command = Serve::augment_args(clap::Command::new("serve"));
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data"].map(OsStr::new);
    let given = command.get_matches_from(arguments.into_iter().chain([data.as_os_str()]));
    let serve = Serve::from_arg_matches(&given).unwrap_or_else(|error| error.exit());
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(1);
    });
    serve.run(&given)
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
