//! A screen of characters: what can be drawn on, and what draws.
//!
//! ```text
//!   frame, row, list   ->  Canvas  --only what has changed-->  Ansi     -->  a serial line
//!                                                              or any other Surface
//! ```
//!
//! A [`Surface`] is the small common part of all screens. [`Ansi`] is one, for terminals; [`Canvas`] is one in memory that
//! sends the differences to others. Styles are named by what they mean, and nothing is said by colour alone, so that a
//! terminal without colours shows as much.
//!
//! A [`Flow`] says where the characters of a line go that is longer than a row; [`wrap`] breaks texts with it.
//!
//! ```
//! use xtterm::draw::{Ansi, Canvas, Colours, Glyphs, Place, Size, Slot, Surface, row};
//!
//! const SIZE: Size = Size { columns: 80, rows: 24 };
//! let mut terminal = Ansi::new(String::new(), SIZE, Glyphs::Ascii, Colours::Eight);
//! let mut canvas = Canvas::new([Slot::EMPTY; 80 * 24], SIZE);
//!
//! row(&mut canvas, Place::new(2, 0), 20, "Boots in 10 s");
//! canvas.send(&mut terminal);
//! terminal.out().clear();
//!
//! // A page is drawn again as a whole; only the cells that differ are sent.
//! canvas.clear();
//! row(&mut canvas, Place::new(2, 0), 20, "Boots in 9 s");
//! canvas.send(&mut terminal);
//! assert_eq!(terminal.out(), "\x1b[3;10H9 s ");
//! ```

mod ansi;
mod canvas;
mod flow;
mod frame;
mod glyph;
mod list;
mod text;

pub use ansi::{Ansi, Colours};
pub use canvas::{Canvas, Slot};
pub use flow::{Flow, Step};
pub use frame::frame;
pub use glyph::{Glyphs, ascii, glyph};
pub use list::List;
pub use text::{Lines, centred, row, wrap};

/// How many cells a surface has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    /// Cells of a row.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
}

/// A cell, counted from the upper left, from zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// The row.
    pub row: u16,
    /// The column.
    pub column: u16,
}

impl Place {
    /// Names a cell.
    #[must_use]
    pub const fn new(row: u16, column: u16) -> Self {
        Self { row, column }
    }
}

/// Cells that form a rectangle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Area {
    /// The upper left cell.
    pub at: Place,
    /// How many there are.
    pub size: Size,
}

/// What a text is, which decides how it looks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Style {
    /// Nothing special.
    #[default]
    Plain,
    /// A heading, the name of a key.
    Title,
    /// What Enter would take.
    Selected,
    /// Less important than the rest.
    Muted,
    /// What a person should notice.
    Alert,
    /// Where text is typed.
    Field,
}

/// Whether the cursor is to be seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cursor {
    /// It is.
    Shown,
    /// It is not.
    Hidden,
}

/// A screen of characters.
///
/// Nothing is returned: a screen that is not there or is too small shows less.
pub trait Surface {
    /// Returns how many cells there are.
    fn size(&self) -> Size;

    /// Empties all cells, and goes on at the upper left, in the plain style.
    fn clear(&mut self);

    /// Goes on at `at`.
    fn place(&mut self, at: Place);

    /// Draws in this style from now on.
    fn style(&mut self, style: Style);

    /// Draws characters, one a cell, each as [`glyph`] says; what exceeds the row is cut.
    fn text(&mut self, text: &str);

    /// Shows the cursor where drawing would go on, or hides it.
    fn cursor(&mut self, cursor: Cursor);
}
