//! `rollcall serve`: opens the record, listens, serves, and stops when it is told to.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args};
use http::HeaderValue;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use super::{demo, say, text};
use crate::clock::Clock;
use crate::log::{self, Location, Log};
use crate::presets::Presets;
use crate::server::{self, Config, MAX_BEHIND, Ready, ServeError};

/// The server never came to serve: what stands in its way is said on standard error.
const COULD_NOT_START: u8 = 1;
/// A part of the server broke down (`EX_SOFTWARE`).
const BROKE_DOWN: u8 = 70;
/// The record could not be read or written any more (`EX_IOERR`).
const RECORD_FAILED: u8 = 74;

/// It was told a second time to stop, as a shell counts SIGINT.
const TOLD_TWICE: u8 = 130;

/// The log is given this long to be closed.
const CLOSING: Duration = Duration::from_secs(10);

/// Serve the record over gRPC.
#[derive(Args)]
#[command(after_help = "Examples:
  rollcall serve --demo                    the founding vote, live
  rollcall serve --data /var/lib/rollcall  an empty or existing record
  rollcall serve --log memory:             nothing is kept: for trying out

Exit codes: 0 stopped when told to; 1 could not start; 2 wrong usage; 70 a part broke down; 74 the record failed; \
130 told twice to stop.

RUST_LOG sets what is logged to standard error, e.g. RUST_LOG=error.")]
pub struct Serve {
    /// Where to listen; port 0 takes a free one
    #[arg(long, env = "ROLLCALL_LISTEN", default_value = "127.0.0.1:50051", value_name = "ADDRESS")]
    listen: String,

    /// The folder that holds the record; made where it does not exist
    #[arg(long, env = "ROLLCALL_DATA", default_value = "rollcall-data", value_name = "DIR")]
    data: PathBuf,

    /// Where the record is kept, in place of --data: memory: or sled:DIR
    #[arg(long, env = "ROLLCALL_LOG", value_name = "LOCATION")]
    log: Option<Location>,

    /// Let a browser's pages of this origin call over gRPC-Web, e.g. http://localhost:8080; * lets all. May be repeated
    #[arg(long, env = "ROLLCALL_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',', value_parser = origin)]
    allow_origin: Vec<HeaderValue>,

    /// A folder with named rules of your own: its *.toml, in the form of Rollcall's rules/*.toml
    #[arg(long, env = "ROLLCALL_RULES", value_name = "DIR")]
    rules: Option<PathBuf>,

    /// Conduct two votes of 2022 as they were held: the Security Council's, then the General Assembly's
    #[arg(long)]
    demo: bool,

    /// How many times faster than life the demo goes
    #[arg(long, default_value_t = 1.0, value_name = "TIMES", value_parser = demo::speed, requires = "demo")]
    demo_speed: f64,
}

/// What a server needs before it serves.
struct Started {
    log: Arc<dyn Log>,
    presets: Presets,
    listener: TcpListener,
    signals: Signals,
}

/// How serving ended.
enum Ended {
    /// As it was told to.
    Stopped,
    /// As it was told to a second time, in the middle of stopping.
    AtOnce,
    /// Not as it was told to, or not at all.
    Failed { problem: String, code: u8 },
}

impl Ended {
    /// Says it, and gives the exit code.
    fn tell(self) -> ExitCode {
        match self {
            Ended::Stopped => {
                say::line("stopped; everything that was answered is on record");
                ExitCode::SUCCESS
            }
            Ended::AtOnce => {
                say::problem("ended at once; everything that was answered is on record");
                ExitCode::from(TOLD_TWICE)
            }
            Ended::Failed { problem, code } => {
                let mut lines = problem.lines();
                say::problem(lines.next().unwrap_or_default());
                say::details(lines);
                ExitCode::from(code)
            }
        }
    }
}

impl Serve {
    /// Serves until it is told to stop.
    pub fn run(self, given: &ArgMatches) -> ExitCode {
        let location = self.location(given);
        log_to_stderr();
        let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                say::problem(format_args!("cannot start: {error}"));
                return ExitCode::from(COULD_NOT_START);
            }
        };
        let ended = runtime.block_on(self.serve(location));
        // All that holds the log is dropped by then, which closes it.
        runtime.shutdown_timeout(if matches!(ended, Ended::AtOnce) { Duration::ZERO } else { CLOSING });
        ended.tell()
    }

    /// Where the record is kept: what the command line says, else the environment, else the default.
    fn location(&self, given: &ArgMatches) -> Location {
        let rank = |option| match given.value_source(option) {
            Some(ValueSource::CommandLine) => 2,
            Some(ValueSource::EnvVariable) => 1,
            _ => 0,
        };
        match &self.log {
            Some(_) if rank("log") == rank("data") => {
                let both = "--log and --data both say where the record is kept, and cannot be used together";
                clap::Command::new("rollcall").error(ErrorKind::ArgumentConflict, both).exit()
            }
            Some(log) if rank("log") > rank("data") => log.clone(),
            _ => Location::Sled(self.data.clone()),
        }
    }

    /// Reads the rules and takes the address first, so that wrong ones leave no folder behind, and the signals before anything
    /// that takes long.
    /// None where a signal came.
    async fn start(&self, location: &Location) -> Result<Option<Started>, String> {
        let presets = named_rules(self.rules.as_deref())?;
        let listener = TcpListener::bind(&self.listen).await.map_err(|error| cannot_listen(&self.listen, &error))?;
        let mut signals = Signals::heard().map_err(|error| format!("cannot start: {error}"))?;
        let location = location.clone();
        let opening = tokio::task::spawn_blocking(move || log::open(&location));
        tokio::select! {
            opened = opening => {
                let log = opened.map_err(|error| format!("cannot open the record: {error}"))?;
                let log = log.map_err(|error| error.to_string())?;
                Ok(Some(Started { log, presets, listener, signals }))
            }
            () = signals.told() => Ok(None),
        }
    }

    async fn serve(self, location: Location) -> Ended {
        let Started { log, presets, listener, mut signals } = match self.start(&location).await {
            Ok(Some(started)) => started,
            Ok(None) => return Ended::Stopped,
            Err(problem) => return Ended::Failed { problem, code: COULD_NOT_START },
        };
        let stop = CancellationToken::new();
        let (ready, started) = oneshot::channel();
        let origins = self.allow_origin.clone();
        let (clock, presets) = (Arc::new(Clock::system()), Arc::new(presets));
        let config = Config { log, clock, presets, origins, max_behind: MAX_BEHIND };
        let serving = server::run(config, listener, stop.clone(), ready);
        tokio::pin!(serving);
        let result = tokio::select! {
            result = &mut serving => result,
            () = self.accompany(location, started, &mut signals) => {
                stop.cancel();
                tokio::select! {
                    result = serving => result,
                    () = signals.told() => return Ended::AtOnce,
                }
            }
        };
        match result {
            Ok(()) => Ended::Stopped,
            Err(error) => Ended::Failed { code: exit_code(&error), problem: error.to_string() },
        }
    }

    /// What happens beside serving, until a signal comes: the greeting, and the demo.
    async fn accompany(&self, location: Location, started: oneshot::Receiver<Ready>, signals: &mut Signals) {
        let play = async {
            if let Ok(ready) = started.await {
                greet(&location, ready);
                if self.demo {
                    demo::conduct(ready.address, self.demo_speed).await;
                }
            }
            std::future::pending().await
        };
        tokio::select! {
            () = play => {}
            () = signals.told() => {
                // Below the ^C that the terminal shows.
                say::line("");
                say::line("stopping .. (Ctrl-C again ends at once)");
            }
        }
    }
}

fn greet(location: &Location, ready: Ready) {
    let version = env!("CARGO_PKG_VERSION");
    say::line(format_args!("Rollcall {version} serves on {}; Ctrl-C stops it", ready.address));
    let entries = if ready.end.get() == 1 { "entry" } else { "entries" };
    say::line(format_args!("its record, {location}, holds {} {entries}", ready.end));
    if matches!(location, Location::Memory) {
        tracing::warn!("the record is kept in memory alone: it is gone when this process ends");
    }
    if !ready.address.ip().is_loopback() {
        tracing::warn!(address = %ready.address, "whoever can reach this address can vote: this version has no access control");
    }
}

/// Reads an origin as browsers send it: a scheme and a host, and a port where it is not the scheme's own.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let sound = text == "*" || host.is_some_and(|host| !host.is_empty() && !host.contains(['/', ' ', '*']));
    let origin = HeaderValue::from_str(text).ok().filter(|_| sound);
    origin.ok_or_else(|| "give SCHEME://HOST[:PORT] as the browser shows it, without a path, or *".to_owned())
}

/// The named rules; where any does not hold, all that is wrong, a line each.
fn named_rules(folder: Option<&Path>) -> Result<Presets, String> {
    folder.map_or_else(Presets::built_in, Presets::with_folder).map_err(|error| {
        let lines = error.to_string().replace('\n', "\n  ");
        format!("cannot start: the rules do not hold\n  {lines}")
    })
}

const ADDRESS_AND_PORT: &str = "--listen takes ADDRESS:PORT, e.g. 127.0.0.1:50051";

fn cannot_listen(listen: &str, error: &std::io::Error) -> String {
    let advice = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "another process listens there: stop it, or choose another --listen".to_owned()
        }
        std::io::ErrorKind::InvalidInput => ADDRESS_AND_PORT.to_owned(),
        _ if listen.starts_with(':') => ADDRESS_AND_PORT.to_owned(),
        _ => error.to_string(),
    };
    format!("cannot listen on {listen}: {advice}")
}

fn exit_code(error: &ServeError) -> u8 {
    match error {
        ServeError::Unwritable(_) | ServeError::Unreadable(_) => RECORD_FAILED,
        ServeError::Broken(_) | ServeError::Listener(_) => BROKE_DOWN,
    }
}

/// Ctrl-C and SIGTERM.
pub(super) struct Signals {
    #[cfg(unix)]
    heard: [tokio::signal::unix::Signal; 2],
    #[cfg(windows)]
    heard: (tokio::signal::windows::CtrlC, tokio::signal::windows::CtrlClose),
}

impl Signals {
    /// Hears them from now on.
    pub(super) fn heard() -> std::io::Result<Self> {
        #[cfg(unix)]
        let heard = {
            use tokio::signal::unix::{SignalKind, signal};
            [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?]
        };
        #[cfg(windows)]
        let heard = (tokio::signal::windows::ctrl_c()?, tokio::signal::windows::ctrl_close()?);
        Ok(Self { heard })
    }

    /// Waits for the next.
    pub(super) async fn told(&mut self) {
        #[cfg(unix)]
        let [interrupt, terminate] = &mut self.heard;
        #[cfg(windows)]
        let (interrupt, terminate) = &mut self.heard;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

/// Logs to standard error, as `RUST_LOG` says.
fn log_to_stderr() {
    let asked = std::env::var("RUST_LOG").unwrap_or_default();
    let filter = EnvFilter::builder().parse(if asked.is_empty() { "info" } else { &asked });
    let filter = filter.unwrap_or_else(|error| {
        say::problem(format_args!("RUST_LOG cannot be read ({error}): what matters is logged"));
        EnvFilter::new("info")
    });
    let colours = std::io::stderr().is_terminal() && text::colours();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    // Whoever set a subscriber before keeps it.
    let _ = log.try_init();
}
