//! A member's particulars changed: read, change, write.

use crate::cli::client::{Clients, Failure, RequestId, change};
use crate::cli::{names, screen, words};
use crate::proto;

/// Change a member's display name, weights or groups.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall member revise un-ga/ALB --weight population=2790000 --group permanent
  rollcall member revise un-ga/ALB --without-group permanent")]
pub struct Args {
    /// The member, as BODY/MEMBER
    member: String,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    request: RequestId,
}

#[derive(clap::Args)]
#[group(required = true, multiple = true)]
struct Changes {
    /// What people call it
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// A weight to set; its others stay
    #[arg(long = "weight", value_name = "NAME=NUMBER", value_parser = words::weight)]
    weights: Vec<(String, u64)>,
    /// A weight to take away
    #[arg(long, value_name = "NAME")]
    without_weight: Vec<String>,
    /// A group to join; it stays in its others
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// A group to leave
    #[arg(long, value_name = "GROUP")]
    without_group: Vec<String>,
}

impl Changes {
    /// The member with what was given changed.
    fn on(self, mut member: proto::Member) -> proto::Member {
        member.display_name = self.display_name.unwrap_or(member.display_name);
        member.weights.extend(self.weights);
        member.weights.retain(|name, _| !self.without_weight.contains(name));
        for group in self.groups {
            if !member.groups.contains(&group) {
                member.groups.push(group);
            }
        }
        member.groups.retain(|group| !self.without_group.contains(group));
        member
    }
}

impl Args {
    /// Changes it.
    pub async fn run(self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        names::split(&self.member, "members")?;
        let name = names::member(&self.member);
        let found = super::find(clients, &name).await?;
        // A member that is not there is left to the server, which says so as it says it of all things.
        let member = found.unwrap_or_else(|| proto::Member { name: name.clone(), ..Default::default() });
        let revised = self.changes.on(proto::Member { suspension: None, ..member });
        let request_id = self.request.get();
        let request = proto::ReviseMemberRequest { member: Some(revised), request_id: request_id.clone() };
        let answer = change(&request_id, clients.bodies.revise_member(request)).await?;
        screen::done(json, &answer, &name, "is revised", answer.receipt.as_ref())
    }
}
