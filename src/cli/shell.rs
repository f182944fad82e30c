//! Completions and manual pages, made from the commands themselves.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Command;

use super::say;

/// Print a shell's completions.
#[derive(clap::Args)]
#[command(after_help = "Example:
  rollcall completions bash > /etc/bash_completion.d/rollcall")]
pub struct CompletionsArgs {
    /// The shell
    shell: clap_complete::Shell,
}

impl CompletionsArgs {
    /// Prints them.
    pub fn run(self, mut command: Command) -> ExitCode {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "rollcall", &mut script);
        say::as_it_is(String::from_utf8_lossy(&script).trim_end());
        ExitCode::SUCCESS
    }
}

/// Write the manual pages.
#[derive(clap::Args)]
#[command(after_help = "Example:
  rollcall man ~/.local/share/man/man1 && man rollcall")]
pub struct ManArgs {
    /// The folder to write them into: one page for rollcall and one for each of its commands
    folder: PathBuf,
}

impl ManArgs {
    /// Writes them.
    pub fn run(self, command: Command) -> ExitCode {
        let written =
            std::fs::create_dir_all(&self.folder).and_then(|()| clap_mangen::generate_to(command, &self.folder));
        match written {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                say::problem(format_args!(
                    "the manual pages cannot be written into {}: {error}",
                    self.folder.display()
                ));
                ExitCode::FAILURE
            }
        }
    }
}
