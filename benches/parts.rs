//! What each part costs by itself: `cargo bench`. docs/performance.md says what the figures mean; no test depends on them.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark stops where something fails")]

mod hall;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use rollcall::domain::{Choice, Command, Facts, Tally};
use rollcall::log::{self, Location};
use rollcall::presets::Presets;
use rollcall::record::tree::Leaves;
use rollcall::wire::tally::Frame;

use hall::{Open, now};

/// Entries of one append.
const SIZES: [usize; 4] = [1, 16, 128, 1024];

fn main() {
    divan::main();
}

/// A CastBallot request becomes a command, its digest included.
#[divan::bench]
fn read_request(bencher: Bencher) {
    let mut hall = Open::new();
    bencher
        .counter(ItemsCount::new(1_usize))
        .with_inputs(|| hall.request())
        .bench_local_values(|request| Command::try_from(request).unwrap());
}

#[divan::bench]
fn decide(bencher: Bencher) {
    let mut hall = Open::new();
    let command = hall.ballot();
    let state = &hall.state;
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| state.decide(black_box(&command), now()).unwrap());
}

/// Decides a request that is on record already.
#[divan::bench]
fn decide_repeated(bencher: Bencher) {
    let mut hall = Open::new();
    let command = hall.ballot();
    let entry = hall.entry(&command);
    hall.state.evolve(&entry);
    let state = &hall.state;
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| state.decide(black_box(&command), now()).unwrap());
}

/// Takes up ballots of ever new requests.
#[divan::bench]
fn evolve(bencher: Bencher) {
    let (mut source, mut state) = (Open::new(), Open::new().state);
    bencher
        .counter(ItemsCount::new(1_usize))
        .with_inputs(|| source.next_entry())
        .bench_local_refs(|entry| state.evolve(entry));
}

/// Encodes an entry and hashes it, as the writer does before an append.
#[divan::bench]
fn stage(bencher: Bencher) {
    let mut hall = Open::new();
    let command = hall.ballot();
    let entry = hall.entry(&command);
    let journal = hall::journal();
    bencher
        .counter(ItemsCount::new(1_usize))
        .with_inputs(|| entry.clone())
        .bench_local_values(|entry| journal.stage(black_box(entry), &mut Leaves::default()));
}

/// Judges a full tally of 193 by a named rule.
#[divan::bench(args = ["un.ga.simple", "un.ga.two-thirds", "un.sc.substantive"])]
fn judge(bencher: Bencher, rule: &str) {
    let hall = Open::voted();
    let presets = Presets::built_in().unwrap();
    let (rule, voting) = (presets.get(rule).unwrap(), hall.vote().voting.as_ref().unwrap());
    let mut tally = Tally::opened(voting.roll.members().iter().map(Arc::as_ref), rule);
    for ballot in hall.vote().shown().ballots() {
        tally.shift(ballot.member, Choice::NotVoting, ballot.counted().unwrap());
    }
    let facts = || Facts {
        tally: &tally,
        seats: voting.seats.into(),
        members: voting.members.into(),
        members_present: None,
        vetoes: Vec::new(),
        casting_vote: None,
        second_vote: false,
    };
    bencher.bench_local(|| black_box(rule).judge(&facts()));
}

/// From a vote to the bytes of one message to a watcher.
#[divan::bench_group]
mod frame {
    use super::*;

    #[divan::bench]
    fn encode(bencher: Bencher) {
        frame(bencher, |frame| frame.message());
    }

    #[divan::bench]
    fn encode_with_ballots(bencher: Bencher) {
        frame(bencher, |frame| frame.message_with_ballots(None));
    }

    fn frame(bencher: Bencher, message: impl Fn(&Frame) -> Bytes) {
        let hall = Open::voted();
        let vote = hall.vote();
        bencher.bench_local(|| message(&Frame::from(black_box(vote))));
    }
}

/// One durable commit, and beside it the same bytes written to a plain file.
#[divan::bench_group(sample_size = 1)]
mod append {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn log(bencher: Bencher, entries: usize) {
        let folder = folder();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let log = log::open(&Location::Sled(folder.path().join("record"))).unwrap();
        let mut hall = Open::new();
        bencher.counter(ItemsCount::new(entries)).with_inputs(|| hall.leaves(entries)).bench_local_values(|payloads| {
            let end = *log.end().borrow();
            let now = runtime.block_on(log.append(end, payloads)).unwrap();
            assert_eq!(now.since(end), entries as u64);
        });
    }

    #[divan::bench(args = SIZES)]
    fn plain_file(bencher: Bencher, entries: usize) {
        let folder = folder();
        let mut file = File::create(folder.path().join("plain")).unwrap();
        let mut hall = Open::new();
        bencher
            .counter(ItemsCount::new(entries))
            .with_inputs(|| hall.leaves(entries).payloads().concat())
            .bench_local_values(|bytes: Vec<u8>| {
                file.write_all(&bytes).unwrap();
                file.sync_data().unwrap();
            });
    }

    /// A folder on the disk that holds the build: a temporary one may be no disk at all.
    fn folder() -> tempfile::TempDir {
        tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap()
    }
}
