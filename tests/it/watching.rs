//! Live tallies: whole, absolute, never going back, complete in changes of state.
