//! The generated messages, clients and servers of `proto/rollcall/v1`, documented there.

#![allow(missing_docs, clippy::all, clippy::pedantic)]

tonic::include_proto!("rollcall.v1");

/// The descriptors of all files, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rollcall.v1.bin"));
