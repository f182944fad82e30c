//! A request that is repeated never counts twice, and learns its first receipt.
