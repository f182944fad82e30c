//! Foreign services that watch a tally.
