//! Output longer than the screen, a page at a time.

use core::cell::Cell;
use core::fmt::{self, Write as _};

use xtterm::draw::Style;
use xtterm::key::Key;

use super::{Console, Wait};

const PROMPT: &str = "-- more -- (Space: a page, Enter: a line, q: enough)";

/// Prints on a console's roll and waits for a key before text that nobody has read scrolls away.
///
/// It is shared by all whose output is read as one: the shell's commands, and the boot modules that they call. It is open
/// while a command runs. Writing fails while it is closed, and once the person has had enough, so that whoever writes ends
/// with `?`.
pub struct Pager<'c> {
    console: &'c dyn Console,
    /// What has been read. Taken out while something is written, so that a writer who comes in the middle of that finds
    /// the pager closed.
    page: Cell<Option<Page>>,
}

/// The page that is being filled.
#[derive(Clone, Copy)]
struct Page {
    /// Rows that may still be printed.
    rows: usize,
    column: usize,
    ended: Ended,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ended {
    No,
    Yes,
}

impl<'c> Pager<'c> {
    /// Makes one that is closed.
    #[must_use]
    pub const fn new(console: &'c dyn Console) -> Self {
        Self { console, page: Cell::new(None) }
    }

    /// Returns the console that it prints on.
    #[must_use]
    pub const fn console(&self) -> &'c dyn Console {
        self.console
    }

    /// Starts with a whole page to print. The roll must stand at the beginning of a line.
    pub fn open(&self) {
        self.page.set(Some(Page { rows: rows(self.console), column: 0, ended: Ended::No }));
    }

    /// Ends the output.
    pub fn close(&self) {
        self.page.set(None);
    }

    /// Prints a line; `None` where the pager is closed.
    pub fn line(&self, line: fmt::Arguments<'_>) -> Option<fmt::Result> {
        self.page.get()?;
        let mut out = self;
        Some(writeln!(out, "{line}"))
    }
}

impl fmt::Write for &Pager<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut page = self.page.take().ok_or(fmt::Error)?;
        let result = page.write(self.console, text);
        self.page.set(Some(page));
        result
    }
}

impl Page {
    fn write(&mut self, console: &dyn Console, text: &str) -> fmt::Result {
        if self.ended == Ended::Yes {
            return Err(fmt::Error);
        }
        let columns = usize::from(console.size().columns).max(1);
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.end_line(console)?;
            }
            let mut rest = line;
            while !rest.is_empty() {
                // The last column stays empty: consoles disagree about where the cursor stands behind it.
                let room = columns.saturating_sub(1).saturating_sub(self.column).max(1);
                let end = rest.char_indices().nth(room).map_or(rest.len(), |(at, _)| at);
                let (piece, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
                self.print(console, piece)?;
                self.column += piece.chars().count();
                rest = behind;
                if !rest.is_empty() {
                    self.end_line(console)?;
                }
            }
        }
        Ok(())
    }

    fn print(&mut self, console: &dyn Console, text: &str) -> fmt::Result {
        // Asked as late as this, so that output of just a page ends without a question.
        if self.rows == 0 {
            self.ask(console)?;
        }
        console.print(text);
        Ok(())
    }

    fn end_line(&mut self, console: &dyn Console) -> fmt::Result {
        self.print(console, "\n")?;
        self.column = 0;
        self.rows -= 1;
        Ok(())
    }

    fn ask(&mut self, console: &dyn Console) -> fmt::Result {
        let columns = usize::from(console.size().columns);
        let prompt = PROMPT.get(..columns.saturating_sub(1)).unwrap_or(PROMPT);
        console.style(Style::Title);
        console.print_over(prompt, prompt.len());
        console.style(Style::Plain);
        self.rows = loop {
            match console.key(Wait::Forever) {
                Some(Key::Char('q' | 'Q') | Key::Escape | Key::Ctrl('c')) => {
                    self.ended = Ended::Yes;
                    break 0;
                }
                Some(Key::Enter | Key::Down) => break 1,
                Some(Key::Char(' ') | Key::PageDown) => break rows(console),
                Some(_) | None => {}
            }
        };
        console.print_over("", 0);
        if self.ended == Ended::Yes { Err(fmt::Error) } else { Ok(()) }
    }
}

/// Rows of a page: all but the one with the prompt.
fn rows(console: &dyn Console) -> usize {
    usize::from(console.size().rows).saturating_sub(1).max(1)
}
