//! The terminal at the other end of the guest's serial line.

use std::fmt::Write as _;
use std::num::NonZeroU16;

/// Rows and columns: enough for every text mode of the firmware.
const ROWS: NonZeroU16 = NonZeroU16::new(60).unwrap();
const COLUMNS: NonZeroU16 = NonZeroU16::new(160).unwrap();

/// A terminal that shows what it is sent.
pub(super) struct Terminal {
    parser: vt100::Parser,
}

impl Terminal {
    pub(super) fn new() -> Self {
        Self { parser: vt100::Parser::new(ROWS, COLUMNS, 0) }
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
        let mut rows: Vec<String> =
            self.parser.screen().rows(0, COLUMNS.get()).map(|row| row.trim_end().to_owned()).collect();
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
