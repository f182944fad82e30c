//! The named rules and rules at random, judged: properties that hold whatever the ballots are. Files that do not hold are told.

mod bodies;
mod decided;
mod decisions;
mod faults;
mod files;
mod properties;
