//! What is drawn on: the firmware's console, and a serial terminal beside it.

use core::fmt::Write;

use uefi::proto::console::text::{Color, Output};
use uefi::{CStr16, cstr16};
use xtldr::arch::SerialPort;
use xtterm::draw::{Ansi, Colours, Cursor, Glyphs, Place, Size, Style, Surface, ascii, glyph};

use super::{LARGEST, USUAL};
use crate::platform::console::{is_on_first_serial_port, output};

/// Characters that are given to the firmware at once.
const PIECE: usize = 128;

/// Both screens; each shows the same.
///
/// A terminal on a serial line has 24 rows of 80 columns as far as anybody knows, whatever the firmware's mode says, and
/// firmware sends it lines and arrows in a code page of its own. So where the console is seen on the serial line too,
/// the page keeps to that size and to ASCII lines.
pub(super) struct Screens {
    size: Size,
    glyphs: Glyphs,
    /// The port, where the firmware's console is not shown on it.
    serial: Option<Ansi<SerialPort>>,
    /// Characters of the line that [`Screens::print_over`] has drawn.
    over: usize,
}

impl Screens {
    pub(super) fn find() -> Self {
        let port = SerialPort::first();
        let mirrored = is_on_first_serial_port(cstr16!("ConOut"));
        let serial = (port != SerialPort::Absent && !mirrored)
            .then(|| Ansi::new(port, USUAL, Glyphs::Ascii, Colours::Eight));
        let mode = output(|out| out.current_mode().ok().flatten()).flatten();
        let limit = if mirrored || serial.is_some() { USUAL } else { LARGEST };
        let glyphs = if mirrored { Glyphs::Ascii } else { Glyphs::Unicode };
        let least = |found: usize, limit: u16| u16::try_from(found).unwrap_or(limit).min(limit);
        let size = mode.map_or(USUAL, |mode| Size {
            columns: least(mode.columns(), limit.columns),
            rows: least(mode.rows(), limit.rows),
        });
        Self { size, glyphs, serial, over: 0 }
    }

    /// Prints at the end of the roll.
    pub(super) fn print(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let mut lines = text.split('\n');
        self.write(lines.next().unwrap_or_default());
        for line in lines {
            self.new_line();
            self.write(line);
        }
        self.over = 0;
    }

    /// Replaces the last line of the roll.
    pub(super) fn print_over(&mut self, line: &str, column: usize) {
        let length = line.chars().count();
        let stale = self.over.saturating_sub(length);
        self.over = length;
        output(|out| {
            let row = out.cursor_position().1;
            // A firmware that cannot place its cursor shows lines one behind another.
            let _ = out.set_cursor_position(0, row);
            write_out(out, self.glyphs, line);
            (0..stale).for_each(|_| write_out(out, self.glyphs, " "));
            let _ = out.set_cursor_position(column, row);
            let _ = out.enable_cursor(true);
        });
        if let Some(serial) = &mut self.serial {
            let port = serial.out();
            let _ = port.write_str("\r");
            write_ascii(port, line);
            let _ = port.write_str("\x1b[K\r");
            if column > 0 {
                let _ = write!(port, "\x1b[{column}C");
            }
        }
    }

    fn write(&mut self, text: &str) {
        output(|out| write_out(out, self.glyphs, text));
        if let Some(serial) = &mut self.serial {
            write_ascii(serial.out(), text);
        }
    }

    fn new_line(&mut self) {
        output(|out| out.output_string(cstr16!("\r\n")));
        if let Some(serial) = &mut self.serial {
            let _ = serial.out().write_str("\r\n");
        }
    }
}

fn write_ascii(port: &mut SerialPort, text: &str) {
    for character in text.chars().map(ascii) {
        let _ = port.write_char(character);
    }
}

/// Writes characters, none of which moves the cursor in another way than by a cell.
fn write_out(out: &mut Output, glyphs: Glyphs, text: &str) {
    let mut characters = text.chars().map(|character| unit(character, glyphs)).peekable();
    while characters.peek().is_some() {
        // The zero behind the last one ends the piece.
        let mut piece = [0; PIECE + 1];
        for (place, unit) in piece.iter_mut().take(PIECE).zip(characters.by_ref()) {
            *place = unit;
        }
        if let Ok(piece) = CStr16::from_u16_until_nul(&piece) {
            // A console that refuses shows less.
            let _ = out.output_string(piece);
        }
    }
}

/// Returns the UCS-2 form of a character as a cell shows it.
fn unit(character: char, glyphs: Glyphs) -> u16 {
    let shown = match character {
        // Letters are left to the firmware, which knows its terminal's.
        '\u{100}'.. if glyphs == Glyphs::Ascii => ascii(character),
        // Fonts of firmware have Latin letters, lines, blocks and arrows, and none of these.
        '\u{A0}' | '\u{2010}'..='\u{205E}' => ascii(character),
        _ => glyph(character),
    };
    u16::try_from(u32::from(shown)).unwrap_or(u16::from(b'?'))
}

impl Surface for Screens {
    fn size(&self) -> Size {
        self.size
    }

    fn clear(&mut self) {
        self.over = 0;
        self.style(Style::Plain);
        output(Output::clear);
        if let Some(serial) = &mut self.serial {
            serial.forget();
            serial.clear();
        }
    }

    fn place(&mut self, at: Place) {
        output(|out| out.set_cursor_position(usize::from(at.column), usize::from(at.row)));
        if let Some(serial) = &mut self.serial {
            serial.place(at);
        }
    }

    fn style(&mut self, style: Style) {
        let (ink, paper) = match style {
            Style::Plain => (Color::LightGray, Color::Black),
            Style::Title => (Color::White, Color::Black),
            Style::Selected => (Color::Black, Color::LightGray),
            Style::Muted => (Color::Cyan, Color::Black),
            Style::Alert => (Color::Yellow, Color::Black),
            Style::Field => (Color::Black, Color::Cyan),
        };
        output(|out| out.set_color(ink, paper));
        if let Some(serial) = &mut self.serial {
            serial.style(style);
        }
    }

    fn text(&mut self, text: &str) {
        output(|out| write_out(out, self.glyphs, text));
        if let Some(serial) = &mut self.serial {
            serial.text(text);
        }
    }

    fn cursor(&mut self, cursor: Cursor) {
        output(|out| out.enable_cursor(cursor == Cursor::Shown));
        if let Some(serial) = &mut self.serial {
            serial.cursor(cursor);
        }
    }
}
