//! The sources keep the rules of the house.
