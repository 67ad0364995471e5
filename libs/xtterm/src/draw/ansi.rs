//! Terminals, drawn on with the sequences that a VT100 knows (ECMA-48: CUP, ED, SGR) and two that it ignores: colours, and
//! showing or hiding the cursor (VT220's DECTCEM).

use core::fmt::Write;

use super::{Cursor, Glyphs, Place, Size, Style, Surface, ascii, glyph};

/// Whether a terminal has colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Colours {
    /// It has the eight of ECMA-48.
    Eight,
    /// Bold and reverse video only.
    None,
}

/// A terminal at the end of `W`.
///
/// It remembers place, style and cursor, and sends nothing to change what is so already. What `W` refuses to write is
/// lost: a screen is no place to report errors of the screen.
#[derive(Debug)]
pub struct Ansi<W> {
    out: W,
    size: Size,
    glyphs: Glyphs,
    colours: Colours,
    /// Where the next character shall be drawn, and how.
    place: Place,
    style: Style,
    /// What the terminal is known to have.
    sent: Sent,
}

/// `None` where nobody knows.
#[derive(Debug, Default)]
struct Sent {
    place: Option<Place>,
    style: Option<Style>,
    cursor: Option<Cursor>,
}

impl<W: Write> Ansi<W> {
    /// Takes a terminal in any state; the first [`Surface::clear`] makes it a known one.
    pub fn new(out: W, size: Size, glyphs: Glyphs, colours: Colours) -> Self {
        let (place, style) = (Place::default(), Style::Plain);
        Self { out, size, glyphs, colours, place, style, sent: Sent::default() }
    }

    /// Forgets what the terminal has, because somebody else has written to it.
    pub fn forget(&mut self) {
        self.sent = Sent::default();
    }

    /// Returns what it writes to. Who writes anything there must [`Ansi::forget`] afterwards.
    pub fn out(&mut self) -> &mut W {
        &mut self.out
    }

    fn move_to(&mut self, place: Place) {
        if self.sent.place == Some(place) {
            return;
        }
        // Terminals count from one.
        let (row, column) = (u32::from(place.row) + 1, u32::from(place.column) + 1);
        let _ = write!(self.out, "\x1b[{row};{column}H");
        self.sent.place = Some(place);
    }

    fn set_style(&mut self, style: Style) {
        if self.sent.style == Some(style) {
            return;
        }
        // Bold and reverse come first: they alone must tell one style from another.
        let (rendition, colour) = match style {
            Style::Plain => ("", ""),
            Style::Title => (";1", ";36"),
            Style::Selected => (";7", ""),
            Style::Muted => ("", ";36"),
            Style::Alert => (";1", ";33"),
            Style::Field => (";7", ";36"),
        };
        let colour = if self.colours == Colours::Eight { colour } else { "" };
        let _ = write!(self.out, "\x1b[0{rendition}{colour}m");
        self.sent.style = Some(style);
    }
}

impl<W: Write> Surface for Ansi<W> {
    fn size(&self) -> Size {
        self.size
    }

    fn clear(&mut self) {
        self.sent.style = None;
        self.style(Style::Plain);
        self.set_style(Style::Plain);
        let _ = self.out.write_str("\x1b[2J");
        self.sent.place = None;
        self.place(Place::default());
    }

    fn place(&mut self, at: Place) {
        self.place = at;
    }

    fn style(&mut self, style: Style) {
        self.style = style;
    }

    fn text(&mut self, text: &str) {
        if self.place.row >= self.size.rows {
            return;
        }
        let room = usize::from(self.size.columns.saturating_sub(self.place.column));
        for character in text.chars().take(room) {
            let character = match self.glyphs {
                Glyphs::Unicode => glyph(character),
                Glyphs::Ascii => ascii(character),
            };
            self.move_to(self.place);
            self.set_style(self.style);
            let _ = self.out.write_char(character);
            self.place.column += 1;
            // Behind the last column some terminals wait and others have gone on.
            self.sent.place = if self.place.column < self.size.columns { Some(self.place) } else { None };
        }
    }

    fn cursor(&mut self, cursor: Cursor) {
        if cursor == Cursor::Shown {
            // Behind the last column there is no place for it.
            let row = self.place.row.min(self.size.rows.saturating_sub(1));
            let column = self.place.column.min(self.size.columns.saturating_sub(1));
            self.move_to(Place::new(row, column));
        }
        if self.sent.cursor != Some(cursor) {
            let _ = self.out.write_str(match cursor {
                Cursor::Shown => "\x1b[?25h",
                Cursor::Hidden => "\x1b[?25l",
            });
            self.sent.cursor = Some(cursor);
        }
    }
}
