//! Lists, pages and ballots, as readers see them.

use std::collections::BTreeSet;

use prost::Message;
use rollcall::proto::{self, Choice, TieBreak, VoteState};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::client::{BODY, VOTE, ballot, majority, member};
use crate::harness::{Client, Expect, Server, uuid};

mod record;

/// No page and no message is larger.
const MAX_BYTES: usize = 1 << 20;

/// A list that comes in pages.
#[derive(Clone, Copy, Debug, PartialEq)]
enum List {
    Bodies,
    Members,
    Votes(&'static str, &'static [VoteState]),
    Ballots(&'static str, &'static [Choice]),
}

/// Names and the token of the next page.
type Page = Result<(Vec<String>, String), Status>;

impl List {
    async fn page(self, client: &mut Client, page_size: i32, token: &str) -> Page {
        let page_token = token.to_owned();
        let (names, token, length): (Vec<_>, _, _) = match self {
            List::Bodies => {
                let request = proto::ListBodiesRequest { page_size, page_token };
                let page = client.bodies.list_bodies(request).await?.into_inner();
                let length = page.encoded_len();
                (page.bodies.into_iter().map(|one| one.name).collect(), page.next_page_token, length)
            }
            List::Members => {
                let request = proto::ListMembersRequest { parent: BODY.into(), page_size, page_token };
                let page = client.bodies.list_members(request).await?.into_inner();
                let length = page.encoded_len();
                (page.members.into_iter().map(|one| one.name).collect(), page.next_page_token, length)
            }
            List::Votes(parent, states) => {
                let states = states.iter().map(|state| i32::from(*state)).collect();
                let request =
                    proto::ListVotesRequest { parent: parent.into(), page_size, page_token, states, relation: None };
                let page = client.votes.list_votes(request).await?.into_inner();
                let length = page.encoded_len();
                (page.votes.into_iter().map(|one| one.name).collect(), page.next_page_token, length)
            }
            List::Ballots(parent, choices) => {
                let choices = choices.iter().map(|choice| i32::from(*choice)).collect();
                let member = String::new();
                let request =
                    proto::ListBallotsRequest { parent: parent.into(), page_size, page_token, choices, member };
                let page = client.ballots.list_ballots(request).await?.into_inner();
                let length = page.encoded_len();
                (page.ballots.into_iter().map(|one| one.name).collect(), page.next_page_token, length)
            }
        };
        assert!(length <= MAX_BYTES, "{self:?}: a page of {length} bytes");
        Ok((names, token))
    }

    /// Everything from a token on, and how large each page was.
    async fn all(self, client: &mut Client, page_size: i32, mut token: String) -> (Vec<String>, Vec<usize>) {
        let (mut names, mut sizes) = (Vec::new(), Vec::new());
        loop {
            let (page, next) = self.page(client, page_size, &token).await.unwrap();
            sizes.push(page.len());
            names.extend(page);
            if next.is_empty() {
                return (names, sizes);
            }
            token = next;
        }
    }
}

fn tabled() -> proto::Vote {
    proto::Vote { rule: Some(majority(TieBreak::Unspecified)), ..Default::default() }
}

async fn body(client: &mut Client, id: &str) {
    let request = proto::CreateBodyRequest { body_id: id.into(), request_id: uuid(), ..Default::default() };
    client.bodies.create_body(request).await.unwrap();
}

/// A hall of 1,203 members, 21 votes of which one is open, and 21 bodies.
async fn filled() -> (Server, Client) {
    let server = Server::new();
    let mut client = server.client().await;
    let nothing = (vec![], vec![0]);
    assert_eq!(List::Bodies.all(&mut client, 0, String::new()).await, nothing);
    assert_eq!(List::Votes("bodies/-", &[]).all(&mut client, 0, String::new()).await, nothing);
    body(&mut client, "hall").await;
    assert_eq!(List::Members.all(&mut client, 0, String::new()).await, nothing);
    client.admit((0..1_000).map(|at| member(&format!("m{at}"))).collect()).await.unwrap();
    client.admit((1_000..1_203).map(|at| member(&format!("m{at}"))).collect()).await.unwrap();
    client.table(majority(TieBreak::Unspecified)).await.unwrap();
    assert_eq!(List::Ballots(VOTE, &[]).all(&mut client, 0, String::new()).await, nothing, "a draft has no roll");
    client.open().await.unwrap();
    let ballots = (0..20).map(|at| ballot(&format!("m{}", at * 3), [Choice::Yes, Choice::No][at % 2])).collect();
    client.ballots.cast_ballots(proto::CastBallotsRequest { ballots }).await.unwrap();
    for at in (0..20).rev() {
        body(&mut client, &format!("b{at}")).await;
        client.table_as(&format!("v{at}"), tabled()).await.unwrap();
    }
    (server, client)
}

/// Lists of that hall, and what each holds.
fn lists() -> [(List, Vec<String>); 11] {
    let names = |under: &str, of: Vec<usize>| of.into_iter().map(|at| format!("{under}{at}")).collect::<Vec<_>>();
    let mut bodies = names("bodies/b", (0..20).collect());
    bodies.push(BODY.into());
    bodies.sort();
    let drafts = || names("bodies/hall/votes/v", (0..20).rev().collect());
    let votes = || [vec![VOTE.to_owned()], drafts()].concat();
    let everyone = |under: &str| names(under, (0..1_203).collect());
    let under = "bodies/hall/votes/q/ballots/m";
    [
        (List::Bodies, bodies),
        (List::Members, everyone("bodies/hall/members/m")),
        (List::Votes(BODY, &[]), votes()),
        (List::Votes("bodies/-", &[]), votes()),
        (List::Votes("bodies/-", &[VoteState::Draft]), drafts()),
        (List::Votes(BODY, &[VoteState::Draft, VoteState::Open]), votes()),
        (List::Votes(BODY, &[VoteState::Locked]), vec![]),
        (List::Ballots(VOTE, &[]), everyone(under)),
        (List::Ballots(VOTE, &[Choice::Yes]), names(under, (0..60).step_by(6).collect())),
        (List::Ballots(VOTE, &[Choice::No, Choice::Yes]), names(under, (0..60).step_by(3).collect())),
        (List::Ballots(VOTE, &[Choice::Abstain]), vec![]),
    ]
}

#[tokio::test]
async fn lists_page_through_everything_once() {
    let (_server, mut client) = filled().await;
    for (list, expected) in lists() {
        for (size, largest) in [(1, 1), (7, 7), (0, 100), (1_000, 1_000), (5_000, 1_000)] {
            let (names, sizes) = list.all(&mut client, size, String::new()).await;
            assert_eq!(names, expected, "{list:?} by {size}");
            let full = sizes[..sizes.len() - 1].iter().all(|size| *size == largest);
            assert!(full && sizes.last().is_some_and(|size| *size <= largest), "{list:?} by {size}: {sizes:?}");
        }
        list.page(&mut client, -1, "").await.refused(Code::InvalidArgument, "INVALID_FIELD");
    }
}

#[tokio::test]
async fn tokens_survive_growth_and_are_those_of_one_list() {
    let (_server, mut client) = filled().await;
    let mut tokens = Vec::new();
    for (list, expected) in lists() {
        let (_, token) = list.page(&mut client, 1, "").await.unwrap();
        assert_eq!(token.is_empty(), expected.len() < 2, "{list:?}");
        tokens.push(token);
    }
    for (at, (list, _)) in lists().into_iter().enumerate() {
        let others = tokens.iter().enumerate().filter(|(other, token)| *other != at && !token.is_empty());
        for token in others.map(|(_, token)| token.as_str()).chain(["nonsense", "====", "AAAAAAAAAAAA"]) {
            let refused = list.page(&mut client, 0, token).await.refused(Code::InvalidArgument, "INVALID_FIELD");
            let fields = refused.get_details_bad_request().unwrap().field_violations;
            assert_eq!(fields.iter().map(|one| one.field.as_str()).collect::<Vec<_>>(), ["page_token"], "{list:?}");
        }
    }
    client.admit(vec![member("late")]).await.unwrap();
    client.table_as("late", tabled()).await.unwrap();
    body(&mut client, "zz").await;
    for ((list, expected), token) in lists().into_iter().zip(tokens).filter(|(_, token)| !token.is_empty()) {
        let (names, _) = list.all(&mut client, 1_000, token).await;
        let grown = match list {
            List::Ballots(..) => None,
            List::Bodies => Some("bodies/zz"),
            List::Members => Some("bodies/hall/members/late"),
            List::Votes(..) => Some("bodies/hall/votes/late"),
        };
        let expected: Vec<_> = expected[1..].iter().map(String::as_str).chain(grown).collect();
        assert_eq!(names, expected, "{list:?} from a token of before");
    }
}

/// A vote with the longest of names.
const LONG: &str = "bodies/hall/votes/vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv";

#[tokio::test]
async fn pages_are_bounded_by_bytes_too() {
    let server = Server::new();
    let mut client = server.client().await;
    let groups: Vec<_> = (0..11).map(|at| format!("{at:063}")).collect();
    let wide =
        |at| proto::Member { display_name: "n".repeat(255), groups: groups.clone(), ..member(&format!("{at:063}")) };
    client.seat_members((0..930).map(wide).collect()).await.unwrap();
    let text = "t".repeat(1_990);
    let labels = (0..32).map(|at| (format!("{at:063}"), "l".repeat(500))).collect();
    let large = proto::Vote { title: text.clone(), question: text, labels, ..tabled() };
    // Its ballots are larger than the members that cast them.
    let name = client.table_as(LONG.rsplit('/').next().unwrap(), tabled()).await.unwrap().name;
    client.open_as(&name, 0).await.unwrap();
    let cast = |at| proto::CastBallotRequest { vote: LONG.into(), ..ballot(&format!("{at:063}"), Choice::Yes) };
    let ballots = (0..930).map(cast).collect();
    client.ballots.cast_ballots(proto::CastBallotsRequest { ballots }).await.unwrap();
    for at in 0..60 {
        client.table_as(&format!("v{at}"), large.clone()).await.unwrap();
    }
    for (list, count) in [(List::Members, 930), (List::Ballots(LONG, &[]), 930), (List::Votes(BODY, &[]), 61)] {
        let (names, sizes) = list.all(&mut client, 1_000, String::new()).await;
        assert_eq!((names.len(), names.iter().collect::<BTreeSet<_>>().len()), (count, count), "{list:?}");
        assert_eq!(sizes.len() > 1, list != List::Members, "{list:?} in pages of {sizes:?}: a roll fits one");
    }
}

#[tokio::test]
async fn what_was_answered_is_read() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B"], majority(TieBreak::Unspecified)).await;
    let get = |member: &str| proto::GetBallotRequest { name: format!("{VOTE}/ballots/{member}") };
    for round in 0..200 {
        let choice = [Choice::Yes, Choice::No, Choice::Abstain][round % 3];
        let receipt = client.cast("A", choice).await.unwrap();
        let read = client.ballots.get_ballot(get("A")).await.unwrap().into_inner();
        let ballot = read.ballot.unwrap();
        assert_eq!((ballot.choice(), ballot.seq, ballot.record_time), (choice, receipt.seq, receipt.record_time));
        assert!(read.seq >= receipt.seq);
        let at_least = proto::GetTallyRequest { vote: VOTE.into(), at_least_seq: receipt.seq, ..Default::default() };
        let frame = client.tallies.get_tally(at_least).await.unwrap().into_inner().frame.unwrap();
        assert_eq!((frame.revision, frame.seq), (receipt.revision, receipt.seq));
    }
    let none = client.ballots.get_ballot(get("B")).await.unwrap().into_inner().ballot.unwrap();
    assert_eq!((none.choice(), none.seq, none.record_time), (Choice::NotVoting, 0, None));
    client.admit(vec![member("late")]).await.unwrap();
    for stranger in ["late", "b", "nobody"] {
        client.ballots.get_ballot(get(stranger)).await.refused(Code::FailedPrecondition, "NOT_ON_ROLL");
    }
    let of_a = proto::ListBallotsRequest { parent: VOTE.into(), member: "A".into(), ..Default::default() };
    let ballots = client.ballots.list_ballots(of_a).await.unwrap().into_inner().ballots;
    assert_eq!(ballots.iter().map(|one| &*one.display_name).collect::<Vec<_>>(), ["Member A"]);

    let at_least_seq = client.end().await + 1;
    let vote = proto::GetVoteRequest { name: VOTE.into(), at_least_seq };
    let tally = proto::GetTallyRequest { vote: VOTE.into(), at_least_seq, ..Default::default() };
    let refusals = [
        client.votes.get_vote(vote).await.map(drop).refused(Code::OutOfRange, "BEYOND_RECORD"),
        client.tallies.get_tally(tally).await.map(drop).refused(Code::OutOfRange, "BEYOND_RECORD"),
    ];
    for refused in refusals {
        let end = (at_least_seq - 1).to_string();
        assert_eq!(refused.get_details_error_info().unwrap().metadata["end"], end);
    }
}
