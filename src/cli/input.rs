//! What a command reads beside its arguments: a file, or standard input where it is named `-`.

use std::io::Read;

use super::client::{Failure, deepest};

/// The whole text of a file or of standard input.
pub fn text(path: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path == "-" {
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let called = if path == "-" { "standard input" } else { path };
    read.map_err(|error| Failure::Failed(format!("{called} cannot be read: {}", deepest(&error))))
}
