//! Whatever is sent, the answer is the right error, the server goes on, and the record stays as it was: one table of calls in
//! protobuf's JSON, and beside it what JSON cannot say.

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage};
use rollcall::proto::{self, Choice};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::client::{majority, member, preset};
use crate::harness::{Client, Expect, Server, uuid};

mod raw;
mod table;

/// Details stay below this.
const MAX_DETAILS: usize = 4 << 10;

/// A body `hall` of A, B and C, with a vote in each state; a body `empty` without members; and a body `heavy`, whose shares
/// are more than can be summed, with a draft that counts them.
async fn world() -> (Server, Client) {
    let server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A", "B", "C"]).await.unwrap();
    for state in ["draft", "open", "suspended", "locked", "declared", "annulled", "withdrawn"] {
        let rule = Some(majority(proto::TieBreak::Unspecified));
        client.table_as(state, proto::Vote { rule, ..Default::default() }).await.unwrap();
        let name = format!("bodies/hall/votes/{state}");
        let request_id = uuid();
        if state == "withdrawn" {
            let withdraw = proto::WithdrawVoteRequest { name: name.clone(), request_id: request_id.clone() };
            client.votes.withdraw_vote(withdraw).await.unwrap();
        } else if state != "draft" {
            client.open_as(&name, 0).await.unwrap();
            client.send(proto::CastBallotRequest { vote: name.clone(), ..yes("A") }).await.unwrap();
        }
        match state {
            "suspended" => {
                let suspend = proto::SuspendVoteRequest { name, request_id, ..Default::default() };
                client.votes.suspend_vote(suspend).await.map(drop).unwrap();
            }
            "annulled" => {
                let annul = proto::AnnulVoteRequest { name, request_id, ..Default::default() };
                client.votes.annul_vote(annul).await.map(drop).unwrap();
            }
            "locked" => drop(client.lock_as(&name).await.unwrap()),
            "declared" => {
                client.lock_as(&name).await.unwrap();
                client.declare_as(&name, proto::Outcome::Adopted, "").await.map(drop).unwrap();
            }
            _ => {}
        }
    }
    unfit(&mut client).await;
    (server, client)
}

fn yes(member: &str) -> proto::CastBallotRequest {
    proto::CastBallotRequest {
        member: member.into(),
        choice: Choice::Yes.into(),
        request_id: uuid(),
        ..Default::default()
    }
}

/// The server takes a ballot as if nothing had been.
async fn goes_on(client: &mut Client, member: &str) {
    let cast = proto::CastBallotRequest { vote: "bodies/hall/votes/open".into(), ..yes(member) };
    client.send(cast).await.expect("the server goes on");
}

/// Bodies whose votes cannot be opened.
async fn unfit(client: &mut Client) {
    let draft = async |client: &mut Client, body: &str, id: &str, rule: proto::Rule| {
        let vote = Some(proto::Vote { rule: Some(rule), ..Default::default() });
        let parent = format!("bodies/{body}");
        let create = proto::CreateVoteRequest { parent, vote_id: id.into(), vote, request_id: uuid() };
        client.votes.create_vote(create).await.unwrap();
    };
    for body in ["empty", "heavy"] {
        let create = proto::CreateBodyRequest { body_id: body.into(), request_id: uuid(), ..Default::default() };
        client.bodies.create_body(create).await.unwrap();
    }
    let shares = |id: &str| proto::Member {
        name: format!("bodies/heavy/members/{id}"),
        weights: [("shares".to_owned(), u64::MAX)].into(),
        ..member(id)
    };
    let members = vec![shares("A"), shares("B")];
    let admit = proto::AdmitMembersRequest { parent: "bodies/heavy".into(), members, request_id: uuid() };
    client.bodies.admit_members(admit).await.unwrap();
    let mut by_shares = majority(proto::TieBreak::Unspecified);
    if let Some(proto::requirement::Kind::Threshold(one)) = &mut by_shares.requirements[0].kind {
        one.weight = "shares".into();
    }
    draft(client, "empty", "q", preset("un.ga.simple")).await;
    draft(client, "heavy", "q", by_shares.clone()).await;
    draft(client, "hall", "by-shares", by_shares).await;
    draft(client, "hall", "vetoed", preset("un.sc.substantive")).await;
}

/// Calls a method with a request in protobuf's JSON, and says how it ended.
async fn call(client: &Client, pool: &DescriptorPool, name: &str, json: &str) -> Result<(), Status> {
    let mut methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
    let method = methods.find(|method| method.name() == name).unwrap_or_else(|| panic!("no method {name}"));
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let request = DynamicMessage::deserialize(method.input(), &mut deserializer);
    let request = request.unwrap_or_else(|problem| panic!("{name} {json}: {problem}"));
    let path = format!("/{}/{name}", method.parent_service().full_name());
    raw::call(&client.channel, &path, request.encode_to_vec()).await
}

/// How a call ended, in a line: the code, the reason, and the fields that are named.
fn told(status: &Status) -> String {
    assert!(status.details().len() < MAX_DETAILS, "{} bytes of details", status.details().len());
    assert!(!status.message().is_empty());
    let details = status.get_error_details();
    let mut told = format!("{:?}", status.code());
    if let Some(info) = details.error_info() {
        assert_eq!(info.domain, "rollcall");
        told += &format!(" {}", info.reason);
    }
    let fields = details.bad_request().map_or(&[][..], |bad| &bad.field_violations);
    assert!(fields.iter().all(|one| !one.description.is_empty()), "{fields:?}");
    told + &fields.iter().map(|one| format!(" {}", one.field)).collect::<String>()
}

#[tokio::test]
async fn each_bad_call_gets_the_right_error_and_leaves_no_trace() {
    let (_server, mut client) = world().await;
    let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).unwrap();
    let entries = client.entries().await;
    let mut wrong = Vec::new();
    for (method, json, expected) in table::calls() {
        let ended = match call(&client, &pool, method, &json).await {
            Ok(()) => "it was taken".to_owned(),
            Err(status) => told(&status),
        };
        if ended != expected {
            let json: String = json.chars().take(300).collect();
            wrong.push(format!("{method} {json}\n  expected {expected}\n  but      {ended}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(client.entries().await, entries, "the record changed");
    goes_on(&mut client, "B").await;
}

#[tokio::test]
async fn every_method_of_the_contract_stands_in_the_table() {
    let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).unwrap();
    let tried: std::collections::BTreeSet<_> = table::calls().into_iter().map(|(method, ..)| method).collect();
    let methods = pool.services().filter(|service| service.full_name().starts_with("rollcall."));
    let methods = methods.flat_map(|service| service.methods().map(|one| one.name().to_owned()).collect::<Vec<_>>());
    // The first takes nothing that could be wrong; the second answers within its stream, as streaming.rs has it.
    let left: Vec<_> =
        methods.filter(|name| !tried.contains(&**name) && name != "ListRules" && name != "StreamBallots").collect();
    assert!(left.is_empty(), "not in the table: {left:?}");
}

#[tokio::test]
async fn what_json_cannot_say_is_refused_too() {
    let (server, mut client) = world().await;
    let entries = client.entries().await;
    let cast = "/rollcall.v1.BallotService/CastBallot";
    let admit = "/rollcall.v1.BodyService/AdmitMembers";
    let cases: [(&str, &str, Vec<u8>, &str); 6] = [
        ("a text that is no UTF-8", cast, vec![0x0a, 2, 0xff, 0xfe], "Internal"),
        ("a field of the wrong kind", cast, vec![0x08, 1], "Internal"),
        ("a length beyond the end", cast, vec![0x0a, 0x7f, b'b'], "Internal"),
        ("a message that never ends", cast, vec![0xff; 64], "Internal"),
        ("5 MB", admit, [&[0x0a, 0x80, 0x96, 0xb1, 0x02][..], &vec![b'x'; 5_000_000]].concat(), "OutOfRange"),
        ("no such method", "/rollcall.v1.BallotService/Stuff", Vec::new(), "Unimplemented"),
    ];
    for (what, path, bytes, expected) in cases {
        let status = raw::call(&client.channel, path, bytes).await.expect_err(what);
        assert_eq!(format!("{:?}", status.code()), expected, "{what}: {status:?}");
    }
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff", &[0; 4_096]] {
        raw::shout(&server.address, garbage).await;
    }
    assert_eq!(client.entries().await, entries, "the record changed");
    goes_on(&mut client, "B").await;
}

#[tokio::test]
async fn clients_that_vanish_in_the_middle_leave_what_was_answered_and_harm_nobody() {
    let (server, mut client) = world().await;
    for _ in 0..20 {
        raw::vanish(server.client().await).await;
    }
    goes_on(&mut client, "C").await;
    let end = client.end().await;
    let vote = "bodies/hall/votes/open";
    let tally = proto::GetTallyRequest { vote: vote.into(), at_least_seq: end, by_group: true };
    let frame = client.tallies.get_tally(tally).await.unwrap().into_inner().frame.unwrap();
    // Member B's ballots may have come through or not; each member counts once.
    let heads = frame.tally.unwrap().heads.unwrap();
    assert_eq!(heads.yes + heads.not_voting, 3, "{heads:?}");
}

#[tokio::test]
async fn more_votes_than_can_be_open_is_told_by_its_figures() {
    // The bound itself takes ten thousand votes to reach; a body of one member and a tiny rule keep that to seconds.
    let server = Server::new();
    let mut client = server.client().await;
    client.seat(&["A"]).await.unwrap();
    let rule = Some(majority(proto::TieBreak::Unspecified));
    let tabled = proto::Vote { rule, ..Default::default() };
    let open = async |mut client: Client, at: usize, tabled: proto::Vote| {
        let id = format!("q{at}");
        client.table_as(&id, tabled).await?;
        client.open_as(&format!("bodies/hall/votes/{id}"), 0).await
    };
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..50 {
        let (client, tabled) = (client.clone(), tabled.clone());
        tasks.spawn(async move {
            for at in (lane..10_000).step_by(50) {
                open(client.clone(), at, tabled.clone()).await.unwrap();
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let refused = open(client.clone(), 10_000, tabled).await.refused(Code::FailedPrecondition, "LIMIT_REACHED");
    let metadata = refused.get_details_error_info().unwrap().metadata;
    assert_eq!((&*metadata["bound"], &*metadata["limit"], &*metadata["asked"]), ("open_votes", "10000", "10001"));
    client.lock_as("bodies/hall/votes/q77").await.unwrap();
    client.open_as("bodies/hall/votes/q10000", 0).await.expect("there is room again");
}
