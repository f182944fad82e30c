//! Record, show, list and revise bodies.

use super::client::{Clients, Connection, Failure, RequestId, change};
use super::screen::{self, Listing, fact};
use super::words::many;
use super::{names, pages, time};
use crate::proto;

/// Record, show, list and revise bodies.
#[derive(clap::Args)]
#[command(after_help = "Example:
  rollcall body create un-ga --display-name 'General Assembly' --seats 193")]
pub struct Args {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Record a body
    #[command(after_help = "Example:
  rollcall body create un-ga --display-name 'General Assembly' --seats 193")]
    Create {
        /// Its name: small letters, digits and hyphens
        body: String,
        #[command(flatten)]
        particulars: Particulars,
        #[command(flatten)]
        request: RequestId,
    },
    /// Show a body
    #[command(after_help = "Example:
  rollcall body show un-ga")]
    Show {
        /// The body
        body: String,
    },
    /// List all bodies
    #[command(after_help = "Example:
  rollcall body list --json | jq -r .name")]
    List,
    /// Change a body's display name or its number of seats; what is not given stays
    #[command(after_help = "Example:
  rollcall body revise un-ga --seats 194")]
    Revise {
        /// The body
        body: String,
        #[command(flatten)]
        particulars: Particulars,
        #[command(flatten)]
        request: RequestId,
    },
}

/// What can be said of a body.
#[derive(clap::Args)]
struct Particulars {
    /// What people call it
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// Seats by statute, vacancies included; 0: as many as there are members
    #[arg(long, value_name = "NUMBER")]
    seats: Option<u32>,
}

impl Particulars {
    /// The body with what was given changed.
    fn on(self, mut body: proto::Body) -> proto::Body {
        body.display_name = self.display_name.unwrap_or(body.display_name);
        body.seats = self.seats.unwrap_or(body.seats);
        body
    }
}

impl Args {
    /// Runs the command.
    pub async fn run(self) -> Result<(), Failure> {
        let mut clients = self.connection.connect().await?;
        let json = self.connection.json;
        match self.command {
            Command::Create { body, particulars, request } => {
                create(&mut clients, json, &body, particulars, request).await
            }
            Command::Show { body } => {
                let body = get(&mut clients, &body).await?;
                screen::show(json, &body, || lines(&body))
            }
            Command::List => list(&mut clients, json).await,
            Command::Revise { body, particulars, request } => {
                revise(&mut clients, json, &body, particulars, request).await
            }
        }
    }
}

async fn create(
    clients: &mut Clients,
    json: bool,
    body: &str,
    particulars: Particulars,
    request: RequestId,
) -> Result<(), Failure> {
    let name = names::body(body);
    let request_id = request.get();
    let create = proto::CreateBodyRequest {
        body_id: names::short(&name),
        body: Some(particulars.on(proto::Body::default())),
        request_id: request_id.clone(),
    };
    let answer = change(&request_id, clients.bodies.create_body(create)).await?;
    screen::done(json, &answer, &name, "is on record", answer.receipt.as_ref())
}

async fn get(clients: &mut Clients, body: &str) -> Result<proto::Body, Failure> {
    let request = proto::GetBodyRequest { name: names::body(body) };
    Ok(clients.bodies.get_body(request).await?.into_inner().body.unwrap_or_default())
}

async fn list(clients: &mut Clients, json: bool) -> Result<(), Failure> {
    let mut listing = Listing::new(json, &["BODY", "NAME", "SEATS", "MEMBERS"]);
    let fetch = async |page_token| {
        let request = proto::ListBodiesRequest { page_size: pages::PAGE, page_token };
        let page = clients.bodies.list_bodies(request).await?.into_inner();
        Ok((page.bodies, page.next_page_token))
    };
    pages::each(fetch, |body| {
        listing.add(&body, |body| {
            let (seats, members) = (body.seats.to_string(), body.member_count.to_string());
            vec![names::short(&body.name), body.display_name.clone(), seats, members]
        })
    })
    .await?;
    listing.end("there are no bodies")
}

async fn revise(
    clients: &mut Clients,
    json: bool,
    body: &str,
    particulars: Particulars,
    request: RequestId,
) -> Result<(), Failure> {
    if particulars.display_name.is_none() && particulars.seats.is_none() {
        return Err(Failure::Usage("nothing to revise: give --display-name, --seats or both".into()));
    }
    // What the server says of the body beside that is no part of the request: a repetition would differ in it.
    let proto::Body { name, display_name, seats, .. } = get(clients, body).await?;
    let revised = particulars.on(proto::Body { name: name.clone(), display_name, seats, ..Default::default() });
    let request_id = request.get();
    let revise = proto::ReviseBodyRequest { body: Some(revised), request_id: request_id.clone() };
    let answer = change(&request_id, clients.bodies.revise_body(revise)).await?;
    screen::done(json, &answer, &name, "is revised", answer.receipt.as_ref())
}

fn lines(body: &proto::Body) -> Vec<String> {
    let seats = if body.seats == 0 { "as many as members".to_owned() } else { body.seats.to_string() };
    let facts = [
        fact("body", &names::short(&body.name)),
        fact("name", &body.display_name),
        fact("seats", &seats),
        fact("members", &many(u64::from(body.member_count), "member")),
        fact("recorded", &time::second(body.create_time.as_ref())),
        fact("changed", &format!("entry {}", body.seq)),
    ];
    facts.into_iter().flatten().collect()
}
