//! Ballots taken back, and one member's ballots in every vote of its body.

use rollcall::proto::{self, Choice, TieBreak};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::client::{BODY, VOTE, ballot, frame, heads, majority, member};
use crate::harness::conduct::ballot_of;
use crate::harness::{Client, Expect, Server};

fn tabled() -> proto::Vote {
    proto::Vote { rule: Some(majority(TieBreak::Unspecified)), ..Default::default() }
}

#[tokio::test]
async fn a_ballot_taken_back_counts_no_more_and_can_be_cast_again() {
    let mut server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B"], majority(TieBreak::Unspecified)).await;
    client.cast("A", Choice::Yes).await.unwrap();
    client.cast("B", Choice::No).await.unwrap();
    let mut watch = client.watch(true).await.unwrap();
    assert_eq!(frame(&mut watch).await.unwrap().unwrap().seats.len(), 2);
    let receipt = client.withdraw_ballot(&ballot_of("A")).await.unwrap();
    let seen = frame(&mut watch).await.unwrap().unwrap();
    assert_eq!((seen.seq, heads(seen.tally.as_ref())), (receipt.seq, "0-1-0-0-1".into()));
    let changed: Vec<_> = seen.seats.iter().map(|seat| (&*seat.member, seat.choice())).collect();
    assert_eq!(changed, [("A", Choice::NotVoting)], "its light goes out");

    server.restart();
    let mut client = server.client().await;
    let end = client.end().await;
    let refused = client.withdraw_ballot(&ballot_of("A")).await.refused(Code::NotFound, "NO_SUCH_RESOURCE");
    let info = refused.get_details_resource_info().unwrap();
    assert_eq!((&*info.resource_type, info.resource_name), ("rollcall.v1.Ballot", ballot_of("A")));
    client.withdraw_ballot(&ballot_of("C")).await.refused(Code::FailedPrecondition, "NOT_ON_ROLL");
    assert_eq!(client.end().await, end);
    let roll = client.roll(VOTE).await;
    assert_eq!((roll[0].choice(), roll[0].seq, &roll[0].record_time), (Choice::NotVoting, 0, &None));
    client.cast("A", Choice::Abstain).await.unwrap();
    assert_eq!(heads(client.lock().await.unwrap().tally.as_ref()), "0-1-1-0-0");
}

#[tokio::test]
async fn a_ballot_that_is_final_is_not_taken_back() {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A", "B"]).await.unwrap();
    let ballot_policy = Some(proto::BallotPolicy { final_on_cast: true, ..Default::default() });
    client.table_as("q", proto::Vote { ballot_policy, ..tabled() }).await.unwrap();
    client.open().await.unwrap();
    client.withdraw_ballot(&ballot_of("A")).await.refused(Code::NotFound, "NO_SUCH_RESOURCE");
    let first = client.cast("A", Choice::Yes).await.unwrap();
    let refused = client.withdraw_ballot(&ballot_of("A")).await.refused(Code::FailedPrecondition, "BALLOT_FINAL");
    assert_eq!(refused.get_details_error_info().unwrap().metadata["seq"], first.seq.to_string());
    assert_eq!(client.end().await, first.seq);
}

/// One page of a member's ballots in every vote of a body, as `vote choice`, and the token of the next.
async fn page(client: &mut Client, of: proto::ListBallotsRequest) -> Result<(Vec<String>, String), Status> {
    let answer = client.ballots.list_ballots(of).await?.into_inner();
    let short = |ballot: &proto::Ballot| {
        let vote = ballot.name.strip_prefix("bodies/hall/votes/").unwrap().split_once("/ballots/").unwrap();
        format!("{}:{} {}", vote.0, vote.1, ballot.choice().as_str_name().trim_start_matches("CHOICE_"))
    };
    Ok((answer.ballots.iter().map(short).collect(), answer.next_page_token))
}

#[tokio::test]
async fn a_members_ballots_in_every_vote_of_its_body() {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A", "B"]).await.unwrap();
    for id in ["q3", "q1", "q2", "late", "draft"] {
        client.table_as(id, tabled()).await.unwrap();
    }
    let cast = async |client: &mut Client, id: &str, who: &str, choice| {
        let vote = format!("{BODY}/votes/{id}");
        client.send(proto::CastBallotRequest { vote, ..ballot(who, choice) }).await.unwrap();
    };
    for id in ["q2", "q1", "q3"] {
        client.open_as(&format!("{BODY}/votes/{id}"), 0).await.unwrap();
    }
    client.admit(vec![member("C")]).await.unwrap();
    client.open_as(&format!("{BODY}/votes/late"), 0).await.unwrap();
    cast(&mut client, "q1", "A", Choice::Yes).await;
    cast(&mut client, "q3", "A", Choice::No).await;
    cast(&mut client, "late", "A", Choice::Yes).await;
    cast(&mut client, "late", "C", Choice::Yes).await;

    let of = |member: &str| proto::ListBallotsRequest {
        parent: format!("{BODY}/votes/-"),
        member: member.into(),
        ..Default::default()
    };
    let all = ["q3:A NO", "q1:A YES", "q2:A NOT_VOTING", "late:A YES"];
    assert_eq!(page(&mut client, of("A")).await.unwrap(), (all.map(String::from).to_vec(), String::new()));
    let only = page(&mut client, of("C")).await.unwrap();
    assert_eq!(only.0, ["late:C YES"], "of the votes that it is on the roll of");
    let yes = proto::ListBallotsRequest { choices: vec![Choice::Yes.into()], ..of("A") };
    assert_eq!(page(&mut client, yes).await.unwrap().0, [all[1], all[3]]);

    let (mut token, mut paged) = (String::new(), Vec::new());
    for size in [1, 2, 1] {
        let next = proto::ListBallotsRequest { page_size: size, page_token: token, ..of("A") };
        let (ballots, after) = page(&mut client, next).await.unwrap();
        assert_eq!(ballots.len(), usize::try_from(size).unwrap());
        paged.extend(ballots);
        token = after;
    }
    assert_eq!((paged, &*token), (all.map(String::from).to_vec(), ""));

    assert_eq!(page(&mut client, of("stranger")).await.unwrap(), (vec![], String::new()));
    page(&mut client, of("")).await.refused(Code::InvalidArgument, "INVALID_FIELD");
    let nowhere = proto::ListBallotsRequest { parent: "bodies/annex/votes/-".into(), ..of("A") };
    page(&mut client, nowhere).await.refused(Code::NotFound, "NO_SUCH_RESOURCE");
    let in_one = proto::ListBallotsRequest { parent: format!("{BODY}/votes/q1"), ..of("A") };
    assert_eq!(page(&mut client, in_one).await.unwrap().0, ["q1:A YES"]);
}
