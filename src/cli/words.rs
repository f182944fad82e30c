//! Words of the command line for the values of the contract: `yes`, `not-adopted`, `open`, `population=280`.

use clap::ValueEnum;

use crate::proto;

/// The words of the command line for the values of an enum.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$says:meta])* $word:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
        pub enum $name { $($(#[$says])* $word,)* }

        impl From<$name> for proto::$name {
            fn from(word: $name) -> Self {
                match word { $($name::$word => Self::$word,)* }
            }
        }
    };
}

words! {
    /// What can be cast, and what a roll call shows.
    Choice {
        /// In favour
        Yes,
        /// Against
        No,
        /// Abstaining
        Abstain,
        /// Present without a choice
        Present,
    }
}

words! {
    /// Where a vote stands.
    VoteState {
        /// Tabled
        Draft,
        /// Ballots are taken
        Open,
        /// No ballot is taken for now
        Suspended,
        /// No ballot is taken any more
        Locked,
        /// The result is declared
        Declared,
        /// Set aside
        Annulled,
        /// Withdrawn before it opened
        Withdrawn,
    }
}

words! {
    /// What can be declared.
    Outcome {
        /// The requirements are met
        Adopted,
        /// A requirement is not met
        NotAdopted,
        /// The requirements are met, and a member with a veto is against
        Vetoed,
        /// Too few took part
        NoQuorum,
        /// Equal counts; a second vote is due
        RevoteDue,
    }
}

/// What one vote is to another.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Relation {
    /// An amendment to the other's text
    Amendment,
    /// A part of the other's text put separately
    Part,
    /// A motion to reconsider the other's result
    Reconsideration,
    /// The other put again
    Revote,
    /// A question of procedure about the other
    Procedural,
    /// Taken up after the other
    Follows,
}

impl From<Relation> for proto::relation::Kind {
    fn from(word: Relation) -> Self {
        match word {
            Relation::Amendment => Self::Amendment,
            Relation::Part => Self::Part,
            Relation::Reconsideration => Self::Reconsideration,
            Relation::Revote => Self::Revote,
            Relation::Procedural => Self::Procedural,
            Relation::Follows => Self::Follows,
        }
    }
}

/// How the presiding officer decides equal counts.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum CastingVote {
    /// In favour
    Yes,
    /// Against
    No,
}

impl From<CastingVote> for proto::Choice {
    fn from(vote: CastingVote) -> Self {
        match vote {
            CastingVote::Yes => Self::Yes,
            CastingVote::No => Self::No,
        }
    }
}

/// Who sees the choices while the vote is open.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Visibility {
    /// Tally and choices are live
    #[default]
    Live,
    /// The tally is live, choices are shown from the lock on
    TallyOnly,
    /// Tally and choices are shown from the lock on
    AfterLock,
}

impl From<Visibility> for proto::BallotVisibility {
    fn from(word: Visibility) -> Self {
        match word {
            Visibility::Live => Self::Live,
            Visibility::TallyOnly => Self::TallyOnly,
            Visibility::AfterLock => Self::AfterLock,
        }
    }
}

/// Reads `NAME=NUMBER`.
pub fn weight(text: &str) -> Result<(String, u64), String> {
    let (name, number) = pair(text)?;
    let number = number.parse().map_err(|_| format!("\"{number}\" is no whole number"))?;
    Ok((name, number))
}

/// Reads `KEY=VALUE`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("give NAME=VALUE".to_owned()),
    }
}

/// Reads `NAME=YES/NO/ABSTAIN/PRESENT/NOT-VOTING`; what is left out at the end is 0.
pub fn counts(text: &str) -> Result<(String, proto::Counts), String> {
    let (name, figures) = pair(text)?;
    let read = |figure: &str| figure.parse().map_err(|_| format!("\"{figure}\" is no whole number"));
    let figures = figures.split('/').map(read).collect::<Result<Vec<u64>, _>>()?;
    if !(2..=5).contains(&figures.len()) {
        return Err("give NAME=YES/NO, and as needed /ABSTAIN/PRESENT/NOT-VOTING".to_owned());
    }
    let figure = |at: usize| figures.get(at).copied().unwrap_or_default();
    let [yes, no, abstain, present, not_voting] = [0, 1, 2, 3, 4].map(figure);
    Ok((name, proto::Counts { yes, no, abstain, present, not_voting, undisclosed: 0 }))
}
