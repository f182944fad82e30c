//! What a command says where it does not do what it is asked, and the code it ends with.

use std::io::Read;
use std::process::{Command, Stdio};

use super::{GoesOn, Ran, Terminal, rollcall, run, sentence};

const REFUSED: i32 = 1;
const WRONG_USAGE: i32 = 2;
const UNAVAILABLE: i32 = 69;

#[test]
fn refusals_are_the_servers_sentences() {
    let at = Terminal::new();
    at.tabled();
    for (line, says) in [
        ("body show nowhere", "there is no body bodies/nowhere"),
        ("body create hall", "body bodies/hall is on record already"),
        (
            "member admit hall/ANN",
            "bodies/hall/members/ANN differs only in case from bodies/hall/members/ann, which is seated already",
        ),
        ("member admit hall/ann", "member bodies/hall/members/ann is on record already"),
        ("member revise hall/dan --group a", "there is no member bodies/hall/members/dan"),
        ("member show hall/dan", "hall has no member dan"),
        ("member show nowhere/dan", "there is no body bodies/nowhere"),
        ("vote show hall/r", "there is no vote bodies/hall/votes/r"),
        ("vote create hall/r --rule none.such", "vote.rule.preset must be the name of a rule; ListRules lists them"),
        ("cast hall/q ann yes", "bodies/hall/votes/q is DRAFT; ballots are taken while it is OPEN"),
        ("vote declare hall/q", "hall/q is draft: its rule has judged nothing yet"),
        (
            "record read --after 99",
            "the record ends at 3: if the place asked for came from this service, it was restored or is another one",
        ),
        ("rules show none.such", "no rule is named \"none.such\": `rollcall rules list` has them all"),
        ("cast hall/q ann yes --request-id x", "request_id must be a UUID, made by the caller before its first try"),
    ] {
        assert_eq!(at.refuses(line, REFUSED), says, "{line}");
    }
    at.says("vote open hall/q");
    assert_eq!(at.refuses("cast hall/q dan yes", REFUSED), "bodies/hall/members/dan is not on the roll of this vote");
    let early = at.refuses("vote declare hall/q", REFUSED);
    assert_eq!(early, "bodies/hall/votes/q is OPEN; a result is declared once it is LOCKED");
    at.says("cast hall/q ann yes");
    at.says("vote lock hall/q");
    let other = at.refuses("vote declare hall/q not-adopted", REFUSED);
    assert_eq!(other, "the rule gives OUTCOME_ADOPTED: declare that, or give the ruling that sets it aside");
    let ruled = at.says("vote declare hall/q not-adopted --ruling 'out of order'");
    assert!(ruled.contains("  NOT ADOPTED. "), "{ruled}");
    assert!(ruled.contains("    by ruling of the presiding officer: out of order\n"), "{ruled}");
}

#[test]
fn what_is_wrong_with_an_input_is_said_with_its_place() {
    let at = Terminal::new();
    at.says("body create hall");
    for (input, says) in [
        ("id,gdp\nann,1\nbob,much\n", "-: line 3: gdp: \"much\" is no whole number"),
        ("name\nann\n", "-: the first line must name the columns, id among them"),
        ("id,groups\nann,\nbob,a;a\n", "hall/bob.groups must not name a group twice"),
    ] {
        assert_eq!(at.refuses_of("member admit hall --csv -", input, REFUSED), says);
    }
    let said = run(&mut at.command("member list hall"), "");
    assert_eq!(said.stdout, "", "nobody was seated");
    let missing = at.refuses("member admit hall --csv /nowhere/members.csv", REFUSED);
    assert!(missing.starts_with("/nowhere/members.csv cannot be read: "), "{missing}");
    for rule in ["{\"x\":1}", "nonsense", "", "[]", "{} {}"] {
        let said = at.refuses_of("vote create hall/q --rule-file -", rule, REFUSED);
        assert!(said.starts_with("- holds no rule in JSON: "), "{said}");
    }
}

#[test]
fn wrong_usage_is_told_from_a_refusal() {
    let at = Terminal::new();
    for (line, says) in [
        ("cast hall/q ann maybe", "[possible values: yes, no, abstain, present]"),
        ("cast hall/q ann", "<CHOICE>"),
        ("cast hall/q ann yes --withdraw", "cannot be used with"),
        ("cast hall/q other/ann yes", "other/ann is no member of hall, whose vote it is"),
        ("vote create q --rule un.ga.simple", "\"q\" says not which body's it is: give BODY/NAME, e.g. un-ga/es-11-4"),
        ("vote create hall/q", "--rule-file"),
        ("vote create hall/q --rule a --rule-file b", "cannot be used with"),
        ("vote open hall/q --lock-after 5", "give a duration, e.g. 90s, 5m or 1h30m"),
        ("vote create hall/q --rule a --held yesterday", "give a day, 2022-10-12, or a time in full"),
        ("vote list --timeout 0s", "give how long to wait, e.g. 500ms, 10s or 2m"),
        ("vote list --state closed", "[possible values: draft, open"),
        ("vote declare hall/q --ruling words", "<OUTCOME>"),
        ("member admit ann", "give BODY/NAME, e.g. un-ga/ALB"),
        ("member show ann", "give BODY/NAME, e.g. un-ga/ALB"),
        ("member admit hall/ann --weight gdp", "give NAME=VALUE"),
        ("member revise hall/ann", "--without-group"),
        ("body revise hall", "nothing to revise"),
        ("ballots hall", "\"hall\" is no vote"),
        ("rules judge", "<RULE>"),
        ("rules judge x --weight gdp=1", "give NAME=YES/NO"),
        ("body", "Usage:"),
        ("vote opne hall/q", "open"),
    ] {
        let Ran { code, stdout, stderr } = run(&mut at.command(line), "");
        assert_eq!((code, stdout.as_str()), (Some(WRONG_USAGE), ""), "{line}: {stderr}");
        assert!(stderr.contains(says), "{line}: {stderr}");
    }
}

#[test]
fn a_server_that_is_not_there_is_told_from_one_that_refuses() {
    let mut at = Terminal::new();
    at.tabled();
    at.server.kill();
    let address = at.server.address.clone();
    for line in ["vote list", "cast hall/q ann yes", "record read --follow", "rules list"] {
        let said = at.refuses(line, UNAVAILABLE);
        assert!(said.starts_with(&format!("no server answers at {address} (")), "{said}");
        assert!(said.ends_with("start one with `rollcall serve`, or name another with --server"), "{said}");
    }
    let nonsense = at.refuses("vote list --server 'no where'", WRONG_USAGE);
    assert!(nonsense.starts_with("--server takes ADDRESS:PORT"), "{nonsense}");
}

#[test]
fn a_server_that_stops_leaves_a_reader_knowing_how_far_it_came() {
    let at = Terminal::new();
    at.tabled();
    let mut follows = GoesOn::start(at.command("record read --follow").stderr(Stdio::piped()));
    for _ in 0..3 {
        follows.line();
    }
    at.server.signal("TERM");
    let mut stderr = String::new();
    follows.0.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(follows.0.wait().unwrap().code(), Some(UNAVAILABLE), "{stderr}");
    let advice = "rollcall: complete up to 3: read on with --after 3\n";
    sentence(stderr.strip_suffix(advice).unwrap_or_else(|| panic!("no advice: {stderr}")));
}

#[test]
fn an_outcome_that_is_not_known_is_said_with_the_id_to_repeat() {
    // A server that takes the call and hangs up.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            // It hangs up on the first that it hears: the client is connected by then.
            let _ = std::io::Read::read(&mut stream, &mut [0; 1024]);
        }
    });
    let id = crate::harness::uuid();
    let mut command: Command = rollcall(&["cast", "hall/q", "ann", "yes", "--server", &address, "--request-id", &id]);
    let ran = run(&mut command, "");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(UNAVAILABLE), ""), "{}", ran.stderr);
    let repeat = format!("rollcall: to learn the outcome, repeat this with --request-id {id}\n");
    sentence(ran.stderr.strip_suffix(&repeat).unwrap_or_else(|| panic!("no advice: {}", ran.stderr)));
}

#[test]
fn a_server_that_never_answers_is_given_up_after_the_time_given() {
    // The system takes its connections, and nobody else does.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let silent = "the server did not answer in time; --timeout gives it longer";
    let asks: [&[&str]; 4] =
        [&["vote", "list"], &["record", "read", "--follow"], &["watch", "hall/q"], &["tally", "hall/q"]];
    for ask in asks {
        let mut command = rollcall(&[ask, &["--server", &address, "--timeout", "200ms"]].concat());
        let ran = run(&mut command, "");
        assert_eq!((ran.code, sentence(&ran.stderr).as_str()), (Some(UNAVAILABLE), silent), "{ask:?}");
    }
    let id = crate::harness::uuid();
    let mut command = rollcall(&["cast", "hall/q", "ann", "yes", "--server", &address, "--request-id", &id]);
    let ran = run(command.env("ROLLCALL_TIMEOUT", "200ms"), "");
    let advised = format!("rollcall: {silent}\nrollcall: to learn the outcome, repeat this with --request-id {id}\n");
    assert_eq!((ran.code, ran.stderr), (Some(UNAVAILABLE), advised));
    drop(listener);
}
