//! Messages of any type of the contract, made of the fuzzer's bytes. Knows names and the shapes of messages, and no rule.

use std::collections::HashMap;
use std::sync::LazyLock;

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

/// The contract.
pub static CONTRACT: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(rollcall::proto::FILE_DESCRIPTOR_SET).unwrap());

/// Deeper than any message of the contract.
const DEPTH: u32 = 8;

/// How far a made message keeps to what a client would send.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Names of the few things there are, and known values; one field in some is wild.
    Fit,
    /// Anything that the types can hold.
    Wild,
}

/// The type of a message by its short name.
pub fn type_of(name: &str) -> MessageDescriptor {
    CONTRACT.get_message_by_name(&format!("rollcall.v1.{name}")).unwrap()
}

/// The message of that type that stands in these bytes, if one does.
pub fn read(of: &MessageDescriptor, bytes: &[u8]) -> Option<DynamicMessage> {
    DynamicMessage::decode(of.clone(), bytes).ok()
}

/// The bytes of a message: the fuzzer's own, or a message of that type made of them.
pub fn bytes(u: &mut Unstructured, of: &MessageDescriptor) -> Vec<u8> {
    let mut raw_or = || {
        Ok(match u.int_in_range(0..=3)? {
            0 => return Ok(None),
            1 => Some(message(u, of, Manner::Wild)?),
            _ => Some(message(u, of, Manner::Fit)?),
        })
    };
    let made: Result<_> = raw_or();
    match made {
        Ok(Some(made)) => made.encode_to_vec(),
        _ => u.bytes(u.len()).unwrap_or_default().to_vec(),
    }
}

/// A message of that type.
pub fn message(u: &mut Unstructured, of: &MessageDescriptor, manner: Manner) -> Result<DynamicMessage> {
    filled(u, of, manner, DEPTH)
}

fn filled(u: &mut Unstructured, of: &MessageDescriptor, manner: Manner, depth: u32) -> Result<DynamicMessage> {
    let mut made = DynamicMessage::new(of.clone());
    if depth == 0 {
        return Ok(made);
    }
    for oneof in of.oneofs() {
        let fields: Vec<_> = oneof.fields().collect();
        if !u.ratio(1, 16)? {
            let field = u.choose(&fields)?;
            made.set_field(field, single(u, field, manner, depth)?);
        }
    }
    for field in of.fields().filter(|field| field.containing_oneof().is_none()) {
        let value = if field.is_map() {
            Value::Map(map(u, &field, manner, depth)?)
        } else if field.is_list() {
            let length = u.int_in_range(0..=if manner == Manner::Fit { 4 } else { 20 })?;
            let mut list: Vec<Value> = (0..length).map(|_| single(u, &field, manner, depth)).collect::<Result<_>>()?;
            if manner == Manner::Fit && matches!(field.kind(), Kind::Enum(_)) {
                // Choices, of which none is named twice.
                list.dedup();
            }
            Value::List(list)
        } else if u.ratio(1, 8)? {
            continue;
        } else {
            single(u, &field, manner, depth)?
        };
        made.set_field(&field, value);
    }
    Ok(made)
}

fn map(u: &mut Unstructured, field: &FieldDescriptor, manner: Manner, depth: u32) -> Result<HashMap<MapKey, Value>> {
    let Kind::Message(pair) = field.kind() else { return Ok(HashMap::new()) };
    let length = u.int_in_range(0..=if manner == Manner::Fit { 2 } else { 20 })?;
    let key = |u: &mut Unstructured| Ok(MapKey::String(text(u, field, manner)?));
    (0..length).map(|_| Ok((key(u)?, single(u, &pair.map_entry_value_field(), manner, depth)?))).collect()
}

fn single(u: &mut Unstructured, field: &FieldDescriptor, manner: Manner, depth: u32) -> Result<Value> {
    let wild = manner == Manner::Wild;
    Ok(match field.kind() {
        Kind::String => Value::String(text(u, field, manner)?),
        Kind::Bytes => Value::Bytes(if wild { blob(u)? } else { sixteen(u)? }.into()),
        Kind::Message(of) => Value::Message(match of.full_name() {
            "google.protobuf.Timestamp" | "google.protobuf.Duration" => time(u, &of, manner)?,
            _ => filled(u, &of, manner, depth - 1)?,
        }),
        Kind::Enum(of) => {
            let last = i32::try_from(of.values().len()).unwrap_or(i32::MAX) - 1;
            Value::EnumNumber(match u.int_in_range(0..=15)? {
                0 => 0,
                1..=8 if wild => u.arbitrary()?,
                _ => u.int_in_range(last.min(1)..=last)?,
            })
        }
        Kind::Bool => Value::Bool(u.arbitrary()?),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(number(u, manner)? as i32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(number(u, manner)? as i64),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(number(u, manner)? as u32),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(number(u, manner)?),
        Kind::Float => Value::F32(u.arbitrary()?),
        Kind::Double => Value::F64(u.arbitrary()?),
    })
}

/// Small, or one of those at which arithmetic goes wrong.
fn number(u: &mut Unstructured, manner: Manner) -> Result<u64> {
    const EDGES: [u64; 8] =
        [u64::MAX, u64::MAX - 1, i64::MAX as u64, i64::MAX as u64 + 1, 1 << 62, u32::MAX as u64, 1 << 31, 1 << 32];
    Ok(match u.int_in_range(0..=if manner == Manner::Fit { 19 } else { 3 })? {
        0 => *u.choose(&EDGES)?,
        1 => u.arbitrary()?,
        _ => u.int_in_range(0..=12)?,
    })
}

fn time(u: &mut Unstructured, of: &MessageDescriptor, manner: Manner) -> Result<DynamicMessage> {
    let (seconds, nanos): (i64, i32) = match (manner, of.full_name()) {
        (Manner::Wild, _) => (number(u, manner)? as i64, u.arbitrary()?),
        (_, "google.protobuf.Duration") => (u.int_in_range(0..=100)?, u.int_in_range(0..=999_999_999)?),
        _ => (u.int_in_range(-62_135_596_800..=253_402_300_799)?, u.int_in_range(0..=999_999_999)?),
    };
    let mut made = DynamicMessage::new(of.clone());
    made.set_field_by_name("seconds", Value::I64(seconds));
    made.set_field_by_name("nanos", Value::I32(nanos));
    Ok(made)
}

/// Text for a field: what its name asks for, or anything.
fn text(u: &mut Unstructured, field: &FieldDescriptor, manner: Manner) -> Result<String> {
    if u.ratio(1, if manner == Manner::Fit { 40 } else { 2 })? {
        return any_text(u);
    }
    let of = field.parent_message().name().to_owned();
    let body = |u: &mut Unstructured| {
        Ok(format!("bodies/{}", u.choose(&["hall", "hall", "hall", "hall", "hall", "hall", "hall", "annex"])?))
    };
    let member = |u: &mut Unstructured| Ok(u.choose(&["A", "A", "B", "B", "C", "D", "a", "stranger"])?.to_string());
    let vote =
        |u: &mut Unstructured| Ok(format!("{}/votes/{}", body(u)?, u.choose(&["q", "q", "q", "q", "r", "r", "s"])?));
    let seat = |u: &mut Unstructured| Ok(format!("{}/members/{}", body(u)?, member(u)?));
    let ballot = |u: &mut Unstructured| Ok(format!("{}/ballots/{}", vote(u)?, member(u)?));
    let within = |word: &str| of.contains(word);
    match field.name() {
        "request_id" => Ok(format!("00000000-0000-4000-8000-0000000000{:02x}", u.int_in_range(1..=255_u8)?)),
        "body_id" => Ok(u.choose(&["hall", "annex"])?.to_string()),
        "vote_id" => Ok(u.choose(&["q", "r", "s"])?.to_string()),
        "parent" if within("Ballots") || within("Annotations") => vote(u),
        "body" | "parent" => body(u),
        "vote" => vote(u),
        "member" if ["Member", "VotingRight", "Statement", "Correction"].into_iter().any(within) => seat(u),
        "member" => member(u),
        "name" if within("Member") || within("VotingRight") => seat(u),
        "name" if within("Ballot") => ballot(u),
        "name" if within("Bod") => body(u),
        "name" => vote(u),
        "preset" => Ok(u.choose(&["", "", "", "un.ga.simple", "un.ga.two-thirds", "un.sc.substantive"])?.to_string()),
        "weight" | "weights" => Ok(u.choose(&["", "", "shares", "population"])?.to_string()),
        "group" | "groups" => Ok(u.choose(&["permanent", "P5", "rest"])?.to_string()),
        _ => Ok(u.choose(&["", "A/RES/1", "the chair so rules", "permanent"])?.to_string()),
    }
}

/// Up to some thousand bytes, so that every bound is passed at times.
fn any_text(u: &mut Unstructured) -> Result<String> {
    let short: &str = u.arbitrary()?;
    let many = *u.choose(&[1, 1, 1, 2, 70, 600, 3_000])?;
    Ok(short.repeat(many).chars().take(5_000).collect())
}

fn blob(u: &mut Unstructured) -> Result<Vec<u8>> {
    let length = u.int_in_range(0..=40)?;
    Ok(u.bytes(length.min(u.len()))?.to_vec())
}

fn sixteen(u: &mut Unstructured) -> Result<Vec<u8>> {
    Ok(vec![u.arbitrary()?; *u.choose(&[16, 16, 16, 0])?])
}
