//! The decisions of `tests/rules/decisions.txt`, as the domain judges them; the integration tests ask the service.

use crate::domain::{Choice, Counts, Facts, Tally, Verdict};
use crate::presets::Presets;

fn counts(text: &str) -> Counts {
    let figures: Vec<u64> = text.split('-').map(|figure| figure.parse().unwrap()).collect();
    super::bodies::counts(figures.try_into().unwrap())
}

fn said(verdict: &Verdict) -> [String; 2] {
    let criterion = |one: &crate::domain::Criterion| {
        let (known, mark) = (if one.presumed { "~" } else { "" }, if one.at_most { "<=" } else { "" });
        let figures = format!("{known}{mark}{}/{} of {}", one.counted, one.needed, one.base);
        if one.passed { figures } else { format!("({figures})") }
    };
    let criteria: Vec<String> = verdict.criteria.iter().map(criterion).collect();
    [format!("{}: {}", verdict.outcome.as_str(), criteria.join(", ")), verdict.summary.clone()]
}

#[test]
fn bodies_decide_as_they_did() {
    let presets = Presets::built_in().unwrap();
    let fixture = include_str!("../../../tests/rules/decisions.txt");
    let lines: Vec<&str> = fixture.lines().filter(|line| !line.starts_with('#')).collect();
    for block in lines.split(|line| line.is_empty()).filter(|block| !block.is_empty()) {
        let (rule, heads) = block[1].split_once(": ").unwrap();
        let mut tally = Tally { heads: counts(heads), ..Tally::default() };
        let (mut seats, mut members, mut present, mut casting_vote, mut vetoes) = (None, None, None, None, 0);
        let (given, expected) = block[2..].split_at(block.len() - 4);
        for line in given {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["seats", count] => seats = Some(count.parse().unwrap()),
                ["members", count] => members = Some(count.parse().unwrap()),
                ["present", count] => present = Some(count.parse().unwrap()),
                ["vetoes", count] => vetoes = count.parse().unwrap(),
                ["casting", "vote", choice] => {
                    casting_vote = Some(if choice == "yes" { Choice::Yes } else { Choice::No });
                }
                ["by", weight, by_weight] => drop(tally.weights.insert(weight.into(), counts(by_weight))),
                _ => panic!("{line}"),
            }
        }
        let members = members.unwrap_or(u64::try_from(tally.heads.roll()).unwrap());
        let verdict = presets.get(rule).unwrap().judge(&Facts {
            tally: &tally,
            seats: seats.unwrap_or(members),
            members,
            members_present: present,
            vetoes: vec!["a member".to_owned(); vetoes],
            casting_vote,
            second_vote: false,
        });
        assert_eq!(said(&verdict)[..], *expected, "{}", block[0]);
    }
}
