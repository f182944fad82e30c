//! Times on the wire.

use std::time::Duration;

use crate::clock::Timestamp;

const NANOS_PER_SECOND: u32 = 1_000_000_000;

/// A time as the wire has it.
#[must_use]
pub fn out(time: Timestamp) -> prost_types::Timestamp {
    // Below 10^9, so it fits.
    let nanos = i32::try_from(time.nanos()).unwrap_or_default();
    prost_types::Timestamp { seconds: time.seconds(), nanos }
}

/// A time from the wire.
///
/// # Errors
/// Outside the years 1 to 9999.
pub fn read(time: &prost_types::Timestamp) -> Result<Timestamp, &'static str> {
    let nanos = u32::try_from(time.nanos).ok();
    nanos
        .and_then(|nanos| Timestamp::new(time.seconds, nanos))
        .ok_or("must lie between the years 1 and 9999, with nanos from 0 to 999,999,999")
}

/// A span of time as a request has it; none where it is negative, or no Duration at all.
#[must_use]
pub fn span(asked: &prost_types::Duration) -> Option<Duration> {
    let seconds = u64::try_from(asked.seconds).ok()?;
    let nanos = u32::try_from(asked.nanos).ok().filter(|nanos| *nanos < NANOS_PER_SECOND)?;
    Some(Duration::new(seconds, nanos))
}
