//! The board at the sizes of real terminals, and at those of none.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Modifier;

use super::*;
use crate::clock::Timestamp;
use crate::proto::watch_tally_response::Message;
use crate::proto::{self, Criterion, SeatChoice, TallyFrame, WatchTallyResponse};

const COLOURS: Look = Look { colour: true };

/// An assembly of 193, in which the first `voted` have voted and most of them in favour.
fn assembly(voted: usize) -> Board {
    let vote = proto::Vote {
        name: "bodies/un-ga/votes/es-11-4".into(),
        title: "Territorial integrity of Ukraine: defending the principles of the Charter of the United Nations".into(),
        symbol: "A/ES-11/L.5".into(),
        ..Default::default()
    };
    let choices = [Choice::Yes, Choice::Yes, Choice::No, Choice::Abstain];
    let stand = |at: usize| if at < voted { choices[at % 4] } else { Choice::NotVoting };
    let id = |at: usize| {
        let letter = |of: usize| char::from(b'A' + u8::try_from(of % 26).unwrap());
        [letter(at / 26), letter(at), 'X'].iter().collect()
    };
    let seats = (0..193).map(|at| SeatChoice { member: id(at), choice: stand(at).into() }).collect();
    let count = |choice| (0..193).filter(|at| stand(*at) == choice).count() as u64;
    let (yes, no) = (count(Choice::Yes), count(Choice::No));
    let (abstain, not_voting) = (count(Choice::Abstain), count(Choice::NotVoting));
    let heads = proto::Counts { yes, no, abstain, not_voting, ..Default::default() };
    let text = "at least 2/3 of the members present and voting in favour".into();
    let needed = (2 * (yes + no)).div_ceil(3);
    let criterion =
        Criterion { text, counted: yes, needed, base: yes + no, passed: yes >= needed, ..Default::default() };
    let mut board = Board::new(vote);
    let frame = TallyFrame {
        revision: 2,
        state: VoteState::Open.into(),
        tally: Some(proto::Tally { heads: Some(heads), ..Default::default() }),
        verdict: Some(proto::Verdict { criteria: vec![criterion], ..Default::default() }),
        seats,
        ..Default::default()
    };
    board.hear(WatchTallyResponse { message: Some(Message::Frame(frame.clone())) });
    let seats = vec![SeatChoice { member: "AAX".into(), choice: Choice::No.into() }];
    let next = TallyFrame { revision: 3, base_revision: 2, seats, ..frame };
    board.hear(WatchTallyResponse { message: Some(Message::Frame(next)) });
    board
}

/// The rule by which it votes: a quorum that is presumed, and two thirds.
fn two_thirds() -> proto::Rule {
    let share = |numerator, denominator, base: proto::Base| {
        let share = proto::Share { numerator, denominator, base: base.into() };
        Some(proto::threshold::Bar::Share(share))
    };
    let half = share(1, 2, proto::Base::Seats);
    let half = proto::Threshold { comparison: proto::Comparison::MoreThan.into(), bar: half, ..Default::default() };
    let basis = proto::quorum::Basis::StatedElsePresumed.into();
    let choices = vec![Choice::Yes.into()];
    let bar = share(2, 3, proto::Base::PresentAndVoting);
    let thirds = proto::Threshold { choices, comparison: proto::Comparison::AtLeast.into(), bar, ..Default::default() };
    let kind = Some(proto::requirement::Kind::Threshold(thirds));
    proto::Rule {
        quorum: Some(proto::Quorum { basis, thresholds: vec![half] }),
        requirements: vec![proto::Requirement { kind }],
        ..Default::default()
    }
}

fn buffer(board: &Board, width: u16, height: u16, look: Look) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, board, look)).unwrap();
    terminal.backend().buffer().clone()
}

fn drawn(board: &Board, width: u16, height: u16) -> String {
    let buffer = buffer(board, width, height, COLOURS);
    let rows = buffer.content.chunks(usize::from(width).max(1));
    let row = |cells: &[ratatui::buffer::Cell]| cells.iter().map(|cell| cell.symbol()).collect::<String>();
    rows.map(|cells| row(cells).trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn assert_shows(drawn: &str, words: &[&str]) {
    for word in words {
        assert!(drawn.contains(word), "{word:?} is missing:\n{drawn}");
    }
}

#[test]
fn at_80_by_24_everything_is_there_for_an_assembly() {
    let drawn = drawn(&assembly(144), 80, 24);
    let need = "72 of 108, 72 needed, met\n";
    assert_shows(&drawn, &["144 of 193 have voted  OPEN", "┃", need, "last: AAX no", "-AAX +ABX", ".HKX", "q leaves"]);
    assert!(drawn.contains("▀▀▀"), "big digits:\n{drawn}");
    let ids = drawn.split_whitespace().filter(|word| word.len() == 4 && word.ends_with('X')).count();
    assert_eq!(ids, 193, "{drawn}");
}

#[test]
fn at_200_by_60_it_is_seen_from_afar() {
    let drawn = drawn(&assembly(144), 200, 60);
    assert_shows(
        &drawn,
        &[
            "██████",
            "[ - AAX ]",
            "of the United Nations\n",
            "72 of 108, 72 needed, met: at least 2/3 of the members",
            "live",
        ],
    );
}

#[test]
fn it_is_drawn_at_any_size() {
    let boards = [assembly(0), assembly(193), Board::new(proto::Vote::default())];
    for width in (0..45).step_by(3).chain([80, 200, 300]) {
        for height in (0..15).chain([24, 60, 100]) {
            for board in &boards {
                drawn(board, width, height);
            }
        }
    }
    assert_shows(&drawn(&boards[1], 40, 10), &["+97 -48 o48 .0", "OPEN", "┃"]);
    assert_shows(&drawn(&boards[1], 10, 3), &["OPEN"]);
}

#[test]
fn what_is_still_needed_is_said() {
    let mut board = assembly(144);
    let verdict = board.frame.verdict.as_mut().unwrap();
    verdict.criteria[0] = Criterion { counted: 98, needed: 99, passed: false, ..verdict.criteria[0].clone() };
    assert_shows(&drawn(&board, 80, 24), &["98 of 108, 99 needed, 1 more"]);
    board.frame.verdict.as_mut().unwrap().set_decidedness(proto::Decidedness::Certain);
    assert_shows(&drawn(&board, 80, 24), &["144 of 193 have voted  OPEN, decided"]);
}

#[test]
fn what_the_rule_asks_is_whole_at_80_by_24_and_in_full_where_there_is_room() {
    let mut board = assembly(144);
    board.vote.rule = Some(two_thirds());
    let text = "quorum: more than 1/2 of all seats, presumed since presence was not stated".into();
    let quorum =
        Criterion { text, counted: 50, needed: 97, base: 193, passed: true, presumed: true, ..Default::default() };
    board.frame.verdict.as_mut().unwrap().criteria.insert(0, quorum);
    let small = drawn(&board, 80, 24);
    let asked = "72 of 108, 72 needed, met: at least 2/3 of those present and voting\n";
    assert_shows(&small, &[asked, "met     quorum: more than 1/2 of all seats: 50 of 193 by the ballots\n", "-AAX"]);
    let large = drawn(&board, 200, 60);
    assert_shows(
        &large,
        &["met: at least 2/3 of the members present and voting in favour\n", "was not stated: 50 of 193"],
    );
}

#[test]
fn what_remains_until_the_lock_is_told() {
    let mut board = assembly(144);
    board.now = Timestamp::new(1_665_586_800, 0).unwrap();
    board.vote.lock_at_time = Some(prost_types::Timestamp { seconds: 1_665_587_045, nanos: 0 });
    assert_shows(&drawn(&board, 80, 24), &["144 of 193 have voted  OPEN, locks 15:04:05Z in 4m 5s", " un-ga/es-11-4 "]);
    assert_shows(&drawn(&board, 60, 24), &["OPEN, locks 15:04:05Z in 4m 5s", " un-ga/es-11-4 "]);
    board.frame.set_state(VoteState::Locked);
    assert!(!drawn(&board, 80, 24).contains("locks"));
}

#[test]
fn the_texts_of_others_do_not_turn_or_break_the_board() {
    let mut board = assembly(144);
    board.vote.title = "The \u{202e}tegdub\u{7} of the hall".into();
    board.frame.verdict.as_mut().unwrap().criteria[0].text = "at least\u{202e}2/3".into();
    for (width, height) in [(80, 24), (200, 60)] {
        let drawn = drawn(&board, width, height);
        assert_shows(&drawn, &["The \u{fffd}tegdub\u{fffd} of the hall\n", "met: at least\u{fffd}2/3\n"]);
    }
}

#[test]
fn a_lost_connection_and_a_server_that_stops_are_told() {
    let mut board = assembly(100);
    board.lose("connection refused".into());
    assert_shows(&drawn(&board, 80, 24), &["connection lost, trying again (connection refused)"]);
    board.link = Link::Draining;
    assert_shows(&drawn(&board, 80, 24), &["the server is stopping; connecting again"]);
}

#[test]
fn a_draft_is_not_open_yet() {
    let mut board = Board::new(proto::Vote { title: "The budget".into(), ..Default::default() });
    let frame = TallyFrame { revision: 1, state: VoteState::Draft.into(), ..Default::default() };
    board.hear(WatchTallyResponse { message: Some(Message::Frame(frame)) });
    assert_shows(&drawn(&board, 80, 24), &["The budget", "not open yet: the roll is frozen when it opens"]);
}

#[test]
fn without_colour_marks_and_emphasis_tell_all() {
    let board = assembly(144);
    for (width, height) in [(80, 24), (200, 60)] {
        let plain = buffer(&board, width, height, Look { colour: false });
        let coloured = |cell: &&ratatui::buffer::Cell| cell.fg != Color::Reset || cell.bg != Color::Reset;
        assert_eq!(plain.content.iter().filter(coloured).count(), 0);
        let told = |cell: &&ratatui::buffer::Cell| cell.modifier.intersects(Modifier::REVERSED | Modifier::BOLD);
        assert!(plain.content.iter().any(|cell| told(&cell)));
        assert!(buffer(&board, width, height, COLOURS).content.iter().any(|cell| coloured(&cell)));
    }
}
