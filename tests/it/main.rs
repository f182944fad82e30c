//! One binary of integration tests: the real server as its own process, real sockets, a real sled on disk.
//!
//! No test opens sled in this process: the filter that makes its flush real would then be handed on to every server
//! that a test starts, and hide it where a server forgets its own.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stderr, reason = "tests fail loudly, and say what they skip")]

mod ballots;
mod clock;
mod command_line;
mod demo;
mod discovery;
mod durability;
mod errors;
mod examples;
mod foreign;
mod golden;
mod halls;
mod harness;
mod members;
mod power;
mod property;
mod reading;
mod repeating;
mod replay;
mod rules;
mod smoke;
mod sources;
mod starting;
mod states;
mod stopping;
mod streaming;
mod timed;
mod trace;
mod watch_command;
mod watching;
mod writer;
