//! What the fuzz targets share: messages of any type made of the fuzzer's bytes, and a server to send them to.
//! docs/testing.md says what each target holds Rollcall to.

#![allow(clippy::unwrap_used, reason = "a target fails loudly")]

pub mod hall;
pub mod messages;
pub mod play;
pub mod record;
