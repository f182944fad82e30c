//! Whether, and when, to try again: what commands share that go on through a restart of the server.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::client::Failure;

/// A server that is there tells of itself this often, so that one that is gone is missed.
pub const HEARTBEAT: Duration = Duration::from_secs(5);

/// So long without a word means that the connection is lost: three heartbeats.
const SILENCE: Duration = Duration::from_secs(15);

/// The first wait, which doubles with each try.
const FIRST: Duration = Duration::from_millis(200);

/// No wait is longer: who looks at a board does not want to wait for long after the server is back.
const LONGEST: Duration = Duration::from_secs(5);

/// Waits between tries: growing, bounded, and different from one watcher to the next.
#[derive(Default)]
pub struct Waits {
    tries: u32,
}

impl Waits {
    /// The next wait; where the server says for how long, at least that.
    pub fn next(&mut self, failure: &Failure) -> Duration {
        let whole = FIRST.saturating_mul(1 << self.tries.min(10)).min(LONGEST);
        self.tries += 1;
        let asked = match failure {
            Failure::Status(status) => status.get_details_retry_info().and_then(|info| info.retry_delay),
            _ => None,
        };
        (whole / 2 + spread(whole / 2)).max(asked.unwrap_or_default()).min(LONGEST)
    }

    /// All is well: the next wait is a short one.
    pub fn reset(&mut self) {
        self.tries = 0;
    }
}

/// A part of `most`, by chance, so that not all come back at once.
fn spread(most: Duration) -> Duration {
    let chance = uuid::Uuid::new_v4().as_u64_pair().1 % 1_000;
    most.mul_f64(f64::from(u32::try_from(chance).unwrap_or_default()) / 1_000.0)
}

/// Whether a later try may do better.
pub fn may_pass(failure: &Failure) -> bool {
    match failure {
        Failure::Unreachable { .. } => true,
        Failure::Status(status) => matches!(
            status.code(),
            Code::Unavailable
                | Code::Unknown
                | Code::Internal
                | Code::Cancelled
                | Code::DeadlineExceeded
                | Code::ResourceExhausted
        ),
        Failure::Advised { failure, .. } => may_pass(failure),
        Failure::Usage(_) | Failure::Failed(_) | Failure::ReaderGone => false,
    }
}

/// Waits for what a server that is there would send by now.
pub async fn heard<T, E: Into<Failure>>(from: impl Future<Output = Result<T, E>>) -> Result<T, Failure> {
    match tokio::time::timeout(SILENCE, from).await {
        Ok(heard) => heard.map_err(Into::into),
        Err(_) => Err(Status::deadline_exceeded("nothing is heard of the server").into()),
    }
}

/// The reason of a failure in a few words, for a place where it stands after "connection lost".
pub fn reason(failure: &Failure) -> String {
    match failure {
        // The number of the error says nothing to who watches.
        Failure::Unreachable { reason, .. } => reason.split(" (os error").next().unwrap_or_default().to_lowercase(),
        Failure::Status(status) if matches!(status.code(), Code::Unknown | Code::Internal) => {
            "the server broke off".to_owned()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        let mut waits = Waits::default();
        let lost = Failure::Status(Status::unavailable("gone"));
        let mut whole = FIRST;
        for _ in 0..40 {
            let wait = waits.next(&lost);
            assert!((whole / 2..=whole).contains(&wait), "{wait:?} of {whole:?}");
            whole = (whole * 2).min(LONGEST);
        }
        waits.reset();
        assert!(waits.next(&lost) <= FIRST);
    }

    #[test]
    fn a_refusal_is_not_tried_again() {
        assert!(may_pass(&Failure::Status(Status::unavailable("stopping"))));
        assert!(may_pass(&Failure::Status(Status::unknown("h2 broke off"))));
        assert!(!may_pass(&Failure::Status(Status::not_found("no such vote"))));
        assert!(!may_pass(&Failure::Status(Status::out_of_range("beyond the record"))));
    }
}
