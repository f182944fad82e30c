//! The Assembly's votes of 2022, member by member: that of 12 October by the demo's own facts, and all of them where the data set
//! stands beside the project.

use std::collections::BTreeMap;
use std::process::Command;

use serde::Deserialize;

use super::*;
use crate::harness::client::preset;
use crate::harness::past;
use crate::harness::whole::{Whole, named};

/// What is read of the demo's facts.
#[derive(Deserialize)]
struct Facts {
    members: Vec<(String, String, String)>,
}

fn choice(word: &str) -> Choice {
    match word {
        "yes" | "Y" => Choice::Yes,
        "no" | "N" => Choice::No,
        "abstain" | "A" => Choice::Abstain,
        "not-voting" | "X" => Choice::NotVoting,
        other => panic!("no choice {other:?}"),
    }
}

fn whole<'a>(vote: &'a str, members: Vec<(proto::Member, Choice)>) -> Whole<'a> {
    Whole { body: "un-ga", vote, rule: preset("un.ga.two-thirds"), seats: 193, members }
}

#[tokio::test]
async fn the_vote_of_12_october_2022_is_held_member_by_member() {
    let facts: Facts = toml::from_str(include_str!("../../../src/cli/demo/general-assembly.toml")).unwrap();
    let members = facts.members.iter().map(|(code, name, stand)| {
        (proto::Member { display_name: name.clone(), ..named("un-ga", code) }, choice(stand))
    });
    let whole = whole("es-11-4", members.collect());
    let server = Server::new();
    let mut client = server.client().await;
    let vote = whole.locked(&mut client).await.unwrap();
    assert_eq!(heads(vote.tally.as_ref()), "143-5-35-0-10");
    assert_eq!(vote.verdict.unwrap().outcome(), Outcome::Adopted);
    let called = client.roll(&whole.name()).await;
    assert_eq!(called.len(), 193);
    for (ballot, (member, choice)) in called.iter().zip(&whole.members) {
        assert_eq!((&ballot.display_name, ballot.choice()), (&member.display_name, *choice));
    }
}

/// One resolution of the data set.
struct Resolution {
    symbol: String,
    /// The vote's identifier: es-11-4 for A/RES/ES-11/4.
    id: String,
    tally: String,
    need: u64,
    members: Vec<(proto::Member, Choice)>,
}

/// The resolutions in the order of the data set; none where it is not there.
fn resolutions() -> Option<Vec<Resolution>> {
    let data = past::data().filter(|data| data.join("rollcalls.csv").exists())?;
    let mut calls = csv::Reader::from_path(data.join("rollcalls.csv")).unwrap();
    let symbols: Vec<String> = calls.headers().unwrap().iter().skip(2).map(str::to_owned).collect();
    let rows: Vec<Vec<String>> = calls.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    let mut meta = csv::Reader::from_path(data.join("rollcall_meta.csv")).unwrap();
    let facts: Vec<BTreeMap<String, String>> = meta.deserialize().map(Result::unwrap).collect();
    let resolution = |(at, symbol): (usize, &String)| {
        let of = facts.iter().find(|facts| facts["resolution"] == *symbol).unwrap();
        let member = |row: &Vec<String>| {
            let named = proto::Member { display_name: row[1].clone(), ..named("un-ga", &row[0]) };
            (named, choice(&row[at + 2]))
        };
        Resolution {
            symbol: symbol.clone(),
            id: symbol.trim_start_matches("A/RES/").to_lowercase().replace('/', "-"),
            tally: format!("{}-{}-{}-0-{}", of["yes"], of["no"], of["abstain"], of["not_voting"]),
            need: of["need_two_thirds"].parse().unwrap(),
            members: rows.iter().map(member).collect(),
        }
    };
    Some(symbols.iter().enumerate().map(resolution).collect())
}

/// The members that did not do the same in two resolutions, counted in the plainest way.
fn changed(one: &Resolution, other: &Resolution) -> usize {
    one.members.iter().zip(&other.members).filter(|((_, before), (_, after))| before != after).count()
}

#[tokio::test]
async fn every_vote_of_the_assembly_on_ukraine_is_held_member_by_member_and_compared() {
    let Some(resolutions) = resolutions() else {
        eprintln!("SKIPPED: no data set beside the project; ROLLCALL_PAST_VOTES names its folder");
        return;
    };
    assert_eq!(resolutions.len(), 7);
    let server = Server::new();
    let mut client = server.client().await;
    whole("", resolutions[0].members.clone()).seated(&mut client).await.unwrap();
    for resolution in &resolutions {
        let whole = whole(&resolution.id, resolution.members.clone());
        let vote = whole.cast(&mut client).await.unwrap();
        assert_eq!(heads(vote.tally.as_ref()), resolution.tally, "{}", resolution.symbol);
        let verdict = vote.verdict.unwrap();
        assert_eq!(verdict.outcome(), Outcome::Adopted, "{}", resolution.symbol);
        assert_eq!(verdict.criteria.last().unwrap().needed, resolution.need, "{}", resolution.symbol);
        for (ballot, (member, choice)) in client.roll(&whole.name()).await.iter().zip(&whole.members) {
            let id = member.name.rsplit('/').next().unwrap();
            assert_eq!((ballot.name.rsplit('/').next().unwrap(), ballot.choice()), (id, *choice), "{}", whole.vote);
        }
        client.declare_as(&whole.name(), Outcome::Adopted, "").await.unwrap();
    }
    let named = |id: &str| format!("bodies/un-ga/votes/{id}");
    let of = |id: &str| resolutions.iter().find(|one| one.id == id).unwrap();
    for pair in [["es-11-1", "es-11-4"], ["es-11-3", "es-11-4"], ["68-262", "es-11-4"]] {
        let compared = compare(&mut client, &pair.map(named).each_ref().map(String::as_str)).await.unwrap();
        assert_eq!(compared.members.len(), changed(of(pair[0]), of(pair[1])), "{pair:?}");
    }

    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command.args(["compare", "--server", &server.address]);
    let output =
        command.args(["68-262", "es-11-1", "es-11-2", "es-11-3", "es-11-4"].map(|id| format!("un-ga/{id}"))).output();
    let told = String::from_utf8(output.unwrap().stdout).unwrap();
    let row = |label: &str| {
        let line = told.lines().find(|line| line.starts_with(label)).unwrap_or_else(|| panic!("{label}: {told}"));
        line[label.len()..]
            .split("  ")
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(row("yes "), ["100", "141", "140", "93", "143 *"], "the strongest is marked");
    assert_eq!(row("no "), ["11", "5", "5", "24", "5"]);
    assert_eq!(row("abstain "), ["58", "35", "38", "58", "35"]);
    assert_eq!(row("outcome "), ["adopted"; 5]);
}
