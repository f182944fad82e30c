//! A vote as lines, where no board can be drawn.

use std::pin::Pin;

use tokio::sync::mpsc::Receiver;

use super::End;
use super::board::{Board, Link};
use super::follow::News;
use crate::cli::client::Failure;
use crate::cli::{say, show, time, verdict, words};
use crate::proto::VoteState;

/// A line for each frame and, if asked, each change of a ballot.
pub async fn lines(news: Receiver<News>, board: &mut Board, ballots: bool) -> Result<End, Failure> {
    let mut ear = Ear::new(news);
    while let Some(news) = ear.next().await {
        match news {
            News::Message(message) => {
                let Some(changed) = board.hear(*message) else { continue };
                for seat in changed.iter().filter(|_| ballots) {
                    say::line(format_args!("{} {}", seat.member, words::light(seat.choice)));
                }
                board.now = time::now();
                say::line(line(board));
            }
            News::Vote(vote) => board.vote = *vote,
            News::Lost(reason) => {
                // Said once, not at each try.
                if !matches!(board.link, Link::Lost(_)) {
                    lost(&reason);
                }
                board.lose(reason);
            }
            News::Over(end) => return end.map(|()| End::Vote),
        }
    }
    Ok(End::Left)
}

/// Where the vote stands, its counts, what is still needed, and when it locks by itself, in a line.
pub fn line(board: &Board) -> String {
    let (state, frame) = (words::state(board.frame.state()).to_uppercase(), &board.frame);
    let Some(heads) = frame.tally.as_ref().and_then(|tally| tally.heads) else {
        let why = if frame.state() == VoteState::Draft { "not open yet" } else { "there is no tally" };
        return format!("{state:9} {why}");
    };
    let mut parts = vec![format!("{state:9} {}", words::aligned_counts(&heads))];
    if let Some(verdict) = &frame.verdict {
        let measures = verdict::measures(verdict, board.vote.rule.as_ref());
        parts.extend(verdict::aim(&measures).map(|at| measures[at].need()));
    }
    parts.extend(verdict::is_decided(frame).then(|| "decided".to_owned()));
    parts.extend(board.locks().map(|locks| format!("locks {locks}")));
    parts.join("; ")
}

/// Each message as a line of JSON.
pub async fn json(news: Receiver<News>) -> Result<End, Failure> {
    let mut ear = Ear::new(news);
    let mut is_lost = false;
    while let Some(news) = ear.next().await {
        match news {
            News::Message(message) => {
                is_lost = false;
                show::json_line(&*message)?;
            }
            News::Vote(_) => {}
            News::Lost(reason) => {
                if !std::mem::replace(&mut is_lost, true) {
                    lost(&reason);
                }
            }
            News::Over(end) => return end.map(|()| End::Vote),
        }
    }
    Ok(End::Left)
}

fn lost(reason: &str) {
    say::problem(format_args!("connection lost, trying again ({reason})"));
}

/// What is heard until whoever watches has left, by Ctrl-C or by closing the pipe.
struct Ear {
    news: Receiver<News>,
    left: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Ear {
    fn new(news: Receiver<News>) -> Self {
        let left = Box::pin(async {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        });
        Self { news, left }
    }

    /// What is next; none after they left.
    async fn next(&mut self) -> Option<News> {
        if say::reader_has_gone() {
            return None;
        }
        tokio::select! {
            news = self.news.recv() => news,
            () = &mut self.left => None,
        }
    }
}
