//! Errors name every bad field, the reason and what goes with it.
