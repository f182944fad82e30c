//! A watcher that comes back, to this server or the next, learns what has changed since, and never less than it knew.

use super::*;

#[tokio::test]
async fn what_changed_since_is_shown_to_a_watcher_that_comes_back() {
    for restart in [false, true] {
        let (mut server, mut client) = full_hall().await;
        let mut hall = client.hall().await;
        let (_, after) = to_the_present(&mut hall).await;
        drop(hall);
        client.declare_as(&name("locked"), Outcome::NotAdopted, "").await.unwrap();
        table(&mut client, "new").await;
        client.resume_vote(&name("suspended")).await.unwrap();
        if restart {
            server.restart();
            client = server.client().await;
        }
        let mut hall = watch(&mut client, after, &[]).await.unwrap();
        let (votes, seq) = to_the_present(&mut hall).await;
        assert_eq!(votes, ["locked DECLARED", "new DRAFT", "suspended OPEN"], "restart: {restart}");
        assert_eq!(seq, client.end().await);
        cast(&mut client, "open", Choice::Yes).await;
        assert_eq!(short(&next_vote(&mut hall).await), "open OPEN");
        let mut nothing = watch(&mut client, seq + 1, &[]).await.unwrap();
        assert_eq!(to_the_present(&mut nothing).await, (vec![], seq + 1));
    }
}

#[tokio::test]
async fn a_vote_that_was_shown_on_an_earlier_stream_is_shown_once_more_when_it_leaves() {
    for restart in [false, true] {
        let (mut server, mut client) = full_hall().await;
        let mut hall = client.hall().await;
        let (_, after) = to_the_present(&mut hall).await;
        drop(hall);
        if restart {
            server.restart();
            client = server.client().await;
        }
        let mut hall = watch(&mut client, after, &[]).await.unwrap();
        assert_eq!(to_the_present(&mut hall).await.0, [""; 0], "nothing has changed");
        client.annul_vote(&name("declared"), "it was not among those shown").await.unwrap();
        client.declare_as(&name("locked"), Outcome::NotAdopted, "").await.unwrap();
        assert_eq!(short(&next_vote(&mut hall).await), "locked DECLARED", "restart: {restart}");
        client.annul_vote(&name("open"), "").await.unwrap();
        assert_eq!(short(&next_vote(&mut hall).await), "open ANNULLED", "restart: {restart}");
    }
}

/// Takes what a stream still has into what is known of a hall; no vote may go back.
fn learn(known: &mut BTreeMap<String, Vote>, vote: Vote) {
    let before = known.get(&vote.name).map_or(0, |vote| vote.revision);
    assert!(before < vote.revision, "{before} {vote:?}");
    known.insert(vote.name.clone(), vote);
}

#[tokio::test]
async fn no_vote_goes_back_while_ballots_pour_in_and_the_server_is_killed() {
    let (mut server, _) = full_hall().await;
    let mut known = BTreeMap::new();
    let mut after = 0;
    for round in 0..3 {
        let mut client = server.client().await;
        if round == 0 {
            client.resume_vote(&name("suspended")).await.unwrap();
        }
        let mut hall = watch(&mut client, after, &[]).await.unwrap();
        let mut caster = client.clone();
        let casting = tokio::spawn(async move {
            let mut cast = 0_u64;
            loop {
                let choice = [Choice::Yes, Choice::No][usize::try_from(cast % 2).unwrap()];
                for id in ["open", "suspended"] {
                    let ballot = proto::CastBallotRequest { vote: name(id), ..ballot("A", choice) };
                    if caster.send(ballot).await.is_err() {
                        return cast;
                    }
                }
                cast += 1;
            }
        });
        for _ in 0..12 {
            match next(&mut hall).await {
                Message::Vote(vote) => {
                    after = vote.seq;
                    learn(&mut known, vote);
                }
                Message::CaughtUp(caught_up) => after = caught_up.seq,
                other => panic!("no silence while ballots come: {other:?}"),
            }
        }
        server.kill();
        while let Ok(Some(message)) = hall.message().await {
            if let Some(Message::Vote(vote)) = message.message {
                after = vote.seq;
                learn(&mut known, vote);
            }
        }
        assert!(casting.await.unwrap() > 0);
        server.restart();
    }
    let mut client = server.client().await;
    let mut hall = watch(&mut client, after, &[]).await.unwrap();
    while let Message::Vote(vote) = next(&mut hall).await {
        learn(&mut known, vote);
    }
    for id in ["open", "suspended", "draft", "locked"] {
        assert_eq!(known[&name(id)], client.vote_as(id).await, "{id}");
    }
}
