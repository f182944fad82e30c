//! One request of every kind, and the digest with which its repetition is known.

use std::collections::BTreeMap;

use rollcall::domain::{Command, Digest};
use rollcall::presets::Presets;
use rollcall::proto;
use rollcall::wire::vote::Draft;

/// The digests with which retries are compared: they are stored, so the canonical form is a promise too.
pub fn digests() -> Vec<(&'static str, Digest)> {
    let request_id = "0188b2a0-0000-4000-8000-000000000001".to_owned();
    let name = "bodies/un-ga/votes/es-11-4".to_owned();
    let weights = BTreeMap::from([("b".to_owned(), 2), ("a".to_owned(), 1)]);
    let member = proto::Member { name: "bodies/un-ga/members/ALB".into(), weights, ..Default::default() };
    let body = proto::Body { display_name: "Hall".into(), seats: 3, ..Default::default() };
    let rule = Some(proto::Rule { preset: "un.ga.simple".into(), ..Default::default() });
    let vote = proto::Vote { title: "Title".into(), rule, ..Default::default() };
    let create_body =
        proto::CreateBodyRequest { body_id: "hall".into(), body: Some(body), request_id: request_id.clone() };
    let admit = proto::AdmitMembersRequest {
        parent: "bodies/un-ga".into(),
        members: vec![member],
        request_id: request_id.clone(),
    };
    let create_vote = proto::CreateVoteRequest {
        parent: "bodies/un-ga".into(),
        vote_id: "es-11-4".into(),
        vote: Some(vote),
        request_id: request_id.clone(),
    };
    let open = proto::OpenVoteRequest {
        name: name.clone(),
        members_present: 9,
        request_id: request_id.clone(),
        lock_after: None,
    };
    let cast = proto::CastBallotRequest {
        vote: name.clone(),
        member: "ALB".into(),
        choice: proto::Choice::Yes.into(),
        request_id: request_id.clone(),
    };
    let lock = proto::LockVoteRequest { name: name.clone(), request_id: request_id.clone() };
    let declare = proto::DeclareResultRequest {
        name: name.clone(),
        outcome: proto::Outcome::Adopted.into(),
        ruling: "so ruled".into(),
        adopted_symbol: "A/RES/1".into(),
        request_id: request_id.clone(),
    };
    let presets = Presets::built_in().unwrap();
    let commands: Vec<(&str, Command)> = vec![
        ("CreateBody", create_body.try_into().unwrap()),
        ("AdmitMembers", admit.try_into().unwrap()),
        ("CreateVote", Draft::from(create_vote).command(|name| presets.get(name).cloned()).unwrap()),
        ("OpenVote", open.try_into().unwrap()),
        ("CastBallot", cast.try_into().unwrap()),
        ("LockVote", lock.try_into().unwrap()),
        ("DeclareResult", declare.try_into().unwrap()),
    ];
    let commands = commands.into_iter().chain(later_commands(&name, &request_id));
    commands.into_iter().map(|(call, command)| (call, command.request.digest)).collect()
}

/// The requests that came to the contract's service after those of a plain vote.
fn later_commands(vote: &str, request_id: &str) -> Vec<(&'static str, Command)> {
    let (id, name) = (|| request_id.to_owned(), || vote.to_owned());
    let (seat, reason) = (|| "bodies/un-ga/members/ALB".to_owned(), || "in words".to_owned());
    let body =
        Some(proto::Body { name: "bodies/un-ga".into(), display_name: "Hall".into(), seats: 3, ..Default::default() });
    let weights = BTreeMap::from([("b".to_owned(), 2), ("a".to_owned(), 1)]);
    let member = Some(proto::Member { name: seat(), weights, ..Default::default() });
    let lock_after = Some(prost_types::Duration { seconds: 3_600, nanos: 5 });
    let timed = proto::OpenVoteRequest { name: name(), members_present: 9, request_id: id(), lock_after };
    let suspend_right = proto::SuspendVotingRightRequest { name: seat(), reason: reason(), request_id: id() };
    let withdraw_ballot = proto::WithdrawBallotRequest { name: format!("{vote}/ballots/ALB"), request_id: id() };
    let suspend = proto::SuspendVoteRequest { name: name(), reason: reason(), request_id: id() };
    let adopt = proto::AdoptWithoutVoteRequest { name: name(), adopted_symbol: "A/RES/1".into(), request_id: id() };
    let casting = proto::GiveCastingVoteRequest {
        name: name(),
        choice: proto::Choice::Yes.into(),
        reason: reason(),
        request_id: id(),
        given_by: "the Speaker".into(),
    };
    let (kind, intended) = (proto::statement::Kind::IntendedVote.into(), proto::Choice::No.into());
    let statement = Some(proto::Statement { kind, member: seat(), intended, text: reason() });
    let correction = Some(proto::Correction { member: seat(), corrected: proto::Choice::Yes.into(), reason: reason() });
    let stated = proto::RecordStatementRequest { name: name(), statement, request_id: id() };
    let corrected = proto::CorrectBallotRequest { name: name(), correction, request_id: id() };
    let annul = proto::AnnulVoteRequest { name: name(), reason: reason(), request_id: id() };
    vec![
        ("ReviseBody", proto::ReviseBodyRequest { body, request_id: id() }.try_into().unwrap()),
        ("ReviseMember", proto::ReviseMemberRequest { member, request_id: id() }.try_into().unwrap()),
        ("WithdrawMember", proto::WithdrawMemberRequest { name: seat(), request_id: id() }.try_into().unwrap()),
        ("SuspendVotingRight", suspend_right.try_into().unwrap()),
        ("RestoreVotingRight", proto::RestoreVotingRightRequest { name: seat(), request_id: id() }.try_into().unwrap()),
        ("WithdrawVote", proto::WithdrawVoteRequest { name: name(), request_id: id() }.try_into().unwrap()),
        ("OpenVote,timed", timed.try_into().unwrap()),
        ("WithdrawBallot", withdraw_ballot.try_into().unwrap()),
        ("SuspendVote", suspend.try_into().unwrap()),
        ("ResumeVote", proto::ResumeVoteRequest { name: name(), request_id: id() }.try_into().unwrap()),
        ("AnnulVote", annul.try_into().unwrap()),
        ("AdoptWithoutVote", adopt.try_into().unwrap()),
        ("GiveCastingVote", casting.try_into().unwrap()),
        ("RecordStatement", stated.try_into().unwrap()),
        ("CorrectBallot", corrected.try_into().unwrap()),
    ]
}
