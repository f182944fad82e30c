//! A server under strace, and what strace saw of it. Knows the form of a trace, and not what the calls are about.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use super::serve;

/// What a test says that cannot trace here.
pub const NEEDS: &str = "strace is needed, and the right to trace a process";

/// A system call, as strace saw it.
#[derive(Debug, Clone)]
pub struct Call {
    pub name: String,
    /// As strace writes them.
    pub arguments: String,
    /// Of the file that it is about: its path, or both ends of a connection.
    pub file: String,
    /// Lines of the trace, so that calls of different threads can be put in order. A call that never ended has no end.
    pub begun: usize,
    pub done: usize,
    /// Microseconds since 1970, when it began.
    pub time: u64,
    pub result: String,
}

impl Call {
    pub fn is(&self, names: &[&str], file: impl Fn(&str) -> bool) -> bool {
        names.contains(&self.name.as_str()) && file(&self.file)
    }

    pub fn succeeded(&self) -> bool {
        self.result.split('<').next().unwrap_or_default().parse::<u64>().is_ok()
    }
}

/// Reads the output of `strace -f -ttt -yy`. A call that another thread interrupted stands on two lines.
pub fn calls(trace: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open: Vec<(&str, usize)> = Vec::new();
    for (at, line) in trace.lines().enumerate() {
        let (thread, rest) = line.trim_start().split_once(char::is_whitespace).unwrap();
        let (time, text) = rest.trim_start().split_once(' ').unwrap();
        let result = text.rsplit_once(" = ").map(|(_, result)| result.to_owned());
        if text.starts_with("<... ") {
            // One that was under way when strace came has no beginning; one that its process did not survive has no result.
            if let Some(place) = open.iter().position(|(of, _)| *of == thread) {
                let call = &mut calls[open.swap_remove(place).1];
                (call.done, call.result) = (at, result.unwrap_or_else(|| panic!("no result: {line}")));
            }
            continue;
        }
        // Signals and ends of threads are no calls.
        let Some((name, arguments)) = text.split_once('(').filter(|_| !text.starts_with(['-', '+'])) else { continue };
        let end = if text.ends_with('>') { arguments.rfind(" <unfinished") } else { None };
        let arguments = &arguments[..end.or_else(|| arguments.rfind(") ")).unwrap_or(arguments.len())];
        let file = arguments.split_once('<').and_then(|(_, rest)| end_of_name(rest)).unwrap_or_default();
        let time = time.replace('.', "").parse().unwrap_or_else(|_| panic!("no time: {line}"));
        let unfinished = text.ends_with("<unfinished ...>");
        if unfinished {
            open.push((thread, calls.len()));
        }
        let done = if unfinished { usize::MAX } else { at };
        let result = if unfinished { String::new() } else { result.unwrap_or_else(|| panic!("no result: {line}")) };
        let (name, file, arguments) = (name.to_owned(), file.to_owned(), arguments.to_owned());
        calls.push(Call { name, arguments, file, begun: at, done, time, result });
    }
    calls
}

/// The name of a file in `<..>`; that of a connection holds `->`.
fn end_of_name(text: &str) -> Option<&str> {
    let end = text.char_indices().find(|(at, letter)| *letter == '>' && !text[..*at].ends_with('-'));
    end.map(|(at, _)| &text[..at])
}

/// Now, as strace says it.
pub fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
}

pub fn can_trace() -> bool {
    let tried = Command::new("strace").args(["-o", "/dev/null", "-D", "true"]).stdin(Stdio::null()).output();
    tried.is_ok_and(|tried| tried.status.success() && tried.stderr.is_empty())
}

/// The server under strace, as its parent's own child: `-D` makes strace the grandchild.
pub fn traced(data: &Path, trace: &Path, options: &[&str]) -> Command {
    let serve = serve(data);
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "-ttt", "-yy", "-e", "signal=none"]).args(options).arg("-o");
    command.arg(trace).arg(serve.get_program()).args(serve.get_args());
    for (name, _) in serve.get_envs() {
        command.env_remove(name);
    }
    command
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
