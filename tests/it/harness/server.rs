//! A server as its own process.

use std::io::{BufRead, BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use super::Client;
use super::validate::Record;
use super::watched::Watches;

/// Long enough for a busy machine; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running server. Killed when it goes out of scope.
pub struct Server {
    pub address: String,
    child: Child,
    lines: Receiver<String>,
    _folder: Option<tempfile::TempDir>,
    data: PathBuf,
    watches: Watches,
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
    serve_at(data, "127.0.0.1:0")
}

/// A port that is free now, and that the system gives to nobody who asks for any.
pub fn free_port() -> u16 {
    // Tests of this process, and of another at the same time, begin to look in places of their own.
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let place = std::process::id() * 16 + ASKED.fetch_add(1, Ordering::Relaxed);
    let from = 20_000 + u16::try_from(place % 10_000).unwrap();
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (from..32_000).find(free).expect("a free port")
}

/// The command that serves the record in `data` at an address.
pub fn serve_at(data: &Path, address: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command.args(["serve", "--listen", address, "--data"]).arg(data);
    for twin in ["ROLLCALL_LISTEN", "ROLLCALL_DATA", "ROLLCALL_LOG", "ROLLCALL_RULES", "RUST_LOG"] {
        command.env_remove(twin);
    }
    command
}

/// Says what a test needs and does not find here. A failure where nothing may be passed over: in CI.
pub fn skip(why: &str) {
    assert!(std::env::var_os("ROLLCALL_NO_SKIP").is_none(), "ROLLCALL_NO_SKIP is set, and {why}");
    // Past the capture of the test runner, so that it is seen.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// Runs a command that is to end by itself, and says how it did. Fails where it comes to serve instead.
pub fn ended(command: &mut Command) -> Ended {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = lines_of(child.stdout.take().unwrap());
    let watches = Watches::of_process();
    let mut server = Server { address: String::new(), child, lines, _folder: None, data: PathBuf::new(), watches };
    let mut said = Vec::new();
    loop {
        match server.lines.recv_timeout(PATIENCE) {
            Ok(line) if line.contains(" serves on ") => panic!("it serves, and was to end: {line}"),
            Ok(line) => said.push(line),
            Err(RecvTimeoutError::Timeout) => panic!("it neither serves nor ends; it said {said:?}"),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let mut stderr = String::new();
    server.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    Ended { status: server.child.wait().unwrap(), stdout: said.join("\n"), stderr }
}

fn lines_of(stdout: ChildStdout) -> Receiver<String> {
    let (said, lines) = channel();
    let stdout = BufReader::new(stdout);
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
    lines
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
        let lines = lines_of(child.stdout.take().unwrap());
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
        Self { address, child, lines, _folder: None, data: data.to_owned(), watches: Watches::of_process() }
    }

    /// A connection to it.
    pub async fn client(&self) -> Client {
        Client::connect(&self.address, &self.watches).await
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

    /// Kills it, and serves the same record again; then stops that one, and serves again what it kept. So whatever holds after this
    /// holds of the record read anew and of what a stop keeps of it.
    pub fn restart(&mut self) {
        self.kill();
        let data = self.data.clone();
        let again = Self::at(&data);
        again.signal("TERM");
        let ended = again.wait();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        let mut next = Self::at(&data);
        // One record: its folder, and what is watched of it, go on.
        std::mem::swap(&mut next._folder, &mut self._folder);
        std::mem::swap(&mut next.watches, &mut self.watches);
        *self = next;
    }

    /// Its record, for what was seen of it; from a next process where it has ended.
    fn record(&mut self) -> Record {
        if let Some(record) = read(&self.address) {
            return record;
        }
        self.kill();
        let next = Self::at(&self.data);
        read(&next.address).expect("the record is read")
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

    /// Waits until it has ended, not longer than `time`, while clients in this runtime go on.
    pub async fn wait_at_most(self, time: Duration) -> Ended {
        let pid = self.pid().to_string();
        let ended = tokio::task::spawn_blocking(|| self.wait());
        if let Ok(ended) = tokio::time::timeout(time, ended).await {
            return ended.unwrap();
        }
        let _ = Command::new("kill").args(["-KILL", &pid]).status();
        panic!("the server has not ended within {time:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let watches = self.watches.clone();
        let failing = std::thread::panicking();
        let held = catch_unwind(AssertUnwindSafe(|| {
            if !failing {
                watches.close(|| self.record())
            }
        }));
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Err(broken) = held {
            resume_unwind(broken);
        }
    }
}

/// The record of the server at an address, by a runtime of its own, since the caller may stand in one; none where it no
/// longer serves.
fn read(address: &str) -> Option<Record> {
    let address = address.to_owned();
    let read = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            std::net::TcpStream::connect(&address).ok()?;
            Record::read(&mut Client::connect(&address, &Watches::of_process()).await).await.ok()
        })
    });
    read.join().unwrap()
}
