//! Pages of lists: how large, and where the next begins. A token is opaque to clients, and bound to the list it is of.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message;
use sha2::{Digest, Sha256};

use super::malformed::Malformed;

/// Where a page size is not given.
const DEFAULT_SIZE: usize = 100;
/// A larger page is cut to this.
const MAX_PAGE: usize = 1_000;
/// A page is at most 1 MiB, which a client takes in one message without being told to, unless its first item alone is
/// larger. This is for the items: the token and the place take the rest.
const MAX_PAGE_BYTES: usize = (1 << 20) - 256;
/// The tag and the length of an item.
const AROUND_ITEM: usize = 5;
/// Bytes of the list's digest in a token: enough that a token of another list is not taken for one of this.
const LIST_BYTES: usize = 8;

/// The page that a request asks for.
#[derive(Clone, Debug)]
pub struct Page {
    size: usize,
    after: Option<Vec<u8>>,
    list: [u8; LIST_BYTES],
}

impl Page {
    /// Reads `page_size` and `page_token`. `list` names what is listed: the call, and every filter of it.
    ///
    /// # Errors
    /// A negative size, or a token that this list did not give.
    pub fn read(page_size: i32, page_token: &str, list: &[&str]) -> Result<Self, Malformed> {
        let size = usize::try_from(page_size).map_err(|_| Malformed::field("page_size", "must not be negative"))?;
        let size = if size == 0 { DEFAULT_SIZE } else { size.min(MAX_PAGE) };
        let hash = Sha256::digest(list.join("\0"));
        let mut list = [0; LIST_BYTES];
        list.copy_from_slice(&hash[..LIST_BYTES]);
        if page_token.is_empty() {
            return Ok(Self { size, after: None, list });
        }
        let bytes = URL_SAFE_NO_PAD.decode(page_token).ok();
        let after = bytes.and_then(|bytes| bytes.strip_prefix(&list).map(<[u8]>::to_vec));
        let after = after.ok_or_else(|| Malformed::field("page_token", NOT_OURS))?;
        Ok(Self { size, after: Some(after), list })
    }

    /// The number after which the page begins; 0 for the first page.
    ///
    /// # Errors
    /// A token whose place is not a number.
    pub fn after_number(&self) -> Result<u64, Malformed> {
        let Some(after) = &self.after else { return Ok(0) };
        let bytes = <[u8; 8]>::try_from(after.as_slice()).map_err(|_| Malformed::field("page_token", NOT_OURS))?;
        Ok(u64::from_be_bytes(bytes))
    }

    /// The text after which the page begins; none for the first page.
    ///
    /// # Errors
    /// A token whose place is not a text.
    pub fn after_text(&self) -> Result<Option<String>, Malformed> {
        let text = self.after.clone().map(String::from_utf8).transpose();
        text.map_err(|_| Malformed::field("page_token", NOT_OURS))
    }

    /// Takes the page from the items that follow its beginning, each with its own place, and the token of the next page:
    /// empty where there is none.
    pub fn take<T: Message>(&self, items: impl Iterator<Item = (Vec<u8>, T)>) -> (Vec<T>, String) {
        let (mut page, mut bytes, mut last) = (Vec::new(), 0, Vec::new());
        for (place, item) in items {
            let length = item.encoded_len() + AROUND_ITEM;
            if page.len() == self.size || (!page.is_empty() && bytes + length > MAX_PAGE_BYTES) {
                return (page, URL_SAFE_NO_PAD.encode([self.list.as_slice(), &last].concat()));
            }
            bytes += length;
            last = place;
            page.push(item);
        }
        (page, String::new())
    }
}

const NOT_OURS: &str = "must be the next_page_token of the same list, with the same filters";
