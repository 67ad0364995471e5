//! Formatted text on a console's roll.

use core::fmt;

use super::Console;

/// Prints at once and never fails.
#[derive(Clone, Copy)]
pub struct Printer<'c>(pub &'c dyn Console);

impl fmt::Write for Printer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.print(text);
        Ok(())
    }
}
