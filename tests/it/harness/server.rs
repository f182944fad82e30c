//! A server as its own process.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::Client;

/// Long enough for a busy machine; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running server. Killed when it goes out of scope.
pub struct Server {
    pub address: String,
    child: Child,
    lines: Receiver<String>,
    _folder: Option<tempfile::TempDir>,
    data: PathBuf,
}

/// What a server said and how it ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// The command that serves the record in `data` on a free port.
pub fn serve(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    for twin in ["ROLLCALL_LISTEN", "ROLLCALL_DATA", "ROLLCALL_LOG", "RUST_LOG"] {
        command.env_remove(twin);
    }
    command
}

impl Server {
    /// A server over a new record in a folder of its own.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("record");
        let mut server = Self::at(&data);
        server._folder = Some(folder);
        server
    }

    /// A server over the record in `data`.
    pub fn at(data: &Path) -> Self {
        Self::spawn(&mut serve(data), data)
    }

    /// Runs `command`, and waits until it says where it serves.
    pub fn spawn(command: &mut Command, data: &Path) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (said, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        let address = loop {
            match lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    if let Some((_, rest)) = line.split_once(" serves on ") {
                        break rest.split(';').next().unwrap().to_owned();
                    }
                }
                Err(_) => {
                    let _ = child.kill();
                    let mut stderr = String::new();
                    let _ = child.stderr.take().unwrap().read_to_string(&mut stderr);
                    panic!("the server did not come to serve: {stderr}");
                }
            }
        };
        Self { address, child, lines, _folder: None, data: data.to_owned() }
    }

    /// A connection to it.
    pub async fn client(&self) -> Client {
        Client::connect(&self.address).await
    }

    /// The folder of its record.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line that it writes to standard output.
    pub fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("the server writes another line")
    }

    /// Ends it as the loss of its process would: SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Kills it, and serves the same record again.
    pub fn restart(&mut self) {
        self.kill();
        let next = Self::at(&self.data.clone());
        let folder = self._folder.take();
        *self = next;
        self._folder = folder;
    }

    /// Sends it a signal, by the name that kill(1) knows.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status().unwrap();
        assert!(sent.success(), "kill -{name}");
    }

    /// Waits until it has ended, and says how.
    pub fn wait(mut self) -> Ended {
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let status = self.child.wait().unwrap();
        let stdout: Vec<String> = self.lines.iter().collect();
        Ended { status, stdout: stdout.join("\n"), stderr }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
