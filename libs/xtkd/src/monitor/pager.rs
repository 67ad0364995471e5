//! Text a page at a time.

use core::fmt::{self, Write};

use xtterm::key::Key;

use super::keys::{Keys, Terminal};

/// How much comes at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paging {
    /// All of it.
    Whole,
    /// As many lines; then somebody has to press a key.
    Lines(usize),
}

const MORE: &str = "-- more --";

/// Writes to a terminal, ends lines as terminals want it, and stops at the end of each page until a key is pressed: `q`,
/// Escape and Control-C end it, any other key goes on.
pub(super) struct Pager<'a> {
    terminal: &'a mut dyn Terminal,
    keys: &'a mut Keys,
    paging: Paging,
    /// Lines on this page.
    shown: usize,
}

impl<'a> Pager<'a> {
    pub(super) fn new(terminal: &'a mut dyn Terminal, keys: &'a mut Keys, paging: Paging) -> Self {
        Self { terminal, keys, paging, shown: 0 }
    }

    fn end_line(&mut self) -> fmt::Result {
        self.terminal.write_str("\r\n")?;
        self.shown += 1;
        match self.paging {
            Paging::Lines(lines) if self.shown >= lines => {}
            _ => return Ok(()),
        }
        self.terminal.write_str(MORE)?;
        let key = self.keys.press(self.terminal);
        write!(self.terminal, "\r{:width$}\r", "", width = MORE.len())?;
        self.shown = 0;
        match key {
            Some(Key::Char('q' | 'Q') | Key::Escape | Key::Ctrl('c')) | None => Err(fmt::Error),
            Some(_) => Ok(()),
        }
    }
}

impl Write for Pager<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for line in text.split_inclusive('\n') {
            match line.strip_suffix('\n') {
                Some(line) => {
                    self.terminal.write_str(line)?;
                    self.end_line()?;
                }
                None => self.terminal.write_str(line)?,
            }
        }
        Ok(())
    }
}
