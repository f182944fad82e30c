//! Errors name every bad field, the reason and what goes with it, and leave the record as it was.

use rollcall::proto::{self, BallotPolicy, Base, Choice, Comparison, Outcome, Relation, Rule, TieBreak};
use rollcall::proto::{requirement, threshold};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::client::{BODY, VOTE, ballot, majority, member, preset};
use crate::harness::{Client, Expect, Server, uuid};

mod rules;

/// Details stay below this.
const MAX_DETAILS: usize = 4 << 10;

/// The fields that a malformed request's error names, in order.
#[track_caller]
fn fields(status: &Status) -> Vec<String> {
    assert!(status.details().len() < MAX_DETAILS, "{} bytes of details", status.details().len());
    let violations = status.get_details_bad_request().unwrap().field_violations;
    assert!(violations.iter().all(|one| !one.description.is_empty()), "{violations:?}");
    violations.into_iter().map(|one| one.field).collect()
}

/// Asserts that a call was refused as malformed, for these fields.
#[track_caller]
fn malformed<T: std::fmt::Debug>(answer: Result<T, Status>, expected: &[&str]) {
    assert_eq!(fields(&answer.refused(Code::InvalidArgument, "INVALID_FIELD")), expected);
}

/// A server with the body `hall` of A and B, and the vote `q` open.
async fn hall() -> (Server, Client) {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B"], majority(TieBreak::Unspecified)).await;
    (server, client)
}

fn tabled() -> proto::Vote {
    proto::Vote { rule: Some(majority(TieBreak::Unspecified)), ..Default::default() }
}

#[tokio::test]
async fn names_ids_and_choices_are_checked_all_at_once() {
    let (_server, mut client) = hall().await;
    let end = client.end().await;
    let long = "x".repeat(64);
    let sound = || ballot("A", Choice::Yes);
    let cast = |of: fn(&mut proto::CastBallotRequest)| {
        let mut ballot = sound();
        of(&mut ballot);
        ballot
    };
    let ballots: [(proto::CastBallotRequest, &[&str]); 12] = [
        (cast(|one| one.vote.clear()), &["vote"]),
        (cast(|one| one.vote = "bodies/hall".into()), &["vote"]),
        (cast(|one| one.vote = "bodies/Hall/votes/q".into()), &["vote"]),
        (cast(|one| one.vote.push('/')), &["vote"]),
        (cast(|one| one.member.clear()), &["member"]),
        (cast(|one| one.member = "bodies/hall/members/A".into()), &["member"]),
        (proto::CastBallotRequest { member: long.clone(), ..sound() }, &["member"]),
        (cast(|one| one.choice = 0), &["choice"]),
        (cast(|one| one.choice = Choice::NotVoting.into()), &["choice"]),
        (cast(|one| one.choice = 99), &["choice"]),
        (cast(|one| one.request_id = "1".into()), &["request_id"]),
        (
            proto::CastBallotRequest { request_id: "?".into(), choice: -1, ..Default::default() },
            &["request_id", "vote", "member", "choice"],
        ),
    ];
    for (ballot, expected) in ballots {
        malformed(client.send(ballot).await, expected);
    }
    for id in ["", "Hall", "1st", "-", "a_b", "ä", &long] {
        let request = proto::CreateBodyRequest { body_id: id.into(), ..Default::default() };
        malformed(client.bodies.create_body(request).await, &["body_id"]);
    }
    for id in ["", "-", "Q", "a/b", &long] {
        malformed(client.table_as(id, tabled()).await, &["vote_id"]);
    }
    let display_name = "Hall\n".into();
    let body = Some(proto::Body { display_name, ..Default::default() });
    let request = proto::CreateBodyRequest { body_id: "?".into(), body, request_id: "?".into() };
    malformed(client.bodies.create_body(request).await, &["request_id", "body_id", "body.display_name"]);
    malformed(client.open_as("bodies/hall/votes/", 0).await, &["name"]);
    malformed(client.lock_as("q").await, &["name"]);
    for outcome in [Outcome::Unspecified, Outcome::AwaitingCastingVote, Outcome::AdoptedWithoutVote] {
        malformed(client.declare(outcome, "So ruled.").await, &["outcome"]);
    }
    malformed(client.declare(Outcome::Vetoed, &"r".repeat(2_001)).await, &["ruling"]);
    for name in ["", "bodies/-", "hall", "bodies/hall/votes/q"] {
        malformed(client.bodies.get_body(proto::GetBodyRequest { name: name.into() }).await, &["name"]);
    }
    for name in ["", VOTE, "bodies/hall/votes/q/ballots/", "bodies/hall/votes/q/ballots/A/B"] {
        malformed(client.ballots.get_ballot(proto::GetBallotRequest { name: name.into() }).await, &["name"]);
    }
    let heartbeat = Some(prost_types::Duration { seconds: -1, nanos: 0 });
    let watch = proto::WatchTallyRequest { vote: VOTE.into(), heartbeat, ..Default::default() };
    malformed(client.tallies.watch_tally(watch).await.map(drop), &["heartbeat"]);
    assert_eq!(client.end().await, end);
}

#[tokio::test]
async fn members_are_checked_all_at_once() {
    let (_server, mut client) = hall().await;
    let end = client.end().await;
    let weight = |name: &str| proto::Member { weights: [(name.to_owned(), 1)].into(), ..member("X") };
    let groups = |groups: &[&str]| proto::Member {
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        ..member("X")
    };
    let elsewhere = proto::Member { name: "bodies/annex/members/X".into(), ..member("X") };
    let nameless = proto::Member { name: String::new(), display_name: "n".repeat(501), ..member("X") };
    let many = (0..33).map(|at| at.to_string()).collect::<Vec<_>>();
    let cases: [(Vec<proto::Member>, &[&str]); 12] = [
        (vec![], &["members"]),
        ((0..1_001).map(|at| member(&at.to_string())).collect(), &["members"]),
        (vec![member("C"), member("D"), member("C")], &["members[2].name"]),
        (vec![member("C"), member("c")], &["members[1].name"]),
        (vec![weight("head")], &["members[0].weights"]),
        (vec![weight("")], &["members[0].weights"]),
        (vec![groups(&["g", "g"])], &["members[0].groups"]),
        (vec![groups(&[""])], &["members[0].groups"]),
        (vec![groups(&many.iter().map(String::as_str).collect::<Vec<_>>())], &["members[0].groups"]),
        (vec![elsewhere], &["members[0].name"]),
        (vec![member("C"), nameless.clone()], &["members[1].display_name", "members[1].name"]),
        (vec![weight("head"), nameless], &["members[0].weights", "members[1].display_name", "members[1].name"]),
    ];
    for (members, expected) in cases {
        malformed(client.admit(members).await, expected);
    }
    // As many as there is room for, the first of them first.
    let refused = client.admit(vec![weight("head"); 1_000]).await.refused(Code::InvalidArgument, "INVALID_FIELD");
    let named = fields(&refused);
    assert!(named.len() > 10 && named[..2] == ["members[0].weights", "members[1].weights"], "{named:?}");
    assert!(refused.message().len() < MAX_DETAILS);

    for (id, seated) in [("A", "A"), ("a", "A")] {
        let taken = client.admit(vec![member("C"), member(id)]).await.refused(Code::AlreadyExists, "NAME_TAKEN");
        let info = taken.get_details_resource_info().unwrap();
        assert_eq!(
            (&*info.resource_type, info.resource_name),
            ("rollcall.v1.Member", format!("{BODY}/members/{seated}"))
        );
    }
    let create = proto::CreateBodyRequest { body_id: "hall".into(), request_id: uuid(), ..Default::default() };
    let taken = client.bodies.create_body(create).await.refused(Code::AlreadyExists, "NAME_TAKEN");
    let info = taken.get_details_resource_info().unwrap();
    assert_eq!((&*info.resource_type, &*info.resource_name), ("rollcall.v1.Body", BODY));
    let nowhere = proto::AdmitMembersRequest { parent: "bodies/annex".into(), ..Default::default() };
    malformed(client.bodies.admit_members(nowhere.clone()).await, &["members"]);
    let members = vec![proto::Member { name: "bodies/annex/members/X".into(), ..Default::default() }];
    let nowhere = proto::AdmitMembersRequest { members, ..nowhere };
    let missing = client.bodies.admit_members(nowhere).await.refused(Code::NotFound, "NO_SUCH_RESOURCE");
    assert_eq!(missing.get_details_resource_info().unwrap().resource_name, "bodies/annex");
    assert_eq!(client.end().await, end, "all or none");
}

#[tokio::test]
async fn seats_by_statute_bound_a_body() {
    let server = Server::new();
    let mut client = server.client().await;
    let body = Some(proto::Body { seats: 2, ..Default::default() });
    let create = proto::CreateBodyRequest { body_id: "hall".into(), body, request_id: uuid() };
    client.bodies.create_body(create).await.unwrap();
    let three = ["A", "B", "C"].map(member).to_vec();
    let refused = client.admit(three.clone()).await.refused(Code::FailedPrecondition, "LIMIT_REACHED");
    let metadata = refused.get_details_error_info().unwrap().metadata;
    assert_eq!((&*metadata["bound"], &*metadata["limit"], &*metadata["asked"]), ("seats", "2", "3"));
    client.admit(three[..2].to_vec()).await.expect("within its seats");
}

#[tokio::test]
async fn what_a_vote_is_tabled_with_is_checked_all_at_once() {
    let (_server, mut client) = hall().await;
    let end = client.end().await;
    let policy = |visibility| Some(BallotPolicy { visibility, ..Default::default() });
    let relation = |kind, vote: &str| Relation { kind, vote: vote.into() };
    let label = |key: &str, value: usize| [(key.to_owned(), "v".repeat(value))].into();
    let held_time = Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 });
    let cases: [(proto::Vote, &[&str]); 10] = [
        (proto::Vote { ballot_policy: policy(99), ..tabled() }, &["vote.ballot_policy.visibility"]),
        (proto::Vote { relations: vec![relation(0, VOTE)], ..tabled() }, &["vote.relations[0].kind"]),
        (proto::Vote { relations: vec![relation(1, "q")], ..tabled() }, &["vote.relations[0].vote"]),
        (proto::Vote { relations: vec![relation(1, "bodies/annex/votes/q")], ..tabled() }, &["vote.relations[0].vote"]),
        (proto::Vote { relations: vec![relation(1, VOTE); 9], ..tabled() }, &["vote.relations"]),
        (proto::Vote { title: "t".repeat(2_001), ..tabled() }, &["vote.title"]),
        (proto::Vote { labels: label("", 1), ..tabled() }, &["vote.labels"]),
        (proto::Vote { labels: label("k", 501), ..tabled() }, &["vote.labels"]),
        (proto::Vote { held_time, ..tabled() }, &["vote.held_time"]),
        (
            proto::Vote {
                symbol: "\t".into(),
                ballot_policy: policy(4),
                held_time,
                relations: vec![relation(99, "")],
                ..tabled()
            },
            &[
                "vote.symbol",
                "vote.held_time",
                "vote.ballot_policy.visibility",
                "vote.relations[0].kind",
                "vote.relations[0].vote",
            ],
        ),
    ];
    for (vote, expected) in cases {
        malformed(client.table_as("p", vote).await, expected);
    }
    let follows = |vote: &str| proto::Vote { relations: vec![relation(6, vote)], ..tabled() };
    for unknown in ["bodies/hall/votes/none", "bodies/annex/votes/q"] {
        let refused = client.table_as("p", follows(unknown)).await.refused(Code::NotFound, "NO_SUCH_RESOURCE");
        assert_eq!(refused.get_details_resource_info().unwrap().resource_name, unknown);
    }
    assert_eq!(client.end().await, end);
    client.table_as("p", follows(VOTE)).await.expect("it follows a vote on record");
}

#[tokio::test]
async fn each_ballot_of_many_is_answered_as_it_would_be_alone() {
    let (_server, mut client) = hall().await;
    let end = client.end().await;
    let cast = async |client: &mut Client, ballots: Vec<proto::CastBallotRequest>| {
        client
            .ballots
            .cast_ballots(proto::CastBallotsRequest { ballots })
            .await
            .map(|answer| answer.into_inner().results)
    };
    for count in [0, 1_001] {
        malformed(cast(&mut client, vec![ballot("A", Choice::Yes); count]).await, &["ballots"]);
    }
    let elsewhere = |vote: &str| proto::CastBallotRequest { vote: vote.into(), ..ballot("A", Choice::Yes) };
    let refused = vec![
        ballot("", Choice::NotVoting),
        ballot("C", Choice::Yes),
        elsewhere("bodies/hall/votes/none"),
        elsewhere("hall"),
    ];
    let together = [vec![ballot("A", Choice::Yes)], refused.clone(), vec![ballot("B", Choice::No)]].concat();
    let results = cast(&mut client, together).await.unwrap();
    let results: Vec<_> = results.into_iter().map(|result| result.result.unwrap()).collect();
    for (at, seq) in [(0, end + 1), (5, end + 2)] {
        assert!(matches!(&results[at], proto::ballot_result::Result::Receipt(one) if one.seq == seq), "{results:?}");
    }
    for (result, ballot) in results[1..5].iter().zip(refused) {
        let proto::ballot_result::Result::Refusal(refusal) = result else { panic!("{result:?}") };
        let alone = client.send(ballot).await.unwrap_err();
        let info = alone.get_details_error_info().unwrap();
        let reason = refusal.reason().as_str_name().trim_start_matches("ERROR_REASON_");
        assert_eq!((refusal.code, &*refusal.message, reason), (alone.code().into(), alone.message(), &*info.reason));
        assert_eq!(refusal.metadata, info.metadata.into_iter().collect());
    }
    assert_eq!(client.end().await, end + 2);
}
