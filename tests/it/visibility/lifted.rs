//! What becomes of what was hidden: a lock shows it, to those who watch too, and the record proves that it is what it was.

use std::collections::BTreeSet;
use std::sync::Arc;

use prost::Message as _;
use rollcall::log::{self, Location, Log};
use rollcall::proto::stored_entry::Content;
use rollcall::proto::{self, BallotPolicy, BallotVisibility, Choice, TallyFrame, TieBreak, VoteState};
use sha2::{Digest as _, Sha256};
use tonic::Code;
use tonic_types::StatusExt;

use crate::harness::client::{VOTE, ballot, frame, heads, majority, member, preset};
use crate::harness::clock::{SystemClock, serve_by};
use crate::harness::conduct::ballot_of;
use crate::harness::watched::TallyWatch;
use crate::harness::{Client, Expect, Server, serve, uuid};

use BallotVisibility::{AfterLock, Live, TallyOnly};

/// The body with these members, and its vote open.
async fn opened(client: &mut Client, visibility: BallotVisibility, members: &[&str]) {
    client.seat(members).await.unwrap();
    tabled(client, visibility, majority(TieBreak::Unspecified), false).await;
}

async fn tabled(client: &mut Client, visibility: BallotVisibility, rule: proto::Rule, final_on_cast: bool) {
    let ballot_policy = Some(BallotPolicy { visibility: visibility.into(), final_on_cast });
    client.table_as("q", proto::Vote { rule: Some(rule), ballot_policy, ..Default::default() }).await.unwrap();
    client.open().await.unwrap();
}

/// The lights of a frame: `A YES`.
fn lights(frame: &TallyFrame) -> Vec<String> {
    let light = |seat: &proto::SeatChoice| format!("{} {}", seat.member, &seat.choice().as_str_name()[7..]);
    frame.seats.iter().map(light).collect()
}

/// The next frame of a watch at this revision.
async fn at(watch: &mut TallyWatch, revision: u64) -> TallyFrame {
    loop {
        let frame = frame(watch).await.unwrap().expect("a frame");
        if frame.revision >= revision {
            assert_eq!(frame.revision, revision);
            return frame;
        }
        assert!(lights(&frame).iter().all(|light| !light.ends_with("YES") && !light.ends_with(" NO")), "{frame:?}");
    }
}

async fn watch(client: &mut Client, after_revision: u64) -> TallyWatch {
    let request = proto::WatchTallyRequest { vote: VOTE.into(), with_ballots: true, after_revision, heartbeat: None };
    client.tallies.watch_tally(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn those_who_watch_see_no_light_until_the_lock_and_then_each_that_was_hidden() {
    let empty = [] as [&str; 0];
    for visibility in [TallyOnly, AfterLock] {
        let mut server = Server::new();
        let mut client = server.client().await;
        opened(&mut client, visibility, &["A", "B", "C"]).await;
        let mut board = watch(&mut client, 0).await;
        let first = at(&mut board, 2).await;
        client.cast("A", Choice::Yes).await.unwrap();
        let second = at(&mut board, 3).await;
        client.cast("B", Choice::No).await.unwrap();
        let third = at(&mut board, 4).await;
        assert_eq!([second.base_revision, third.base_revision], [2, 3]);
        let (seen, counts) = if visibility == TallyOnly {
            let hidden = ["A UNSPECIFIED", "B UNSPECIFIED", "C UNSPECIFIED"];
            assert_eq!(lights(&first), hidden);
            assert_eq!(lights(&second), empty, "beside live counts it is not told who has voted");
            assert_eq!(lights(&third), empty);
            (hidden, "1-1-0-0-1")
        } else {
            assert_eq!(lights(&first), ["A NOT_VOTING", "B NOT_VOTING", "C NOT_VOTING"]);
            assert_eq!(lights(&second), ["A UNSPECIFIED"], "it is told that it has voted");
            assert_eq!(lights(&third), ["B UNSPECIFIED"]);
            (["A UNSPECIFIED", "B UNSPECIFIED", "C NOT_VOTING"], "0-0-0-0-1")
        };
        assert_eq!(heads(third.tally.as_ref()), counts);
        server.restart();
        client = server.client().await;
        let mut board = watch(&mut client, 4).await;
        let again = at(&mut board, 4).await;
        assert_eq!((lights(&again), again.base_revision), (seen.map(String::from).to_vec(), 0));
        client.lock().await.unwrap();
        let locked = at(&mut board, 5).await;
        assert_eq!((locked.state(), locked.base_revision), (VoteState::Locked, 4));
        let news = lights(&locked);
        let due = if visibility == TallyOnly { &["A YES", "B NO", "C NOT_VOTING"][..] } else { &["A YES", "B NO"] };
        assert_eq!(news, due, "what the lock shows has changed on the board");
        assert_eq!(heads(locked.tally.as_ref()), "1-1-0-0-1");
        let late = at(&mut watch(&mut client, 4).await, 5).await;
        assert_eq!(lights(&late), ["A YES", "B NO", "C NOT_VOTING"]);
        assert_eq!(late.verdict, client.vote().await.unwrap().verdict);
    }
}

/// What stands in the record after a place, in bytes where it is not withheld.
async fn read(client: &mut Client, after_seq: u64) -> Vec<Content> {
    let request = proto::ReadEntriesRequest { after_seq, raw: true, ..Default::default() };
    let mut stream = client.record.read_entries(request).await.unwrap().into_inner();
    let mut read = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        read.extend(message.entries.into_iter().map(|stored| stored.content.unwrap()));
    }
    read
}

#[tokio::test]
async fn a_hidden_ballot_keeps_its_place_by_its_hash_and_after_the_lock_it_is_what_was_hashed() {
    for visibility in [TallyOnly, AfterLock] {
        let mut server = Server::new();
        let mut client = server.client().await;
        opened(&mut client, visibility, &["A", "B"]).await;
        let begin = client.end().await;
        let follow = proto::ReadEntriesRequest { after_seq: begin, follow: true, ..Default::default() };
        let mut follower = client.record.read_entries(follow).await.unwrap().into_inner();
        let mut receipts = Vec::new();
        for member in ["A", "B", "B"] {
            receipts.push(client.cast(member, Choice::Yes).await.unwrap().leaf_hash);
        }
        receipts.push(client.withdraw_ballot(&ballot_of("A")).await.unwrap().leaf_hash);
        let withheld: Vec<_> = receipts.iter().cloned().map(Content::WithheldLeafHash).collect();
        assert_eq!(read(&mut client, begin).await, withheld, "the hash is that of the receipt");
        client.lock().await.unwrap();
        let mut followed = Vec::new();
        while followed.len() < 5 {
            followed.extend(follower.message().await.unwrap().unwrap().entries);
        }
        let locked = followed.pop().unwrap().content;
        assert!(matches!(locked, Some(Content::Entry(_))), "{locked:?}");
        for _ in 0..2 {
            let mut nonces = BTreeSet::new();
            for (content, receipt) in read(&mut client, begin).await.into_iter().zip(&receipts) {
                let Content::Bytes(stored) = content else { panic!("withheld after the lock") };
                assert_eq!(Sha256::new().chain_update([0]).chain_update(&stored).finalize()[..], receipt[..]);
                let entry = proto::Entry::decode(stored).unwrap();
                assert_eq!(entry.nonce.len(), 16);
                nonces.insert(entry.nonce);
            }
            assert_eq!(nonces.len(), receipts.len(), "no two are alike");
            server.restart();
            client = server.client().await;
        }
    }
}

#[tokio::test]
async fn the_hash_of_a_hidden_ballot_cannot_be_guessed_from_all_else() {
    // All that goes into an entry is the same twice: place, time, request and choice.
    let mut hashes = Vec::new();
    for _ in 0..2 {
        let log: Arc<dyn Log> = log::open(&Location::Memory).unwrap();
        let (mut client, stop) = serve_by(&log, &SystemClock::at(1_000_000)).await;
        client.seat(&["A", "B"]).await.unwrap();
        let mut of = Vec::new();
        for (vote, visibility) in [("live", Live), ("tally-only", TallyOnly), ("after-lock", AfterLock)] {
            let ballot_policy = Some(BallotPolicy { visibility: visibility.into(), ..Default::default() });
            let rule = Some(majority(TieBreak::Unspecified));
            client.table_as(vote, proto::Vote { rule, ballot_policy, ..Default::default() }).await.unwrap();
            let vote = format!("bodies/hall/votes/{vote}");
            client.open_as(&vote, 0).await.unwrap();
            let request_id = "00000000-0000-4000-8000-000000000001".to_owned();
            let cast = proto::CastBallotRequest { vote, request_id, ..ballot("A", Choice::Yes) };
            of.push(client.send(cast.clone()).await.unwrap().leaf_hash);
            client.lock_as(&cast.vote).await.unwrap();
        }
        let entries = client.entries().await;
        let sealed = entries.iter().filter(|entry| !entry.nonce.is_empty()).count();
        assert_eq!((entries.len(), sealed), (14, 2), "an entry that is never withheld has no nonce");
        stop.cancel();
        hashes.push(of);
    }
    let same: Vec<bool> = hashes[0].iter().zip(&hashes[1]).map(|(one, other)| one == other).collect();
    assert_eq!(same, [true, false, false]);
}

#[tokio::test]
async fn a_veto_is_not_told_before_the_lock_though_the_counts_are() {
    let server = Server::new();
    let mut client = server.client().await;
    let permanent = |id: &str| proto::Member { groups: vec!["permanent".into()], ..member(id) };
    let elected = ["B", "C", "D", "E", "F", "G", "H", "I", "J", "K"].map(member);
    client.seat_members([permanent("A")].into_iter().chain(elected).collect()).await.unwrap();
    tabled(&mut client, TallyOnly, preset("un.sc.substantive"), false).await;
    client.cast("A", Choice::No).await.unwrap();
    for id in ["B", "C", "D", "E", "F", "G", "H", "I", "J"] {
        client.cast(id, Choice::Yes).await.unwrap();
    }
    let frame = client.tally().await.unwrap();
    assert_eq!((heads(frame.tally.as_ref()), frame.verdict), ("9-1-0-0-1".into(), None));
    let locked = client.lock().await.unwrap().verdict.unwrap();
    assert_eq!((locked.outcome(), locked.vetoed_by), (proto::Outcome::Vetoed, vec!["bodies/hall/members/A".into()]));
}

#[tokio::test]
async fn what_was_adopted_without_a_vote_has_nothing_to_hide() {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A"]).await.unwrap();
    for (id, visibility) in [("tally-only", TallyOnly), ("after-lock", AfterLock)] {
        let ballot_policy = Some(BallotPolicy { visibility: visibility.into(), ..Default::default() });
        let vote = proto::Vote { rule: Some(preset("un.sc.substantive")), ballot_policy, ..Default::default() };
        client.table_as(id, vote).await.unwrap();
        let name = format!("bodies/hall/votes/{id}");
        let adopt = proto::AdoptWithoutVoteRequest { name, request_id: uuid(), ..Default::default() };
        let adopted = client.votes.adopt_without_vote(adopt).await.unwrap().into_inner().vote.unwrap();
        assert_eq!(adopted.verdict.unwrap().outcome(), proto::Outcome::AdoptedWithoutVote);
    }
}

#[tokio::test]
async fn a_final_ballot_is_refused_without_its_place_beside_a_live_tally() {
    for (visibility, told) in [(Live, true), (TallyOnly, false), (AfterLock, true)] {
        let server = Server::new();
        let mut client = server.client().await;
        client.seat(&["A", "B"]).await.unwrap();
        tabled(&mut client, visibility, majority(TieBreak::Unspecified), true).await;
        let first = client.cast("A", Choice::Yes).await.unwrap();
        let again = client.cast("A", Choice::Yes).await.refused(Code::FailedPrecondition, "BALLOT_FINAL");
        let info = again.get_details_error_info().unwrap();
        assert_eq!(info.metadata.get("seq"), told.then(|| first.seq.to_string()).as_ref(), "{visibility:?}");
        assert_eq!(again.message().contains(&format!(" at {}", first.seq)), told, "{again:?}");
    }
}

#[tokio::test]
async fn the_log_of_a_server_does_not_name_who_votes() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("record");
    let server = Server::spawn(serve(&data).env("RUST_LOG", "rollcall=trace,tonic=trace"), &data);
    let mut client = server.client().await;
    opened(&mut client, AfterLock, &["Zanzibar", "B"]).await;
    client.cast("Zanzibar", Choice::Abstain).await.unwrap();
    client.cast("Nobody", Choice::Abstain).await.refused(Code::FailedPrecondition, "NOT_ON_ROLL");
    client.annul_vote(VOTE, "").await.unwrap();
    server.signal("TERM");
    let ended = server.wait();
    let said = [ended.stdout, ended.stderr].concat();
    assert!(said.contains("stopped") && !said.contains("Zanzibar"), "{said}");
}
