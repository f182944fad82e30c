//! The rules of a watch of a hall: each vote as it is on record, none missing, none too many.

use rollcall::proto::watch_votes_response::Message;
use rollcall::proto::{self, Relation, Vote, WatchVotesRequest};

use super::super::watched::Seen;
use super::{BTreeMap, Held, History, Point, Record, drained, has_ended, rule, silence};

/// What a watcher of a hall may be told.
pub fn hall(seen: &Seen<proto::WatchVotesResponse>, record: &Record) -> Held {
    let asked = &seen.asked;
    let mut shown = BTreeMap::<&str, &Vote>::new();
    let (mut reached, mut silences, mut caught_up, mut draining) = (asked.after_seq, 0, false, false);
    for (at, message) in &seen.messages {
        rule!(!draining, "nothing but the end comes after draining: {message:?}");
        match message {
            Message::Vote(vote) => {
                rule!(vote.seq > reached, "it goes back behind {reached}: {vote:?}");
                reached = vote.seq;
                let history = record.history(&vote.name)?;
                let before = shown.insert(&vote.name, vote);
                if !record.withholds(history) {
                    as_recorded(history, vote, record)?;
                    may_be_shown(asked, history, vote, before)?;
                }
            }
            Message::CaughtUp(all) => {
                rule!(!caught_up, "it catches up twice");
                caught_up = true;
                rule!(all.seq >= reached.max(seen.known), "caught up behind {} or {reached}: {all:?}", seen.known);
                reached = all.seq;
                none_is_missing(asked, record, &shown, reached)?;
            }
            Message::Progress(progress) => {
                rule!(caught_up, "a heartbeat before it has caught up");
                silences += 1;
                let due = silence(asked.heartbeat) * silences;
                rule!(*at >= due, "a heartbeat more often than asked: {silences} within {at:?}");
                rule!(progress.seq >= reached, "progress goes back behind {reached}: {progress:?}");
                reached = progress.seq;
                none_is_missing(asked, record, &shown, reached)?;
            }
            Message::Draining(until) => {
                rule!(until.reconnect_after.is_some(), "draining does not say when to come back");
                draining = true;
            }
        }
        rule!(reached <= record.end, "it reaches beyond the record: {message:?}");
    }
    match &seen.end {
        Some(Ok(())) => Err("a watch of a hall never ends with OK".into()),
        Some(Err(status)) => drained(draining, status),
        None => Ok(()),
    }
}

fn as_recorded(history: &History, vote: &Vote, record: &Record) -> Held {
    let point = history.at(vote.revision).ok_or_else(|| format!("not on record: {vote:?}"))?;
    rule!((point.seq, point.state) == (vote.seq, vote.state()), "{point:?} on record, and shown {vote:?}");
    let counted = (history.tally(point), history.announced(point));
    let shown = (vote.tally.clone(), vote.announced_tally.clone());
    rule!(counted == shown, "counted {counted:?}, and shown {shown:?}");
    let declared = (point.declared, &*point.ruling);
    let shown = (vote.declared_outcome(), &*vote.ruling);
    rule!(declared == shown, "declared {declared:?}, and shown {shown:?}");
    let now = record.votes.get(&vote.name).filter(|now| now.revision == vote.revision);
    rule!(now.is_none_or(|now| now == vote), "GetVote has {now:?}, the watch {vote:?}");
    Ok(())
}

fn asks_for(asked: &WatchVotesRequest, point: &Point) -> bool {
    let state = i32::from(point.state);
    if asked.states.is_empty() { !has_ended(point.state) } else { asked.states.contains(&state) }
}

fn is_about(asked: &WatchVotesRequest, name: &str, history: &History) -> bool {
    let of_body = asked.parent == "bodies/-" || name.starts_with(&format!("{}/", asked.parent));
    let any = |relation: &Relation| {
        let of = |one: &Relation| {
            (relation.kind == 0 || relation.kind == one.kind) && (relation.vote.is_empty() || relation.vote == one.vote)
        };
        history.relations.iter().any(of)
    };
    of_body && asked.relation.as_ref().is_none_or(any)
}

/// A vote is shown in the states asked for, and once more when it leaves them, on this stream or since the last one.
fn may_be_shown(asked: &WatchVotesRequest, history: &History, vote: &Vote, before: Option<&Vote>) -> Held {
    rule!(is_about(asked, &vote.name, history), "no one asked for this vote: {vote:?}");
    let at = |revision| history.at(revision).ok_or("checked above");
    let leaves = match before {
        Some(before) => asks_for(asked, at(before.revision)?),
        None => asked.after_seq > 0 && history.points[0].seq <= asked.after_seq,
    };
    rule!(leaves || asks_for(asked, at(vote.revision)?), "no one asked for this state: {vote:?}");
    Ok(())
}

/// At a place up to which it is complete, each vote that was due has been shown as it was there.
fn none_is_missing(asked: &WatchVotesRequest, record: &Record, shown: &BTreeMap<&str, &Vote>, reached: u64) -> Held {
    for (name, history) in
        record.histories.iter().filter(|(name, history)| is_about(asked, name, history) && !record.withholds(history))
    {
        let Some(point) = history.as_of(reached).filter(|point| point.seq > asked.after_seq) else { continue };
        let last = shown.get(name.as_str()).map_or(0, |vote| vote.revision);
        let known = if last > 0 { history.at(last) } else { history.as_of(asked.after_seq) };
        let was_asked_for = (last > 0 || asked.after_seq > 0) && known.is_some_and(|known| asks_for(asked, known));
        let due = asks_for(asked, point) || was_asked_for;
        rule!(!due || last == point.revision, "complete up to {reached}, and {name} was not shown as {point:?}");
    }
    Ok(())
}
