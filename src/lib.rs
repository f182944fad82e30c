//! Rollcall conducts and records the votes of deliberative bodies.
//!
//! The map, in reading order; docs/architecture.md draws it.
//!
//! - [`domain`]: the rules. What may happen, what follows, what a tally means; pure.
//! - [`seq`] and [`clock`]: places and times.
//! - [`log`]: bytes in order, durable. [`record`]: the Merkle tree over them.
//! - [`proto`] and [`wire`]: the generated types, and the one place where they meet ours.
//! - [`journal`]: the log read and written as entries.
//! - [`sequencer`]: the one writer. [`board`]: what everyone sees. They meet in the log alone.
//! - [`presets`]: the named rules of real bodies.
//! - [`grpc`]: the services, thin. [`server`]: all of it put together.
//! - [`cli`]: the command line.

pub mod board;
pub mod cli;
pub mod clock;
pub mod domain;
pub mod grpc;
pub mod journal;
pub mod log;
pub mod presets;
pub mod proto;
pub mod record;
pub mod seq;
pub mod sequencer;
pub mod server;
pub mod wire;
