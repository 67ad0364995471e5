//! The screens and keyboards of the machine as one [`Console`]: the firmware's console, and the first serial port where
//! the firmware does not show its console there.
//!
//! A page is drawn into a canvas, and only its changes go out: a firmware's console is slow, and so is a serial line.
//! Keys come from both; what a terminal sends as escape sequences is understood on either, because firmware passes on
//! those that it does not know.
//!
//! Whoever prints past this console, as the loader does on its way to the kernel, must find a roll: see
//! [`Console::roll`].

mod keyboard;
mod screen;
mod timer;

extern crate alloc;

use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;

use arrayvec::ArrayString;
use xtldr::console::{Console, Wait};
use xtterm::draw::{Canvas, Cursor, Size, Slot, Style, Surface};
use xtterm::key::Key;

use keyboard::Keyboard;
use screen::Screens;

/// What a terminal has that cannot be asked.
const USUAL: Size = Size { columns: 80, rows: 24 };
/// The most cells that a page has; a larger screen keeps the rest empty.
const LARGEST: Size = Size { columns: 132, rows: 50 };

/// The console.
pub(super) struct Terminal {
    state: RefCell<State>,
}

struct State {
    canvas: Canvas<Vec<Slot>>,
    screens: Screens,
    keyboard: Keyboard,
    mode: Mode,
    /// Printed and not shown yet: firmware prints a line much faster than its characters.
    printed: ArrayString<256>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Page,
    Roll,
}

impl Terminal {
    /// Takes over the console in whatever state it is, as a roll.
    pub(super) fn find() -> Self {
        let screens = Screens::find();
        let size = screens.size();
        let cells = usize::from(size.columns) * usize::from(size.rows);
        let state = State {
            canvas: Canvas::new(vec![Slot::EMPTY; cells], size),
            keyboard: Keyboard::find(),
            screens,
            mode: Mode::Roll,
            printed: ArrayString::new(),
        };
        Self { state: RefCell::new(state) }
    }
}

impl State {
    fn show(&mut self) {
        match self.mode {
            Mode::Page => self.canvas.send(&mut self.screens),
            Mode::Roll => {
                self.screens.print(&self.printed);
                self.printed.clear();
            }
        }
    }

    fn become_roll(&mut self) {
        if self.mode == Mode::Page {
            self.mode = Mode::Roll;
            self.screens.clear();
            self.screens.cursor(Cursor::Shown);
        }
    }
}

impl Console for Terminal {
    fn size(&self) -> Size {
        self.state.borrow().canvas.size()
    }

    fn page(&self, draw: &mut dyn FnMut(&mut dyn Surface)) {
        let mut state = self.state.borrow_mut();
        if state.mode == Mode::Roll {
            state.printed.clear();
            state.canvas.forget();
            state.mode = Mode::Page;
        }
        state.canvas.clear();
        draw(&mut state.canvas);
    }

    fn roll(&self) {
        let mut state = self.state.borrow_mut();
        state.become_roll();
        state.show();
    }

    fn style(&self, style: Style) {
        let mut state = self.state.borrow_mut();
        state.become_roll();
        state.show();
        state.screens.style(style);
    }

    fn print(&self, text: &str) {
        let mut state = self.state.borrow_mut();
        state.become_roll();
        for character in text.chars() {
            if state.printed.try_push(character).is_err() {
                state.show();
                let _ = state.printed.try_push(character);
            }
            if character == '\n' {
                state.show();
            }
        }
    }

    fn print_over(&self, line: &str, column: usize) {
        let mut state = self.state.borrow_mut();
        state.become_roll();
        state.show();
        state.screens.print_over(line, column);
    }

    fn key(&self, wait: Wait) -> Option<Key> {
        let mut state = self.state.borrow_mut();
        state.show();
        state.keyboard.wait(wait)
    }
}
