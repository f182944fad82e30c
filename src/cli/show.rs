//! Answers on standard output: lines for people, and JSON by the descriptors that the service itself is described with.

use std::io::Write;
use std::sync::LazyLock;

use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};

use super::client::Failure;
use super::text;
use crate::proto::FILE_DESCRIPTOR_SET;

static POOL: LazyLock<Result<DescriptorPool, String>> =
    LazyLock::new(|| DescriptorPool::decode(FILE_DESCRIPTOR_SET).map_err(|e| e.to_string()));

/// What can be shown: any message of the contract.
pub trait Answer: Message + Name {}

impl<M: Message + Name> Answer for M {}

/// Prints lines for people. A reader that has gone ends the command.
pub fn lines(lines: &[String]) -> Result<(), Failure> {
    lines.iter().try_for_each(|line| print(text::clean(line)))
}

fn print(text: impl std::fmt::Display) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{text}").map_err(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Failure::ReaderGone,
        _ => Failure::Failed(format!("the answer cannot be written: {error}")),
    })
}

/// Prints a message as one JSON document.
pub fn json<M: Answer>(message: &M) -> Result<(), Failure> {
    print(serde_json::to_string_pretty(&value(message)?).map_err(failed)?)
}

/// Prints a message as one line of JSON, for those of which several come.
pub fn json_line<M: Answer>(message: &M) -> Result<(), Failure> {
    print(value(message)?)
}

/// Reads a message from JSON, as protobuf has it.
pub fn from_json<M: Answer + Default>(json: &str) -> Result<M, String> {
    let described = described::<M>().map_err(|failure| failure.to_string())?;
    let mut json = serde_json::Deserializer::from_str(json);
    let dynamic = DynamicMessage::deserialize(described, &mut json).map_err(|e| e.to_string())?;
    json.end().map_err(|e| e.to_string())?;
    dynamic.transcode_to().map_err(|e| e.to_string())
}

fn described<M: Answer>() -> Result<MessageDescriptor, Failure> {
    let pool = POOL.as_ref().map_err(failed)?;
    let name = M::full_name();
    pool.get_message_by_name(&name).ok_or_else(|| failed(format!("{name} is not described")))
}

fn value<M: Answer>(message: &M) -> Result<serde_json::Value, Failure> {
    let described = described::<M>()?;
    let bytes = message.encode_to_vec();
    let dynamic = DynamicMessage::decode(described, bytes.as_slice()).map_err(failed)?;
    dynamic.serialize_with_options(serde_json::value::Serializer, &SerializeOptions::new()).map_err(failed)
}

fn failed(problem: impl std::fmt::Display) -> Failure {
    Failure::Failed(format!("the answer cannot be shown as JSON: {problem}"))
}
