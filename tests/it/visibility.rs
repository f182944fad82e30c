//! Votes that hide their members' choices, or the counts too, until they are locked: on no path is told what is hidden, and
//! on every path what is not.

use rollcall::proto::BallotVisibility;

mod hall;
mod lifted;
mod paths;
mod told;

use hall::{Hall, STATES};
use paths::{Kind, ROWS};

/// The visibilities, with how the votes of each are named.
pub const VISIBILITIES: [(&str, BallotVisibility); 3] = [
    ("live", BallotVisibility::Live),
    ("tally-only", BallotVisibility::TallyOnly),
    ("after-lock", BallotVisibility::AfterLock),
];

/// Whether a vote in this state was opened and not locked.
fn hides(state: &str) -> bool {
    matches!(state, "open" | "suspended" | "annulled")
}

/// What differs between what the paths say of a vote and what they may.
async fn wrong(hall: &Hall, visibility: &str, state: &str) -> Vec<String> {
    let vote = format!("{visibility}-{state}");
    let mut wrong = Vec::new();
    let mut compare = |path: &str, said: Vec<String>, expected: Vec<String>| {
        if said != expected {
            wrong.push(format!("{vote} {path}\n  expected {expected:?}\n  but      {said:?}"));
        }
    };
    for (method, json, kinds) in ROWS {
        let said = hall.ask(method, json, &vote).await;
        let expected = match hides(state) {
            true => told::expected(kinds, visibility, state),
            // What is shown is shown as in the live vote that went the same way.
            false => hall.ask(method, json, &format!("live-{state}")).await,
        };
        compare(&format!("{method} {json}"), said, expected);
    }
    for (method, json) in hall.acts(&vote) {
        let said = hall.ask(method, json, &vote).await;
        let kinds: &[Kind] = if told::tells_vote(&hall.method(method)) { &[Kind::Counts, Kind::Verdict] } else { &[] };
        let expected = match hides(state) {
            true => told::expected(kinds, visibility, state),
            false => hall.again(method, json, &vote, &format!("live-{state}")).await,
        };
        compare(&format!("{method} again"), said, expected);
    }
    wrong
}

#[tokio::test]
async fn no_path_tells_what_is_hidden_and_each_tells_what_is_not() {
    let mut hall = Hall::conducted().await;
    let mut problems = Vec::new();
    for (visibility, _) in VISIBILITIES {
        // A live vote that shows all is what the others are compared with.
        for state in STATES.into_iter().filter(|state| hides(state) || visibility != "live") {
            problems.extend(wrong(&hall, visibility, state).await);
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    hall.restart().await;
    for (visibility, _) in VISIBILITIES {
        for state in STATES.into_iter().filter(|state| hides(state)) {
            problems.extend(wrong(&hall, visibility, state).await);
        }
    }
    assert!(problems.is_empty(), "after a restart:\n{}", problems.join("\n"));
}

#[tokio::test]
async fn every_method_that_can_tell_a_choice_is_asked() {
    let hall = Hall::conducted().await;
    let asked: Vec<&str> = ROWS.iter().map(|(method, ..)| *method).chain(hall.methods()).collect();
    let left: Vec<String> = told::telling().into_iter().filter(|method| !asked.contains(&&**method)).collect();
    assert!(left.is_empty(), "not asked: {left:?}");
    assert!(told::telling().len() > 15, "{:?}", told::telling());
}
