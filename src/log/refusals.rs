//! What only a log on disk does: it comes back as it was, or is refused and left as it is.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;

use super::conformance::{all, append_all, payloads};
use super::kept::Kept;
use super::passed::Passed;
use super::sled as engine;
use super::{Location, Log, OpenError, chunk, open};
use crate::record::tree::{Tree, leaf_hash};
use crate::seq::Seq;

struct Place {
    parent: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let parent = tempfile::tempdir().expect("folder");
        Self { path: parent.path().join("to/the/record"), parent }
    }

    fn open(&self) -> Result<Arc<dyn Log>, OpenError> {
        open(&Location::Sled(self.path.clone()))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Every file below the folder, but the empty LOCK.
    fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn gather(folder: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in fs::read_dir(folder).expect("folder") {
                let path = entry.expect("entry").path();
                if path.is_dir() {
                    gather(&path, into);
                } else {
                    into.insert(path.clone(), fs::read(path).expect("file"));
                }
            }
        }
        let mut contents = BTreeMap::new();
        gather(&self.path, &mut contents);
        contents.remove(&self.file("LOCK"));
        contents
    }

    /// Opening must fail, change nothing and say all of `words`.
    fn refused(&self, words: &[&str]) {
        let before = self.contents();
        let Err(error) = self.open() else { panic!("opened, where it should say {words:?}") };
        let message = error.to_string();
        for word in words.iter().chain(&[self.path.to_str().expect("path")]) {
            assert!(message.contains(word), "{word:?} is not in: {message}");
        }
        assert!(self.contents() == before, "the folder was changed; {message}");
    }
}

/// A closed log with a few hundred payloads in it, and what they are.
async fn written() -> (Place, Vec<Bytes>) {
    let place = Place::new();
    let log = place.open().expect("open");
    let batches = [payloads([10]), payloads((0..300).map(|number| number * 31 % 700)), payloads([20_000, 5])];
    let appended = append_all(&*log, batches).await;
    (place, appended)
}

fn passed(payloads: &[Bytes]) -> Passed {
    let mut tree = Tree::default();
    payloads.iter().for_each(|payload| tree.push(leaf_hash(payload)));
    Passed::of(&tree)
}

#[tokio::test]
async fn a_log_comes_back_as_it_was() {
    let (place, mut appended) = written().await;
    for round in 0..3 {
        assert_eq!(fs::read_to_string(place.file("PASSED")).expect("PASSED"), passed(&appended).to_string());
        let log = place.open().expect("open");
        assert_eq!(log.end().borrow().get(), appended.len() as u64);
        assert_eq!(all(&*log, 100).await, appended);
        appended = append_all(&*log, [payloads([1 << 20, round]), payloads(vec![round; 1_000])]).await;
        assert_eq!(all(&*log, 100).await, appended);
    }
    assert_eq!(fs::read_dir(place.file("log/blobs")).expect("blobs").count(), 0);
    assert!(!place.file("TRIAL").exists() && !place.file("CREATING").exists());
}

#[tokio::test]
async fn payloads_too_old_for_memory_are_read_from_disk() {
    let place = Place::new();
    let log = place.open().expect("open");
    let appended = append_all(&*log, (0..6).map(|_| payloads((0..1_000).map(|number| number % 90)))).await;
    assert_eq!(all(&*log, 77).await, appended);
    drop(log);
    let log = place.open().expect("open");
    assert_eq!(all(&*log, 77).await, appended);
    assert_eq!(log.read(Seq::new(500), 1).await.expect("read"), [(Seq::new(501), appended[500].clone())]);
}

#[tokio::test]
async fn a_folder_in_use_is_refused() {
    let (place, _) = written().await;
    let log = place.open().expect("open");
    let Err(error) = place.open() else { panic!("opened twice") };
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    drop(log);
    place.open().expect("free again");
}

#[tokio::test]
async fn a_folder_of_something_else_is_refused() {
    let place = Place::new();
    fs::create_dir_all(&place.path).expect("folder");
    fs::write(place.file("thesis.odt"), "years of work").expect("file");
    place.refused(&["thesis.odt", "empty or a new folder"]);
    assert!(!place.file("LOCK").exists());
    fs::remove_file(place.file("thesis.odt")).expect("removed");
    place.open().expect("an empty folder is as good as none");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_refused() {
    let place = Place::new();
    fs::write(place.parent.path().join("to"), "a file").expect("file");
    let Err(error) = place.open() else { panic!("opened") };
    assert!(matches!(error, OpenError::NotAFolder { .. }), "{error}");
}

#[tokio::test]
async fn an_interrupted_creation_begins_anew() {
    let (place, _) = written().await;
    fs::remove_file(place.file("READY")).expect("removed");
    fs::write(place.file("CREATING"), "").expect("marker");
    fs::write(place.file("log/conf"), "torn").expect("conf");
    fs::write(place.file("note.txt"), "not ours").expect("note");
    let log = place.open().expect("open");
    assert_eq!(*log.end().borrow(), Seq::ZERO);
    append_all(&*log, [payloads([3])]).await;
    assert!(place.file("READY").exists() && place.file("note.txt").exists() && !place.file("CREATING").exists());
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let (place, _) = written().await;
    fs::write(place.file("READY"), "rollcall-log 2\n").expect("READY");
    place.refused(&["format 2", "newer"]);
    fs::write(place.file("READY"), "something else\n").expect("READY");
    place.refused(&["READY", "backup"]);
}

#[tokio::test]
async fn a_log_that_came_back_with_less_is_refused() {
    let (place, mut appended) = written().await;
    appended.push(Bytes::from_static(b"acknowledged, and gone"));
    fs::write(place.file("PASSED"), passed(&appended).to_string()).expect("PASSED");
    place.refused(&["ends at 303", "had reached 304", "left as it is", "backup"]);
}

#[tokio::test]
async fn a_log_with_another_past_is_refused() {
    let (place, mut appended) = written().await;
    appended[7] = Bytes::from_static(b"what was recorded");
    fs::write(place.file("PASSED"), passed(&appended[..20]).to_string()).expect("PASSED");
    place.refused(&["its first 20 entries are not", "left as it is", "backup"]);
}

#[tokio::test]
async fn a_lost_or_garbled_witness_is_refused() {
    let (place, _) = written().await;
    fs::write(place.file("PASSED"), "end 3\n").expect("PASSED");
    place.refused(&["PASSED does not decode", "backup"]);
    fs::remove_file(place.file("PASSED")).expect("removed");
    place.refused(&["PASSED is missing", "backup"]);
}

#[tokio::test]
async fn a_file_of_the_store_that_is_lost_is_refused() {
    let (place, _) = written().await;
    fs::remove_file(place.file("log/db")).expect("removed");
    place.refused(&["log/db is missing", "backup"]);
    fs::write(place.file("log/db"), "").expect("db");
    place.refused(&["backup"]);
}

#[tokio::test]
async fn a_blob_is_refused() {
    let (place, _) = written().await;
    fs::write(place.file("log/blobs/123"), "large").expect("blob");
    place.refused(&["log/blobs", "backup"]);
}

#[tokio::test]
async fn a_store_that_was_restored_without_its_empty_folder_opens() {
    let (place, appended) = written().await;
    fs::remove_dir(place.file("log/blobs")).expect("blobs");
    assert_eq!(all(&*place.open().expect("open"), 100).await, appended);
}

#[tokio::test]
async fn however_often_a_log_is_opened_it_keeps_one_snapshot() {
    let (place, mut appended) = written().await;
    for _ in 0..3 {
        let log = place.open().expect("open");
        appended = append_all(&*log, [payloads([7, 8])]).await;
    }
    assert_eq!(all(&*place.open().expect("open"), 1_000).await, appended);
    let files = fs::read_dir(place.file("log")).expect("log").map(|file| file.expect("file").file_name());
    assert_eq!(files.filter(|file| file.to_string_lossy().starts_with("snap.")).count(), 1);
}

#[tokio::test]
async fn an_unfinished_snapshot_is_removed() {
    let (place, appended) = written().await;
    let unfinished = place.file("log/snap.00000000000FFFFF.generating");
    fs::write(&unfinished, "half").expect("snapshot");
    let log = place.open().expect("open");
    assert!(!unfinished.exists());
    assert_eq!(all(&*log, 100).await, appended);
}

#[tokio::test]
async fn values_that_do_not_follow_or_decode_are_refused() {
    let gap = chunk::pack(305, &payloads([4]));
    let garbled = vec![(chunk::key(304, 0), b"\x07garbled".to_vec())];
    let rewritten = chunk::pack(1, &[Bytes::from_static(b"rewritten!")]);
    for (pairs, word) in
        [(gap, "304 is missing"), (garbled, "304 do not decode"), (rewritten, "not those that it held")]
    {
        let (place, _) = written().await;
        let store = engine::Store::open(&place.file("log"), &place.path).expect("store");
        store.commit(pairs).expect("commit");
        store.close();
        place.refused(&[word, "left as it is", "backup"]);
    }
}

/// The case for which the store is opened as a copy first: sled clears what follows a damaged page.
#[tokio::test]
async fn a_damaged_disk_is_refused_before_sled_clears_it() {
    let (place, appended) = written().await;
    let whole = fs::read(place.file("log/db")).expect("db");
    let needle = appended[150].clone();
    let at = whole.windows(needle.len()).position(|window| window == needle).expect("stored as it is");
    let db = fs::File::options().write(true).open(place.file("log/db")).expect("db");
    db.write_all_at(&[whole[at] ^ 1], at as u64).expect("damage");
    place.refused(&["left as it is", "backup"]);

    db.write_all_at(&whole[at..=at], at as u64).expect("repair");
    assert_eq!(all(&*place.open().expect("open"), 100).await, appended);
}

#[tokio::test]
async fn a_store_that_sled_would_open_as_empty_is_refused() {
    let (place, _) = written().await;
    let db = fs::File::options().write(true).open(place.file("log/db")).expect("db");
    db.write_all_at(&[0; 20], 0).expect("damage");
    for snapshot in fs::read_dir(place.file("log")).expect("log").map(|entry| entry.expect("entry").path()) {
        if snapshot.to_string_lossy().contains("snap.") {
            fs::remove_file(snapshot).expect("removed");
        }
    }
    place.refused(&["left as it is", "backup"]);
}

/// What rots far from the end of a store is not seen when that is opened.
#[tokio::test]
async fn a_store_that_does_not_hold_what_it_was_left_with_is_not_trusted_twice() {
    let (place, appended) = written().await;
    let close = || {
        let log = place.open().expect("open");
        log.keep(*log.end().borrow(), Bytes::from_static(b"state"));
    };
    close();
    // Left, as it says, with other entries than it holds.
    let bytes = fs::read(place.file("STATE")).expect("STATE");
    let mut kept = Kept::parse(&bytes.into()).expect("what was kept");
    let mut tree = Tree::default();
    (0..appended.len()).for_each(|_| tree.push(leaf_hash(b"other")));
    kept.tree = tree;
    fs::write(place.file("STATE"), kept.to_bytes()).expect("STATE");
    fs::write(place.file("PASSED"), Passed::of(&kept.tree).to_string()).expect("PASSED");

    close();
    assert!(!place.file("STATE").exists());
    place.refused(&["not those that it held", "left as it is", "backup"]);
}
