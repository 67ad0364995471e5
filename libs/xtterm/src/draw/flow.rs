//! Text that comes a character at a time, in rows that end between words.
//!
//! A screen that shows why a machine stops must not keep a word back until it is whole: what it waits for may never come. So
//! a word stands in the row that it begins in until it turns out not to fit there; then it moves.
//!
//! ```text
//!   *** double fault at 0xfffff8          *** double fault at
//!                                   ->        0xfffff80_
//! ```

use core::ops::Range;

/// Where the characters of a line go, in rows of so many columns.
///
/// A row ends behind its last word that fits it whole. A word that is longer than a row is cut where the row ends. Blanks at
/// which a row ends are not shown. Each character costs a few comparisons, whatever came before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flow {
    columns: usize,
    /// The last column at which rows may go on.
    deepest: usize,
    /// Where the next character goes.
    column: usize,
    /// Where rows go on.
    hang: usize,
    /// What would move: where the row's last word begins, if it is not the first one.
    moves: Option<usize>,
    /// Words that have begun; nobody asks for more than the second one.
    words: u8,
    /// Whether the next letter begins a word.
    between: bool,
}

/// What a character does to the rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// It goes to this column.
    Here(usize),
    /// The row ends. What stands in columns `moves` goes to the next row, at column `to`, and the character behind it.
    Next {
        /// Up to the end of the row; often empty.
        moves: Range<usize>,
        /// Where the next row begins.
        to: usize,
    },
    /// It is a blank at which a row ends.
    Nowhere,
}

impl Flow {
    /// Begins a line whose rows all start at the left. No columns count as one.
    #[must_use]
    pub const fn flush(columns: usize) -> Self {
        let columns = if columns == 0 { 1 } else { columns };
        Self { columns, deepest: 0, column: 0, hang: 0, moves: None, words: 0, between: true }
    }

    /// Begins a line whose rows go on below its second word, as the first one mostly says what the others are; below the first
    /// one where the second one stands behind the first quarter of the columns; and at the left where that one does.
    #[must_use]
    pub const fn hanging(columns: usize) -> Self {
        let flush = Self::flush(columns);
        Self { deepest: flush.columns / 4, ..flush }
    }

    /// Begins the next line.
    pub const fn restart(&mut self) {
        *self = Self { deepest: self.deepest, ..Self::flush(self.columns) };
    }

    /// Returns how many columns a row has.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// Returns the column behind the last character: that of the next one, unless the row is full.
    #[must_use]
    pub const fn column(&self) -> usize {
        self.column
    }

    /// Takes the next character of the line.
    pub fn put(&mut self, character: char) -> Step {
        let is_full = self.column == self.columns;
        let begins = self.between && character != ' ';
        self.between = character == ' ';
        if is_full && self.between {
            return Step::Nowhere;
        }
        if is_full {
            // A word that would not come to stand farther to the left is cut where it is.
            let word = self.moves.take().filter(|from| !begins && *from > self.hang);
            let from = word.unwrap_or(self.columns);
            self.column = self.hang + (self.columns - from) + 1;
            // The rest of the line hangs as this row does.
            self.words = 2;
            return Step::Next { moves: from..self.columns, to: self.hang };
        }
        if begins {
            self.moves = (self.words > 0).then_some(self.column);
            self.words = self.words.saturating_add(1);
            if self.words <= 2 && self.column <= self.deepest {
                self.hang = self.column;
            }
        }
        self.column += 1;
        Step::Here(self.column - 1)
    }
}
