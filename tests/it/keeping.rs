//! What a stop keeps for the next start: the same answers as from the record itself, and only where nothing has changed since.

use std::path::Path;

use rollcall::domain::{Entry, State};
use rollcall::proto::{self, Choice, TieBreak};
use rollcall::seq::Seq;
use rollcall::wire::{entry, kept};

use crate::harness::client::{BODY, VOTE, majority, member};
use crate::harness::server::ended;
use crate::harness::{Client, Server, serve};

/// Said where a start took up what was kept.
const TAKEN_UP: &str = "what the last stop kept is taken up";

fn golden() -> Vec<Entry> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let text = std::fs::read_to_string(folder.join("entries-2.txt")).unwrap();
    let stored = text.lines().filter_map(|line| line.strip_prefix("entry "));
    let unhex = |text: &str| -> Vec<u8> {
        text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    };
    stored.map(|stored| entry::decode(&unhex(stored)).unwrap()).collect()
}

/// All that a state holds, in words and in order.
fn told(state: &State) -> String {
    let hall = state.hall();
    let mut told = vec![format!("{} {:?} {} {:?}", hall.end(), hall.time(), hall.open_votes(), hall.timed())];
    for body in hall.bodies_after(None) {
        told.push(format!("{:?} {} {:?}", rollcall::wire::body::body(body), body.admitted(), body.votes));
        told.extend(body.seated_after(0).map(|seat| format!("{seat:?}")));
    }
    for (created, vote) in hall.votes_after(None, Seq::ZERO) {
        told.push(format!("{created} {:?}", proto::Vote::from(vote)));
        told.extend(vote.shown().ballots().map(|ballot| format!("{ballot:?}")));
        told.extend(vote.annotations.iter().map(|one| format!("{one:?}")));
    }
    told.extend(hall.changed_after(Seq::ZERO).map(|vote| vote.name.to_string()));
    // In a scope they stand in no order.
    let requests = state.kept_ids().map(|kept| {
        let (count, rest) = kept.places.split_first_chunk().unwrap();
        let (places, alike) = rest.split_at(9 * u64::from_le_bytes(*count) as usize);
        let mut places: Vec<_> = places.chunks(9).chain(alike.chunks(40)).collect();
        places.sort();
        format!("{:?} {places:?}", kept.scope)
    });
    let mut requests: Vec<_> = requests.collect();
    requests.sort();
    told.extend(requests);
    told.join("\n")
}

#[test]
fn a_state_that_was_kept_goes_on_as_the_one_that_was_not() {
    let entries = golden();
    assert!(entries.len() > 20);
    for kept_after in 0..=entries.len() {
        let mut state = State::default();
        entries[..kept_after].iter().for_each(|entry| state.evolve(entry));
        let mut restored = kept::decode(&kept::encode(&state)).unwrap();
        assert_eq!(told(&restored), told(&state), "after {kept_after}");
        for entry in &entries[kept_after..] {
            state.evolve(entry);
            restored.evolve(entry);
        }
        assert_eq!(told(&restored), told(&state), "kept after {kept_after}, at the end");
    }
}

#[test]
fn bytes_that_are_no_state_are_refused_and_never_a_panic() {
    let mut state = State::default();
    golden().iter().for_each(|entry| state.evolve(entry));
    let bytes = kept::encode(&state);
    assert!(kept::decode(&bytes).is_ok());
    let mut refused = 0;
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x55;
        refused += usize::from(kept::decode(&changed).is_err());
        refused += usize::from(kept::decode(&bytes[..at]).is_err());
    }
    assert!(refused > bytes.len() / 4, "{refused} of {}", 2 * bytes.len());
}

/// Serves, has something done, and stops as told; the folder is then as it was left.
async fn session(data: &Path, ballots: &[Choice]) -> (String, Vec<proto::Entry>, Option<proto::Vote>) {
    let server = Server::spawn(serve(data).env("RUST_LOG", "rollcall=debug"), data);
    let mut client: Client = server.client().await;
    if client.end().await == 0 {
        client.ready(&["A", "B"], majority(TieBreak::Unspecified)).await;
    }
    for choice in ballots {
        client.cast("A", *choice).await.unwrap();
    }
    let (entries, vote) = (client.entries().await, client.vote().await.ok());
    server.signal("TERM");
    let ended = server.wait_at_most(std::time::Duration::from_secs(20)).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    (ended.stderr, entries, vote)
}

fn flip_last_byte(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_start_takes_up_what_the_stop_kept_and_reads_the_record_where_anything_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    let (first, ..) = session(&data, &[Choice::Yes]).await;
    assert!(!first.contains(TAKEN_UP), "a new record");
    let old = std::fs::read(data.join("STATE")).unwrap();

    let (second, entries, vote) = session(&data, &[Choice::No]).await;
    assert!(second.contains(TAKEN_UP), "{second}");
    assert_eq!(vote.unwrap().tally.unwrap().heads.unwrap().no, 1);

    // Each of these is doubt enough; what is served is the same.
    type Change = fn(&Path, &[u8]);
    let changes: [(&str, Change); 5] = [
        ("deleted", |data, _| std::fs::remove_file(data.join("STATE")).unwrap()),
        ("damaged", |data, _| flip_last_byte(&data.join("STATE"))),
        ("of an earlier stop", |data, old| std::fs::write(data.join("STATE"), old).unwrap()),
        ("a file of the store touched", |data, _| {
            let db = std::fs::File::options().append(true).open(data.join("log/db")).unwrap();
            db.set_modified(std::time::SystemTime::now()).unwrap();
        }),
        ("a record that went on after it", |data, _| {
            // Killed, so that nothing is kept; what was kept before is put back.
            let kept = std::fs::read(data.join("STATE")).unwrap();
            drop(Server::at(data));
            assert!(!data.join("STATE").exists(), "it is taken once");
            std::fs::write(data.join("STATE"), kept).unwrap();
        }),
    ];
    for (what, change) in changes {
        change(&data, &old);
        let (said, read, vote) = session(&data, &[]).await;
        assert!(!said.contains(TAKEN_UP), "{what}: {said}");
        assert_eq!(read, entries, "{what}");
        assert_eq!(vote.unwrap().tally.unwrap().heads.unwrap().no, 1, "{what}");
        assert!(session(&data, &[]).await.0.contains(TAKEN_UP), "and the stop after it keeps again: {what}");
    }
}

#[tokio::test]
async fn after_a_kill_nothing_is_taken_up_that_was_kept_before() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    session(&data, &[Choice::Yes]).await;
    let mut server = Server::at(&data);
    let mut client = server.client().await;
    client.admit(vec![member("C")]).await.unwrap();
    client.cast("A", Choice::No).await.unwrap();
    server.kill();
    let (said, entries, vote) = session(&data, &[]).await;
    assert!(!said.contains(TAKEN_UP), "{said}");
    assert_eq!(entries.len(), 7);
    let vote = vote.unwrap();
    assert_eq!((&*vote.name, vote.tally.unwrap().heads.unwrap().no), (VOTE, 1));
    let server = Server::at(&data);
    let members = server.client().await.members().await;
    assert_eq!(members.last().map(|member| member.name.clone()), Some(format!("{BODY}/members/C")));
}

/// Changes one byte of a name wherever it stands in the record, so that neither the file's size nor its time tells.
fn rot(db: &Path) {
    let modified = std::fs::metadata(db).unwrap().modified().unwrap();
    let mut bytes = std::fs::read(db).unwrap();
    let places: Vec<_> = (0..bytes.len() - 8).filter(|at| &bytes[*at..at + 8] == b"Member A").collect();
    assert!(!places.is_empty(), "the entry that admits A");
    places.into_iter().for_each(|at| bytes[at + 7] = b'Z');
    std::fs::write(db, bytes).unwrap();
    std::fs::File::options().append(true).open(db).unwrap().set_modified(modified).unwrap();
}

#[tokio::test]
async fn what_rots_after_a_stop_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    session(&data, &[Choice::Yes]).await;
    rot(&data.join("log/db"));
    let refused = ended(&mut serve(&data));
    assert!(
        refused.stderr.contains("is damaged") && refused.stderr.contains("restore it from a backup"),
        "{refused:?}"
    );
}
