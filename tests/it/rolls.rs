//! What the roll freezes: who may vote, and each member's weights and groups; and the bases that differ where a right is suspended.

use rollcall::proto::{self, Base, Choice, Comparison, Outcome};
use tonic::Code;

use crate::harness::client::{BODY, VOTE, ballot, heads, member};
use crate::harness::conduct::seat;
use crate::harness::{Client, Expect, Server};

/// At least two thirds of a base in favour, by each of these bases.
fn two_thirds_of(bases: &[Base]) -> proto::Rule {
    let requirement = |base: &Base| {
        let share = proto::Share { numerator: 2, denominator: 3, base: (*base).into() };
        let threshold = proto::Threshold {
            choices: vec![Choice::Yes.into()],
            comparison: Comparison::AtLeast.into(),
            bar: Some(proto::threshold::Bar::Share(share)),
            ..Default::default()
        };
        proto::Requirement { kind: Some(proto::requirement::Kind::Threshold(threshold)) }
    };
    proto::Rule { requirements: bases.iter().map(requirement).collect(), ..Default::default() }
}

/// Holds a vote in which two members are in favour; the verdict: each criterion as `counted/needed of base`.
async fn two_in_favour(client: &mut Client, id: &str) -> (Outcome, Vec<String>) {
    let rule = Some(two_thirds_of(&[Base::Members, Base::Roll]));
    let name = client.table_as(id, proto::Vote { rule, ..Default::default() }).await.unwrap().name;
    client.open_as(&name, 0).await.unwrap();
    for member in ["A", "B"] {
        client.send(proto::CastBallotRequest { vote: name.clone(), ..ballot(member, Choice::Yes) }).await.unwrap();
    }
    let verdict = client.lock_as(&name).await.unwrap().verdict.unwrap();
    let shown = |one: &proto::Criterion| format!("{}/{} of {}", one.counted, one.needed, one.base);
    (verdict.outcome(), verdict.criteria.iter().map(shown).collect())
}

#[tokio::test]
async fn a_right_suspended_between_two_votes_leaves_the_roll_and_stays_in_the_membership() {
    let mut server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A", "B", "C", "D"]).await.unwrap();
    // Charter, Article 19: the right to vote is dated, the seat is not.
    client.suspend_right(&seat("D"), "arrears of two full years").await.unwrap();
    let (outcome, criteria) = two_in_favour(&mut client, "in-arrears").await;
    assert_eq!(outcome, Outcome::NotAdopted, "two of four members, though of three on the roll");
    assert_eq!(criteria, ["2/3 of 4", "2/2 of 3"]);

    client.restore_right(&seat("D")).await.unwrap();
    client.withdraw_member(&seat("C")).await.unwrap();
    let (outcome, criteria) = two_in_favour(&mut client, "restored").await;
    assert_eq!((outcome, &criteria[..]), (Outcome::Adopted, &["2/2 of 3".to_owned(), "2/2 of 3".to_owned()][..]));

    server.restart();
    let mut client = server.client().await;
    for (id, roll, outcome) in [("in-arrears", 3, Outcome::NotAdopted), ("restored", 3, Outcome::Adopted)] {
        let vote = client.vote_as(id).await;
        assert_eq!((vote.roll_size, vote.verdict.unwrap().outcome()), (roll, outcome), "{id}");
    }
    let names: Vec<_> =
        client.roll(&format!("{BODY}/votes/in-arrears")).await.into_iter().map(|one| one.name).collect();
    assert!(names.iter().all(|name| !name.ends_with("/D")), "{names:?}");
}

/// At least two thirds of the shares cast in favour.
fn two_thirds_of_shares() -> proto::Rule {
    let mut rule = two_thirds_of(&[Base::Cast]);
    let Some(proto::requirement::Kind::Threshold(threshold)) = &mut rule.requirements[0].kind else { panic!() };
    threshold.weight = "shares".into();
    rule
}

/// A member with shares, of these parties.
fn of(id: &str, shares: u64, groups: &[&str]) -> proto::Member {
    let groups = groups.iter().map(ToString::to_string).collect();
    proto::Member { weights: [("shares".to_owned(), shares)].into(), groups, ..member(id) }
}

/// The groups of the vote: `name yes-no-abstain-present-not voting`.
async fn groups(client: &mut Client, by_group: bool) -> Vec<String> {
    let request = proto::GetTallyRequest { vote: VOTE.into(), by_group, ..Default::default() };
    let groups = client.tallies.get_tally(request).await.unwrap().into_inner().groups;
    let shown =
        |(name, counts)| format!("{name} {}", heads(Some(&proto::Tally { heads: Some(counts), ..Default::default() })));
    groups.into_iter().map(shown).collect()
}

#[tokio::test]
async fn weights_and_groups_are_those_of_the_opening_and_tallied() {
    let mut server = Server::new();
    let mut client = server.client().await;
    let all = [of("A", 5, &["north"]), of("B", 3, &["north", "coast"]), of("C", 2, &["coast"]), of("D", 1, &[])];
    client.seat_members(all.to_vec()).await.unwrap();
    client.table(two_thirds_of_shares()).await.unwrap();
    assert_eq!(groups(&mut client, true).await, [] as [&str; 0], "a draft has no roll");
    client.open().await.unwrap();
    // What is revised now counts from the next vote on.
    client.revise_member(of("A", 500, &["south"])).await.unwrap();
    for (member, choice) in [("A", Choice::Yes), ("B", Choice::No), ("D", Choice::Abstain)] {
        client.cast(member, choice).await.unwrap();
    }
    let counted = ["coast 0-1-0-0-1", "north 1-1-0-0-0"];
    assert_eq!(groups(&mut client, true).await, counted, "who is in two counts in both, who is in none in none");
    assert_eq!(groups(&mut client, false).await, [] as [&str; 0], "only where they are asked for");
    let vote = client.lock().await.unwrap();
    let shares = vote.tally.unwrap().weights["shares"];
    assert_eq!((shares.yes, shares.no, shares.abstain, shares.not_voting), (5, 3, 1, 2));
    client.correct_as(VOTE, &seat("C"), Choice::Yes, "").await.unwrap();
    server.restart();
    let mut client = server.client().await;
    assert_eq!(groups(&mut client, true).await, ["coast 1-1-0-0-0", "north 1-1-0-0-0"], "corrections count");
}

#[tokio::test]
async fn a_weight_may_sum_to_what_clients_can_count_and_no_more() {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat_members(vec![of("A", i64::MAX as u64 - 1, &[]), of("B", 2, &[])]).await.unwrap();
    client.table(two_thirds_of_shares()).await.unwrap();
    client.open().await.refused(Code::FailedPrecondition, "ROLL_UNFIT");
    client.revise_member(of("B", 1, &[])).await.unwrap();
    client.open().await.unwrap();
    let shares = client.lock().await.unwrap().tally.unwrap().weights["shares"];
    assert_eq!(shares.not_voting, i64::MAX as u64);
}

#[tokio::test]
async fn groups_are_bounded() {
    let server = Server::new();
    let mut client = server.client().await;
    let names = |at: usize| (0..32).map(|group| format!("g{:04}", at * 32 + group)).collect::<Vec<_>>();
    let members: Vec<_> = (0..40).map(|at| proto::Member { groups: names(at), ..member(&format!("m{at}")) }).collect();
    client.seat_members(members).await.unwrap();
    client.table(two_thirds_of(&[Base::Roll])).await.unwrap();
    client.open().await.unwrap();
    let shown = groups(&mut client, true).await;
    assert_eq!((shown.len(), &*shown[999]), (1_000, "g0999 0-0-0-0-1"), "the first by name, of 1,280");
}
