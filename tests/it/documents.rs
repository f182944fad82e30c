//! The code in docs/api.md is taken out of it and run, in its order, against a server; its tables say what is so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::foreign::{ended, node, ours, tool};
use crate::harness::Server;
use crate::states::table::TABLE;

/// Where a reader's server listens.
const DEFAULT: &str = "localhost:50051";

/// A piece of code, and what it prints where the page says that.
struct Block {
    language: String,
    code: String,
    prints: Option<String>,
}

fn page() -> String {
    std::fs::read_to_string(ours("docs/api.md")).unwrap()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
}

/// The fenced blocks of a page, in their order.
fn blocks(page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let code: String = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        match language {
            "text" => found.last_mut().expect("code before what it prints").prints = Some(code),
            _ => found.push(Block { language: language.to_owned(), code, prints: None }),
        }
    }
    found
}

/// The command that runs a block in `folder`.
fn program(block: &Block, code: &str, folder: &Path) -> Command {
    let mut command = match block.language.as_str() {
        "sh" => {
            let mut bash = Command::new("bash");
            bash.args(["-euo", "pipefail", "-c", code]);
            bash
        }
        "python" => {
            let mut python = Command::new("python3");
            python.args(["-c", code]);
            python
        }
        "js" => {
            std::fs::write(folder.join("api.mjs"), code).unwrap();
            let mut node = Command::new("node");
            node.arg("api.mjs");
            node
        }
        other => panic!("a block in {other:?}, which is not run: say sh, python, js or text"),
    };
    command.current_dir(folder);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_for_client_authors_does_what_the_page_says() {
    let Some(_) = tool("grpcurl", &["-version"]) else { return };
    let Some(_) = tool("buf", &["--version"]) else { return };
    let Some(_) = tool("python3", &["-c", "import grpc_tools, grpc_status"]) else { return };
    let Some(_) = node() else { return };
    let server = Server::new();
    // A folder that has what a reader's has: the contract, and the packages that the page names.
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(ours("proto"), folder.path().join("proto")).unwrap();
    std::os::unix::fs::symlink(ours(".ci/node_modules"), folder.path().join("node_modules")).unwrap();
    let mut ran = BTreeMap::new();
    for block in blocks(&page()) {
        let output = ended(program(&block, &block.code.replace(DEFAULT, &server.address), folder.path())).await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let beside = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}\n{said}{beside}", block.code);
        if let Some(prints) = block.prints {
            assert_eq!(said, prints, "{}\n{beside}", block.code);
            *ran.entry(block.language).or_insert(0) += 1;
        }
    }
    assert_eq!(ran, BTreeMap::from([("js".to_owned(), 1), ("python".to_owned(), 1)]), "what they print is compared");
}

#[test]
fn every_reason_of_the_contract_is_in_the_page_with_its_code() {
    let page = page();
    let contract = std::fs::read_to_string(ours("proto/rollcall/v1/error.proto")).unwrap();
    let (mut reasons, mut code) = (0, "");
    for line in contract.lines().map(str::trim) {
        // The comment before a reason begins with its code.
        match line.strip_prefix("// ") {
            Some(comment) => {
                let first = comment.split('.').next().unwrap();
                if !first.is_empty() && first.chars().all(|c| c.is_ascii_uppercase() || c == '_') {
                    code = first;
                }
            }
            None => {
                let Some((reason, _)) = line.strip_prefix("ERROR_REASON_").and_then(|reason| reason.split_once(" = "))
                else {
                    continue;
                };
                if reason != "UNSPECIFIED" {
                    let row = format!("| {reason} | {code} |");
                    assert!(page.contains(&row), "docs/api.md has no row {row}");
                    reasons += 1;
                }
            }
        }
    }
    assert!(reasons >= 20, "{reasons} reasons are read");
}

#[test]
fn the_page_allows_each_call_in_the_states_in_which_it_is_allowed() {
    let mut rows = TABLE.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|row| !row.is_empty());
    let states = rows.next().unwrap();
    let so = rows.map(|row| {
        // A casting vote that is not due is refused for the counts, not for the state.
        let allowed = |answer: &str| ["=", "undue"].contains(&answer) || states.contains(&answer);
        let allowed = states.iter().zip(&row).skip(1).filter(|(_, answer)| allowed(answer)).map(|(state, _)| *state);
        (row[0], allowed.collect::<BTreeSet<_>>())
    });
    let so: BTreeMap<_, _> = so.collect();
    let page = page();
    let (_, section) = page.split_once("## What is allowed when").unwrap();
    let mut compared = 0;
    for line in section.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = line.split('|').collect();
        let said: BTreeSet<_> = words(cells[2]).filter(|word| states.contains(word)).collect();
        for call in words(cells[1]) {
            if let Some(allowed) = so.get(call) {
                assert_eq!(said, *allowed, "{call}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 11, "{compared} calls are compared");
}
