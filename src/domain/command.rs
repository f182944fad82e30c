//! Intents, in the imperative. Well-formed by construction; whether they may happen is for the state to decide.

use std::sync::Arc;
use std::time::Duration;

use super::request::Scope;
use super::{
    BodyId, Choice, Correction, Member, MemberId, MemberName, Outcome, Question, RequestKey, Statement, VoteName,
};

/// An intent, and the request that carries it.
#[derive(Clone, Debug)]
pub struct Command {
    /// The request.
    pub request: RequestKey,
    /// What is to happen.
    pub intent: Intent,
}

/// What is to happen.
#[derive(Clone, Debug)]
pub enum Intent {
    /// Record a body.
    CreateBody {
        /// Its identifier.
        body: BodyId,
        /// What people call it.
        display_name: String,
        /// Seats by statute; 0: as many as there are members.
        seats: u32,
    },
    /// Seat members, all or none.
    AdmitMembers {
        /// The body.
        body: BodyId,
        /// The members, in the order in which the roll is to be called.
        members: Vec<Arc<Member>>,
    },
    /// Change a body's particulars.
    ReviseBody {
        /// The body.
        body: BodyId,
        /// What people call it.
        display_name: String,
        /// Seats by statute; 0: as many as there are members.
        seats: u32,
    },
    /// Change a member's particulars.
    ReviseMember {
        /// The body.
        body: BodyId,
        /// The member as it is to be.
        member: Arc<Member>,
    },
    /// Unseat a member.
    WithdrawMember {
        /// The member.
        member: MemberName,
    },
    /// Take a member's right to vote away.
    SuspendVotingRight {
        /// The member.
        member: MemberName,
        /// The ground; may be empty.
        reason: String,
    },
    /// Give a member's right to vote back.
    RestoreVotingRight {
        /// The member.
        member: MemberName,
    },
    /// Table a question.
    CreateVote {
        /// The vote.
        vote: VoteName,
        /// What is put to the body.
        question: Arc<Question>,
    },
    /// Withdraw a question that was not put yet.
    WithdrawVote {
        /// The vote.
        vote: VoteName,
    },
    /// Open the voting.
    OpenVote {
        /// The vote.
        vote: VoteName,
        /// Members present, where it was stated.
        members_present: Option<u32>,
        /// Locks by itself this long after the opening, if set.
        lock_after: Option<Duration>,
    },
    /// Take a stand.
    CastBallot {
        /// The vote.
        vote: VoteName,
        /// The member.
        member: MemberId,
        /// Its stand; never [`Choice::NotVoting`].
        choice: Choice,
    },
    /// Take a stand back.
    WithdrawBallot {
        /// The vote.
        vote: VoteName,
        /// The member.
        member: MemberId,
    },
    /// Interrupt the voting.
    SuspendVote {
        /// The vote.
        vote: VoteName,
        /// The ground; may be empty.
        reason: String,
    },
    /// Go on with the voting.
    ResumeVote {
        /// The vote.
        vote: VoteName,
    },
    /// End the voting.
    LockVote {
        /// The vote.
        vote: VoteName,
    },
    /// Break a tie.
    GiveCastingVote {
        /// The vote.
        vote: VoteName,
        /// In favour or against; the edge lets nothing else through.
        choice: Choice,
        /// Who gives it; may be empty.
        given_by: String,
        /// The principle invoked; may be empty.
        reason: String,
    },
    /// Declare the result.
    DeclareResult {
        /// The vote.
        vote: VoteName,
        /// The outcome declared.
        outcome: Outcome,
        /// The ruling where it is not the rule's; may be empty.
        ruling: String,
        /// The symbol of the text adopted; may be empty.
        adopted_symbol: String,
    },
    /// Record that a question was adopted without a vote.
    AdoptWithoutVote {
        /// The vote.
        vote: VoteName,
        /// The symbol of the text adopted; may be empty.
        adopted_symbol: String,
    },
    /// Put on record what a member says about a vote.
    RecordStatement {
        /// The vote.
        vote: VoteName,
        /// What it says.
        statement: Arc<Statement>,
    },
    /// Correct an error of counting or transcription.
    CorrectBallot {
        /// The vote.
        vote: VoteName,
        /// What is corrected.
        correction: Arc<Correction>,
    },
    /// Set a vote aside.
    AnnulVote {
        /// The vote.
        vote: VoteName,
        /// On whose authority and why; may be empty.
        reason: String,
    },
}

impl Intent {
    /// The body that it is about.
    #[must_use]
    pub fn body(&self) -> &BodyId {
        match self {
            Intent::CreateBody { body, .. }
            | Intent::ReviseBody { body, .. }
            | Intent::AdmitMembers { body, .. }
            | Intent::ReviseMember { body, .. } => body,
            Intent::WithdrawMember { member }
            | Intent::SuspendVotingRight { member, .. }
            | Intent::RestoreVotingRight { member } => &member.body,
            Intent::CreateVote { vote, .. }
            | Intent::WithdrawVote { vote }
            | Intent::OpenVote { vote, .. }
            | Intent::CastBallot { vote, .. }
            | Intent::WithdrawBallot { vote, .. }
            | Intent::SuspendVote { vote, .. }
            | Intent::ResumeVote { vote }
            | Intent::LockVote { vote }
            | Intent::GiveCastingVote { vote, .. }
            | Intent::DeclareResult { vote, .. }
            | Intent::AdoptWithoutVote { vote, .. }
            | Intent::RecordStatement { vote, .. }
            | Intent::CorrectBallot { vote, .. }
            | Intent::AnnulVote { vote, .. } => &vote.body,
        }
    }

    /// The vote that it is about, if it is about one.
    #[must_use]
    pub fn vote(&self) -> Option<&VoteName> {
        match self {
            Intent::CreateBody { .. }
            | Intent::ReviseBody { .. }
            | Intent::AdmitMembers { .. }
            | Intent::ReviseMember { .. }
            | Intent::WithdrawMember { .. }
            | Intent::SuspendVotingRight { .. }
            | Intent::RestoreVotingRight { .. } => None,
            Intent::CreateVote { vote, .. }
            | Intent::WithdrawVote { vote }
            | Intent::OpenVote { vote, .. }
            | Intent::CastBallot { vote, .. }
            | Intent::WithdrawBallot { vote, .. }
            | Intent::SuspendVote { vote, .. }
            | Intent::ResumeVote { vote }
            | Intent::LockVote { vote }
            | Intent::GiveCastingVote { vote, .. }
            | Intent::DeclareResult { vote, .. }
            | Intent::AdoptWithoutVote { vote, .. }
            | Intent::RecordStatement { vote, .. }
            | Intent::CorrectBallot { vote, .. }
            | Intent::AnnulVote { vote, .. } => Some(vote),
        }
    }

    /// About how many bytes it carries, beyond what every intent does.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Intent::AdmitMembers { members, .. } => members.iter().map(|member| member.roll_bytes()).sum(),
            Intent::ReviseMember { member, .. } => member.roll_bytes(),
            Intent::CreateVote { question, .. } => question.bytes(),
            Intent::GiveCastingVote { given_by, reason, .. } => given_by.len() + reason.len(),
            Intent::DeclareResult { ruling, adopted_symbol, .. } => ruling.len() + adopted_symbol.len(),
            Intent::AdoptWithoutVote { adopted_symbol, .. } => adopted_symbol.len(),
            Intent::RecordStatement { statement, .. } => statement.text.len(),
            Intent::CorrectBallot { correction, .. } => correction.reason.len(),
            Intent::SuspendVotingRight { reason, .. }
            | Intent::SuspendVote { reason, .. }
            | Intent::AnnulVote { reason, .. } => reason.len(),
            Intent::CreateBody { display_name, .. } | Intent::ReviseBody { display_name, .. } => display_name.len(),
            Intent::WithdrawMember { .. }
            | Intent::RestoreVotingRight { .. }
            | Intent::WithdrawVote { .. }
            | Intent::OpenVote { .. }
            | Intent::CastBallot { .. }
            | Intent::WithdrawBallot { .. }
            | Intent::ResumeVote { .. }
            | Intent::LockVote { .. } => 0,
        }
    }

    /// What the request's id is scoped to.
    pub(super) fn scope(&self) -> Scope {
        self.vote().map_or_else(|| Scope::Body(self.body().clone()), |vote| Scope::Vote(vote.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::MAX_KEY;
    use super::super::{
        BallotPolicy, Bar, Comparison, Relation, RelationKind, Requirement, Rule, StatementKind, Threshold,
    };
    use super::*;

    /// A text of so many bytes.
    fn text(bytes: usize) -> String {
        "t".repeat(bytes)
    }

    #[test]
    fn an_intent_takes_the_room_of_the_texts_that_it_carries() {
        let vote: VoteName = "bodies/hall/votes/q".parse().expect("a vote's name");
        let (body, member): (BodyId, MemberId) = (vote.body.clone(), "A".parse().expect("a member's id"));
        let seat = MemberName { body: body.clone(), member: member.clone() };
        let one = Member { id: member.clone(), display_name: text(90), weights: [].into(), groups: vec![] };
        let bytes = one.roll_bytes();
        let one = Arc::new(one);
        let threshold = Threshold {
            choices: vec![Choice::Yes, Choice::No],
            weight: text(7),
            comparison: Comparison::AtLeast,
            bar: Bar::Count(1),
        };
        let rule_bytes = size_of_val(&threshold) + 7 + 2 + 302;
        let requirements = vec![Requirement::Threshold(threshold)];
        let question = Question {
            title: text(1_000),
            symbol: text(100),
            question: text(2_000),
            rule: Rule { basis: text(300), requirements, ..Rule::unknown("ab") },
            rule_chosen_by: text(10),
            rule_basis: text(20),
            ballot_policy: BallotPolicy::default(),
            relations: vec![Relation { kind: RelationKind::Follows, vote: vote.clone() }; 3],
            labels: [(text(3), text(4)), (text(5), text(6))].into(),
            held_time: None,
        };
        let kind = StatementKind::ExplanationAfter;
        let statement = Arc::new(Statement { kind, member: member.clone(), text: text(40) });
        let correction = Arc::new(Correction { member, corrected: Choice::Yes, reason: text(41) });
        let (named, of) = (|| vote.clone(), |bytes| text(bytes));
        let outcome = Outcome::Adopted;
        let table = [
            (Intent::CreateBody { body: body.clone(), display_name: of(50), seats: 1 }, 50),
            (Intent::ReviseBody { body: body.clone(), display_name: of(51), seats: 1 }, 51),
            (Intent::AdmitMembers { body: body.clone(), members: vec![Arc::clone(&one), Arc::clone(&one)] }, 2 * bytes),
            (Intent::ReviseMember { body, member: one }, bytes),
            (Intent::SuspendVotingRight { member: seat, reason: of(52) }, 52),
            (
                Intent::CreateVote { vote: named(), question: Arc::new(question) },
                3_100 + rule_bytes + 30 + 3 * 2 * MAX_KEY + 18,
            ),
            (Intent::GiveCastingVote { vote: named(), choice: Choice::No, given_by: of(3), reason: of(5) }, 8),
            (Intent::DeclareResult { vote: named(), outcome, ruling: of(7), adopted_symbol: of(11) }, 18),
            (Intent::AdoptWithoutVote { vote: named(), adopted_symbol: of(53) }, 53),
            (Intent::RecordStatement { vote: named(), statement }, 40),
            (Intent::CorrectBallot { vote: named(), correction }, 41),
            (Intent::SuspendVote { vote: named(), reason: of(54) }, 54),
            (Intent::AnnulVote { vote: named(), reason: of(55) }, 55),
            (Intent::LockVote { vote: named() }, 0),
        ];
        for (intent, bytes) in table {
            assert_eq!(intent.bytes(), bytes, "{intent:?}");
        }
    }
}
