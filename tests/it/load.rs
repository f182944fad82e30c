//! A full hall: hundreds of watchers of every kind while thousands of ballots come to several votes, and the server is
//! killed. What each of them was told is held to the record when the server goes out of scope.

use rollcall::proto::ballot_result::Result as Answer;
use rollcall::proto::watch_votes_response::Message;
use rollcall::proto::{self, Choice, Outcome, TieBreak, VoteState};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::Status;
use tonic::transport::Channel;

use crate::harness::client::{BODY, frame, majority, member};
use crate::harness::conduct::seconds;
use crate::harness::server::PATIENCE;
use crate::harness::{Client, Server, uuid};

const VOTES: usize = 4;
const MEMBERS: usize = 40;
/// Watchers of each vote who come before it opens; half as many come while it is open.
const EARLY: usize = 40;
const HALLS: usize = 24;
/// Calls with ballots to each vote, and ballots in each.
const ROUNDS: usize = 40;
const BALLOTS: usize = 20;
/// The server is killed when so many rounds are done, of all votes together.
const KILLS: [usize; 2] = [VOTES * ROUNDS / 4, VOTES * ROUNDS / 2];

/// What everyone here goes by.
#[derive(Clone)]
struct Hall {
    /// The server as it now is.
    server: watch::Receiver<Client>,
    /// The rounds that are done; closed at the end.
    rounds: watch::Receiver<usize>,
}

fn name(vote: usize) -> String {
    format!("{BODY}/votes/v{vote}")
}

impl Hall {
    /// The server as it now is, and afterwards the next one alone is news.
    fn server(&mut self) -> Client {
        self.server.borrow_and_update().clone()
    }

    /// Waits for the next server, after the loss of one.
    async fn next_server(&mut self) {
        tokio::time::timeout(PATIENCE, self.server.changed()).await.expect("a next server").unwrap();
    }
}

/// Whether the server was lost, and nothing refused.
fn lost(status: &Status) -> bool {
    matches!(status.code(), tonic::Code::Unavailable | tonic::Code::Unknown | tonic::Code::Cancelled)
}

/// Makes a call until it is answered, by whatever server.
macro_rules! sure {
    ($hall:ident, $service:ident.$method:ident($request:expr)) => {{
        let request = $request;
        loop {
            match $hall.server().$service.$method(request.clone()).await {
                Ok(answer) => break answer.into_inner(),
                Err(status) if lost(&status) => $hall.next_server().await,
                Err(status) => panic!("refused: {status:?}"),
            }
        }
    }};
}

/// How a watcher behaves.
#[derive(Clone, Copy)]
enum Manner {
    Steady,
    /// Leaves after so many frames, and comes back.
    Fickle(usize),
    /// Reads one message a round, and is sent no more than it reads.
    Slow,
}

/// Watches a vote to its end, and says how many frames it was shown on how many streams.
async fn watches(mut hall: Hall, vote: usize, with_ballots: bool, manner: Manner) -> (usize, usize) {
    let (mut frames, mut streams, mut after_revision) = (0, 0, 0);
    loop {
        let mut client = hall.server();
        let heartbeat = Some(seconds(1));
        let request = proto::WatchTallyRequest { vote: name(vote), after_revision, with_ballots, heartbeat };
        let mut stream = match client.tallies.watch_tally(request).await {
            Ok(stream) => stream.into_inner(),
            Err(status) => {
                assert!(lost(&status), "{status:?}");
                hall.next_server().await;
                continue;
            }
        };
        streams += 1;
        for read in 1.. {
            if matches!(manner, Manner::Slow) {
                let _ = hall.rounds.changed().await;
            }
            match frame(&mut stream).await {
                Ok(Some(frame)) => {
                    frames += 1;
                    after_revision = frame.revision;
                }
                Ok(None) => return (frames, streams),
                Err(status) => {
                    assert!(lost(&status), "{status:?}");
                    hall.next_server().await;
                    break;
                }
            }
            if matches!(manner, Manner::Fickle(most) if read == most) {
                break;
            }
        }
    }
}

/// Watches all votes in these states until all rounds are done, and for one more message that says how far it has read.
async fn watches_hall(mut hall: Hall, parent: &str, states: Vec<i32>, manner: Manner) {
    let mut after_seq = 0;
    loop {
        let mut client = hall.server();
        let (parent, states, heartbeat) = (parent.to_owned(), states.clone(), Some(seconds(1)));
        let request = proto::WatchVotesRequest { parent, after_seq, states, heartbeat, relation: None };
        let mut stream = match client.tallies.watch_votes(request).await {
            Ok(stream) => stream.into_inner(),
            Err(status) => {
                assert!(lost(&status), "{status:?}");
                hall.next_server().await;
                continue;
            }
        };
        for read in 1.. {
            let over = hall.rounds.has_changed().is_err();
            match stream.message().await {
                Ok(Some(message)) => match message.message.unwrap() {
                    Message::Vote(vote) => after_seq = vote.seq,
                    Message::CaughtUp(proto::CaughtUp { seq }) | Message::Progress(proto::Progress { seq }) => {
                        after_seq = seq;
                        if over {
                            return;
                        }
                    }
                    Message::Draining(_) => panic!("it is not told to stop"),
                },
                Ok(None) => panic!("a watch of a hall does not end"),
                Err(status) => {
                    assert!(lost(&status), "{status:?}");
                    hall.next_server().await;
                    break;
                }
            }
            if matches!(manner, Manner::Fickle(most) if read == most) {
                break;
            }
        }
    }
}

/// Takes a vote from its opening to its result: ballots cast, changed and taken back, with interruptions.
async fn conducts(mut hall: Hall, vote: usize, rounds: watch::Sender<usize>) {
    const CHOICES: [Choice; 4] = [Choice::Yes, Choice::No, Choice::Abstain, Choice::Present];
    let open = proto::OpenVoteRequest { name: name(vote), request_id: uuid(), ..Default::default() };
    sure!(hall, votes.open_vote(open));
    for round in 0..ROUNDS {
        let ballot = |at: usize| proto::CastBallotRequest {
            vote: name(vote),
            member: format!("M{:02}", (round * 7 + at * (vote + 1)) % MEMBERS),
            choice: CHOICES[(round * round + at) % 4].into(),
            request_id: uuid(),
        };
        let ballots: Vec<_> = (0..BALLOTS).map(ballot).collect();
        let last = format!("{}/ballots/{}", name(vote), ballots[BALLOTS - 1].member);
        let results = sure!(hall, ballots.cast_ballots(proto::CastBallotsRequest { ballots })).results;
        assert!(results.iter().all(|one| matches!(one.result, Some(Answer::Receipt(_)))), "{results:?}");
        let back = proto::WithdrawBallotRequest { name: last, request_id: uuid() };
        sure!(hall, ballots.withdraw_ballot(back));
        if round % 10 == 3 + vote {
            let suspend = proto::SuspendVoteRequest { name: name(vote), request_id: uuid(), ..Default::default() };
            sure!(hall, votes.suspend_vote(suspend));
            sure!(hall, votes.resume_vote(proto::ResumeVoteRequest { name: name(vote), request_id: uuid() }));
        }
        rounds.send_modify(|rounds| *rounds += 1);
    }
    let lock = proto::LockVoteRequest { name: name(vote), request_id: uuid() };
    let outcome = sure!(hall, votes.lock_vote(lock)).vote.unwrap().verdict.unwrap().outcome;
    let (name, request_id) = (name(vote), uuid());
    sure!(hall, votes.declare_result(proto::DeclareResultRequest { name, outcome, request_id, ..Default::default() }));
}

/// The manner of the nth watcher of a vote, and whether it asks for ballots.
fn manner(at: usize) -> (Manner, bool) {
    let manner = match at % 5 {
        0 => Manner::Fickle(2 + at % 7),
        1 => Manner::Slow,
        _ => Manner::Steady,
    };
    (manner, at.is_multiple_of(2))
}

/// The states that the nth watcher of the hall asks for.
fn states(at: usize) -> Vec<i32> {
    let states: &[VoteState] = match at % 4 {
        0 => &[],
        1 => &[VoteState::Open],
        2 => &[VoteState::Suspended, VoteState::Declared],
        _ => &[VoteState::Draft, VoteState::Open, VoteState::Suspended, VoteState::Locked, VoteState::Declared],
    };
    states.iter().map(|state| i32::from(*state)).collect()
}

/// A body whose votes count heads and shares, and votes tabled.
async fn tabled(client: &mut Client) {
    let shares = |at: usize| proto::Member {
        weights: [("shares".into(), 1 + at as u64)].into(),
        ..member(&format!("M{at:02}"))
    };
    client.seat_members((0..MEMBERS).map(shares).collect()).await.unwrap();
    let mut rule = majority(TieBreak::Unspecified);
    let mut by_shares = rule.requirements[0].clone();
    let Some(proto::requirement::Kind::Threshold(threshold)) = &mut by_shares.kind else { panic!() };
    threshold.weight = "shares".into();
    rule.requirements.push(by_shares);
    for vote in 0..VOTES {
        let tabled = proto::Vote { rule: Some(rule.clone()), ..Default::default() };
        client.table_as(&format!("v{vote}"), tabled).await.unwrap();
    }
}

/// A client whose streams may last, and one on whose streams no more than a frame or two is sent before it is read.
async fn clients(server: &Server) -> (Client, Client) {
    let endpoint = Channel::from_shared(format!("http://{}", server.address)).unwrap();
    let narrow = endpoint.clone().initial_stream_window_size(1_000);
    let client = server.client().await;
    (client.over(endpoint.connect().await.unwrap()), client.over(narrow.connect().await.unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_watchers_are_told_the_truth_while_ballots_pour_in_and_the_server_is_killed() {
    let mut server = Server::new();
    let mut client = server.client().await;
    tabled(&mut client).await;
    let (wide, narrow) = clients(&server).await;
    let (servers, newest) = watch::channel(wide);
    let (narrow_servers, newest_narrow) = watch::channel(narrow);
    let (rounds, mut done) = watch::channel(0);
    let hall = Hall { server: newest, rounds: done.clone() };
    let slow_hall = Hall { server: newest_narrow, rounds: done.clone() };

    let mut watchers: Vec<JoinHandle<(usize, usize)>> = Vec::new();
    let mut join = |at: usize, vote: usize| {
        let (manner, with_ballots) = manner(at);
        let hall = if matches!(manner, Manner::Slow) { slow_hall.clone() } else { hall.clone() };
        watchers.push(tokio::spawn(watches(hall, vote, with_ballots, manner)));
    };
    (0..EARLY * VOTES).for_each(|at| join(at, at % VOTES));
    let in_hall = |at: usize| {
        let (parent, (manner, _)) = (["bodies/-", BODY][at % 2], manner(at / 2));
        tokio::spawn(watches_hall(hall.clone(), parent, states(at), manner))
    };
    let halls: Vec<_> = (0..HALLS).map(in_hall).collect();
    let conductors: Vec<_> =
        (0..VOTES).map(|vote| tokio::spawn(conducts(hall.clone(), vote, rounds.clone()))).collect();
    drop(rounds);
    for kill in KILLS {
        done.wait_for(|done| *done >= kill).await.unwrap();
        (0..EARLY * VOTES / 4).for_each(|at| join(at, at / 5 % VOTES));
        server.restart();
        let (wide, narrow) = clients(&server).await;
        servers.send_replace(wide);
        narrow_servers.send_replace(narrow);
    }
    for conductor in conductors {
        conductor.await.unwrap();
    }
    drop(done);
    let (mut frames, mut streams) = (0, 0);
    let count = watchers.len();
    for watcher in watchers {
        let seen = tokio::time::timeout(PATIENCE, watcher).await.expect("it sees the end").unwrap();
        (frames, streams) = (frames + seen.0, streams + seen.1);
    }
    for watcher in halls {
        tokio::time::timeout(PATIENCE, watcher).await.expect("it hears how far it has read").unwrap();
    }
    let mut client = server.client().await;
    let vote = client.vote_as("v0").await;
    assert_eq!(vote.state(), VoteState::Declared);
    assert_ne!(vote.declared_outcome(), Outcome::Unspecified);
    assert!(streams > 2 * count, "they came back: {streams} streams of {count}");
    assert!(frames > 5 * count, "it was live: {frames} frames to {count}");
    println!("{count} watchers of tallies, {streams} streams, {frames} frames; {HALLS} of halls");
}
