//! The order of system calls: each ballot is written, synced and only then answered.

use std::path::Path;

use rollcall::proto::Choice;

use crate::harness::Server;
use crate::harness::client::preset;
use crate::harness::server::{PATIENCE, skip};
use crate::harness::strace::{Call, NEEDS, calls, can_trace, now, traced};

const WRITES: [&str; 5] = ["pwrite64", "pwritev", "pwritev2", "write", "writev"];
const SYNCS: [&str; 2] = ["fsync", "fdatasync"];
const SENDS: [&str; 4] = ["write", "writev", "sendto", "sendmsg"];
const TRACED: &str = "trace=pwrite64,pwritev,pwritev2,write,writev,sendto,sendmsg,fsync,fdatasync,?sync_file_range";

const STARTED: &str = "trace=rename,renameat,renameat2,pwrite64,write,fsync,fdatasync";

/// How many seccomp filters a process runs under; none where the kernel does not say.
fn filters(process: &str) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Seccomp_filters:"))?;
    line.trim().parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ballot_is_written_then_synced_then_answered() {
    if !can_trace() {
        return skip(NEEDS);
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, trace) = (folder.path().join("record"), folder.path().join("trace"));
    let server = Server::spawn(&mut traced(&data, &trace, &["-s", "0", "-e", TRACED]), &data);
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

/// sled clears what lies beyond the end that it finds, and relies on its snapshot from then on.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_snapshot_and_its_name_are_synced_before_sled_clears_anything() {
    if !can_trace() {
        return skip(NEEDS);
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, trace) = (folder.path().join("record"), folder.path().join("trace"));
    let server = Server::at(&data);
    server.client().await.ready(&["A"], preset("un.ga.simple")).await;
    server.signal("KILL");
    server.wait_at_most(PATIENCE).await;
    let server = Server::spawn(&mut traced(&data, &trace, &["-s", "0", "-e", STARTED]), &data);
    server.client().await;
    server.signal("TERM");
    server.wait_at_most(PATIENCE).await;

    let calls = calls(&std::fs::read_to_string(&trace).unwrap());
    let log = std::fs::canonicalize(&data).unwrap().join("log");
    let synced_after = |what: &Call, file: &Path| {
        let sync = calls.iter().find(|call| call.is(&SYNCS, |of| Path::new(of) == file) && call.begun > what.done);
        sync.unwrap_or_else(|| panic!("{} is not synced after {what:?}", file.display()))
    };
    let names = |call: &&Call| call.name.starts_with("rename") && call.arguments.contains("/log/snap.");
    let named = calls.iter().find(names).unwrap_or_else(|| panic!("no snapshot: {calls:#?}"));
    let cleared = calls.iter().find(|call| call.is(&["pwrite64"], |file| Path::new(file) == log.join("db"))).unwrap();
    assert!(synced_after(named, &log).done < cleared.begun, "cleared before the snapshot has a name that stays");
    let written = calls.iter().rfind(|call| call.is(&["write"], |file| file.contains("/log/snap."))).unwrap();
    let unfinished = Path::new(&written.file);
    assert!(synced_after(written, unfinished).done < named.begun, "named before its bytes stay");
}

#[test]
fn the_server_runs_under_a_filter_of_its_own() {
    let Some(ours) = filters("self") else {
        return skip("a kernel is needed that counts seccomp filters (Linux 5.9)");
    };
    let server = Server::new();
    assert_eq!(filters(&server.pid().to_string()), Some(ours + 1), "one more than the {ours} that it inherits");
}
