//! Members seated: one by its particulars, or many from a table in CSV.

use std::collections::{BTreeMap, HashSet};

use tonic::Code;
use uuid::Uuid;

use crate::cli::client::{Clients, Failure, RequestId, change};
use crate::cli::words::many;
use crate::cli::{input, names, screen, show, words};
use crate::proto;

/// What one request seats at most.
const BATCH: usize = 1000;

/// Seat a member, or many from a table.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall member admit un-ga/ALB --display-name Albania --weight shares=3
  rollcall member admit un-ga --csv members.csv

The table has a header with the column id; display_name, and groups apart by ; in one column, can be there too. Every \
other column is a weight of its name:

  id,display_name,groups,population
  ALB,Albania,eastern-europe;ldc,2800000

A table is seated in requests of 1000, each all or none. Rolls are called in the order of admission.")]
pub struct Args {
    /// The member, as BODY/MEMBER; with --csv the body
    #[arg(value_name = "MEMBER")]
    name: String,
    /// What people call it
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, conflicts_with = "csv")]
    display_name: String,
    /// A weight by its name, e.g. population=2800000; more than once for more
    #[arg(long = "weight", value_name = "NAME=NUMBER", value_parser = words::weight, conflicts_with = "csv")]
    weights: Vec<(String, u64)>,
    /// A group it belongs to; more than once for more
    #[arg(long = "group", value_name = "GROUP", conflicts_with = "csv")]
    groups: Vec<String>,
    /// A table of members: a file, or - for standard input
    #[arg(long, value_name = "FILE")]
    csv: Option<String>,
    #[command(flatten)]
    request: RequestId,
}

impl Args {
    /// Seats them.
    pub async fn run(self, clients: &mut Clients, json: bool) -> Result<(), Failure> {
        let (body, members) = match &self.csv {
            Some(path) => {
                let body = names::body(&self.name);
                let members = table(&body, &input::text(path)?)
                    .map_err(|problem| Failure::Failed(format!("{path}: {problem}")))?;
                (body, members)
            }
            None => {
                let (body, _) = names::split(&self.name, "members")?;
                let name = names::member(&self.name);
                let weights = self.weights.into_iter().collect();
                let member = proto::Member {
                    name,
                    display_name: self.display_name,
                    weights,
                    groups: self.groups,
                    suspension: None,
                };
                (body, vec![member])
            }
        };
        admit(clients, json, &body, &members, &self.request.get()).await
    }
}

/// Seats members batch by batch, each under an id that follows from the first.
async fn admit(
    clients: &mut Clients,
    json: bool,
    body: &str,
    members: &[proto::Member],
    request_id: &str,
) -> Result<(), Failure> {
    for (at, batch) in members.chunks(BATCH).enumerate() {
        let request = proto::AdmitMembersRequest {
            parent: body.to_owned(),
            members: batch.to_vec(),
            request_id: batch_id(request_id, at),
        };
        let answer = change(request_id, clients.bodies.admit_members(request)).await;
        let answer = answer.map_err(|failure| match (by_name(failure, batch), at * BATCH) {
            (failure, 0) => failure,
            (failure, seated) => failure.advised(format!(
                "{} are seated; to go on, repeat this with --request-id {request_id}",
                many(seated as u64, "member")
            )),
        })?;
        if json {
            show::json_line(&answer)?;
            continue;
        }
        let what = match batch {
            [member] => format!("{} is seated", names::short(&member.name)),
            _ => format!("{} of {} are seated", many(batch.len() as u64, "member"), names::short(body)),
        };
        show::lines(&[format!("{what} ({})", screen::receipt(answer.receipt.as_ref()))])?;
    }
    Ok(())
}

/// The server says which member is at fault by its place in the request, which nobody has seen here.
fn by_name(failure: Failure, batch: &[proto::Member]) -> Failure {
    let Failure::Status(status) = &failure else { return failure };
    if status.code() != Code::InvalidArgument {
        return failure;
    }
    let mut message = status.message().to_owned();
    for (at, member) in batch.iter().enumerate() {
        message = message.replace(&format!("members[{at}]"), &names::short(&member.name));
    }
    Failure::Failed(message)
}

/// The first batch has the id itself. Where that is no UUID the server says so, and no other batch is sent.
fn batch_id(request_id: &str, at: usize) -> String {
    match Uuid::parse_str(request_id) {
        Ok(id) if at > 0 => Uuid::new_v5(&id, at.to_string().as_bytes()).to_string(),
        _ => request_id.to_owned(),
    }
}

/// Reads a table of members.
fn table(body: &str, text: &str) -> Result<Vec<proto::Member>, String> {
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().map_err(|e| e.to_string())?.clone();
    if !header.iter().any(|column| column == "id") {
        return Err("the first line must name the columns, id among them".to_owned());
    }
    let mut named = HashSet::new();
    if let Some(twice) = header.iter().find(|column| !named.insert(*column)) {
        return Err(format!("two columns are named \"{twice}\""));
    }
    let mut members = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|e| e.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        let member = member(body, &header, &row).map_err(|problem| format!("line {line}: {problem}"))?;
        members.push(member);
    }
    if members.is_empty() { Err("no member stands there".to_owned()) } else { Ok(members) }
}

fn member(body: &str, header: &csv::StringRecord, row: &csv::StringRecord) -> Result<proto::Member, String> {
    let mut member = proto::Member::default();
    let mut weights = BTreeMap::new();
    for (column, cell) in header.iter().zip(row) {
        match column {
            "id" => member.name = format!("{body}/members/{cell}"),
            "display_name" => cell.clone_into(&mut member.display_name),
            "groups" => {
                let groups = cell.split(';').map(str::trim).filter(|group| !group.is_empty());
                member.groups = groups.map(str::to_owned).collect();
            }
            _ if cell.is_empty() => {}
            weight => {
                let number = cell.parse().map_err(|_| format!("{weight}: \"{cell}\" is no whole number"))?;
                weights.insert(weight.to_owned(), number);
            }
        }
    }
    Ok(proto::Member { weights, ..member })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_by_its_header_whatever_the_order_of_its_columns() {
        let read = table(
            "bodies/un-ga",
            "\u{feff}population,id,groups,display_name\n2800000, ALB ,a; b;,\"Albania, Republic\"\n,AND,,\n",
        );
        let read = read.unwrap();
        assert_eq!(
            read.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(),
            ["bodies/un-ga/members/ALB", "bodies/un-ga/members/AND"]
        );
        assert_eq!((read[0].display_name.as_str(), read[0].groups.join("+")), ("Albania, Republic", "a+b".to_owned()));
        assert_eq!((read[0].weights.get("population"), read[1].weights.len()), (Some(&2_800_000), 0));
    }

    #[test]
    fn what_is_wrong_with_a_table_is_said_with_its_line() {
        for (text, problem) in [
            ("", "the first line must name the columns, id among them"),
            ("name\nALB\n", "the first line must name the columns, id among them"),
            ("id\n", "no member stands there"),
            ("id,gdp,gdp\nALB,1,2\n", "two columns are named \"gdp\""),
            ("id,population\nALB,1\nAND,many\n", "line 3: population: \"many\" is no whole number"),
        ] {
            assert_eq!(table("bodies/un-ga", text), Err(problem.to_owned()));
        }
        assert!(table("bodies/un-ga", "id,display_name\nALB\n").unwrap_err().contains("line: 2"));
    }
}
