//! The witness beside the store: an end and a Merkle root that the record has passed. Does not know how they came about.

use std::fmt;

use crate::record::tree::{Hash, Tree};

/// An end, and the RFC 6962 root of the record up to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Passed {
    pub(super) end: u64,
    pub(super) root: Hash,
}

impl Passed {
    /// What this tree has passed.
    pub(super) fn of(tree: &Tree) -> Self {
        Self { end: tree.size(), root: tree.root() }
    }

    /// Reads the text that [`Display`](fmt::Display) writes, none where it is anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (end, root) = text.strip_prefix("end ")?.strip_suffix('\n')?.split_once("\nroot ")?;
        let passed = Self { end: end.parse().ok()?, root: unhex(root)? };
        // Whatever is not written this way was not written by us.
        (passed.to_string() == text).then_some(passed)
    }
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "end {}\nroot ", self.end)?;
        self.root.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("\n")
    }
}

/// The hash that these 64 digits are.
pub(super) fn unhex(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != hash.len() * 2 {
        return None;
    }
    for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_we_write_is_read() {
        let text = Passed::of(&Tree::default()).to_string();
        assert_eq!(text, "end 0\nroot e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n");
        assert_eq!(Passed::parse(&text).map(|passed| passed.to_string()), Some(text.clone()));
        for other in [String::new(), text.trim_end().to_owned(), text.replace('0', "+"), text.replace("end ", "end 0")]
        {
            assert_eq!(Passed::parse(&other), None, "{other}");
        }
    }
}
