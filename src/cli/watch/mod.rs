//! `rollcall watch`: a vote live, as a board on a terminal, and as lines elsewhere.

mod board;
mod digits;
mod draw;
mod follow;
mod plain;
mod roll;
mod screen;
pub mod words;

use std::io::IsTerminal;

use board::Board;
pub use follow::wait;
pub use screen::columns;

use super::again::HEARTBEAT;
use super::client::{Connection, Failure};
use super::screen::clean;
use super::{names, say};
use crate::proto;

/// Watch a vote live.
///
/// On a terminal it is a board, which q, Esc or Ctrl-C leaves; elsewhere a line for each frame. It goes on through a
/// restart of the server, and ends with the vote: then the verdict is left standing.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall watch un-ga/es-11-4                     a board
  rollcall watch un-ga/es-11-4 --ballots | tee log lines: each change, and the counts
  rollcall watch un-ga/es-11-4 --json | jq .frame  each message as it comes

Marks: + yes, - no, o abstain, p present, . not voting. NO_COLOR turns colours off.
Exit codes: 0 the vote has ended, or you left; 1 refused or failed; 69 the server was not reached at all.")]
pub struct Args {
    /// The vote, e.g. un-ga/es-11-4
    vote: String,

    /// Lines in place of the board, on a terminal too
    #[arg(long)]
    plain: bool,

    /// Where no board is drawn, also each member's changes
    #[arg(long)]
    ballots: bool,

    #[command(flatten)]
    connection: Connection,
}

/// Why no more is shown.
enum End {
    /// The vote has ended.
    Vote,
    /// Whoever watched has left.
    Left,
}

impl Args {
    /// Runs the command.
    pub async fn run(self) -> Result<(), Failure> {
        let name = names::vote(&self.vote);
        let mut board = Board::new(self.look_up(&name).await?);
        let screen = if self.on_board() { screen::Screen::enter() } else { None };
        let request = proto::WatchTallyRequest {
            vote: name.clone(),
            with_ballots: screen.is_some() || self.ballots,
            heartbeat: HEARTBEAT.try_into().ok(),
            after_revision: 0,
        };
        let news = follow::follow(self.connection.clone(), request);
        let end = match screen {
            Some(screen) => {
                let end = screen.show(news, &mut board).await?;
                say::line(clean(&board.vote.title));
                say::line(words::line(&board.frame, board.vote.rule.as_ref()));
                end
            }
            None if self.connection.json => return plain::json(news).await.map(|_| ()),
            None => plain::lines(news, &mut board, self.ballots).await?,
        };
        if matches!(end, End::Vote) {
            for line in words::verdict(&self.as_it_ended(&name, board).await) {
                say::line(clean(&line));
            }
        }
        Ok(())
    }

    fn on_board(&self) -> bool {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        !self.plain && !self.connection.json && !dumb && std::io::stdout().is_terminal()
    }

    async fn look_up(&self, name: &str) -> Result<proto::Vote, Failure> {
        let request = proto::GetVoteRequest { name: name.to_owned(), at_least_seq: 0 };
        let answer = self.connection.connect().await?.votes.get_vote(request).await?;
        Ok(answer.into_inner().vote.unwrap_or_default())
    }

    /// The vote with what was declared; from the last frame where the server is gone by now.
    async fn as_it_ended(&self, name: &str, board: Board) -> proto::Vote {
        match self.look_up(name).await {
            Ok(vote) => vote,
            Err(_) => {
                let declared_outcome = board.frame.verdict.as_ref().map_or(0, |verdict| verdict.outcome);
                let proto::TallyFrame { state, verdict, .. } = board.frame;
                proto::Vote { state, verdict, declared_outcome, ..board.vote }
            }
        }
    }
}
