//! One binary of integration tests: the real server as its own process, real sockets, a real sled on disk.
//!
//! No test opens sled in this process: the filter that makes its flush real would then be handed on to every server
//! that a test starts, and hide it where a server forgets its own.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stderr, reason = "tests fail loudly, and say what they skip")]

mod annotations;
mod ballots;
mod bench;
mod bounds;
mod browser;
mod casting_votes;
mod clock;
mod command_line;
mod comparing;
mod demo;
mod discovery;
mod documents;
mod durability;
mod edge;
mod errors;
mod examples;
mod foreign;
mod golden;
mod halls;
mod harness;
mod hostile;
mod keeping;
mod load;
mod members;
mod power;
mod property;
mod reading;
mod relations;
mod repeating;
mod replay;
mod rolls;
mod rules;
mod smoke;
mod sources;
mod starting;
mod states;
mod stopping;
mod streaming;
mod stuck;
mod timed;
mod trace;
mod validator;
mod visibility;
mod watch_command;
mod watching;
mod writer;
