//! What the demo shows: the tally as it moves, the verdict with its figures, and what to type elsewhere.

use std::net::SocketAddr;

use tonic::Status;
use tonic::transport::Channel;

use super::facts::{Facts, Stand};
use crate::cli::client::DEFAULT_SERVER;
use crate::cli::say::{self, LiveLine};
use crate::cli::{names, verdict, words};
use crate::proto;
use crate::proto::tally_service_client::TallyServiceClient;
use crate::proto::watch_tally_response::Message;

/// Cells of the bar that fills as ballots come.
const BAR: u64 = 20;

pub fn heading(facts: &Facts) {
    let vote = &facts.vote;
    say::line("");
    say::line(format_args!("{}, {}: {}", facts.body.display_name, vote.held, vote.symbol));
    say::line(format_args!("  {}", vote.title));
    if let Some(follows) = &vote.follows {
        say::line(format_args!("  follows {}", names::short(follows)));
    }
    say::line(format_args!("  {} members, {}", facts.members.len(), vote.manner));
}

/// A member presses something else before the lock.
pub fn changed(member: &str, first: Stand, now: Stand) {
    let [now, first] = [now, first].map(|stand| words::choice(stand.into()));
    say::line(format_args!("  {member} changes its ballot: {now}, no longer {first}"));
}

pub fn how_to_watch(address: SocketAddr, facts: &Facts) {
    say::line("  to watch it too, type in a second terminal:");
    say::line(format_args!("    {}", typed(address, &format!("watch {}", names::short(&facts.name())))));
}

/// What to type, in the folder where the server was started, to reach it.
fn typed(address: SocketAddr, command: &str) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "rollcall".to_owned());
    let server = if address.to_string() == DEFAULT_SERVER { String::new() } else { format!(" --server {address}") };
    format!("{program} {command}{server}")
}

/// A vote of an earlier run.
pub fn on_record(vote: &proto::Vote) {
    say::line("  on record already:");
    for line in vote.tally.iter().flat_map(verdict::tally) {
        say::line(line);
    }
    result(vote);
}

/// Shows a vote's tally until its result is declared.
pub async fn watch(mut client: TallyServiceClient<Channel>, vote: String) -> Result<(), Status> {
    let request = proto::WatchTallyRequest { vote, ..Default::default() };
    let mut stream = client.watch_tally(request).await?.into_inner();
    let mut live = LiveLine::new();
    while let Some(message) = stream.message().await? {
        if let Some(Message::Frame(frame)) = message.message {
            live.show(tally(&frame));
        }
    }
    live.end();
    Ok(())
}

fn tally(frame: &proto::TallyFrame) -> String {
    let counts = frame.tally.as_ref().and_then(|tally| tally.heads).unwrap_or_default();
    let roll: u64 = words::columns(&counts).iter().map(|(_, count)| count).sum();
    let cells = |count: u64| usize::try_from(count * BAR / roll.max(1)).unwrap_or_default();
    let taken = cells(roll - counts.not_voting);
    let bar = "█".repeat(cells(counts.yes)) + &"░".repeat(taken - cells(counts.yes)) + &" ".repeat(cells(roll) - taken);
    let state = words::state(frame.state()).to_uppercase();
    format!("  {state:9} {}  |{bar}|", words::aligned_counts(&counts))
}

/// The verdict, with its figures.
pub fn result(vote: &proto::Vote) {
    for line in verdict::outcome(vote) {
        say::line(line);
    }
}

/// What to type once both votes are on record.
pub fn farewell(address: SocketAddr, votes: &[Facts]) {
    let last = votes.last().map_or_else(String::new, Facts::name);
    let short = names::short(&last);
    say::line("");
    say::line("Both votes are on record, and the server goes on. In a second terminal:");
    for command in [format!("vote show {short}"), format!("ballots {short}"), format!("record read --scope {last}")] {
        say::line(format_args!("  {}", typed(address, &command)));
    }
    say::line("or with any other gRPC client, grpcurl for one:");
    say::line(format_args!(
        "  grpcurl -plaintext -d '{{\"name\":\"{last}\"}}' {address} rollcall.v1.VoteService/GetVote"
    ));
}
