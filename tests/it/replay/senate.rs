//! Votes of the US Senate: each by the rule of its tag, with casting votes, and its outcome held to the published one.

use super::*;
use crate::harness::conduct::casting;
use crate::harness::uuid;

const SENATE: &str = "bodies/us-senate";

fn files() -> [PathBuf; 2] {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replay");
    ["senate-votes.csv", "senate-ballots.csv"].map(|file| folder.join(file))
}

/// A vote's rule, tally and outcome, and whether a casting vote was given.
fn told(vote: &proto::Vote) -> (&str, String, Outcome, bool) {
    let rule = vote.rule.as_ref().unwrap();
    (&rule.preset, heads(vote.tally.as_ref()), vote.declared_outcome(), vote.casting_vote.is_some())
}

#[tokio::test]
async fn the_rule_is_that_of_the_tag_and_the_outcome_is_compared_with_the_published_one() {
    let server = Server::new();
    let [list, ballots] = files();
    let output = replay(&list, &ballots).args(["--server", &server.address]).output().unwrap();
    let (code, stdout, stderr) = super::told(&output);
    assert_eq!((code, &*stderr.replace('\n', " ")), (Some(0), ""), "{stdout}");
    let summary = [
        "6 of 6 votes are on record",
        "6 tallies equal",
        "outcomes: adopted 3, not adopted 3",
        "5 outcomes are as published, 1 otherwise",
        "senate-votes.csv:7: s-6: \"Amendment Agreed to\" published, not adopted by its rule",
    ];
    assert_says(&stdout, &summary);
    let mut client = server.client().await;
    let votes = votes(&mut client, SENATE).await;
    let (half, adopted, rejected) = ("us.senate.majority", Outcome::Adopted, Outcome::NotAdopted);
    let expected = [
        (half, "3-2-0-0-0", adopted, false),
        // Equal, and no one broke the tie.
        (half, "2-2-0-0-1", rejected, false),
        (half, "2-2-0-0-1", adopted, true),
        // Two of three, and of five that are sworn three are needed.
        ("us.senate.cloture", "2-1-0-0-2", rejected, false),
        ("us.senate.two-thirds", "2-1-0-0-2", adopted, false),
        (half, "2-3-0-0-0", rejected, false),
    ];
    for (vote, (rule, tally, outcome, cast)) in votes.iter().zip(expected) {
        assert_eq!(told(vote), (rule, tally.to_owned(), outcome, cast), "{}", vote.name);
    }
    let casting = votes[2].casting_vote.as_ref().unwrap();
    assert_eq!((casting.choice(), &*casting.given_by), (proto::Choice::Yes, "Vice President"));
}

#[tokio::test]
async fn a_casting_vote_that_an_earlier_run_gave_is_not_asked_for_again() {
    let server = Server::new();
    let mut client = server.client().await;
    // As a run leaves it that was cut off between the casting vote and the declaration.
    let folder = tempfile::tempdir().unwrap();
    let only = |vote: &str| {
        let rows = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).unwrap();
            let mut rows: Vec<_> = text.lines().take(1).collect();
            rows.extend(text.lines().filter(|line| line.starts_with(vote)));
            let file = folder.path().join(format!("{vote}-{}", path.file_name().unwrap().display()));
            std::fs::write(&file, rows.join("\n")).unwrap();
            file
        };
        let [list, ballots] = files().each_ref().map(rows);
        let output = replay(&list, &ballots).args(["--server", &server.address]).output().unwrap();
        let (code, stdout, stderr) = super::told(&output);
        assert_eq!((code, &*stderr), (Some(0), ""), "{stdout}");
        stdout
    };
    only("s-1,");
    let rule = Some(proto::Rule { preset: "us.senate.majority".into(), ..Default::default() });
    let table = proto::CreateVoteRequest {
        parent: SENATE.into(),
        vote_id: "s-3".into(),
        vote: Some(proto::Vote { rule, ..Default::default() }),
        request_id: uuid(),
    };
    client.votes.create_vote(table).await.unwrap();
    let name = format!("{SENATE}/votes/s-3");
    client.open_as(&name, 0).await.unwrap();
    for (member, choice) in [("A", 1), ("B", 1), ("C", 2), ("D", 2)] {
        let request =
            proto::CastBallotRequest { vote: name.clone(), member: member.into(), choice, request_id: uuid() };
        client.send(request).await.unwrap();
    }
    client.lock_as(&name).await.unwrap();
    client.votes.give_casting_vote(casting(&name, proto::Choice::Yes)).await.unwrap();

    assert_says(&only("s-3,"), &["1 of 1 votes", "outcomes: adopted 1", "1 outcomes are as published"]);
}

#[test]
fn the_votes_of_the_109th_congress_come_out_as_they_were_published() {
    let Some(folder) = past::data().map(|data| data.join("us_senate_109")).filter(|folder| folder.is_dir()) else {
        eprintln!("SKIPPED: no data set beside the project; ROLLCALL_PAST_VOTES names its folder");
        return;
    };
    let record = tempfile::tempdir().unwrap();
    let mut command = replay(&folder.join("votes.csv"), &folder.join("ballots.csv.gz"));
    let output = command.arg("--json").arg("--data").arg(record.path().join("record")).output().unwrap();
    let (code, stdout, stderr) = super::told(&output);
    assert_eq!(code, Some(0), "{stderr}");
    let summary: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let counts = ["votes", "ballots", "bad_rows", "refused"].map(|name| summary[name].as_u64().unwrap());
    assert_eq!(counts, [645, 62_745, 0, 0]);
    assert_eq!(summary["tallies"], serde_json::json!({"equal": 645, "differing": 0, "unpublished": 0}));
    assert_eq!(summary["outcomes_published"], serde_json::json!({"equal": 645, "differing": 0}));
}
