//! What follows from the data alone, so that a second run asks for the same: identifiers, request ids, days.

use uuid::Uuid;

/// The namespace of the request ids of a replay.
const REQUESTS: Uuid = Uuid::from_u128(0x3b0f_91c4_7e52_4d0a_8c6e_19d7_f2a8_5b33);

/// Bodies that are known by a shorter name than their own.
const SHORT: [(&str, &str); 4] = [
    ("UN General Assembly", "un-ga"),
    ("United Nations General Assembly", "un-ga"),
    ("UN Security Council", "un-sc"),
    ("United Nations Security Council", "un-sc"),
];

/// The longest identifier, in bytes.
const MAX_ID: usize = 63;

/// The request id of what is done (`of`, from the most general to the most special).
pub fn request_id(of: &[&str]) -> String {
    Uuid::new_v5(&REQUESTS, of.join("\0").as_bytes()).to_string()
}

/// A body's name in a text like `UN General Assembly, session 1 (R/1/66)`: what stands before the comma.
pub fn body_name(text: &str) -> &str {
    text.split(',').next().unwrap_or_default().trim()
}

/// The document symbol in such a text: what stands in brackets at its end, if anything.
pub fn symbol(text: &str) -> &str {
    let within = text.trim_end().strip_suffix(')').and_then(|text| text.rsplit_once('('));
    within.map_or("", |(_, symbol)| symbol.trim())
}

/// The identifier of a body of that name: `un-ga`, `us-senate`.
pub fn body_id(name: &str) -> String {
    if let Some((_, short)) = SHORT.iter().find(|(long, _)| *long == name) {
        return (*short).to_owned();
    }
    let dashed = name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let words: Vec<&str> = dashed.split('-').filter(|word| !word.is_empty()).collect();
    let id = words.join("-");
    let mut id = if id.starts_with(|c: char| c.is_ascii_lowercase()) { id } else { format!("body-{id}") };
    id.truncate(MAX_ID);
    id
}

/// The named rules for what a body's files call theirs: a share, and what may stand behind it.
const TAGS: [(&str, &str, &str); 3] = [
    ("us-senate", "1/2", "us.senate.majority"),
    ("us-senate", "3/5", "us.senate.cloture"),
    ("us-senate", "2/3", "us.senate.two-thirds"),
];

/// The named rule that a body's file means.
pub fn rule_of_tag(body: &str, tag: &str) -> Option<&'static str> {
    let share = tag.split(' ').next().unwrap_or_default();
    TAGS.iter().find(|(of, tagged, _)| *of == body && *tagged == share).map(|(_, _, rule)| *rule)
}

/// Whether an outcome was published as an adoption; none where its words do not tell. "Agreed to", "Not Sustained".
pub fn was_adopted(outcome: &str) -> Option<bool> {
    let outcome = outcome.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| outcome.contains(word));
    if says(&["not ", "rejected", "defeated", "failed"]) {
        return Some(false);
    }
    says(&["agreed to", "passed", "confirmed", "sustained", "adopted"]).then_some(true)
}

/// Whether a text can be a vote's identifier as the API has it.
pub fn is_vote_id(text: &str) -> bool {
    let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.len() <= MAX_ID
        && text.bytes().next().is_some_and(lower)
        && text.bytes().all(|b| lower(b) || matches!(b, b'.' | b'-'))
}

/// Whether a text can be a member's identifier as the API has it.
pub fn is_member_id(text: &str) -> bool {
    text.len() <= MAX_ID
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// The first second of a day `YYYY-MM-DD` in UTC, since 1970.
pub fn day(text: &str) -> Option<i64> {
    let [year, month, day] = text.split('-').collect::<Vec<_>>()[..] else { return None };
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        return None;
    }
    let (year, month, day) = (year.parse::<i64>().ok()?, month.parse::<i64>().ok()?, day.parse::<i64>().ok()?);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if year == 0 || !(1..=length).contains(&day) {
        return None;
    }
    // Years that begin in March have the leap day at their end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    /// From the first of March of the year 0 to 1970.
    const TO_1970: i64 = 719_468;
    Some((days - TO_1970) * 86_400)
}

/// A text that fits in so many bytes: its beginning, where it is longer.
pub fn shortened(text: &str, limit: usize) -> String {
    const MARK: &str = " ..";
    if text.len() <= limit {
        return text.to_owned();
    }
    let end = (0..=limit - MARK.len()).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    format!("{}{MARK}", text[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_named_by_what_stands_before_the_comma() {
        let text = "UN General Assembly, session 1 (R/1/66)";
        assert_eq!(
            (body_name(text), body_id(body_name(text)).as_str(), symbol(text)),
            ("UN General Assembly", "un-ga", "R/1/66")
        );
        assert_eq!((body_id("US Senate").as_str(), symbol("US Senate")), ("us-senate", ""));
        assert_eq!(body_id("1. FC Köln  (board)"), "body-1-fc-k-ln-board");
    }

    #[test]
    fn published_outcomes_are_read_where_their_words_tell() {
        for (text, adopted) in [
            ("Amendment Agreed to", Some(true)),
            ("Nomination Confirmed", Some(true)),
            ("Objection Not Sustained", Some(false)),
            ("Motion to Table Failed", Some(false)),
            ("Amendment Not Germane", Some(false)),
            ("Built", None),
            ("", None),
        ] {
            assert_eq!(was_adopted(text), adopted, "{text}");
        }
    }

    #[test]
    fn a_bodys_own_tag_names_its_rule() {
        let with_more = "1/2 + casting vote of the Vice President (not in published totals)";
        assert_eq!(rule_of_tag("us-senate", with_more), Some("us.senate.majority"));
        assert_eq!(rule_of_tag("us-senate", "3/5"), Some("us.senate.cloture"));
        assert_eq!((rule_of_tag("us-senate", "3/4"), rule_of_tag("un-ga", "1/2")), (None, None));
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let day_of = |text| day(text).map(|seconds| seconds / 86_400);
        for (text, days) in [
            ("1970-01-01", Some(0)),
            ("1946-01-01", Some(-8_766)),
            ("2000-02-29", Some(11_016)),
            ("2022-10-12", Some(19_277)),
            ("1900-02-29", None),
            ("2022-13-01", None),
            ("2022-1-1", None),
            ("0000-01-01", None),
            ("yesterday", None),
        ] {
            assert_eq!(day_of(text), days, "{text}");
        }
    }

    #[test]
    fn a_long_text_keeps_its_beginning_and_stays_text() {
        assert_eq!(shortened("as it is", 8), "as it is");
        assert_eq!(shortened("ééééé", 8), "éé ..");
    }
}
