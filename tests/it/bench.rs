//! The benchmark: every measure is taken, what it counts is on record, and it leaves nothing behind. No test fails on a time.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rollcall::proto;
use rollcall::proto::VoteState;
use rollcall::proto::entry::Event;
use serde_json::Value;

use crate::harness::{Client, Server};

const MEASURES: [&str; 16] = [
    "commit-1",
    "commit-16",
    "commit-128",
    "cast-1",
    "cast-64",
    "cast-256",
    "cast-1024",
    "batch-100",
    "stream",
    "frame",
    "watchers",
    "watchers-memory",
    "stuck",
    "overload",
    "growth-votes",
    "growth-members",
];

/// What grows, as small as it can be.
const SIZES: [&str; 8] = ["--watchers", "20", "--votes", "5", "--members", "30", "--entries", "100"];

fn bench(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command.arg("bench").arg("--data").arg(data).args(arguments).env_remove("ROLLCALL_SERVER");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Exit code, standard output, standard error.
fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[track_caller]
fn assert_left_nothing(data: &Path) {
    let left: Vec<_> = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

/// Ballots on record, by the vote's own id, and where the record holds other votes' too.
async fn ballots(client: &mut Client) -> BTreeMap<String, u64> {
    let mut count = BTreeMap::new();
    for entry in client.entries().await {
        if let Some(Event::BallotCast(cast)) = entry.event {
            *count.entry(cast.vote.rsplit('/').next().unwrap().to_owned()).or_default() += 1;
        }
    }
    count
}

#[tokio::test]
async fn each_measure_counts_what_a_running_server_has_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new();
    let (address, data) = (server.address.clone(), folder.path().to_owned());
    let measured = move || {
        let arguments = [&SIZES[..], &["--server", &address, "--seconds", "0.1", "--json"]].concat();
        bench(&data, &arguments).output().unwrap()
    };
    let (code, stdout, stderr) = told(&tokio::task::spawn_blocking(measured).await.unwrap());
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let lines: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = lines.iter().map(|line| line["measure"].as_str().unwrap()).collect();
    assert_eq!(names, MEASURES);

    let mut client = server.client().await;
    let on_record = ballots(&mut client).await;
    for line in &lines {
        for side in ["baseline", "result"] {
            let figures = ["value", "p50_us", "p99_us", "answered"].map(|figure| line[side][figure].as_f64().unwrap());
            let name = line["measure"].as_str().unwrap();
            let expected = match name {
                // So few can find room in what the server has already.
                "watchers-memory" => line["what"] == "memory of a watcher, of 20",
                // A frame of each of three votes, to each who reads; the window may be too short for it.
                "watchers" | "stuck" => figures[3] >= if name == "stuck" { 3.0 * 18.0 } else { 3.0 * 20.0 },
                "frame" => figures.iter().all(|figure| *figure >= 0.0) && figures[3] >= 1.0,
                "overload" => figures[3] >= 1.0,
                _ => figures.iter().all(|figure| *figure > 0.0) && figures[3] >= 1.0,
            };
            assert!(expected, "{side}: {line}");
        }
        let name = line["measure"].as_str().unwrap();
        let answered = |side: &str| line[side]["answered"].as_u64().unwrap();
        let counted = on_record.get(name).copied();
        let expected = match name {
            "cast-1" | "cast-64" | "cast-256" | "cast-1024" | "batch-100" | "stream" | "frame" => {
                Some(answered("result"))
            }
            // What is taken at most is measured on the same server.
            "overload" => Some(answered("baseline") + answered("result")),
            _ => None,
        };
        assert_eq!(counted, expected, "{name}");
    }
    let request = proto::ListVotesRequest { parent: "bodies/-".to_owned(), ..Default::default() };
    let votes = client.votes.list_votes(request).await.unwrap().into_inner().votes;
    let ended: Vec<_> = votes.iter().map(proto::Vote::state).collect();
    assert_eq!(ended, [VoteState::Annulled; 17], "no vote is left open");
    assert_left_nothing(folder.path());
}

#[test]
fn a_server_of_its_own_is_measured_and_a_table_printed() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--seconds", "0.1", "--only", "commit-1", "--only", "cast-64", "--only", "stream"];
    let (code, stdout, stderr) = told(&bench(folder.path(), &arguments).output().unwrap());
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let row = |of: &str| stdout.lines().find(|line| line.starts_with(of)).unwrap_or_else(|| panic!("{of}: {stdout}"));
    for (of, words) in [
        ("a commit of 1 entry", ["s ", "ratio 2 or less"]),
        ("CastBallot, 64 in flight", ["/s ", "."]),
        ("StreamBallots", ["/s ", "400,000/s or more"]),
    ] {
        assert!(words.iter().all(|word| row(of).contains(word)), "{of}: {stdout}");
    }
    assert_eq!(stdout.matches("met").count(), 2, "one aim each, met or not: {stdout}");
    assert!(!stdout.contains("CastBallots of 100"), "only what was asked for: {stdout}");
    assert_left_nothing(folder.path());
}

#[test]
fn the_long_measures_start_servers_over_a_record_that_was_written_before() {
    let folder = tempfile::tempdir().unwrap();
    let long = ["--only", "growth-entries", "--only", "start", "--seconds", "0.1", "--json"];
    let (code, stdout, stderr) = told(&bench(folder.path(), &[&SIZES[..], &long].concat()).output().unwrap());
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let lines: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> =
        lines.iter().map(|line| (line["measure"].as_str().unwrap(), line["what"].as_str().unwrap())).collect();
    let [("start", _), ("start-anew", anew), ("growth-entries", grown)] = told[..] else { panic!("{stdout}") };
    // 96 ballots in commits of 16, their body, its members, their vote, its opening and its end.
    assert_eq!(grown, "CastBallots of 100, none and 101 entries before");
    assert_eq!(anew, "start without what the last stop kept, 101 entries");
    for line in &lines {
        assert!(line["note"].as_str().unwrap().contains("the record of 101 entries, in commits of 16, was written in"));
        assert!(["baseline", "result"].iter().all(|side| line[side]["value"].as_f64().unwrap() > 0.0), "{line}");
    }
    assert_left_nothing(folder.path());
}

/// The processes that a process has started, where the system tells.
fn children(of: u32) -> Vec<u32> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let ids = processes.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<u32>().ok());
    let parent = |id: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<u32>().ok()
    };
    ids.filter(|id| parent(id) == Some(of)).collect()
}

#[test]
fn a_signal_ends_it_with_its_servers_and_what_was_measured_is_told() {
    for signal in ["INT", "TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let arguments = ["--seconds", "1", "--only", "commit-1", "--only", "cast-64", "--json"];
        let mut running = bench(folder.path(), &arguments).spawn().unwrap();
        let mut stdout = BufReader::new(running.stdout.take().unwrap());
        let mut first = String::new();
        stdout.read_line(&mut first).unwrap();
        assert!(first.contains("commit-1"), "{first}");
        let servers = children(running.id());
        let sent = Command::new("kill").args([&format!("-{signal}"), &running.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let (mut rest, mut stderr) = (String::new(), String::new());
        stdout.read_to_string(&mut rest).unwrap();
        let ended = running.wait().unwrap();
        if cfg!(target_os = "linux") {
            assert_eq!(servers.len(), 2, "the server and the baseline");
            let alive: Vec<_> = servers.iter().filter(|id| Path::new(&format!("/proc/{id}")).exists()).collect();
            assert!(alive.is_empty(), "left running: {alive:?}");
        }
        // Not before: what is left running would hold it open.
        running.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((ended.code(), rest.as_str()), (Some(1), ""), "{stderr}");
        assert_eq!(stderr, "rollcall: stopped after 1 of 2 measures\n");
        assert_left_nothing(folder.path());
    }
}

#[test]
fn its_servers_do_not_outlive_it_when_it_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = bench(folder.path(), &["--only", "frame", "--seconds", "60"]).spawn().unwrap();
    let both = || Some(children(running.id())).filter(|servers| servers.len() == 2);
    let servers = if cfg!(target_os = "linux") { until(both) } else { Vec::new() };
    running.kill().unwrap();
    running.wait().unwrap();
    let gone = |id: &u32| !Path::new(&format!("/proc/{id}")).exists() || is_dead(*id);
    until(|| servers.iter().all(gone).then_some(()));
}

/// Looks again and again until there is something.
#[track_caller]
fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while std::time::Instant::now() < patience {
        match look() {
            Some(found) => return found,
            None => std::thread::yield_now(),
        }
    }
    panic!("it did not come");
}

/// Whether a process has ended, and only its parent has yet to hear of it.
fn is_dead(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, state)| state.starts_with('Z'))
}

#[test]
fn what_cannot_be_measured_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = format!("127.0.0.1:{}", crate::harness::server::free_port());
    let missing = folder.path().join("missing");
    for (data, arguments, code, words) in [
        (folder.path(), ["--server", &nowhere], 69, "no server answers at 127.0.0.1"),
        (folder.path(), ["--only", "casts"], 2, "there are commit-1, commit-16"),
        (folder.path(), ["--seconds", "0"], 2, "must be a number from 0.01 to 3600"),
        (folder.path(), ["--watchers", "9"], 2, "9 is not in 10..=60000"),
        (folder.path(), ["--entries", "0"], 2, "0 is not in 1.."),
        (&missing, ["--only", "commit"], 1, "missing/rollcall-bench-"),
    ] {
        let (ended, stdout, stderr) = told(&bench(data, &arguments).output().unwrap());
        assert_eq!((ended, stdout.as_str()), (Some(code), ""), "{arguments:?}: {stderr}");
        assert!(stderr.contains(words), "{arguments:?}: {stderr}");
    }
    assert_left_nothing(folder.path());
}
