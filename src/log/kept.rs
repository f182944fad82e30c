//! The file STATE, written when a log is closed: what its reader keeps of it, and how the store's files were left. It spares the
//! next start reading the record, where nothing has changed since. It is never needed: whoever doubts it deletes it.

use std::fmt::Write as _;
use std::path::Path;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::passed::{Passed, unhex};
use crate::record::tree::{Hash, Tree};

const FIRST_LINE: &str = "rollcall-state 1";

/// A file as it lies on disk. Whoever changes it changes at least one of these, or meant to deceive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Print {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// Nanoseconds since 1970.
    pub(super) modified: u128,
}

impl Print {
    /// A file's print; none where it cannot be looked at.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_owned();
        let metadata = path.metadata().ok()?;
        let modified = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?.as_nanos();
        Some(Self { name, bytes: metadata.len(), modified })
    }
}

/// What this program is made of: another reads a record in its own way.
pub(super) const PROGRAM: &str = concat!(env!("CARGO_PKG_VERSION"), "-", env!("ROLLCALL_SOURCES"));

/// What was kept of a log.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) tree: Tree,
    /// The program that kept it.
    pub(super) program: String,
    /// The store's files, in the order of their names.
    pub(super) store: Vec<Print>,
    /// Its reader's own.
    pub(super) state: Bytes,
}

impl Kept {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let Kept { tree, program, store, state } = self;
        let mut head = format!("{FIRST_LINE}\n{}subtrees", Passed::of(tree));
        // Nothing fails that writes to a String.
        for subtree in tree.subtrees() {
            let _ = write!(head, " {}", hex(subtree));
        }
        let _ = write!(head, "\nprogram {program}");
        for print in store {
            let _ = write!(head, "\nfile {} {} {}", print.bytes, print.modified, print.name);
        }
        let _ = write!(head, "\nstate {} {}\n\n", state.len(), hex(&Sha256::digest(state).into()));
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(state);
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) made; none where it is anything else.
    pub(super) fn parse(bytes: &Bytes) -> Option<Self> {
        let end_of_head = bytes.windows(2).position(|pair| pair == b"\n\n")?;
        let head = str::from_utf8(&bytes[..end_of_head]).ok()?;
        let state = bytes.slice(end_of_head + 2..);
        let (head, of_state) = head.strip_prefix(FIRST_LINE)?.strip_prefix('\n')?.rsplit_once("\nstate ")?;
        if of_state != format!("{} {}", state.len(), hex(&Sha256::digest(&state).into())) {
            return None;
        }
        let (passed, rest) = head.split_once("subtrees")?;
        let passed = Passed::parse(passed)?;
        let mut lines = rest.lines();
        let subtrees = lines.next()?.split_whitespace().map(unhex).collect::<Option<_>>()?;
        let tree = Tree::restored(passed.end, subtrees).filter(|tree| tree.root() == passed.root)?;
        let program = lines.next()?.strip_prefix("program ")?.to_owned();
        let store = lines.map(|line| {
            let (bytes, rest) = line.strip_prefix("file ")?.split_once(' ')?;
            let (modified, name) = rest.split_once(' ')?;
            Some(Print { name: name.to_owned(), bytes: bytes.parse().ok()?, modified: modified.parse().ok()? })
        });
        Some(Self { tree, program, store: store.collect::<Option<_>>()?, state })
    }
}

fn hex(hash: &Hash) -> String {
    hash.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tree::leaf_hash;

    fn kept(size: u64) -> Kept {
        let mut tree = Tree::default();
        (0..size).for_each(|number| tree.push(leaf_hash(&number.to_be_bytes())));
        let print = |name: &str| Print { name: name.to_owned(), bytes: 7, modified: 1 << 70 };
        Kept {
            tree,
            program: PROGRAM.to_owned(),
            store: vec![print("conf"), print("db")],
            state: Bytes::from_static(b"a state\n\nof its own\nstate 1 2"),
        }
    }

    #[test]
    fn only_what_we_write_is_read() {
        for size in [0, 1, 2, 3, 7, 8, 1_000] {
            let kept = kept(size);
            let bytes = Bytes::from(kept.to_bytes());
            let read = Kept::parse(&bytes).expect("what was written");
            assert_eq!((read.tree.size(), read.tree.root()), (size, kept.tree.root()));
            assert_eq!((&read.program, &read.store, &read.state), (&kept.program, &kept.store, &kept.state));
            let mut grown = [read.tree, kept.tree];
            grown.iter_mut().for_each(|tree| tree.push(leaf_hash(b"next")));
            assert_eq!(grown[0].root(), grown[1].root(), "it grows on as the first does");
            assert!(Kept::parse(&bytes.slice(..bytes.len() - 1)).is_none(), "cut off");
        }
        let bytes = kept(7).to_bytes();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let read = Kept::parse(&changed.into());
            let told = read.is_none_or(|read| read.program != kept(7).program || read.store != kept(7).store);
            assert!(told, "a change of byte {at} passes");
        }
    }
}
