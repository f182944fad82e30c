//! Stored entries of every released version still decode.
