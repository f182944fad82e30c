//! Draws the board, as large as the terminal allows. Pure: the same board at the same size looks the same.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span, Text};

use super::board::{Board, Link, Seat};
use super::digits::{self, Size};
use super::roll::{self, Cells};
use crate::cli::hidden;
use crate::cli::text::{self, fit};
use crate::cli::verdict::{self, Measure};
use crate::cli::words;
use crate::proto::{Choice, VoteState};

/// How things look here.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Whether there are colours.
    pub colour: bool,
}

impl Look {
    /// As the environment wishes.
    pub fn of_environment() -> Self {
        Self { colour: text::colours() }
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
const PLANS: [Plan; 16] = [
    plan(Some(Size::Large), Cells::Block, true, true),
    plan(Some(Size::Large), Cells::Airy, true, true),
    plan(Some(Size::Large), Cells::Wide, true, true),
    plan(Some(Size::Large), Cells::Compact, true, true),
    plan(Some(Size::Small), Cells::Airy, true, true),
    plan(Some(Size::Small), Cells::Wide, true, true),
    plan(Some(Size::Small), Cells::Wide, false, true),
    plan(Some(Size::Small), Cells::Compact, true, true),
    plan(Some(Size::Small), Cells::Compact, false, true),
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
        let measured = board.frame.verdict.as_ref().map(|verdict| verdict::measures(verdict, board.vote.rule.as_ref()));
        let measured = measured.unwrap_or_default();
        let aim = verdict::aim(&measured);
        let mut measures = aim.map_or_else(Vec::new, |aim| bar(board, &measured[aim], width, look));
        if plan.criteria {
            let others = measured.iter().enumerate().filter(|(at, _)| Some(*at) != aim);
            measures.extend(others.map(|(_, one)| Line::from(criterion(one, width)).dim()));
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
    let title = if vote.title.is_empty() { &name } else { &vote.title };
    let under = if vote.symbol.is_empty() { name.clone() } else { format!("{name}  {}", vote.symbol) };
    let decided = if verdict::is_decided(&board.frame) { ", decided" } else { "" };
    let state = format!("{}{decided}", words::state(board.frame.state()).to_uppercase());
    let (all, counts) = (all(board), board.counts());
    let voted = format!("{} of {all} have voted", all - counts.not_voting);
    let locks = board.locks().map_or_else(String::new, |locks| format!(", locks {locks}"));
    let room = width.saturating_sub(text::width(&name) + 2);
    let said = [format!("{voted}  {state}{locks}"), format!("{state}{locks}"), format!("{voted}  {state}")];
    let fitting = said.iter().filter(|_| board.frame.tally.is_some()).find(|said| text::width(said) <= room);
    let colour = if board.frame.state() == VoteState::Open { Color::Green } else { Color::Cyan };
    let style = look.paint(colour).bold();
    let second = between(&under, Style::new().dim(), fitting.unwrap_or(&state), style, width);
    vec![Line::from(fit(title, width)).bold(), second]
}

/// Everyone on the roll.
fn all(board: &Board) -> u64 {
    words::columns(&board.counts()).iter().map(|(_, count)| count).sum()
}

/// Two texts at the ends of a line; the right one matters more.
fn between(left: &str, left_style: Style, right: &str, right_style: Style, width: usize) -> Line<'static> {
    let right = fit(right, width);
    let left = fit(left, width.saturating_sub(text::width(&right) + 2));
    let gap = width.saturating_sub(text::width(&left) + text::width(&right));
    Line::from(vec![Span::styled(left, left_style), Span::raw(" ".repeat(gap)), Span::styled(right, right_style)])
}

/// The counts, big if there is a size.
fn counts(board: &Board, size: Option<Size>, width: usize, look: Look) -> Vec<Line<'static>> {
    let counts = board.counts();
    let columns = words::columns(&counts);
    let style = |stand: Option<Choice>| stand.map_or_else(Style::new, |choice| look.of(choice));
    let Some(size) = size else {
        let long = words::aligned_counts(&counts);
        let short = |(stand, count): &(Option<Choice>, u64)| {
            Span::styled(format!("{}{count} ", stand.map_or(roll::HIDDEN, roll::mark)), style(*stand))
        };
        return vec![if text::width(&long) <= width {
            Line::from(long)
        } else {
            Line::from_iter(columns.iter().map(short))
        }];
    };
    let figures: Vec<Vec<String>> = columns.iter().map(|(_, count)| digits::lines(*count, size)).collect();
    let label = |stand: Option<Choice>| format!("{} {}", stand.map_or(roll::HIDDEN, roll::mark), words::column(stand));
    let labels: Vec<String> = columns.iter().map(|(stand, _)| label(*stand)).collect();
    // As wide as the whole roll would be: nothing moves while counts grow.
    let figure = digits::lines(all(board), size)[0].chars().count();
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
fn bar(board: &Board, aim: &Measure, width: usize, look: Look) -> Vec<Line<'static>> {
    let need = aim.need();
    // In full where there is room, else in few words, else the figures alone.
    let rules =
        [format!(": {}", aim.criterion().text), aim.short().map_or_else(String::new, |short| format!(": {short}"))];
    let room = width.saturating_sub(text::width(&need));
    let rule = rules.iter().map(|rule| text::clean(rule)).find(|rule| text::width(rule) <= room).unwrap_or_default();
    let aim = aim.criterion();
    let base = if aim.base == 0 { all(board) } else { aim.base };
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
    vec![line, Line::from(vec![Span::styled(fit(&need, width), colour.bold()), Span::raw(rule)])]
}

/// Another test of the rule, in full where there is room.
fn criterion(measure: &Measure, width: usize) -> String {
    let line = text::clean(&measure.line());
    if text::width(&line) <= width { line } else { fit(&measure.short_line(), width) }
}

/// Who blocks it, as it stands.
fn vetoed(board: &Board, width: usize, look: Look) -> Option<Line<'static>> {
    let members: Vec<&str> = verdict::vetoed_by(board.frame.verdict.as_ref()?).collect();
    let line = Line::styled(fit(&format!("vetoed by {}", members.join(", ")), width), look.paint(Color::Red).bold());
    (!members.is_empty()).then_some(line)
}

/// While it is open those that changed last, or what is hidden; else how it stands.
fn note(board: &Board, width: usize) -> Line<'static> {
    let note = match (board.frame.state(), &board.frame.verdict) {
        (VoteState::Open | VoteState::Suspended, _) if !board.latest.is_empty() => latest(board, width),
        (VoteState::Open | VoteState::Suspended, _) => hidden::now(&board.as_it_stands()).unwrap_or_default(),
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
        let more = format!("{said}{before}{member} {}", words::light(*choice));
        if text::width(&more) > width && !said.is_empty() {
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

#[cfg(test)]
mod tests;
