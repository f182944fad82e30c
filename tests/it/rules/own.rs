//! Named rules of a user's own: read when the server starts, and kept in each vote as they were.

use std::path::Path;

use rollcall::proto::{self, Outcome};
use tonic::Code;
use tonic_types::StatusExt;

use crate::harness::client::{BODY, VOTE, preset};
use crate::harness::server::{Ended, ended};
use crate::harness::{Expect, Server, serve, uuid};

const RULE: &str = r#"
[[rule]]
name = "club.statutes"
basis = "Statutes, section 12"
requirements = [{ choices = ["yes"], comparison = "at-least", share = [2, 3], of = "members" }]
"#;

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

async fn listed(server: &Server) -> Vec<proto::Rule> {
    server.client().await.rules.list_rules(proto::ListRulesRequest {}).await.unwrap().into_inner().rules
}

#[tokio::test]
async fn a_rule_of_ones_own_is_a_named_rule_and_a_vote_keeps_it_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (rules, data) = (folder.path().join("rules"), folder.path().join("record"));
    std::fs::create_dir(&rules).unwrap();
    write(&rules, "club.toml", RULE);
    let server = Server::spawn(serve(&data).arg("--rules").arg(&rules), &data);
    let mut client = server.client().await;
    client.seat(&["A", "B", "C"]).await.unwrap();
    let tabled = client.table(preset("club.statutes")).await.unwrap().rule.unwrap();
    let all = listed(&server).await;
    assert_eq!(all.iter().find(|rule| rule.preset == "club.statutes"), Some(&tabled));
    assert!(all.iter().any(|rule| rule.preset == "un.ga.simple"), "beside those that come with Rollcall");
    drop(server);

    // The file says something else since, and then nothing: the vote stays as it was tabled. This time by the environment.
    write(&rules, "club.toml", &RULE.replace("[2, 3]", "[1, 2]"));
    let server = Server::spawn(serve(&data).env("ROLLCALL_RULES", &rules), &data);
    assert_ne!(listed(&server).await.iter().find(|rule| rule.preset == "club.statutes"), Some(&tabled));
    drop(server);
    let server = Server::at(&data);
    assert!(listed(&server).await.iter().all(|rule| rule.preset != "club.statutes"));
    let mut client = server.client().await;
    assert_eq!(client.vote().await.unwrap().rule, Some(tabled));
    client.open().await.unwrap();
    client.cast("A", proto::Choice::Yes).await.unwrap();
    let verdict = client.lock().await.unwrap().verdict.unwrap();
    assert_eq!((verdict.outcome(), verdict.criteria[0].needed), (Outcome::NotAdopted, 2));
}

#[tokio::test]
async fn a_question_is_known_again_when_its_rule_has_been_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let (rules, data) = (folder.path().join("rules"), folder.path().join("record"));
    std::fs::create_dir(&rules).unwrap();
    write(&rules, "club.toml", RULE);
    let server = Server::spawn(serve(&data).arg("--rules").arg(&rules), &data);
    let mut client = server.client().await;
    client.seat(&["A", "B", "C"]).await.unwrap();
    let asked = proto::CreateVoteRequest {
        parent: BODY.into(),
        vote_id: "q".into(),
        vote: Some(proto::Vote { rule: Some(preset("club.statutes")), ..Default::default() }),
        request_id: uuid(),
    };
    let first = client.votes.create_vote(asked.clone()).await.unwrap().into_inner();
    drop(server);

    let server = Server::at(&data);
    let mut client = server.client().await;
    let again = client.votes.create_vote(asked.clone()).await.unwrap().into_inner();
    assert_eq!(again.receipt, first.receipt.map(|receipt| proto::Receipt { replayed: true, ..receipt }));
    assert_eq!(again.vote, first.vote);
    let mut other = asked.clone();
    other.vote.as_mut().unwrap().title = "Budget".into();
    client.votes.create_vote(other).await.refused(Code::AlreadyExists, "REQUEST_ID_REUSED");

    // A new request that names it is refused, even where the question has been put under it before.
    let revote = proto::Relation { kind: proto::relation::Kind::Revote.into(), vote: VOTE.into() };
    for relations in [vec![], vec![revote]] {
        let vote = proto::Vote { relations, ..asked.vote.clone().unwrap() };
        let refused = client.table_as("again", vote).await.refused(Code::InvalidArgument, "RULE_INVALID");
        let violations = refused.get_details_bad_request().unwrap().field_violations;
        assert_eq!(violations.iter().map(|one| one.field.as_str()).collect::<Vec<_>>(), ["vote.rule.preset"]);
    }
    assert_eq!(client.end().await, again.receipt.unwrap().seq);
}

#[test]
fn a_server_does_not_start_on_rules_that_do_not_hold_and_says_all_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let (rules, data) = (folder.path().join("rules"), folder.path().join("record"));
    std::fs::create_dir(&rules).unwrap();
    let refused = || {
        let Ended { status, stdout, stderr } = ended(serve(&data).arg("--rules").arg(&rules));
        assert_eq!((status.code(), stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(!data.exists(), "no record is made");
        stderr.replace(rules.to_str().unwrap(), "RULES")
    };
    write(&rules, "a.toml", &RULE.replace("[2, 3]", "[2, 0]").replace("basis", "bases"));
    write(&rules, "b.toml", &RULE.replace("club.statutes", "un.sc.substantive"));
    write(&rules, "c.toml", "[[rule]\n");
    let said = refused();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "rollcall: cannot start: the rules do not hold");
    assert!(lines.contains(&"  RULES/a.toml:2: basis is missing"), "{said}");
    assert!(lines.iter().any(|line| line.starts_with("  RULES/a.toml:4: a rule has no bases;")), "{said}");
    let taken =
        "  RULES/b.toml:2: the name un.sc.substantive is taken by the rule that comes with Rollcall in rules/un.toml:";
    assert!(lines.iter().any(|line| line.starts_with(taken)), "{said}");
    assert!(lines.iter().any(|line| line.starts_with("  RULES/c.toml:1: ")), "{said}");
    std::fs::remove_dir_all(&rules).unwrap();
    assert!(refused().contains("  RULES: no folder of rules that can be read"), "none is there");
}
