//! What modules are called.

use core::fmt;

use arrayvec::ArrayString;

/// The most characters of a name.
pub const MAX_NAME: usize = 24;

/// The name of a module: 1 to [`MAX_NAME`] ASCII letters, digits, `-` and `_`, kept in lower case, because file names on
/// a FAT volume have no case of their own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(ArrayString<MAX_NAME>);

/// Text that is no module's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoName;

impl Name {
    /// Reads a name.
    ///
    /// # Errors
    /// [`NoName`] when it is empty, too long, or has other characters; a path is none.
    pub fn new(text: &str) -> Result<Self, NoName> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if text.is_empty() || !text.bytes().all(fits) {
            return Err(NoName);
        }
        let mut name = ArrayString::from(text).map_err(|_| NoName)?;
        name.make_ascii_lowercase();
        Ok(Self(name))
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for NoName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "a module's name has 1 to {MAX_NAME} letters, digits, - and _")
    }
}

impl core::error::Error for NoName {}
