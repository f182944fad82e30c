//! Starts servers, talks to them as any client would, and says shortly what tests say often.

pub mod client;
pub mod clock;
pub mod conduct;
pub mod held;
pub mod server;
pub mod strace;

pub use client::{Client, Expect, uuid};
pub use server::{Server, serve};
