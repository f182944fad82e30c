//! Corrections: what counts afterwards, what stays, and when the result must be declared again.

use rollcall::proto::watch_votes_response::Message;

use super::*;

/// A vote of these ballots, locked.
async fn locked(server: &Server, rule: proto::Rule, ballots: &[(&str, Choice)]) -> Client {
    let mut client = server.client().await;
    let ids: Vec<_> = ballots.iter().map(|(id, _)| *id).collect();
    client.ready(&ids, rule).await;
    for (member, choice) in ballots.iter().filter(|(_, choice)| *choice != Choice::NotVoting) {
        client.cast(member, *choice).await.unwrap();
    }
    client.lock().await.unwrap();
    client
}

fn plain() -> proto::Rule {
    majority(proto::TieBreak::Unspecified)
}

const TWO_TO_ONE: [(&str, Choice); 4] =
    [("A", Choice::Yes), ("B", Choice::Yes), ("C", Choice::No), ("D", Choice::NotVoting)];

#[tokio::test]
async fn a_correction_that_flips_the_outcome_asks_for_a_new_declaration() {
    let mut server = Server::new();
    let mut client = locked(&server, plain(), &TWO_TO_ONE).await;
    let mut ended = client.watch(false).await.unwrap();
    client.declare(Outcome::Adopted, "").await.unwrap();
    while let Some(seen) = frame(&mut ended).await.unwrap() {
        assert!(seen.state() == VoteState::Locked || seen.declared_outcome() == Outcome::Adopted);
    }

    let vote = client.correct_as(VOTE, &seat("B"), Choice::No, "a recount").await.unwrap();
    assert_eq!((vote.state(), vote.declared_outcome()), (VoteState::Locked, Outcome::Unspecified));
    assert_eq!((vote.declare_time, vote.verdict.as_ref().unwrap().outcome()), (None, Outcome::NotAdopted));
    assert_eq!(heads(vote.tally.as_ref()), "1-2-0-0-1");
    assert_eq!(heads(vote.announced_tally.as_ref()), "2-1-0-0-1");
    assert_eq!(frame(&mut ended).await.unwrap(), None, "a watch that ended stays ended");
    let mut watch = client.watch(true).await.unwrap();
    let seen = frame(&mut watch).await.unwrap().unwrap();
    assert_eq!((seen.state(), seen.declared_outcome()), (VoteState::Locked, Outcome::Unspecified));
    assert_eq!(seen.tally, vote.tally, "a new one sees it locked, and the tally as corrected");
    assert_eq!(seen.seats[1].choice(), Choice::No);
    let hall = client.hall().await.message().await.unwrap().unwrap().message;
    assert!(matches!(hall, Some(Message::Vote(shown)) if shown == vote), "it has not ended");

    let entries = client.entries().await;
    let Some(proto::entry::Event::BallotCorrected(entry)) = &entries.last().unwrap().event else { panic!() };
    assert_eq!((heads(entry.before.as_ref()), heads(entry.after.as_ref())), ("2-1-0-0-1".into(), "1-2-0-0-1".into()));
    assert_eq!((entry.outcome(), entry.declaration_lapsed), (Outcome::NotAdopted, true));
    server.restart();
    let mut client = server.client().await;
    assert_eq!(client.vote().await.unwrap(), vote);
    client.declare(Outcome::Adopted, "").await.refused(Code::FailedPrecondition, "OUTCOME_MISMATCH");
    let mut watch = client.watch(false).await.unwrap();
    let declared = client.declare(Outcome::NotAdopted, "").await.unwrap();
    assert_eq!((declared.state(), declared.declared_outcome()), (VoteState::Declared, Outcome::NotAdopted));
    assert_eq!(heads(declared.announced_tally.as_ref()), "2-1-0-0-1", "what was announced first stays");
    assert_eq!(frame(&mut watch).await.unwrap().unwrap().state(), VoteState::Locked);
    assert_eq!(frame(&mut watch).await.unwrap().unwrap().declared_outcome(), Outcome::NotAdopted);
    assert_eq!(frame(&mut watch).await.unwrap(), None);
}

#[tokio::test]
async fn ballots_are_shown_as_they_were_locked_and_as_they_are_counted() {
    let server = Server::new();
    let mut client = locked(&server, plain(), &TWO_TO_ONE).await;
    let mut watch = client.watch(true).await.unwrap();
    assert_eq!(frame(&mut watch).await.unwrap().unwrap().seats.len(), 4);
    let before = ballot(&mut client, &ballot_of("C")).await;
    client.correct_as(VOTE, &seat("C"), Choice::Abstain, "").await.unwrap();
    let seen = frame(&mut watch).await.unwrap().unwrap();
    let changed: Vec<_> = seen.seats.iter().map(|light| (light.member.as_str(), light.choice())).collect();
    assert_eq!(changed, [("C", Choice::Abstain)], "the one that changed");
    client.correct_as(VOTE, &seat("D"), Choice::Yes, "").await.expect("one that was not counted");
    client.correct_as(VOTE, &seat("A"), Choice::NotVoting, "").await.expect("one that was counted and not cast");
    let vote = client.correct_as(VOTE, &seat("C"), Choice::No, "").await.expect("a correction of the correction");
    assert_eq!(heads(vote.tally.as_ref()), "2-1-0-0-1");
    assert_eq!(vote.announced_tally, None, "the tally is again as it was announced");

    let after = ballot(&mut client, &ballot_of("C")).await;
    assert_eq!(after, proto::Ballot { corrected: Choice::No.into(), ..before }, "what was locked stays");
    let mut listed = async |choice: Choice| {
        let (parent, choices) = (VOTE.to_owned(), vec![choice.into()]);
        let request = proto::ListBallotsRequest { parent, choices, ..Default::default() };
        let page = client.ballots.list_ballots(request).await.unwrap().into_inner().ballots;
        page.iter().map(|one| one.name.rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(Choice::Yes).await, ["B", "D"], "by what counts");
    assert_eq!(listed(Choice::NotVoting).await, ["A"]);
    let (parent, member) = (format!("{BODY}/votes/-"), "C".to_owned());
    let request = proto::ListBallotsRequest { parent, member, ..Default::default() };
    let history = client.ballots.list_ballots(request).await.unwrap().into_inner().ballots;
    assert_eq!(history, [after], "in its member's ballots too");
    assert_eq!(annotations(&mut client, VOTE).await.len(), 4);
    client.correct_as(VOTE, &seat("E"), Choice::Yes, "").await.refused(Code::FailedPrecondition, "NOT_ON_ROLL");
}

#[tokio::test]
async fn a_corrected_ballot_can_veto() {
    let server = Server::new();
    let mut client = server.client().await;
    let permanent = |id: &str| proto::Member { groups: vec!["permanent".into()], ..named("hall", id) };
    let mut all = vec![(permanent("P"), Choice::Abstain)];
    all.extend(members("hall", &[(Choice::Yes, 10), (Choice::No, 4)]));
    let rule = preset("un.sc.substantive");
    let whole = Whole { body: "hall", vote: "q", rule, seats: 15, members: all };
    let vote = whole.locked(&mut client).await.unwrap();
    assert_eq!(vote.verdict.unwrap().outcome(), Outcome::Adopted);
    client.declare(Outcome::Adopted, "").await.unwrap();
    let vote = client.correct_as(VOTE, &seat("P"), Choice::No, "").await.unwrap();
    let verdict = vote.verdict.clone().unwrap();
    assert_eq!(
        (vote.state(), verdict.outcome(), verdict.vetoed_by),
        (VoteState::Locked, Outcome::Vetoed, vec![seat("P")])
    );
}

#[tokio::test]
async fn a_result_stands_where_what_can_be_declared_is_the_same() {
    let casting = || majority(proto::TieBreak::CastingVote);
    let tie = [("A", Choice::Yes), ("B", Choice::No), ("C", Choice::Abstain)];
    let server = Server::new();
    let mut client = locked(&server, casting(), &tie).await;
    client.declare(Outcome::NotAdopted, "").await.unwrap();
    let vote = client.correct_as(VOTE, &seat("C"), Choice::No, "").await.unwrap();
    assert_eq!((vote.state(), vote.declared_outcome()), (VoteState::Declared, Outcome::NotAdopted));
    // Now the presiding officer would have had a casting vote.
    let vote = client.correct_as(VOTE, &seat("C"), Choice::Abstain, "").await.unwrap();
    assert_eq!(vote.state(), VoteState::Locked);
    assert_eq!(vote.verdict.unwrap().outcome(), Outcome::AwaitingCastingVote);
    // Before a result is declared none can fall.
    let vote = client.correct_as(VOTE, &seat("B"), Choice::Yes, "").await.unwrap();
    assert_eq!((vote.state(), vote.verdict.unwrap().outcome()), (VoteState::Locked, Outcome::Adopted));
    client.declare(Outcome::NotAdopted, "out of order").await.unwrap();
    let vote = client.correct_as(VOTE, &seat("C"), Choice::Yes, "").await.unwrap();
    assert_eq!((vote.state(), &*vote.ruling), (VoteState::Declared, "out of order"), "the rule's outcome is the same");
}
