//! Votes side by side: tallies, outcomes, and which members changed, and how.

use rollcall::proto::{self, Choice, CompareVotesResponse, Outcome};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::client::{BODY, ballot, heads, majority, member};
use crate::harness::conduct::seat;
use crate::harness::{Client, Expect, Server, uuid};

mod assembly;

fn name(id: &str) -> String {
    format!("{BODY}/votes/{id}")
}

/// Compares votes, all members on one page.
async fn compare(client: &mut Client, votes: &[&str]) -> Result<CompareVotesResponse, Status> {
    let votes = votes.iter().map(ToString::to_string).collect();
    let request = proto::CompareVotesRequest { votes, page_size: 1_000, page_token: String::new() };
    Ok(client.votes.compare_votes(request).await?.into_inner())
}

/// What each member did: `A yes no -`.
fn moves(compared: &CompareVotesResponse) -> Vec<String> {
    let word = |choice: &i32| match Choice::try_from(*choice).unwrap() {
        Choice::Unspecified => "-".to_owned(),
        other => other.as_str_name().trim_start_matches("CHOICE_").to_lowercase(),
    };
    let told = |one: &proto::MemberChoices| {
        std::iter::once(one.member.clone()).chain(one.choices.iter().map(word)).collect::<Vec<_>>().join(" ")
    };
    compared.members.iter().map(told).collect()
}

/// Tables a vote, opens it and casts these ballots.
async fn held(client: &mut Client, id: &str, ballots: &[(&str, Choice)]) {
    let rule = Some(majority(proto::TieBreak::Unspecified));
    client.table_as(id, proto::Vote { rule, ..Default::default() }).await.unwrap();
    client.open_as(&name(id), 0).await.unwrap();
    for (member, choice) in ballots {
        client.send(proto::CastBallotRequest { vote: name(id), ..ballot(member, *choice) }).await.unwrap();
    }
}

/// Three votes between which the roll changes.
async fn three(client: &mut Client) {
    client.seat(&["A", "B", "C", "D"]).await.unwrap();
    held(client, "one", &[("A", Choice::Yes), ("B", Choice::No), ("D", Choice::Yes)]).await;
    client.withdraw_member(&seat("D")).await.unwrap();
    client.admit(vec![member("E")]).await.unwrap();
    held(client, "two", &[("A", Choice::Yes), ("B", Choice::Abstain), ("E", Choice::Yes)]).await;
    let renamed = proto::Member { display_name: "B renamed".into(), ..member("B") };
    client.revise_member(renamed).await.unwrap();
    held(client, "three", &[("A", Choice::Yes), ("B", Choice::Yes), ("E", Choice::Yes)]).await;
}

#[tokio::test]
async fn members_that_changed_are_listed_with_what_they_did() {
    let mut server = Server::new();
    let mut client = server.client().await;
    three(&mut client).await;
    let all = [name("one"), name("two"), name("three")];
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    let compared = compare(&mut client, &all).await.unwrap();
    // A did the same in all, and C never voted.
    assert_eq!(moves(&compared), ["B no abstain yes", "D yes - -", "E - yes yes"]);
    assert_eq!(compared.members[0].display_name, "B renamed", "as on the latest roll");
    assert_eq!(compared.next_page_token, "");
    let tallies: Vec<_> = compared.votes.iter().map(|vote| heads(vote.tally.as_ref())).collect();
    assert_eq!(tallies, ["2-1-0-0-1", "2-0-1-0-1", "3-0-0-0-1"]);
    let back = compare(&mut client, &[all[1], all[0]]).await.unwrap();
    assert_eq!(
        moves(&back),
        ["B abstain no", "E yes -", "D - yes"],
        "in the order of the request and of its first roll"
    );

    client.lock_as(all[1]).await.unwrap();
    client.declare_as(all[1], Outcome::Adopted, "").await.unwrap();
    client.correct_as(all[1], &seat("B"), Choice::Yes, "a recount").await.unwrap();
    for _ in 0..2 {
        let mut client = server.client().await;
        let compared = compare(&mut client, &all[1..]).await.unwrap();
        assert_eq!(moves(&compared), [] as [&str; 0], "a correction counts");
        let two = &compared.votes[0];
        assert_eq!((two, two.declared_outcome()), (&client.vote_as("two").await, Outcome::Adopted));
        assert_eq!(heads(two.announced_tally.as_ref()), "2-0-1-0-1");
        server.restart();
    }
}

#[tokio::test]
async fn a_comparison_is_paged() {
    let server = Server::new();
    let mut client = server.client().await;
    let members: Vec<_> = (0..250).map(|at| format!("m{at:03}")).collect();
    client.seat(&members.iter().map(String::as_str).collect::<Vec<_>>()).await.unwrap();
    held(&mut client, "one", &[]).await;
    held(&mut client, "two", &[]).await;
    let ballots = members
        .iter()
        .step_by(2)
        .map(|member| proto::CastBallotRequest { vote: name("two"), ..ballot(member, Choice::Yes) });
    let request = proto::CastBallotsRequest { ballots: ballots.collect() };
    client.ballots.cast_ballots(request).await.unwrap();
    let (mut page_token, mut read, mut sizes) = (String::new(), Vec::new(), Vec::new());
    loop {
        let votes = vec![name("one"), name("two")];
        let request = proto::CompareVotesRequest { votes, page_size: 60, page_token };
        let page = client.votes.compare_votes(request).await.unwrap().into_inner();
        assert_eq!(page.votes.len(), 2, "on every page");
        sizes.push(page.members.len());
        read.extend(page.members.into_iter().map(|one| one.member));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
        let other = proto::CompareVotesRequest {
            votes: vec![name("two"), name("one")],
            page_token: page_token.clone(),
            page_size: 60,
        };
        client.votes.compare_votes(other).await.refused(Code::InvalidArgument, "INVALID_FIELD");
    }
    assert_eq!(sizes, [60, 60, 5]);
    assert_eq!(read, members.into_iter().step_by(2).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_cannot_be_compared_is_refused() {
    let server = Server::new();
    let mut client = server.client().await;
    three(&mut client).await;
    let draft = proto::Vote { rule: Some(majority(proto::TieBreak::Unspecified)), ..Default::default() };
    client.table_as("draft", draft.clone()).await.unwrap();
    client.table_as("agreed", draft).await.unwrap();
    let agreed = proto::AdoptWithoutVoteRequest { name: name("agreed"), request_id: uuid(), ..Default::default() };
    client.votes.adopt_without_vote(agreed).await.unwrap();
    let one = name("one");
    let many: Vec<_> = (0..17).map(|at| name(&format!("v{at}"))).collect();
    let cases: [(Vec<&str>, &[&str]); 5] = [
        (vec![], &["votes"]),
        (vec![&one], &["votes"]),
        (many.iter().map(String::as_str).collect(), &["votes"]),
        (vec![&one, "one", &one], &["votes[1]", "votes[2]"]),
        (vec![&one, "bodies/annex/votes/one"], &["votes[1]"]),
    ];
    for (votes, expected) in cases {
        let refused = compare(&mut client, &votes).await.refused(Code::InvalidArgument, "INVALID_FIELD");
        let violations = refused.get_details_bad_request().unwrap().field_violations;
        let fields: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(fields, expected, "{votes:?}");
    }
    compare(&mut client, &[&one, &name("none")]).await.refused(Code::NotFound, "NO_SUCH_RESOURCE");
    for (id, state) in [("draft", "DRAFT"), ("agreed", "DECLARED")] {
        let refused = compare(&mut client, &[&one, &name(id)]).await.refused(Code::FailedPrecondition, "WRONG_STATE");
        let sentence = format!("{} is {state}; only votes that have a roll can be compared", name(id));
        assert_eq!(refused.message(), sentence);
    }
}
