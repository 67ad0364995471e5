//! A text console on the linear framebuffer.
//!
//! The framebuffer is write-combining memory: fast to write, very slow to read. So the text is kept in a grid of
//! its own, and scrolling draws the cells that changed instead of moving pixels. It scrolls by half of
//! what scrolls, because drawing most of the cells anew for each line would be what a boot spends most of its time on.
//!
//! Lines that are longer than a row are broken between words ([`Flow`]); a word that does not fit moves when that shows, so each
//! character is on the screen as soon as it is written.
#![allow(unsafe_code, reason = "pixels are written through the framebuffer's address")]

use core::fmt;

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};
use spin::{Mutex, MutexGuard};
use xtboot::block::{Framebuffer, PixelFormat};
use xtterm::draw::{Flow, Step};

const WEIGHT: FontWeight = FontWeight::Regular;
const HEIGHT: RasterHeight = RasterHeight::Size16;
const CELL_WIDTH: usize = get_raster_width(WEIGHT, HEIGHT);
const CELL_HEIGHT: usize = HEIGHT.val();

/// Lines of pixels at the foot of a cell that make a cursor.
const CURSOR_HEIGHT: usize = 2;

const COLUMNS: usize = 192;
const ROWS: usize = 64;

/// A colour, 8 bits each.
#[derive(Clone, Copy, Debug)]
struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

const LOG_PAPER: Colour = Colour { red: 12, green: 14, blue: 20 };
const STOP_PAPER: Colour = Colour { red: 0, green: 40, blue: 120 };
const INK: Colour = Colour { red: 225, green: 228, blue: 232 };

/// The pixels.
#[derive(Clone, Copy, Debug)]
struct Canvas {
    first: *mut u32,
    width: usize,
    height: usize,
    stride: usize,
    format: PixelFormat,
}

// SAFETY: the pointer leads to device memory that stays mapped; whoever holds the canvas may write to it.
unsafe impl Send for Canvas {}

impl Canvas {
    /// Returns a colour as the framebuffer wants it.
    fn pixel(&self, colour: Colour) -> u32 {
        let (red, green, blue) = (u32::from(colour.red), u32::from(colour.green), u32::from(colour.blue));
        match self.format {
            PixelFormat::Rgb => red | green << 8 | blue << 16,
            PixelFormat::Bgr => blue | green << 8 | red << 16,
        }
    }

    fn set(&self, x: usize, y: usize, pixel: u32) {
        if x >= self.width || y >= self.height {
            return;
        }
        // SAFETY: x and y lie inside the picture, so the offset is below stride times height pixels, all mapped.
        let place = unsafe { self.first.add(y * self.stride + x) };
        // SAFETY: a mapped pixel of the framebuffer, aligned to its four bytes.
        unsafe { place.write_volatile(pixel) };
    }
}

/// A text console.
pub(crate) struct Screen {
    canvas: Canvas,
    /// The characters on the screen.
    cells: &'static mut Cells,
    /// Where the characters of the current line go.
    flow: Flow,
    rows: usize,
    row: usize,
    /// Rows at the top that do not scroll.
    pinned: usize,
    /// The column and the row where a cursor is drawn.
    cursor: Option<(usize, usize)>,
    paper: Colour,
}

type Cells = [[u8; COLUMNS]; ROWS];

/// The characters on the screen, for the one console that takes them. Apart from it, because ten kilobytes do not belong on a
/// kernel stack.
static CELLS: Mutex<Cells> = Mutex::new([[b' '; COLUMNS]; ROWS]);

impl Screen {
    /// Opens a console on a framebuffer, or returns `None` when it has no room for a character, an unknown format, or a
    /// base that is not a multiple of a pixel's four bytes, or when there is a console already.
    ///
    /// # Safety
    /// `framebuffer.base` must be where `height` lines of `stride` pixels of four bytes are mapped, writable, for good,
    /// and a line must not be wider than `stride`.
    pub(crate) unsafe fn new(framebuffer: &Framebuffer) -> Option<Self> {
        let format = match framebuffer.format {
            0 => PixelFormat::Rgb,
            1 => PixelFormat::Bgr,
            _ => return None,
        };
        let first: *mut u32 = core::ptr::with_exposed_provenance_mut(usize::try_from(framebuffer.base).ok()?);
        if !first.is_aligned() {
            return None;
        }
        let canvas = Canvas {
            first,
            width: framebuffer.width as usize,
            height: framebuffer.height as usize,
            stride: framebuffer.stride as usize,
            format,
        };
        let columns = (canvas.width / CELL_WIDTH).min(COLUMNS);
        let rows = (canvas.height / CELL_HEIGHT).min(ROWS);
        if columns == 0 || rows == 0 {
            return None;
        }
        let cells = MutexGuard::leak(CELLS.try_lock()?);
        let mut screen = Self {
            canvas,
            cells,
            flow: Flow::hanging(columns),
            rows,
            row: 0,
            pinned: 0,
            cursor: None,
            paper: LOG_PAPER,
        };
        screen.clear();
        Some(screen)
    }

    /// Keeps what is on the screen so far where it is, and scrolls below it, if that leaves half of the screen; the
    /// first time after a clearing counts.
    pub(crate) const fn pin(&mut self) {
        if self.pinned == 0 && self.row <= self.rows / 2 {
            self.pinned = self.row;
        }
    }

    /// Returns how many characters a row has.
    pub(crate) const fn columns(&self) -> usize {
        self.flow.columns()
    }

    /// Returns how many rows are left before the screen scrolls, the current one included.
    pub(crate) const fn rows_left(&self) -> usize {
        self.rows.saturating_sub(self.row)
    }

    /// Returns how many lines can follow one another and all of them be seen with the one behind them, wherever the
    /// first one begins.
    pub(crate) const fn page(&self) -> usize {
        self.rows.saturating_sub(self.pinned) / 2
    }

    /// Shows where the next character goes, until it comes.
    pub(crate) fn show_cursor(&mut self) {
        let place = (self.flow.column().min(self.columns().saturating_sub(1)), self.row);
        if self.cursor == Some(place) {
            return;
        }
        self.hide_cursor();
        let ink = self.canvas.pixel(INK);
        let (left, foot) = (place.0 * CELL_WIDTH, (place.1 + 1) * CELL_HEIGHT);
        for y in foot - CURSOR_HEIGHT..foot {
            for x in left..left + CELL_WIDTH {
                self.canvas.set(x, y, ink);
            }
        }
        self.cursor = Some(place);
    }

    fn hide_cursor(&mut self) {
        if let Some((column, row)) = self.cursor.take() {
            self.draw(column, row, self.cell(column, row));
        }
    }

    /// Clears to the colours of a bug check.
    pub(crate) fn clear_for_stop(&mut self) {
        self.paper = STOP_PAPER;
        self.clear();
    }

    fn clear(&mut self) {
        let paper = self.canvas.pixel(self.paper);
        for y in 0..self.canvas.height {
            for x in 0..self.canvas.width {
                self.canvas.set(x, y, paper);
            }
        }
        for line in self.cells.iter_mut() {
            line.fill(b' ');
        }
        self.flow.restart();
        (self.row, self.pinned, self.cursor) = (0, 0, None);
    }

    /// Prints a byte of ASCII; others become a question mark. Never inlined: else each loop over a text has all of
    /// it inside.
    #[inline(never)]
    pub(crate) fn put(&mut self, byte: u8) {
        self.hide_cursor();
        match byte {
            b'\r' => self.flow.restart(),
            b'\n' => {
                self.flow.restart();
                self.next_row();
            }
            b' '..=b'~' => self.show(byte),
            _ => self.show(b'?'),
        }
    }

    fn show(&mut self, byte: u8) {
        match self.flow.put(char::from(byte)) {
            Step::Here(column) => self.set_cell(column, self.row, byte),
            Step::Next { moves, to } => {
                // A copy, because the next row may be this one.
                let full = self.cells.get(self.row).copied().unwrap_or([b' '; COLUMNS]);
                let word = full.get(moves.clone()).unwrap_or_default().iter().chain([&byte]);
                moves.for_each(|column| self.set_cell(column, self.row, b' '));
                self.next_row();
                (to..).zip(word).for_each(|(column, byte)| self.set_cell(column, self.row, *byte));
            }
            Step::Nowhere => {}
        }
    }

    fn next_row(&mut self) {
        if self.row + 1 < self.rows {
            self.row += 1;
            return;
        }
        let distance = (self.rows - self.pinned).div_ceil(2);
        for row in self.pinned..self.rows {
            for column in 0..self.columns() {
                let below = if row + distance < self.rows { self.cell(column, row + distance) } else { b' ' };
                self.set_cell(column, row, below);
            }
        }
        self.row = self.rows - distance;
    }

    /// Changes a character. Never inlined: a call is nothing beside the pixels.
    #[inline(never)]
    fn set_cell(&mut self, column: usize, row: usize, byte: u8) {
        let Some(cell) = self.cells.get_mut(row).and_then(|line| line.get_mut(column)) else { return };
        if *cell == byte {
            return;
        }
        *cell = byte;
        self.draw(column, row, byte);
    }

    fn draw(&self, column: usize, row: usize, byte: u8) {
        let Some(raster) = get_raster(char::from(byte), WEIGHT, HEIGHT) else { return };
        for (y, line) in raster.raster().iter().enumerate() {
            for (x, intensity) in line.iter().enumerate() {
                let pixel = self.canvas.pixel(self.blend(*intensity));
                self.canvas.set(column * CELL_WIDTH + x, row * CELL_HEIGHT + y, pixel);
            }
        }
    }

    /// Returns the character in a cell.
    fn cell(&self, column: usize, row: usize) -> u8 {
        self.cells.get(row).and_then(|line| line.get(column)).copied().unwrap_or(b' ')
    }

    /// Mixes ink and paper.
    fn blend(&self, intensity: u8) -> Colour {
        let mix = |ink: u8, paper: u8| {
            let (ink, paper, share) = (u32::from(ink), u32::from(paper), u32::from(intensity));
            ((ink * share + paper * (255 - share)) / 255) as u8
        };
        Colour {
            red: mix(INK.red, self.paper.red),
            green: mix(INK.green, self.paper.green),
            blue: mix(INK.blue, self.paper.blue),
        }
    }
}

impl fmt::Write for Screen {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|byte| self.put(byte));
        Ok(())
    }
}
