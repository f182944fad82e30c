//! The edge of the services: what every call passes before its service, and its answer after it. Whether the server serves,
//! whether there is room, and until when the caller waits. Knows no call.

use std::convert::Infallible;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, Request, Response};
use http_body::Frame;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;
use tonic::body::Body;

use super::status::{deadline_exceeded, not_serving, too_many_calls, trailers};

/// Calls under way at once, streams among them: some KiB each, so that they hold some hundred MiB at most.
const MAX_CALLS: usize = 65_536;

/// Where our own services are served; health and reflection are let through while these are not.
const OURS: &str = "/rollcall.v1.";

/// What stands before all services.
#[derive(Clone)]
pub struct Edge(Arc<Gate>);

struct Gate {
    open: AtomicBool,
    /// Calls under way: counted, since a semaphore would be a lock that all calls share.
    calls: AtomicUsize,
    max_calls: usize,
    stopping: CancellationToken,
}

/// A call on its way to its answer.
pub type Answered = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl Edge {
    /// Lets no call of ours through until it is opened, and none again once `stopping` is cancelled.
    #[must_use]
    pub fn new(stopping: CancellationToken) -> Self {
        Self::with_room(stopping, MAX_CALLS)
    }

    fn with_room(stopping: CancellationToken, max_calls: usize) -> Self {
        let (open, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
        Self(Arc::new(Gate { open, calls, max_calls, stopping }))
    }

    /// Lets calls through.
    pub fn open(&self) {
        self.0.open.store(true, Ordering::Release);
    }

    /// Has a request answered, where there is a place for it, and until its caller no longer waits.
    pub fn pass<F>(&self, request: Request<Body>, answer: impl FnOnce(Request<Body>) -> F) -> Answered
    where
        F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
    {
        let place = match self.admit(request.uri().path()) {
            Ok(place) => place,
            Err(status) => return Box::pin(ready(Ok(status.into_http()))),
        };
        let deadline = timeout(request.headers()).map(|left| Instant::now() + left);
        let answer = answer(request);
        Box::pin(async move {
            let response = match deadline {
                None => answer.await?,
                Some(deadline) => match tokio::time::timeout_at(deadline, answer).await {
                    Ok(response) => response?,
                    Err(_) => return Ok(deadline_exceeded().into_http()),
                },
            };
            let deadline = deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline)));
            Ok(response.map(|body| Body::new(Answer { body, place, deadline, ended: false })))
        })
    }

    /// A place for a call, held until its answer has ended; or why there is none.
    fn admit(&self, path: &str) -> Result<Place, Status> {
        let gate = &self.0;
        if !path.starts_with(OURS) {
            // Whoever watches the server's health is told that it stops, and no more.
            return Ok(Place::Other(Box::pin(gate.stopping.clone().cancelled_owned())));
        }
        if gate.stopping.is_cancelled() {
            return Err(not_serving(STOPPING.to_owned()));
        }
        if !gate.open.load(Ordering::Acquire) {
            return Err(not_serving("this server is still reading its record; try again".to_owned()));
        }
        Counted::of(gate).map(Place::Ours).ok_or_else(|| too_many_calls(gate.max_calls))
    }
}

const STOPPING: &str = "this server is stopping; try again, elsewhere if possible";

/// A call's place.
enum Place {
    /// Among those under way, of which there is a bound.
    Ours(#[expect(dead_code, reason = "held")] Counted),
    /// Of a call that would otherwise go on while the server stops.
    Other(Pin<Box<WaitForCancellationFutureOwned>>),
}

/// One of the calls under way.
struct Counted(Arc<Gate>);

impl Counted {
    fn of(gate: &Arc<Gate>) -> Option<Self> {
        let before = gate.calls.fetch_add(1, Ordering::Relaxed);
        // Taken back as it is dropped, here too.
        let counted = Self(Arc::clone(gate));
        (before < gate.max_calls).then_some(counted)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An answer on its way, which ends at the caller's deadline.
struct Answer {
    body: Body,
    place: Place,
    deadline: Option<Pin<Box<Sleep>>>,
    ended: bool,
}

impl Answer {
    /// Why it ends before its time, if it does.
    fn cut_short(&mut self, context: &mut Context<'_>) -> Option<Status> {
        if self.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(context).is_ready()) {
            return Some(deadline_exceeded());
        }
        let Place::Other(stopping) = &mut self.place else { return None };
        stopping.as_mut().poll(context).is_ready().then(|| not_serving(STOPPING.to_owned()))
    }
}

impl http_body::Body for Answer {
    type Data = <Body as http_body::Body>::Data;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        // What is ready is sent first, so that a watcher of health reads the last word of it.
        let frame = Pin::new(&mut self.body).poll_frame(context);
        let late = frame.is_pending() || self.deadline.is_some();
        match if late { self.cut_short(context) } else { None } {
            Some(status) => {
                self.ended = true;
                self.body = Body::empty();
                Poll::Ready(Some(trailers(&status)))
            }
            None => frame,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// How long the caller waits, as `grpc-timeout` says: at most eight digits and a unit.
fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 60 * 60)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_holds_its_place_until_its_answer_has_ended() {
        let edge = Edge::with_room(CancellationToken::new(), 1);
        let ours = "/rollcall.v1.VoteService/GetVote";
        let refused = |path: &str| edge.admit(path).err().map(|status| status.code());
        assert_eq!(refused(ours), Some(tonic::Code::Unavailable), "before it is opened");
        edge.open();
        let place = edge.admit(ours).unwrap();
        assert_eq!(refused(ours), Some(tonic::Code::ResourceExhausted));
        assert_eq!(refused("/grpc.health.v1.Health/Check"), None, "whoever asks for its health is answered");
        drop(place);
        assert_eq!(refused(ours), None);
    }

    #[test]
    fn a_timeout_is_read_as_the_protocol_has_it_and_else_not_at_all() {
        let read =
            |text: &str| timeout(&HeaderMap::from_iter([("grpc-timeout".parse().unwrap(), text.parse().unwrap())]));
        assert_eq!(read("99999999H"), Some(Duration::from_secs(99_999_999 * 3_600)));
        assert_eq!(read("2M"), Some(Duration::from_secs(120)));
        assert_eq!(read("1S"), Some(Duration::from_secs(1)));
        assert_eq!(read("20m"), Some(Duration::from_millis(20)));
        assert_eq!(read("7u"), Some(Duration::from_micros(7)));
        assert_eq!(read("0n"), Some(Duration::ZERO));
        for wrong in ["", "m", "1", "1s", "-1S", "+1S", "999999999S", "1.5S"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
