//! Times on the wire.

use std::time::Duration;

use crate::clock::Timestamp;

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

/// A duration from the wire.
///
/// # Errors
/// A negative one.
pub fn duration(asked: &prost_types::Duration) -> Result<Duration, &'static str> {
    let nanos = u32::try_from(asked.nanos).ok().filter(|nanos| *nanos < 1_000_000_000);
    let read = u64::try_from(asked.seconds).ok().zip(nanos);
    read.map(|(seconds, nanos)| Duration::new(seconds, nanos)).ok_or("must not be negative")
}
