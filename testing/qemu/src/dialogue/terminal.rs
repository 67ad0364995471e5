//! The terminal at the other end of the guest's serial line.

use std::fmt::Write as _;
use std::num::NonZeroU16;

use crate::guest::Graphics;

/// Rows and columns. They must be those of the firmware's console, because a firmware scrolls a terminal only by writing in
/// what it takes for its last row: 80 columns in 25 rows, and on a screen of 800 x 600 or more 100 in 31.
const ALONE: [u16; 2] = [25, 80];
const BESIDE_A_SCREEN: [u16; 2] = [31, 100];

/// A terminal that shows what it is sent.
pub(super) struct Terminal {
    parser: vt100::Parser,
}

impl Terminal {
    /// Connects a terminal to a machine with or without a screen.
    pub(super) fn new(graphics: Graphics) -> Self {
        let size = match graphics {
            Graphics::Card => BESIDE_A_SCREEN,
            Graphics::Absent => ALONE,
        };
        // None of the numbers is 0.
        let [rows, columns] = size.map(|size| NonZeroU16::new(size).unwrap_or(NonZeroU16::MAX));
        Self { parser: vt100::Parser::new(rows, columns, 0) }
    }

    /// Takes in bytes.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
    }

    /// Tells whether words stand in one line of the screen.
    pub(super) fn shows(&self, words: &str) -> bool {
        self.rows().iter().any(|row| row.contains(words))
    }

    /// Returns the lines of the screen, without blanks at their ends, up to the last one that is not empty.
    pub(super) fn rows(&self) -> Vec<String> {
        let (_, columns) = self.parser.screen().size();
        let mut rows: Vec<String> =
            self.parser.screen().rows(0, columns.get()).map(|row| row.trim_end().to_owned()).collect();
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        rows
    }

    /// Returns the screen in a frame, for a message.
    pub(super) fn framed(&self) -> String {
        let mut text = String::from("the screen:");
        for row in self.rows() {
            let _ = write!(text, "\n| {row}");
        }
        text
    }
}
