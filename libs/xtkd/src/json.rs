//! JSON, written member by member: objects and arrays are closures that fill them, so what is opened is closed, and commas
//! stand where they belong.
//!
//! Addresses are text, `"0x…"`, because many a reader's numbers end at 2^53. Text is escaped (RFC 8259, section 7),
//! names are not: they are the program's own.
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

/// Where values go, and whether the next is the first one there.
///
/// What every member needs is here, once in a program: only the closures are compiled where they stand.
struct Place<'a> {
    out: &'a mut dyn Write,
    is_first: bool,
}

impl Place<'_> {
    /// Separates a value from the one before, and writes its name; an element of an array has none.
    fn begin(&mut self, name: &'static str) -> Result<&mut dyn Write, fmt::Error> {
        if !core::mem::take(&mut self.is_first) {
            self.out.write_char(',')?;
        }
        if !name.is_empty() {
            write!(self.out, "\"{name}\":")?;
        }
        Ok(self.out)
    }

    #[inline(never)]
    fn number(&mut self, name: &'static str, value: u64) -> fmt::Result {
        write!(self.begin(name)?, "{value}")
    }

    #[inline(never)]
    fn text(&mut self, name: &'static str, value: &dyn Display) -> fmt::Result {
        let out = self.begin(name)?;
        out.write_char('"')?;
        write!(Escape(out), "{value}")?;
        out.write_char('"')
    }

    #[inline(never)]
    fn address(&mut self, name: &'static str, value: u64) -> fmt::Result {
        write!(self.begin(name)?, "\"{value:#x}\"")
    }

    #[inline(never)]
    fn word(&mut self, name: &'static str, word: &'static str) -> fmt::Result {
        self.begin(name)?.write_str(word)
    }

    #[inline(never)]
    fn open(&mut self, name: &'static str, bracket: char) -> Result<Place<'_>, fmt::Error> {
        let out = self.begin(name)?;
        out.write_char(bracket)?;
        Ok(Place { out, is_first: true })
    }

    fn object(
        &mut self,
        name: &'static str,
        fill: impl FnOnce(&mut Object<'_>) -> fmt::Result,
    ) -> fmt::Result {
        let mut object = Object(self.open(name, '{')?);
        fill(&mut object)?;
        object.0.out.write_char('}')
    }

    fn array(&mut self, name: &'static str, fill: impl FnOnce(&mut Array<'_>) -> fmt::Result) -> fmt::Result {
        let mut array = Array(self.open(name, '[')?);
        fill(&mut array)?;
        array.0.out.write_char(']')
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
        Place { out, is_first: true }.object("", fill)
    }
}

/// An object that is being written. Each method writes one member, and fails only where the destination does.
#[allow(missing_debug_implementations, reason = "a destination shows nothing of itself")]
pub struct Object<'a>(Place<'a>);

#[allow(clippy::missing_errors_doc, reason = "said at the type")]
impl Object<'_> {
    /// Writes a number.
    pub fn number(&mut self, name: &'static str, value: impl Into<u64>) -> fmt::Result {
        self.0.number(name, value.into())
    }

    /// Writes a text.
    pub fn text(&mut self, name: &'static str, value: impl Display) -> fmt::Result {
        self.0.text(name, &value)
    }

    /// Writes an address, as text.
    pub fn address(&mut self, name: &'static str, value: u64) -> fmt::Result {
        self.0.address(name, value)
    }

    /// Writes whether something is so.
    pub fn flag(&mut self, name: &'static str, value: bool) -> fmt::Result {
        self.0.word(name, if value { "true" } else { "false" })
    }

    /// Writes that something is not there, or not known.
    pub fn null(&mut self, name: &'static str) -> fmt::Result {
        self.0.word(name, "null")
    }

    /// Writes what is there with one of the other methods, and null where nothing is.
    pub fn or_null<T>(
        &mut self,
        name: &'static str,
        value: Option<T>,
        write: impl FnOnce(&mut Self, &'static str, T) -> fmt::Result,
    ) -> fmt::Result {
        match value {
            Some(value) => write(self, name, value),
            None => self.null(name),
        }
    }

    /// Writes an object.
    pub fn object(
        &mut self,
        name: &'static str,
        fill: impl FnOnce(&mut Object<'_>) -> fmt::Result,
    ) -> fmt::Result {
        self.0.object(name, fill)
    }

    /// Writes an array.
    pub fn array(
        &mut self,
        name: &'static str,
        fill: impl FnOnce(&mut Array<'_>) -> fmt::Result,
    ) -> fmt::Result {
        self.0.array(name, fill)
    }
}

/// An array that is being written. Each method writes one element, and fails only where the destination does.
#[allow(missing_debug_implementations, reason = "a destination shows nothing of itself")]
pub struct Array<'a>(Place<'a>);

#[allow(clippy::missing_errors_doc, reason = "said at the type")]
impl Array<'_> {
    /// Writes a number.
    pub fn number(&mut self, value: impl Into<u64>) -> fmt::Result {
        self.0.number("", value.into())
    }

    /// Writes a text.
    pub fn text(&mut self, value: impl Display) -> fmt::Result {
        self.0.text("", &value)
    }

    /// Writes an address, as text.
    pub fn address(&mut self, value: u64) -> fmt::Result {
        self.0.address("", value)
    }

    /// Writes an object.
    pub fn object(&mut self, fill: impl FnOnce(&mut Object<'_>) -> fmt::Result) -> fmt::Result {
        self.0.object("", fill)
    }

    /// Writes an array.
    pub fn array(&mut self, fill: impl FnOnce(&mut Array<'_>) -> fmt::Result) -> fmt::Result {
        self.0.array("", fill)
    }
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
