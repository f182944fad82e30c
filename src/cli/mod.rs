//! The command line. Knows the server only to serve, and its own API only as a client.

mod demo;
mod say;
mod serve;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// Conducts and records the votes of deliberative bodies.
#[derive(Parser)]
#[command(name = "rollcall", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the record over gRPC.
    Serve(serve::Serve),
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let given = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&given).unwrap_or_else(|error| error.exit());
    match cli.command {
        Command::Serve(serve) => serve.run(given.subcommand_matches("serve").unwrap_or(&given)),
    }
}
