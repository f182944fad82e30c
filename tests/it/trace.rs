//! The order of system calls: each ballot is written, synced and only then answered.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use rollcall::proto::Choice;

use crate::harness::client::preset;
use crate::harness::server::{PATIENCE, skip};
use crate::harness::{Server, serve};

const WRITES: [&str; 5] = ["pwrite64", "pwritev", "pwritev2", "write", "writev"];
const SYNCS: [&str; 2] = ["fsync", "fdatasync"];
const SENDS: [&str; 4] = ["write", "writev", "sendto", "sendmsg"];
const TRACED: &str = "trace=pwrite64,pwritev,pwritev2,write,writev,sendto,sendmsg,fsync,fdatasync,?sync_file_range";

/// A system call, as strace saw it.
#[derive(Debug, Clone)]
struct Call {
    name: String,
    /// Of the file that it is about: its path, or both ends of a connection.
    file: String,
    /// Lines of the trace, so that calls of different threads can be put in order.
    begun: usize,
    done: usize,
    /// Microseconds since 1970, when it began.
    time: u64,
    result: String,
}

impl Call {
    fn is(&self, names: &[&str], file: impl Fn(&str) -> bool) -> bool {
        names.contains(&self.name.as_str()) && file(&self.file)
    }

    fn succeeded(&self) -> bool {
        self.result.parse::<u64>().is_ok()
    }
}

/// Reads the output of `strace -f -ttt -yy -s 0`. A call that another thread interrupted stands on two lines.
fn calls(trace: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open: Vec<(&str, usize)> = Vec::new();
    for (at, line) in trace.lines().enumerate() {
        let (thread, rest) = line.trim_start().split_once(char::is_whitespace).unwrap();
        let (time, text) = rest.trim_start().split_once(' ').unwrap();
        let result = text.rsplit_once(" = ").map(|(_, result)| result.to_owned());
        if text.starts_with("<... ") {
            // One that was under way when strace came has no beginning.
            if let Some(place) = open.iter().position(|(of, _)| *of == thread) {
                let call = &mut calls[open.swap_remove(place).1];
                (call.done, call.result) = (at, result.unwrap_or_else(|| panic!("no result: {line}")));
            }
            continue;
        }
        // Signals and ends of threads are no calls.
        let Some((name, arguments)) = text.split_once('(').filter(|_| !text.starts_with(['-', '+'])) else { continue };
        let file = arguments.split_once('<').and_then(|(_, rest)| end_of_name(rest)).unwrap_or_default();
        let time = time.replace('.', "").parse().unwrap_or_else(|_| panic!("no time: {line}"));
        let unfinished = text.ends_with("<unfinished ...>");
        if unfinished {
            open.push((thread, calls.len()));
        }
        let done = if unfinished { usize::MAX } else { at };
        let result = if unfinished { String::new() } else { result.unwrap_or_else(|| panic!("no result: {line}")) };
        calls.push(Call { name: name.to_owned(), file: file.to_owned(), begun: at, done, time, result });
    }
    calls
}

/// The name of a file in `<..>`; that of a connection holds `->`.
fn end_of_name(text: &str) -> Option<&str> {
    let end = text.char_indices().find(|(at, letter)| *letter == '>' && !text[..*at].ends_with('-'));
    end.map(|(at, _)| &text[..at])
}

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
}

/// How many seccomp filters a process runs under; none where the kernel does not say.
fn filters(process: &str) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Seccomp_filters:"))?;
    line.trim().parse().ok()
}

fn can_trace() -> bool {
    let tried = Command::new("strace").args(["-o", "/dev/null", "-D", "true"]).stdin(Stdio::null()).output();
    tried.is_ok_and(|tried| tried.status.success() && tried.stderr.is_empty())
}

/// The server under strace, as its parent's own child: `-D` makes strace the grandchild.
fn traced(data: &Path, trace: &Path) -> Command {
    let serve = serve(data);
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "-ttt", "-yy", "-s", "0", "-e", TRACED, "-e", "signal=none", "-o"]);
    command.arg(trace).arg(serve.get_program()).args(serve.get_args());
    for (name, _) in serve.get_envs() {
        command.env_remove(name);
    }
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ballot_is_written_then_synced_then_answered() {
    if !can_trace() {
        return skip("strace is needed, and the right to trace a process");
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, trace) = (folder.path().join("record"), folder.path().join("trace"));
    let server = Server::spawn(&mut traced(&data, &trace), &data);
    let mut client = server.client().await;
    client.ready(&["A"], preset("un.ga.simple")).await;
    let mut ballots = Vec::new();
    for choice in [Choice::Yes, Choice::No].repeat(5) {
        let sent = now();
        client.cast("A", choice).await.unwrap();
        ballots.push((sent, now()));
    }
    let socket = format!("TCP:[{}->", server.address);
    server.signal("TERM");
    assert!(server.wait_at_most(PATIENCE).await.status.success());

    let calls = calls(&std::fs::read_to_string(&trace).unwrap());
    for call in calls.iter().filter(|call| call.name.starts_with("sync_file_range")) {
        assert!(call.result.starts_with("-1 ENOSYS"), "it took effect, and sled will not sync: {call:?}");
    }
    let db = std::fs::canonicalize(&data).unwrap().join("log/db");
    let db = |file: &str| Path::new(file) == db;
    assert_eq!(ballots.len(), 10);
    for (sent, answered) in ballots {
        let calls: Vec<_> = calls.iter().filter(|call| (sent..=answered).contains(&call.time)).collect();
        let write = calls.iter().rfind(|call| call.is(&WRITES, db) && call.succeeded());
        let write = write.unwrap_or_else(|| panic!("no write of db: {calls:#?}"));
        let sync = calls.iter().find(|call| call.is(&SYNCS, db) && call.begun > write.done && call.result == "0");
        let sync = sync.unwrap_or_else(|| panic!("db is not synced after it was written: {calls:#?}"));
        let sends: Vec<_> = calls.iter().filter(|call| call.is(&SENDS, |file| file.starts_with(&socket))).collect();
        assert!(!sends.is_empty(), "no answer on {socket}: {calls:#?}");
        assert!(sends.iter().all(|send| send.begun > sync.done), "answered before it was synced: {calls:#?}");
    }
}

#[test]
fn the_server_runs_under_a_filter_of_its_own() {
    let Some(ours) = filters("self") else {
        return skip("a kernel is needed that counts seccomp filters (Linux 5.9)");
    };
    let server = Server::new();
    assert_eq!(filters(&server.pid().to_string()), Some(ours + 1), "one more than the {ours} that it inherits");
}

#[test]
fn a_trace_is_read_with_its_interrupted_calls() {
    let calls = calls(
        "7  1.000001 fsync(3</d/db> <unfinished ...>\n\
         8  1.000002 writev(9<TCP:[1.1.1.1:5->1.1.1.1:6]>, [{iov_base=\"\"..., iov_len=9}], 1) = 9\n\
         7  1.000003 <... fsync resumed>)             = 0\n\
         8  1.000004 sync_file_range(3</d/db>, 0, 9, 0) = -1 ENOSYS (Function not implemented)\n\
         8  1.000005 +++ exited with 0 +++\n",
    );
    let seen =
        calls.iter().map(|call| format!("{} {} {}-{} {}", call.name, call.file, call.begun, call.done, call.result));
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [
            "fsync /d/db 0-2 0",
            "writev TCP:[1.1.1.1:5->1.1.1.1:6] 1-1 9",
            "sync_file_range /d/db 3-3 -1 ENOSYS (Function not implemented)"
        ]
    );
    assert_eq!(calls[0].time, 1_000_001);
}
