//! Draws the board, as large as the terminal allows. Pure: the same board at the same size looks the same.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span, Text};

use super::board::{Board, Link, Seat};
use super::digits::{self, Size};
use super::roll::{self, Cells};
use super::words;
use crate::proto::{Choice, Criterion, VoteState};

/// How things look here.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Whether there are colours.
    pub colour: bool,
}

impl Look {
    /// As the environment wishes: <https://no-color.org>.
    pub fn of_environment() -> Self {
        Self { colour: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) }
    }

    fn paint(self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    fn of(self, choice: Choice) -> Style {
        roll::colour(choice).map_or_else(|| Style::new().dim(), |colour| self.paint(colour))
    }
}

/// How large the parts are.
#[derive(Clone, Copy)]
struct Plan {
    /// The counts: in a line where there is no size.
    digits: Option<Size>,
    cells: Cells,
    /// Empty lines between the parts.
    airy: bool,
    /// Every criterion of the rule, not only the one that the bar shows.
    criteria: bool,
}

const fn plan(digits: Option<Size>, cells: Cells, airy: bool, criteria: bool) -> Plan {
    Plan { digits, cells, airy, criteria }
}

/// The best first; the last is taken where nothing fits.
const PLANS: [Plan; 15] = [
    plan(Some(Size::Large), Cells::Block, true, true),
    plan(Some(Size::Large), Cells::Airy, true, true),
    plan(Some(Size::Large), Cells::Wide, true, true),
    plan(Some(Size::Large), Cells::Compact, true, true),
    plan(Some(Size::Small), Cells::Airy, true, true),
    plan(Some(Size::Small), Cells::Wide, true, true),
    plan(Some(Size::Small), Cells::Wide, false, true),
    plan(Some(Size::Small), Cells::Compact, true, true),
    plan(Some(Size::Small), Cells::Compact, true, false),
    plan(Some(Size::Small), Cells::Compact, false, false),
    plan(Some(Size::Small), Cells::Marks, true, true),
    plan(Some(Size::Small), Cells::Marks, false, false),
    plan(None, Cells::Marks, false, false),
    plan(Some(Size::Small), Cells::None, false, false),
    plan(None, Cells::None, false, false),
];

/// From this height on the last line says how the server is reached.
const FOOTER_FROM: u16 = 4;

/// Draws the board on the whole terminal.
pub fn draw(frame: &mut Frame, board: &Board, look: Look) {
    let area = frame.area();
    // A column is left free at both sides where there are enough.
    let margin = if area.width >= 40 { 1 } else { 0 };
    let inner = Rect { x: area.x + margin, width: area.width - 2 * margin, ..area };
    let footer = u16::from(area.height >= FOOTER_FROM);
    let body = Rect { height: inner.height - footer, ..inner };
    frame.render_widget(Text::from(content(board, body.width.into(), body.height.into(), look)), body);
    if footer == 1 {
        let last = Rect { y: inner.bottom() - 1, height: 1, ..inner };
        frame.render_widget(foot(board, last.width.into(), look), last);
    }
}

/// The lines of the best plan that fits.
fn content(board: &Board, width: usize, height: usize, look: Look) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for plan in PLANS {
        lines = planned(board, plan, width, look);
        if lines.len() <= height && lines.iter().all(|line| line.width() <= width) {
            break;
        }
    }
    lines
}

fn planned(board: &Board, plan: Plan, width: usize, look: Look) -> Vec<Line<'static>> {
    let mut parts = vec![head(board, width, look)];
    if board.frame.tally.is_some() {
        parts.push(counts(board, plan.digits, width, look));
        let verdict = board.frame.verdict.as_ref();
        let aim = verdict.and_then(|verdict| words::aim(verdict, board.vote.rule.as_ref()));
        let mut measures = aim.map_or_else(Vec::new, |aim| measure(board, aim, width, look));
        if plan.criteria {
            let others = verdict.map_or(&[][..], |verdict| &verdict.criteria);
            let others = others.iter().filter(|one| aim.is_none_or(|aim| !std::ptr::eq(aim, *one)));
            measures.extend(others.map(|one| Line::from(fit(&crate::cli::screen::criterion(one), width)).dim()));
        }
        measures.extend(vetoed(board, width, look));
        measures.push(note(board, width));
        parts.push(measures);
        parts.push(roll::lines(board, plan.cells, width, look));
    } else {
        parts.push(vec![Line::from(fit(without_tally(board), width))]);
    }
    parts.retain(|part| !part.is_empty());
    let between = if plan.airy { vec![Line::default()] } else { Vec::new() };
    parts.join(&between[..])
}

fn without_tally(board: &Board) -> &'static str {
    match (board.frame.state(), board.frame.revision) {
        (_, 0) => "..",
        (VoteState::Draft, _) => "not open yet: the roll is frozen when it opens",
        _ => "there is no tally",
    }
}

/// What it is about, and where it stands.
fn head(board: &Board, width: usize, look: Look) -> Vec<Line<'static>> {
    let vote = &board.vote;
    let name = crate::cli::names::short(&vote.name);
    let title = if vote.title.is_empty() { name.clone() } else { vote.title.clone() };
    let mut under = vec![name, vote.symbol.clone()];
    under.retain(|part| !part.is_empty());
    let decided = if words::decided(&board.frame) { ", decided" } else { "" };
    let state = &format!("{}{decided}", words::state(board.frame.state()));
    let counts = board.counts();
    let all: u64 = words::columns(&counts).iter().map(|(_, count)| count).sum();
    let voted = format!("{} of {all} have voted  {state}", all - counts.not_voting);
    let right = if board.frame.tally.is_some() && voted.len() <= width { &voted } else { state };
    let colour = if board.frame.state() == VoteState::Open { Color::Green } else { Color::Cyan };
    let style = look.paint(colour).bold();
    let second = between(&under.join("  "), Style::new().dim(), right, style, width);
    vec![Line::from(fit(&title, width)).bold(), second]
}

/// Two texts at the ends of a line; the right one matters more.
fn between(left: &str, left_style: Style, right: &str, right_style: Style, width: usize) -> Line<'static> {
    let right = fit(right, width);
    let room = width.saturating_sub(Span::raw(right.as_str()).width() + 2);
    let left = fit(left, room);
    let gap = width.saturating_sub(Span::raw(left.as_str()).width() + Span::raw(right.as_str()).width());
    Line::from(vec![Span::styled(left, left_style), Span::raw(" ".repeat(gap)), Span::styled(right, right_style)])
}

/// The counts, big if there is a size.
fn counts(board: &Board, size: Option<Size>, width: usize, look: Look) -> Vec<Line<'static>> {
    let counts = board.counts();
    let columns = words::columns(&counts);
    let style = |stand: Option<Choice>| stand.map_or_else(Style::new, |choice| look.of(choice));
    let Some(size) = size else {
        let long = words::counts(&counts);
        let short = |(stand, count): &(Option<Choice>, u64)| {
            Span::styled(format!("{}{count} ", stand.map_or('?', roll::mark)), style(*stand))
        };
        let fits = Span::raw(long.as_str()).width() <= width;
        return vec![if fits { Line::from(long) } else { Line::from_iter(columns.iter().map(short)) }];
    };
    let figures: Vec<Vec<String>> = columns.iter().map(|(_, count)| digits::lines(*count, size)).collect();
    let label = |stand: Option<Choice>| format!("{} {}", stand.map_or('?', roll::mark), words::column(stand));
    let labels: Vec<String> = columns.iter().map(|(stand, _)| label(*stand)).collect();
    // As wide as the whole roll would be: nothing moves while counts grow.
    let all = columns.iter().map(|(_, count)| count).sum();
    let figure = digits::lines(all, size)[0].chars().count();
    let widest = |at: usize| figure.max(labels[at].chars().count());
    let taken: usize = (0..columns.len()).map(widest).sum();
    let gap = (width.saturating_sub(taken) / columns.len()).clamp(2, 8);
    let line = |text: &dyn Fn(usize) -> String| {
        let cell = |at: usize| {
            let room = widest(at) + if at + 1 < columns.len() { gap } else { 0 };
            Span::styled(format!("{:room$}", text(at)), style(columns[at].0))
        };
        Line::from_iter((0..columns.len()).map(cell))
    };
    let height = figures[0].len();
    let mut lines: Vec<_> = (0..height).map(|row| line(&|at| figures[at][row].clone())).collect();
    lines.push(line(&|at| labels[at].clone()));
    lines
}

/// The bar against the bar to clear, and what is still needed.
fn measure(board: &Board, aim: &Criterion, width: usize, look: Look) -> Vec<Line<'static>> {
    let counts = board.counts();
    let all: u64 = words::columns(&counts).iter().map(|(_, count)| count).sum();
    let base = if aim.base == 0 { all } else { aim.base };
    let scale = base.max(aim.needed).max(aim.counted).max(1);
    let cells = |count: u64| {
        let cells = u128::from(count) * width as u128 / u128::from(scale);
        usize::try_from(cells).unwrap_or(width).min(width)
    };
    let (filled, bar) = (cells(aim.counted), cells(aim.needed).min(width.saturating_sub(1)));
    let colour = look.paint(if aim.passed { Color::Green } else { Color::Yellow });
    let run = |from: usize, to: usize| {
        let full = filled.clamp(from, to.max(from));
        [Span::styled("█".repeat(full - from), colour), Span::raw("░".repeat(to.saturating_sub(full))).dim()]
    };
    let mut line = Line::from_iter(run(0, bar));
    line.push_span(Span::raw("┃").bold());
    line.spans.extend(run(bar + 1, width));
    let of = if aim.base == 0 { String::new() } else { format!(" (of {})", aim.base) };
    let need = words::need(aim);
    let rule = fit(&format!(": {}{of}", aim.text), width.saturating_sub(Span::raw(need.as_str()).width()));
    vec![line, Line::from(vec![Span::styled(need, colour.bold()), Span::raw(rule)])]
}

/// Who blocks it, as it stands.
fn vetoed(board: &Board, width: usize, look: Look) -> Option<Line<'static>> {
    let vetoes = &board.frame.verdict.as_ref()?.vetoed_by;
    let members: Vec<&str> = vetoes.iter().map(|name| name.rsplit('/').next().unwrap_or_default()).collect();
    let line = Line::styled(fit(&format!("vetoed by {}", members.join(", ")), width), look.paint(Color::Red).bold());
    (!members.is_empty()).then_some(line)
}

/// While it is open those that changed last; else how it stands.
fn note(board: &Board, width: usize) -> Line<'static> {
    let note = match (board.frame.state(), &board.frame.verdict) {
        (VoteState::Open | VoteState::Suspended, _) => latest(board, width),
        (VoteState::Locked, Some(verdict)) => format!("to be declared. {}", verdict.summary),
        (_, Some(verdict)) => verdict.summary.clone(),
        (_, None) => String::new(),
    };
    Line::from(fit(&note, width))
}

/// Those that changed last, as many as there is room for.
fn latest(board: &Board, width: usize) -> String {
    let mut said = String::new();
    for Seat { member, choice } in &board.latest {
        let before = if said.is_empty() { "last: " } else { ", " };
        let more = format!("{said}{before}{member} {}", words::choice(*choice));
        if Span::raw(more.as_str()).width() > width && !said.is_empty() {
            break;
        }
        said = more;
    }
    said
}

/// How the server is reached, and how to leave.
fn foot(board: &Board, width: usize, look: Look) -> Line<'static> {
    let (text, style) = match &board.link {
        Link::Connecting => ("connecting ..".to_owned(), Style::new()),
        Link::Live => ("live".to_owned(), look.paint(Color::Green)),
        Link::Draining => ("the server is stopping; connecting again".to_owned(), look.paint(Color::Yellow).bold()),
        Link::Lost(reason) => (format!("connection lost, trying again ({reason})"), look.paint(Color::Red).bold()),
    };
    between(&text, style, "q leaves", Style::new().dim(), width)
}

/// A text in at most so many columns, with a sign where it is cut.
pub fn fit(text: &str, columns: usize) -> String {
    if Span::raw(text).width() <= columns {
        return text.to_owned();
    }
    let mark = if columns > 8 { ".." } else { "" };
    let mut cut = String::new();
    let mut taken = mark.len();
    for letter in text.chars() {
        taken += Span::raw(letter.to_string()).width();
        if taken > columns {
            break;
        }
        cut.push(letter);
    }
    cut + mark
}

#[cfg(test)]
mod tests;
