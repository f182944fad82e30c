//! Rules and verdicts: real decisions of real bodies.
