//! The words of the command line for the values of the contract, as they are typed and as they are shown: `not-adopted`,
//! "not adopted", `population=280`. Knows no server.

use clap::ValueEnum;

use crate::proto::{self, Counts};

/// The words that are typed for the values of an enum.
macro_rules! typed {
    ($(#[$doc:meta])* $name:ident: $($of:ident)::+ { $($(#[$says:meta])* $word:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
        pub enum $name { $($(#[$says])* $word,)* }

        impl From<$name> for proto::$($of)::+ {
            fn from(word: $name) -> Self {
                match word { $($name::$word => Self::$word,)* }
            }
        }
    };
}

typed! {
    /// What can be cast.
    Choice: Choice {
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

typed! {
    /// What a roll call is asked for.
    Stand: Choice {
        /// In favour
        Yes,
        /// Against
        No,
        /// Abstaining
        Abstain,
        /// Present without a choice
        Present,
        /// On the roll with no ballot
        NotVoting,
    }
}

typed! {
    /// How the presiding officer decides equal counts.
    CastingVote: Choice {
        /// In favour
        Yes,
        /// Against
        No,
    }
}

typed! {
    /// Where a vote stands.
    VoteState: VoteState {
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

typed! {
    /// What can be declared.
    Outcome: Outcome {
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

typed! {
    /// What one vote is to another.
    Relation: relation::Kind {
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
}

typed! {
    /// Who sees the choices while the vote is open.
    Visibility: BallotVisibility {
        /// Tally and choices are live, as on the board in the hall
        Live,
        /// The tally is live; who has voted, and how, is shown from the lock on
        TallyOnly,
        /// Who has voted is live; tally and choices are shown from the lock on
        AfterLock,
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
pub fn read_counts(text: &str) -> Result<(String, Counts), String> {
    let (name, figures) = pair(text)?;
    let read = |figure: &str| figure.parse().map_err(|_| format!("\"{figure}\" is no whole number"));
    let figures = figures.split('/').map(read).collect::<Result<Vec<u64>, _>>()?;
    if !(2..=5).contains(&figures.len()) {
        return Err("give NAME=YES/NO, and as needed /ABSTAIN/PRESENT/NOT-VOTING".to_owned());
    }
    let figure = |at: usize| figures.get(at).copied().unwrap_or_default();
    let [yes, no, abstain, present, not_voting] = [0, 1, 2, 3, 4].map(figure);
    Ok((name, Counts { yes, no, abstain, present, not_voting, undisclosed: 0 }))
}

/// A choice.
pub fn choice(choice: proto::Choice) -> &'static str {
    match choice {
        proto::Choice::Yes => "yes",
        proto::Choice::No => "no",
        proto::Choice::Abstain => "abstain",
        proto::Choice::Present => "present",
        proto::Choice::NotVoting => "not voting",
        proto::Choice::Unspecified => "not shown",
    }
}

/// A member's light as it changes: one that is hidden changes when the member votes.
pub fn light(light: proto::Choice) -> &'static str {
    if light == proto::Choice::Unspecified { "has voted" } else { choice(light) }
}

/// Where a vote stands. In capitals where one watches it.
pub fn state(state: proto::VoteState) -> &'static str {
    match state {
        proto::VoteState::Unspecified => "unknown",
        proto::VoteState::Draft => "draft",
        proto::VoteState::Open => "open",
        proto::VoteState::Suspended => "suspended",
        proto::VoteState::Locked => "locked",
        proto::VoteState::Declared => "declared",
        proto::VoteState::Annulled => "annulled",
        proto::VoteState::Withdrawn => "withdrawn",
    }
}

/// What came of a vote. In capitals where it is said as a result.
pub fn outcome(outcome: proto::Outcome) -> &'static str {
    match outcome {
        proto::Outcome::Unspecified => "none",
        proto::Outcome::Adopted => "adopted",
        proto::Outcome::NotAdopted => "not adopted",
        proto::Outcome::Vetoed => "vetoed",
        proto::Outcome::NoQuorum => "no quorum",
        proto::Outcome::AwaitingCastingVote => "awaiting casting vote",
        proto::Outcome::RevoteDue => "revote due",
        proto::Outcome::AdoptedWithoutVote => "adopted without vote",
    }
}

/// What a vote is to another.
pub fn relation(kind: proto::relation::Kind) -> &'static str {
    use proto::relation::Kind;
    match kind {
        Kind::Unspecified => "related to",
        Kind::Amendment => "amends",
        Kind::Part => "part of",
        Kind::Reconsideration => "reconsiders",
        Kind::Revote => "revote of",
        Kind::Procedural => "procedural to",
        Kind::Follows => "follows",
    }
}

/// What a member says about a vote.
pub fn statement(kind: proto::statement::Kind) -> &'static str {
    match kind {
        proto::statement::Kind::Unspecified => "statement",
        proto::statement::Kind::ExplanationBefore => "explanation before",
        proto::statement::Kind::ExplanationAfter => "explanation after",
        proto::statement::Kind::IntendedVote => "intended vote",
    }
}

/// How a member had intended to vote.
pub fn intended(intended: proto::Choice) -> String {
    match intended {
        proto::Choice::NotVoting => "had intended not to vote".to_owned(),
        other => format!("had intended to vote {}", choice(other)),
    }
}

/// A number with the word for what is counted.
pub fn many(count: u64, one: &str) -> String {
    match (count, one.strip_suffix('y')) {
        (1, _) => format!("1 {one}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {one}s"),
    }
}

/// A column of counts: a stand, or none for ballots whose choice is not shown.
pub type Column = Option<proto::Choice>;

/// All columns, in the order in which they are shown.
pub const COLUMNS: [Column; 6] = [
    Some(proto::Choice::Yes),
    Some(proto::Choice::No),
    Some(proto::Choice::Abstain),
    Some(proto::Choice::Present),
    None,
    Some(proto::Choice::NotVoting),
];

/// The name of a column.
pub fn column(column: Column) -> &'static str {
    column.map_or("not shown", choice)
}

/// What stands in a column.
pub fn count(column: Column, counts: &Counts) -> u64 {
    match column {
        Some(proto::Choice::Yes) => counts.yes,
        Some(proto::Choice::No) => counts.no,
        Some(proto::Choice::Abstain) => counts.abstain,
        Some(proto::Choice::Present) => counts.present,
        Some(proto::Choice::NotVoting | proto::Choice::Unspecified) => counts.not_voting,
        None => counts.undisclosed,
    }
}

/// What stands in a column; none where what is counted there is hidden.
pub fn shown_count(column: Column, counts: &Counts) -> Option<u64> {
    let is_shown = counts.undisclosed == 0 || matches!(column, Some(proto::Choice::NotVoting) | None);
    is_shown.then(|| count(column, counts))
}

/// Whether a column is shown where nothing stands in it.
pub fn is_common(column: Column) -> bool {
    !matches!(column, Some(proto::Choice::Present) | None)
}

/// The columns that are shown for these counts.
pub fn columns(counts: &Counts) -> Vec<(Column, u64)> {
    let all = COLUMNS.into_iter().filter_map(|column| Some((column, shown_count(column, counts)?)));
    all.filter(|(column, count)| is_common(*column) || *count > 0).collect()
}

/// Counts on one line.
pub fn counts(counts: &Counts) -> String {
    let one = |(of, count): (Column, u64)| format!("{} {count}", column(of));
    columns(counts).into_iter().map(one).collect::<Vec<_>>().join("  ")
}

/// The same for lines that stand below one another.
pub fn aligned_counts(counts: &Counts) -> String {
    let one = |(of, count): (Column, u64)| format!("{} {count:3}", column(of));
    columns(counts).into_iter().map(one).collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rare_is_shown_where_it_is() {
        let common = Counts { yes: 1, not_voting: 20, ..Default::default() };
        assert_eq!(counts(&common), "yes 1  no 0  abstain 0  not voting 20");
        let rare = Counts { present: 2, ..common };
        assert_eq!(counts(&rare), "yes 1  no 0  abstain 0  present 2  not voting 20");
        let hidden = Counts { undisclosed: 3, not_voting: 20, ..Default::default() };
        assert_eq!(counts(&hidden), "not shown 3  not voting 20", "what is hidden is not none");
        assert_eq!(aligned_counts(&common), "yes   1  no   0  abstain   0  not voting  20");
    }

    #[test]
    fn what_is_typed_is_what_is_shown() {
        let typed =
            |word: &dyn Fn() -> Option<clap::builder::PossibleValue>| word().unwrap().get_name().replace('-', " ");
        for stand in Stand::value_variants() {
            assert_eq!(typed(&|| stand.to_possible_value()), choice((*stand).into()));
        }
        for one in VoteState::value_variants() {
            assert_eq!(typed(&|| one.to_possible_value()), state((*one).into()));
        }
        for one in Outcome::value_variants() {
            assert_eq!(typed(&|| one.to_possible_value()), outcome((*one).into()));
        }
    }
}
