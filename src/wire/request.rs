//! What identifies a request: its id, and the digest of its content.

use prost::{Message, Name};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::malformed::Fields;
use crate::domain::{Digest, Receipt, RequestId, RequestKey};
use crate::proto;

/// Bytes of the digest that are kept.
const DIGEST_BYTES: usize = 16;

/// The digest of a request's canonical form: the full name of its type, a zero byte, and its encoding without the
/// request's id, fields in the order of their numbers and maps in the order of their keys.
fn digest<M: Message + Name>(request: &M) -> Digest {
    let name = M::full_name();
    let hash = Sha256::new().chain_update(name).chain_update([0]).chain_update(request.encode_to_vec()).finalize();
    let mut first = [0; DIGEST_BYTES];
    first.copy_from_slice(&hash[..DIGEST_BYTES]);
    Digest(first)
}

impl Fields {
    /// The key of a request whose `request_id` was taken out of it. An empty id is made up: such a call is not safe to
    /// repeat.
    pub fn key<M: Message + Name>(&mut self, request: &M, request_id: &str) -> Option<RequestKey> {
        let id = if request_id.is_empty() { Ok(Uuid::new_v4()) } else { Uuid::try_parse(request_id) };
        // All zeros is what a client sends that forgot to make one: two of its calls would be taken for one.
        self.unless(id != Ok(Uuid::nil()), "request_id", "must not be all zeros");
        let id = self.read("request_id", id.map_err(|_| "must be a UUID, made by the caller before its first try"))?;
        Some(RequestKey { id: RequestId(id.into_bytes()), digest: digest(request) })
    }
}

/// Commands from requests that name a thing and say nothing else, or a reason.
macro_rules! requests_that_name {
    ($thing:ident: $name:ty; $($request:ident => $intent:ident $(, $reason:ident)?;)*) => {$(
        impl TryFrom<proto::$request> for Command {
            type Error = Malformed;

            fn try_from(mut request: proto::$request) -> Result<Self, Malformed> {
                let mut fields = Fields::default();
                let request_id = std::mem::take(&mut request.request_id);
                let key = fields.key(&request, &request_id);
                let $thing = fields.read("name", request.name.parse::<$name>());
                $(fields.text(stringify!($reason), &request.$reason);)?
                let command = key.zip($thing).map(|(key, $thing)| {
                    Command { request: key, intent: Intent::$intent { $thing $(, $reason: request.$reason)? } }
                });
                fields.finish(command)
            }
        }
    )*};
}
pub(super) use requests_that_name;

impl From<Receipt> for proto::Receipt {
    fn from(receipt: Receipt) -> Self {
        Self {
            seq: receipt.seq.get(),
            revision: receipt.revision,
            record_time: Some(super::time::out(receipt.record_time)),
            leaf_hash: receipt.leaf_hash.to_vec().into(),
            replayed: receipt.replayed,
        }
    }
}
