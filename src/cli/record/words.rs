//! What happened, in words: one line for each kind of entry.

use crate::cli::names::{id, short};
use crate::cli::verdict::capitals;
use crate::cli::words::{self, many};
use crate::proto;
use crate::proto::entry::Event;
use crate::proto::statement::Kind;

/// What an entry says.
pub fn event(event: &Event) -> String {
    match event {
        Event::BodyCreated(_) | Event::BodyRevised(_) | Event::MembersAdmitted(_) => of_body(event),
        Event::MemberRevised(e) => {
            format!("{} is revised", short(e.member.as_ref().map_or("", |member| &member.name)))
        }
        Event::MemberWithdrawn(e) => format!("{} is unseated", short(&e.member)),
        Event::VotingRightSuspended(e) => format!("{} may not vote any more{}", short(&e.member), why(&e.reason)),
        Event::VotingRightRestored(e) => format!("{} may vote again", short(&e.member)),
        Event::VoteCreated(e) => format!("{} is tabled{}", short(&e.vote), why(&e.title)),
        Event::VoteWithdrawn(e) => format!("{} is withdrawn", short(&e.vote)),
        Event::VoteOpened(e) => {
            format!("{} is open, with {} on the roll", short(&e.vote), many(e.roll.len() as u64, "member"))
        }
        Event::BallotCast(e) => format!("{}: {} votes {}", short(&e.vote), e.member, words::choice(e.choice())),
        Event::BallotWithdrawn(e) => format!("{}: {} takes its ballot back", short(&e.vote), e.member),
        Event::VoteSuspended(e) => format!("{} is suspended{}", short(&e.vote), why(&e.reason)),
        Event::VoteResumed(e) => format!("{} is open again", short(&e.vote)),
        Event::VoteLocked(e) => format!("{} is locked: {}", short(&e.vote), tally(e.tally.as_ref())),
        Event::CastingVoteGiven(e) => {
            let choice = words::choice(e.choice());
            let by = if e.given_by.is_empty() { String::new() } else { format!(", by {}", e.given_by) };
            format!("{}: the casting vote is {choice}{by}{}", short(&e.vote), why(&e.reason))
        }
        Event::ResultDeclared(e) => {
            format!(
                "{} is declared {}{}{}",
                short(&e.vote),
                capitals(e.outcome()),
                named(&e.adopted_symbol),
                why(&e.ruling)
            )
        }
        Event::AdoptedWithoutVote(e) => {
            format!("{} is adopted without a vote{}", short(&e.vote), named(&e.adopted_symbol))
        }
        Event::VoteAnnulled(e) => format!("{} is annulled{}", short(&e.vote), why(&e.reason)),
        Event::StatementRecorded(e) => {
            format!("{}: {}", short(&e.vote), statement(e.statement.clone().unwrap_or_default()))
        }
        Event::BallotCorrected(e) => {
            let correction = e.correction.clone().unwrap_or_default();
            let (member, choice) = (id(&correction.member), words::choice(correction.corrected()));
            format!("{}: the ballot of {member} is corrected to {choice}{}", short(&e.vote), why(&correction.reason))
        }
    }
}

fn of_body(event: &Event) -> String {
    let particulars = |body: &str, what: &str, name: &str, seats: u32| {
        let seats = if seats == 0 { String::new() } else { format!(", {} by statute", many(u64::from(seats), "seat")) };
        format!("{} is {what}{}{seats}", short(body), why(name))
    };
    match event {
        Event::BodyCreated(e) => particulars(&e.body, "on record", &e.display_name, e.seats),
        Event::BodyRevised(e) => particulars(&e.body, "revised", &e.display_name, e.seats),
        Event::MembersAdmitted(e) => match &e.members[..] {
            [member] => format!("{} is seated", short(&member.name)),
            members => format!("{} of {} are seated", many(members.len() as u64, "member"), short(&e.body)),
        },
        _ => String::new(),
    }
}

/// What was given as a ground, a title or a name, where anything was.
fn why(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

fn named(symbol: &str) -> String {
    if symbol.is_empty() { String::new() } else { format!(" as {symbol}") }
}

fn tally(tally: Option<&proto::Tally>) -> String {
    words::counts(&tally.and_then(|tally| tally.heads).unwrap_or_default())
}

fn statement(statement: proto::Statement) -> String {
    let member = id(&statement.member);
    let what = match statement.kind() {
        Kind::IntendedVote => format!("{member} {}", words::intended(statement.intended())),
        Kind::ExplanationBefore | Kind::ExplanationAfter => format!("{member} explains its vote"),
        Kind::Unspecified => format!("{member} makes a statement"),
    };
    format!("{what}{}", why(&statement.text))
}
