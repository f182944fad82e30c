//! The same decisions again, each as a whole vote: a body of so many members, their ballots, the lock, and the result declared.

use super::*;
use crate::harness::conduct::casting;
use crate::harness::whole::{Whole, members};

/// A body that its service cannot hold, or of which no heads are told: judged by its tally alone.
const MAX_MEMBERS: u64 = 20_000;

/// The members of a decision with what each did; the first of each choice carries all that is counted of its weight.
fn seated(body: &str, request: &EvaluateRuleRequest) -> Vec<(proto::Member, Choice)> {
    let tally = request.tally.as_ref().unwrap();
    let of = |counts: &Counts| {
        let Counts { yes, no, abstain, present, not_voting, .. } = *counts;
        [
            (Choice::Yes, yes),
            (Choice::No, no),
            (Choice::Abstain, abstain),
            (Choice::Present, present),
            (Choice::NotVoting, not_voting),
        ]
    };
    let heads = of(&tally.heads.unwrap()).map(|(choice, count)| (choice, usize::try_from(count).unwrap()));
    let mut seated = members(body, &heads);
    for (weight, counts) in &tally.weights {
        seated.iter_mut().for_each(|(member, _)| {
            member.weights.insert(weight.clone(), 0);
        });
        for (choice, count) in of(counts).into_iter().filter(|(_, count)| *count > 0) {
            let first = seated.iter_mut().find(|(_, cast)| *cast == choice).expect("a head for each weight");
            first.0.weights.insert(weight.clone(), count);
        }
    }
    // Whoever else is permanent blocks nothing; someone must be, or the vote cannot be opened.
    let permanent = ["permanent".to_owned()];
    let against = seated.iter_mut().filter(|(_, choice)| *choice == Choice::No).take(request.vetoes.len());
    against.for_each(|(member, _)| member.groups = permanent.to_vec());
    if let Some((other, _)) = seated.iter_mut().find(|(_, choice)| *choice != Choice::No) {
        other.groups = permanent.to_vec();
    }
    seated
}

async fn held(client: &mut Client, body: &str, request: EvaluateRuleRequest, expected: &[String], case: &str) {
    let members = seated(body, &request);
    let seats = u32::try_from(request.seats).unwrap();
    let whole = Whole { body, vote: "q", rule: request.rule.clone().unwrap(), seats, members };
    whole.seated(client).await.unwrap();
    let present = u32::try_from(request.members_present).unwrap();
    let mut vote = whole.cast_before(client, present).await.unwrap();
    if request.casting_vote != 0 {
        let awaited = vote.verdict.as_ref().unwrap().outcome() == Outcome::AwaitingCastingVote;
        let given = client.votes.give_casting_vote(casting(&whole.name(), request.casting_vote())).await;
        if awaited {
            vote = given.unwrap().into_inner().vote.unwrap();
        } else {
            given.refused(Code::FailedPrecondition, "NO_CASTING_VOTE_DUE");
        }
    }
    let verdict = vote.verdict.unwrap();
    let said = [format!("{}: {}", outcome(&verdict), figures(&verdict)), verdict.summary.clone()];
    assert_eq!(said, expected, "{case}");
    let vetoes = if verdict.outcome() == Outcome::Vetoed { request.vetoes.len() } else { 0 };
    assert_eq!(verdict.vetoed_by.len(), vetoes, "{case}");
    let declarable = match verdict.outcome() {
        Outcome::AwaitingCastingVote => Outcome::NotAdopted,
        other => other,
    };
    let declared = client.declare_as(&whole.name(), declarable, "").await.unwrap();
    assert_eq!(declared.declared_outcome(), declarable, "{case}");
}

#[tokio::test]
async fn bodies_decide_as_they_did_when_the_vote_is_held() {
    let server = Server::new();
    let mut client = server.client().await;
    let mut count = 0;
    for (at, block) in blocks().into_iter().enumerate() {
        let (request, expected) = decision(&block);
        let heads = request.tally.as_ref().unwrap().heads.unwrap();
        let roll = heads.yes + heads.no + heads.abstain + heads.present + heads.not_voting;
        if (1..=MAX_MEMBERS).contains(&roll) {
            held(&mut client, &format!("body-{at}"), request, &expected, block[0]).await;
            count += 1;
        }
    }
    assert!(count > 40, "the fixture is read: {count}");
}
