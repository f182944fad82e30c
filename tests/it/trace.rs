//! The order of system calls: each ballot is written, synced and only then answered.
