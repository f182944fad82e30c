//! A live tally, as watchers see it: whole at once, always true, never back, and ended only by the result.

use std::time::{Duration, Instant};

use rollcall::proto::watch_tally_response::Message;
use rollcall::proto::{self, Choice, Outcome, TallyFrame, TieBreak, VoteState};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::client::{VOTE, ballot, frame, majority, member};
use crate::harness::recount::History;
use crate::harness::{Client, Expect, Server, TallyWatch, uuid};

/// Every frame to the end of the stream, and how it ended.
async fn rest(watch: &mut TallyWatch) -> (Vec<TallyFrame>, Result<(), Status>) {
    let mut frames = Vec::new();
    loop {
        match frame(watch).await {
            Ok(Some(frame)) => frames.push(frame),
            Ok(None) => return (frames, Ok(())),
            Err(status) => return (frames, Err(status)),
        }
    }
}

/// Holds a stream that ended with OK to its vote as it now is.
fn check_ended(vote: &proto::Vote, (frames, end): &(Vec<TallyFrame>, Result<(), Status>)) {
    end.as_ref().expect("ended by the result");
    let last = frames.last().unwrap();
    assert_eq!(last.state(), VoteState::Declared);
    assert_eq!((last.revision, last.seq, last.state), (vote.revision, vote.seq, vote.state));
    assert_eq!((&last.tally, &last.verdict), (&vote.tally, &vote.verdict));
}

fn states(frames: &[TallyFrame]) -> Vec<VoteState> {
    let mut states: Vec<_> = frames.iter().map(TallyFrame::state).collect();
    states.dedup();
    states
}

async fn watch_after(client: &mut Client, after_revision: u64, with_ballots: bool) -> Result<TallyWatch, Status> {
    let request = proto::WatchTallyRequest { vote: VOTE.into(), after_revision, with_ballots, ..Default::default() };
    Ok(client.tallies.watch_tally(request).await?.into_inner())
}

/// A rule that counts shares too.
fn weighed() -> proto::Rule {
    let mut rule = majority(TieBreak::Unspecified);
    let mut by_shares = rule.requirements[0].clone();
    let Some(proto::requirement::Kind::Threshold(threshold)) = &mut by_shares.kind else { panic!() };
    threshold.weight = "shares".into();
    rule.requirements.push(by_shares);
    rule
}

#[tokio::test]
async fn every_watcher_sees_a_true_tally_and_each_change_of_state() {
    const CHOICES: [Choice; 4] = [Choice::Yes, Choice::No, Choice::Abstain, Choice::Present];
    let all = [VoteState::Draft, VoteState::Open, VoteState::Locked, VoteState::Declared];
    let server = Server::new();
    let mut client = server.client().await;
    let shares =
        |id: usize| proto::Member { weights: [("shares".into(), 1 << id)].into(), ..member(&format!("M{id}")) };
    client.seat_members((0..9).map(shares).collect()).await.unwrap();
    client.table(weighed()).await.unwrap();
    let mut watchers = Vec::new();
    let mut join = async |client: &mut Client, seen: usize| {
        for at in 0..20 {
            let mut watch = client.watch(at % 2 == 0).await.unwrap();
            let first = frame(&mut watch).await.unwrap().unwrap();
            let all = tokio::spawn(async move {
                let (mut frames, end) = rest(&mut watch).await;
                frames.insert(0, first);
                (frames, end)
            });
            watchers.push((seen, all));
        }
    };
    join(&mut client, 0).await;
    client.open().await.unwrap();
    join(&mut client, 1).await;
    for at in 0..60 {
        client.cast(&format!("M{}", at * 5 % 8), CHOICES[at * at % 7 % 4]).await.unwrap();
        if at == 30 {
            join(&mut client, 1).await;
        }
    }
    client.lock().await.unwrap();
    client.declare(Outcome::Adopted, "The chair rules so.").await.unwrap();
    let vote = client.vote().await.unwrap();
    for (from, frames) in watchers {
        let seen = frames.await.unwrap();
        check_ended(&vote, &seen);
        assert_eq!(states(&seen.0), all[from..]);
    }
    let roll = proto::ListBallotsRequest { parent: VOTE.into(), ..Default::default() };
    let roll = client.ballots.list_ballots(roll).await.unwrap().into_inner().ballots;
    let roll: Vec<_> = roll.iter().map(|one| (one.name.rsplit('/').next().unwrap().into(), one.choice())).collect();
    let counted = History::of(&client.entries().await, VOTE);
    assert_eq!(roll, counted.lights(counted.now()), "the roll call says what the board says");
}

#[tokio::test]
async fn a_watcher_begins_at_what_it_has_seen_and_an_ended_vote_gives_one_frame() {
    let server = Server::new();
    let mut client = server.client().await;
    client.watch(false).await.map(drop).refused(Code::NotFound, "NO_SUCH_RESOURCE");
    client.ready(&["A", "B"], majority(TieBreak::Unspecified)).await;
    client.cast("A", Choice::Yes).await.unwrap();
    for (after, with_ballots) in [(0, false), (1, true), (3, false), (3, true)] {
        let first = frame(&mut watch_after(&mut client, after, with_ballots).await.unwrap()).await.unwrap().unwrap();
        assert_eq!((first.revision, first.base_revision), (3, 0));
    }
    for after in [4, u64::MAX] {
        let beyond = watch_after(&mut client, after, false).await.map(drop).refused(Code::OutOfRange, "BEYOND_RECORD");
        assert_eq!(beyond.get_details_error_info().unwrap().metadata["end"], "3");
    }
    client.lock().await.unwrap();
    client.declare(Outcome::Adopted, "").await.unwrap();
    let vote = client.vote().await.unwrap();
    for (after, with_ballots) in [(0, false), (0, true), (5, true)] {
        let seen = rest(&mut watch_after(&mut client, after, with_ballots).await.unwrap()).await;
        assert_eq!(seen.0.len(), 1);
        check_ended(&vote, &seen);
    }
}

#[tokio::test]
async fn a_watcher_that_outlives_its_server_sees_the_tally_go_on_and_never_back() {
    let mut server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B", "C"], majority(TieBreak::Unspecified)).await;
    let mut seen: Vec<TallyFrame> = Vec::new();
    for round in 0..4 {
        let after = seen.last().map_or(0, |frame| frame.revision);
        let mut watch = watch_after(&mut client, after, false).await.unwrap();
        let first = frame(&mut watch).await.unwrap().unwrap();
        assert!(first.revision >= after, "{after} {first:?}");
        seen.extend((first.revision > after).then_some(first));
        for member in ["A", "B", "C"] {
            client.cast(member, [Choice::Yes, Choice::No][round % 2]).await.unwrap();
        }
        seen.push(frame(&mut watch).await.unwrap().unwrap());
        server.kill();
        let (frames, end) = rest(&mut watch).await;
        assert!(end.is_err(), "a stream ends with OK after the result alone");
        seen.extend(frames);
        server.restart();
        client = server.client().await;
    }
    assert_eq!(client.tally().await.unwrap().revision, 2 + 12);
}

#[tokio::test]
async fn in_silence_progress_says_how_far_the_record_reaches() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A"], majority(TieBreak::Unspecified)).await;
    let heartbeat = Some(prost_types::Duration { seconds: 1, nanos: 0 });
    let request = proto::WatchTallyRequest { vote: VOTE.into(), heartbeat, ..Default::default() };
    let mut watch = client.tallies.watch_tally(request).await.unwrap().into_inner();
    let mut next = async || watch.message().await.unwrap().unwrap().message.unwrap();
    assert!(matches!(next().await, Message::Frame(frame) if frame.revision == 2));
    // About another body: it reaches this watcher as nothing but a longer record.
    let create = proto::CreateBodyRequest { body_id: "annex".into(), request_id: uuid(), ..Default::default() };
    client.bodies.create_body(create).await.unwrap();
    let since = Instant::now();
    assert_eq!(next().await, Message::Progress(proto::Progress { seq: 5 }));
    assert!(since.elapsed() < Duration::from_secs(5), "it comes after one second, not after fifteen");
}

#[tokio::test]
async fn a_burst_is_paced_and_a_watcher_that_does_not_read_gets_the_newest() {
    const MEMBERS: usize = 2_000;
    let server = Server::new();
    let mut client = server.client().await;
    // The first frame alone, the whole roll, is more than this connection takes unread.
    let narrow = Channel::from_shared(format!("http://{}", server.address)).unwrap();
    let narrow = narrow.initial_stream_window_size(65_535).connect().await.unwrap();
    let id = |at: usize| format!("{at:063}");
    let members: Vec<_> =
        (0..MEMBERS).map(|at| proto::Member { display_name: String::new(), ..member(&id(at)) }).collect();
    client.seat_members(members[..1_000].to_vec()).await.unwrap();
    client.admit(members[1_000..].to_vec()).await.unwrap();
    client.table(majority(TieBreak::Unspecified)).await.unwrap();
    client.open().await.unwrap();
    let mut idle = client.over(narrow).watch(true).await.unwrap();
    let mut reads = client.watch(true).await.unwrap();
    let began = Instant::now();
    let reader = tokio::spawn(async move { rest(&mut reads).await });
    for start in (0..MEMBERS).step_by(10) {
        let ballots = (start..start + 10).map(|at| ballot(&id(at), [Choice::Yes, Choice::No][at % 3 % 2])).collect();
        let results = client.ballots.cast_ballots(proto::CastBallotsRequest { ballots }).await.unwrap().into_inner();
        assert_eq!(results.results.len(), 10);
    }
    client.lock().await.unwrap();
    client.declare(Outcome::Adopted, "").await.unwrap();
    let read = reader.await.unwrap();
    let lasted = began.elapsed();
    let missed = rest(&mut idle).await;

    let vote = client.vote().await.unwrap();
    for seen in [&read, &missed] {
        check_ended(&vote, seen);
        assert_eq!(states(&seen.0), [VoteState::Open, VoteState::Locked, VoteState::Declared]);
    }
    let paced = read.0.iter().filter(|frame| frame.state() == VoteState::Open).count() as u128;
    assert!(paced <= lasted.as_millis() / 50 + 2, "{paced} frames in {lasted:?}");
    assert!(read.0.len() > 3, "it was live: {} frames in {lasted:?}", read.0.len());
    assert!(
        missed.0.len() < read.0.len(),
        "it skipped: {} frames, {} where they were read",
        missed.0.len(),
        read.0.len()
    );
    assert_eq!(
        client.tally().await.unwrap(),
        TallyFrame { seats: vec![], base_revision: 0, ..read.0.last().unwrap().clone() }
    );
}
