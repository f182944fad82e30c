//! Nothing that was answered is lost, whenever the process is killed.

use std::collections::HashMap;

use prost::Message;
use rollcall::proto;
use rollcall::proto::ballot_result::Result as Outcome;
use rollcall::proto::entry::Event;
use rollcall::proto::stored_entry::Content;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tonic::Status;
use uuid::Uuid;

use crate::harness::client::{ballot, heads, preset};
use crate::harness::{Client, Server};

const MEMBERS: usize = 200;
const CLIENTS: u64 = 6;
/// Requests sent and answers received, both counted, until a kill.
const MOMENTS: std::ops::Range<u64> = 100..700;

/// Numbers that look random and come again with their seed (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

type Ballots = Vec<proto::CastBallotRequest>;

/// What a client goes through.
enum News {
    Sent(Ballots),
    /// Those receipts came, for what was sent last.
    Answered(Ballots, Vec<proto::Receipt>),
    Failed(Status),
}

fn members() -> Vec<String> {
    (0..MEMBERS).map(|at| format!("M{at:03}")).collect()
}

fn random_ballot(random: &mut Random) -> proto::CastBallotRequest {
    let choice = [proto::Choice::Yes, proto::Choice::No, proto::Choice::Abstain][random.below(3) as usize];
    ballot(&format!("M{:03}", random.below(MEMBERS as u64)), choice)
}

/// Sends ballots in one call: a lone one by the call for that.
async fn send(client: &mut Client, ballots: &Ballots) -> Result<Vec<proto::Receipt>, Status> {
    if let [one] = &ballots[..] {
        return Ok(vec![client.send(one.clone()).await?]);
    }
    let request = proto::CastBallotsRequest { ballots: ballots.clone() };
    let results = client.ballots.cast_ballots(request).await?.into_inner().results;
    let receipts = results.into_iter().map(|result| match result.result {
        Some(Outcome::Receipt(receipt)) => Ok(receipt),
        Some(Outcome::Refusal(refusal)) => Err(Status::new(refusal.code.into(), refusal.message)),
        None => panic!("neither a receipt nor a refusal"),
    });
    receipts.collect()
}

/// Casts ballots, one or some at a time, until it is cut off.
async fn cast(mut client: Client, mut random: Random, news: UnboundedSender<News>) {
    loop {
        let many = if random.below(2) == 0 { 1 } else { 2 + random.below(7) };
        let ballots: Ballots = (0..many).map(|_| random_ballot(&mut random)).collect();
        let _ = news.send(News::Sent(ballots.clone()));
        match send(&mut client, &ballots).await {
            Ok(receipts) => drop(news.send(News::Answered(ballots, receipts))),
            Err(status) => {
                let _ = news.send(News::Failed(status));
                return;
            }
        }
    }
}

/// What clients have sent so far, by request id.
#[derive(Default)]
struct Known {
    answered: HashMap<String, (proto::CastBallotRequest, proto::Receipt)>,
    unanswered: HashMap<String, proto::CastBallotRequest>,
}

impl Known {
    fn answer(&mut self, ballots: Ballots, receipts: Vec<proto::Receipt>) {
        assert_eq!(ballots.len(), receipts.len());
        for (ballot, receipt) in ballots.into_iter().zip(receipts) {
            self.unanswered.remove(&ballot.request_id);
            self.answered.insert(ballot.request_id.clone(), (ballot, receipt));
        }
    }

    fn note(&mut self, news: News, alive: bool) {
        match news {
            News::Sent(ballots) => {
                self.unanswered.extend(ballots.into_iter().map(|ballot| (ballot.request_id.clone(), ballot)));
            }
            News::Answered(ballots, receipts) => self.answer(ballots, receipts),
            News::Failed(status) => assert!(!alive, "refused before it was killed: {status:?}"),
        }
    }

    /// Puts a server under load, and kills it after so many moments.
    async fn load_and_kill(&mut self, server: &mut Server, random: &mut Random) {
        let (news, mut arriving) = unbounded_channel();
        for _ in 0..CLIENTS {
            tokio::spawn(cast(server.client().await, Random(random.below(u64::MAX)), news.clone()));
        }
        drop(news);
        for _ in 0..MOMENTS.start + random.below(MOMENTS.end - MOMENTS.start) {
            self.note(next(&mut arriving).await.expect("clients go on"), true);
        }
        server.kill();
        // Answers may still be on their way here.
        while let Some(news) = next(&mut arriving).await {
            self.note(news, false);
        }
    }

    /// Asserts that everything answered stands where its receipt says, and nothing stands twice.
    fn assert_in(&self, record: &[Vec<u8>]) {
        let mut ids = HashMap::new();
        for (at, stored) in record.iter().enumerate() {
            let entry = proto::Entry::decode(&stored[..]).unwrap();
            assert_eq!(entry.seq, at as u64 + 1);
            let id = Uuid::from_slice(&entry.request_id).unwrap().to_string();
            assert_eq!(ids.insert(id.clone(), at), None, "recorded twice: {id}");
        }
        for (id, (ballot, receipt)) in &self.answered {
            let at = receipt.seq as usize - 1;
            let stored =
                record.get(at).unwrap_or_else(|| panic!("lost, the record ends at {}: {receipt:?}", record.len()));
            assert_eq!(receipt.leaf_hash, Sha256::new().chain_update([0]).chain_update(stored).finalize()[..]);
            assert_eq!(ids.get(id), Some(&at), "another request stands at {}", receipt.seq);
            let Some(Event::BallotCast(cast)) = proto::Entry::decode(&stored[..]).unwrap().event else {
                panic!("no ballot at {}", receipt.seq);
            };
            let member = format!("bodies/hall/members/{}", ballot.member);
            assert!([&ballot.member, &member].contains(&&cast.member), "{} is not {}", cast.member, ballot.member);
            assert_eq!(cast.choice, ballot.choice);
        }
    }

    /// Repeats what was answered: the same receipts come again. Repeats the rest: now it is answered.
    async fn repeat(&mut self, client: &mut Client) {
        let answered: Vec<_> = self.answered.values().cloned().collect();
        for known in answered.chunks(100).chain(answered.first().map(std::slice::from_ref)) {
            let again = send(client, &known.iter().map(|(ballot, _)| ballot.clone()).collect()).await.unwrap();
            let first = known.iter().map(|(_, receipt)| proto::Receipt { replayed: true, ..receipt.clone() });
            assert_eq!(again, first.collect::<Vec<_>>());
        }
        for (_, ballot) in std::mem::take(&mut self.unanswered) {
            let receipts = send(client, &vec![ballot.clone()]).await.unwrap();
            self.answer(
                vec![ballot],
                receipts.into_iter().map(|first| proto::Receipt { replayed: false, ..first }).collect(),
            );
        }
    }
}

async fn next(arriving: &mut UnboundedReceiver<News>) -> Option<News> {
    let news = tokio::time::timeout(crate::harness::server::PATIENCE, arriving.recv());
    news.await.expect("clients neither go on nor end")
}

/// The stored bytes of every entry.
async fn record(client: &mut Client) -> Vec<Vec<u8>> {
    let request = proto::ReadEntriesRequest { raw: true, ..Default::default() };
    let mut stream = client.record.read_entries(request).await.unwrap().into_inner();
    let mut record = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        for stored in message.entries {
            let Some(Content::Bytes(bytes)) = stored.content else { panic!("not raw: {stored:?}") };
            record.push(bytes.to_vec());
            assert_eq!(stored.seq, record.len() as u64, "a gap");
        }
    }
    record
}

/// Counts the ballots of a record as one would by hand: the last of each member.
fn recount(record: &[Vec<u8>]) -> String {
    let mut last = HashMap::new();
    for stored in record {
        if let Some(Event::BallotCast(cast)) = proto::Entry::decode(&stored[..]).unwrap().event {
            last.insert(cast.member.clone(), cast.choice());
        }
    }
    let of = |choice| last.values().filter(|stand| **stand == choice).count();
    let (yes, no, abstain) = (of(proto::Choice::Yes), of(proto::Choice::No), of(proto::Choice::Abstain));
    format!("{yes}-{no}-{abstain}-0-{}", MEMBERS - yes - no - abstain)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_answered_is_lost_however_often_the_server_is_killed() {
    let kills = std::env::var("ROLLCALL_KILLS").map_or(5, |kills| kills.parse().expect("ROLLCALL_KILLS is a number"));
    let seed = std::env::var("ROLLCALL_SEED").ok().map(|seed| seed.parse().expect("ROLLCALL_SEED is a number"));
    let seed: u64 = seed.unwrap_or_else(|| Uuid::new_v4().as_u64_pair().0);
    eprintln!("ROLLCALL_SEED={seed}");
    let mut random = Random(seed);
    let mut server = Server::new();
    let members = members();
    let ids: Vec<_> = members.iter().map(String::as_str).collect();
    server.client().await.ready(&ids, preset("un.ga.simple")).await;
    let mut known = Known::default();
    for kill in 1..=kills {
        known.load_and_kill(&mut server, &mut random).await;
        server.restart();
        let mut client = server.client().await;
        let before = record(&mut client).await;
        let (answered, unanswered) = (known.answered.len(), known.unanswered.len());
        eprintln!("kill {kill}: {} entries; {answered} ballots answered, {unanswered} not", before.len());
        known.assert_in(&before);
        assert_eq!(heads(client.tally().await.unwrap().tally.as_ref()), recount(&before));

        known.repeat(&mut client).await;
        let after = record(&mut client).await;
        assert!(after.starts_with(&before), "what stood in the record has changed");
        assert_eq!(after.len(), 4 + known.answered.len(), "each ballot once, after the four entries before the first");
        known.assert_in(&after);
        assert_eq!(heads(client.tally().await.unwrap().tally.as_ref()), recount(&after));
    }
}
