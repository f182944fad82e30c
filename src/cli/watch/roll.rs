//! The members as cells, in the order of the roll: coloured, and marked for those who see no colour.

use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use super::board::{Board, Seat};
use super::draw::Look;
use crate::cli::text;
use crate::proto::Choice;

/// A longer id is cut off in its cell.
const LONGEST_ID: usize = 12;

/// Marks without ids stand in tens.
const TEN: usize = 10;

/// How large a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cells {
    /// A block of three lines, and room around it.
    Block,
    /// A line, and an empty one below.
    Airy,
    /// A line, and room at the sides.
    Wide,
    /// The mark and the id.
    Compact,
    /// The mark alone.
    Marks,
    /// Nothing.
    None,
}

/// The mark of what is hidden.
pub const HIDDEN: char = '?';

/// The mark of a stand.
pub fn mark(choice: Choice) -> char {
    match choice {
        Choice::Yes => '+',
        Choice::No => '-',
        Choice::Abstain => 'o',
        Choice::Present => 'p',
        Choice::NotVoting => '.',
        Choice::Unspecified => HIDDEN,
    }
}

/// The colour of a stand; none for those who have none, and for what is hidden.
pub fn colour(choice: Choice) -> Option<Color> {
    match choice {
        Choice::Yes => Some(Color::Green),
        Choice::No => Some(Color::Red),
        Choice::Abstain => Some(Color::Yellow),
        Choice::Present => Some(Color::Blue),
        Choice::NotVoting | Choice::Unspecified => None,
    }
}

/// The whole roll in lines of at most `width` columns.
pub fn lines(board: &Board, cells: Cells, width: usize, look: Look) -> Vec<Line<'static>> {
    if cells == Cells::None || board.roll.is_empty() {
        return Vec::new();
    }
    let longest = board.roll.iter().map(|seat| text::width(&seat.member)).max().unwrap_or_default();
    let cell = Cell { cells, id: longest.min(LONGEST_ID), look };
    if cells == Cells::Marks {
        return cell.tens(board, width);
    }
    let columns = ((width + cell.gap()) / (cell.width() + cell.gap())).max(1);
    let mut lines = Vec::new();
    for seats in board.roll.chunks(columns) {
        let bare = cells == Cells::Block;
        lines.extend(bare.then(|| cell.row(board, seats, Part::Edge)));
        lines.push(cell.row(board, seats, Part::Middle));
        lines.extend(bare.then(|| cell.row(board, seats, Part::Edge)));
        lines.extend(matches!(cells, Cells::Block | Cells::Airy).then(Line::default));
    }
    if matches!(cells, Cells::Block | Cells::Airy) {
        lines.pop();
    }
    lines
}

/// A line of a cell.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// Above and below.
    Edge,
    /// With the mark and the id.
    Middle,
}

/// How cells are drawn.
struct Cell {
    cells: Cells,
    /// The columns of an id.
    id: usize,
    look: Look,
}

impl Cell {
    fn width(&self) -> usize {
        match self.cells {
            Cells::Block | Cells::Airy => self.id + 6,
            Cells::Wide => self.id + 4,
            Cells::Compact => self.id + 1,
            Cells::Marks | Cells::None => 1,
        }
    }

    fn gap(&self) -> usize {
        match self.cells {
            Cells::Block | Cells::Airy => 2,
            Cells::Wide | Cells::Compact => 1,
            Cells::Marks | Cells::None => 0,
        }
    }

    fn row(&self, board: &Board, seats: &[Seat], part: Part) -> Line<'static> {
        let gap = " ".repeat(self.gap());
        let mut line = Line::default();
        for (at, seat) in seats.iter().enumerate() {
            if at > 0 {
                line.push_span(gap.clone());
            }
            let news = board.is_news(seat);
            line.push_span(Span::styled(self.text(seat, part, news), self.style(seat.choice, news)));
        }
        line
    }

    /// The marks alone, in tens.
    fn tens(&self, board: &Board, width: usize) -> Vec<Line<'static>> {
        let tens: Vec<&[Seat]> = board.roll.chunks(TEN).collect();
        let columns = ((width + 1) / (TEN + 1)).max(1);
        let line = |tens: &[&[Seat]]| {
            let mut line = Line::default();
            for ten in tens {
                line.spans.extend(self.row(board, ten, Part::Middle).spans);
                line.push_span(" ");
            }
            line
        };
        tens.chunks(columns).map(line).collect()
    }

    fn text(&self, seat: &Seat, part: Part, news: bool) -> String {
        if part == Part::Edge {
            return " ".repeat(self.width());
        }
        let mark = mark(seat.choice);
        let id = text::padded(&seat.member, self.id);
        let [left, right] = if news { ['[', ']'] } else { [' ', ' '] };
        match self.cells {
            Cells::Block | Cells::Airy => format!("{left} {mark} {id} {right}"),
            Cells::Wide => format!("{left}{mark} {id}{right}"),
            Cells::Compact => format!("{mark}{id}"),
            Cells::Marks | Cells::None => mark.to_string(),
        }
    }

    /// A lamp has its colour as the ground where it is large, and as the letters' where it is small.
    fn style(&self, choice: Choice, news: bool) -> Style {
        let large = matches!(self.cells, Cells::Block | Cells::Airy | Cells::Wide);
        let style = match colour(choice).filter(|_| self.look.colour) {
            Some(colour) if large => Style::new().fg(Color::Black).bg(colour),
            Some(colour) => Style::new().fg(colour),
            None if choice == Choice::NotVoting => Style::new().dim(),
            None => Style::new(),
        };
        match (news, large) {
            (true, true) => style.bold(),
            (true, false) => style.reversed(),
            (false, _) => style,
        }
    }
}
