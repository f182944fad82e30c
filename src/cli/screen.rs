//! What several commands show a person in the same form: changes, facts, tables. Knows no server.

use std::io::IsTerminal;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, Width, presets};

use super::client::Failure;
use super::show::{self, Answer};
use super::{names, say, text};
use crate::proto;

/// Where a change stands in the record.
pub fn receipt(receipt: Option<&proto::Receipt>) -> String {
    let receipt = receipt.cloned().unwrap_or_default();
    let again = if receipt.replayed { ", on record already" } else { "" };
    format!("entry {}{again}", receipt.seq)
}

/// A column that is no wider than this is never cut: a state, a count, a time. Nor is the first: it is what can be typed.
const KEPT: usize = 24;

/// What is left of a text that is cut.
const CUT: u16 = 8;

/// A table of text without borders. Where the terminal is narrower, its long texts are cut.
pub fn table<H: ToString>(header: &[H], rows: impl IntoIterator<Item = Vec<String>>, numbers: &[usize]) -> Vec<String> {
    let header = header.iter().map(ToString::to_string).collect();
    let rows: Vec<Vec<String>> = [header].into_iter().chain(rows).collect();
    let widest = |at: usize| rows.iter().map(|row| row.get(at).map_or(0, |cell| text::width(cell))).max();
    let mut lines = rows.iter().map(|cells| {
        let mut row = Row::from(cells.iter().map(|cell| text::clean(cell)));
        row.max_height(1);
        row
    });
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(lines.next().unwrap_or_default()).add_rows(lines);
    if let Some(columns) = text::columns().filter(|_| std::io::stdout().is_terminal()) {
        table.set_width(u16::try_from(columns).unwrap_or(u16::MAX));
    }
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if numbers.contains(&at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        column.set_constraint(match widest(at) {
            Some(KEPT..) if at > 0 => ColumnConstraint::LowerBoundary(Width::Fixed(CUT)),
            _ => ColumnConstraint::ContentWidth,
        });
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// A list as it comes, page by page: a table for people at the end, a line of JSON for each at once.
pub struct Listing {
    json: bool,
    header: &'static [&'static str],
    rows: Vec<Vec<String>>,
    count: u64,
}

impl Listing {
    /// A list with this header.
    pub fn new(json: bool, header: &'static [&'static str]) -> Self {
        Self { json, header, rows: Vec::new(), count: 0 }
    }

    /// Adds one, with what its row holds.
    pub fn add<M: Answer>(&mut self, item: &M, row: impl FnOnce(&M) -> Vec<String>) -> Result<(), Failure> {
        self.count += 1;
        if self.json {
            return show::json_line(item);
        }
        self.rows.push(row(item));
        Ok(())
    }

    /// Prints the table; says on standard error that there is nothing, where there is.
    pub fn end(self, none: &str) -> Result<(), Failure> {
        if self.count == 0 {
            say::problem(none);
            return Ok(());
        }
        if self.json { Ok(()) } else { show::lines(&table(self.header, self.rows, &[])) }
    }
}

/// One fact of a thing: its label, and what is said, where anything is.
pub fn fact(label: &str, said: &str) -> Option<String> {
    (!said.is_empty()).then(|| format!("{label:<11} {said}"))
}

/// Prints a thing: its JSON, or the lines that tell it to people.
pub fn show<M: Answer>(json: bool, answer: &M, lines: impl FnOnce() -> Vec<String>) -> Result<(), Failure> {
    if json { show::json(answer) } else { show::lines(&lines()) }
}

/// The same for a change that one line tells: what was done, and to what.
pub fn done<M: Answer>(
    json: bool,
    answer: &M,
    name: &str,
    what: &str,
    at: Option<&proto::Receipt>,
) -> Result<(), Failure> {
    show(json, answer, || vec![format!("{} {what} ({})", names::short(name), receipt(at))])
}
