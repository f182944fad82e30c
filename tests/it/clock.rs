//! Entries never go back in time.
