//! Statements and corrections: as they are asked for, as they are stored, and as they are listed.

use std::sync::Arc;

use super::malformed::{Fields, Malformed};
use crate::domain::{
    Annotation, Choice, Command, Correction, Intent, MemberId, MemberName, Note, Statement, StatementKind, VoteName,
};
use crate::proto::{self, statement::Kind};

impl TryFrom<proto::RecordStatementRequest> for Command {
    type Error = Malformed;

    fn try_from(mut request: proto::RecordStatementRequest) -> Result<Self, Malformed> {
        let mut fields = Fields::default();
        let request_id = std::mem::take(&mut request.request_id);
        let key = fields.key(&request, &request_id);
        let vote = fields.read("name", request.name.parse::<VoteName>());
        let asked = request.statement.unwrap_or_default();
        let kind = fields.read("statement.kind", kind(asked.kind()));
        let member = member(&mut fields, "statement.member", &asked.member, vote.as_ref());
        let intended = asked.kind() == Kind::IntendedVote;
        let choice = super::rule::choice(asked.intended());
        fields.unless(!intended || choice.is_some(), "statement.intended", "must be a Choice");
        let unset = asked.intended == proto::Choice::Unspecified as i32;
        let only = "must be unset but with KIND_INTENDED_VOTE";
        fields.unless(intended || unset, "statement.intended", only);
        fields.text("statement.text", &asked.text);
        let command = (|| {
            let kind = if intended { StatementKind::IntendedVote(choice?) } else { kind? };
            let statement = Arc::new(Statement { kind, member: member?, text: asked.text });
            Some(Command { request: key?, intent: Intent::RecordStatement { vote: vote?, statement } })
        })();
        fields.finish(command)
    }
}

impl TryFrom<proto::CorrectBallotRequest> for Command {
    type Error = Malformed;

    fn try_from(mut request: proto::CorrectBallotRequest) -> Result<Self, Malformed> {
        let mut fields = Fields::default();
        let request_id = std::mem::take(&mut request.request_id);
        let key = fields.key(&request, &request_id);
        let vote = fields.read("name", request.name.parse::<VoteName>());
        let asked = request.correction.unwrap_or_default();
        let member = member(&mut fields, "correction.member", &asked.member, vote.as_ref());
        let corrected = super::rule::choice(asked.corrected()).ok_or("must be a Choice");
        let corrected = fields.read("correction.corrected", corrected);
        fields.text("correction.reason", &asked.reason);
        let command = (|| {
            let correction = Correction { member: member?, corrected: corrected?, reason: asked.reason };
            let intent = Intent::CorrectBallot { vote: vote?, correction: Arc::new(correction) };
            Some(Command { request: key?, intent })
        })();
        fields.finish(command)
    }
}

/// The kind of a statement; that of an intended vote is yet to be told its choice.
fn kind(asked: Kind) -> Result<StatementKind, &'static str> {
    match asked {
        Kind::ExplanationBefore => Ok(StatementKind::ExplanationBefore),
        Kind::ExplanationAfter => Ok(StatementKind::ExplanationAfter),
        Kind::IntendedVote => Ok(StatementKind::IntendedVote(Choice::NotVoting)),
        Kind::Unspecified => Err("must be a Statement.Kind"),
    }
}

/// A member of the vote's own body.
fn member(fields: &mut Fields, field: &str, name: &str, vote: Option<&VoteName>) -> Option<MemberId> {
    let member: MemberName = fields.read(field, name.parse())?;
    fields.unless(vote.is_none_or(|vote| vote.body == member.body), field, "must be a member of the vote's own body");
    Some(member.member)
}

/// A statement as it is stored and listed.
pub(super) fn statement(vote: &VoteName, statement: &Statement) -> proto::Statement {
    let (kind, intended) = match statement.kind {
        StatementKind::ExplanationBefore => (Kind::ExplanationBefore, proto::Choice::Unspecified),
        StatementKind::ExplanationAfter => (Kind::ExplanationAfter, proto::Choice::Unspecified),
        StatementKind::IntendedVote(choice) => (Kind::IntendedVote, choice.into()),
    };
    proto::Statement {
        kind: kind.into(),
        member: seat(vote, &statement.member),
        intended: intended.into(),
        text: statement.text.clone(),
    }
}

/// A correction as it is stored and listed.
pub(super) fn correction(vote: &VoteName, correction: &Correction) -> proto::Correction {
    proto::Correction {
        member: seat(vote, &correction.member),
        corrected: proto::Choice::from(correction.corrected).into(),
        reason: correction.reason.clone(),
    }
}

fn seat(vote: &VoteName, member: &MemberId) -> String {
    MemberName { body: vote.body.clone(), member: member.clone() }.to_string()
}

/// A statement of the record.
pub(super) fn recorded_statement(vote: &VoteName, stored: proto::Statement) -> Result<Statement, String> {
    let kind = match (stored.kind(), super::rule::choice(stored.intended())) {
        (Kind::IntendedVote, Some(choice)) => StatementKind::IntendedVote(choice),
        (Kind::IntendedVote, None) => return Err("its statement has no choice".into()),
        (other, _) => kind(other).map_err(|problem| format!("its kind {problem}"))?,
    };
    Ok(Statement { kind, member: recorded_member(vote, &stored.member)?, text: stored.text })
}

/// A correction of the record.
pub(super) fn recorded_correction(vote: &VoteName, stored: proto::Correction) -> Result<Correction, String> {
    let corrected = super::rule::choice(stored.corrected()).ok_or("its correction has no choice")?;
    Ok(Correction { member: recorded_member(vote, &stored.member)?, corrected, reason: stored.reason })
}

fn recorded_member(vote: &VoteName, name: &str) -> Result<MemberId, String> {
    let name: MemberName = name.parse().map_err(|e| format!("its member {e}"))?;
    if name.body == vote.body { Ok(name.member) } else { Err(format!("its member {name} is of another body")) }
}

/// An annotation as it is listed.
#[must_use]
pub fn listed(vote: &VoteName, annotation: &Annotation) -> proto::Annotation {
    use proto::annotation::Kind as Listed;
    let kind = match &annotation.note {
        Note::Statement(given) => Listed::Statement(statement(vote, given)),
        Note::Correction(given) => Listed::Correction(correction(vote, given)),
    };
    let record_time = Some(super::time::out(annotation.record_time));
    proto::Annotation { kind: Some(kind), record_time, seq: annotation.seq.get() }
}
