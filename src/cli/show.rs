//! Answers as JSON, by the descriptors that the service itself is described with.

use std::sync::LazyLock;

use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};

use super::client::Failure;
use super::say;
use crate::proto::FILE_DESCRIPTOR_SET;

static POOL: LazyLock<Result<DescriptorPool, String>> =
    LazyLock::new(|| DescriptorPool::decode(FILE_DESCRIPTOR_SET).map_err(|e| e.to_string()));

/// Prints a message as one JSON document.
pub fn json<M: Message + Name>(message: &M) -> Result<(), Failure> {
    say::line(serde_json::to_string_pretty(&value(message)?).map_err(failed)?);
    Ok(())
}

/// Prints a message as one line of JSON, for those of which several come.
pub fn json_line<M: Message + Name>(message: &M) -> Result<(), Failure> {
    say::line(value(message)?);
    Ok(())
}

fn value<M: Message + Name>(message: &M) -> Result<serde_json::Value, Failure> {
    let pool = POOL.as_ref().map_err(failed)?;
    let name = M::full_name();
    let described = pool.get_message_by_name(&name).ok_or_else(|| failed(format!("{name} is not described")))?;
    let bytes = message.encode_to_vec();
    let dynamic = DynamicMessage::decode(described, bytes.as_slice()).map_err(failed)?;
    dynamic.serialize_with_options(serde_json::value::Serializer, &SerializeOptions::new()).map_err(failed)
}

fn failed(problem: impl std::fmt::Display) -> Failure {
    Failure::Failed(format!("the answer cannot be shown as JSON: {problem}"))
}
