//! What the demo knows of the two votes: small fixtures, compiled in.

use std::collections::HashMap;

use serde::Deserialize;

use crate::proto::Choice;

const SECURITY_COUNCIL: &str = include_str!("security-council.toml");
const GENERAL_ASSEMBLY: &str = include_str!("general-assembly.toml");

/// One vote as it was held.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Code, name and stand at the lock, in the order of the roll.
    pub members: Vec<(String, String, Stand)>,
    /// The codes of those who hold the veto.
    #[serde(default)]
    pub permanent: Vec<String>,
    /// Members that first press something else, and what.
    #[serde(default)]
    pub first_pressed: HashMap<String, Stand>,
    pub body: Body,
    pub vote: Vote,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub id: String,
    pub display_name: String,
    pub seats: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    pub id: String,
    pub title: String,
    pub symbol: String,
    pub question: String,
    pub rule: String,
    /// The day in words.
    pub held: String,
    /// Its first second, since 1970.
    pub held_time: i64,
    pub manner: String,
    pub follows: Option<String>,
    pub outcome: Outcome,
    #[serde(default)]
    pub adopted_symbol: String,
    /// Whether members press in any order, or are called by what they say.
    #[serde(default)]
    pub machine: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Stand {
    Yes,
    No,
    Abstain,
    NotVoting,
}

impl From<Stand> for Choice {
    fn from(stand: Stand) -> Self {
        match stand {
            Stand::Yes => Self::Yes,
            Stand::No => Self::No,
            Stand::Abstain => Self::Abstain,
            Stand::NotVoting => Self::NotVoting,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Adopted,
    Vetoed,
}

/// The two votes, in the order in which they were held.
pub fn votes() -> Result<[Facts; 2], toml::de::Error> {
    Ok([toml::from_str(SECURITY_COUNCIL)?, toml::from_str(GENERAL_ASSEMBLY)?])
}

impl Facts {
    /// The vote's resource name.
    pub fn name(&self) -> String {
        format!("bodies/{}/votes/{}", self.body.id, self.vote.id)
    }

    /// What the member pressed first, where the press at this place of [`presses`](Self::presses) changes its ballot.
    pub fn changed(&self, at: usize) -> Option<Stand> {
        let once = self.members.iter().filter(|(_, _, stand)| *stand != Stand::NotVoting).count();
        let (member, _) = self.presses().get(at.max(once)).copied().filter(|_| at >= once)?;
        self.first_pressed.get(member).copied()
    }

    /// What is pressed, in order, and by whom: the last press of each member is its stand at the lock.
    pub fn presses(&self) -> Vec<(&str, Stand)> {
        let voting = self.members.iter().filter(|(_, _, stand)| *stand != Stand::NotVoting);
        let mut presses: Vec<(&str, Stand)> = voting.map(|(code, _, stand)| (code.as_str(), *stand)).collect();
        if self.vote.machine {
            // Any order will do that is the same in every run, so that a run that was cut off is taken up again.
            presses.sort_by_key(|(code, _)| scatter(code));
        } else {
            presses.sort_by_key(|(_, stand)| *stand);
        }
        let first = |(code, _): &(&str, Stand)| self.first_pressed.get(*code).copied();
        let mut changed: Vec<_> = presses.iter().copied().filter(|press| first(press).is_some()).collect();
        for (code, stand) in &mut presses {
            *stand = first(&(*code, *stand)).unwrap_or(*stand);
        }
        presses.append(&mut changed);
        presses
    }
}

/// A number that looks random and is not (FNV-1a).
fn scatter(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
