//! Times of the record. The only place that reads the system's clock; knows nothing of what is recorded.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const NANOS_PER_SECOND: u32 = 1_000_000_000;

/// A wall clock that differs from the running one by more than this has been set, not merely disciplined.
const JUMP: Duration = Duration::from_secs(1);

/// A point in time: seconds since 1970-01-01T00:00:00Z, negative before it, and nanoseconds after that second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    nanos: u32,
}

impl Timestamp {
    /// 0001-01-01T00:00:00Z, the first second that the wire can carry.
    pub const FIRST_SECOND: i64 = -62_135_596_800;
    /// 9999-12-31T23:59:59Z, the last.
    pub const LAST_SECOND: i64 = 253_402_300_799;

    /// The point `nanos` after `seconds`; none outside the years 1 to 9999 or with a second or more of nanoseconds.
    #[must_use]
    pub fn new(seconds: i64, nanos: u32) -> Option<Self> {
        let in_range = (Self::FIRST_SECOND..=Self::LAST_SECOND).contains(&seconds) && nanos < NANOS_PER_SECOND;
        in_range.then_some(Self { seconds, nanos })
    }

    /// Seconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds after [`seconds`](Self::seconds), below 10^9.
    #[must_use]
    pub fn nanos(self) -> u32 {
        self.nanos
    }

    /// The point `duration` later; the last that can be written where that lies beyond it.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let nanos = self.nanos + duration.subsec_nanos();
        let seconds = i64::try_from(duration.as_secs())
            .ok()
            .and_then(|added| self.seconds.checked_add(added))
            .and_then(|seconds| seconds.checked_add(i64::from(nanos / NANOS_PER_SECOND)));
        seconds
            .and_then(|seconds| Self::new(seconds, nanos % NANOS_PER_SECOND))
            .unwrap_or(Self { seconds: Self::LAST_SECOND, nanos: NANOS_PER_SECOND - 1 })
    }

    /// How long after `earlier`; zero where it is not later.
    #[must_use]
    pub fn since(self, earlier: Timestamp) -> Duration {
        let nanos = |t: Timestamp| i128::from(t.seconds) * i128::from(NANOS_PER_SECOND) + i128::from(t.nanos);
        let between = nanos(self) - nanos(earlier);
        Duration::from_nanos_u128(between.max(0).unsigned_abs())
    }
}

/// What the system's two clocks say at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The wall clock, which can be set to any time.
    pub wall: Timestamp,
    /// The steady clock, since some moment of its own: it never goes back and cannot be set.
    pub steady: Duration,
}

/// The wall clock was set while the process ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// The time that entries carry.
    pub record: Timestamp,
    /// What the wall clock says now.
    pub wall: Timestamp,
}

/// The time of the running process: the wall clock as it stood at the start, driven on by the steady one.
pub struct Clock {
    source: Box<dyn Fn() -> Reading + Send + Sync>,
    origin: Reading,
    /// How far this clock was set ahead of the wall clock at the start, since the record was.
    ahead: OnceLock<Duration>,
    /// The wall clock's lead over this clock when it was last reported, and its lag.
    reported: Mutex<(Duration, Duration)>,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        let start = Instant::now();
        Self::from_source(move || Reading { wall: wall_now(), steady: start.elapsed() })
    }

    /// A clock driven by `source`, for tests that need a clock to misbehave.
    #[must_use]
    pub fn from_source(source: impl Fn() -> Reading + Send + Sync + 'static) -> Self {
        let origin = source();
        Self { source: Box::new(source), origin, ahead: OnceLock::new(), reported: Mutex::default() }
    }

    /// The time now. Never goes back, whatever happens to the wall clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.driven_to((self.source)().steady)
    }

    /// Sets the clock ahead to `floor`, once, where it is behind: a record's time goes on from its last entry even where the
    /// system's clock was set back since.
    pub fn not_before(&self, floor: Timestamp) {
        let behind = floor.since(self.now());
        if !behind.is_zero() && self.ahead.set(behind).is_ok() {
            tracing::warn!(
                ?behind,
                "the system's clock is behind the last entry; the record's time goes on from there"
            );
            *self.reported.lock().unwrap_or_else(PoisonError::into_inner) = (Duration::ZERO, behind);
        }
    }

    /// Whether the wall clock has been set by more than a second since this was last asked.
    #[must_use]
    pub fn jump(&self) -> Option<Jump> {
        let reading = (self.source)();
        let record = self.driven_to(reading.steady);
        let (lead, lag) = (reading.wall.since(record), record.since(reading.wall));
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        let jumped = lead.abs_diff(reported.0) > JUMP || lag.abs_diff(reported.1) > JUMP;
        jumped.then(|| {
            *reported = (lead, lag);
            Jump { record, wall: reading.wall }
        })
    }

    fn driven_to(&self, steady: Duration) -> Timestamp {
        let ahead = self.ahead.get().copied().unwrap_or_default();
        self.origin.wall.plus(ahead).plus(steady.saturating_sub(self.origin.steady))
    }
}

fn wall_now() -> Timestamp {
    let epoch = Timestamp::default();
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => epoch.plus(since),
        // A clock set before 1970: the record's own times are the floor all the same.
        Err(_) => epoch,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::new(seconds, 0).expect("in range")
    }

    #[test]
    fn a_wall_clock_that_is_set_moves_nothing_and_is_reported_once() {
        let reading = Arc::new(Mutex::new(Reading { wall: at(1_000), steady: Duration::from_secs(5) }));
        let source = Arc::clone(&reading);
        let clock = Clock::from_source(move || *source.lock().expect("source"));
        let set = |wall: i64, steady: u64| {
            *reading.lock().expect("reading") = Reading { wall: at(wall), steady: Duration::from_secs(steady) };
        };

        set(1_002, 7);
        assert_eq!((clock.now(), clock.jump()), (at(1_002), None));
        set(400, 8);
        assert_eq!(clock.now(), at(1_003));
        assert_eq!(clock.jump(), Some(Jump { record: at(1_003), wall: at(400) }));
        set(401, 9);
        assert_eq!((clock.now(), clock.jump()), (at(1_004), None));
        set(9_000, 10);
        assert_eq!(clock.now(), at(1_005));
        assert_eq!(clock.jump(), Some(Jump { record: at(1_005), wall: at(9_000) }));
    }

    #[test]
    fn times_add_and_subtract_across_1970_and_stop_at_the_last_second() {
        let before = Timestamp::new(-1, 600_000_000).expect("in range");
        let after = before.plus(Duration::from_millis(1_500));
        assert_eq!((after.seconds(), after.nanos()), (1, 100_000_000));
        assert_eq!(after.since(before), Duration::from_millis(1_500));
        assert_eq!(before.since(after), Duration::ZERO);
        assert_eq!(after.plus(Duration::MAX).seconds(), Timestamp::LAST_SECOND);
        let (first, last) = (at(Timestamp::FIRST_SECOND), at(Timestamp::LAST_SECOND));
        assert_eq!(last.since(first).as_secs(), (Timestamp::LAST_SECOND - Timestamp::FIRST_SECOND).unsigned_abs());
    }
}
