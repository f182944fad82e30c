//! Texts as a terminal shows them: cleaned of what would upset it, measured in its columns, cut to fit. Knows not whose they are.

use ratatui::crossterm::terminal;
use ratatui::text::Span;

/// Where a text is cut.
const CUT: &str = "..";

/// Narrower than this, letters are worth more than the sign that there were others.
const NARROW: usize = 8;

/// A text as one line that does to a terminal what it looks like: control characters, and those that turn the direction of
/// writing, are replaced.
pub fn clean(text: &str) -> String {
    let turns =
        |c| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => ' ',
            c if c.is_control() || turns(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

/// How many columns a text takes.
pub fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// A text, cleaned, in at most so many columns, with a sign where it is cut.
pub fn fit(text: &str, columns: usize) -> String {
    let text = clean(text);
    if width(&text) <= columns {
        return text;
    }
    let mark = if columns > NARROW { CUT } else { "" };
    let mut cut = String::new();
    let mut taken = mark.len();
    for letter in text.chars() {
        taken += width(letter.encode_utf8(&mut [0; 4]));
        if taken > columns {
            break;
        }
        cut.push(letter);
    }
    cut + mark
}

/// The same in exactly so many.
pub fn padded(text: &str, columns: usize) -> String {
    let text = fit(text, columns);
    let room = columns.saturating_sub(width(&text));
    text + &" ".repeat(room)
}

/// How wide the terminal of this process is, where it has one.
pub fn columns() -> Option<usize> {
    terminal::size().ok().map(|(columns, _)| usize::from(columns))
}

/// Whether there are to be colours: <https://no-color.org>.
pub fn colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_with_a_sign() {
        assert_eq!(fit("Territorial integrity", 14), "Territorial ..");
        assert_eq!(fit("Côte d'Ivoire", 13), "Côte d'Ivoire");
        assert_eq!(fit("votes", 3), "vot");
        assert_eq!(fit("大会の投票です", 10), "大会の投..");
        assert_eq!(padded("大会", 6), "大会  ");
    }

    #[test]
    fn a_text_of_others_is_one_line_and_turns_nothing() {
        assert_eq!(clean("Shall it?\n\tNo"), "Shall it?  No");
        assert_eq!(clean("\u{1b}[2Jred\u{202e}der\r"), "\u{fffd}[2Jred\u{fffd}der\u{fffd}");
        assert_eq!((fit("\u{7}\u{200f}ab", 3).as_str(), width("\u{fffd}\u{fffd}")), ("\u{fffd}\u{fffd}a", 2));
    }
}
