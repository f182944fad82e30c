//! What the demo shows: the tally as it moves, the verdict with its figures, and what to type elsewhere.

use std::net::SocketAddr;

use tonic::Status;
use tonic::transport::Channel;

use super::facts::Facts;
use crate::cli::say::{self, LiveLine};
use crate::cli::screen;
use crate::proto;
use crate::proto::tally_service_client::TallyServiceClient;
use crate::proto::watch_tally_response::Message;

/// Cells of the bar that fills as ballots come.
const BAR: u64 = 24;

pub fn heading(facts: &Facts) {
    let vote = &facts.vote;
    say::line("");
    say::line(format_args!("{}, {}: {}", facts.body.display_name, vote.held, vote.symbol));
    say::line(format_args!("  {}", vote.title));
    say::line(format_args!("  {} members, {}", facts.members.len(), vote.manner));
}

pub fn how_to_watch(address: SocketAddr, facts: &Facts) {
    say::line("  to watch it too, type in a second terminal:");
    say::line(format_args!(
        "    grpcurl -plaintext -d '{{\"vote\":\"{}\"}}' {address} rollcall.v1.TallyService/WatchTally",
        facts.name()
    ));
}

pub fn on_record(vote: &proto::Vote) {
    say::line("  on record already:");
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
    let proto::Counts { yes, no, abstain, not_voting, .. } = counts;
    let roll = (yes + no + abstain + not_voting).max(1);
    let cells = |count: u64| usize::try_from(count * BAR / roll).unwrap_or_default();
    let taken = cells(yes + no + abstain);
    let bar = "█".repeat(cells(yes)) + &"░".repeat(taken - cells(yes)) + &" ".repeat(cells(roll) - taken);
    let state = frame.state().as_str_name().trim_start_matches("VOTE_STATE_");
    format!("  {state:8} yes {yes:3}  no {no:2}  abstain {abstain:2}  not voting {not_voting:3}  |{bar}|")
}

/// The verdict, with its figures.
pub fn result(vote: &proto::Vote) {
    for line in screen::declared(vote) {
        say::line(line);
    }
}

pub fn farewell(address: SocketAddr, votes: &[Facts]) {
    let names: Vec<_> = votes.iter().map(Facts::name).collect();
    let last = names.last().map_or("", String::as_str);
    say::line("");
    say::line("Both votes are on record, and the server goes on. In a second terminal:");
    for (request, method) in [
        (format!("{{\"name\":\"{last}\"}}"), "VoteService/GetVote"),
        (format!("{{\"parent\":\"{last}\",\"pageSize\":200}}"), "BallotService/ListBallots"),
        (format!("{{\"scope\":\"{last}\"}}"), "RecordService/ReadEntries"),
    ] {
        say::line(format_args!("  grpcurl -plaintext -d '{request}' {address} rollcall.v1.{method}"));
    }
}
