//! A stream of ballots: each answered in its place, neither side outrun, and nothing lost that was answered.

use std::collections::BTreeMap;

use rollcall::proto::ballot_result::Result as Outcome;
use rollcall::proto::entry::Event;
use rollcall::proto::{self, CastBallotRequest, Choice, ErrorReason, Receipt, TieBreak};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::harness::client::{ballot, heads, majority};
use crate::harness::server::PATIENCE;
use crate::harness::{Client, Server};

mod ending;
mod pressure;

type Answers = Streaming<proto::StreamBallotsResponse>;

const MEMBERS: usize = 500;

fn id(at: usize) -> String {
    format!("M{:03}", at % MEMBERS)
}

fn choice(at: usize) -> Choice {
    [Choice::Yes, Choice::No, Choice::Abstain][at % 7 % 3]
}

/// A server with an open vote of [`MEMBERS`] members.
async fn hall() -> (Server, Client) {
    let server = Server::new();
    let mut client = server.client().await;
    make_ready(&mut client).await;
    (server, client)
}

async fn make_ready(client: &mut Client) {
    let ids: Vec<_> = (0..MEMBERS).map(id).collect();
    client.ready(&ids.iter().map(String::as_str).collect::<Vec<_>>(), majority(TieBreak::Unspecified)).await;
}

fn request(ballot: CastBallotRequest) -> proto::StreamBallotsRequest {
    proto::StreamBallotsRequest { ballot: Some(ballot) }
}

/// Sends these ballots on one stream.
async fn stream(client: &mut Client, ballots: Vec<CastBallotRequest>) -> Answers {
    let requests = tokio_stream::iter(ballots.into_iter().map(request));
    client.ballots.stream_ballots(requests).await.unwrap().into_inner()
}

/// A stream that ballots can be sent on one by one; sending waits where the server is held up.
async fn open_stream(client: &mut Client) -> (mpsc::Sender<CastBallotRequest>, Answers) {
    let (sender, ballots) = mpsc::channel(1);
    let answers = client.ballots.stream_ballots(ReceiverStream::new(ballots).map(request)).await.unwrap();
    (sender, answers.into_inner())
}

async fn answer(answers: &mut Answers) -> Result<Option<Outcome>, Status> {
    let answer = tokio::time::timeout(PATIENCE, answers.message()).await.expect("it is answered some day")?;
    Ok(answer.map(|answer| answer.result.unwrap().result.unwrap()))
}

async fn receipt(answers: &mut Answers) -> Receipt {
    match answer(answers).await.unwrap().expect("an answer") {
        Outcome::Receipt(receipt) => receipt,
        Outcome::Refusal(refusal) => panic!("refused: {refusal:?}"),
    }
}

/// The request ids of all ballots on record, in its order.
async fn recorded(client: &mut Client) -> BTreeMap<String, u64> {
    let ballots = client.entries().await.into_iter().filter(|entry| matches!(entry.event, Some(Event::BallotCast(_))));
    let mut recorded = BTreeMap::new();
    for entry in ballots {
        let id = uuid::Uuid::from_slice(&entry.request_id).unwrap().to_string();
        assert_eq!(recorded.insert(id, entry.seq), None, "recorded twice: {entry:?}");
    }
    recorded
}

/// What the answer in a place of the mixed stream is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Due {
    Recorded,
    /// The first receipt of the ballot that was sent in that place.
    Replayed(usize),
    Refused(ErrorReason),
}

/// Ballots of all kinds, and what each is to be answered.
fn mixed(count: usize) -> Vec<(CastBallotRequest, Due)> {
    let mut ballots: Vec<(CastBallotRequest, Due)> = Vec::with_capacity(count);
    for at in 0..count {
        let next = match at % 10 {
            3 if at % 30 == 3 => (ballot("stranger", Choice::Yes), Due::Refused(ErrorReason::NotOnRoll)),
            3 if at % 30 == 13 => {
                let nowhere =
                    CastBallotRequest { vote: "bodies/hall/votes/none".into(), ..ballot("M000", Choice::Yes) };
                (nowhere, Due::Refused(ErrorReason::NoSuchResource))
            }
            3 => (ballot("?", Choice::NotVoting), Due::Refused(ErrorReason::InvalidField)),
            // One that has just been sent, and may be under way still, or one of long ago.
            7 => (ballots[at - 1].0.clone(), Due::Replayed(at - 1)),
            9 => (ballots[at % 1_000 / 10 * 10].0.clone(), Due::Replayed(at % 1_000 / 10 * 10)),
            8 => {
                let reused = CastBallotRequest { choice: Choice::Present.into(), ..ballots[at - 8].0.clone() };
                (reused, Due::Refused(ErrorReason::RequestIdReused))
            }
            _ => (ballot(&id(at), choice(at)), Due::Recorded),
        };
        ballots.push(next);
    }
    ballots
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_ballots_are_answered_each_in_its_place() {
    let (_server, mut client) = hall().await;
    let end = client.end().await;
    let sent = mixed(10_000);
    let mut answers = stream(&mut client, sent.iter().map(|(ballot, _)| ballot.clone()).collect()).await;
    let mut receipts: Vec<Option<Receipt>> = Vec::new();
    let mut stands = BTreeMap::new();
    let mut last = end;
    for (at, (sent, due)) in sent.iter().enumerate() {
        let got = answer(&mut answers).await.unwrap().unwrap_or_else(|| panic!("no answer at {at}"));
        let got = match got {
            Outcome::Receipt(receipt) => receipt,
            Outcome::Refusal(refusal) => {
                assert_eq!(Due::Refused(refusal.reason()), *due, "at {at}: {refusal:?}");
                receipts.push(None);
                continue;
            }
        };
        match due {
            Due::Recorded => {
                last += 1;
                assert_eq!((got.seq, got.replayed), (last, false), "at {at}");
                stands.insert(sent.member.clone(), sent.choice());
            }
            Due::Replayed(first) => {
                let first = receipts[*first].clone().unwrap();
                assert_eq!(got, Receipt { replayed: true, ..first }, "at {at}");
            }
            Due::Refused(reason) => panic!("at {at}: recorded, and {reason:?} was due"),
        }
        receipts.push(Some(got));
    }
    assert_eq!(answer(&mut answers).await.unwrap(), None, "one answer a ballot");
    assert_eq!(client.end().await, last);
    let of = |choice| stands.values().filter(|stand| **stand == choice).count();
    let (yes, no, abstain) = (of(Choice::Yes), of(Choice::No), of(Choice::Abstain));
    let counted = format!("{yes}-{no}-{abstain}-0-{}", MEMBERS - yes - no - abstain);
    assert_eq!(heads(client.tally().await.unwrap().tally.as_ref()), counted);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_streams_and_lone_calls_go_side_by_side() {
    const EACH: usize = 1_500;
    let (server, mut client) = hall().await;
    let first = client.end().await;
    let mut casting = Vec::new();
    for way in 0..3 {
        let mut client = server.client().await;
        casting.push(tokio::spawn(async move {
            let count = if way == 2 { EACH / 10 } else { EACH };
            let ballots: Vec<_> = (0..count).map(|at| ballot(&id(at * 3 + way), choice(at))).collect();
            let ids: Vec<_> = ballots.iter().map(|ballot| ballot.request_id.clone()).collect();
            let mut receipts = Vec::new();
            if way == 2 {
                for ballot in ballots {
                    receipts.push(client.send(ballot).await.unwrap());
                }
            } else {
                let mut answers = stream(&mut client, ballots).await;
                for _ in 0..count {
                    receipts.push(receipt(&mut answers).await);
                }
                assert_eq!(answer(&mut answers).await.unwrap(), None);
            }
            assert!(receipts.windows(2).all(|pair| pair[0].seq < pair[1].seq), "in the order of the sender");
            ids.into_iter().zip(receipts.into_iter().map(|receipt| receipt.seq)).collect::<Vec<_>>()
        }));
    }
    let mut all = BTreeMap::new();
    for one in casting {
        all.extend(one.await.unwrap());
    }
    assert_eq!(recorded(&mut client).await, all, "each where its receipt says");
    assert_eq!(client.end().await - first, u64::try_from(EACH * 2 + EACH / 10).unwrap());
}

#[tokio::test]
async fn a_stream_without_ballots_ends_and_one_without_a_ballot_in_it_is_told_so() {
    let (_server, mut client) = hall().await;
    let mut none = stream(&mut client, vec![]).await;
    assert_eq!(answer(&mut none).await.unwrap(), None);
    let requests = vec![proto::StreamBallotsRequest { ballot: None }, request(ballot("M001", Choice::Yes))];
    let mut answers = client.ballots.stream_ballots(tokio_stream::iter(requests)).await.unwrap().into_inner();
    let Some(Outcome::Refusal(refusal)) = answer(&mut answers).await.unwrap() else { panic!("it is not refused") };
    assert_eq!(refusal.reason(), ErrorReason::InvalidField);
    receipt(&mut answers).await;
    // A ballot alone is answered though the sender has not ended, and waits for that answer.
    let (sender, mut answers) = open_stream(&mut client).await;
    for at in 0..3 {
        sender.send(ballot(&id(at), Choice::No)).await.unwrap();
        receipt(&mut answers).await;
    }
    drop(sender);
    assert_eq!(answer(&mut answers).await.unwrap(), None);
}
