//! The rules of what a watcher is told, each held to the record as it was counted anew. Whatever breaks one is said in a
//! sentence.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use rollcall::proto::watch_tally_response::Message;
use rollcall::proto::{self, Entry, TallyFrame, Vote, VoteState};
use tonic::{Code, Status};

use super::Client;
use super::recount::{History, Point};
use super::watched::Seen;

mod hall;

pub use hall::hall;

/// Ends with a sentence where a rule does not hold.
macro_rules! rule {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return Err(format!($($words)+));
        }
    };
}
use rule;

type Held = Result<(), String>;

/// Frames within a state come no faster.
const PACE: Duration = Duration::from_millis(50);

/// The record, counted anew.
pub struct Record {
    end: u64,
    /// Whether ballots that their votes hide are missing from it.
    withheld: bool,
    histories: BTreeMap<String, History>,
    /// The votes as GetVote has them.
    votes: BTreeMap<String, Vote>,
    /// The first frame that was shown of each revision of a vote.
    frames: Mutex<HashMap<(String, u64), TallyFrame>>,
}

impl Record {
    pub fn new(entries: Vec<Entry>, votes: Vec<Vote>) -> Self {
        let votes = votes.into_iter().map(|vote| (vote.name.clone(), vote)).collect();
        let (end, histories) = (entries.last().map_or(0, |last| last.seq), History::all(&entries));
        Self { end, withheld: false, histories, votes, frames: Mutex::default() }
    }

    /// What a server has on record.
    pub async fn read(client: &mut Client) -> Result<Self, Status> {
        let mut stream = client.record.read_entries(proto::ReadEntriesRequest::default()).await?.into_inner();
        let (mut entries, mut end) = (Vec::new(), 0);
        while let Some(message) = stream.message().await? {
            for stored in message.entries {
                end = stored.seq;
                if let Some(proto::stored_entry::Content::Entry(entry)) = stored.content {
                    entries.push(entry);
                }
            }
        }
        let withheld = entries.len() as u64 != end;
        let mut votes = Vec::new();
        for name in History::all(&entries).into_keys() {
            let vote = client.votes.get_vote(proto::GetVoteRequest { name, at_least_seq: 0 }).await?;
            votes.push(vote.into_inner().vote.unwrap());
        }
        Ok(Self { end, withheld, ..Self::new(entries, votes) })
    }

    fn history(&self, vote: &str) -> Result<&History, String> {
        self.histories.get(vote).ok_or_else(|| format!("{vote} is not on record"))
    }

    /// Whether ballots of a vote are missing, so that it cannot be counted anew.
    fn withholds(&self, history: &History) -> bool {
        self.withheld && history.hides(history.now())
    }
}

/// Whether nothing more is to come.
fn has_ended(state: VoteState) -> bool {
    matches!(state, VoteState::Declared | VoteState::Annulled | VoteState::Withdrawn)
}

/// The silence after which a watcher is told that its server lives.
fn silence(asked: Option<prost_types::Duration>) -> Duration {
    let asked = asked.map_or(15, |asked| asked.seconds.clamp(1, 60));
    Duration::from_secs(asked.unsigned_abs())
}

/// What a watcher of one tally may be told.
pub fn tally(seen: &Seen<proto::WatchTallyResponse>, record: &Record) -> Held {
    let history = record.history(&seen.asked.vote)?;
    if record.withholds(history) {
        return Ok(());
    }
    let mut told = Told { history, with_ballots: seen.asked.with_ballots, before: None, board: Vec::new() };
    let (mut reached, mut silences, mut paced, mut draining) = (0, 0, 0, false);
    for (at, message) in &seen.messages {
        rule!(!draining, "nothing but the end comes after draining: {message:?}");
        rule!(!told.ended(), "nothing comes after the final frame: {message:?}");
        match message {
            Message::Frame(frame) => {
                rule!(frame.vote == seen.asked.vote, "a frame of another vote: {frame:?}");
                if told.before.is_none() {
                    begins(history, frame, seen.asked.after_revision, seen.known)?;
                }
                paced += u32::from(told.before.is_some_and(|before| before.state == frame.state));
                let fast = paced > 1 && *at < PACE * (paced - 1);
                rule!(!fast, "more than 20 frames a second: {paced} within {at:?}");
                told.shows(frame)?;
                record.agrees(frame)?;
                reached = frame.seq.max(reached);
            }
            Message::Progress(progress) => {
                silences += 1;
                let due = silence(seen.asked.heartbeat) * silences;
                rule!(*at >= due, "a heartbeat more often than asked: {silences} within {at:?}");
                rule!(
                    progress.seq >= reached && progress.seq <= record.end,
                    "progress goes back or beyond: {progress:?}"
                );
                reached = progress.seq;
                let shown = told.before.ok_or("a heartbeat comes before the present state")?.revision;
                let newest = history.as_of(reached).map_or(0, |point| point.revision);
                rule!(shown >= newest, "silence up to {reached}, and revision {newest} was not shown after {shown}");
            }
            Message::Draining(draining_until) => {
                rule!(draining_until.reconnect_after.is_some(), "draining does not say when to come back");
                draining = true;
            }
        }
    }
    match &seen.end {
        Some(Ok(())) => rule!(told.ended(), "OK without a final frame, after {:?}", told.before),
        Some(Err(status)) => drained(draining, status)?,
        None => {}
    }
    Ok(())
}

fn drained(draining: bool, status: &Status) -> Held {
    rule!(!draining || status.code() == Code::Unavailable, "draining ends with UNAVAILABLE: {status:?}");
    Ok(())
}

/// A tally that was asked for.
pub fn look(asked: &proto::GetTallyRequest, known: u64, told: &proto::GetTallyResponse, record: &Record) -> Held {
    let history = record.history(&asked.vote)?;
    if record.withholds(history) {
        return Ok(());
    }
    let frame = told.frame.as_ref().ok_or("no frame")?;
    rule!(frame.vote == asked.vote, "a frame of another vote: {frame:?}");
    begins(history, frame, 0, known.max(asked.at_least_seq))?;
    Told { history, with_ballots: false, before: None, board: Vec::new() }.shows(frame)?;
    record.agrees(frame)?;
    let point = history.at(frame.revision).ok_or("checked above")?;
    let groups = if asked.by_group { history.groups(point) } else { BTreeMap::new() };
    rule!(
        told.groups.clone().into_iter().collect::<BTreeMap<_, _>>() == groups,
        "groups {:?}, not {groups:?}",
        told.groups
    );
    Ok(())
}

/// A first frame is never behind what its watcher has seen, nor behind what anyone had been told of the record.
fn begins(history: &History, frame: &TallyFrame, after: u64, known: u64) -> Held {
    rule!(frame.revision >= after, "it begins behind revision {after}: {frame:?}");
    let newest = history.as_of(known).map_or(0, |point| point.revision);
    rule!(frame.revision >= newest, "it begins behind revision {newest}, which was shown before: {frame:?}");
    Ok(())
}

impl Record {
    /// Everyone who is shown a revision is shown the same, in frames and by GetVote.
    fn agrees(&self, frame: &TallyFrame) -> Held {
        let plain = TallyFrame { seats: Vec::new(), base_revision: 0, ..frame.clone() };
        let mut frames = self.frames.lock().unwrap();
        let first = frames.entry((frame.vote.clone(), frame.revision)).or_insert_with(|| plain.clone());
        rule!(*first == plain, "one revision is shown in two ways: {first:?} and {plain:?}");
        if let Some(vote) = self.votes.get(&frame.vote).filter(|vote| vote.revision == frame.revision) {
            let of_vote = (vote.state, &vote.tally, &vote.verdict, vote.declared_outcome, &vote.ruling);
            let of_frame = (frame.state, &frame.tally, &frame.verdict, frame.declared_outcome, &frame.ruling);
            rule!(of_vote == of_frame, "GetVote has {of_vote:?}, the frame {of_frame:?}");
        }
        Ok(())
    }
}

/// What a watcher of one tally has been told so far.
struct Told<'a> {
    history: &'a History,
    with_ballots: bool,
    before: Option<&'a TallyFrame>,
    /// The board as its watcher has it, each member's light.
    board: Vec<(String, proto::Choice)>,
}

impl<'a> Told<'a> {
    fn ended(&self) -> bool {
        self.before.is_some_and(|before| has_ended(before.state()))
    }

    fn shows(&mut self, frame: &'a TallyFrame) -> Held {
        let history = self.history;
        let point = history.at(frame.revision).ok_or_else(|| format!("not on record: {frame:?}"))?;
        let (of_record, of_frame) =
            ((point.seq, point.time, point.state), (frame.seq, frame.as_of_time, frame.state()));
        rule!(of_record == of_frame, "{of_record:?} on record, and shown {frame:?}");
        if let Some(before) = self.before {
            rule!(
                before.revision < frame.revision,
                "revisions go back: {} and then {}",
                before.revision,
                frame.revision
            );
            merged(history, before.revision, frame.revision)?;
        }
        let counted = history.tally(point);
        rule!(counted == frame.tally, "counted {counted:?}, and shown {frame:?}");
        let declared = (point.declared, &*point.ruling);
        let shown = (frame.declared_outcome(), &*frame.ruling);
        rule!(declared == shown, "declared {declared:?}, and shown {frame:?}");
        let judged = frame.verdict.as_ref().map(proto::Verdict::outcome);
        rule!(judged.is_some() == history.judges(point), "a verdict where there is none to give, or none: {frame:?}");
        rule!(point.outcome.is_none() || point.outcome == judged, "{:?} on record, and shown {frame:?}", point.outcome);
        self.lights(frame, point)?;
        self.before = Some(frame);
        Ok(())
    }

    /// Lights go on from the frame before on the same stream, and leave the board as the record has it.
    fn lights(&mut self, frame: &TallyFrame, point: &Point) -> Held {
        let lights = self.history.lights(point);
        let sent: Vec<_> = frame.seats.iter().map(|seat| (seat.member.clone(), seat.choice())).collect();
        if !self.with_ballots {
            rule!(sent.is_empty() && frame.base_revision == 0, "ballots that no one asked for: {frame:?}");
            return Ok(());
        }
        let since = self.before.filter(|before| before.tally.is_some()).map_or(0, |before| before.revision);
        rule!(frame.base_revision == since, "it goes on from {since}: {frame:?}");
        let touched = self.history.touched(since, point);
        let due = lights.iter().filter(|(id, _)| since == 0 || touched.contains(id)).cloned().collect::<Vec<_>>();
        rule!(sent == due, "lights {due:?} are due, and sent are {sent:?}");
        if since == 0 {
            self.board = sent;
        } else {
            for (member, choice) in sent {
                let light = self.board.iter_mut().find(|(id, _)| *id == member);
                light.ok_or_else(|| format!("{member} has no light"))?.1 = choice;
            }
        }
        rule!(self.board == lights, "the board is {:?}, and should be {lights:?}", self.board);
        Ok(())
    }
}

/// No state lies between two frames but theirs.
fn merged(history: &History, from: u64, to: u64) -> Held {
    let between = history.points.iter().filter(|point| (from..=to).contains(&point.revision));
    let mut states: Vec<_> = between.map(|point| point.state).collect();
    states.dedup();
    rule!(states.len() <= 2, "a change of state was passed over: {states:?} from revision {from} to {to}");
    Ok(())
}
