//! The command line. Knows the server only to serve, and its own API only as a client.

mod demo;
mod say;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    match Cli::parse().command {
        Command::Serve(serve) => serve.run(),
    }
}
