//! A run of calls to a server that begins with a body and two votes on record, one of them open. Holds what is answered to
//! what is recorded.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use prost::Message;
use prost_reflect::{DynamicMessage, MethodDescriptor, Value};
use rollcall::log::{self, Location, Log};
use rollcall::presets::Presets;
use rollcall::proto::{self, Receipt};
use rollcall::seq::Seq;
use sha2::{Digest, Sha256};

use crate::hall::{Answer, Hall, Hands, method, part};
use crate::record::Record;

static PRESETS: LazyLock<Arc<Presets>> = LazyLock::new(|| Arc::new(Presets::built_in().unwrap()));

/// What is on record when a run begins.
static BEGINNING: LazyLock<Vec<Bytes>> = LazyLock::new(|| block_on(beginning()));

/// A run of calls.
pub struct Play {
    log: Arc<dyn Log>,
    hands: Hands,
    hall: Hall,
    /// The first receipt of each request, by its method and its bytes.
    first: HashMap<(String, Vec<u8>), Receipt>,
}

/// Plays from the beginning, and checks the record in the end.
pub fn run(calls: impl AsyncFnOnce(&mut Play)) {
    let beginning = BEGINNING.clone();
    block_on(async {
        let mut play = Play::after(beginning).await;
        calls(&mut play).await;
        play.check().await;
    });
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

impl Play {
    async fn after(payloads: Vec<Bytes>) -> Self {
        let log = log::open(&Location::Memory).unwrap();
        log.append(Seq::ZERO, payloads.into_iter().collect()).await.unwrap();
        let hands = Hands::default();
        let hall = Hall::over(&log, &hands, &PRESETS).await;
        Self { log, hands, hall, first: HashMap::new() }
    }

    /// Makes a call, and asserts that just what is answered is recorded.
    pub async fn call(&mut self, method: &MethodDescriptor, messages: Vec<Vec<u8>>) {
        let before = self.end();
        let answer = self.hall.call(method, messages.clone()).await;
        let new = self.stored(before).await;
        let receipts: Vec<Receipt> = answer.iter().flatten().flat_map(receipts).collect();
        let mut answered = 0;
        for (nth, receipt) in receipts.iter().enumerate() {
            let at = Seq::new(receipt.seq.checked_sub(1).unwrap());
            let (_, stored) = self.log.read(at, 1).await.unwrap().remove(0);
            let entry = proto::Entry::decode(&*stored).unwrap();
            assert_eq!(receipt.leaf_hash, Sha256::new().chain_update([0]).chain_update(&stored).finalize()[..]);
            assert_eq!((receipt.revision, receipt.record_time), (entry.revision, entry.record_time));
            let again = receipt.seq <= before.get() || receipts[..nth].iter().any(|first| first.seq == receipt.seq);
            assert_eq!(receipt.replayed, again, "{receipt:?}");
            answered += usize::from(!again);
        }
        let caused = new.iter().filter(|stored| !proto::Entry::decode(&***stored).unwrap().request_id.is_empty());
        // A stream that is left has handed in more than was waited for.
        if !method.is_client_streaming() {
            assert_eq!(caused.count(), answered, "{}: {answer:?}", method.name());
        }
        if let ([receipt], [message]) = (&receipts[..], &messages[..]) {
            self.known(method, message, receipt);
        }
    }

    /// A request that is repeated gets its first receipt.
    fn known(&mut self, method: &MethodDescriptor, message: &[u8], receipt: &Receipt) {
        let request = DynamicMessage::decode(method.input(), message).unwrap();
        let id = request.get_field_by_name("request_id").map(|id| id.into_owned());
        if id.is_none_or(|id| id == Value::String(String::new())) {
            return;
        }
        let call = (method.name().to_owned(), message.to_vec());
        let first = self.first.entry(call).or_insert_with(|| receipt.clone());
        assert_eq!(Receipt { replayed: receipt.replayed, ..first.clone() }, *receipt);
    }

    /// Lets time pass.
    pub fn pass(&self, seconds: u64) {
        self.hands.pass(seconds);
    }

    /// Reads the record anew, as a server does that was started again.
    pub async fn restart(&mut self) {
        self.hall = Hall::over(&self.log, &self.hands, &PRESETS).await;
    }

    /// Asserts that the record is sound, and that what the server says follows from it alone.
    async fn check(mut self) {
        // Whatever is asked for, the votes whose time has come are locked first.
        let _ = self.ask("LockVote", &[("name", "bodies/none/votes/none")]).await;
        if self.end().get() == BEGINNING.len() as u64 {
            return;
        }
        let record = Record::of(&self.stored(Seq::ZERO).await);
        let said = self.said(&record).await;
        record.hold(&said);
        self.restart().await;
        assert_eq!(self.said(&record).await, said, "the server says other things after a restart");
        let end = Seq::new(record.entries.len() as u64);
        assert_eq!(self.end(), end, "a restart recorded something");
    }

    async fn ask(&self, name: &str, fields: &[(&str, &str)]) -> Answer {
        let method = method(name);
        let mut request = DynamicMessage::new(method.input());
        for (field, text) in fields {
            request.set_field_by_name(field, Value::String((*text).to_owned()));
        }
        self.hall.ask(method, &request).await
    }

    /// All that the server says of what is on record, each answer with what was asked.
    async fn said(&self, record: &Record) -> Vec<(String, DynamicMessage)> {
        let mut said = Vec::new();
        let bodies = record.bodies.iter().flat_map(|body| {
            [("GetBody", "name", body), ("ListMembers", "parent", body), ("ListVotes", "parent", body)]
        });
        let votes = record
            .votes
            .keys()
            .flat_map(|vote| [("GetVote", "name", vote), ("GetTally", "vote", vote), ("ListBallots", "parent", vote)]);
        for (method, field, name) in bodies.chain(votes) {
            match self.ask(method, &[(field, name)]).await {
                Ok(mut answers) => said.push((format!("{method} {name}"), answers.remove(0))),
                // Ballots are listed from the opening on.
                Err(refused) => assert!(method == "ListBallots", "{method} {name}: {refused:?}"),
            }
        }
        said
    }

    fn end(&self) -> Seq {
        *self.log.end().borrow()
    }

    async fn stored(&self, after: Seq) -> Vec<Bytes> {
        let mut stored = Vec::new();
        let mut at = after;
        while at < self.end() {
            for (seq, bytes) in self.log.read(at, usize::MAX).await.unwrap() {
                at = seq;
                stored.push(bytes);
            }
        }
        stored
    }
}

/// The receipts in an answer: its own, or one of each ballot's.
fn receipts(answer: &DynamicMessage) -> Vec<Receipt> {
    let typed = |receipt: DynamicMessage| Receipt::decode(&*receipt.encode_to_vec()).unwrap();
    let of = |message: &DynamicMessage| part(message, "receipt").map(typed);
    let results = answer.get_field_by_name("results").map(|results| results.into_owned());
    let one = part(answer, "result");
    let listed = results.iter().filter_map(Value::as_list).flatten().filter_map(Value::as_message);
    of(answer).into_iter().chain(one.iter().filter_map(of)).chain(listed.filter_map(of)).collect()
}

fn preset(name: &str) -> proto::Rule {
    proto::Rule { preset: name.into(), ..Default::default() }
}

/// At least half of the shares.
fn by_shares() -> proto::Rule {
    let half = proto::Share { numerator: 1, denominator: 2, base: proto::Base::Roll.into() };
    let threshold = proto::Threshold {
        choices: vec![proto::Choice::Yes.into()],
        weight: "shares".into(),
        comparison: proto::Comparison::AtLeast.into(),
        bar: Some(proto::threshold::Bar::Share(half)),
    };
    let requirement = proto::Requirement { kind: Some(proto::requirement::Kind::Threshold(threshold)) };
    proto::Rule { requirements: vec![requirement], ..Default::default() }
}

async fn beginning() -> Vec<Bytes> {
    let mut play = Play::after(Vec::new()).await;
    let mut next = 0;
    let mut id = || {
        next += 1;
        format!("10000000-0000-4000-8000-{next:012}")
    };
    let body = proto::Body { display_name: "The hall".into(), ..Default::default() };
    let create = proto::CreateBodyRequest { body_id: "hall".into(), body: Some(body), request_id: id() };
    let member = |(at, name): (u64, &&str)| proto::Member {
        name: format!("bodies/hall/members/{name}"),
        display_name: format!("Member {name}"),
        weights: [("shares".to_owned(), at * 10)].into(),
        groups: if at == 1 { vec!["permanent".to_owned()] } else { vec![] },
        ..Default::default()
    };
    let members = (1..).zip(&["A", "B", "C"]).map(member).collect();
    let admit = proto::AdmitMembersRequest { parent: "bodies/hall".into(), members, request_id: id() };
    let table = |vote: &str, rule: proto::Rule, request_id| {
        let vote_of = proto::Vote { rule: Some(rule), title: vote.into(), ..Default::default() };
        proto::CreateVoteRequest { parent: "bodies/hall".into(), vote_id: vote.into(), vote: Some(vote_of), request_id }
    };
    let (open, draft) = (table("q", by_shares(), id()), table("r", preset("un.sc.substantive"), id()));
    let opened = proto::OpenVoteRequest { name: "bodies/hall/votes/q".into(), request_id: id(), ..Default::default() };
    play.call(method("CreateBody"), vec![create.encode_to_vec()]).await;
    play.call(method("AdmitMembers"), vec![admit.encode_to_vec()]).await;
    play.call(method("CreateVote"), vec![open.encode_to_vec()]).await;
    play.call(method("CreateVote"), vec![draft.encode_to_vec()]).await;
    play.call(method("OpenVote"), vec![opened.encode_to_vec()]).await;
    let stored = play.stored(Seq::ZERO).await;
    assert_eq!(stored.len(), 5, "the beginning is on record");
    stored
}
