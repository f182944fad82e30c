//! Bodies and members.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::malformed::{Fields, Malformed};
use super::request::requests_that_name;
use crate::domain::limits::{MAX_BATCH, MAX_GROUPS, MAX_WEIGHTS, is_key, is_weight};
use crate::domain::{Body, BodyId, Command, Intent, Member, MemberName, Seat};
use crate::proto;

impl TryFrom<proto::CreateBodyRequest> for Command {
    type Error = Malformed;

    fn try_from(mut request: proto::CreateBodyRequest) -> Result<Self, Malformed> {
        let mut fields = Fields::default();
        let request_id = std::mem::take(&mut request.request_id);
        let key = fields.key(&request, &request_id);
        let body = fields.read("body_id", request.body_id.parse::<BodyId>());
        let proto::Body { display_name, seats, .. } = request.body.unwrap_or_default();
        fields.line("body.display_name", &display_name);
        let command = key.zip(body).map(|(request, body)| {
            let intent = Intent::CreateBody { body, display_name, seats };
            Command { request, intent }
        });
        fields.finish(command)
    }
}

impl TryFrom<proto::AdmitMembersRequest> for Command {
    type Error = Malformed;

    fn try_from(mut request: proto::AdmitMembersRequest) -> Result<Self, Malformed> {
        let mut fields = Fields::default();
        let request_id = std::mem::take(&mut request.request_id);
        let key = fields.key(&request, &request_id);
        let body = fields.read("parent", BodyId::from_name(&request.parent));
        let count = request.members.len();
        fields.unless((1..=MAX_BATCH).contains(&count), "members", "must be 1 to 1000");
        let mut seen = BTreeSet::new();
        let mut members = Vec::with_capacity(count);
        for (at, member) in request.members.into_iter().take(MAX_BATCH).enumerate() {
            let field = format!("members[{at}]");
            let Some((of, member)) = read(&mut fields, &field, member) else { continue };
            let here = body.as_ref().is_none_or(|body| *body == of);
            fields.unless(here, &format!("{field}.name"), "must be a member of the body that `parent` names");
            let new = seen.insert(member.id.as_str().to_ascii_lowercase());
            fields.unless(new, &format!("{field}.name"), "must not be another member's name, nor differ only in case");
            members.push(Arc::new(member));
        }
        let command = key.zip(body).map(|(request, body)| {
            let intent = Intent::AdmitMembers { body, members };
            Command { request, intent }
        });
        fields.finish(command)
    }
}

impl TryFrom<proto::ReviseBodyRequest> for Command {
    type Error = Malformed;

    fn try_from(mut request: proto::ReviseBodyRequest) -> Result<Self, Malformed> {
        let mut fields = Fields::default();
        let request_id = std::mem::take(&mut request.request_id);
        let key = fields.key(&request, &request_id);
        let proto::Body { name, display_name, seats, .. } = request.body.unwrap_or_default();
        let body = fields.read("body.name", BodyId::from_name(&name));
        fields.line("body.display_name", &display_name);
        let command = key.zip(body).map(|(request, body)| {
            let intent = Intent::ReviseBody { body, display_name, seats };
            Command { request, intent }
        });
        fields.finish(command)
    }
}

impl TryFrom<proto::ReviseMemberRequest> for Command {
    type Error = Malformed;

    fn try_from(mut request: proto::ReviseMemberRequest) -> Result<Self, Malformed> {
        let mut fields = Fields::default();
        let request_id = std::mem::take(&mut request.request_id);
        let key = fields.key(&request, &request_id);
        let member = read(&mut fields, "member", request.member.unwrap_or_default());
        let command = key.zip(member).map(|(request, (body, member))| {
            let intent = Intent::ReviseMember { body, member: Arc::new(member) };
            Command { request, intent }
        });
        fields.finish(command)
    }
}

requests_that_name! {
    member: MemberName;
    WithdrawMemberRequest => WithdrawMember;
    SuspendVotingRightRequest => SuspendVotingRight, reason;
    RestoreVotingRightRequest => RestoreVotingRight;
}

/// A member as a request has it.
fn read(fields: &mut Fields, field: &str, member: proto::Member) -> Option<(BodyId, Member)> {
    fields.line(&format!("{field}.display_name"), &member.display_name);
    let weights = format!("{field}.weights");
    fields.unless(member.weights.len() <= MAX_WEIGHTS, &weights, "must be at most 16");
    let named = member.weights.keys().all(|name| is_weight(name));
    fields.unless(named, &weights, "must have names of 1 to 63 bytes, none of them \"head\": heads need no weight");
    let groups = format!("{field}.groups");
    fields.unless(member.groups.len() <= MAX_GROUPS, &groups, "must be at most 32");
    fields.unless(member.groups.iter().all(|name| is_key(name)), &groups, "must have names of 1 to 63 bytes");
    let distinct: BTreeSet<_> = member.groups.iter().collect();
    fields.unless(distinct.len() == member.groups.len(), &groups, "must not name a group twice");
    let name: MemberName = fields.read(&format!("{field}.name"), member.name.parse())?;
    let proto::Member { display_name, weights, groups, .. } = member;
    Some((name.body, Member { id: name.member, display_name, weights, groups }))
}

/// A body as it now is.
#[must_use]
pub fn body(body: &Body) -> proto::Body {
    proto::Body {
        name: body.id.name(),
        display_name: body.display_name.clone(),
        seats: body.seats,
        member_count: body.member_count(),
        create_time: Some(super::time::out(body.create_time)),
        seq: body.seq.get(),
    }
}

/// A member of a body, and whether it may vote.
#[must_use]
pub fn seated(body: &BodyId, seat: &Seat) -> proto::Member {
    let suspension = seat.suspension.as_ref().map(|suspension| proto::VotingRightSuspension {
        reason: suspension.reason.clone(),
        suspend_time: Some(super::time::out(suspension.suspend_time)),
    });
    proto::Member { suspension, ..member(body, &seat.member) }
}

/// A member of a body.
#[must_use]
pub fn member(body: &BodyId, member: &Member) -> proto::Member {
    proto::Member {
        name: MemberName { body: body.clone(), member: member.id.clone() }.to_string(),
        display_name: member.display_name.clone(),
        weights: member.weights.clone(),
        groups: member.groups.clone(),
        suspension: None,
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    /// What one member takes of an encoded roll.
    fn encoded(body: &BodyId, one: &Member) -> usize {
        proto::VoteOpened { roll: vec![member(body, one)], ..Default::default() }.encoded_len()
    }

    #[test]
    fn a_member_is_reckoned_with_what_it_takes_on_a_roll_or_a_little_more() {
        let body: BodyId = "b".repeat(63).parse().expect("a body's id");
        let key = |at: usize| format!("{at:063}");
        for (display_name, weights, groups) in
            [(0, 0, 0), (500, 0, 0), (0, MAX_WEIGHTS, 0), (0, 0, MAX_GROUPS), (500, 1, 1)]
        {
            let one = Member {
                id: key(0).parse().expect("a member's id"),
                display_name: "n".repeat(display_name),
                weights: (0..weights).map(|at| (key(at), u64::MAX)).collect(),
                groups: (0..groups).map(key).collect(),
            };
            let (takes, reckoned) = (encoded(&body, &one), "bodies//members/".len() + 63 + one.roll_bytes());
            assert!((takes..takes * 5 / 4).contains(&reckoned), "{takes} bytes are reckoned as {reckoned}");
        }
    }
}
