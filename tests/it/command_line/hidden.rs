//! Votes that hide their ballots until the lock, as the command line shows them.

use super::{GoesOn, Terminal};

/// A vote of this visibility in which ann has voted yes, and bob and cy have not voted.
fn opened(visibility: &str) -> Terminal {
    let at = Terminal::new();
    at.says("body create hall");
    at.says_of("member admit hall --csv -", "id,groups\nann,north\nbob,north\ncy,south\n");
    at.says(&format!("vote create hall/q --rule un.ga.simple --visibility {visibility}"));
    at.says("vote open hall/q");
    at.says("cast hall/q ann yes");
    at
}

/// A table's rows, the words of each apart by one space, without its times.
fn rows(table: &str) -> Vec<String> {
    let row = |line: &str| {
        let words = line.split_whitespace().filter(|word| !word.starts_with("20"));
        words.collect::<Vec<_>>().join(" ")
    };
    table.lines().skip(1).map(row).collect()
}

#[test]
fn a_vote_whose_counts_are_hidden_says_who_has_voted_and_nothing_more() {
    let at = opened("after-lock");
    let tally = at.says("tally hall/q");
    let counts = "  not shown 1  not voting 2\n  what was voted is shown from the lock on\n";
    assert!(tally.ends_with(counts), "{tally}");
    assert_eq!(rows(&at.says("ballots hall/q")), ["ann has voted, not shown", "bob not voting", "cy not voting"]);
    let groups = at.says("tally hall/q --groups");
    assert!(groups.contains("GROUP  NOT SHOWN  NOT VOTING") && !groups.contains("YES"), "{groups}");
    let shown = at.says("vote show hall/q");
    assert!(shown.contains("ballots     what was voted is shown from the lock on\n"), "{shown}");
    let votes = at.says("votes");
    assert!(votes.contains("NOT SHOWN") && rows(&votes) == ["hall/q open 1 2"], "{votes}");
    let record = at.says("record read --scope hall/q");
    assert!(record.contains("a ballot, withheld until its vote is locked, leaf hash "), "{record}");
    assert!(!record.contains("yes") && !record.contains("ann"), "{record}");

    let mut watch = GoesOn::start(&mut at.command("watch hall/q --ballots"));
    assert_eq!([watch.line(), watch.line()], ["ann has voted", "OPEN      not shown   1  not voting   2"]);
    at.says("cast hall/q bob no");
    assert_eq!([watch.line(), watch.line()], ["bob has voted", "OPEN      not shown   2  not voting   1"]);
    at.says("vote lock hall/q");
    assert_eq!([watch.line(), watch.line()], ["ann yes", "bob no"]);
    assert!(watch.line().starts_with("LOCKED    yes   1  no   1  abstain   0  not voting   1; "));
    assert!(at.says("record read --scope hall/q").contains("hall/q: ann votes yes"));
    assert!(!at.says("tally hall/q").contains("lock on"));
}

#[test]
fn a_vote_whose_tally_alone_is_live_says_of_no_member_whether_it_has_voted() {
    let at = opened("tally-only");
    let tally = at.says("tally hall/q");
    assert!(tally.contains("  yes 1  no 0  abstain 0  not voting 2\n  As it stands: adopted"), "{tally}");
    assert!(tally.ends_with("  who voted how is shown from the lock on\n"), "{tally}");
    assert_eq!(rows(&at.says("ballots hall/q")), ["ann not shown", "bob not shown", "cy not shown"]);
    assert!(
        at.says("tally hall/q --groups")
            .ends_with("  the groups are shown from the lock on: a small one would tell who voted how\n")
    );
    let mut watch = GoesOn::start(&mut at.command("watch hall/q --ballots"));
    assert!(watch.line().starts_with("OPEN      yes   1  no   0  abstain   0  not voting   2; "));
    at.says("cast hall/q bob no");
    assert!(watch.line().starts_with("OPEN      yes   1  no   1  abstain   0  not voting   1; "));
    at.says("vote lock hall/q");
    assert_eq!([watch.line(), watch.line(), watch.line()], ["ann yes", "bob no", "cy not voting"]);
    let refused = opened("tally-only").refuses("compare hall/q hall/q", 1);
    assert!(!refused.is_empty());
}

#[test]
fn a_vote_annulled_before_its_lock_says_that_it_stays_hidden() {
    let at = opened("after-lock");
    at.says("vote annul hall/q --reason 'a failure of the machine'");
    let shown = at.says("vote show hall/q");
    let hidden = "what was voted stays hidden: it was annulled before its lock";
    assert!(
        shown.contains(&format!("ballots     {hidden}\n")) && shown.contains("a failure of the machine"),
        "{shown}"
    );
    let tally = at.says("tally hall/q");
    let counts = format!("  not shown 1  not voting 2\n  ANNULLED: it has no result\n  {hidden}\n");
    assert!(tally.ends_with(&counts), "{tally}");
}
