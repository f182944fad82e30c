//! A body's members, made those of the data from vote to vote. Knows nothing of ballots.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::calls::Calls;
use super::conduct::Stop;
use super::derive::{request_id, shortened};
use crate::cli::client::Failure;
use crate::cli::{names, pages};
use crate::proto;

/// Members that are admitted at once at most, as the API has it.
const MAX_ADMITTED: usize = 1_000;

/// The bodies met so far, by identifier, with the members seated in each by code.
#[derive(Default)]
pub struct Seating(HashMap<String, Seats>);

/// The members seated in one body.
#[derive(Default)]
struct Seats {
    members: BTreeMap<String, proto::Member>,
    /// Up to where the record had been read when they were listed, and the changes made since. Ids of changes follow from
    /// these and not from the data alone: the same change may be due again in a later run, from another seating.
    read: u64,
    changes: u64,
}

impl Seats {
    /// The id of the next change, and of what it is. Nothing counts twice for it: a run begins by reading who is seated.
    fn change(&mut self, parent: &str, what: &[&str]) -> String {
        self.changes += 1;
        let (read, changes) = (self.read.to_string(), self.changes.to_string());
        request_id(&[&[parent, &read, &changes], what].concat())
    }
}

impl Seating {
    /// Records the body, where it is not on record yet, and learns who is seated. Returns how many entries that made.
    pub async fn found(&mut self, calls: &Calls, id: &str, name: &str) -> Result<u64, Stop> {
        let entries = create(calls, id, name).await?;
        self.0.insert(id.to_owned(), seated(calls, &format!("bodies/{id}")).await?);
        Ok(entries)
    }

    /// Seats just these members of the body, codes and names. Returns how many entries that made.
    pub async fn follow(&mut self, calls: &Calls, id: &str, wanted: &[(&str, &str)]) -> Result<u64, Stop> {
        let parent = format!("bodies/{id}");
        let mut entries = 0;
        let seats = self.0.entry(id.to_owned()).or_default();
        let codes: HashSet<&str> = wanted.iter().map(|(code, _)| *code).collect();
        let gone: Vec<String> = seats.members.keys().filter(|code| !codes.contains(code.as_str())).cloned().collect();
        for code in gone {
            let name = format!("{parent}/members/{code}");
            let request_id = seats.change(&parent, &["withdraw", &code]);
            let request = proto::WithdrawMemberRequest { name, request_id };
            entries += made(
                calls.make(request, |mut to, it| async move { to.bodies.withdraw_member(it).await }).await?.receipt,
            );
            seats.members.remove(&code);
        }
        entries += admit(calls, &parent, seats, wanted).await?;
        for (code, name) in wanted {
            let Some(member) = seats.members.get(*code).filter(|member| member.display_name != *name) else { continue };
            let revised = proto::Member { display_name: (*name).to_owned(), suspension: None, ..member.clone() };
            let request_id = seats.change(&parent, &["revise", code, name]);
            let request = proto::ReviseMemberRequest { member: Some(revised.clone()), request_id };
            entries +=
                made(calls.make(request, |mut to, it| async move { to.bodies.revise_member(it).await }).await?.receipt);
            seats.members.insert((*code).to_owned(), revised);
        }
        Ok(entries)
    }
}

async fn admit(calls: &Calls, parent: &str, seats: &mut Seats, wanted: &[(&str, &str)]) -> Result<u64, Stop> {
    let mut entries = 0;
    let new: Vec<_> = wanted.iter().filter(|(code, _)| !seats.members.contains_key(*code)).collect();
    for some in new.chunks(MAX_ADMITTED) {
        let member = |(code, name): &&(&str, &str)| proto::Member {
            name: format!("{parent}/members/{code}"),
            display_name: (*name).to_owned(),
            ..Default::default()
        };
        let members: Vec<_> = some.iter().map(member).collect();
        let of: Vec<&str> = ["admit"].into_iter().chain(some.iter().flat_map(|(code, name)| [*code, *name])).collect();
        let request = proto::AdmitMembersRequest {
            parent: parent.to_owned(),
            members: members.clone(),
            request_id: seats.change(parent, &of),
        };
        entries +=
            made(calls.make(request, |mut to, it| async move { to.bodies.admit_members(it).await }).await?.receipt);
        seats.members.extend(some.iter().map(|(code, _)| (*code).to_owned()).zip(members));
    }
    Ok(entries)
}

async fn create(calls: &Calls, id: &str, name: &str) -> Result<u64, Stop> {
    let parent = format!("bodies/{id}");
    let display_name = shortened(name, super::data::MAX_DISPLAY);
    let body = proto::Body { display_name, ..Default::default() };
    let request_id = request_id(&[&parent, "create"]);
    let request = proto::CreateBodyRequest { body_id: id.to_owned(), body: Some(body), request_id };
    match calls.make(request, |mut to, it| async move { to.bodies.create_body(it).await }).await {
        Ok(answer) => Ok(made(answer.receipt)),
        Err(Failure::Status(status)) if status.code() == tonic::Code::AlreadyExists => Err(Stop::Refused(format!(
            "{parent} is on record, and was not made by a replay of {name:?}: its members are not touched; name another body with --body"
        ))),
        Err(failure) => Err(failure.into()),
    }
}

async fn seated(calls: &Calls, parent: &str) -> Result<Seats, Stop> {
    let (mut members, mut read) = (BTreeMap::new(), 0);
    let fetch = async |page_token| {
        let request = proto::ListMembersRequest { parent: parent.to_owned(), page_size: pages::PAGE, page_token };
        let page = calls.make(request, |mut to, it| async move { to.bodies.list_members(it).await }).await?;
        read = page.seq;
        Ok((page.members, page.next_page_token))
    };
    let seat = |member: proto::Member| {
        members.insert(names::id(&member.name).to_owned(), member);
        Ok::<_, Failure>(())
    };
    pages::each(fetch, seat).await?;
    Ok(Seats { members, read, changes: 0 })
}

/// The entries that a request made: none where it was on record before.
pub fn made(receipt: Option<proto::Receipt>) -> u64 {
    u64::from(receipt.is_some_and(|receipt| !receipt.replayed))
}
