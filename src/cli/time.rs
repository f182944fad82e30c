//! Times as people read and write them: UTC, in ISO 8601. Reads no clock.

use jiff::{SignedDuration, Timestamp};

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
    fn durations_are_read_in_their_units() {
        let seconds = |text| parse_duration(text).map(|read| read.seconds);
        assert_eq!((seconds("5m"), seconds("1h30m"), seconds("90s")), (Ok(300), Ok(5400), Ok(90)));
        assert!(seconds("5").is_err() && seconds("soon").is_err());
    }
}
