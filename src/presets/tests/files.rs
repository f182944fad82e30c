//! Files of rules that do not hold, each told with its line.

use crate::presets::{Presets, written};

/// What is said of a file.
fn said(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let rules = written::rules("my.toml", text, &mut faults);
    assert!(faults.is_empty() || rules.len() < 2, "a rule that does not hold is none");
    faults.iter().map(ToString::to_string).collect()
}

const SOUND: &str = r#"
[[rule]]
name = "club.statutes"
basis = "Statutes, section 12"
tie_break = "casting-vote"
veto = { group = "founders", choice = "no" }
requirements = [
    { choices = ["yes"], weight = "shares", comparison = "at-least", share = [2, 3], of = "roll" },
    { choices = ["yes"], comparison = "more-than", share = [1, 2], of = "present-and-voting" },
]

[rule.quorum]
basis = "stated-else-participating"
thresholds = [{ choices = ["yes", "no", "abstain", "present"], comparison = "at-least", count = 0x0a }]
"#;

#[test]
fn a_file_is_told_whole_with_its_lines() {
    assert_eq!(said(SOUND), [] as [&str; 0]);
    let table: [(&str, &str, &[&str]); 22] = [
        ("name = \"club.statutes\"", "", &["2: name is missing"]),
        ("\"club.statutes\"", "\"Club\"", &["3: name must be 1 to 63 lower-case"]),
        ("\"club.statutes\"", "\"\"", &["3: name must be 1 to 63 lower-case"]),
        ("\"club.statutes\"", "7", &["3: name must be a text in quotes"]),
        ("basis = \"Statutes, section 12\"", "", &["2: basis is missing"]),
        ("tie_break", "tie_brake", &["5: a rule has no tie_brake; it may have name, basis,"]),
        ("casting-vote", "lots", &["5: tie_break must be one of casting-vote, revote"]),
        (
            "choice = \"no\"",
            "choice = \"not-voting\"",
            &["6: club.statutes: veto.choice must be a choice that is cast"],
        ),
        (
            "choice = \"no\"",
            "choise = \"no\"",
            &["6: a veto has no choise; it may have group, choice", "6: choice is missing"],
        ),
        ("group = \"founders\", ", "", &["6: group is missing"]),
        (
            "of = \"roll\"",
            "of = \"seats\"",
            &["8: club.statutes: requirements[0].threshold.share.base must not be SEATS"],
        ),
        ("[2, 3]", "[2]", &["8: share must be two numbers"]),
        ("[2, 3]", "[3, 2]", &["8: club.statutes: requirements[0].threshold.share.numerator must be at most"]),
        ("[2, 3]", "[0.5, 1]", &["8: share must be a whole number"]),
        ("[2, 3]", "[2, 4294967296]", &["8: share must be a whole number, not below zero and not too large"]),
        ("share = [1, 2], of", "count = 3, of", &["9: a threshold needs either count, or share and of"]),
        (
            "[\"yes\"], comparison",
            "[\"aye\"], comparison",
            &["9: choices must be one of yes, no, abstain, present, not-voting"],
        ),
        ("more-than", ">", &["9: comparison must be one of at-least,"]),
        ("stated-else-participating", "stated", &["13: basis must be one of participating,"]),
        ("0x0a", "-1", &["14: count must be a whole number"]),
        (
            "[\"yes\", \"no\", \"abstain\", \"present\"]",
            "[]",
            &["14: club.statutes: quorum.thresholds[0].choices must name"],
        ),
        ("= [{", "= {{", &["14: "]),
    ];
    for (was, is, expected) in table {
        assert!(SOUND.contains(was), "{was}");
        let faults = said(&SOUND.replacen(was, is, 1));
        assert!(faults.len() >= expected.len() && !faults.is_empty(), "{is}: {faults:?}");
        for (fault, expected) in faults.iter().zip(expected) {
            assert!(fault.starts_with(&format!("my.toml:{expected}")), "{is}: {faults:?}");
        }
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let text = SOUND.replace("\"casting-vote\"", "\"lots\"").replace("[2, 3]", "[2]").replace("0x0a", "\"ten\"");
    let faults = said(&format!("{text}\n{}", SOUND.replace("founders", "")));
    let lines: Vec<&str> = faults.iter().map(|fault| fault.split(':').nth(1).unwrap()).collect();
    assert_eq!(lines, ["5", "8", "14", "21"], "{faults:?}");
    assert_eq!(
        said("title = 3"),
        ["my.toml:1: a file of rules has no title; it may have rule", "my.toml:1: holds no [[rule]]"]
    );
    assert_eq!(said("rule = 3"), ["my.toml:1: rule must be a list"]);
    assert_eq!(said("rule = [3]"), ["my.toml:1: a rule must be a table"]);
}

#[test]
fn every_choice_base_and_comparison_is_read() {
    let names = |text: &str| {
        let mut faults = Vec::new();
        let rules = written::rules("my.toml", text, &mut faults);
        assert!(faults.is_empty(), "{faults:?}");
        rules.into_iter().map(|(_, rule)| rule).collect::<Vec<_>>()
    };
    let rule = |requirement: &str| format!("[[rule]]\nname = \"a\"\nbasis = \"b\"\nrequirements = [{requirement}]\n");
    let either = rule(
        "{ any_of = [{ choices = [\"not-voting\"], comparison = \"less-than\", share = [1, 3], of = \"cast\" }, \
         { choices = [\"present\"], comparison = \"at-most\", share = [1, 3], of = \"participating\" }] }",
    );
    let read = names(&either);
    let text: Vec<String> = read[0].requirements[0].thresholds().iter().map(ToString::to_string).collect();
    assert_eq!(
        text,
        ["less than 1/3 of the ballots cast not voting", "at most 1/3 of the members taking part present"]
    );
}

#[test]
fn a_folder_is_read_by_name_and_a_name_is_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.toml", SOUND);
    write("notes.txt", "no rules");
    let presets = Presets::with_folder(folder.path()).unwrap();
    assert_eq!(presets.get("club.statutes").unwrap().basis, "Statutes, section 12");
    assert_eq!(presets.iter().count(), Presets::built_in().unwrap().iter().count() + 1);

    write("b.toml", SOUND);
    write("c.toml", &SOUND.replace("club.statutes", "un.ga.simple"));
    let said = Presets::with_folder(folder.path()).unwrap_err().to_string();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let expected = [
        format!("{}:2: the name club.statutes is taken by the rule that stands in {}:2", at("b.toml"), at("a.toml")),
        format!(
            "{}:2: the name un.ga.simple is taken by the rule that comes with Rollcall in rules/un.toml:4",
            at("c.toml")
        ),
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);

    write("d.toml", &"#".repeat(1 << 20));
    let said = Presets::with_folder(folder.path()).unwrap_err().to_string();
    assert_eq!(said, format!("{}: its rules must take at most 1 MiB", folder.path().display()));
    let said = Presets::with_folder(&folder.path().join("none")).unwrap_err().to_string();
    assert!(said.contains("none: no folder of rules that can be read"), "{said}");
}

#[test]
fn a_file_with_anything_in_it_is_told_and_breaks_nothing() {
    use proptest::prelude::*;
    let pieces =
        ["[", "]", "{", "}", "\"", "=", "\n", "[[rule]]", "share", "[1, 2]", "ü", "0", "-9", "'''", "any_of", "#"];
    let edit = (any::<prop::sample::Index>(), 0_usize..30, prop::sample::select(pieces.to_vec()));
    let config = proptest::test_runner::Config { cases: 2_000, failure_persistence: None, ..Default::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let run = runner.run(&prop::collection::vec(edit, 1..4), |edits| {
        let mut text: Vec<char> = SOUND.chars().collect();
        for (at, length, piece) in edits {
            let at = at.index(text.len() + 1);
            let end = (at + length).min(text.len());
            text.splice(at..end, piece.chars());
        }
        let text: String = text.into_iter().collect();
        let mut faults = Vec::new();
        let rules = written::rules("my.toml", &text, &mut faults);
        prop_assert!(rules.iter().all(|(_, rule)| rule.faults().is_empty()));
        let last = text.matches('\n').count() + 1;
        prop_assert!(faults.iter().all(|fault| (1..=last).contains(&fault.place.line)), "{:?}", faults);
        prop_assert!(!rules.is_empty() || !faults.is_empty(), "nothing is said of {}", text);
        Ok(())
    });
    run.unwrap();
}
