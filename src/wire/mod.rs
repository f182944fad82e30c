//! The only place where generated types meet ours: requests in, answers out, entries both ways. Decides nothing.

pub mod annotation;
pub mod ballot;
pub mod body;

pub mod comparison;
pub mod conduct;
pub mod entry;
pub mod evaluation;
pub mod kept;
pub mod malformed;
pub mod page;
pub mod refusal;
pub mod request;
pub mod rule;
pub mod tally;
pub mod time;
pub mod vote;
