//! What a verdict says while ballots are still out, and of the membership.

use rollcall::proto::{Choice, Decidedness, Member, Verdict, VoteState};

use crate::harness::client::{frame, member, preset};
use crate::harness::{Client, Server};

/// Fifteen members, the first five permanent.
fn council() -> Vec<Member> {
    let groups = |at: usize| if at < 5 { vec!["permanent".to_owned()] } else { Vec::new() };
    (0..15).map(|at| Member { groups: groups(at), ..member(&format!("M{at:02}")) }).collect()
}

async fn told(client: &mut Client) -> Decidedness {
    let frame = client.tally().await.unwrap().verdict.unwrap().decidedness();
    let vote = client.vote().await.unwrap().verdict.unwrap().decidedness();
    assert_eq!(frame, vote, "the tally and the vote say the same");
    frame
}

#[tokio::test]
async fn it_is_told_while_ballots_are_out_whether_they_can_change_the_outcome() {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat_members(council()).await.unwrap();
    client.table(preset("un.sc.substantive")).await.unwrap();
    assert_eq!(client.vote().await.unwrap().verdict, None, "a draft has no verdict");
    client.open().await.unwrap();
    assert_eq!(told(&mut client).await, Decidedness::Open);
    // Nine in favour are enough, but a permanent member is still out.
    for at in (1..15).rev().take(14) {
        client.cast(&format!("M{at:02}"), Choice::Yes).await.unwrap();
    }
    assert_eq!(told(&mut client).await, Decidedness::Open);
    client.cast("M00", Choice::Abstain).await.unwrap();
    assert_eq!(told(&mut client).await, Decidedness::Certain);
    // One that withdraws its ballot may choose anew.
    client.withdraw_ballot("bodies/hall/votes/q/ballots/M14").await.unwrap();
    assert_eq!(told(&mut client).await, Decidedness::Certain, "an ordinary member cannot bring it below nine");
    client.cast("M00", Choice::No).await.unwrap();
    assert_eq!(told(&mut client).await, Decidedness::Certain, "vetoed, whatever comes");
    client.withdraw_ballot("bodies/hall/votes/q/ballots/M00").await.unwrap();
    assert_eq!(told(&mut client).await, Decidedness::Open);
    // From the lock on none is out.
    let mut watch = client.watch(false).await.unwrap();
    client.lock().await.unwrap();
    let locked = loop {
        let frame = frame(&mut watch).await.unwrap().unwrap();
        if frame.state() == VoteState::Locked {
            break frame.verdict.unwrap();
        }
        assert_eq!(frame.verdict.unwrap().decidedness(), Decidedness::Open);
    };
    assert_eq!(locked.decidedness(), Decidedness::Certain);
}

fn shares(verdict: &Verdict) -> Vec<&str> {
    verdict.membership.iter().map(|share| share.text.as_str()).collect()
}

#[tokio::test]
async fn shares_are_of_the_members_whoever_may_vote() {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat_members(council()).await.unwrap();
    client.suspend_right("bodies/hall/members/M14", "Charter, Article 19").await.unwrap();
    client.table(preset("un.ga.two-thirds")).await.unwrap();
    client.open().await.unwrap();
    for at in 0..10 {
        client.cast(&format!("M{at:02}"), Choice::Yes).await.unwrap();
    }
    client.cast("M10", Choice::No).await.unwrap();
    client.cast("M11", Choice::Present).await.unwrap();
    let verdict = client.lock().await.unwrap().verdict.unwrap();
    let expected = [
        "10 of 15 members in favour: 66.7 %, exactly two thirds",
        "1 of 15 members against: 6.7 %",
        "0 of 15 members abstaining: 0.0 %",
        "1 of 15 members present: 6.7 %",
        "2 of 15 members not voting: 13.3 %",
        "1 of 15 members not entitled to vote: 6.7 %",
    ];
    assert_eq!(shares(&verdict), expected);
    let first = &verdict.membership[0];
    assert_eq!((first.choice(), first.count, first.members, first.per_mille), (Choice::Yes, 10, 15, 667));
    assert_eq!(first.fraction, "exactly two thirds");
    assert_eq!(verdict.membership[5].choice(), Choice::Unspecified);
    assert_eq!(verdict.membership.iter().map(|share| share.count).sum::<u64>(), 15);
}
