//! A server inside the target's own process, without sockets: every method of the contract, over a log in memory and by a
//! clock that the target sets. Holds each answer to what the contract says of answers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use prost_reflect::{DynamicMessage, MessageDescriptor, MethodDescriptor, ReflectMessage, Value};
use rollcall::clock::{Clock, Reading, Timestamp};
use rollcall::grpc::{Rollcall, Tallies};
use rollcall::journal::Journal;
use rollcall::log::Log;
use rollcall::presets::Presets;
use rollcall::proto::ballot_service_server::BallotServiceServer;
use rollcall::proto::body_service_server::BodyServiceServer;
use rollcall::proto::record_service_server::RecordServiceServer;
use rollcall::proto::rule_service_server::RuleServiceServer;
use rollcall::proto::vote_service_server::VoteServiceServer;
use rollcall::{board, sequencer};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::service::Routes;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::messages::CONTRACT;

/// Turns of the scheduler after which a stream that says nothing is taken to have nothing to say.
const TURNS: usize = 40;

/// Messages of a stream that are waited for.
const MESSAGES: usize = 8;

/// Details of an error stay below this.
const MAX_DETAILS: usize = 4 << 10;

/// The largest message that is taken.
const MAX_REQUEST: usize = 4 << 20;

/// The moment at which every target begins.
const START: i64 = 1_665_600_000;

/// A clock that a target sets.
#[derive(Clone, Default)]
pub struct Hands(Arc<AtomicU64>);

impl Hands {
    /// Lets so many seconds pass.
    pub fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    fn clock(&self) -> Arc<Clock> {
        let passed = Arc::clone(&self.0);
        let read = move || {
            let steady = Duration::from_secs(passed.load(Ordering::Relaxed));
            Reading { wall: Timestamp::new(START, 0).unwrap().plus(steady), steady }
        };
        Arc::new(Clock::from_source(read))
    }
}

/// A server.
pub struct Hall {
    routes: Routes,
    tasks: Vec<JoinHandle<()>>,
}

/// What a call came to.
pub type Answer = Result<Vec<DynamicMessage>, Status>;

impl Hall {
    /// A server over `log`, once it has read it.
    pub async fn over(log: &Arc<dyn Log>, hands: &Hands, presets: &Arc<Presets>) -> Self {
        let journal = Journal::new(Arc::clone(log));
        let (sequencer, mut writer) = sequencer::open(journal.clone(), hands.clock());
        let (board, follower) = board::open(journal);
        let hall = writer.read_record().await.unwrap();
        let end = hall.end();
        let writing = tokio::spawn(async { drop(writer.run(CancellationToken::new()).await) });
        let following = tokio::spawn(async { drop(follower.run(hall).await) });
        board.reached(end).await.unwrap();
        let presets = Arc::clone(presets);
        let rollcall = Rollcall { sequencer, board, presets, stopping: CancellationToken::new() };
        let routes = Routes::new(BodyServiceServer::new(rollcall.clone()))
            .add_service(VoteServiceServer::new(rollcall.clone()))
            .add_service(BallotServiceServer::new(rollcall.clone()))
            .add_service(Tallies::new(rollcall.clone(), MAX_REQUEST))
            .add_service(RecordServiceServer::new(rollcall.clone()))
            .add_service(RuleServiceServer::new(rollcall));
        Self { routes, tasks: vec![writing, following] }
    }

    /// Makes a call with these bytes for each message, and holds the answer to the contract.
    pub async fn call(&self, method: &MethodDescriptor, messages: Vec<Vec<u8>>) -> Answer {
        let asked: Vec<_> = messages.iter().map(|bytes| DynamicMessage::decode(method.input(), &bytes[..])).collect();
        let answer = self.answer(method, messages).await;
        if let Err(status) = &answer {
            let readable = asked.iter().all(Result::is_ok) && !asked.is_empty();
            check(status, &method.input(), readable);
        }
        answer
    }

    async fn answer(&self, method: &MethodDescriptor, messages: Vec<Vec<u8>>) -> Answer {
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name()).parse().unwrap();
        let mut client = Grpc::new(self.routes.clone()).max_decoding_message_size(usize::MAX);
        let request = Request::new(tokio_stream::iter(messages));
        let mut stream = client.streaming(request, path, Raw).await?.into_inner();
        let mut answers = Vec::new();
        while answers.len() < MESSAGES {
            match soon(stream.message()).await {
                None | Some(Ok(None)) => break,
                Some(Ok(Some(bytes))) => answers.push(DynamicMessage::decode(method.output(), bytes).unwrap()),
                Some(Err(status)) => return Err(status),
            }
        }
        Ok(answers)
    }

    /// Makes a call with this one message.
    pub async fn ask(&self, method: &MethodDescriptor, message: &DynamicMessage) -> Answer {
        self.call(method, vec![prost::Message::encode_to_vec(message)]).await
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// All methods of the contract.
pub static METHODS: LazyLock<Vec<MethodDescriptor>> = LazyLock::new(|| {
    let services: Vec<_> = CONTRACT.services().filter(|service| service.package_name() == "rollcall.v1").collect();
    services.iter().flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
});

/// A method by its name.
pub fn method(name: &str) -> &'static MethodDescriptor {
    METHODS.iter().find(|method| method.name() == name).unwrap()
}

/// A field of a message, where it is set.
pub fn part(message: &DynamicMessage, field: &str) -> Option<DynamicMessage> {
    let field = message.descriptor().get_field_by_name(field).filter(|field| message.has_field(field))?;
    match message.get_field(&field).into_owned() {
        Value::Message(part) => Some(part),
        _ => None,
    }
}

async fn soon<T>(future: impl Future<Output = T>) -> Option<T> {
    let quiet = async {
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        value = future => Some(value),
        () = quiet => None,
    }
}

/// An error says what is wrong, of which field, in few bytes; none of them is a fault of the server.
fn check(status: &Status, asked: &MessageDescriptor, readable: bool) {
    assert!(status.details().len() < MAX_DETAILS, "{} bytes of details", status.details().len());
    assert!(status.message().len() <= 1_100, "{} bytes of message", status.message().len());
    if !readable || status.code() == Code::Unimplemented {
        return;
    }
    const CODES: [Code; 7] = [
        Code::InvalidArgument,
        Code::NotFound,
        Code::AlreadyExists,
        Code::FailedPrecondition,
        Code::OutOfRange,
        Code::ResourceExhausted,
        Code::Unavailable,
    ];
    assert!(CODES.contains(&status.code()), "{status:?}");
    let info = status.get_details_error_info().unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
    assert!(info.domain == "rollcall" && !info.reason.is_empty() && !status.message().is_empty(), "{status:?}");
    if status.code() == Code::InvalidArgument {
        let wrong = status.get_details_bad_request().map_or_else(Vec::new, |bad| bad.field_violations);
        assert!(!wrong.is_empty(), "no field is named: {status:?}");
        for violation in wrong {
            let first = violation.field.split(['.', '[']).next().unwrap_or_default();
            assert!(asked.get_field_by_name(first).is_some(), "{first:?} is no field of {}: {status:?}", asked.name());
            assert!(!violation.description.is_empty(), "{status:?}");
        }
    }
}

/// Messages as bytes.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
