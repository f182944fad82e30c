//! The terminal that the board stands on: entered, drawn on, listened to, and always left as it was found.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyModifiers};
use tokio::sync::mpsc::{self, Receiver};

use super::End;
use super::board::Board;
use super::draw::{self, Look};
use super::follow::News;
use crate::cli::client::Failure;
use crate::cli::{say, time};

/// How long the thread that listens to the keys takes at most to see that it is to end.
const LISTEN: Duration = Duration::from_millis(50);

/// What remains until the lock is shown anew this often.
const SECOND: Duration = Duration::from_secs(1);

/// What happens at the terminal.
enum Touch {
    /// It has another size.
    Resized,
    /// Its person leaves.
    Leave,
}

/// The terminal, taken for the board.
pub struct Screen {
    terminal: DefaultTerminal,
    touches: Receiver<Touch>,
    over: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Screen {
    /// Takes the terminal; says why where it cannot be had. A panic gives it back, too.
    pub fn enter() -> Option<Self> {
        let terminal = match ratatui::try_init() {
            Ok(terminal) => terminal,
            Err(error) => {
                ratatui::restore();
                say::problem(format_args!("no board can be drawn here ({error}); lines follow"));
                return None;
            }
        };
        let (told, touches) = mpsc::channel(16);
        let over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&over);
        let listener = std::thread::spawn(move || listen(&told, &until));
        Some(Self { terminal, touches, over, listener: Some(listener) })
    }

    /// Shows the board until the vote ends or its person leaves.
    pub async fn show(mut self, mut news: Receiver<News>, board: &mut Board) -> Result<End, Failure> {
        let look = Look::of_environment();
        let terminated = terminated();
        tokio::pin!(terminated);
        let mut second = tokio::time::interval(SECOND);
        loop {
            board.now = time::now();
            let drawn = self.terminal.draw(|frame| draw::draw(frame, board, look));
            drawn.map_err(|error| Failure::Failed(format!("the board cannot be drawn: {error}")))?;
            let heard = tokio::select! {
                touch = self.touches.recv() => match touch {
                    Some(Touch::Resized) => continue,
                    Some(Touch::Leave) | None => return Ok(End::Left),
                },
                () = &mut terminated => return Ok(End::Left),
                _ = second.tick(), if board.locks().is_some() => continue,
                heard = news.recv() => heard,
            };
            match heard {
                Some(News::Message(message)) => drop(board.hear(*message)),
                Some(News::Vote(vote)) => board.vote = *vote,
                Some(News::Lost(reason)) => board.lose(reason),
                Some(News::Over(end)) => return end.map(|()| End::Vote),
                None => return Err(Failure::Failed("the watch broke off".to_owned())),
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // What is typed from now on is the shell's.
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
        // A panic has given it back already, and has written its message.
        if !std::thread::panicking() {
            ratatui::restore();
        }
    }
}

/// Listens to the keys and to changes of size.
fn listen(told: &mpsc::Sender<Touch>, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        let touch = match event::poll(LISTEN) {
            Ok(false) => continue,
            Ok(true) => event::read().ok().and_then(touch),
            // The terminal has gone.
            Err(_) => Some(Touch::Leave),
        };
        // Where more has come than is taken, one of them is enough: each leads to the same.
        if let Some(touch) = touch
            && let Err(mpsc::error::TrySendError::Closed(_)) = told.try_send(touch)
        {
            return;
        }
    }
}

fn touch(event: Event) -> Option<Touch> {
    match event {
        Event::Resize(..) => Some(Touch::Resized),
        Event::Key(key) if key.is_press() && leaves(key) => Some(Touch::Leave),
        _ => None,
    }
}

fn leaves(key: KeyEvent) -> bool {
    match key.code {
        KeyCode::Char('c') => key.modifiers.contains(KeyModifiers::CONTROL),
        KeyCode::Char('q') | KeyCode::Esc => true,
        _ => false,
    }
}

/// Waits until the process is told to end, so that the terminal is given back before.
async fn terminated() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        terminate.recv().await;
        return;
    }
    std::future::pending().await
}
