//! The demo: both votes as they were held, taken up again after a crash.
