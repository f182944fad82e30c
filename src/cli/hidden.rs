//! What a vote hides until its lock, in words. Knows no server.

use crate::proto::{BallotVisibility, Vote, VoteState};

/// What a vote with this policy hides, as the beginning of a sentence; none where it hides nothing.
fn what(vote: &Vote) -> Option<&'static str> {
    match vote.ballot_policy.unwrap_or_default().visibility() {
        BallotVisibility::TallyOnly => Some("who voted how"),
        BallotVisibility::AfterLock => Some("what was voted"),
        BallotVisibility::Live | BallotVisibility::Unspecified => None,
    }
}

/// What is told of a vote's policy beside the vote.
pub fn policy(vote: &Vote) -> Option<String> {
    what(vote).map(|what| match is_hidden_for_good(vote) {
        true => format!("{what} stays hidden: it was annulled before its lock"),
        false => format!("{what} is shown from the lock on"),
    })
}

/// The same while it hides something.
pub fn now(vote: &Vote) -> Option<String> {
    let goes_on = matches!(vote.state(), VoteState::Open | VoteState::Suspended);
    policy(vote).filter(|_| goes_on || is_hidden_for_good(vote))
}

/// Whether nothing is told of a member: neither how it voted nor whether.
pub fn hides_members(vote: &Vote) -> bool {
    now(vote).is_some() && vote.ballot_policy.unwrap_or_default().visibility() == BallotVisibility::TallyOnly
}

fn is_hidden_for_good(vote: &Vote) -> bool {
    vote.state() == VoteState::Annulled && vote.open_time.is_some() && vote.lock_time.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::BallotPolicy;

    #[test]
    fn what_is_hidden_is_said_while_it_is() {
        let said = |visibility: BallotVisibility, state: VoteState, locked: bool| {
            let time = Some(prost_types::Timestamp::default());
            let ballot_policy = Some(BallotPolicy { visibility: visibility.into(), ..Default::default() });
            let lock_time = time.filter(|_| locked);
            now(&Vote { ballot_policy, state: state.into(), open_time: time, lock_time, ..Default::default() })
        };
        use BallotVisibility::{AfterLock, Live, TallyOnly};
        assert_eq!(said(Live, VoteState::Open, false), None);
        assert_eq!(said(TallyOnly, VoteState::Draft, false), None);
        assert_eq!(said(TallyOnly, VoteState::Open, false).unwrap(), "who voted how is shown from the lock on");
        assert_eq!(said(AfterLock, VoteState::Suspended, false).unwrap(), "what was voted is shown from the lock on");
        assert_eq!(said(AfterLock, VoteState::Locked, true), None);
        let for_good = "what was voted stays hidden: it was annulled before its lock";
        assert_eq!(said(AfterLock, VoteState::Annulled, false).unwrap(), for_good);
        assert_eq!(said(AfterLock, VoteState::Annulled, true), None);
    }
}
