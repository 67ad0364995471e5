//! Output longer than the screen, a page at a time.

use core::fmt;

use xtterm::draw::Style;
use xtterm::key::Key;

use super::{Console, Wait};

const PROMPT: &str = "-- more -- (Space: a page, Enter: a line, q: enough)";

/// Prints on a console's roll and waits for a key before text that nobody has read scrolls away.
///
/// Writing fails once the person has had enough, so that whoever writes ends with `?`.
pub struct Pager<'c> {
    console: &'c dyn Console,
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
    /// Starts with a whole page to print. The roll must stand at the beginning of a line.
    #[must_use]
    pub fn new(console: &'c dyn Console) -> Self {
        Self { console, rows: page(console), column: 0, ended: Ended::No }
    }

    fn print(&mut self, text: &str) -> fmt::Result {
        // Asked as late as this, so that output of just a page ends without a question.
        if self.rows == 0 {
            self.ask()?;
        }
        self.console.print(text);
        Ok(())
    }

    fn end_line(&mut self) -> fmt::Result {
        self.print("\n")?;
        self.column = 0;
        self.rows -= 1;
        Ok(())
    }

    fn ask(&mut self) -> fmt::Result {
        let columns = usize::from(self.console.size().columns);
        let prompt = PROMPT.get(..columns.saturating_sub(1)).unwrap_or(PROMPT);
        self.console.style(Style::Title);
        self.console.print_over(prompt, prompt.len());
        self.console.style(Style::Plain);
        self.rows = loop {
            match self.console.key(Wait::Forever) {
                Some(Key::Char('q' | 'Q') | Key::Escape | Key::Ctrl('c')) => {
                    self.ended = Ended::Yes;
                    break 0;
                }
                Some(Key::Enter | Key::Down) => break 1,
                Some(Key::Char(' ') | Key::PageDown) => break page(self.console),
                Some(_) | None => {}
            }
        };
        self.console.print_over("", 0);
        if self.ended == Ended::Yes { Err(fmt::Error) } else { Ok(()) }
    }
}

/// Rows of a page: all but the one with the prompt.
fn page(console: &dyn Console) -> usize {
    usize::from(console.size().rows).saturating_sub(1).max(1)
}

impl fmt::Write for Pager<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.ended == Ended::Yes {
            return Err(fmt::Error);
        }
        let columns = usize::from(self.console.size().columns).max(1);
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.end_line()?;
            }
            let mut rest = line;
            while !rest.is_empty() {
                // The last column stays empty: consoles disagree about where the cursor stands behind it.
                let room = columns.saturating_sub(1).saturating_sub(self.column).max(1);
                let end = rest.char_indices().nth(room).map_or(rest.len(), |(at, _)| at);
                let (piece, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
                self.print(piece)?;
                self.column += piece.chars().count();
                rest = behind;
                if !rest.is_empty() {
                    self.end_line()?;
                }
            }
        }
        Ok(())
    }
}
