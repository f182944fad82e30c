//! Times as people read and write them: UTC, in ISO 8601.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::{self, Clock};
use crate::proto::VoteState;

/// The time now, as this machine has it.
pub fn now() -> clock::Timestamp {
    Clock::system().now()
}

/// When a vote locks by itself, where that is still to come, and what remains: "14:32:10Z in 4m 12s".
pub fn locks(at: Option<&prost_types::Timestamp>, state: VoteState, now: clock::Timestamp) -> Option<String> {
    let at = at.filter(|_| matches!(state, VoteState::Open | VoteState::Suspended))?;
    let time = Timestamp::from_second(at.seconds).ok()?.to_string();
    let left = SignedDuration::from_secs(at.seconds.saturating_sub(now.seconds()));
    // Beyond a day the time of day alone says too little.
    let said = if left.as_hours() < 24 { time.split('T').next_back().unwrap_or_default() } else { &time };
    Some(if left.is_positive() { format!("{said} in {left:#}") } else { format!("{said}, due now") })
}

/// A time to the second, or nothing.
pub fn second(time: Option<&prost_types::Timestamp>) -> String {
    let told = |time: &prost_types::Timestamp| Timestamp::from_second(time.seconds).ok();
    time.and_then(told).map_or_else(String::new, |time| time.to_string())
}

/// Reads a day, or a time with its offset.
pub fn parse(text: &str) -> Result<prost_types::Timestamp, String> {
    let read = match text.len() {
        ..=10 => format!("{text}T00:00:00Z").parse::<Timestamp>(),
        _ => text.parse(),
    };
    let read = read.map_err(|_| "give a day, 2022-10-12, or a time in full, 2022-10-12T15:04:05Z".to_owned())?;
    Ok(prost_types::Timestamp { seconds: read.as_second(), nanos: read.subsec_nanosecond() })
}

/// Reads how long, e.g. `5m` or `1h30m`.
pub fn parse_duration(text: &str) -> Result<prost_types::Duration, String> {
    let read = text.parse::<SignedDuration>().map_err(|_| "give a duration, e.g. 90s, 5m or 1h30m".to_owned())?;
    Ok(prost_types::Duration { seconds: read.as_secs(), nanos: read.subsec_nanos() })
}

/// The same for how long one waits: not for nothing.
pub fn parse_patience(text: &str) -> Result<Duration, String> {
    let read = parse_duration(text).ok().and_then(|read| Duration::try_from(read).ok());
    read.filter(|read| !read.is_zero()).ok_or_else(|| "give how long to wait, e.g. 500ms, 10s or 2m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_and_read_as_they_are_written() {
        let shown = |text| second(Some(&parse(text).unwrap()));
        assert_eq!(shown("2022-10-12"), "2022-10-12T00:00:00Z");
        assert_eq!(shown("1945-06-26"), "1945-06-26T00:00:00Z");
        assert_eq!(shown("2022-10-12T15:04:05.9Z"), "2022-10-12T15:04:05Z");
        assert_eq!(shown("2022-10-12T15:04:05-04:00"), "2022-10-12T19:04:05Z");
        for wrong in ["", "yesterday", "2022-13-01", "12.10.2022", "2022-10-12T15:04"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(second(None), "");
        assert_eq!(second(Some(&prost_types::Timestamp { seconds: i64::MAX, nanos: 0 })), "");
    }

    #[test]
    fn what_remains_until_the_lock_is_told_while_it_is_to_come() {
        let now = clock::Timestamp::new(1_665_586_800, 0).unwrap();
        let at = parse("2022-10-12T15:04:05Z").unwrap();
        let told = |state, now| locks(Some(&at), state, now);
        assert_eq!(told(VoteState::Open, now).as_deref(), Some("15:04:05Z in 4m 5s"));
        let after = now.plus(std::time::Duration::from_secs(300));
        assert_eq!(told(VoteState::Suspended, after).as_deref(), Some("15:04:05Z, due now"));
        let before = clock::Timestamp::new(1_665_400_000, 0).unwrap();
        assert_eq!(told(VoteState::Open, before).as_deref(), Some("2022-10-12T15:04:05Z in 51h 57m 25s"));
        assert_eq!((told(VoteState::Locked, now), locks(None, VoteState::Open, now)), (None, None));
    }

    #[test]
    fn durations_are_read_in_their_units() {
        let seconds = |text| parse_duration(text).map(|read| read.seconds);
        assert_eq!((seconds("5m"), seconds("1h30m"), seconds("90s")), (Ok(300), Ok(5400), Ok(90)));
        assert!(seconds("5").is_err() && seconds("soon").is_err());
    }
}
