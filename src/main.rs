//! Parses the command line, runs it, and ends with its exit code.

use std::process::ExitCode;

/// Each call allocates some dozens of times: the system's allocator takes a sixth more of a server's time (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    rollcall::cli::main()
}
