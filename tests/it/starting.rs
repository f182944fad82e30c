//! What keeps a server from starting, in one sentence each.
