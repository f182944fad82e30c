//! `rollcall watch`: a vote live, as a board on a terminal, and as lines elsewhere.

mod board;
mod digits;
mod draw;
mod follow;
mod plain;
mod roll;
mod screen;

use std::io::IsTerminal;

use board::Board;
pub use follow::wait;

use super::again::HEARTBEAT;
use super::client::{Connection, Failure};
use super::{annulment, names, say, verdict, vote};
use crate::proto;

/// Watch a vote live.
///
/// On a terminal it is a board, which q, Esc or Ctrl-C leaves; elsewhere a line for each frame. It goes on through a
/// restart of the server, and ends with the vote: then the verdict is left standing.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rollcall watch un-ga/es-11-4                      a board
  rollcall watch un-ga/es-11-4 --ballots | tee log  each change, and the counts
  rollcall watch un-ga/es-11-4 --json | jq .frame   each message as it comes

Marks: + yes, - no, o abstain, p present, . not voting, ? not shown. NO_COLOR turns colours off.

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
        let mut board = Board::new(vote::get(&mut self.connection.connect().await?, &name).await?);
        let screen = if self.on_board() { screen::Screen::enter() } else { None };
        let request = proto::WatchTallyRequest {
            vote: name.clone(),
            with_ballots: screen.is_some() || self.ballots,
            heartbeat: HEARTBEAT.try_into().ok(),
            after_revision: 0,
        };
        let news = follow::follow(self.connection.clone(), request, board.vote.state());
        let end = match screen {
            Some(screen) => {
                let end = screen.show(news, &mut board).await?;
                if !board.vote.title.is_empty() {
                    say::line(&board.vote.title);
                }
                say::line(plain::line(&board));
                end
            }
            None if self.connection.json => return plain::json(news).await.map(|_| ()),
            None => plain::lines(news, &mut board, self.ballots).await?,
        };
        if matches!(end, End::Vote) {
            let vote = board.as_it_stands();
            verdict::outcome(&vote).iter().for_each(say::line);
            // Where the server is gone by now, the rest stands all the same.
            if vote.state() == proto::VoteState::Annulled
                && let Ok(mut clients) = self.connection.connect().await
                && let Ok(Some(annulled)) = annulment::of(&mut clients, &vote).await
            {
                say::line(format_args!("    {annulled}"));
            }
        }
        Ok(())
    }

    fn on_board(&self) -> bool {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        !self.plain && !self.connection.json && !dumb && std::io::stdout().is_terminal()
    }
}
