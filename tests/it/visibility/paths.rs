//! The paths on which a vote is read, and what of it each one tells.

/// What a path tells of a vote.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Its counts.
    Counts,
    /// What the rule says of them.
    Verdict,
    /// The counts of each group.
    Groups,
    /// The members' lights.
    Seats,
    /// The roll call.
    Ballots,
    /// One member's ballot.
    BallotOf(&'static str),
    /// The ballots whose choice is told.
    OfAnyChoice,
    /// The ballots in favour.
    InFavour,
    /// The members that did otherwise in the reference.
    Moves,
    /// The entries of its ballots.
    Entries,
    /// That there is more to a list.
    More,
}

use Kind::{BallotOf, Ballots, Counts, Entries, Groups, InFavour, More, Moves, OfAnyChoice, Seats, Verdict};

/// A method, a request about the vote `$VOTE` of the body, which begins after `$BEFORE`, and what the answer tells.
pub const ROWS: &[(&str, &str, &[Kind])] = &[
    ("GetVote", r#"{"name":"$VOTE"}"#, &[Counts, Verdict]),
    ("ListVotes", r#"{"parent":"bodies/hall"}"#, &[Counts, Verdict]),
    ("ListVotes", r#"{"parent":"bodies/-"}"#, &[Counts, Verdict]),
    ("GetTally", r#"{"vote":"$VOTE"}"#, &[Counts, Verdict]),
    ("GetTally", r#"{"vote":"$VOTE","byGroup":true}"#, &[Counts, Verdict, Groups]),
    ("WatchTally", r#"{"vote":"$VOTE"}"#, &[Counts, Verdict]),
    ("WatchTally", r#"{"vote":"$VOTE","withBallots":true}"#, &[Counts, Verdict, Seats]),
    ("WatchTally", r#"{"vote":"$VOTE","withBallots":true,"afterRevision":"1"}"#, &[Counts, Verdict, Seats]),
    ("WatchVotes", r#"{"parent":"bodies/hall","states":[1,2,3,4,5,6,7]}"#, &[Counts, Verdict]),
    ("WatchVotes", r#"{"parent":"bodies/-","afterSeq":"1","states":[1,2,3,4,5,6,7]}"#, &[Counts, Verdict]),
    ("GetBallot", r#"{"name":"$VOTE/ballots/A"}"#, &[BallotOf("A")]),
    ("GetBallot", r#"{"name":"$VOTE/ballots/B"}"#, &[BallotOf("B")]),
    ("GetBallot", r#"{"name":"$VOTE/ballots/D"}"#, &[BallotOf("D")]),
    ("GetBallot", r#"{"name":"$VOTE/ballots/E"}"#, &[BallotOf("E")]),
    ("ListBallots", r#"{"parent":"$VOTE"}"#, &[Ballots]),
    ("ListBallots", r#"{"parent":"$VOTE","choices":[1,2,3,4,5]}"#, &[OfAnyChoice]),
    ("ListBallots", r#"{"parent":"$VOTE","choices":[1]}"#, &[InFavour]),
    ("ListBallots", r#"{"parent":"$VOTE","member":"A","choices":[1]}"#, &[InFavour]),
    ("ListBallots", r#"{"parent":"$VOTE","member":"A","choices":[2]}"#, &[]),
    ("ListBallots", r#"{"parent":"$VOTE","pageSize":1}"#, &[BallotOf("A"), More]),
    ("ListBallots", r#"{"parent":"bodies/hall/votes/-","member":"A"}"#, &[BallotOf("A")]),
    ("ListBallots", r#"{"parent":"bodies/hall/votes/-","member":"A","choices":[1]}"#, &[InFavour]),
    ("CompareVotes", r#"{"votes":["$VOTE","bodies/hall/votes/reference"]}"#, &[Counts, Verdict, Moves]),
    ("CompareVotes", r#"{"votes":["bodies/hall/votes/reference","$VOTE"]}"#, &[Counts, Verdict, Moves]),
    ("ReadEntries", r#"{"afterSeq":"$BEFORE","limit":"16"}"#, &[Entries]),
    ("ReadEntries", r#"{"afterSeq":"$BEFORE","limit":"16","raw":true}"#, &[Entries]),
    ("ReadEntries", r#"{"scope":"$VOTE"}"#, &[Entries]),
    ("ReadEntries", r#"{"scope":"bodies/hall","afterSeq":"$BEFORE","limit":"16","raw":true}"#, &[Entries]),
    ("ReadEntries", r#"{"scope":"$VOTE","follow":true}"#, &[Entries]),
    ("ListAnnotations", r#"{"parent":"$VOTE"}"#, &[]),
];
