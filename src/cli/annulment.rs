//! When a vote was annulled, and why. The vote itself does not say: the record does.

use super::client::{Clients, Failure};
use super::time;
use crate::proto::entry::Event;
use crate::proto::stored_entry::Content;
use crate::proto::{ReadEntriesRequest, StoredEntry, Vote, VoteState};

/// A vote set aside.
pub struct Annulment {
    time: String,
    reason: String,
}

/// The annulment of a vote, where it is annulled.
pub async fn of(clients: &mut Clients, vote: &Vote) -> Result<Option<Annulment>, Failure> {
    if vote.state() != VoteState::Annulled {
        return Ok(None);
    }
    // It is the last entry about the vote, or one before it.
    for after in [vote.seq.saturating_sub(1), 0] {
        let request = ReadEntriesRequest { after_seq: after, scope: vote.name.clone(), ..Default::default() };
        let mut entries = clients.record.read_entries(request).await?.into_inner();
        while let Some(message) = entries.message().await? {
            if let Some(annulment) = message.entries.into_iter().find_map(annulment) {
                return Ok(Some(annulment));
            }
        }
    }
    Ok(None)
}

fn annulment(stored: StoredEntry) -> Option<Annulment> {
    let Some(Content::Entry(entry)) = stored.content else { return None };
    let Some(Event::VoteAnnulled(annulled)) = entry.event else { return None };
    Some(Annulment { time: time::second(entry.record_time.as_ref()), reason: annulled.reason })
}

impl std::fmt::Display for Annulment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { time, reason } = self;
        if reason.is_empty() { f.write_str(time) } else { write!(f, "{time}: {reason}") }
    }
}
