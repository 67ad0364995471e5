//! Text inside a JSON string.

use core::fmt::{self, Write};

/// Displays something as the inside of a JSON string: quotes, backslashes and control characters escaped
/// (RFC 8259, section 7).
pub struct JsonText<'a>(pub &'a dyn fmt::Display);

impl fmt::Display for JsonText<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaper(out), "{}", self.0)
    }
}

struct Escaper<'f, 'o>(&'f mut fmt::Formatter<'o>);

impl Write for Escaper<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '"' => self.0.write_str("\\\"")?,
                '\\' => self.0.write_str("\\\\")?,
                control if control < ' ' => write!(self.0, "\\u{:04x}", u32::from(control))?,
                other => self.0.write_char(other)?,
            }
        }
        Ok(())
    }
}
