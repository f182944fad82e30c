//! Tamper evidence: the Merkle tree over the record. Knows nothing of what an entry says, nor where it is stored.

pub mod tree;
