//! Rules and what they say of tallies: none makes a panic; the figures of each criterion say whether it is met, and all of
//! them the outcome; and a rule that went through the record or the contract says the same again.
#![no_main]
#![allow(clippy::unwrap_used, reason = "a target fails loudly")]

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use prost::Message;
use rollcall::clock::Timestamp;
use rollcall::domain::{
    Bar, Comparison, Criterion, Entry, Event, Intent, Outcome, QuorumBasis, Requirement, Rule, Share, Threshold,
    TieBreak, Verdict,
};
use rollcall::proto::{self, EvaluateRuleRequest};
use rollcall::seq::Seq;
use rollcall::wire::entry;
use rollcall::wire::evaluation::evaluate;
use rollcall::wire::vote::Draft;
use rollcall_fuzz::messages::{bytes, type_of};

/// The rule of a request that tables a vote, and the event that records it.
fn tabled(rule: proto::Rule) -> (Rule, Event) {
    let vote = Some(proto::Vote { rule: Some(rule), ..Default::default() });
    let request =
        proto::CreateVoteRequest { parent: "bodies/a".into(), vote_id: "a".into(), vote, request_id: String::new() };
    let command = Draft::from(request).command(|_| None).unwrap();
    let Intent::CreateVote { vote, question } = command.intent else { panic!("another intent") };
    (question.rule.clone(), Event::VoteCreated { vote, question })
}

/// The rule after it was written to the record and read back.
fn recorded(event: Event) -> Rule {
    let time = Timestamp::default();
    let stored =
        entry::encode(&Entry { seq: Seq::new(1), record_time: time, request: None, revision: 1, nonce: None, event });
    let Event::VoteCreated { question, .. } = entry::decode(&stored).unwrap().event else { panic!("another event") };
    question.rule.clone()
}

/// Asserts that the figures shown say whether the criterion is met, and that nothing less is needed.
fn hold(threshold: &Threshold, criterion: &Criterion) {
    let Criterion { counted, needed, base, passed, .. } = *criterion;
    let (counted, needed, base) = (u128::from(counted), u128::from(needed), u128::from(base));
    let (p, q, base) = match threshold.bar {
        Bar::Count(count) => (1, 1, u128::from(count)),
        Bar::Share(Share { numerator, denominator, .. }) => (u128::from(numerator), u128::from(denominator), base),
    };
    let shown = match threshold.comparison {
        Comparison::AtLeast | Comparison::MoreThan => counted >= needed,
        Comparison::AtMost | Comparison::LessThan => counted <= needed,
    };
    // Nothing is a share of nothing.
    let measured = base > 0 || matches!(threshold.bar, Bar::Count(_));
    assert_eq!(passed, shown && measured, "{threshold:?} {criterion:?}");
    let passes = |count: u128| match threshold.comparison {
        Comparison::AtLeast => count * q >= p * base,
        Comparison::MoreThan => count * q > p * base,
        Comparison::AtMost => count * q <= p * base,
        Comparison::LessThan => count * q < p * base,
    };
    let least = passes(needed) && needed.checked_sub(1).is_none_or(|less| !passes(less));
    let most = passes(needed) && !passes(needed + 1);
    let exact = match threshold.comparison {
        Comparison::AtLeast | Comparison::MoreThan => least,
        Comparison::AtMost | Comparison::LessThan => most,
    };
    let cut_off = needed == u128::from(u64::MAX);
    assert!(exact || cut_off || !measured, "{threshold:?} {criterion:?}");
}

/// Asserts that the outcome is what the criteria make it.
fn judge(rule: &Rule, request: &EvaluateRuleRequest, verdict: &Verdict) {
    let quorum = rule.quorum.iter().flat_map(|quorum| &quorum.thresholds);
    let required = rule.requirements.iter().flat_map(Requirement::thresholds);
    let (in_quorum, in_required) = verdict.criteria.split_at(quorum.clone().count());
    assert_eq!(in_required.len(), required.clone().count());
    let tally = request.tally.clone().unwrap_or_default();
    let cast = |counts: &proto::Counts| counts.yes | counts.no | counts.abstain | counts.present > 0;
    let any_ballot = cast(&tally.heads.unwrap_or_default()) || tally.weights.values().any(cast);
    for (threshold, criterion) in quorum.zip(in_quorum) {
        let basis = rule.quorum.as_ref().unwrap().basis;
        let presumed = basis == QuorumBasis::StatedElsePresumed && request.members_present == 0;
        if presumed && threshold.weight.is_empty() {
            assert_eq!(criterion.passed, any_ballot);
        } else {
            hold(threshold, criterion);
        }
    }
    required.zip(in_required).for_each(|(threshold, criterion)| hold(threshold, criterion));
    let mut rest = in_required.iter();
    let mut met = |one: &Requirement| {
        let alternatives: Vec<_> = rest.by_ref().take(one.thresholds().len()).collect();
        alternatives.iter().any(|criterion| criterion.passed)
    };
    let met = rule.requirements.iter().fold(true, |all, one| met(one) && all);
    let quorate = any_ballot && in_quorum.iter().all(|criterion| criterion.passed);
    let vetoed = rule.veto.is_some() && !request.vetoes.is_empty();
    let (given, no) = (request.casting_vote() == proto::Choice::Yes, request.casting_vote() == proto::Choice::No);
    let expected = match verdict.outcome {
        Outcome::NoQuorum => !quorate && (any_ballot || rule.quorum.is_some()),
        Outcome::Vetoed => quorate && vetoed && (met || given),
        Outcome::Adopted => quorate && !vetoed && (met || given && rule.tie_break == TieBreak::CastingVote),
        Outcome::NotAdopted => !met && quorate || !any_ballot && rule.quorum.is_none(),
        Outcome::AwaitingCastingVote => quorate && !met && rule.tie_break == TieBreak::CastingVote && !given && !no,
        Outcome::RevoteDue => quorate && !met && rule.tie_break == TieBreak::Revote,
        Outcome::AdoptedWithoutVote => false,
    };
    assert!(expected, "{rule:?} {request:?} {verdict:?}");
    assert_eq!(verdict.vetoed_by, if verdict.outcome == Outcome::Vetoed { &request.vetoes[..] } else { &[] });
    assert!(verdict.summary.ends_with('.'), "{}", verdict.summary);
}

fuzz_target!(|data: &[u8]| {
    let made = bytes(&mut Unstructured::new(data), &type_of("EvaluateRuleRequest"));
    let Ok(request) = EvaluateRuleRequest::decode(&*made) else { return };
    let Ok(verdict) = evaluate(request.clone(), |_| None) else { return };
    let (rule, event) = tabled(request.rule.clone().unwrap());
    assert_eq!(rule.faults(), []);
    judge(&rule, &request, &verdict);
    let again = recorded(event);
    assert_eq!(again, rule);
    let (same, _) = tabled((&again).into());
    assert_eq!(same, rule);
    let written = EvaluateRuleRequest { rule: Some((&rule).into()), ..request };
    assert_eq!(evaluate(written, |_| None).unwrap(), verdict);
});
