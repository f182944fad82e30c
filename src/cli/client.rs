//! What every client command shares: where the server is, how it is asked, and how a failure is told.

use std::process::ExitCode;
use std::time::Duration;

use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, TimeoutExpired};
use tonic_types::StatusExt as _;

use super::{say, time};
use crate::proto::ballot_service_client::BallotServiceClient;
use crate::proto::body_service_client::BodyServiceClient;
use crate::proto::record_service_client::RecordServiceClient;
use crate::proto::rule_service_client::RuleServiceClient;
use crate::proto::tally_service_client::TallyServiceClient;
use crate::proto::vote_service_client::VoteServiceClient;

/// The server refused, or something else failed.
const FAILED: u8 = 1;
/// What was asked makes no sense, as clap has it.
const WRONG_USAGE: u8 = 2;
/// The server was not reached, or the outcome is not known (`EX_UNAVAILABLE`).
const UNAVAILABLE: u8 = 69;

/// A server that does not take a connection, or answer a ping on one, for this long is not there: a server that is only
/// busy does both.
const PATIENCE: Duration = Duration::from_secs(15);

/// In a help text, what every command has comes after what it has for itself.
const LAST: usize = 1000;

/// Where a server listens that was told nothing else.
pub const DEFAULT_SERVER: &str = "127.0.0.1:50051";

/// Options of every command that talks to a server.
#[derive(Clone, Debug, clap::Args)]
pub struct Connection {
    /// Where the server listens
    #[arg(long, env = "ROLLCALL_SERVER", default_value = DEFAULT_SERVER, value_name = "ADDRESS", global = true, display_order = LAST)]
    pub server: String,

    /// Give a call up that is not answered within this long, e.g. 10s or 2m; what is watched or followed goes on
    #[arg(long, env = "ROLLCALL_TIMEOUT", default_value = "30s", value_name = "DURATION", value_parser = time::parse_patience, global = true, display_order = LAST)]
    pub timeout: Duration,

    /// Print answers as JSON, as protobuf has it: one document, or one line each where there are several
    #[arg(long, global = true, display_order = LAST)]
    pub json: bool,
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// The server says no, or that it cannot now.
    Status(Status),
    /// No server answers there.
    Unreachable {
        /// Where it was looked for.
        server: String,
        /// What the network says.
        reason: String,
    },
    /// What was asked makes no sense.
    Usage(String),
    /// Anything else, in a sentence.
    Failed(String),
    /// One of these, and what to do about it.
    Advised {
        /// What failed.
        failure: Box<Failure>,
        /// What to do, in a sentence.
        advice: String,
    },
    /// Whoever read what is printed has gone: nothing more is to be said.
    ReaderGone,
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) if timed_out(status) => {
                f.write_str("the server did not answer in time; --timeout gives it longer")
            }
            Self::Status(status) => match std::error::Error::source(status) {
                Some(error) => write!(f, "the connection to the server was lost ({})", deepest(error)),
                None => f.write_str(status.message()),
            },
            Self::Unreachable { server, reason } => {
                write!(
                    f,
                    "no server answers at {server} ({reason}): start one with `rollcall serve`, or name another with --server"
                )
            }
            Self::Usage(problem) | Self::Failed(problem) => f.write_str(problem),
            Self::Advised { failure, .. } => failure.fmt(f),
            Self::ReaderGone => f.write_str("nobody reads on"),
        }
    }
}

impl Failure {
    /// The exit code that a script can go by.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Status(status) if std::error::Error::source(status).is_some() => UNAVAILABLE,
            Self::Status(status) => match status.code() {
                Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::ResourceExhausted => UNAVAILABLE,
                _ => FAILED,
            },
            Self::Unreachable { .. } => UNAVAILABLE,
            Self::Usage(_) => WRONG_USAGE,
            Self::Failed(_) => FAILED,
            Self::Advised { failure, .. } => failure.code(),
            Self::ReaderGone => 0,
        }
    }
}

impl Failure {
    /// The failure with what to do about it, in place of what was said of that before.
    #[must_use]
    pub fn advised(self, advice: String) -> Self {
        match self {
            Self::Advised { failure, .. } => failure.advised(advice),
            failure => Self::Advised { failure: Box::new(failure), advice },
        }
    }
}

impl Connection {
    /// Where the server listens, as a URL.
    pub fn endpoint(&self) -> Result<Endpoint, Failure> {
        let url = if self.server.contains("://") { self.server.clone() } else { format!("http://{}", self.server) };
        Channel::from_shared(url)
            .map(|endpoint| {
                let endpoint = endpoint.connect_timeout(PATIENCE.min(self.timeout)).timeout(self.timeout);
                endpoint.http2_keep_alive_interval(PATIENCE).keep_alive_timeout(PATIENCE)
            })
            .map_err(|e| Failure::Usage(format!("--server takes ADDRESS:PORT, e.g. 127.0.0.1:50051 ({e})")))
    }

    /// Connects to the server.
    pub async fn connect(&self) -> Result<Clients, Failure> {
        let channel = self.endpoint()?.connect().await;
        channel
            .map(Clients::new)
            .map_err(|error| Failure::Unreachable { server: self.server.clone(), reason: deepest(&error) })
    }
}

/// Whether a call was given up here, since no answer came.
fn timed_out(status: &Status) -> bool {
    let causes = std::iter::successors(std::error::Error::source(status), |error| error.source());
    causes.into_iter().any(|error| error.is::<TimeoutExpired>())
}

/// What an error goes back to, in the words of the system without its number.
pub fn deepest(mut error: &(dyn std::error::Error + 'static)) -> String {
    while let Some(deeper) = error.source() {
        error = deeper;
    }
    let words = error.to_string();
    words.split(" (os error").next().unwrap_or_default().to_owned()
}

/// The clients of all services, over one connection.
#[derive(Clone)]
pub struct Clients {
    pub bodies: BodyServiceClient<Channel>,
    pub votes: VoteServiceClient<Channel>,
    pub ballots: BallotServiceClient<Channel>,
    pub tallies: TallyServiceClient<Channel>,
    pub record: RecordServiceClient<Channel>,
    pub rules: RuleServiceClient<Channel>,
}

impl Clients {
    /// Clients over a connection. Answers are bounded by the server, not here.
    pub fn new(channel: Channel) -> Self {
        Self {
            bodies: BodyServiceClient::new(channel.clone()).max_decoding_message_size(usize::MAX),
            votes: VoteServiceClient::new(channel.clone()).max_decoding_message_size(usize::MAX),
            ballots: BallotServiceClient::new(channel.clone()).max_decoding_message_size(usize::MAX),
            tallies: TallyServiceClient::new(channel.clone()).max_decoding_message_size(usize::MAX),
            record: RecordServiceClient::new(channel.clone()).max_decoding_message_size(usize::MAX),
            rules: RuleServiceClient::new(channel).max_decoding_message_size(usize::MAX),
        }
    }
}

/// The option of every command that changes something.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct RequestId {
    /// A UUID of your own making: a command that is repeated with it counts once
    #[arg(long, value_name = "UUID", display_order = LAST)]
    request_id: Option<String>,
}

impl RequestId {
    /// The id given, or a new one.
    pub fn get(&self) -> String {
        self.request_id.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string())
    }
}

/// Makes a change; where the outcome is not known, says how to learn it.
pub async fn change<T>(
    request_id: &str,
    call: impl Future<Output = Result<tonic::Response<T>, Status>>,
) -> Result<T, Failure> {
    call.await.map(tonic::Response::into_inner).map_err(|status| {
        // The server says so where it has recorded nothing.
        let reason = status.get_details_error_info().map_or_else(String::new, |info| info.reason);
        let nothing_recorded = ["OVERLOADED", "NOT_SERVING"].contains(&reason.as_str());
        let failure = Failure::from(status);
        if failure.code() != UNAVAILABLE || nothing_recorded {
            return failure;
        }
        failure.advised(format!("to learn the outcome, repeat this with --request-id {request_id}"))
    })
}

/// Runs a client command to its exit code.
pub fn run(command: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    run_on(tokio::runtime::Builder::new_multi_thread().worker_threads(2), command)
}

/// The same on a runtime of the command's own.
pub fn run_on(runtime: &mut tokio::runtime::Builder, command: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    let runtime = match runtime.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say::problem(error);
            return ExitCode::from(FAILED);
        }
    };
    match runtime.block_on(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::ReaderGone) => ExitCode::SUCCESS,
        Err(failure) => {
            say::problem(&failure);
            if let Failure::Advised { advice, .. } = &failure {
                say::problem(advice);
            }
            ExitCode::from(failure.code())
        }
    }
}
