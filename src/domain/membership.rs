//! What part of a body's members made each choice, as a newspaper prints it. Decides nothing.

use super::{Choice, Counts};

/// The part of a body's members that made one choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberShare {
    /// The choice; none for the members who were not on the roll.
    pub choice: Option<Choice>,
    /// How many made it.
    pub count: u64,
    /// Of how many members that hold a seat.
    pub members: u64,
    /// The same in thousandths, rounded; never 0 where anyone made it, never 1000 where anyone did not.
    pub per_mille: u32,
    /// The fraction that it is near, with how; empty where it is near none.
    pub fraction: String,
    /// All of it in words.
    pub text: String,
}

/// The fractions that have a name. None is within two hundredths of another, so that a share is near one at most.
const FRACTIONS: [(u128, u128, &str); 11] = [
    (1, 10, "a tenth"),
    (1, 5, "a fifth"),
    (1, 4, "a quarter"),
    (1, 3, "a third"),
    (2, 5, "two fifths"),
    (1, 2, "half"),
    (3, 5, "three fifths"),
    (2, 3, "two thirds"),
    (3, 4, "three quarters"),
    (4, 5, "four fifths"),
    (9, 10, "nine tenths"),
];

/// The shares of a body's members by choice, of those that are rare where there are any. None where the members are fewer than
/// the roll, since these are then not its members.
pub(super) fn shares(heads: &Counts, members: u64) -> Vec<MemberShare> {
    let Some(off) = u128::from(members).checked_sub(heads.roll()).and_then(|off| u64::try_from(off).ok()) else {
        return Vec::new();
    };
    if members == 0 {
        return Vec::new();
    }
    let each = [Choice::Yes, Choice::No, Choice::Abstain, Choice::Present, Choice::NotVoting]
        .map(|choice| (Some(choice), heads.of(choice)));
    let common = |choice| !matches!(choice, None | Some(Choice::Present));
    let all = each.into_iter().chain([(None, off)]);
    all.filter(|(choice, count)| *count > 0 || common(*choice))
        .map(|(choice, count)| share(choice, count, members))
        .collect()
}

fn share(choice: Option<Choice>, count: u64, members: u64) -> MemberShare {
    let (part, whole) = (u128::from(count), u128::from(members));
    let rounded = (2_000 * part + whole) / (2 * whole);
    let honest = match count {
        0 => 0,
        _ if count == members => 1_000,
        _ => rounded.clamp(1, 999),
    };
    let per_mille = u32::try_from(honest).unwrap_or(1_000);
    let what = choice.map_or_else(|| "not entitled to vote".to_owned(), |choice| choice.to_string());
    let fraction = fraction(part, whole).unwrap_or_default();
    let near = if fraction.is_empty() { "" } else { ", " };
    let text = format!("{count} of {members} members {what}: {}.{} %{near}{fraction}", per_mille / 10, per_mille % 10);
    MemberShare { choice, count, members, per_mille, fraction, text }
}

/// The fraction that a share is, or is within a hundredth of.
fn fraction(part: u128, whole: u128) -> Option<String> {
    FRACTIONS.iter().find_map(|(p, q, name)| {
        let (share, fraction) = (part * q, p * whole);
        let near = share.abs_diff(fraction) * 100 <= q * whole;
        near.then(|| match share.cmp(&fraction) {
            std::cmp::Ordering::Less => format!("just under {name}"),
            std::cmp::Ordering::Equal => format!("exactly {name}"),
            std::cmp::Ordering::Greater => format!("just over {name}"),
        })
    })
}
