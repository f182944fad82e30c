//! Read the record.

mod words;

use tonic::Streaming;

use super::client::{Connection, Failure};
use super::{names, say, show, time};
use crate::proto;
use crate::proto::stored_entry::Content;

/// Read the record.
#[derive(clap::Args)]
#[command(after_help = "Example:
  rollcall record read --scope un-ga/es-11-4 --follow")]
pub struct Args {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print the entries of the record, a line for each
    Read(ReadArgs),
}

/// Print the entries of the record.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall record read                                 all that happened
  rollcall record read --scope un-ga/es-11-4 --follow  a vote, as it goes on
  rollcall record read --after 1000 --limit 100 --json
  rollcall record read --raw                           the bytes in hexadecimal")]
struct ReadArgs {
    /// Go on as the record grows
    #[arg(long)]
    follow: bool,
    /// Begin after this place
    #[arg(long, value_name = "SEQ", default_value_t = 0, hide_default_value = true)]
    after: u64,
    /// Only entries about this body, its votes included, or about this vote
    #[arg(long, value_name = "BODY[/VOTE]")]
    scope: Option<String>,
    /// Print the bytes that were stored and hashed, in place of what they say
    #[arg(long)]
    raw: bool,
    /// End after this many entries
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    limit: u64,
}

impl Args {
    /// Runs the command.
    pub async fn run(self) -> Result<(), Failure> {
        let Command::Read(args) = self.command;
        let mut clients = self.connection.connect().await?;
        let scope = args
            .scope
            .as_deref()
            .map(|scope| if names::is_body(scope) { names::body(scope) } else { names::vote(scope) });
        let request = proto::ReadEntriesRequest {
            after_seq: args.after,
            scope: scope.unwrap_or_default(),
            follow: args.follow,
            heartbeat: None,
            raw: args.raw,
            limit: args.limit,
        };
        let mut reading = Reading { json: self.connection.json, through: args.after, entries: 0 };
        let entries = clients.record.read_entries(request).await?.into_inner();
        let read = tokio::select! {
            read = reading.print(entries) => read,
            // Whoever follows and leaves has not failed.
            _ = tokio::signal::ctrl_c(), if args.follow => return Ok(()),
        };
        if read.is_ok() && reading.entries == 0 {
            say::problem("there are no entries");
        }
        read.map_err(|failure| match failure {
            Failure::Status(_) => {
                failure.advised(format!("complete up to {}: read on with --after {0}", reading.through))
            }
            other => other,
        })
    }
}

/// How far the record is read.
struct Reading {
    json: bool,
    through: u64,
    entries: u64,
}

impl Reading {
    async fn print(&mut self, mut stream: Streaming<proto::ReadEntriesResponse>) -> Result<(), Failure> {
        while let Some(message) = stream.message().await? {
            for stored in &message.entries {
                if self.json {
                    show::json_line(stored)?
                } else {
                    show::lines(&[line(stored)])?
                }
                self.entries += 1;
            }
            self.through = self.through.max(message.through_seq);
        }
        Ok(())
    }
}

/// An entry on one line: its place, its time, what happened.
fn line(stored: &proto::StoredEntry) -> String {
    let place = format!("{:>6}", stored.seq);
    let told = match &stored.content {
        Some(Content::Entry(entry)) => {
            let time = time::second(entry.record_time.as_ref());
            let what =
                entry.event.as_ref().map_or_else(|| "something that this client does not know".into(), words::event);
            format!("{time}  {what}")
        }
        Some(Content::Bytes(bytes)) => hexadecimal(bytes),
        Some(Content::WithheldLeafHash(hash)) => {
            format!("a ballot, withheld until its vote is locked, leaf hash {}", hexadecimal(hash))
        }
        None => String::new(),
    };
    format!("{place}  {told}")
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
