//! The steps of a vote, each a call of the API under an id that follows from the data.

use std::collections::BTreeMap;

use tonic::{Code, Response, Status};

use super::conduct::{Conductor, Stop};
use super::data::{MAX_DISPLAY, PUBLISHED, Recorded, Row};
use super::derive::{body_id, body_name, request_id, rule_of_tag, shortened, symbol, was_adopted};
use super::seating::{Seating, made};
use crate::cli::client::Clients;
use crate::proto::ballot_result::Result as BallotOutcome;
use crate::proto::{self, Choice, Outcome};

/// The longest title, in bytes, as the API has it.
const MAX_TITLE: usize = 2_000;

/// Ballots in one call at most, as the API has it.
const MAX_CAST: usize = 1_000;

/// The rule of a body whose file names none.
const RULES: [(&str, &str); 1] = [("un-ga", "un.ga.simple")];

impl Conductor {
    /// The rule of a vote: the one asked for, else the file's, else the body's own.
    fn rule_of(&self, vote: &Recorded, body: &str) -> Result<String, Stop> {
        if let Some(rule) = &self.rule {
            return Ok(rule.clone());
        }
        if self.rules.contains(&vote.rule) {
            return Ok(vote.rule.clone());
        }
        if let Some(rule) =
            rule_of_tag(&body_id(body_name(&vote.body)), &vote.rule).filter(|rule| self.rules.contains(*rule))
        {
            return Ok(rule.to_owned());
        }
        if !vote.rule.is_empty() {
            let problem =
                format!("rule_if_known {:?} is no named rule of this server: name one with --rule", vote.rule);
            return Err(Stop::Refused(problem));
        }
        let known = RULES.iter().find(|(of, _)| body_id(body_name(&vote.body)) == *of).map(|(_, rule)| *rule);
        known
            .map(str::to_owned)
            .ok_or_else(|| Stop::Refused(format!("no rule is known for {body}: name one with --rule")))
    }

    /// Notes where a vote that is on record has another rule than it would be tabled under now: that is fixed.
    pub(super) fn compare_rule(&self, vote: &Recorded, body: &str, known: &proto::Vote) -> Result<(), Stop> {
        let recorded = known.rule.as_ref().map_or("", |rule| rule.preset.as_str());
        match self.rule_of(vote, body) {
            Ok(rule) if rule != recorded => {
                let stays = if recorded.is_empty() { "one without a name" } else { recorded };
                let reason = format!("it is on record under the rule {stays}, which stays; {rule} is not applied");
                Ok(self.findings.other_rule(&vote.id, self.data.vote_place(vote), &reason)?)
            }
            // What names no rule now is no reason to leave alone what is on record.
            _ => Ok(()),
        }
    }

    pub(super) async fn table(&self, vote: &Recorded, body: &str, name: &str) -> Result<(), Stop> {
        let title = shortened(&vote.title, MAX_TITLE);
        if title != vote.title {
            let reason = format!("the title has {} bytes; the first {MAX_TITLE} are recorded", vote.title.len());
            self.findings.shortened(&vote.id, self.data.vote_place(vote), &reason)?;
        }
        let mut labels = BTreeMap::from([("body".to_owned(), shortened(&vote.body, MAX_DISPLAY))]);
        if !vote.outcome.is_empty() {
            labels.insert("published-outcome".to_owned(), shortened(&vote.outcome, MAX_DISPLAY));
        }
        let question = proto::Vote {
            title,
            symbol: shortened(symbol(&vote.body), MAX_DISPLAY),
            rule: Some(proto::Rule { preset: self.rule_of(vote, body)?, ..Default::default() }),
            held_time: vote.held.map(|seconds| prost_types::Timestamp { seconds, nanos: 0 }),
            labels,
            ..Default::default()
        };
        let request = proto::CreateVoteRequest {
            parent: format!("bodies/{body}"),
            vote_id: vote.id.clone(),
            vote: Some(question),
            request_id: request_id(&[name, "create"]),
        };
        let answer =
            self.calls.make(request, |mut to, request| async move { to.votes.create_vote(request).await }).await?;
        self.summary.recorded(made(answer.receipt));
        Ok(())
    }

    pub(super) async fn open(
        &self,
        vote: &Recorded,
        body: &str,
        name: &str,
        seating: &mut Seating,
    ) -> Result<(), Stop> {
        let member = |row: &Row| {
            let (code, name) = &self.data.members[row.member as usize];
            (code.as_str(), name.as_str())
        };
        let wanted: Vec<_> = vote.ballots.iter().map(member).collect();
        self.summary.recorded(seating.follow(&self.calls, body, &wanted).await?);
        let request_id = request_id(&[name, "open"]);
        let request = proto::OpenVoteRequest { name: name.to_owned(), request_id, ..Default::default() };
        let answer =
            self.calls.make(request, |mut to, request| async move { to.votes.open_vote(request).await }).await?;
        self.summary.recorded(made(answer.receipt));
        compare_roll(vote, &answer.vote.unwrap_or_default())
    }

    /// Casts the ballots of those that voted; members that did not are on the roll without one.
    pub(super) async fn cast(&self, vote: &Recorded, name: &str) -> Result<(), Stop> {
        let rows: Vec<Row> = vote.ballots.iter().filter(|row| row.choice != Choice::NotVoting).copied().collect();
        let mut refused = 0;
        for rows in rows.chunks(MAX_CAST) {
            let ballot = |row: &Row| {
                let member = self.data.members[row.member as usize].0.clone();
                let request_id = request_id(&[name, "ballot", &member]);
                proto::CastBallotRequest { vote: name.to_owned(), member, choice: row.choice.into(), request_id }
            };
            let request = proto::CastBallotsRequest { ballots: rows.iter().map(ballot).collect() };
            let cast = |mut to: Clients, request| async move { known(to.ballots.cast_ballots(request).await?) };
            let results = self.calls.make(request, cast).await?.results;
            let mut entries = 0;
            for (row, result) in rows.iter().zip(results) {
                match result.result {
                    Some(BallotOutcome::Receipt(receipt)) => entries += made(Some(receipt)),
                    Some(BallotOutcome::Refusal(refusal)) => {
                        refused += 1;
                        self.findings.refused(&vote.id, self.data.ballot_place(*row), &refusal.message)?;
                    }
                    None => {}
                }
            }
            self.summary.recorded(entries);
        }
        // What is locked on half a roll call stays so.
        if refused > 0 {
            return Err(Stop::Refused(format!("{refused} of its ballots were refused: it is left open")));
        }
        Ok(())
    }

    /// Locks the vote, and returns it as locked.
    pub(super) async fn lock(&self, name: &str) -> Result<proto::Vote, Stop> {
        let request = proto::LockVoteRequest { name: name.to_owned(), request_id: request_id(&[name, "lock"]) };
        let answer =
            self.calls.make(request, |mut to, request| async move { to.votes.lock_vote(request).await }).await?;
        self.summary.recorded(made(answer.receipt));
        Ok(answer.vote.unwrap_or_default())
    }

    /// Declares the outcome that the rule gives, after the casting vote where one is awaited and known.
    pub(super) async fn declare(&self, vote: &Recorded, name: &str, locked: proto::Vote) -> Result<proto::Vote, Stop> {
        let mut locked = locked;
        if let Some(row) = vote.casting {
            // An earlier run may have given it.
            if outcome(&locked) == Outcome::AwaitingCastingVote {
                locked = self.give_casting_vote(row, name).await?;
            } else if locked.casting_vote.is_none() {
                let reason = "the presiding officer's casting vote: the rule awaits none, so it is not recorded";
                self.findings.refused(&vote.id, self.data.ballot_place(row), reason)?;
            }
        }
        let outcome = match outcome(&locked) {
            // No one broke the tie.
            Outcome::AwaitingCastingVote => Outcome::NotAdopted,
            outcome => outcome,
        };
        let request = proto::DeclareResultRequest {
            name: name.to_owned(),
            outcome: outcome.into(),
            request_id: request_id(&[name, "declare"]),
            ..Default::default()
        };
        let answer =
            self.calls.make(request, |mut to, request| async move { to.votes.declare_result(request).await }).await?;
        self.summary.recorded(made(answer.receipt));
        Ok(answer.vote.unwrap_or_default())
    }

    async fn give_casting_vote(&self, row: Row, name: &str) -> Result<proto::Vote, Stop> {
        let request = proto::GiveCastingVoteRequest {
            name: name.to_owned(),
            choice: row.choice.into(),
            reason: String::new(),
            request_id: request_id(&[name, "casting-vote"]),
            given_by: self.data.members[row.member as usize].1.clone(),
        };
        let call = |mut to: Clients, request| async move { to.votes.give_casting_vote(request).await };
        let answer = self.calls.make(request, call).await?;
        self.summary.recorded(made(answer.receipt));
        Ok(answer.vote.unwrap_or_default())
    }

    /// Whether the record counts what the rows count: where it does not, the vote is not taken further.
    pub(super) fn compare_with_rows(&self, vote: &Recorded, recorded: &proto::Vote) -> Result<(), Stop> {
        let of_rows = [Choice::Yes, Choice::No, Choice::Abstain, Choice::Present, Choice::NotVoting];
        let of_rows = of_rows.map(|choice| vote.count(choice));
        let heads = heads(recorded);
        let on_record = [heads.yes, heads.no, heads.abstain, heads.present, heads.not_voting];
        if of_rows == on_record {
            return Ok(());
        }
        let shown = |counts: [u64; 5]| counts.map(|count| count.to_string()).join("-");
        let (rows, record) = (shown(of_rows), shown(on_record));
        Err(Stop::Refused(format!(
            "the rows count {rows} (yes, no, abstain, present, not voting), and the record {record}: it is left as it is"
        )))
    }

    /// Counts a declared vote, and notes where its tally is not the published one.
    pub(super) fn finish(&self, vote: &Recorded, declared: &proto::Vote, already: bool) -> Result<(), Stop> {
        self.compare_with_rows(vote, declared)?;
        let heads = heads(declared);
        let recorded = [heads.yes, heads.no, heads.abstain, heads.not_voting];
        let mut equal = vote.published.iter().any(Option::is_some).then_some(true);
        for ((field, _), (published, recorded)) in PUBLISHED.iter().zip(vote.published.iter().zip(recorded)) {
            if let Some(published) = published.filter(|published| *published != recorded) {
                equal = Some(false);
                self.findings.differs(&vote.id, self.data.vote_place(vote), field, published, recorded)?;
            }
        }
        let outcome = declared.declared_outcome();
        let as_published = was_adopted(&vote.outcome).map(|adopted| adopted == (outcome == Outcome::Adopted));
        if as_published == Some(false) {
            let word = outcome.as_str_name().trim_start_matches("OUTCOME_").replace('_', " ").to_lowercase();
            let reason = format!("\"{}\" published, {word} by its rule", vote.outcome);
            self.findings.other_outcome(&vote.id, self.data.vote_place(vote), &reason)?;
        }
        self.summary.published(as_published);
        let cast = vote.ballots.len() as u64 - vote.count(Choice::NotVoting);
        self.summary.declared(outcome, cast, equal, already);
        Ok(())
    }
}

/// Whether an opened vote has as many members on its roll as it has rows: where not, no ballot is cast.
pub(super) fn compare_roll(vote: &Recorded, opened: &proto::Vote) -> Result<(), Stop> {
    let (roll, rows) = (opened.roll_size as usize, vote.ballots.len());
    if roll == rows {
        return Ok(());
    }
    Err(Stop::Refused(format!("its roll has {roll} members, and its rows are {rows}: it is left open as it is")))
}

/// Answers of which each is known. Where the server had no room for a ballot, or could not say what became of it, that is not
/// a refusal: it may be on record, and the same call made again learns it.
fn known(answer: Response<proto::CastBallotsResponse>) -> Result<Response<proto::CastBallotsResponse>, Status> {
    let unknown = answer.get_ref().results.iter().find_map(|result| match &result.result {
        Some(BallotOutcome::Refusal(refusal)) => {
            let code = Code::from(refusal.code);
            let passing = matches!(code, Code::Unavailable | Code::ResourceExhausted);
            passing.then(|| Status::new(code, refusal.message.clone()))
        }
        _ => None,
    });
    unknown.map_or(Ok(answer), Err)
}

fn heads(vote: &proto::Vote) -> proto::Counts {
    vote.tally.as_ref().and_then(|tally| tally.heads).unwrap_or_default()
}

fn outcome(vote: &proto::Vote) -> Outcome {
    vote.verdict.as_ref().map_or(Outcome::Unspecified, proto::Verdict::outcome)
}
