//! Text from outside as part of a message.

use core::fmt;

/// The first characters of a text, and none that would break the line or draw on a
/// terminal.
pub(crate) struct Short<'a>(pub(crate) &'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CHARACTERS: usize = 60;
        for character in self.0.chars().take(CHARACTERS) {
            // Backslashes stay as they are: most of what is quoted are paths.
            if character.is_control() {
                write!(out, "{}", character.escape_default())?;
            } else {
                fmt::Write::write_char(out, character)?;
            }
        }
        out.write_str(if self.0.chars().nth(CHARACTERS).is_some() { "…" } else { "" })
    }
}

/// Short text in quotation marks.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\"{}\"", Short(self.0))
    }
}
