//! The command line. Knows the server only to serve, and its own API only as a client.

mod again;
mod annulment;
mod ballot;
mod bench;
mod body;
mod client;
mod compare;
mod demo;
mod hidden;
mod input;
mod member;
mod names;
mod pages;
mod record;
mod replay;
mod rules;
mod say;
mod screen;
mod serve;
mod shell;
mod show;
mod tally;
mod text;
mod time;
mod verdict;
mod vote;
mod votes;
mod watch;
mod words;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// Conducts and records the votes of deliberative bodies.
#[derive(Parser)]
#[command(name = "rollcall", version, about, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Examples:
  rollcall serve --demo          the founding vote, live; in a second terminal:
  rollcall watch un-sc/s-2022-720

Names may be given short: un-ga for bodies/un-ga, un-ga/es-11-4 for its vote, un-ga/ALB for its member.

Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 69 the server was not reached, or the outcome is not known.";

#[derive(Subcommand)]
enum Command {
    /// Serve the record over gRPC
    Serve(serve::Serve),
    /// Record, show, list and revise bodies
    Body(body::Args),
    /// Seat, show, list, revise and unseat members, and suspend and restore their right to vote
    Member(member::Args),
    /// Conduct votes, from draft to declared result
    Vote(vote::Args),
    /// Cast a ballot
    Cast(ballot::CastArgs),
    /// Show the roll call of a vote, or one member's ballots in every vote of its body
    Ballots(ballot::BallotsArgs),
    /// Show the tally of a vote
    Tally(tally::Args),
    /// Compare votes: tallies side by side, and who changed
    Compare(compare::Args),
    /// Watch a vote live
    Watch(watch::Args),
    /// Show the votes of a hall, and go on as they change
    Votes(votes::Args),
    /// Read the record
    Record(record::Args),
    /// List and show the named rules, and judge a tally
    Rules(rules::Args),
    /// Conduct recorded votes of the past
    Replay(replay::Args),
    /// Measure a server, beside a baseline
    Bench(bench::Args),
    /// Print a shell's completions
    Completions(shell::CompletionsArgs),
    /// Write the manual pages
    Man(shell::ManArgs),
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let given = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&given).unwrap_or_else(|error| error.exit());
    match cli.command {
        Command::Serve(args) => args.run(given.subcommand_matches("serve").unwrap_or(&given)),
        Command::Body(args) => client::run(args.run()),
        Command::Member(args) => client::run(args.run()),
        Command::Vote(args) => client::run(args.run()),
        Command::Cast(args) => client::run(args.run()),
        Command::Ballots(args) => client::run(args.run()),
        Command::Tally(args) => client::run(args.run()),
        Command::Compare(args) => client::run(args.run()),
        Command::Watch(args) => client::run(args.run()),
        Command::Votes(args) => client::run(args.run()),
        Command::Record(args) => client::run(args.run()),
        Command::Rules(args) => client::run(args.run()),
        Command::Replay(args) => client::run(args.run()),
        Command::Bench(args) => args.run(),
        Command::Completions(args) => args.run(Cli::command()),
        Command::Man(args) => args.run(Cli::command()),
    }
}
