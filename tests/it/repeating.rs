//! A request that is repeated never counts twice, and learns its first receipt.

use rollcall::proto::{self, Choice, Outcome, Receipt, TieBreak};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::client::{BODY, VOTE, ballot, heads, majority, member};
use crate::harness::{Client, Expect, Server, uuid};

/// A request that changes something.
#[derive(Clone, Debug)]
enum Change {
    Body(proto::CreateBodyRequest),
    Admit(proto::AdmitMembersRequest),
    Table(Box<proto::CreateVoteRequest>),
    Open(proto::OpenVoteRequest),
    Cast(proto::CastBallotRequest),
    Lock(proto::LockVoteRequest),
    Declare(proto::DeclareResultRequest),
}

/// A whole vote: each change that this version knows.
fn whole_vote() -> Vec<Change> {
    let name = || VOTE.to_owned();
    let parent = || BODY.to_owned();
    let rule = Some(majority(TieBreak::Unspecified));
    let labels = [("agenda-item".to_owned(), "5".to_owned()), ("session".to_owned(), "ES-11".to_owned())].into();
    let vote = Some(proto::Vote { rule, labels, ..Default::default() });
    let body = Some(proto::Body { display_name: "The hall".into(), ..Default::default() });
    let declare = proto::DeclareResultRequest { name: name(), outcome: Outcome::Adopted.into(), ..Default::default() };
    let members = vec![member("A"), member("B")];
    let table = proto::CreateVoteRequest { parent: parent(), vote_id: "q".into(), vote, ..Default::default() };
    let changes = vec![
        Change::Body(proto::CreateBodyRequest { body_id: "hall".into(), body, ..Default::default() }),
        Change::Admit(proto::AdmitMembersRequest { parent: parent(), members, ..Default::default() }),
        Change::Table(Box::new(table)),
        Change::Open(proto::OpenVoteRequest { name: name(), ..Default::default() }),
        Change::Cast(ballot("A", Choice::No)),
        Change::Cast(ballot("A", Choice::Yes)),
        Change::Lock(proto::LockVoteRequest { name: name(), ..Default::default() }),
        Change::Declare(declare),
    ];
    changes.into_iter().map(|change| change.with_id(&uuid())).collect()
}

impl Change {
    fn id(&mut self) -> &mut String {
        match self {
            Change::Body(request) => &mut request.request_id,
            Change::Admit(request) => &mut request.request_id,
            Change::Table(request) => &mut request.request_id,
            Change::Open(request) => &mut request.request_id,
            Change::Cast(request) => &mut request.request_id,
            Change::Lock(request) => &mut request.request_id,
            Change::Declare(request) => &mut request.request_id,
        }
    }

    fn with_id(mut self, id: &str) -> Self {
        *self.id() = id.to_owned();
        self
    }

    fn shouted(mut self) -> Self {
        let id = self.id().to_uppercase();
        self.with_id(&id)
    }

    /// The same request with other content. LockVote has no content beside the vote, so it becomes OpenVote.
    fn changed(mut self) -> Self {
        match &mut self {
            Change::Body(request) => request.body = None,
            Change::Admit(request) => request.members.reverse(),
            Change::Table(request) => request.vote.as_mut().unwrap().title = "Another".into(),
            Change::Open(request) => request.members_present = 2,
            Change::Cast(request) => request.choice = Choice::Abstain.into(),
            Change::Declare(request) => request.adopted_symbol = "A/RES/1".into(),
            Change::Lock(request) => {
                let proto::LockVoteRequest { name, request_id } = request.clone();
                return Change::Open(proto::OpenVoteRequest { name, request_id, ..Default::default() });
            }
        }
        self
    }

    async fn send(self, client: &mut Client) -> Result<Receipt, Status> {
        let receipt = match self {
            Change::Body(request) => client.bodies.create_body(request).await?.into_inner().receipt,
            Change::Admit(request) => client.bodies.admit_members(request).await?.into_inner().receipt,
            Change::Table(request) => client.votes.create_vote(*request).await?.into_inner().receipt,
            Change::Open(request) => client.votes.open_vote(request).await?.into_inner().receipt,
            Change::Cast(request) => client.ballots.cast_ballot(request).await?.into_inner().receipt,
            Change::Lock(request) => client.votes.lock_vote(request).await?.into_inner().receipt,
            Change::Declare(request) => client.votes.declare_result(request).await?.into_inner().receipt,
        };
        Ok(receipt.unwrap())
    }
}

/// Repeats what was accepted, as it was and in upper case, and tries its id for other content.
async fn repeat(client: &mut Client, change: &Change, first: &Receipt, when: &str) {
    let end = client.end().await;
    let again = Receipt { replayed: true, ..first.clone() };
    for repeated in [change.clone(), change.clone().shouted()] {
        assert_eq!(repeated.send(client).await.unwrap(), again, "{when}: {change:?}");
    }
    for reused in [change.clone().changed(), change.clone().changed().shouted()] {
        let status = reused.send(client).await.refused(Code::AlreadyExists, "REQUEST_ID_REUSED");
        let metadata = status.get_details_error_info().unwrap().metadata;
        assert_eq!(metadata["seq"], first.seq.to_string(), "{when}: {change:?}");
    }
    assert_eq!(client.end().await, end, "{when}: {change:?}");
}

#[tokio::test]
async fn every_change_is_safe_to_repeat_whatever_has_happened_since() {
    let mut server = Server::new();
    let mut client = server.client().await;
    let mut done = Vec::new();
    for change in whole_vote() {
        let first = change.clone().send(&mut client).await.unwrap();
        assert!(!first.replayed, "{change:?}");
        repeat(&mut client, &change, &first, "at once").await;
        done.push((change, first));
    }
    for (change, first) in &done {
        repeat(&mut client, change, first, "after the result was declared").await;
    }
    let vote = client.vote().await.unwrap();
    for restart in ["restarted", "restarted twice"] {
        server.restart();
        client = server.client().await;
        for (change, first) in &done {
            repeat(&mut client, change, first, restart).await;
        }
        assert_eq!(client.vote().await.unwrap(), vote, "{restart}");
    }
}

#[tokio::test]
async fn an_id_is_scoped_to_its_vote_or_else_to_its_body() {
    let server = Server::new();
    let mut client = server.client().await;
    let (one, rule) = (uuid(), || Some(majority(TieBreak::Unspecified)));
    let mut changes = Vec::new();
    for body in ["hall", "annex"] {
        let create = proto::CreateBodyRequest { body_id: body.into(), ..Default::default() };
        changes.push(Change::Body(create));
        for vote in ["p", "q"] {
            let vote = proto::CreateVoteRequest {
                parent: format!("bodies/{body}"),
                vote_id: vote.into(),
                vote: Some(proto::Vote { rule: rule(), ..Default::default() }),
                ..Default::default()
            };
            changes.push(Change::Table(Box::new(vote)));
        }
    }
    for (at, change) in changes.iter().enumerate() {
        let receipt = change.clone().with_id(&one).send(&mut client).await.unwrap();
        assert_eq!((receipt.seq, receipt.replayed), (at as u64 + 1, false), "{change:?}");
    }
    // Within one scope it is one id, whatever the method.
    let admit = proto::AdmitMembersRequest { parent: BODY.into(), members: vec![member("A")], request_id: one.clone() };
    client.bodies.admit_members(admit).await.refused(Code::AlreadyExists, "REQUEST_ID_REUSED");
    let open = proto::OpenVoteRequest { name: VOTE.into(), request_id: one.clone(), ..Default::default() };
    client.votes.open_vote(open).await.refused(Code::AlreadyExists, "REQUEST_ID_REUSED");
    assert_eq!(client.end().await, changes.len() as u64);
}

#[tokio::test]
async fn a_call_without_an_id_counts_each_time_and_so_does_the_same_choice_again() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B"], majority(TieBreak::Unspecified)).await;
    let end = client.end().await;
    let nameless = proto::CastBallotRequest { request_id: String::new(), ..ballot("A", Choice::Yes) };
    for (at, ballot) in [nameless.clone(), nameless, ballot("A", Choice::Yes)].into_iter().enumerate() {
        let receipt = client.send(ballot).await.unwrap();
        let place = at as u64 + 1;
        assert_eq!((receipt.seq, receipt.revision, receipt.replayed), (end + place, place + 2, false));
    }
    assert_eq!(heads(client.vote().await.unwrap().tally.as_ref()), "1-0-0-0-1");
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A"]).await.unwrap();
    client.table(majority(TieBreak::Unspecified)).await.unwrap();
    let early = ballot("A", Choice::Yes);
    client.send(early.clone()).await.refused(Code::FailedPrecondition, "WRONG_STATE");
    client.open().await.unwrap();
    let other = proto::CastBallotRequest { choice: Choice::No.into(), ..early.clone() };
    assert!(!client.send(other.clone()).await.unwrap().replayed, "the id was free, for any content");
    client.send(early).await.refused(Code::AlreadyExists, "REQUEST_ID_REUSED");
    assert!(client.send(other).await.unwrap().replayed);
    assert_eq!(heads(client.vote().await.unwrap().tally.as_ref()), "0-1-0-0-0");
}

#[tokio::test]
async fn ballots_cast_together_and_alone_share_their_ids() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A", "B"], majority(TieBreak::Unspecified)).await;
    let (a, b) = (ballot("A", Choice::Yes), ballot("B", Choice::No));
    let alone = client.send(b.clone()).await.unwrap();
    let reused = proto::CastBallotRequest { choice: Choice::No.into(), ..a.clone() };
    let request = proto::CastBallotsRequest { ballots: vec![a.clone(), a.clone(), b, reused] };
    let results = client.ballots.cast_ballots(request).await.unwrap().into_inner().results;
    let results: Vec<_> = results.into_iter().map(|result| result.result.unwrap()).collect();
    let [
        proto::ballot_result::Result::Receipt(first),
        proto::ballot_result::Result::Receipt(again),
        proto::ballot_result::Result::Receipt(of_b),
        proto::ballot_result::Result::Refusal(refusal),
    ] = results.as_slice()
    else {
        panic!("{results:?}")
    };
    assert_eq!((first.seq, first.replayed), (alone.seq + 1, false));
    assert_eq!(*again, Receipt { replayed: true, ..first.clone() });
    assert_eq!(*of_b, Receipt { replayed: true, ..alone.clone() });
    assert_eq!(refusal.reason(), proto::ErrorReason::RequestIdReused);
    assert_eq!(client.send(a).await.unwrap(), *again);
    assert_eq!(client.end().await, first.seq);
}

#[tokio::test]
async fn requests_sent_at_once_under_one_id_give_one_entry() {
    let server = Server::new();
    let mut client = server.client().await;
    client.ready(&["A"], majority(TieBreak::Unspecified)).await;
    let other = server.client().await;
    for round in 0..50 {
        let end = client.end().await;
        let ballot = ballot("A", [Choice::Yes, Choice::No][round % 2]);
        let sent: Vec<_> = (0..4)
            .map(|at| {
                let (mut client, ballot) = ([&client, &other][at % 2].clone(), ballot.clone());
                tokio::spawn(async move { client.send(ballot).await.unwrap() })
            })
            .collect();
        let mut receipts = Vec::new();
        for one in sent {
            receipts.push(one.await.unwrap());
        }
        assert_eq!(receipts.iter().filter(|receipt| !receipt.replayed).count(), 1, "{receipts:?}");
        assert!(receipts.iter().all(|receipt| receipt.seq == end + 1), "{receipts:?}");
        assert_eq!(client.end().await, end + 1);
    }
}
