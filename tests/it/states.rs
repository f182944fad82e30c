//! What is allowed in which state of a vote.
