//! The procedure around a vote by the command line: casting votes, statements, corrections, relations, comparisons, and what is adopted without a vote.

use super::{Terminal, run};

/// More than half of those present and voting; a casting vote on equal counts.
const RULE: &str = r#"{"requirements": [{"threshold": {"choices": ["CHOICE_YES"], "comparison": "COMPARISON_MORE_THAN",
    "share": {"numerator": 1, "denominator": 2, "base": "BASE_PRESENT_AND_VOTING"}}}],
    "tieBreak": "TIE_BREAK_CASTING_VOTE", "basis": "Constitution, Article I.3"}"#;

/// A vote of two that is locked 1 to 1.
fn tied(at: &Terminal) {
    at.says("body create hall");
    at.says_of("member admit hall --csv -", "id\nann\nbob\n");
    at.says_of("vote create hall/q --rule-file -", RULE);
    for line in ["vote open hall/q", "cast hall/q ann yes", "cast hall/q bob no"] {
        at.says(line);
    }
    let locked = at.says("vote lock hall/q");
    assert!(locked.contains("  AWAITING CASTING VOTE. Equal: 1 of 2 present and voting in favour"), "{locked}");
}

#[test]
fn a_casting_vote_is_given_in_words() {
    let at = Terminal::new();
    tied(&at);
    let given = at.says("vote casting-vote hall/q yes --by 'the Vice President' --reason 'so moved'");
    let lines = [
        "the casting vote on hall/q is yes (entry 8)\n",
        "  yes 1  no 1  abstain 0  not voting 0\n  casting vote: yes, by the Vice President: so moved\n",
        "  ADOPTED. Adopted by the casting vote: 1 of 2 present and voting in favour; 2 needed.\n",
    ];
    assert!(given.starts_with(&lines.concat()), "{given}");
    assert!(at.says("vote declare hall/q").contains("  ADOPTED. Adopted by the casting vote: "));
    assert!(at.says("vote show hall/q").contains(lines[1]));
    let entry = at.says("record read --after 7 --limit 1");
    assert!(entry.contains("hall/q: the casting vote is yes, by the Vice President: so moved"), "{entry}");
    let refused = at.refuses("vote casting-vote hall/q no", 1);
    assert_eq!(refused, "bodies/hall/votes/q is DECLARED; a casting vote is given once it is LOCKED");
}

#[test]
fn adopted_without_a_vote_is_shown_without_counts() {
    let at = Terminal::new();
    at.tabled();
    let adopted = at.says("vote adopt-without-vote hall/q --as A/RES/1");
    assert_eq!(adopted, "hall/q is adopted without a vote (entry 4)\n");
    for line in ["vote show hall/q", "tally hall/q", "vote list hall", "record read --scope hall/q", "watch hall/q"] {
        let said = at.says(line);
        assert!(!said.contains("not voting") && !said.contains("yes 0"), "{line}: {said}");
    }
    assert!(at.says("vote show hall/q").ends_with("\n  ADOPTED WITHOUT VOTE as A/RES/1. Adopted without a vote.\n"));
}

#[test]
fn what_members_say_and_what_is_corrected_is_told_in_words() {
    let at = Terminal::new();
    at.tabled();
    let explained = at.says("vote explain hall/q ann 'We are in favour.' --before");
    assert_eq!(explained, "hall/ann explains its vote (entry 4)\n");
    for line in
        ["vote open hall/q", "cast hall/q ann yes", "cast hall/q bob yes", "cast hall/q cy no", "vote lock hall/q"]
    {
        at.says(line);
    }
    at.says("vote declare hall/q");
    let intended = at.says("vote intended hall/q hall/cy not-voting --text 'pressed by mistake'");
    assert_eq!(intended, "hall/cy had intended not to vote; its ballot stands (entry 11)\n");
    let corrected = at.says("vote correct hall/q bob no --reason 'a recount'");
    let lines = [
        "the ballot of hall/bob is corrected to no (entry 12)\nhall/q is locked\n",
        "  yes 1  no 2  abstain 0  not voting 0\n  NOT ADOPTED. Not adopted: 1 of 3 present and voting in favour; 2 needed.\n",
        "  as announced, before it was corrected:\n  yes 2  no 1  abstain 0  not voting 0\n",
    ];
    assert!(corrected.starts_with(&lines[..2].concat()) && corrected.ends_with(lines[2]), "{corrected}");
    assert!(at.says("vote show hall/q").ends_with(lines[2]));
    let roll = at.says("ballots hall/q --choice no");
    assert!(roll.contains("yes, corrected to no") && roll.contains("cy"), "{roll}");
    let listed = at.says("vote annotations hall/q");
    let listed: Vec<Vec<&str>> =
        listed.lines().map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()).collect();
    assert_eq!(listed[0], ["MEMBER", "WHAT", "STAND", "TEXT", "RECORDED"]);
    assert_eq!(listed[1][..3], ["ann", "explanation before", "We are in favour."]);
    assert_eq!(listed[2][..4], ["cy", "intended vote", "not voting", "pressed by mistake"]);
    assert_eq!(listed[3][..4], ["bob", "correction", "no", "a recount"]);
    let late = at.refuses("vote explain hall/q ann again --before", 1);
    assert_eq!(late, "bodies/hall/votes/q is LOCKED; a vote is explained beforehand while it is DRAFT");
}

#[test]
fn what_a_vote_is_to_another_is_said_and_listed() {
    let at = Terminal::new();
    at.says("body create hall");
    at.says("member admit hall/ann");
    at.says("vote create hall/q --rule un.ga.two-thirds --title 'The text'");
    let refused = at.refuses("vote create hall/am --amends hall/q --rule un.ga.simple", 1);
    assert!(
        refused.starts_with("an amendment to bodies/hall/votes/q needs the majority that the text needs"),
        "{refused}"
    );
    at.says(
        "vote create hall/am --amends hall/q --rule un.ga.simple --rule-by 'the chair' --rule-basis 'no rule 84 here'",
    );
    let shown = at.says("vote show hall/am");
    for fact in ["chosen by   the chair\n", "on basis    no rule 84 here\n", "amends      hall/q\n"] {
        assert!(shown.contains(fact), "{fact}: {shown}");
    }
    at.says("vote create hall/again --revote-of hall/q");
    assert_eq!(at.json("vote show hall/again")["title"], "The text");
    let header = "VOTE        STATE  OUTCOME  SYMBOL  TITLE\n";
    let related = at.says("vote list --related-to hall/q --relation revote");
    assert_eq!(related, format!("{header}hall/again  draft                   The text\n"));
    assert_eq!(at.says("vote list --related-to hall/q").lines().count(), 3);
    let usage = run(&mut at.command("vote create hall/none"), "");
    assert_eq!(usage.code, Some(2), "a rule, or a vote that is put again: {}", usage.stderr);
}

#[test]
fn groups_are_tallied_where_one_asks() {
    let at = Terminal::new();
    at.says("body create hall");
    at.says_of("member admit hall --csv -", "id,groups\nann,north\nbob,north;coast\ncy,\n");
    for line in
        ["vote create hall/q --rule un.ga.simple", "vote open hall/q", "cast hall/q ann yes", "cast hall/q bob no"]
    {
        at.says(line);
    }
    let said = at.says("tally hall/q --groups");
    let table = "GROUP  YES  NO  ABSTAIN  PRESENT  NOT VOTING\ncoast    0   1        0        0           0\nnorth    1   1        0        0           0\n";
    assert!(said.ends_with(table), "{said}");
    assert!(!at.says("tally hall/q").contains("GROUP"));
    assert_eq!(at.json("tally hall/q --groups")["groups"]["north"]["yes"], "1");
}

#[test]
fn votes_are_compared_side_by_side() {
    let at = Terminal::new();
    at.says("body create hall");
    at.says_of("member admit hall --csv -", "id,display_name\nann,Ann\nbob,Bob\n");
    for (vote, ann, bob) in [("one", "yes", "no"), ("two", "yes", "yes")] {
        at.says(&format!("vote create hall/{vote} --rule un.ga.simple --title '{vote}' --held 2022-10-13"));
        for line in ["vote open hall/V", "cast hall/V ann A", "cast hall/V bob B", "vote lock hall/V"] {
            at.says(&line.replace('V', vote).replace('A', ann).replace('B', bob));
        }
    }
    let compared = at.says("compare hall/one hall/two");
    let expected = "hall/one  one
hall/two  two

            one         two
held        2022-10-13  2022-10-13
yes         1           2 *
no          1           0
abstain     0           0
not voting  0           0
outcome     locked      locked
* most in favour

one to two: 1 member changed: no to yes 1

1 member did not do the same in all of them:
MEMBER  NAME  one  two
bob     Bob   no   yes
";
    assert_eq!(compared, expected);
    let json = at.json("compare hall/one hall/two");
    assert_eq!(json["members"][0]["choices"], serde_json::json!(["CHOICE_NO", "CHOICE_YES"]));
    assert!(at.says("compare hall/two hall/one").contains("two to one: 1 member changed: yes to no 1"));
    let alone = run(&mut at.command("compare hall/one"), "");
    assert_eq!(alone.code, Some(2), "two at least: {}", alone.stderr);
}
