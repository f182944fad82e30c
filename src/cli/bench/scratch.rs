//! A folder for the time of the measurement. Removed with all that is in it when it goes out of scope.

use std::path::{Path, PathBuf};

use crate::cli::client::Failure;

/// The folder.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one in `parent`, which is there already.
    pub fn within(parent: &Path) -> Result<Self, Failure> {
        let path = parent.join(format!("rollcall-bench-{}", std::process::id()));
        match std::fs::create_dir(&path) {
            Ok(()) => Ok(Self(path)),
            Err(error) => Err(Failure::Failed(format!("the folder {} cannot be made: {error}", path.display()))),
        }
    }

    /// A place in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Whoever finds it left over knows by its name what it was.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
