//! A console with a script: keys in, a screen of text out.

use std::cell::RefCell;
use std::collections::VecDeque;

use xtldr::console::{Console, Wait};
use xtterm::draw::{Canvas, Size, Slot, Style, Surface};
use xtterm::key::Key;

/// What happens while a key is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    /// A key is pressed.
    Press(Key),
    /// The time that was waited for goes by.
    Elapse,
}

/// A screen and somebody before it. What was to be seen whenever a key was waited for is kept.
pub(crate) struct Script {
    state: RefCell<State>,
}

struct State {
    canvas: Canvas<Vec<Slot>>,
    /// The roll's lines since the beginning, the last one unfinished.
    roll: Vec<String>,
    cursor: usize,
    mode: Mode,
    events: VecDeque<Event>,
    seen: Vec<String>,
    waits: Vec<Wait>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Page,
    Roll,
}

impl Script {
    pub(crate) fn new(rows: u16, columns: u16, events: impl IntoIterator<Item = Event>) -> Self {
        let slots = vec![Slot::EMPTY; usize::from(rows) * usize::from(columns)];
        let state = State {
            canvas: Canvas::new(slots, Size { columns, rows }),
            roll: vec![String::new()],
            cursor: 0,
            mode: Mode::Roll,
            events: events.into_iter().collect(),
            seen: Vec::new(),
            waits: Vec::new(),
        };
        Self { state: RefCell::new(state) }
    }

    /// Somebody who types lines on a screen of the usual size.
    pub(crate) fn typing(lines: &[&str]) -> Self {
        let keys = lines.iter().flat_map(|line| line.chars().map(Key::Char).chain([Key::Enter]));
        Self::new(25, 80, keys.map(Event::Press).collect::<Vec<_>>())
    }

    /// Presses keys on a screen of the usual size.
    pub(crate) fn pressing(keys: impl IntoIterator<Item = Key>) -> Self {
        Self::new(25, 80, keys.into_iter().map(Event::Press).collect::<Vec<_>>())
    }

    /// Returns every screen that was to be seen, lines without the spaces at their ends.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.state.borrow().seen.clone()
    }

    /// Returns the last of them.
    pub(crate) fn last_seen(&self) -> String {
        self.state.borrow().seen.last().cloned().expect("nothing was waited for")
    }

    /// Returns everything that was printed on the roll.
    pub(crate) fn printed(&self) -> String {
        self.state.borrow().roll.join("\n")
    }

    /// Returns how long keys were waited for.
    pub(crate) fn waits(&self) -> Vec<Wait> {
        self.state.borrow().waits.clone()
    }
}

impl State {
    fn screen(&self) -> String {
        let mut lines = Vec::new();
        match self.mode {
            Mode::Page => self.canvas.rows(|row| lines.push(row.collect::<String>().trim_end().to_owned())),
            Mode::Roll => {
                let rows = usize::from(self.canvas.size().rows);
                lines.extend_from_slice(&self.roll[self.roll.len().saturating_sub(rows)..]);
            }
        }
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines.join("\n")
    }

    fn last(&mut self) -> &mut String {
        self.roll.last_mut().unwrap()
    }
}

impl Console for Script {
    fn size(&self) -> Size {
        self.state.borrow().canvas.size()
    }

    fn page(&self, draw: &mut dyn FnMut(&mut dyn Surface)) {
        let mut state = self.state.borrow_mut();
        state.mode = Mode::Page;
        state.canvas.clear();
        draw(&mut state.canvas);
    }

    fn roll(&self) {
        self.print("");
    }

    fn style(&self, _: Style) {
        self.roll();
    }

    fn print(&self, text: &str) {
        let mut state = self.state.borrow_mut();
        state.mode = Mode::Roll;
        let columns = usize::from(state.canvas.size().columns);
        for one in text.chars() {
            if one == '\n' {
                state.roll.push(String::new());
            } else {
                assert!(!one.is_control(), "{one:?} printed");
                if state.last().chars().count() == columns {
                    state.roll.push(String::new());
                }
                state.last().push(one);
            }
        }
    }

    fn print_over(&self, line: &str, column: usize) {
        let mut state = self.state.borrow_mut();
        state.mode = Mode::Roll;
        assert!(line.chars().count() < usize::from(state.canvas.size().columns), "{line:?} fills the line");
        assert!(column <= line.chars().count(), "the cursor stands beside {line:?}");
        state.last().clear();
        state.last().push_str(line);
        state.cursor = column;
    }

    fn key(&self, wait: Wait) -> Option<Key> {
        let mut state = self.state.borrow_mut();
        let screen = state.screen();
        state.seen.push(screen);
        state.waits.push(wait);
        match state.events.pop_front().expect("a key was waited for that nobody presses") {
            Event::Press(key) => Some(key),
            Event::Elapse => {
                assert_ne!(wait, Wait::Forever, "nothing elapses");
                None
            }
        }
    }
}
