//! Nothing that was answered is lost, whenever the power fails: the writes and syncs of a server under load are recorded, and
//! played up to a moment on a disk that keeps what was synced and any part of the rest. The real server then starts on it.

use std::path::Path;
use std::sync::{Arc, Mutex};

use rollcall::proto::ballot_result::Result as Outcome;
use rollcall::proto::stored_entry::Content;
use rollcall::proto::{self, Choice, Receipt};
use sha2::{Digest, Sha256};
use tonic::Status;
use uuid::Uuid;

use crate::durability::Random;
use crate::harness::client::{BODY, ballot, preset};
use crate::harness::server::{PATIENCE, skip};
use crate::harness::strace::{Call, NEEDS, calls, can_trace, now, traced};
use crate::harness::{Client, Server, uuid};
use disk::{Disk, MANNERS, Step, steps};

mod disk;

const TRACED: &str = "trace=open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,write,pwrite64,\
                      ftruncate,fsync,fdatasync,copy_file_range,writev,sendto";

/// With names of this length the roll is nearly as large as it may be: a vote that opens writes more than sled's segment.
const MEMBERS: usize = 1_800;
const NAME: usize = 440;

/// Where the record is, so that folders are made on the way to it.
const DATA: &str = "data/record";

const CLIENTS: usize = 4;
/// Ballots that are answered in one run of the server.
const BALLOTS: usize = 400;

/// What was answered, each with the time when its answer had come.
type Answered = Arc<Mutex<Vec<(Receipt, u64)>>>;

fn answer(answered: &Answered, receipts: impl IntoIterator<Item = Receipt>) {
    let time = now();
    answered.lock().unwrap().extend(receipts.into_iter().map(|receipt| (receipt, time)));
}

/// Casts ballots, one or many at a time, until the server is gone.
async fn cast(mut client: Client, mut random: Random, answered: Answered) -> Result<(), Status> {
    loop {
        let many = [1, 1, 2 + random.below(7), 2 + random.below(99)][random.below(4) as usize];
        let mut one = || {
            ballot(
                &format!("M{:04}", random.below(MEMBERS as u64)),
                [Choice::Yes, Choice::No][random.below(2) as usize],
            )
        };
        let ballots: Vec<_> = (0..many).map(|_| one()).collect();
        let results = client.ballots.cast_ballots(proto::CastBallotsRequest { ballots }).await?.into_inner().results;
        let receipts = results.into_iter().filter_map(|result| match result.result {
            Some(Outcome::Receipt(receipt)) => Some(receipt),
            _ => None,
        });
        answer(&answered, receipts);
    }
}

async fn create(client: &mut Client, body: &str) -> Option<Receipt> {
    let request = proto::CreateBodyRequest { body_id: body.into(), request_id: uuid(), ..Default::default() };
    client.bodies.create_body(request).await.unwrap().into_inner().receipt
}

/// Seats the members, so that a roll is large.
async fn seat(client: &mut Client, answered: &Answered) {
    answer(answered, create(client, "hall").await);
    let member = |at: usize| proto::Member {
        name: format!("{BODY}/members/M{at:04}"),
        display_name: format!("{at:0NAME$}"),
        ..Default::default()
    };
    for half in [0..MEMBERS / 2, MEMBERS / 2..MEMBERS] {
        answer(answered, client.admit(half.map(member).collect()).await);
    }
}

/// Tables a vote and opens it.
async fn open(client: &mut Client, id: &str, answered: &Answered) {
    let vote = Some(proto::Vote { rule: Some(preset("un.ga.simple")), ..Default::default() });
    let create = proto::CreateVoteRequest { parent: BODY.into(), vote_id: id.into(), vote, request_id: uuid() };
    answer(answered, client.votes.create_vote(create).await.unwrap().into_inner().receipt);
    let name = format!("{BODY}/votes/{id}");
    let open = proto::OpenVoteRequest { name, request_id: uuid(), ..Default::default() };
    answer(answered, client.votes.open_vote(open).await.unwrap().into_inner().receipt);
}

/// A server in `data`, whose system calls are recorded.
fn recorded(data: &Path, trace: &Path) -> Server {
    Server::spawn(&mut traced(data, trace, &["-xx", "-s", "8000000", "-e", TRACED]), data)
}

/// A run of the server, from its start to its end in the middle of the load.
async fn load(server: Server, random: &mut Random, answered: &Answered, signal: &str) {
    let mut client = server.client().await;
    let before = answered.lock().unwrap().len();
    if before == 0 {
        seat(&mut client, answered).await;
        open(&mut client, "q", answered).await;
    }
    let mut casting = Vec::new();
    for _ in 0..CLIENTS {
        let random = Random(random.below(u64::MAX));
        casting.push(tokio::spawn(cast(server.client().await, random, Arc::clone(answered))));
    }
    // While ballots are cast, votes with a large roll are opened.
    for vote in 0..2 {
        open(&mut client, &format!("v{before}-{vote}"), answered).await;
    }
    while answered.lock().unwrap().len() < before + BALLOTS {
        client.end().await;
    }
    server.signal(signal);
    server.wait_at_most(PATIENCE).await;
    for client in casting {
        client.await.unwrap().expect_err("the server is gone");
    }
}

/// What servers wrote below a folder, and what they answered meanwhile.
struct Recorded {
    begin: Disk,
    calls: Vec<Call>,
    steps: Vec<Step>,
    answered: Vec<(Receipt, u64)>,
}

impl Recorded {
    /// A new record under load: killed, started again, and stopped in order.
    async fn new(folder: &Path, random: &mut Random) -> Self {
        let top = folder.join("disk");
        std::fs::create_dir(&top).unwrap();
        let begin = Disk::of(&top);
        let answered = Answered::default();
        let mut trace = String::new();
        for signal in ["KILL", "TERM"] {
            let file = folder.join(format!("{signal}.trace"));
            load(recorded(&top.join(DATA), &file), random, &answered, signal).await;
            trace += &std::fs::read_to_string(&file).unwrap();
        }
        Self::of(&top, begin, &trace, &answered)
    }

    /// The start on what a cut has left, and a few changes after it.
    async fn start(top: &Path) -> Self {
        let begin = Disk::of(top);
        let answered = Answered::default();
        let file = top.with_extension("trace");
        let server = recorded(&top.join(DATA), &file);
        let mut client = server.client().await;
        for body in ["x", "y", "z"] {
            answer(&answered, create(&mut client, body).await);
        }
        server.signal("KILL");
        server.wait_at_most(PATIENCE).await;
        Self::of(top, begin, &std::fs::read_to_string(&file).unwrap(), &answered)
    }

    fn of(top: &Path, begin: Disk, trace: &str, answered: &Answered) -> Self {
        let calls = calls(trace);
        let steps = steps(&calls, top);
        let answered = std::mem::take(&mut *answered.lock().unwrap());
        Self { begin, calls, steps, answered }
    }

    /// Cuts the power at a moment: makes at `image` what is left, and says what had been answered.
    fn cut(&self, random: &mut Random, image: &Path) -> Vec<Receipt> {
        let call = self.moment(random);
        let manner = MANNERS[random.below(MANNERS.len() as u64) as usize];
        let mut disk = self.begin.clone();
        disk.play(&self.steps, call.begun + 1);
        disk.fail(manner, random, image);
        let answered = self.answered.iter().filter(|(_, answered)| *answered <= call.time);
        let answered: Vec<_> = answered.map(|(receipt, _)| receipt.clone()).collect();
        let (line, changes) = (call.begun, disk.open());
        eprintln!("  cut at line {line}, {} answered; of {changes} changes not synced: {manner:?}", answered.len());
        answered
    }

    /// A call with whose beginning the power fails: one that changes a file, of the start or of all, or the first after an
    /// answer had come.
    fn moment(&self, random: &mut Random) -> &Call {
        let after = |time: u64| self.calls.iter().position(|call| call.time >= time).unwrap_or(self.calls.len() - 1);
        let mut any = |count: usize| random.below(count as u64) as usize;
        let start = self.steps.iter().filter(|step| step.begun < self.calls[after(self.answered[0].1)].begun).count();
        let step = |at: usize| self.calls.partition_point(|call| call.begun < self.steps[at].begun);
        &self.calls[match any(4) {
            0 => step(any(start)),
            1 => step(any(self.steps.len())),
            _ => after(self.answered[any(self.answered.len())].1),
        }]
    }
}

/// The stored bytes of all entries, as the server reads them.
async fn record(client: &mut Client) -> Vec<Vec<u8>> {
    let request = proto::ReadEntriesRequest { raw: true, ..Default::default() };
    let mut stream = client.record.read_entries(request).await.unwrap().into_inner();
    let mut record = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        for stored in message.entries {
            let Some(Content::Bytes(bytes)) = stored.content else { panic!("not raw: {stored:?}") };
            record.push(bytes.to_vec());
        }
    }
    record
}

/// Starts the server on what a cut has left, and asserts that all stands there that was answered before.
async fn hold(data: &Path, answered: &[Receipt]) {
    let server = Server::at(data);
    let mut client = server.client().await;
    let record = record(&mut client).await;
    for receipt in answered {
        let stored = record.get(receipt.seq as usize - 1);
        let stored = stored.unwrap_or_else(|| panic!("lost, the record ends at {}: {receipt:?}", record.len()));
        assert_eq!(receipt.leaf_hash, Sha256::new().chain_update([0]).chain_update(stored).finalize()[..]);
    }
    // And it can be written.
    let receipt = create(&mut client, "next").await.unwrap();
    assert_eq!(receipt.seq, record.len() as u64 + 1);
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_answered_is_lost_whenever_the_power_fails() {
    if !can_trace() {
        return skip(NEEDS);
    }
    let cuts = number("ROLLCALL_CUTS").unwrap_or(20);
    let seed = number("ROLLCALL_SEED").unwrap_or_else(|| Uuid::new_v4().as_u64_pair().0);
    eprintln!("ROLLCALL_SEED={seed}");
    let mut random = Random(seed);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let recorded = Recorded::new(&folder, &mut random).await;
    for cut in 1..=cuts {
        let image = folder.join(format!("cut-{cut}"));
        eprintln!("cut {cut}");
        let mut answered = recorded.cut(&mut random, &image);
        // The power may fail once more while the server starts on what the first cut has left.
        let mut last = image.clone();
        if random.below(2) == 0 {
            let again = Recorded::start(&image).await;
            last = image.with_extension("again");
            answered.extend(again.cut(&mut random, &last));
        }
        hold(&last.join(DATA), &answered).await;
        // Only what led to a failure is kept for a look at it.
        for path in [&image, &last] {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}
