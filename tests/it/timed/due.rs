//! What comes at or after the time of the lock finds the vote locked, whoever comes first: the clock is set by the test.

use super::*;

/// Puts each way of casting to the test: what a ballot is answered.
async fn refused_by(client: &mut Client, way: &str) -> String {
    let one = ballot("B", Choice::No);
    let result = match way {
        "CastBallot" => {
            let status = client.send(one).await.expect_err("refused");
            return status.get_details_error_info().unwrap().reason;
        }
        "CastBallots" => {
            let request = proto::CastBallotsRequest { ballots: vec![one] };
            client.ballots.cast_ballots(request).await.unwrap().into_inner().results.remove(0)
        }
        _ => {
            let request = tokio_stream::once(proto::StreamBallotsRequest { ballot: Some(one) });
            let mut answers = client.ballots.stream_ballots(request).await.unwrap().into_inner();
            answers.message().await.unwrap().unwrap().result.unwrap()
        }
    };
    let Some(proto::ballot_result::Result::Refusal(refusal)) = result.result else { panic!("{way}: {result:?}") };
    refusal.reason().as_str_name().trim_start_matches("ERROR_REASON_").to_owned()
}

#[tokio::test]
async fn a_ballot_that_comes_at_or_after_the_time_is_refused_and_one_before_it_counts() {
    for way in ["CastBallot", "CastBallots", "StreamBallots"] {
        for late in [Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(3_600)] {
            let system = SystemClock::at(1_000_000);
            let (mut client, _stop) = scripted(&memory(), &system, &["q"]).await;
            system.pass(Duration::from_nanos(59_999_999_999));
            let last = client.cast("A", Choice::Yes).await.expect("a nanosecond before");
            system.pass(Duration::from_nanos(1) + late);
            assert_eq!(refused_by(&mut client, way).await, "WRONG_STATE", "{way} {late:?} late");
            let entries = client.entries().await;
            locked_by_itself(&entries, VOTE);
            let lock = entries.last().unwrap();
            assert_eq!((lock.seq, locks(&entries, VOTE)), (last.seq + 1, vec![lock]), "{way} {late:?} late");
            let Some(Event::VoteLocked(locked)) = &lock.event else { panic!() };
            assert_eq!((heads(locked.tally.as_ref()), locked.outcome()), ("1-0-0-0-1".into(), Outcome::Adopted));
        }
    }
}

#[tokio::test]
async fn whatever_comes_after_the_time_finds_all_that_are_due_locked() {
    let system = SystemClock::at(1_000_000);
    let (mut client, _stop) = scripted(&memory(), &system, &["q", "p", "r"]).await;
    let free = table(&mut client, "free").await;
    client.open_as(&free, 0).await.unwrap();
    let early = ballot("A", Choice::Yes);
    let first = client.send(early.clone()).await.unwrap();
    system.pass(Duration::from_secs(61));
    // About another vote, which has no time of its own.
    let cast = client.send(proto::CastBallotRequest { vote: free, ..ballot("A", Choice::Yes) }).await.unwrap();
    let entries = client.entries().await;
    for id in ["p", "q", "r"] {
        locked_by_itself(&entries, &format!("{BODY}/votes/{id}"));
    }
    assert_eq!((first.seq + 4, entries.len() as u64), (cast.seq, cast.seq), "three locks, then the ballot");
    let again = client.send(early).await.expect("what was answered before the lock");
    assert_eq!(again, proto::Receipt { replayed: true, ..first });
    client.lock().await.refused(Code::FailedPrecondition, "WRONG_STATE");
    client.declare(Outcome::Adopted, "").await.unwrap();
}

/// Tables one more vote.
async fn table(client: &mut Client, id: &str) -> String {
    let vote = proto::Vote { rule: Some(majority(TieBreak::Unspecified)), ..Default::default() };
    client.table_as(id, vote).await.unwrap().name
}

#[tokio::test]
async fn a_result_can_be_declared_when_the_time_has_come_without_a_wait_for_the_lock() {
    let system = SystemClock::at(1_000_000);
    let (mut client, _stop) = scripted(&memory(), &system, &["q"]).await;
    client.cast("A", Choice::No).await.unwrap();
    client.declare(Outcome::NotAdopted, "").await.refused(Code::FailedPrecondition, "WRONG_STATE");
    system.pass(Duration::from_secs(60));
    client.declare(Outcome::NotAdopted, "").await.unwrap();
    locked_by_itself(&client.entries().await, VOTE);
}

#[tokio::test]
async fn a_vote_that_was_locked_or_set_aside_before_leaves_nothing_due() {
    let system = SystemClock::at(1_000_000);
    let (mut client, _stop) = scripted(&memory(), &system, &["q", "p", "r", "s"]).await;
    let name = |id: &str| format!("{BODY}/votes/{id}");
    client.lock().await.unwrap();
    client.lock_as(&name("p")).await.unwrap();
    client.declare_as(&name("p"), Outcome::NotAdopted, "").await.unwrap();
    client.annul_vote(&name("r"), "the wrong text").await.unwrap();
    client.suspend_vote(&name("s"), "").await.unwrap();
    client.resume_vote(&name("s")).await.unwrap();
    let end = client.end().await;
    system.pass(Duration::from_secs(61));
    let free = table(&mut client, "free").await;
    let entries = client.entries().await;
    locked_by_itself(&entries, &name("s"));
    let after: Vec<_> = entries[usize::try_from(end).unwrap()..].iter().collect();
    assert_eq!(after.len(), 2, "the lock of s, and {free}: {after:?}");
}

#[tokio::test]
async fn a_vote_is_due_by_the_clock_of_the_next_run() {
    let (log, system) = (memory(), SystemClock::at(1_000_000));
    let (mut first, stop) = scripted(&log, &system, &["q"]).await;
    first.cast("A", Choice::Yes).await.unwrap();
    stop.cancel();
    // Down at the time, and up again exactly then.
    system.pass(Duration::from_secs(60));
    let (mut client, _stop) = serve_by(&log, &system).await;
    client.cast("B", Choice::No).await.refused(Code::FailedPrecondition, "WRONG_STATE");
    locked_by_itself(&client.entries().await, VOTE);
}

#[tokio::test]
async fn more_than_one_commit_holds_may_be_due_at_once() {
    const VOTES: usize = 1_100;
    let (log, system) = (memory(), SystemClock::at(1_000_000));
    let ids: Vec<String> = (0..VOTES).map(|number| format!("v{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (mut client, stop) = scripted(&log, &system, &ids).await;
    let before = client.entries().await.len();
    stop.cancel();

    // Due while no server ran: locked at the start, all of them, before anything else is decided.
    system.pass(Duration::from_secs(61));
    let (mut client, _stop) = serve_by(&log, &system).await;
    let name = format!("{BODY}/votes/v{}", VOTES - 1);
    client.lock_as(&name).await.refused(Code::FailedPrecondition, "WRONG_STATE");
    let entries = client.entries().await;
    assert_eq!(entries.len(), before + VOTES);
    for id in ids {
        locked_by_itself(&entries, &format!("{BODY}/votes/{id}"));
    }
}
