//! Whole votes conducted by the command line.

use std::io::Read;
use std::process::{Command, Stdio};

use super::{GoesOn, Terminal, run};

#[test]
fn a_vote_is_conducted_in_words() {
    let at = Terminal::new();
    for (line, says) in [
        ("body create un-ga --display-name 'General Assembly' --seats 4", "un-ga is on record (entry 1)"),
        ("member admit un-ga/ALB --display-name Albania --group a --weight gdp=7", "un-ga/ALB is seated (entry 2)"),
        (
            "vote create un-ga/q --rule un.ga.two-thirds --title 'A question' --held 2022-10-12",
            "un-ga/q is tabled (entry 3)",
        ),
        ("vote open un-ga/q --present 3 --lock-after 1h30m", "un-ga/q is open, with 1 member on the roll (entry 4)"),
        ("cast un-ga/q ALB no", "ALB votes no (entry 5)"),
        ("cast un-ga/q un-ga/ALB --withdraw", "ALB takes its ballot back (entry 6)"),
        ("vote suspend un-ga/q --reason 'a point of order'", "un-ga/q is suspended (entry 7)"),
        ("vote resume bodies/un-ga/votes/q", "un-ga/q is open again (entry 8)"),
        ("cast un-ga/q bodies/un-ga/members/ALB yes", "ALB votes yes (entry 9)"),
    ] {
        assert_eq!(at.says(line), format!("{says}\n"), "{line}");
    }
    let criteria = "    met     quorum: more than 1/2 of all seats, members present as stated: 3 of 4, 3 needed
    met     at least 2/3 of the members present and voting in favour: 1 of 1, 1 needed\n";
    let figures = format!("Adopted: 1 of 1 present and voting in favour; 1 needed.\n{criteria}");
    let decided = "    decided, if the ballots cast stand: those still out cannot change it\n";
    let shares = "    of 1 member 100.0 % in favour\n";
    let counts = "  yes 1  no 0  abstain 0  not voting 0\n";
    let tally = at.says("tally un-ga/q");
    assert!(tally.starts_with("un-ga/q is open (entry 9, 20"), "{tally}");
    assert!(
        tally.ends_with(&format!("Z)\n{counts}  As it stands: {}", figures.replace("Adopted", "adopted") + decided)),
        "{tally}"
    );
    let locked = at.says("vote lock un-ga/q");
    assert_eq!(locked, format!("un-ga/q is locked (entry 10)\n{counts}  ADOPTED. {figures}{shares}"));
    let declared = at.says("vote declare un-ga/q --as A/RES/1");
    let first = "un-ga/q is declared, as its rule gives (entry 11)";
    assert_eq!(declared, format!("{first}\n{counts}  ADOPTED as A/RES/1. {figures}{shares}"));

    let shown = at.says("vote show un-ga/q");
    assert!(!shown.contains("locks "), "it is over: {shown}");
    for fact in [
        "vote        un-ga/q\n",
        "title       A question\n",
        "state       declared\n",
        "held        2022-10-12T00:00:00Z\n",
    ] {
        assert!(shown.contains(fact), "{fact}: {shown}");
    }
    assert!(shown.ends_with(&format!("\n\n{counts}  ADOPTED as A/RES/1. {figures}{shares}")), "{shown}");
    let listed = at.says("vote list");
    assert_eq!(listed, "VOTE     STATE     OUTCOME  SYMBOL  TITLE\nun-ga/q  declared  adopted          A question\n");
    assert_eq!(at.says("vote annul un-ga/q --reason 'a failure of the machine'"), "un-ga/q is annulled (entry 12)\n");
    let shown = at.says("vote show un-ga/q");
    let annulled =
        shown.lines().find_map(|line| line.strip_prefix("annulled    20")).unwrap_or_else(|| panic!("{shown}"));
    assert!(annulled.ends_with("Z: a failure of the machine"), "{shown}");
    assert!(shown.ends_with("  ANNULLED: it has no result\n") && !shown.contains("ADOPTED"), "{shown}");
}

#[test]
fn a_vote_that_locks_by_itself_says_when_while_that_is_to_come() {
    let at = Terminal::new();
    at.tabled();
    assert!(!at.says("votes").contains("LOCKS"), "nothing is timed");
    let mut watch = GoesOn::start(&mut at.command("watch hall/q"));
    assert_eq!(watch.line(), "DRAFT     not open yet");
    at.says("vote open hall/q --lock-after 90m");
    let shown = at.says("vote show hall/q");
    let locks = shown.lines().find_map(|line| line.strip_prefix("locks       ")).unwrap_or_else(|| panic!("{shown}"));
    let (time, left) = locks.split_once(" in 1h ").unwrap_or_else(|| panic!("what remains is not said: {locks}"));
    assert!(time.ends_with('Z') && ["30m", "29m"].iter().any(|minutes| left.starts_with(minutes)), "{locks}");
    let table = at.says("votes");
    assert!(table.starts_with("VOTE    STATE  LOCKS ") && table.contains(&format!("{time} in 1h ")), "{table}");
    let line = watch.line();
    assert!(line.starts_with("OPEN ") && line.contains(&format!("; locks {time} in 1h ")), "{line}");
    at.says("vote lock hall/q");
    assert!(!at.says("vote show hall/q").contains("\nlocks ") && !at.says("votes").contains("LOCKS"));
}

#[test]
fn a_quorum_that_is_presumed_has_no_figures_against_it() {
    let at = Terminal::new();
    at.says("body create hall --seats 9");
    at.says_of("member admit hall --csv -", "id\nann\nbob\ncy\n");
    at.says("vote create hall/q --rule un.ga.simple");
    at.says("vote open hall/q");
    at.says("cast hall/q ann yes");
    for line in ["tally hall/q", "vote show hall/q"] {
        let said = at.says(line);
        let quorum = said.lines().find(|line| line.contains("quorum: ")).unwrap_or_else(|| panic!("{said}"));
        assert!(quorum.starts_with("    met     ") && quorum.ends_with(": 1 of 9 by the ballots"), "{line}: {quorum}");
    }
}

#[test]
fn a_bar_that_is_the_most_says_so() {
    let at = Terminal::new();
    let limit =
        r#"{"requirements":[{"threshold":{"choices":["CHOICE_NO"],"comparison":"COMPARISON_AT_MOST","count":"3"}}]}"#;
    let judged = |line: &str| at.says_of(&format!("rules judge --rule-file - {line}"), limit);
    assert!(judged("--yes 5 --no 2").contains("    met     at most 3 against: 2, at most 3\n"));
    assert!(judged("--yes 5 --no 4").contains("    not met at most 3 against: 4, at most 3\n"));
}

#[test]
fn a_vote_is_conducted_in_json() {
    let at = Terminal::new();
    at.tabled();
    let shown = at.json("body show hall");
    assert_eq!((&shown["name"], &shown["memberCount"]), (&"bodies/hall".into(), &3.into()));
    assert_eq!(at.json("vote open hall/q")["vote"]["state"], "VOTE_STATE_OPEN");
    for (member, choice) in [("ann", "yes"), ("bob", "abstain"), ("cy", "yes")] {
        assert!(at.json(&format!("cast hall/q {member} {choice}"))["receipt"]["seq"].is_string());
    }
    assert_eq!(at.json("tally hall/q")["tally"]["heads"]["yes"], "2");
    assert_eq!(at.json("vote lock hall/q")["vote"]["verdict"]["outcome"], "OUTCOME_ADOPTED");
    assert_eq!(at.json("vote declare hall/q")["vote"]["declaredOutcome"], "OUTCOME_ADOPTED");
    assert_eq!(at.json("vote show hall/q")["state"], "VOTE_STATE_DECLARED");
    assert_eq!(at.json("vote list hall")["name"], "bodies/hall/votes/q");
    let roll: Vec<serde_json::Value> =
        at.says("ballots hall/q --json").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let choices: Vec<_> = roll.iter().map(|ballot| ballot["choice"].as_str().unwrap()).collect();
    assert_eq!(choices, ["CHOICE_YES", "CHOICE_ABSTAIN", "CHOICE_YES"]);
    let entries = at.says("record read --json");
    assert_eq!(entries.lines().count(), 9);
    for (line, seq) in entries.lines().zip(1..) {
        let stored: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((&stored["seq"], &stored["entry"]["seq"]), (&seq.to_string().into(), &seq.to_string().into()));
    }
}

#[test]
fn what_is_not_given_in_a_revision_stays() {
    let at = Terminal::new();
    at.says("body create hall --display-name 'The hall' --seats 9");
    at.says("body revise hall --seats 8");
    at.says("member admit hall/ann --display-name Ann --weight shares=3 --weight gdp=5 --group a --group b");
    at.says("member suspend hall/ann --reason 'Article 19'");
    at.says("member revise hall/ann --weight shares=4 --without-weight gdp --group c --without-group a");
    let body = at.json("body show hall");
    assert_eq!((&body["displayName"], &body["seats"]), (&"The hall".into(), &8.into()));
    assert_eq!(
        at.says("member list hall"),
        "MEMBER  NAME  GROUPS  WEIGHTS   VOTING RIGHT\nann     Ann   b, c    shares=4  suspended: Article 19\n"
    );
    let shown = "member      hall/ann\nname        Ann\ngroups      b, c\nweights     shares=4\n";
    assert_eq!(at.says("member show hall/ann"), format!("{shown}right       suspended: Article 19\n"));
    assert_eq!(at.json("member show bodies/hall/members/ann")["weights"]["shares"], "4");
    at.says("member restore hall/ann");
    assert_eq!(at.says("member show hall/ann"), format!("{shown}right       may vote\n"));
    assert!(!at.says("member list hall").contains("suspended"));
    assert_eq!(at.says("member withdraw hall/ann"), "hall/ann is unseated (entry 7)\n");
    assert_eq!(at.says("body list"), "BODY  NAME      SEATS  MEMBERS\nhall  The hall  8      0\n");
}

#[test]
fn a_change_repeated_with_its_id_counts_once() {
    let at = Terminal::new();
    at.tabled();
    at.says("vote open hall/q");
    let id = crate::harness::uuid();
    let cast = format!("cast hall/q ann yes --request-id {id}");
    assert_eq!(at.says(&cast), "ann votes yes (entry 5)\n");
    assert_eq!(at.says(&cast), "ann votes yes (entry 5, on record already)\n");
    let reused = at.refuses(&format!("cast hall/q ann no --request-id {id}"), 1);
    assert!(reused.contains("stands in the record at 5 with other content"), "{reused}");
    for change in ["member revise hall/bob --group x", "body revise hall --seats 7"] {
        let change = format!("{change} --request-id {}", crate::harness::uuid());
        at.says(&change);
        assert!(at.says(&change).contains("on record already"), "{change}");
    }
}

#[test]
fn a_long_table_of_members_is_seated_and_called_in_its_order() {
    let at = Terminal::new();
    at.says("body create hall");
    let mut table = "population,id,display_name,groups\n".to_owned();
    for n in 0..2500 {
        table += &format!("{n},m{n},\"Member {n}, of many\",g{};h\n", n % 2);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("members.csv");
    std::fs::write(&file, &table).unwrap();
    let admit = format!("member admit hall --csv {} --request-id {}", file.display(), crate::harness::uuid());
    let said = "1000 members of hall are seated (entry 2)\n1000 members of hall are seated (entry 3)\n500 members of hall are seated (entry 4)\n";
    assert_eq!(at.says(&admit), said);
    assert_eq!(at.says(&admit), said.replace(')', ", on record already)"), "the whole table repeats safely");
    let members = at.says("member list hall");
    assert_eq!(members.lines().count(), 2501, "every page");
    let last = members.lines().last().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(last, "m2499 Member 2499, of many g1, h population=2499");
    at.says("vote create hall/q --rule un.ga.simple");
    at.says("vote open hall/q");
    let roll = at.says("ballots hall/q");
    let ids: Vec<_> = roll.lines().skip(1).map(|line| line.split_whitespace().next().unwrap().to_owned()).collect();
    assert_eq!(ids, (0..2500).map(|n| format!("m{n}")).collect::<Vec<_>>());
}

#[test]
fn one_members_ballots_are_listed_vote_by_vote() {
    let at = Terminal::new();
    at.tabled();
    at.says("vote create hall/r --rule un.ga.simple --follows hall/q");
    at.says("vote open hall/q");
    at.says("vote open hall/r");
    at.says("cast hall/q ann yes");
    at.says("cast hall/r ann present");
    let history = at.says("ballots hall --member ann");
    let rows: Vec<Vec<_>> = history.lines().map(|line| line.split_whitespace().take(2).collect()).collect();
    assert_eq!(rows, [["VOTE", "CHOICE"], ["hall/q", "yes"], ["hall/r", "present"]]);
    assert_eq!(at.says("ballots hall/- --member hall/ann"), history);
    let yes = at.says("ballots hall/q --choice yes");
    assert!(yes.lines().count() == 2 && yes.contains("ann"), "{yes}");
    assert_eq!(at.says("ballots hall/q --choice not-voting").lines().count(), 3);
    assert!(at.says("vote show hall/r").contains("follows     hall/q\n"));
    assert!(at.says("tally hall/r").contains("  yes 0  no 0  abstain 0  present 1  not voting 2\n"));
    let votes = at.says("votes hall");
    let rows: Vec<Vec<_>> = votes.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["VOTE", "STATE", "YES", "NO", "ABSTAIN", "PRESENT", "NOT", "VOTING", "OUTCOME", "TITLE"]);
    assert_eq!(rows[1], ["hall/q", "open", "1", "0", "0", "0", "2", "A", "question"]);
    assert_eq!(rows[2], ["hall/r", "open", "0", "0", "0", "1", "2"]);
    at.says("cast hall/r ann yes");
    assert!(!at.says("votes hall").contains("PRESENT"), "nobody is just present");
}

#[test]
fn the_record_is_read_and_followed() {
    let at = Terminal::new();
    at.tabled();
    let read = at.says("record read");
    let what: Vec<&str> = read.lines().map(|line| line.split("Z  ").nth(1).unwrap()).collect();
    assert_eq!(what, ["hall is on record", "3 members of hall are seated", "hall/q is tabled: A question"]);
    assert!(at.says("record read --raw --limit 1").starts_with("     1  0801"));
    assert_eq!(at.says("record read --after 1 --limit 1").lines().count(), 1);
    assert_eq!(at.says("record read --scope hall/q"), at.says("record read --after 2"));
    assert_eq!(at.says("record read --scope hall"), read);

    let mut follows = GoesOn::start(&mut at.command("record read --follow --after 2"));
    assert!(follows.line().ends_with("hall/q is tabled: A question"));
    at.says("vote open hall/q");
    assert!(follows.line().ends_with("hall/q is open, with 3 members on the roll"));
    at.says("cast hall/q ann no");
    assert!(follows.line().ends_with("hall/q: ann votes no"));
    let sent = Command::new("kill").args(["-INT", &follows.0.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(follows.0.wait().unwrap().code(), Some(0), "whoever leaves has not failed");
}

#[test]
fn a_reader_that_has_gone_ends_a_command_quietly() {
    let at = Terminal::new();
    at.tabled();
    at.says("vote open hall/q");
    for line in ["record read --follow", "record read", "vote show hall/q --json", "ballots hall/q", "rules list"] {
        let mut command = at.command(line);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""), "{line}");
    }
    if cfg!(target_os = "linux") {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = at.command("rules list");
        let output = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("the answer cannot be written"));
    }
}

#[test]
fn rules_are_shown_and_judge_a_tally() {
    let at = Terminal::new();
    let judged = "  yes 143  no 5  abstain 35  not voting 10
  ADOPTED. Adopted: 143 of 148 present and voting in favour; 99 needed.
    met     quorum: more than 1/2 of all seats, presumed since presence was not stated: 183 of 193, 97 needed
    met     at least 2/3 of the members present and voting in favour: 143 of 148, 99 needed
    of 193 members 74.1 % in favour (just under three quarters), 2.6 % against, 18.1 % abstaining, 5.2 % not voting\n";
    assert_eq!(at.says("rules judge un.ga.two-thirds --yes 143 --no 5 --abstain 35 --not-voting 10"), judged);
    let vetoed = at.says("rules judge un.sc.substantive --yes 10 --no 1 --abstain 4 --veto RUS");
    let shares = "of 15 members 66.7 % in favour (exactly two thirds), 6.7 % against, 26.7 % abstaining\n";
    assert!(vetoed.contains("  VETOED. ") && vetoed.ends_with(&format!("    vetoed by RUS\n    {shares}")), "{vetoed}");
    let tied = "rules judge un.ga.simple --yes 71 --no 71";
    assert!(at.says(tied).contains("  REVOTE DUE. "), "{}", at.says(tied));
    assert!(at.says(&format!("{tied} --second-vote")).contains("  NOT ADOPTED. "));
    let rule = at.says("rules show un.sc.substantive");
    for fact in ["needs       yes: at least 9\n", "veto        a no by any member of the group \"permanent\"\n"] {
        assert!(rule.contains(fact), "{rule}");
    }
    assert_eq!(at.says("rules list --json").lines().count() + 1, at.says("rules list").lines().count());

    let mut own = at.json("rules show un.sc.procedural");
    own.as_object_mut().unwrap().remove("preset");
    own["requirements"][0]["threshold"]["weight"] = "population".into();
    let line = "rules judge --rule-file - --yes 2 --no 1 --weight population=8/20 --json";
    let verdict: serde_json::Value = serde_json::from_str(&at.says_of(line, &own.to_string())).unwrap();
    assert_eq!((&verdict["outcome"], &verdict["criteria"][0]["counted"]), (&"OUTCOME_NOT_ADOPTED".into(), &"8".into()));
    at.tabled();
    at.says_of("vote create hall/own --rule-file -", &own.to_string());
    let tabled = at.json("vote show hall/own");
    assert_eq!(tabled["rule"], own);
    let ran = run(&mut at.command("vote open hall/own"), "");
    assert!(ran.stderr.contains("has no weight \"population\""), "{}", ran.stderr);
}

#[test]
fn the_vote_in_the_readme_is_conducted_as_it_stands_there() {
    let at = Terminal::new();
    let readme = include_str!("../../../README.md");
    let section = readme.split("## The command line\n").nth(1).unwrap().split("\n## ").next().unwrap();
    // Without what other clients do in between; the gate types all of it.
    let block = section.lines().map(|line| line.strip_prefix("    "));
    let block = block.skip_while(Option::is_none).map_while(|line| line);
    let lines: Vec<&str> = block.filter_map(|line| line.strip_prefix("rollcall ")).collect();
    let said: Vec<String> = lines.iter().map(|line| at.says(line)).collect();
    assert_eq!(said.len(), 12);
    assert!(said[8].contains("  ADOPTED. Adopted: 1 of 1 present and voting in favour; 1 needed."), "{}", said[8]);
    assert!(said[10].ends_with("board/budget is declared ADOPTED\n"), "{}", said[10]);
    assert!(said[11].contains("Adopted: 143 of 148 present and voting"), "{}", said[11]);
}
