//! Files of rules: any text is read without a panic, what is wrong is named with a line of the file, and what is read is
//! sound.
#![no_main]
#![allow(dead_code, clippy::unwrap_used, reason = "the module has more than is used here; a target fails loudly")]

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use rollcall::domain;
use rollcall::proto;

#[path = "../../src/presets/written.rs"]
mod written;

/// What [`written`] needs of the module above it.
struct Fault {
    place: Place,
    problem: String,
}

struct Place {
    file: String,
    line: usize,
}

/// What a file of rules is made of, and some of what it is not.
const WORDS: &str = "\n[[rule]]\n|\n[rule.quorum]\n|\n[rule.veto]\n|\n[rule]\n|\n|name = |basis = |requirements = |\
    tie_break = |thresholds = |group = |choice = |choices = |comparison = |weight = |count = |share = |of = |any_of = |\
    'a.rule'|'yes'|'no'|'not-voting'|'at-least'|'more-than'|'less-than'|'revote'|'casting-vote'|'seats'|'cast'|'roll'|\
    'participating'|'present-and-voting'|'stated-else-presumed'|'shares'|'permanent'|{ | }|[|]|, |[1, 2]|[0, 0]|['yes']|\
    { choices = ['yes'], comparison = 'at-least', count = 9 }|0|9|-1|1_000|99999999999999999999|0x7f|true|1979-05-27";

const RULE: &str = "[[rule]]
name = 'a'
basis = 'b'
requirements = [{ choices = ['yes'], comparison = 'at-least', share = [1, 2], of = 'cast' }]
";

/// Text as a person may write it: a rule that holds, and words after it or in its midst.
fn text(u: &mut Unstructured) -> Result<String> {
    if u.ratio(1, 4)? {
        return Ok(String::from_utf8_lossy(u.bytes(u.len())?).into_owned());
    }
    let words: Vec<&str> = WORDS.split('|').collect();
    let mut text = if u.arbitrary()? { RULE.to_owned() } else { String::new() };
    let mut at = text.len();
    while !u.is_empty() {
        let word = *u.choose(&words)?;
        text.insert_str(at, word);
        at += word.len();
        if u.ratio(1, 16)? {
            at = u.int_in_range(0..=text.len())?;
        }
    }
    Ok(text)
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = text(&mut Unstructured::new(data)) else { return };
    let mut faults = Vec::new();
    let rules = written::rules("f.toml", &text, &mut faults);
    let lines = text.lines().count().max(1) + 1;
    for fault in &faults {
        assert!((0..=lines).contains(&fault.place.line), "line {} of {lines}", fault.place.line);
        assert!(fault.place.file == "f.toml" && !fault.problem.is_empty());
    }
    assert!(!faults.is_empty() || !rules.is_empty(), "neither a rule nor a fault");
    for (line, rule) in rules {
        assert!((1..=lines).contains(&line));
        assert!(!rule.preset.is_empty() && rule.faults().is_empty(), "{rule:?}");
        let written = proto::Rule::from(&rule);
        assert_eq!(written.requirements.len(), rule.requirements.len());
    }
});
