//! The recorded votes as the files have them, checked row by row and kept small: twelve bytes a ballot.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::derive;
use super::findings::{Findings, Place};
use super::table::{self, Table};
use crate::cli::client::Failure;
use crate::proto::Choice;

/// The member whose ballot is the presiding officer's casting vote, outside the totals.
pub const CASTING: &str = "VP";

/// The longest name that people call a thing by, as the API has it.
pub const MAX_DISPLAY: usize = 500;

/// The choices that have published totals, in the order of their columns.
pub const PUBLISHED: [(&str, Choice); 4] =
    [("yes", Choice::Yes), ("no", Choice::No), ("abstain", Choice::Abstain), ("not_voting", Choice::NotVoting)];

/// What the files say.
pub struct Data {
    /// The file of votes, and that of ballots.
    pub files: [String; 2],
    /// The votes in the order of their file; those with a bad row are left out.
    pub votes: Vec<Recorded>,
    /// Votes in the file, those left out too.
    pub in_file: u64,
    /// The members by their place: code and name.
    pub members: Vec<(String, String)>,
    /// Rows of ballots that could be read.
    pub rows: u64,
}

/// One recorded vote.
pub struct Recorded {
    pub line: u32,
    pub id: String,
    /// The first second of its day; none where it is not dated.
    pub held: Option<i64>,
    pub body: String,
    pub title: String,
    pub rule: String,
    /// The published totals, in the order of [`PUBLISHED`].
    pub published: [Option<u64>; 4],
    pub outcome: String,
    /// The members on the roll, in the order of the file.
    pub ballots: Vec<Row>,
    /// The presiding officer's casting vote.
    pub casting: Option<Row>,
    /// Whether one of its rows is bad.
    spoilt: bool,
}

/// One row of the file of ballots.
#[derive(Clone, Copy)]
pub struct Row {
    /// The place in [`Data::members`].
    pub member: u32,
    pub line: u32,
    pub choice: Choice,
}

impl Recorded {
    /// How many members chose this.
    pub fn count(&self, choice: Choice) -> u64 {
        self.ballots.iter().filter(|row| row.choice == choice).count() as u64
    }
}

impl Data {
    /// Reads both files. Bad rows are findings; a vote that one of them is about is left out whole, since what is declared on
    /// half of a roll call cannot be taken back from the record.
    pub fn read(votes: &Path, ballots: &Path, findings: &Findings) -> Result<Self, Failure> {
        let files = [votes.display().to_string(), ballots.display().to_string()];
        let mut data = Self { files, votes: Vec::new(), in_file: 0, members: Vec::new(), rows: 0 };
        let by_id = data.read_votes(votes, findings)?;
        data.read_ballots(ballots, &by_id, findings)?;
        for vote in &data.votes {
            if vote.spoilt {
                findings.refused(&vote.id, data.vote_place(vote), "left out: a row of its ballots is bad")?;
            } else if vote.ballots.is_empty() {
                findings.bad(&vote.id, data.vote_place(vote), &format!("no ballot of it is in {}", data.files[1]))?;
            }
        }
        data.votes.retain(|vote| !vote.spoilt && !vote.ballots.is_empty());
        Ok(data)
    }

    /// Where a vote stands.
    pub fn vote_place(&self, vote: &Recorded) -> Place {
        Place { file: self.files[0].clone(), line: vote.line }
    }

    /// Where a ballot stands.
    pub fn ballot_place(&self, row: Row) -> Place {
        Place { file: self.files[1].clone(), line: row.line }
    }

    fn read_votes(&mut self, path: &Path, findings: &Findings) -> Result<HashMap<String, usize>, Failure> {
        let columns = [
            "vote_id",
            "date",
            "body",
            "title",
            "rule_if_known",
            "yes",
            "no",
            "abstain",
            "not_voting",
            "outcome_if_known",
        ];
        let mut table = Table::open(path, columns)?;
        let mut by_id = HashMap::new();
        while let Some(table::Row { line, cells, problem }) = table.next()? {
            self.in_file += 1;
            let vote = problem.map_or_else(|| recorded(line, cells), Err).and_then(|vote| match by_id.get(&vote.id) {
                None => Ok(vote),
                Some(first) => {
                    let first: &Recorded = &self.votes[*first];
                    Err(format!("vote_id {} stands in line {} too", vote.id, first.line))
                }
            });
            match vote {
                Ok(vote) => {
                    by_id.insert(vote.id.clone(), self.votes.len());
                    self.votes.push(vote);
                }
                Err(reason) => findings.bad(cells[0], Place { file: self.files[0].clone(), line }, &reason)?,
            }
        }
        Ok(by_id)
    }

    fn read_ballots(
        &mut self,
        path: &Path,
        by_id: &HashMap<String, usize>,
        findings: &Findings,
    ) -> Result<(), Failure> {
        let mut table = Table::open(path, ["vote_id", "member_code", "member_name", "choice"])?;
        let mut members = Members::default();
        // Whoever has a row in the vote at hand: rows of one vote mostly stand together.
        let (mut seen, mut of) = (HashSet::new(), usize::MAX);
        while let Some(table::Row { line, cells: [vote_id, code, name, choice], problem }) = table.next()? {
            let vote = by_id.get(vote_id).copied();
            if let Some(at) = vote.filter(|at| *at != of) {
                of = at;
                let vote = &self.votes[at];
                seen = vote.ballots.iter().chain(&vote.casting).map(|row| members.code(row.member)).collect();
            }
            let row = problem.map_or(Ok(()), Err).and_then(|()| {
                vote.ok_or_else(|| format!("vote_id {vote_id:?} is no vote of {}", self.files[0]))?;
                let choice = read_choice(choice)?;
                let member = members.place(code, name)?;
                if seen.insert(members.code(member)) {
                    Ok(Row { member, line, choice })
                } else {
                    Err(format!("member {code} has another row in the same vote"))
                }
            });
            match row {
                Ok(row) => {
                    self.rows += 1;
                    let vote = &mut self.votes[of];
                    if members.is_casting(row.member) { vote.casting = Some(row) } else { vote.ballots.push(row) }
                }
                Err(reason) => {
                    vote.into_iter().for_each(|at| self.votes[at].spoilt = true);
                    findings.bad(vote_id, Place { file: self.files[1].clone(), line }, &reason)?;
                }
            }
        }
        self.members = members.list;
        Ok(())
    }
}

fn recorded(line: u32, cells: [&str; 10]) -> Result<Recorded, String> {
    let [id, date, body, title, rule, yes, no, abstain, not_voting, outcome] = cells.map(str::trim);
    if !derive::is_vote_id(id) {
        return Err(format!("vote_id {id:?} must match [a-z0-9][a-z0-9.-]{{0,62}}"));
    }
    let held = match date {
        "" => None,
        date => Some(derive::day(date).ok_or_else(|| format!("date {date:?} must be a day, as YYYY-MM-DD"))?),
    };
    if derive::body_name(body).is_empty() {
        return Err("the body is empty".to_owned());
    }
    let mut published = [None; 4];
    for ((total, (column, _)), cell) in published.iter_mut().zip(PUBLISHED).zip([yes, no, abstain, not_voting]) {
        if !cell.is_empty() {
            *total = Some(cell.parse().map_err(|_| format!("{column} {cell:?} must be a number, or empty"))?);
        }
    }
    Ok(Recorded {
        line,
        id: id.to_owned(),
        held,
        body: body.to_owned(),
        title: title.to_owned(),
        rule: rule.to_owned(),
        published,
        outcome: outcome.to_owned(),
        ballots: Vec::new(),
        casting: None,
        spoilt: false,
    })
}

fn read_choice(text: &str) -> Result<Choice, String> {
    match text.trim() {
        "yes" => Ok(Choice::Yes),
        "no" => Ok(Choice::No),
        "abstain" => Ok(Choice::Abstain),
        "present" => Ok(Choice::Present),
        "not_voting" => Ok(Choice::NotVoting),
        other => Err(format!("choice {other:?} must be yes, no, abstain, present or not_voting")),
    }
}

/// The members met so far. A member whose name changes has a place for each name.
#[derive(Default)]
struct Members {
    list: Vec<(String, String)>,
    /// The number of each code, and the places of its names.
    codes: HashMap<String, (u32, Vec<u32>)>,
    code_of: Vec<u32>,
    casting: Option<u32>,
}

impl Members {
    fn place(&mut self, code: &str, name: &str) -> Result<u32, String> {
        let (code, name) = (code.trim(), name.trim());
        if let Some((_, places)) = self.codes.get(code)
            && let Some(place) = places.iter().find(|place| self.list[**place as usize].1 == name)
        {
            return Ok(*place);
        }
        if !derive::is_member_id(code) {
            return Err(format!("member_code {code:?} must match [A-Za-z0-9][A-Za-z0-9._-]{{0,62}}"));
        }
        if name.len() > MAX_DISPLAY || name.chars().any(char::is_control) {
            return Err(format!("member_name must be one line of at most {MAX_DISPLAY} bytes"));
        }
        let place = u32::try_from(self.list.len()).map_err(|_| "too many members".to_owned())?;
        self.list.push((code.to_owned(), name.to_owned()));
        let next = u32::try_from(self.codes.len()).unwrap_or(u32::MAX);
        let (number, places) = self.codes.entry(code.to_owned()).or_insert_with(|| (next, Vec::new()));
        places.push(place);
        self.code_of.push(*number);
        if code == CASTING {
            self.casting = Some(*number);
        }
        Ok(place)
    }

    fn code(&self, place: u32) -> u32 {
        self.code_of[place as usize]
    }

    fn is_casting(&self, place: u32) -> bool {
        self.casting == Some(self.code(place))
    }
}
