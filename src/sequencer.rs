//! The one writer: takes commands in the order of their arrival, decides, appends, answers. Never reads from the board.

mod batch;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::clock::{Clock, Timestamp};
use crate::domain::{Command, Decision, Entry, Event, Hall, Intent, Nonce, Receipt, Rejection, RequestKey, State};
use crate::journal::{Journal, JournalError};
use crate::log::AppendError;
use crate::seq::Seq;

use batch::{Batch, Waiting};

/// Commands that wait for an answer at most: sixteen commits of the largest size, some tens of milliseconds. More would only
/// wait longer.
const MAX_WAITING: usize = 16 * MAX_COMMIT_ENTRIES;

/// What of that streams of ballots take at most.
const PATIENT_ROOM: u32 = (MAX_WAITING / 2) as u32;

/// What of it ballots leave to all else, so that a presiding officer always gets through.
const LAST_ROOM: usize = MAX_COMMIT_ENTRIES;

/// Bytes that a waiting command may carry for one place: a ballot carries fewer, members and their roll many more. All the
/// room together then holds some tens of MiB.
const PLACE_BYTES: usize = 1 << 10;

/// Entries in one commit at most: beyond some thousand a commit costs more time than it saves.
const MAX_COMMIT_ENTRIES: usize = 1_024;

/// Bytes in one commit beyond its first submission's, so that a commit stays far below what the log takes at once.
const MAX_COMMIT_BYTES: usize = 512 << 10;

/// Appends under way at once: the log goes on with the next before it is known here that the first has landed.
const MAX_APPENDS: usize = 2;

/// Entries read at once while the record is read at start.
const REPLAY_PAGE: usize = 4_096;

/// A handle to the writer.
#[derive(Clone)]
pub struct Sequencer {
    inbox: mpsc::Sender<Submission>,
    room: Arc<Semaphore>,
    /// What of the room ballots may take: the rest is left to all else, so that a presiding officer always gets through.
    ballot_room: Arc<Semaphore>,
    /// What of that those may take that can be made to wait.
    patient_room: Arc<Semaphore>,
    journal: Journal,
}

/// Why a command has no receipt.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SubmitError {
    /// It may not happen; nothing was recorded.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Too many commands wait; nothing was recorded.
    #[error("too many requests are waiting to be recorded; nothing of this one was recorded")]
    Overloaded,
    /// The writer ended before it answered: the outcome is unknown.
    #[error("the record could not be written; repeat the request with the same request_id to learn its outcome")]
    OutcomeUnknown,
    /// It was recorded before, or may have been, and the record cannot be read now.
    #[error(transparent)]
    Unreadable(#[from] JournalError),
}

/// Commands that came together and are answered together.
struct Submission {
    commands: Vec<Command>,
    answer: oneshot::Sender<Vec<Answer>>,
    room: Room,
}

/// The places that commands hold until they are answered.
type Room = [Option<OwnedSemaphorePermit>; 3];

enum Answer {
    Recorded(Receipt),
    Already(Seq),
    Rejected(Rejection),
    Unreadable(JournalError),
}

/// Commands that are on their way, in the order in which they were handed in.
pub struct Pending {
    answered: oneshot::Receiver<Vec<Answer>>,
    count: usize,
    journal: Journal,
}

impl Sequencer {
    /// Refuses ballots before anything is done for them, where as many as may come together could find no room.
    ///
    /// # Errors
    /// [`SubmitError::Overloaded`].
    pub fn must_have_room(&self) -> Result<(), SubmitError> {
        if self.ballot_room.available_permits() >= MAX_COMMIT_ENTRIES { Ok(()) } else { Err(SubmitError::Overloaded) }
    }

    /// Submits commands, and returns what became of each, in their order, once all of it is durable: rejections too, since
    /// they rest on the same state.
    pub async fn submit(&self, commands: Vec<Command>) -> Vec<Result<Receipt, SubmitError>> {
        match self.room_now(&commands) {
            Some(room) => self.hand_in(commands, room).await.answers().await,
            None => vec![Err(SubmitError::Overloaded); commands.len()],
        }
    }

    /// Room for commands, where there is some now.
    fn room_now(&self, commands: &[Command]) -> Option<Room> {
        let places = room_for(commands);
        let some_of = |room: &Arc<Semaphore>| Arc::clone(room).try_acquire_many_owned(places).ok();
        let are_ballots = matches!(commands.first()?.intent, Intent::CastBallot { .. });
        let of_ballots = if are_ballots { Some(some_of(&self.ballot_room)?) } else { None };
        Some([Some(some_of(&self.room)?), of_ballots, None])
    }

    /// Hands ballots in as soon as there is room for them, for a caller that can be made to wait.
    pub async fn enqueue(&self, commands: Vec<Command>) -> Pending {
        let places = room_for(&commands).min(PATIENT_ROOM);
        let share = Arc::clone(&self.patient_room).acquire_many_owned(places).await.ok();
        let ballots = Arc::clone(&self.ballot_room).acquire_many_owned(places).await.ok();
        let room = Arc::clone(&self.room).acquire_many_owned(places).await.ok();
        self.hand_in(commands, [room, ballots, share]).await
    }

    async fn hand_in(&self, commands: Vec<Command>, room: Room) -> Pending {
        let (answer, pending) = self.pending(commands.len());
        // Where the writer has ended the answer is dropped, and the outcome unknown.
        let _ = self.inbox.send(Submission { commands, answer, room }).await;
        pending
    }

    fn pending(&self, count: usize) -> (oneshot::Sender<Vec<Answer>>, Pending) {
        let (answer, answered) = oneshot::channel();
        (answer, Pending { answered, count, journal: self.journal.clone() })
    }
}

/// What commands take of the room: a place each, and one more for each [`PLACE_BYTES`] that they carry.
fn room_for(commands: &[Command]) -> u32 {
    let places: usize = commands.iter().map(|command| 1 + command.intent.bytes() / PLACE_BYTES).sum();
    // What is larger than all the room waits for all of it; a bound of the body refuses it then.
    u32::try_from(places.clamp(1, MAX_WAITING)).unwrap_or(u32::MAX)
}

impl Pending {
    /// What became of each command, in their order, once all of it is durable.
    pub async fn answers(self) -> Vec<Result<Receipt, SubmitError>> {
        let Ok(answers) = self.answered.await else { return vec![Err(SubmitError::OutcomeUnknown); self.count] };
        let mut receipts = Vec::with_capacity(self.count);
        for answer in answers {
            receipts.push(match answer {
                Answer::Recorded(receipt) => Ok(receipt),
                Answer::Rejected(rejection) => Err(rejection.into()),
                Answer::Unreadable(error) => Err(error.into()),
                Answer::Already(seq) => self.journal.first_receipt(seq).await.map_err(Into::into),
            });
        }
        receipts
    }
}

/// The writer itself.
pub struct Writer {
    journal: Journal,
    clock: Arc<Clock>,
    inbox: mpsc::Receiver<Submission>,
    state: State,
    /// Where the next entry is to stand after, entries not yet durable included.
    end: Seq,
}

/// A writer of the journal, which has yet to read what is on record.
#[must_use]
pub fn open(journal: Journal, clock: Arc<Clock>) -> (Sequencer, Writer) {
    // A submission holds room for one command at least, so the channel never fills before the room is gone.
    let (sender, inbox) = mpsc::channel(MAX_WAITING);
    let room = Arc::new(Semaphore::new(MAX_WAITING));
    let ballot_room = Arc::new(Semaphore::new(MAX_WAITING - LAST_ROOM));
    let patient_room = Arc::new(Semaphore::new(PATIENT_ROOM as usize));
    let sequencer = Sequencer { inbox: sender, room, ballot_room, patient_room, journal: journal.clone() };
    (sequencer, Writer { journal, clock, inbox, state: State::default(), end: Seq::ZERO })
}

/// What became of a batch, and who waits for it.
type Landed = (Result<Seq, AppendError>, Waiting);

impl Writer {
    /// Takes up what was kept of the record, or reads it from the first entry to the last, and returns what everyone may see.
    /// To be done before [`run`](Self::run).
    ///
    /// # Errors
    /// Where it cannot be read; nothing can be written then.
    pub async fn read_record(&mut self) -> Result<Hall, JournalError> {
        let journal = self.journal.clone();
        let kept = tokio::task::spawn_blocking(move || journal.take_kept()).await;
        if let Some(kept) = kept.ok().flatten() {
            tracing::debug!(end = %kept.hall().end(), "what the last stop kept is taken up");
            self.state = kept;
        }
        let mut at = self.state.hall().end();
        // One page is read and decoded while the one before is taken up.
        let (pages, mut read) = mpsc::channel(1);
        let journal = self.journal.clone();
        let reading = async move {
            loop {
                let page = journal.read(at, REPLAY_PAGE).await?;
                let Some(last) = page.last() else { return Ok::<_, JournalError>(()) };
                at = last.seq;
                if pages.send(page).await.is_err() {
                    return Ok(());
                }
            }
        };
        let reading = AbortOnDropHandle::new(tokio::spawn(reading));
        while let Some(page) = read.recv().await {
            page.iter().for_each(|entry| self.state.evolve(entry));
        }
        reading.await.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // It was aborted, as this one is to be.
            Err(_) => Ok(()),
        })?;
        self.end = self.state.hall().end();
        self.clock.not_before(self.state.hall().time());
        Ok(self.state.hall().clone())
    }

    /// Writes until `stop` is cancelled and what had come by then is answered. Returns what all of it has come to.
    ///
    /// # Errors
    /// The log did not take an append. What waited has no answer: its outcome is unknown, and so is the state.
    pub async fn run(mut self, stop: CancellationToken) -> Result<State, AppendError> {
        let mut queue = VecDeque::new();
        let mut arrived = Vec::new();
        let mut batch = Batch::default();
        // They land in the order in which they were appended.
        let mut flying = FuturesOrdered::new();
        let mut open = true;
        loop {
            // While one batch is flushed the next is decided; it is answered no earlier than the one before.
            self.decide(&mut queue, &mut batch).await;
            // Beside what is flushed only a full one is appended: a small one would gain from whoever comes meanwhile.
            let full = !queue.is_empty();
            if !batch.is_empty() && (flying.is_empty() || full && flying.len() < MAX_APPENDS) {
                flying.push_back(self.append(std::mem::take(&mut batch)));
                // Begun at once, and whatever this task has used of its turn, so that they reach the log in their order.
                if let Some(Some(landed)) = tokio::task::unconstrained(flying.next()).now_or_never() {
                    answer(landed)?;
                }
                continue;
            }
            if flying.is_empty() && !open && queue.is_empty() {
                return Ok(self.state);
            }
            let due = self.state.next_due().map(|at| at.since(self.clock.now()));
            tokio::select! {
                biased;
                Some(landed) = flying.next() => answer(landed)?,
                count = self.inbox.recv_many(&mut arrived, MAX_COMMIT_ENTRIES), if open && queue.is_empty() => {
                    open = count > 0;
                    queue.extend(arrived.drain(..));
                }
                () = pause(due), if open && batch.is_empty() => {}
                () = stop.cancelled(), if !self.inbox.is_closed() => self.inbox.close(),
            }
        }
    }

    /// Decides what fits in one commit: first the locks of the votes whose time has come, then what has arrived.
    async fn decide(&mut self, queue: &mut VecDeque<Submission>, batch: &mut Batch) {
        loop {
            // One time for a submission, so that nothing falls due in the middle of it.
            let now = self.now();
            if !self.record_due(now, batch) {
                return;
            }
            let fits = queue.front().is_some_and(|next| batch.is_empty() || batch.fits(next.commands.len()));
            let Some(Submission { commands, answer, room }) = queue.pop_front_if(|_| fits) else { return };
            let mut answers = Vec::with_capacity(commands.len());
            while let [command, rest @ ..] = &commands[answers.len()..] {
                answers.push(self.take(command, rest, now, batch).await);
            }
            batch.waiting.add(answer, answers, room);
        }
    }

    /// Reads back the entry that a command may be a repetition of, and with it those of the commands after it, whose repetitions
    /// often come together.
    async fn recall(&mut self, seq: Seq, rest: &[Command], now: Timestamp) -> Result<(), JournalError> {
        let asked = |command: &Command| match self.state.decide(command, now) {
            Ok(Decision::Recall(seq)) => Some(seq),
            _ => None,
        };
        let others: Vec<_> = rest.iter().filter_map(asked).map(|seq| self.journal.entry(seq)).collect();
        let (entry, others) = tokio::join!(self.journal.entry(seq), join_all(others));
        // What cannot be read of the others is told when their turn comes.
        others.into_iter().flatten().for_each(|entry| self.state.recall(&entry));
        self.state.recall(&entry?);
        Ok(())
    }

    /// Decides one command, which `rest` came together with, and takes up what follows from it.
    async fn take(&mut self, command: &Command, rest: &[Command], now: Timestamp, batch: &mut Batch) -> Answer {
        loop {
            match self.state.decide(command, now) {
                Ok(Decision::Record(event)) => {
                    return Answer::Recorded(self.record(event, Some(command.request), now, batch));
                }
                Ok(Decision::Already(seq)) => return Answer::Already(seq),
                Ok(Decision::Recall(seq)) => {
                    if let Err(error) = self.recall(seq, rest, now).await {
                        return Answer::Unreadable(error);
                    }
                }
                Err(rejection) => return Answer::Rejected(rejection),
            }
        }
    }

    /// The record's time never goes back.
    fn now(&self) -> Timestamp {
        self.clock.now().max(self.state.hall().time())
    }

    /// Locks the votes whose time has come; false where more are due than the commit has room for.
    fn record_due(&mut self, now: Timestamp, batch: &mut Batch) -> bool {
        while let Some(event) = self.state.due(now) {
            if !batch.fits(1) {
                return false;
            }
            self.record(event, None, now, batch);
        }
        true
    }

    fn record(&mut self, event: Event, request: Option<RequestKey>, now: Timestamp, batch: &mut Batch) -> Receipt {
        self.end = self.end.next();
        let revision = self.state.next_revision(&event);
        let nonce = self.state.hall().seals(&event).then(random);
        let entry = Entry { seq: self.end, record_time: now, request, revision, nonce, event };
        self.state.evolve(&entry);
        self.journal.stage(entry, &mut batch.leaves)
    }

    /// Appends a batch; returns with the outcome who waits for it.
    fn append(&self, batch: Batch) -> impl Future<Output = Landed> + Send + use<> {
        let journal = self.journal.clone();
        let Batch { leaves, waiting } = batch;
        let written = u64::try_from(leaves.len()).unwrap_or_default();
        let after = Seq::new(self.end.get() - written);
        async move {
            // A batch of rejections alone rests on what is durable once those before it have landed.
            let appended = if leaves.is_empty() { Ok(after) } else { journal.append(after, leaves).await };
            (appended, waiting)
        }
    }
}

/// Answers those who wait for a batch, where it is durable.
fn answer((appended, waiting): Landed) -> Result<(), AppendError> {
    appended?;
    waiting.answer();
    Ok(())
}

/// Bytes that no one can guess.
///
/// # Panics
/// Where the operating system gives none, which it does not do to a process that has come to serve.
fn random() -> Nonce {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    Nonce(bytes)
}

/// Waits for so long; for ever where there is nothing to wait for.
async fn pause(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}
