//! JSON, written member by member: objects and arrays are closures that fill them, so what is opened is closed, and commas
//! stand where they belong.
//!
//! Addresses are text, `"0x…"`, because many a reader's numbers end at 2^53. Text is escaped (RFC 8259, section 7), names are not:
//! they are the program's own.
//!
//! ```
//! use xtkd::json::Writer;
//!
//! let mut line = String::new();
//! Writer::object(&mut line, |stop| {
//!     stop.number("code", 0x7F_u32)?;
//!     stop.text("what", "it said \"no\"")?;
//!     stop.array("frames", |frames| frames.address(0xFFFF_F800_0000_1000))
//! })?;
//! assert_eq!(line, r#"{"code":127,"what":"it said \"no\"","frames":["0xfffff80000001000"]}"#);
//! # Ok::<(), core::fmt::Error>(())
//! ```
//!
//! Why not `serde_json`: without a heap it writes nothing, and `serde-json-core` wants a buffer for the whole text.

use core::fmt::{self, Display, Write};

/// Where a value goes, and whether it is the first one there.
struct Place<'a> {
    out: &'a mut dyn Write,
    is_first: bool,
}

impl Place<'_> {
    /// Separates a value from the one before.
    fn next(&mut self) -> Result<&mut dyn Write, fmt::Error> {
        if !core::mem::take(&mut self.is_first) {
            self.out.write_char(',')?;
        }
        Ok(self.out)
    }

    /// Begins a member.
    fn name(&mut self, name: &'static str) -> Result<&mut dyn Write, fmt::Error> {
        let out = self.next()?;
        write!(out, "\"{name}\":")?;
        Ok(out)
    }
}

/// The outermost value.
#[derive(Debug)]
pub struct Writer;

impl Writer {
    /// Writes an object.
    ///
    /// # Errors
    /// Those of `out` and of `fill`.
    pub fn object(out: &mut dyn Write, fill: impl FnOnce(&mut Object<'_>) -> fmt::Result) -> fmt::Result {
        out.write_char('{')?;
        Self::members(out, fill)?;
        out.write_char('}')
    }

    /// Writes the members of an object that somebody else has opened and will close.
    ///
    /// # Errors
    /// Those of `out` and of `fill`.
    pub fn members(out: &mut dyn Write, fill: impl FnOnce(&mut Object<'_>) -> fmt::Result) -> fmt::Result {
        fill(&mut Object(Place { out, is_first: true }))
    }

    fn array(out: &mut dyn Write, fill: impl FnOnce(&mut Array<'_>) -> fmt::Result) -> fmt::Result {
        out.write_char('[')?;
        fill(&mut Array(Place { out, is_first: true }))?;
        out.write_char(']')
    }
}

/// An object that is being written. Each method writes one member, and fails only where the destination does.
#[allow(missing_debug_implementations, reason = "a destination shows nothing of itself")]
pub struct Object<'a>(Place<'a>);

#[allow(clippy::missing_errors_doc, reason = "said at the type")]
impl Object<'_> {
    /// Writes a number.
    pub fn number(&mut self, name: &'static str, value: impl Into<u64>) -> fmt::Result {
        let value: u64 = value.into();
        write!(self.0.name(name)?, "{value}")
    }

    /// Writes a number that may be negative.
    pub fn signed(&mut self, name: &'static str, value: impl Into<i64>) -> fmt::Result {
        let value: i64 = value.into();
        write!(self.0.name(name)?, "{value}")
    }

    /// Writes a text.
    pub fn text(&mut self, name: &'static str, value: impl Display) -> fmt::Result {
        text(self.0.name(name)?, format_args!("{value}"))
    }

    /// Writes an address, as text.
    pub fn address(&mut self, name: &'static str, value: u64) -> fmt::Result {
        write!(self.0.name(name)?, "\"{value:#x}\"")
    }

    /// Writes whether something is so.
    pub fn flag(&mut self, name: &'static str, value: bool) -> fmt::Result {
        write!(self.0.name(name)?, "{value}")
    }

    /// Writes that something is not there, or not known.
    pub fn null(&mut self, name: &'static str) -> fmt::Result {
        self.0.name(name)?.write_str("null")
    }

    /// Writes an object.
    pub fn object(
        &mut self,
        name: &'static str,
        fill: impl FnOnce(&mut Object<'_>) -> fmt::Result,
    ) -> fmt::Result {
        Writer::object(self.0.name(name)?, fill)
    }

    /// Writes an array.
    pub fn array(
        &mut self,
        name: &'static str,
        fill: impl FnOnce(&mut Array<'_>) -> fmt::Result,
    ) -> fmt::Result {
        Writer::array(self.0.name(name)?, fill)
    }
}

/// An array that is being written. Each method writes one element, and fails only where the destination does.
#[allow(missing_debug_implementations, reason = "a destination shows nothing of itself")]
pub struct Array<'a>(Place<'a>);

#[allow(clippy::missing_errors_doc, reason = "said at the type")]
impl Array<'_> {
    /// Writes a number.
    pub fn number(&mut self, value: impl Into<u64>) -> fmt::Result {
        let value: u64 = value.into();
        write!(self.0.next()?, "{value}")
    }

    /// Writes a text.
    pub fn text(&mut self, value: impl Display) -> fmt::Result {
        text(self.0.next()?, format_args!("{value}"))
    }

    /// Writes an address, as text.
    pub fn address(&mut self, value: u64) -> fmt::Result {
        write!(self.0.next()?, "\"{value:#x}\"")
    }

    /// Writes an object.
    pub fn object(&mut self, fill: impl FnOnce(&mut Object<'_>) -> fmt::Result) -> fmt::Result {
        Writer::object(self.0.next()?, fill)
    }
}

/// Writes a text with its quotes.
fn text(out: &mut dyn Write, value: fmt::Arguments<'_>) -> fmt::Result {
    out.write_char('"')?;
    Escape(out).write_fmt(value)?;
    out.write_char('"')
}

/// Passes text on, escaped.
struct Escape<'a>(&'a mut dyn Write);

impl Write for Escape<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '"' => self.0.write_str("\\\"")?,
                '\\' => self.0.write_str("\\\\")?,
                '\n' => self.0.write_str("\\n")?,
                control if u32::from(control) < 0x20 => write!(self.0, "\\u{:04x}", u32::from(control))?,
                other => self.0.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
