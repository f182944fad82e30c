//! Votes: what is tabled, opened, locked and declared, and how a vote looks from outside.

use std::sync::Arc;

use super::malformed::{Fields, Malformed};
use crate::domain::limits::{MAX_DISPLAY, MAX_LABELS, MAX_RELATIONS, is_key};
use crate::domain::{
    BallotPolicy, BodyId, CastingVote, Command, Intent, Outcome, Question, Relation, RelationKind, Rule, Visibility,
    Vote, VoteId, VoteName, VoteState,
};
use crate::proto;

/// A question to be tabled, as a request has it: its rule may be a name that is yet to be looked up.
#[derive(Clone, Debug)]
pub struct Draft(proto::CreateVoteRequest);

impl From<proto::CreateVoteRequest> for Draft {
    fn from(request: proto::CreateVoteRequest) -> Self {
        Self(request)
    }
}

impl Draft {
    /// The command, with a named rule looked up.
    ///
    /// # Errors
    /// Every field that is wrong, and a rule that no one knows among them. One that is unknown and nothing else is a command,
    /// which the state refuses.
    pub fn command(self, find: impl Fn(&str) -> Option<Rule>) -> Result<Command, Malformed> {
        let mut request = self.0;
        let mut fields = Fields::default();
        let request_id = std::mem::take(&mut request.request_id);
        let key = fields.key(&request, &request_id);
        let body = fields.read("parent", BodyId::from_name(&request.parent));
        let vote = fields.read("vote_id", request.vote_id.parse::<VoteId>());
        let mut asked = request.vote.unwrap_or_default();
        let again = asked.relations.iter().any(|relation| relation.kind() == proto::relation::Kind::Revote);
        let rule = match asked.rule.take() {
            // The state knows the rule of the vote that is put again.
            None if again => Some(Rule::default()),
            // A repeated request is known by its id first, whatever became of its rule: the state says that a rule is unknown.
            given => super::rule::read(&mut fields, "vote.rule", given, |name| {
                Some(find(name).unwrap_or_else(|| Rule::unknown(name)))
            }),
        };
        bounds(&mut fields, &asked);
        let question = question(&mut fields, asked, body.as_ref());
        if rule.as_ref().is_some_and(Rule::is_unknown) && !fields.are_sound() {
            fields.note_rule("vote.rule.preset", super::rule::UNKNOWN);
        }
        let command = (|| {
            let vote = VoteName { body: body?, vote: vote? };
            let question = Arc::new(Question { rule: rule?, ..question? });
            Some(Command { request: key?, intent: Intent::CreateVote { vote, question } })
        })();
        fields.finish(command)
    }
}

/// The bounds of what can be tabled. What is on record was within the bounds of its day, and is not held to these.
fn bounds(fields: &mut Fields, asked: &proto::Vote) {
    fields.text("vote.title", &asked.title);
    fields.line("vote.symbol", &asked.symbol);
    fields.text("vote.question", &asked.question);
    fields.line("vote.rule_chosen_by", &asked.rule_chosen_by);
    fields.text("vote.rule_basis", &asked.rule_basis);
    fields.unless(asked.labels.len() <= MAX_LABELS, "vote.labels", "must be at most 32");
    let sound = |(key, value): (&String, &String)| is_key(key) && value.len() <= MAX_DISPLAY;
    let labels = "must have keys of 1 to 63 bytes and values of at most 500";
    fields.unless(asked.labels.iter().all(sound), "vote.labels", labels);
    fields.unless(asked.relations.len() <= MAX_RELATIONS, "vote.relations", "must be at most 8");
}

fn question(fields: &mut Fields, asked: proto::Vote, body: Option<&BodyId>) -> Option<Question> {
    let held_time = asked.held_time.map(|time| fields.read("vote.held_time", super::time::read(&time)));
    let ballot_policy = policy(fields, asked.ballot_policy.unwrap_or_default());
    let relations = asked.relations.iter().enumerate();
    let relations: Vec<_> = relations.map(|(at, one)| relation(fields, at, one, body)).collect();
    Some(Question {
        title: asked.title,
        symbol: asked.symbol,
        question: asked.question,
        rule: Rule::default(),
        rule_chosen_by: asked.rule_chosen_by,
        rule_basis: asked.rule_basis,
        ballot_policy: ballot_policy?,
        relations: relations.into_iter().collect::<Option<_>>()?,
        labels: asked.labels,
        held_time: held_time.map_or(Some(None), |time| time.map(Some))?,
    })
}

fn policy(fields: &mut Fields, asked: proto::BallotPolicy) -> Option<BallotPolicy> {
    let visibility = match proto::BallotVisibility::try_from(asked.visibility) {
        Ok(proto::BallotVisibility::Unspecified | proto::BallotVisibility::Live) => Ok(Visibility::Live),
        Ok(proto::BallotVisibility::TallyOnly) => Ok(Visibility::TallyOnly),
        Ok(proto::BallotVisibility::AfterLock) => Ok(Visibility::AfterLock),
        Err(_) => Err("must be a BallotVisibility"),
    };
    let visibility = fields.read("vote.ballot_policy.visibility", visibility)?;
    Some(BallotPolicy { final_on_cast: asked.final_on_cast, visibility })
}

fn relation(fields: &mut Fields, at: usize, asked: &proto::Relation, body: Option<&BodyId>) -> Option<Relation> {
    let field = format!("vote.relations[{at}]");
    let kind = fields.read(&format!("{field}.kind"), kind(asked.kind()).ok_or("must be a Relation.Kind"));
    let vote: VoteName = fields.read(&format!("{field}.vote"), asked.vote.parse())?;
    let kind = kind?;
    let near = kind == RelationKind::Follows || body.is_none_or(|body| *body == vote.body);
    fields.unless(near, &format!("{field}.vote"), "must be a vote of the same body, but for KIND_FOLLOWS");
    Some(Relation { kind, vote })
}

/// Which relations a vote must have one of, to be listed.
#[derive(Clone, Debug)]
pub struct Related {
    kind: Option<RelationKind>,
    vote: Option<VoteName>,
}

impl Related {
    /// Reads the filter `relation`; what is unset in it is not asked for.
    ///
    /// # Errors
    /// A kind or a name that is none.
    pub fn read(asked: &proto::Relation) -> Result<Self, Malformed> {
        let mut fields = Fields::default();
        let any = asked.kind == proto::relation::Kind::Unspecified as i32;
        let known = kind(asked.kind()).ok_or("must be a Relation.Kind");
        let kind = if any { Some(None) } else { fields.read("relation.kind", known).map(Some) };
        let vote = (!asked.vote.is_empty()).then(|| fields.read("relation.vote", asked.vote.parse()));
        let vote = vote.map_or(Some(None), |vote| vote.map(Some));
        fields.finish(kind.zip(vote).map(|(kind, vote)| Self { kind, vote }))
    }

    /// Whether a vote has such a relation.
    #[must_use]
    pub fn holds(&self, vote: &Vote) -> bool {
        vote.question.relations.iter().any(|relation| {
            self.kind.is_none_or(|kind| kind == relation.kind)
                && self.vote.as_ref().is_none_or(|vote| *vote == relation.vote)
        })
    }
}

fn kind(kind: proto::relation::Kind) -> Option<RelationKind> {
    Some(match kind {
        proto::relation::Kind::Amendment => RelationKind::Amendment,
        proto::relation::Kind::Part => RelationKind::Part,
        proto::relation::Kind::Reconsideration => RelationKind::Reconsideration,
        proto::relation::Kind::Revote => RelationKind::Revote,
        proto::relation::Kind::Procedural => RelationKind::Procedural,
        proto::relation::Kind::Follows => RelationKind::Follows,
        proto::relation::Kind::Unspecified => return None,
    })
}

/// A question of the record, which was sound when it was recorded.
pub(super) fn recorded(event: proto::VoteCreated) -> Result<(VoteName, Question), String> {
    let mut fields = Fields::default();
    let vote: Option<VoteName> = fields.read("vote", event.vote.parse());
    let asked = proto::Vote {
        title: event.title,
        symbol: event.symbol,
        question: event.question,
        ballot_policy: event.ballot_policy,
        relations: event.relations,
        labels: event.labels,
        held_time: event.held_time,
        rule_chosen_by: event.rule_chosen_by,
        rule_basis: event.rule_basis,
        ..proto::Vote::default()
    };
    let body = vote.as_ref().map(|vote| vote.body.clone());
    let question = question(&mut fields, asked, body.as_ref());
    let read = fields.finish(vote.zip(question)).map_err(|malformed| malformed.to_string());
    let rule = super::rule::recorded(event.rule.unwrap_or_default())?;
    read.map(|(vote, question)| (vote, Question { rule, ..question }))
}

impl From<(&VoteName, &Question)> for proto::VoteCreated {
    fn from((vote, question): (&VoteName, &Question)) -> Self {
        Self {
            vote: vote.to_string(),
            title: question.title.clone(),
            symbol: question.symbol.clone(),
            question: question.question.clone(),
            rule: Some((&question.rule).into()),
            ballot_policy: Some(question.ballot_policy.into()),
            relations: question.relations.iter().map(Into::into).collect(),
            labels: question.labels.clone(),
            held_time: question.held_time.map(super::time::out),
            rule_chosen_by: question.rule_chosen_by.clone(),
            rule_basis: question.rule_basis.clone(),
        }
    }
}

impl From<BallotPolicy> for proto::BallotPolicy {
    fn from(policy: BallotPolicy) -> Self {
        let visibility = match policy.visibility {
            Visibility::Live => proto::BallotVisibility::Live,
            Visibility::TallyOnly => proto::BallotVisibility::TallyOnly,
            Visibility::AfterLock => proto::BallotVisibility::AfterLock,
        };
        Self { final_on_cast: policy.final_on_cast, visibility: visibility.into() }
    }
}

impl From<&Relation> for proto::Relation {
    fn from(relation: &Relation) -> Self {
        let kind = match relation.kind {
            RelationKind::Amendment => proto::relation::Kind::Amendment,
            RelationKind::Part => proto::relation::Kind::Part,
            RelationKind::Reconsideration => proto::relation::Kind::Reconsideration,
            RelationKind::Revote => proto::relation::Kind::Revote,
            RelationKind::Procedural => proto::relation::Kind::Procedural,
            RelationKind::Follows => proto::relation::Kind::Follows,
        };
        Self { kind: kind.into(), vote: relation.vote.to_string() }
    }
}

/// An outcome of a vote; none where it is not set or no vote was taken.
pub(super) fn outcome(outcome: proto::Outcome) -> Option<Outcome> {
    Some(match outcome {
        proto::Outcome::Adopted => Outcome::Adopted,
        proto::Outcome::NotAdopted => Outcome::NotAdopted,
        proto::Outcome::Vetoed => Outcome::Vetoed,
        proto::Outcome::NoQuorum => Outcome::NoQuorum,
        proto::Outcome::AwaitingCastingVote => Outcome::AwaitingCastingVote,
        proto::Outcome::RevoteDue => Outcome::RevoteDue,
        proto::Outcome::Unspecified | proto::Outcome::AdoptedWithoutVote => return None,
    })
}

impl From<VoteState> for proto::VoteState {
    fn from(state: VoteState) -> Self {
        match state {
            VoteState::Draft => Self::Draft,
            VoteState::Open => Self::Open,
            VoteState::Suspended => Self::Suspended,
            VoteState::Locked => Self::Locked,
            VoteState::Declared => Self::Declared,
            VoteState::Annulled => Self::Annulled,
            VoteState::Withdrawn => Self::Withdrawn,
        }
    }
}

/// The outcome declared, as the wire has it; unset before the declaration.
pub(super) fn declared_outcome(vote: &Vote) -> i32 {
    vote.declaration.as_ref().map_or(0, |declaration| proto::Outcome::from(declaration.outcome).into())
}

impl From<&CastingVote> for proto::CastingVote {
    fn from(given: &CastingVote) -> Self {
        Self {
            choice: proto::Choice::from(given.choice).into(),
            given_by: given.given_by.clone(),
            reason: given.reason.clone(),
            record_time: Some(super::time::out(given.record_time)),
            seq: given.seq.get(),
        }
    }
}

impl From<&Vote> for proto::Vote {
    fn from(vote: &Vote) -> Self {
        let question = &vote.question;
        let (shown, voting) = (vote.shown(), vote.voting.as_ref());
        let declared = vote.declaration.as_ref();
        let time = |time| Some(super::time::out(time));
        Self {
            name: vote.name.to_string(),
            title: question.title.clone(),
            symbol: question.symbol.clone(),
            question: question.question.clone(),
            state: proto::VoteState::from(vote.state).into(),
            rule: Some((&question.rule).into()),
            ballot_policy: Some(question.ballot_policy.into()),
            relations: question.relations.iter().map(Into::into).collect(),
            // The roll is bounded far below 2^32.
            roll_size: voting.map_or(0, |voting| u32::try_from(voting.roll.members().len()).unwrap_or(u32::MAX)),
            tally: shown.tally().map(Into::into),
            verdict: shown.verdict().map(Into::into),
            create_time: time(vote.create_time),
            open_time: voting.and_then(|voting| time(voting.open_time)),
            lock_at_time: voting.and_then(|voting| voting.lock_at_time).and_then(time),
            lock_time: vote.lock_time.and_then(time),
            declare_time: declared.and_then(|declared| time(declared.declare_time)),
            announced_tally: shown.announced().map(Into::into),
            revision: vote.revision,
            seq: vote.seq.get(),
            labels: question.labels.clone(),
            held_time: question.held_time.and_then(time),
            declared_outcome: declared_outcome(vote),
            ruling: declared.map_or_else(String::new, |declared| declared.ruling.clone()),
            adopted_symbol: declared.map_or_else(String::new, |declared| declared.adopted_symbol.clone()),
            rule_chosen_by: question.rule_chosen_by.clone(),
            rule_basis: question.rule_basis.clone(),
            casting_vote: voting.and_then(|voting| voting.casting_vote.as_ref()).map(Into::into),
        }
    }
}
