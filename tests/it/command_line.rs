//! The command line as a client: what it prints, and what a script can go by.

mod conducted;
mod hidden;
mod procedure;
mod refused;
mod told;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::harness::{Server, serve};

/// How a command ended.
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// The command with these arguments, in an environment without twins.
fn rollcall(arguments: &[&str]) -> Command {
    let of = serve(Path::new(""));
    let mut command = Command::new(of.get_program());
    for (name, _) in of.get_envs() {
        command.env_remove(name);
    }
    command.env_remove("ROLLCALL_SERVER").args(arguments);
    command
}

/// Runs a command to its end with `input` on its standard input.
fn run(command: &mut Command, input: &str) -> Ran {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The words of a line; what stands in quotes is one.
fn words(line: &str) -> Vec<&str> {
    line.split('\'')
        .enumerate()
        .flat_map(|(at, part)| if at % 2 == 1 { vec![part] } else { part.split_whitespace().collect() })
        .collect()
}

/// A person at a terminal with a server.
struct Terminal {
    server: Server,
}

impl Terminal {
    fn new() -> Self {
        Self { server: Server::new() }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = rollcall(&words(line));
        command.env("ROLLCALL_SERVER", &self.server.address);
        command
    }

    /// What a command prints that does what it is asked, and says nothing beside.
    #[track_caller]
    fn says(&self, line: &str) -> String {
        self.says_of(line, "")
    }

    /// The same with something on its standard input.
    #[track_caller]
    fn says_of(&self, line: &str, input: &str) -> String {
        let ran = run(&mut self.command(line), input);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{line}");
        ran.stdout
    }

    /// Its answer as JSON: one document.
    #[track_caller]
    fn json(&self, line: &str) -> serde_json::Value {
        let said = self.says(&format!("{line} --json"));
        serde_json::from_str(&said).unwrap_or_else(|e| panic!("{line}: {e}: {said}"))
    }

    /// What a command says on standard error that does not do what it is asked: one sentence, no dump.
    #[track_caller]
    fn refuses(&self, line: &str, code: i32) -> String {
        self.refuses_of(line, "", code)
    }

    #[track_caller]
    fn refuses_of(&self, line: &str, input: &str, code: i32) -> String {
        let ran = run(self.command(line).env("RUST_BACKTRACE", "1"), input);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{line}: {}", ran.stderr);
        sentence(&ran.stderr)
    }

    /// A body of three, and a vote of theirs.
    fn tabled(&self) {
        self.says("body create hall");
        self.says_of("member admit hall --csv -", "id\nann\nbob\ncy\n");
        self.says("vote create hall/q --rule un.ga.simple --title 'A question'");
    }
}

/// The one sentence on standard error.
#[track_caller]
fn sentence(stderr: &str) -> String {
    let sentence = stderr.strip_prefix("rollcall: ").and_then(|rest| rest.strip_suffix('\n'));
    let sentence = sentence.unwrap_or_else(|| panic!("no sentence: {stderr:?}"));
    for dump in ["panicked", "backtrace", "Error", "status:", "Status", " { ", "Some(", "os error", "\n"] {
        assert!(!sentence.contains(dump), "a dump, not a sentence: {sentence}");
    }
    sentence.to_owned()
}

/// A command that goes on. Killed when it goes out of scope.
struct GoesOn(Child);

impl GoesOn {
    fn start(command: &mut Command) -> Self {
        Self(command.stdout(Stdio::piped()).spawn().unwrap())
    }

    /// Its next line.
    fn line(&mut self) -> String {
        let mut line = Vec::new();
        let stdout = self.0.stdout.as_mut().unwrap();
        loop {
            let mut byte = [0];
            match stdout.read(&mut byte).unwrap() {
                0 => panic!("it ended after {:?}", String::from_utf8_lossy(&line)),
                _ if byte[0] == b'\n' => return String::from_utf8(line).unwrap(),
                _ => line.push(byte[0]),
            }
        }
    }
}

impl Drop for GoesOn {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
