//! The RFC 6962 Merkle tree over SHA-256, as far as appending and the root need it. Keeps no leaf: it cannot prove that
//! one is included.

use bytes::Bytes;
use sha2::{Digest, Sha256};

/// A SHA-256 hash, of a leaf, a node or a whole tree.
pub type Hash = [u8; 32];

/// RFC 6962 section 2.1: one prefix for leaves and another for nodes, so that neither can pass for the other.
const LEAF: [u8; 1] = [0x00];
const NODE: [u8; 1] = [0x01];

/// The hash of a leaf: SHA-256 of 0x00 and the payload's bytes, as stored (RFC 6962, section 2.1).
#[must_use]
pub fn leaf_hash(payload: &[u8]) -> Hash {
    Sha256::new().chain_update(LEAF).chain_update(payload).finalize().into()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update(NODE).chain_update(left).chain_update(right).finalize().into()
}

/// Payloads in order, and the [`leaf_hash`] of each, made once for all who need it.
#[derive(Clone, Debug, Default)]
pub struct Leaves {
    payloads: Vec<Bytes>,
    hashes: Vec<Hash>,
    bytes: usize,
}

impl Leaves {
    /// Adds a payload, and returns its hash.
    pub fn push(&mut self, payload: Bytes) -> Hash {
        let hash = leaf_hash(&payload);
        self.bytes += payload.len();
        self.payloads.push(payload);
        self.hashes.push(hash);
        hash
    }

    /// The payloads.
    #[must_use]
    pub fn payloads(&self) -> &[Bytes] {
        &self.payloads
    }

    /// Their hashes.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.payloads.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.payloads.is_empty()
    }

    /// How many bytes they have together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl FromIterator<Bytes> for Leaves {
    fn from_iter<I: IntoIterator<Item = Bytes>>(payloads: I) -> Self {
        let mut leaves = Self::default();
        for payload in payloads {
            leaves.push(payload);
        }
        leaves
    }
}

/// A tree that grows at its end. Holds one hash for each perfect subtree, at most 64.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    size: u64,
    /// The roots of the perfect subtrees, the largest first: one for each bit that is set in `size`.
    subtrees: Vec<Hash>,
}

impl Tree {
    /// Appends a leaf, given its [`leaf_hash`].
    pub fn push(&mut self, leaf: Hash) {
        let mut root = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                root = node_hash(&left, &root);
            }
        }
        self.subtrees.push(root);
        self.size += 1;
    }

    /// The tree of `size` leaves with these [`subtrees`](Self::subtrees); none where it has another number of them.
    #[must_use]
    pub fn restored(size: u64, subtrees: Vec<Hash>) -> Option<Self> {
        (subtrees.len() == size.count_ones() as usize).then_some(Self { size, subtrees })
    }

    /// The roots of the perfect subtrees, the largest first: all that a tree needs to grow on.
    #[must_use]
    pub fn subtrees(&self) -> &[Hash] {
        &self.subtrees
    }

    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The Merkle tree hash of all leaves; that of an empty tree is the SHA-256 of nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        let joined = self.subtrees.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        joined.unwrap_or_else(|| Sha256::digest([]).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(hash: Hash) -> String {
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn naive(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                node_hash(&naive(left), &naive(right))
            }
        }
    }

    /// The leaves and roots of the reference implementation of Certificate Transparency (merkle_tree_test).
    #[test]
    fn roots_are_those_of_the_reference_implementation() {
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Tree::default();
        assert_eq!(hex(tree.root()), roots[0]);
        for (leaf, root) in leaves.iter().zip(&roots[1..]) {
            tree.push(leaf_hash(leaf));
            assert_eq!(hex(tree.root()), *root, "after {} leaves", tree.size());
        }
    }

    #[test]
    fn the_frontier_agrees_with_the_definition() {
        let mut tree = Tree::default();
        let mut leaves = Vec::new();
        for number in 0..100_u64 {
            assert_eq!((tree.size(), tree.root()), (number, naive(&leaves)));
            let leaf = leaf_hash(&number.to_be_bytes());
            tree.push(leaf);
            leaves.push(leaf);
        }
    }
}
