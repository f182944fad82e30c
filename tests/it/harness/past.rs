//! Votes of the past as data sets that may stand beside the project, which it does not carry.

use std::path::{Path, PathBuf};

/// The folder of the data sets; none where it is not there. ROLLCALL_PAST_VOTES names it.
pub fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("ROLLCALL_PAST_VOTES").map_or(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}
