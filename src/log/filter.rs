//! Makes the operating system such that sled's flush is durable, or says that it cannot. Knows nothing of logs.
//!
//! On Linux sled 0.34.7 ends a flush in `sync_file_range`, which empties no disk's cache; where the kernel answers that it
//! has no such call (ENOSYS) sled calls `File::sync_all` instead. So the kernel is told to answer that, by a seccomp filter
//! on the whole process. Its side effects: it is inherited by child processes, in which set-user-ID programs no longer gain
//! privileges, and programs of another architecture (32 bits) are killed.
//!
//! On macOS sled calls `File::sync_all` at once, and Rust's standard library makes that `F_FULLFSYNC`, which empties the
//! disk's cache: no filter is needed. Other systems have not been examined.

use std::sync::OnceLock;

use super::OpenError;

/// Makes sure, once for the process, that sled syncs what it writes. To be called before sled opens anything.
///
/// # Errors
/// [`OpenError::NoFilter`] where the kernel takes no filter, [`OpenError::Unsupported`] where nothing is known of the system.
pub(super) fn install() -> Result<(), OpenError> {
    static INSTALLED: OnceLock<Result<(), OpenError>> = OnceLock::new();
    INSTALLED.get_or_init(install_once).clone()
}

#[cfg(target_os = "linux")]
fn install_once() -> Result<(), OpenError> {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

    let refused = |reason: &dyn std::fmt::Display| OpenError::NoFilter { reason: reason.to_string() };
    let arch = TargetArch::try_from(std::env::consts::ARCH)
        .map_err(|_| OpenError::Unsupported { system: format!("Linux on {}", std::env::consts::ARCH) })?;
    let no_such_call = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let rules = [(libc::SYS_sync_file_range, vec![])].into();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, no_such_call, arch).map_err(|e| refused(&e))?;
    let program = BpfProgram::try_from(filter).map_err(|e| refused(&e))?;
    seccompiler::apply_filter_all_threads(&program).map_err(|e| refused(&e))
}

#[cfg(target_os = "macos")]
fn install_once() -> Result<(), OpenError> {
    Ok(())
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn install_once() -> Result<(), OpenError> {
    Err(OpenError::Unsupported { system: std::env::consts::OS.to_owned() })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn the_process_runs_under_a_filter() {
        super::install().expect("installed");
        let status = std::fs::read_to_string("/proc/self/status").expect("status");
        assert!(status.contains("Seccomp:\t2"), "{status}");
    }
}
