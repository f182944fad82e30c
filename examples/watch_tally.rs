//! A foreign service in small: watches the tally of a vote to its end, and prints a line for each change.
//!
//!     cargo run --example watch_tally -- 127.0.0.1:50051 un-ga/es-11-4
//!
//! It outlives its server: where the stream breaks off it waits, connects again, and asks for what came after the last
//! revision that it has shown. So no count that it shows ever goes back. It ends with 0 when the vote has ended, and with 1
//! where asking again would not help.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program to be read and run")]

use std::process::ExitCode;
use std::time::Duration;

use rollcall::proto::tally_service_client::TallyServiceClient;
use rollcall::proto::watch_tally_response::Message;
use rollcall::proto::{TallyFrame, VoteState, WatchTallyRequest};
use tonic::transport::Endpoint;
use tonic::{Code, Status};

/// How long it waits before it connects again: a moment at first, then longer and longer.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The server is asked to say something this often; where it is silent three times as long, the connection is dead.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// How a stream ended.
enum End {
    /// The vote has ended: nothing more is to come.
    OfVote,
    /// The server is about to stop, and says when to come back.
    OfServer(Duration),
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(vote), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        eprintln!("usage: watch_tally ADDRESS BODY/VOTE");
        return ExitCode::from(2);
    };
    let vote = full_name(vote);
    let mut seen = 0;
    let mut wait = FIRST_WAIT;
    loop {
        let before = seen;
        let end = watch(&address, &vote, &mut seen).await;
        if seen > before {
            wait = FIRST_WAIT;
        }
        match end {
            Ok(End::OfVote) => return ExitCode::SUCCESS,
            Ok(End::OfServer(reconnect_after)) => {
                eprintln!("the server is about to stop; connecting again in {reconnect_after:?}");
                tokio::time::sleep(reconnect_after).await;
            }
            Err(status) if is_final(&status) => {
                eprintln!("watch_tally: {}", status.message());
                return ExitCode::FAILURE;
            }
            Err(status) => {
                eprintln!("{}; connecting again in {wait:?}", status.message());
                tokio::time::sleep(wait).await;
                wait = LONGEST_WAIT.min(wait * 2);
            }
        }
    }
}

/// The vote's name as the service has it, given so or short: `un-ga/es-11-4`.
fn full_name(vote: String) -> String {
    match vote.split_once('/') {
        Some((body, id)) if body != "bodies" => format!("bodies/{body}/votes/{id}"),
        _ => vote,
    }
}

/// Shows what comes after the revision `seen`, and moves that on.
async fn watch(address: &str, vote: &str, seen: &mut u64) -> Result<End, Status> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))
        .map_err(|_| Status::invalid_argument(format!("{address} is no address")))?;
    let channel = endpoint.connect_timeout(LONGEST_WAIT).connect().await;
    let channel = channel.map_err(|error| Status::unavailable(format!("no server answers at {address}: {error}")))?;
    let request = WatchTallyRequest {
        vote: vote.to_owned(),
        after_revision: *seen,
        heartbeat: HEARTBEAT.try_into().ok(),
        ..WatchTallyRequest::default()
    };
    let mut stream = TallyServiceClient::new(channel).watch_tally(request).await?.into_inner();
    loop {
        let message = tokio::time::timeout(3 * HEARTBEAT, stream.message()).await;
        let message = message.map_err(|_| Status::unavailable("the server has fallen silent"))??;
        match message.and_then(|message| message.message) {
            Some(Message::Frame(frame)) => {
                // The first frame is the present state, which may be the one that was shown last.
                if frame.revision > *seen {
                    println!("{}", line(&frame));
                    *seen = frame.revision;
                }
                if matches!(frame.state(), VoteState::Declared | VoteState::Annulled | VoteState::Withdrawn) {
                    return Ok(End::OfVote);
                }
            }
            Some(Message::Progress(_)) => {}
            Some(Message::Draining(draining)) => {
                let reconnect_after = draining.reconnect_after.and_then(|after| after.try_into().ok());
                return Ok(End::OfServer(reconnect_after.unwrap_or(FIRST_WAIT)));
            }
            None => return Err(Status::unavailable("the stream has ended, and the vote has not")),
        }
    }
}

/// Whether asking again would be answered the same.
fn is_final(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::InvalidArgument
            | Code::NotFound
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::PermissionDenied
            | Code::Unauthenticated
    )
}

fn line(frame: &TallyFrame) -> String {
    let state = frame.state().as_str_name().trim_start_matches("VOTE_STATE_");
    let head = format!("revision {} {state}", frame.revision);
    match frame.tally.as_ref().and_then(|tally| tally.heads) {
        None => head,
        Some(heads) if heads.undisclosed > 0 => {
            format!("{head}: cast and not shown {}, not voting {}", heads.undisclosed, heads.not_voting)
        }
        Some(heads) => format!(
            "{head}: yes {}, no {}, abstaining {}, present {}, not voting {}",
            heads.yes, heads.no, heads.abstain, heads.present, heads.not_voting
        ),
    }
}
