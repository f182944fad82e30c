//! Starts servers, talks to them as any client would, and says shortly what tests say often.

pub mod bare;
pub mod client;
pub mod clock;
pub mod conduct;
pub mod held;
pub mod past;
pub mod raw;
pub mod recount;
pub mod server;
pub mod strace;
pub mod validate;
pub mod watched;
pub mod whole;

pub use client::{Client, Expect, uuid};
pub use server::{Server, serve};
pub use watched::{HallWatch, TallyWatch};

/// The named rules, for a server in this process.
pub fn presets() -> std::sync::Arc<rollcall::presets::Presets> {
    std::sync::Arc::new(rollcall::presets::Presets::built_in().unwrap())
}
