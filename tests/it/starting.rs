//! What keeps a server from starting, in one sentence each.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use crate::harness::server::{Ended, ended};
use crate::harness::{Server, serve};

/// Asserts that the command could not start, and says so in one sentence that holds all of `words`.
#[track_caller]
fn cannot_start(command: &mut Command, words: &[&str]) {
    let Ended { status, stdout, stderr } = ended(command.env("RUST_BACKTRACE", "1"));
    assert_eq!((status.code(), stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(stderr.starts_with("rollcall: ") && stderr.ends_with('\n'), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "{word:?} is missing: {stderr}");
    }
    for dump in ["panicked", "backtrace", "Error", " { ", "Os(", "OpenError", "Some("] {
        assert!(!stderr.contains(dump), "a dump, not a sentence: {stderr}");
    }
}

fn rollcall(arguments: &[&str]) -> Command {
    // The same command without the arguments: the environment is cleared of twins.
    let of = serve(Path::new(""));
    let mut command = Command::new(of.get_program());
    for (name, _) in of.get_envs() {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

#[test]
fn a_folder_in_use_is_refused_and_the_first_server_is_not_disturbed() {
    let server = Server::new();
    cannot_start(&mut serve(server.data()), &["in use", server.data().to_str().unwrap(), "another folder"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { server.client().await.seat(&["A"]).await.unwrap() });
}

#[test]
fn a_folder_that_is_not_ours_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let thesis = folder.path().join("thesis.txt");
    std::fs::write(&thesis, "years of work").unwrap();
    cannot_start(&mut serve(folder.path()), &["thesis.txt", "no log of Rollcall", folder.path().to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(&thesis).unwrap(), "years of work");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was added");
}

#[test]
fn a_folder_that_cannot_be_made_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "text").unwrap();
    cannot_start(&mut serve(&file.join("record")), &["cannot be a folder", "is a file"]);
    cannot_start(&mut serve(&file), &["cannot be a folder", "is a file"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "text");
    if cfg!(target_os = "linux") {
        // Nobody can write there, not even root.
        cannot_start(&mut serve(Path::new("/proc/rollcall")), &["/proc/rollcall", "cannot be used", "right to write"]);
    }
}

#[test]
fn a_port_in_use_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut command = rollcall(&["serve", "--log", "memory:", "--listen", &address]);
    cannot_start(&mut command, &["cannot listen", &address, "another process listens there"]);
}

#[test]
fn an_address_that_is_none_is_refused() {
    for address in ["nonsense", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:http", ""] {
        let mut command = rollcall(&["serve", "--log", "memory:", "--listen", address]);
        cannot_start(&mut command, &["cannot listen", address, "ADDRESS:PORT"]);
    }
    // An address for documents alone (RFC 5737): no machine has it.
    let mut command = rollcall(&["serve", "--log", "memory:", "--listen", "192.0.2.1:50051"]);
    cannot_start(&mut command, &["cannot listen", "192.0.2.1:50051"]);
}

#[test]
fn wrong_usage_is_told_from_what_stands_in_the_way() {
    for (arguments, words) in [
        (vec!["serve", "--log", "nonsense"], vec!["nonsense", "sled:DIR", "memory:"]),
        (vec!["serve", "--log", "memory:", "--data", "x"], vec!["--log", "--data", "cannot be used together"]),
        (vec!["serve", "--demo", "--demo-speed", "0"], vec!["--demo-speed", "0.1"]),
        (vec!["serve", "--demo-speed", "2"], vec!["--demo"]),
        (vec!["sreve"], vec!["sreve", "serve"]),
        (vec![], vec!["Usage:", "serve"]),
    ] {
        let Ended { status, stdout, stderr } = ended(&mut rollcall(&arguments));
        assert_eq!((status.code(), stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
        assert!(words.iter().all(|word| stderr.contains(word)), "{arguments:?}: {stderr}");
    }
}

#[test]
fn the_environment_says_what_the_command_line_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    let mut command = rollcall(&["serve"]);
    command.env("ROLLCALL_LISTEN", "127.0.0.1:0").env("ROLLCALL_DATA", &data).current_dir(folder.path());
    let server = Server::spawn(&mut command, &data);
    assert_eq!(server.line(), format!("its record, sled:{}, holds 0 entries", data.display()));
    assert!(!server.address.ends_with(":50051"), "{}", server.address);

    let mut command = rollcall(&["serve"]);
    command.env("ROLLCALL_LISTEN", "127.0.0.1:0").env("ROLLCALL_LOG", "memory:").current_dir(folder.path());
    let server = Server::spawn(&mut command, Path::new(""));
    assert_eq!(server.line(), "its record, memory:, holds 0 entries");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the record of the first server alone");

    let mut command = rollcall(&["serve", "--listen", "127.0.0.1:0", "--data", "here"]);
    command.env("ROLLCALL_LISTEN", "nonsense").env("ROLLCALL_DATA", &data).current_dir(folder.path());
    let server = Server::spawn(&mut command, Path::new(""));
    assert_eq!(server.line(), "its record, sled:here, holds 0 entries");

    let mut command = rollcall(&["serve", "--listen", "127.0.0.1:0", "--log", "memory:"]);
    command.env("ROLLCALL_DATA", &data).current_dir(folder.path());
    let server = Server::spawn(&mut command, Path::new(""));
    assert_eq!(server.line(), "its record, memory:, holds 0 entries");
}

#[test]
fn help_and_version_are_told() {
    for (arguments, words) in [
        (vec!["--version"], vec!["rollcall ", env!("CARGO_PKG_VERSION")]),
        (vec!["--help"], vec!["votes of deliberative bodies", "Usage: rollcall", "serve", "--version"]),
        (
            vec!["serve", "--help"],
            vec![
                "--listen",
                "ROLLCALL_LISTEN",
                "--data",
                "ROLLCALL_DATA",
                "--log",
                "ROLLCALL_LOG",
                "--rules",
                "ROLLCALL_RULES",
                "--demo",
                "Exit codes",
            ],
        ),
    ] {
        let Ended { status, stdout, stderr } = ended(&mut rollcall(&arguments));
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""), "{arguments:?}");
        assert!(words.iter().all(|word| stdout.contains(word)), "{arguments:?}: {stdout}");
    }
}
