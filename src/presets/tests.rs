//! The named rules hold; files that do not are told with each line.

use super::*;
