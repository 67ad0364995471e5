//! A screen in memory, and the differences between it and the one that is to be seen.

use arrayvec::ArrayString;

use super::{Cursor, Place, Size, Style, Surface, glyph};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Cell {
    glyph: char,
    style: Style,
}

const EMPTY: Cell = Cell { glyph: ' ', style: Style::Plain };

/// The memory of one cell of a [`Canvas`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot {
    wanted: Cell,
    shown: Cell,
}

impl Slot {
    /// An empty cell.
    pub const EMPTY: Self = Self { wanted: EMPTY, shown: EMPTY };
}

/// A surface that draws into memory of its owner (`[Slot; N]`, `&mut [Slot]`, or whatever else is a slice of slots) and
/// sends what has changed when it is told to.
///
/// The last cell of the last row is never sent, since many terminals scroll when it is filled.
#[derive(Debug)]
pub struct Canvas<C> {
    slots: C,
    size: Size,
    place: Place,
    style: Style,
    cursor: Cursor,
    screen: Screen,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Screen {
    /// Shows what the slots say.
    Known,
    /// Shows anything.
    Unknown,
}

/// Bytes collected before they are sent: a row of a usual screen.
type Piece = ArrayString<160>;

impl<C: AsRef<[Slot]> + AsMut<[Slot]>> Canvas<C> {
    /// Makes a canvas of `size`, with fewer rows where there are too few slots.
    pub fn new(slots: C, size: Size) -> Self {
        let possible = slots.as_ref().len().checked_div(usize::from(size.columns)).unwrap_or(0);
        let rows = size.rows.min(u16::try_from(possible).unwrap_or(u16::MAX));
        let mut canvas = Self {
            slots,
            size: Size { rows, ..size },
            place: Place::default(),
            style: Style::Plain,
            cursor: Cursor::Hidden,
            screen: Screen::Unknown,
        };
        canvas.clear();
        canvas
    }

    /// Forgets what the screen shows, because somebody else has drawn on it. The next [`Canvas::send`] clears it first.
    pub fn forget(&mut self) {
        self.screen = Screen::Unknown;
    }

    /// Makes `to` show what the canvas shows. Linear in the cells; what is sent depends on the changes alone.
    pub fn send(&mut self, to: &mut dyn Surface) {
        if self.screen == Screen::Unknown {
            to.clear();
            self.slots.as_mut().iter_mut().for_each(|slot| slot.shown = EMPTY);
            self.screen = Screen::Known;
        }
        to.cursor(Cursor::Hidden);
        let columns = usize::from(self.size.columns);
        let last = (usize::from(self.size.rows) * columns).saturating_sub(1);
        let slots = self.slots.as_mut().get_mut(..last).unwrap_or_default();
        for (row, slots) in (0..).zip(slots.chunks_mut(columns.max(1))) {
            send_row(row, slots, to);
        }
        to.place(self.place);
        to.cursor(self.cursor);
    }

    /// Calls `each` for the rows from the top, with their characters.
    pub fn rows(&self, mut each: impl FnMut(&mut dyn Iterator<Item = char>)) {
        let columns = usize::from(self.size.columns);
        let rows = self.slots.as_ref().chunks_exact(columns.max(1));
        for row in rows.take(usize::from(self.size.rows)) {
            each(&mut row.iter().map(|slot| slot.wanted.glyph));
        }
    }
}

/// Sends the changed cells of a row, neighbours of one style together.
fn send_row(row: u16, slots: &mut [Slot], to: &mut dyn Surface) {
    let mut piece = Piece::new();
    let mut style = Style::Plain;
    let mut next = None;
    for (column, slot) in (0..).zip(slots) {
        if slot.wanted == slot.shown {
            continue;
        }
        slot.shown = slot.wanted;
        let Cell { glyph, style: wanted } = slot.wanted;
        let follows =
            next == Some(column) && wanted == style && piece.remaining_capacity() >= glyph.len_utf8();
        if !follows {
            flush(&mut piece, to);
            style = wanted;
            to.place(Place::new(row, column));
            to.style(style);
        }
        let _ = piece.try_push(glyph);
        next = Some(column + 1);
    }
    flush(&mut piece, to);
}

fn flush(piece: &mut Piece, to: &mut dyn Surface) {
    if !piece.is_empty() {
        to.text(piece);
        piece.clear();
    }
}

impl<C: AsRef<[Slot]> + AsMut<[Slot]>> Surface for Canvas<C> {
    fn size(&self) -> Size {
        self.size
    }

    fn clear(&mut self) {
        self.slots.as_mut().iter_mut().for_each(|slot| slot.wanted = EMPTY);
        self.place = Place::default();
        self.style = Style::Plain;
    }

    fn place(&mut self, at: Place) {
        self.place = at;
    }

    fn style(&mut self, style: Style) {
        self.style = style;
    }

    fn text(&mut self, text: &str) {
        let room = self.size.columns.saturating_sub(self.place.column);
        if self.place.row >= self.size.rows {
            return;
        }
        let first =
            usize::from(self.place.row) * usize::from(self.size.columns) + usize::from(self.place.column);
        let slots = self.slots.as_mut().iter_mut().skip(first).take(usize::from(room));
        for (slot, character) in slots.zip(text.chars()) {
            slot.wanted = Cell { glyph: glyph(character), style: self.style };
            self.place.column += 1;
        }
    }

    fn cursor(&mut self, cursor: Cursor) {
        self.cursor = cursor;
    }
}
