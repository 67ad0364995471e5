//! What is drawn, as a terminal shows it.

#[path = "support/screen.rs"]
mod screen;

use proptest::prelude::*;
use screen::Terminal;
use xtterm::draw::{
    Ansi, Area, Canvas, Colours, Cursor, Glyphs, List, Place, Size, Slot, Style, Surface, centred, frame,
    glyph, row, wrap,
};
use xtterm::key::Key;

const SIZE: Size = Size { columns: 20, rows: 6 };

fn terminal(glyphs: Glyphs, colours: Colours) -> Ansi<Terminal> {
    Ansi::new(Terminal::new(usize::from(SIZE.rows), usize::from(SIZE.columns)), SIZE, glyphs, colours)
}

/// What `draw` makes of a terminal.
fn drawn(glyphs: Glyphs, draw: impl Fn(&mut dyn Surface)) -> Vec<String> {
    let mut canvas = Canvas::new([Slot::EMPTY; 120], SIZE);
    draw(&mut canvas);
    let mut ansi = terminal(glyphs, Colours::Eight);
    canvas.send(&mut ansi);
    ansi.out().text()
}

#[test]
fn a_box_has_a_title_in_its_edge() {
    let draw = |surface: &mut dyn Surface| {
        frame(surface, Area { at: Place::new(1, 2), size: Size { columns: 12, rows: 4 } }, "Boot");
        centred(surface, Place::new(2, 3), 10, "mid");
    };
    assert_eq!(
        drawn(Glyphs::Unicode, draw),
        ["", "  ┌─ Boot ───┐", "  │   mid    │", "  │          │", "  └──────────┘", ""]
    );
    assert_eq!(
        drawn(Glyphs::Ascii, draw),
        ["", "  +- Boot ---+", "  |   mid    |", "  |          |", "  +----------+", ""]
    );
}

#[test]
fn a_text_longer_than_its_room_is_cut_with_a_mark() {
    let draw = |surface: &mut dyn Surface| {
        row(surface, Place::new(0, 0), 6, "Windows");
        row(surface, Place::new(1, 0), 7, "Windows");
        row(surface, Place::new(2, 0), 1, "Windows");
        row(surface, Place::new(3, 0), 0, "Windows");
        row(surface, Place::new(4, 15), 9, "the edge cuts");
    };
    assert_eq!(drawn(Glyphs::Ascii, draw), ["Windo~", "Windows", "~", "", "               the e", ""]);
}

#[test]
fn characters_that_are_no_cell_wide_become_question_marks() {
    for odd in [
        '\n', '\x1b', '\u{7f}', '\u{85}', '\u{ad}', '\u{301}', '漢', '🦀', '\u{200b}', '\u{feff}', '\u{202e}',
    ] {
        assert_eq!(glyph(odd), '?', "{odd:?}");
    }
    for fine in ['a', 'ß', 'Ж', 'λ', '─', '→', '█', '…', '€'] {
        assert_eq!(glyph(fine), fine);
    }
}

#[test]
fn a_screen_without_changes_gets_nothing() {
    let mut canvas = Canvas::new([Slot::EMPTY; 120], SIZE);
    let mut ansi = terminal(Glyphs::Unicode, Colours::Eight);
    row(&mut canvas, Place::new(1, 1), 10, "same");
    canvas.send(&mut ansi);
    let before = ansi.out().bytes;
    canvas.clear();
    row(&mut canvas, Place::new(1, 1), 10, "same");
    canvas.send(&mut ansi);
    assert_eq!(ansi.out().bytes, before);

    row(&mut canvas, Place::new(1, 1), 10, "sane");
    canvas.send(&mut ansi);
    assert_eq!(ansi.out().bytes - before, "\x1b[2;4Hn".len(), "one place, one character");
}

#[test]
fn the_selection_is_seen_without_colours() {
    let renditions = |colours| {
        let styles = [Style::Plain, Style::Title, Style::Selected, Style::Muted, Style::Alert, Style::Field]
            .into_iter();
        styles.map(move |style| {
            let mut ansi = terminal(Glyphs::Ascii, colours);
            ansi.clear();
            ansi.style(style);
            ansi.text("x");
            ansi.out().cells[0][0].1.clone()
        })
    };
    assert_eq!(renditions(Colours::None).collect::<Vec<_>>(), ["0", "0;1", "0;7", "0", "0;1", "0;7"]);
    assert!(
        renditions(Colours::Eight)
            .zip(renditions(Colours::None))
            .all(|(with, without)| with.starts_with(&without))
    );
}

#[test]
fn lines_break_at_spaces_and_else_where_they_must() {
    let lines = |text, width| wrap(text, width).collect::<Vec<_>>();
    assert_eq!(lines("the kernel is missing", 10), ["the kernel", "is missing"]);
    assert_eq!(lines("the kernel is missing", 9), ["the", "kernel is", "missing"]);
    assert_eq!(lines("abcdefghij", 4), ["abcd", "efgh", "ij"]);
    assert_eq!(lines("one\ntwo\n\nthree", 80), ["one", "two", "", "three"]);
    assert_eq!(lines("", 5), [""]);
    assert_eq!(lines("ab", 0), ["a", "b"]);
}

/// A step of drawing.
#[derive(Clone, Debug)]
enum Action {
    Clear,
    Text(u16, u16, Style, String),
    Cursor(u16, u16, Cursor),
    Forget,
    Send,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let style = proptest::sample::select(vec![Style::Plain, Style::Selected, Style::Alert, Style::Muted]);
    let cursor = proptest::sample::select(vec![Cursor::Shown, Cursor::Hidden]);
    let action = prop_oneof![
        1 => Just(Action::Clear),
        8 => (0..8_u16, 0..24_u16, style, "[ab é漢\n]{0,24}").prop_map(|(r, c, s, t)| Action::Text(r, c, s, t)),
        1 => (0..6_u16, 0..20_u16, cursor).prop_map(|(r, c, s)| Action::Cursor(r, c, s)),
        1 => Just(Action::Forget),
        4 => Just(Action::Send),
    ];
    proptest::collection::vec(action, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_terminal_shows_what_was_drawn(actions in actions()) {
        let mut canvas = Canvas::new(vec![Slot::EMPTY; 120], SIZE);
        let mut ansi = terminal(Glyphs::Unicode, Colours::None);
        let mut model = vec![vec![' '; 20]; 6];
        for action in actions.into_iter().chain([Action::Send]) {
            match action {
                Action::Clear => {
                    canvas.clear();
                    model.iter_mut().flatten().for_each(|cell| *cell = ' ');
                }
                Action::Text(row, column, style, text) => {
                    canvas.place(Place::new(row, column));
                    canvas.style(style);
                    canvas.text(&text);
                    let cells = model.iter_mut().skip(usize::from(row)).take(1).flatten().skip(usize::from(column));
                    cells.zip(text.chars()).for_each(|(cell, one)| *cell = glyph(one));
                }
                Action::Cursor(row, column, cursor) => {
                    canvas.place(Place::new(row, column));
                    canvas.cursor(cursor);
                }
                Action::Forget => {
                    *ansi.out() = Terminal::new(6, 20);
                    ansi.forget();
                    canvas.forget();
                }
                Action::Send => {
                    canvas.send(&mut ansi);
                    let mut wanted = model.clone();
                    wanted[5][19] = ' ';
                    let wanted: Vec<String> =
                        wanted.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned()).collect();
                    prop_assert_eq!(ansi.out().text(), wanted);
                }
            }
        }
    }

    #[test]
    fn wrapped_lines_fit_and_lose_nothing_but_spaces(text in "[ab \n]{0,40}", width in 1..12_u16) {
        let lines: Vec<&str> = wrap(&text, width).collect();
        prop_assert!(lines.iter().all(|line| line.chars().count() <= usize::from(width)));
        let letters = |text: &str| text.chars().filter(|one| !one.is_whitespace()).collect::<String>();
        prop_assert_eq!(letters(&lines.concat()), letters(&text));
    }

    #[test]
    fn the_selected_item_is_always_seen(length in 0..40_usize, start in 0..50_usize, keys in proptest::collection::vec(0..7_usize, 0..30), rows in 0..12_usize) {
        const KEYS: [Key; 7] = [Key::Up, Key::Down, Key::PageUp, Key::PageDown, Key::Home, Key::End, Key::Tab];
        let mut list = List::new(length, start);
        for key in keys {
            list.press(KEYS[key], rows);
            let seen = list.visible(rows);
            prop_assert!(length == 0 || seen.contains(&list.selected()));
            prop_assert_eq!(seen.len(), length.min(rows.max(1)), "no row is wasted");
            prop_assert!(seen.end <= length);
        }
    }

    #[test]
    fn nothing_is_drawn_outside_however_small_the_screen(rows in 0..4_u16, columns in 0..8_u16, slots in 0..20_usize) {
        let mut canvas = Canvas::new(vec![Slot::EMPTY; slots], Size { columns, rows });
        for (at, size) in [(0, 3), (2, 30), (u16::MAX, 2), (1, u16::MAX)] {
            let size = Size { columns: size, rows: size.min(100) };
            frame(&mut canvas, Area { at: Place::new(at, at), size }, "a title");
            row(&mut canvas, Place::new(at, at), size.columns.min(100), "some text");
            centred(&mut canvas, Place::new(at, at), 7, "some text");
        }
        let held = canvas.size();
        let mut ansi = Ansi::new(Terminal::new(usize::from(rows.max(1)), usize::from(columns.max(1))), held, Glyphs::Ascii, Colours::None);
        canvas.send(&mut ansi);
        prop_assert!(usize::from(held.rows) * usize::from(held.columns) <= slots);
    }
}
