//! Bodies and members change between votes; a vote that is open keeps the roll that it was opened with.

use rollcall::proto::entry::Event;
use rollcall::proto::{self, Base, Choice, TieBreak};
use tonic::Code;
use tonic_types::StatusExt;

use crate::harness::client::{BODY, VOTE, ballot, heads, majority, member};
use crate::harness::conduct::seat;
use crate::harness::{Client, Expect, Server};

/// More than half of the shares of all, and of heads against a base.
fn weighed() -> proto::Rule {
    let mut rule = majority(TieBreak::Unspecified);
    let proto::requirement::Kind::Threshold(threshold) = rule.requirements[0].kind.as_mut().unwrap() else { panic!() };
    threshold.weight = "shares".into();
    rule
}

fn shares(id: &str, shares: u64) -> proto::Member {
    proto::Member { weights: [("shares".into(), shares)].into(), groups: vec!["old".into()], ..member(id) }
}

async fn ids(client: &mut Client) -> Vec<String> {
    client.members().await.into_iter().map(|one| one.name.rsplit('/').next().unwrap().to_owned()).collect()
}

/// What stands of bodies and members, for a comparison.
async fn all(client: &mut Client) -> (proto::Body, Vec<proto::Member>) {
    (client.body().await, client.members().await)
}

/// Seats and members as the entry of the vote's opening has them, and the members on its roll.
async fn opening(client: &mut Client, vote: &str) -> (u32, u32, Vec<String>) {
    let opened = client.entries().await.into_iter().find_map(|entry| match entry.event {
        Some(Event::VoteOpened(opened)) if opened.vote == vote => Some(opened),
        _ => None,
    });
    let opened = opened.unwrap();
    (opened.seats, opened.members, opened.roll.into_iter().map(|one| one.display_name).collect())
}

#[tokio::test]
async fn a_body_is_revised_within_what_its_members_leave() {
    let mut server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A", "B", "C"]).await.unwrap();
    let before = client.body().await;
    let end = client.end().await;
    let refused = client.revise_body("Hall", 2).await.refused(Code::FailedPrecondition, "LIMIT_REACHED");
    let metadata = refused.get_details_error_info().unwrap().metadata;
    assert_eq!((&*metadata["bound"], &*metadata["limit"], &*metadata["asked"]), ("seats", "2", "3"));
    let nowhere = proto::Body { name: "bodies/annex".into(), ..Default::default() };
    let nowhere = proto::ReviseBodyRequest { body: Some(nowhere), ..Default::default() };
    client.bodies.revise_body(nowhere).await.refused(Code::NotFound, "NO_SUCH_RESOURCE");
    client
        .bodies
        .revise_body(proto::ReviseBodyRequest::default())
        .await
        .refused(Code::InvalidArgument, "INVALID_FIELD");
    assert_eq!((client.body().await, client.end().await), (before.clone(), end));

    let revised = client.revise_body("The great hall", 3).await.unwrap();
    let expected = proto::Body { display_name: "The great hall".into(), seats: 3, seq: end + 1, ..before };
    assert_eq!(revised, expected);
    client.admit(vec![member("D")]).await.refused(Code::FailedPrecondition, "LIMIT_REACHED");
    server.restart();
    let mut client = server.client().await;
    assert_eq!(client.body().await, expected);
    client.admit(vec![member("D")]).await.refused(Code::FailedPrecondition, "LIMIT_REACHED");
    client.revise_body("", 0).await.unwrap();
    client.admit(vec![member("D")]).await.expect("as many seats as there are members");
    let now = client.body().await;
    assert_eq!((now.seats, now.member_count, &*now.display_name), (0, 4, ""));
}

#[tokio::test]
async fn an_open_vote_keeps_the_members_that_its_roll_has() {
    let mut server = Server::new();
    let mut client = server.client().await;
    client.seat_members(vec![shares("A", 60), shares("B", 40)]).await.unwrap();
    client.table(weighed()).await.unwrap();
    client.open().await.unwrap();
    client.cast("A", Choice::Yes).await.unwrap();
    client.cast("B", Choice::No).await.unwrap();

    let revised = proto::Member { display_name: "A renamed".into(), groups: vec!["new".into()], ..shares("A", 10) };
    client.revise_member(revised.clone()).await.unwrap();
    let end = client.end().await;
    for other in ["C", "a"] {
        let refused = client.revise_member(shares(other, 1)).await.refused(Code::NotFound, "NO_SUCH_RESOURCE");
        let info = refused.get_details_resource_info().unwrap();
        assert_eq!((&*info.resource_type, info.resource_name), ("rollcall.v1.Member", seat(other)));
    }
    client.revise_member(proto::Member { display_name: "\n".into(), ..member("A") }).await.expect_err("malformed");
    assert_eq!(client.end().await, end);
    assert_eq!(client.members().await, [revised, shares("B", 40)], "in its old place");

    let other = format!("{BODY}/votes/next");
    client.table_as("next", proto::Vote { rule: Some(weighed()), ..Default::default() }).await.unwrap();
    client.open_as(&other, 0).await.unwrap();
    for (member, choice) in [("A", Choice::Yes), ("B", Choice::No)] {
        client.send(proto::CastBallotRequest { vote: other.clone(), ..ballot(member, choice) }).await.unwrap();
    }
    for when in ["live", "restarted"] {
        let mut client = server.client().await;
        for (id, yes, outcome) in [("q", 60, proto::Outcome::Adopted), ("next", 10, proto::Outcome::NotAdopted)] {
            let vote = client.vote_as(id).await;
            let shares = vote.tally.unwrap().weights["shares"];
            assert_eq!((shares.yes, shares.no), (yes, 40), "{when}: {id}");
            assert_eq!(vote.verdict.unwrap().outcome(), outcome, "{when}: {id}");
        }
        let old = client.roll(VOTE).await.remove(0);
        assert_eq!((&*old.display_name, old.weights["shares"], &*old.groups[0]), ("Member A", 60, "old"), "{when}");
        let new = client.roll(&other).await.remove(0);
        assert_eq!((&*new.display_name, new.weights["shares"], &*new.groups[0]), ("A renamed", 10, "new"), "{when}");
        server.restart();
    }
}

#[tokio::test]
async fn a_member_withdrawn_votes_in_the_open_vote_alone_and_comes_back_as_the_last() {
    let mut server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B", "C"], majority(TieBreak::Unspecified)).await;
    client.revise_body("Hall", 3).await.unwrap();
    client.suspend_right(&seat("A"), "arrears").await.unwrap();
    client.withdraw_member(&seat("A")).await.unwrap();
    let end = client.end().await;
    for gone in ["A", "b"] {
        client.withdraw_member(&seat(gone)).await.refused(Code::NotFound, "NO_SUCH_RESOURCE");
        client.revise_member(member(gone)).await.refused(Code::NotFound, "NO_SUCH_RESOURCE");
        client.suspend_right(&seat(gone), "").await.refused(Code::NotFound, "NO_SUCH_RESOURCE");
    }
    assert_eq!(client.end().await, end);
    assert_eq!((ids(&mut client).await, client.body().await.member_count), (vec!["B".into(), "C".into()], 2));
    client.cast("A", Choice::Yes).await.expect("the roll of an open vote stands");

    server.restart();
    let mut client = server.client().await;
    let before = client.members().await;
    // Its name is free, in any case, and so is its seat.
    client.admit(vec![member("a")]).await.unwrap();
    client.withdraw_member(&seat("a")).await.unwrap();
    assert_eq!(client.members().await, before);
    client.admit(vec![member("A")]).await.unwrap();
    client.admit(vec![member("D")]).await.refused(Code::FailedPrecondition, "LIMIT_REACHED");
    assert_eq!(ids(&mut client).await, ["B", "C", "A"]);
    assert_eq!(client.members().await[2].suspension, None, "what was suspended was a right of the seat it gave up");
    let other = format!("{BODY}/votes/next");
    client
        .table_as("next", proto::Vote { rule: Some(majority(TieBreak::Unspecified)), ..Default::default() })
        .await
        .unwrap();
    client.open_as(&other, 0).await.unwrap();
    let now = all(&mut client).await;
    server.restart();
    let mut client = server.client().await;
    assert_eq!(all(&mut client).await, now);
    let names = ["Member B", "Member C", "Member A"].map(String::from).to_vec();
    assert_eq!(opening(&mut client, &other).await, (3, 3, names));
    assert_eq!(heads(client.vote().await.unwrap().tally.as_ref()), "1-0-0-0-2");
}

#[tokio::test]
async fn a_right_suspended_between_two_votes_of_one_day_shortens_the_roll_and_no_base() {
    let of_members = || {
        let mut rule = majority(TieBreak::Unspecified);
        let proto::requirement::Kind::Threshold(threshold) = rule.requirements[0].kind.as_mut().unwrap() else {
            panic!()
        };
        let half = |base: Base| proto::Share { numerator: 1, denominator: 2, base: base.into() };
        threshold.bar = Some(proto::threshold::Bar::Share(half(Base::Members)));
        proto::Vote { rule: Some(rule), ..Default::default() }
    };
    let mut server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A", "B", "C", "D"]).await.unwrap();
    client.revise_body("Hall", 5).await.unwrap();
    let votes = ["morning", "noon", "evening"].map(|id| format!("{BODY}/votes/{id}"));
    for id in ["morning", "noon", "evening"] {
        client.table_as(id, of_members()).await.unwrap();
    }
    client.open_as(&votes[0], 0).await.unwrap();
    let receipt = client.suspend_right(&seat("B"), "Charter, Article 19").await.unwrap();
    client.open_as(&votes[1], 0).await.unwrap();
    let cast = |vote: &str| proto::CastBallotRequest { vote: vote.into(), ..ballot("B", Choice::Yes) };
    client.send(cast(&votes[0])).await.expect("in the vote that was open already");
    client.send(cast(&votes[1])).await.refused(Code::FailedPrecondition, "NOT_ON_ROLL");
    // A second suspension takes the place of the first.
    let again = client.suspend_right(&seat("B"), "Charter, Article 19, again").await.unwrap();
    assert_eq!(again.seq, receipt.seq + 3);

    let names = |ids: &[&str]| ids.iter().map(|id| format!("Member {id}")).collect::<Vec<_>>();
    for when in ["live", "restarted"] {
        let mut client = server.client().await;
        let members = client.members().await;
        let time = client.entries().await[usize::try_from(again.seq).unwrap() - 1].record_time;
        let suspension =
            proto::VotingRightSuspension { reason: "Charter, Article 19, again".into(), suspend_time: time };
        let expected = proto::Member { suspension: Some(suspension), ..member("B") };
        assert_eq!(members, [member("A"), expected, member("C"), member("D")], "{when}");
        assert_eq!(client.body().await.member_count, 4, "{when}: it keeps its seat");
        assert_eq!(opening(&mut client, &votes[0]).await, (5, 4, names(&["A", "B", "C", "D"])), "{when}");
        assert_eq!(opening(&mut client, &votes[1]).await, (5, 4, names(&["A", "C", "D"])), "{when}");
        let noon = client.vote_as("noon").await;
        let criterion = noon.verdict.unwrap().criteria.pop().unwrap();
        assert_eq!((noon.roll_size, criterion.base, criterion.needed), (3, 4, 3), "{when}: {criterion:?}");
        server.restart();
    }

    let mut client = server.client().await;
    let end = client.end().await;
    for (name, resource) in [(seat("A"), seat("A")), (seat("stranger"), seat("stranger"))] {
        let refused = client.restore_right(&name).await.refused(Code::NotFound, "NO_SUCH_RESOURCE");
        let info = refused.get_details_resource_info().unwrap();
        assert_eq!(info.resource_name, resource, "{info:?}");
    }
    assert_eq!(client.end().await, end);
    client.restore_right(&seat("B")).await.unwrap();
    client.restore_right(&seat("B")).await.refused(Code::NotFound, "NO_SUCH_RESOURCE");
    server.restart();
    let mut client = server.client().await;
    assert_eq!(client.members().await[1], member("B"));
    client.open_as(&votes[2], 0).await.unwrap();
    assert_eq!(opening(&mut client, &votes[2]).await, (5, 4, names(&["A", "B", "C", "D"])), "in its old place");
    client.send(cast(&votes[2])).await.expect("it votes again");
    client.send(cast(&votes[1])).await.refused(Code::FailedPrecondition, "NOT_ON_ROLL");
}
