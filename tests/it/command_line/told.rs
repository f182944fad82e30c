//! Help, completions, manual pages, empty lists, and text of others that would upset a terminal.

use super::{Ran, Terminal, rollcall, run};
use crate::harness::client::member;

/// The columns of a common terminal.
const WIDTH: usize = 80;

/// The commands that a help text lists.
fn listed(help: &str) -> Vec<String> {
    let commands = help.split("Commands:\n").nth(1).unwrap_or_default();
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let names = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).filter(|name| name != "help").collect()
}

/// Every command below `path`, itself included, with its help.
fn helps(path: &[&str], told: &mut Vec<(String, String)>) {
    let Ran { code, stdout, stderr } = run(rollcall(path).arg("--help").env("COLUMNS", WIDTH.to_string()), "");
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{path:?}");
    for name in listed(&stdout) {
        helps(&[path, &[&name]].concat(), told);
    }
    told.push((path.join(" "), stdout));
}

#[test]
fn every_help_has_an_example() {
    let mut told = Vec::new();
    helps(&[], &mut told);
    let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["body revise", "member admit", "vote declare", "cast", "record read", "rules judge", "completions", ""]
    {
        assert!(names.contains(&name), "{name} is missing of {names:?}");
    }
    let without = told.iter().filter(|(_, help)| !help.contains("Example:\n") && !help.contains("Examples:\n"));
    let without: Vec<_> = without.map(|(name, _)| name.as_str()).collect();
    assert!(without.is_empty(), "no example in the help of {without:?}");
}

#[test]
fn a_help_text_is_wrapped_once_and_its_examples_stay_whole() {
    let mut told = Vec::new();
    helps(&[], &mut told);
    for (name, help) in told {
        let Some((_, after)) = help.split_once("\nExample") else { continue };
        let (examples, rest) = after.split_once("\n\n").unwrap_or((after, ""));
        for line in examples.lines().skip(1) {
            let whole = line.starts_with("  rollcall ") && line.chars().count() <= WIDTH;
            assert!(whole, "{name}: an example breaks at {WIDTH} columns: {examples}");
        }
        let lines: Vec<&str> = rest.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair.iter().all(|line| !line.is_empty() && !line.starts_with(' '))) {
            let next = pair[1].split(' ').next().unwrap().chars().count();
            assert!(pair[0].chars().count() + 1 + next > WIDTH, "{name}: a paragraph that breaks early: {pair:?}");
        }
    }
}

#[test]
fn completions_and_manual_pages_are_written() {
    for shell in ["bash", "zsh", "fish"] {
        let Ran { code, stdout, stderr } = run(&mut rollcall(&["completions", shell]), "");
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{shell}");
        for word in ["rollcall", "declare", "tally-only", "request-id"] {
            assert!(stdout.contains(word), "{shell}: {word}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let ran = run(rollcall(&["man"]).arg(&pages), "");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    for page in ["rollcall.1", "rollcall-cast.1", "rollcall-vote.1", "rollcall-vote-declare.1"] {
        let text = std::fs::read_to_string(pages.join(page)).unwrap_or_else(|e| panic!("{page}: {e}"));
        assert!(text.contains(".SH SYNOPSIS") && text.contains("Example"), "{page}");
    }
}

#[test]
fn an_empty_list_prints_nothing_and_says_so() {
    let at = Terminal::new();
    let empty = |line: &str, says: &str| {
        for line in [line, &format!("{line} --json")] {
            let Ran { code, stdout, stderr } = run(&mut at.command(line), "");
            let expected = (Some(0), String::new(), format!("rollcall: {says}\n"));
            assert_eq!((code, stdout, stderr), expected, "{line}");
        }
    };
    empty("body list", "there are no bodies");
    empty("vote list", "there are no votes");
    empty("record read", "there are no entries");
    at.says("body create hall");
    empty("member list hall", "this body has no members");
    at.says("member admit hall/ann");
    empty("ballots hall --member ann", "there are no ballots");
    at.says("vote create hall/q --rule un.ga.simple");
    empty("vote list hall --state open --state locked", "no vote is in these states");
    at.says("vote open hall/q");
    empty("ballots hall/q --choice yes", "there are no ballots");
}

#[test]
fn text_of_others_does_not_upset_a_terminal() {
    let at = Terminal::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut client = at.server.client().await;
        // The server lets no control character into a name; this one turns the direction of writing.
        let odd = rollcall::proto::Member { display_name: "Ann\u{202e}nnA".into(), ..member("ann") };
        client.seat_members(vec![odd]).await.unwrap();
        let question = rollcall::proto::Vote {
            question: "Shall it?\n\tANN votes no".into(),
            rule: Some(crate::harness::client::preset("un.ga.simple")),
            ..Default::default()
        };
        client.table_as("q", question).await.unwrap();
        client.open().await.unwrap();
        client.lock().await.unwrap();
        client.declare(rollcall::proto::Outcome::Adopted, "ruled \u{202e}so\non my authority").await.unwrap();
    });
    assert_eq!(at.says("member list hall").lines().nth(1), Some("ann     Ann\u{fffd}nnA"));
    assert!(at.says("vote show hall/q").contains("question    Shall it?  ANN votes no\n"));
    for line in ["watch hall/q", "tally hall/q", "record read"] {
        let said = at.says(line);
        assert!(said.contains(": ruled \u{fffd}so on my authority\n"), "{line}: {said}");
    }
}

#[test]
fn the_server_is_named_by_the_option_or_its_twin() {
    let at = Terminal::new();
    let address = at.server.address.as_str();
    let by_option = run(&mut rollcall(&["body", "list", "--server", address]), "");
    assert_eq!(by_option.code, Some(0), "{}", by_option.stderr);
    let url = format!("http://{address}");
    let before = run(&mut rollcall(&["body", "--server", &url, "list"]), "");
    assert_eq!(before.code, Some(0), "{}", before.stderr);
    let twin = run(rollcall(&["body", "list", "--server", address]).env("ROLLCALL_SERVER", "127.0.0.1:1"), "");
    assert_eq!(twin.code, Some(0), "the option goes before the environment: {}", twin.stderr);
}
