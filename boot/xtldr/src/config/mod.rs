//! The loader's configuration, `\EFI\BOOT\XTLDR\XTLDR.INI`: sections of `Key=Value` lines.
//!
//! ```text
//!   ; a comment, as is a line that starts with #
//!   [XTLDR]                          the loader's own section
//!   Default=XTOS                     which of the other sections to boot
//!   [XTOS]                           one section for each system
//!   SystemType=XTOS
//!   SystemPath=\XTOS
//!   KernelFile=XTOSKRNL.EXE
//!   Parameters=DEBUG=COM1            a value may hold any number of `=`
//! ```
//!
//! Lines end in LF or CRLF, a byte order mark is skipped, names and keys match whole and without regard to ASCII case,
//! white space around keys and values does not count. Keys that this version does not know are left to later ones.
//! Reading changes nothing and copies nothing: a [`Configuration`] is the text, proven to consist of such lines.

mod entry;
mod error;
mod line;
#[cfg(test)]
mod tests;

pub use entry::{BootPath, Entry, MAX_PATH_BYTES};
pub use error::ConfigError;

use line::{Line, lines};

/// Where the configuration lies on the loader's own volume.
pub const PATH: &str = r"\EFI\BOOT\XTLDR\XTLDR.INI";

/// The most bytes that a configuration may have.
pub const MAX_BYTES: usize = 64 << 10;

/// The section of the loader itself.
const OWN_SECTION: &str = "XTLDR";

/// A configuration whose every line could be read. Says nothing yet about which keys are there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Configuration<'a> {
    text: &'a str,
}

impl<'a> Configuration<'a> {
    /// Reads the bytes of a configuration file.
    ///
    /// Quadratic in the lines of one section (a repeated key is an error), which [`MAX_BYTES`] bounds.
    ///
    /// # Errors
    /// [`ConfigError`] for a file that is too long, empty or no UTF-8, and for the first line that is wrong.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ConfigError<'a>> {
        if bytes.len() > MAX_BYTES {
            return Err(ConfigError::TooLong { bytes: bytes.len() });
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let text = str::from_utf8(bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            ConfigError::NotText { line }
        })?;
        let configuration = Self { text };
        configuration.check()?;
        Ok(configuration)
    }

    fn check(&self) -> Result<(), ConfigError<'a>> {
        let mut section: Option<&str> = None;
        let mut meaningful = false;
        for (number, line) in lines(self.text) {
            meaningful |= !matches!(line, Line::Nothing);
            match (line, section) {
                (Line::Nothing, _) => {}
                (Line::Section(name), _) => section = Some(name),
                (Line::Unreadable(text), _) => return Err(ConfigError::Unreadable { line: number, text }),
                (Line::Pair { key, .. }, None) => return Err(ConfigError::NoSection { line: number, key }),
                (Line::Pair { key, .. }, Some(section)) => {
                    // The first line that defines the key is this one, unless another came before.
                    let first = self.find(section, key).map_or(number, |(first, _)| first);
                    if first != number {
                        return Err(ConfigError::Repeated { line: number, first, key });
                    }
                }
            }
        }
        if meaningful { Ok(()) } else { Err(ConfigError::Empty) }
    }

    /// Returns the value of a key, or `None` when the section does not have it.
    #[must_use]
    pub fn value(&self, section: &str, key: &str) -> Option<&'a str> {
        self.find(section, key).map(|(_, value)| value)
    }

    /// Returns the line number and the value of the first definition of a key.
    fn find(&self, section: &str, wanted: &str) -> Option<(usize, &'a str)> {
        let mut inside = false;
        for (number, line) in lines(self.text) {
            match line {
                Line::Section(name) => inside = name.eq_ignore_ascii_case(section),
                Line::Pair { key, value } if inside && key.eq_ignore_ascii_case(wanted) => {
                    return Some((number, value));
                }
                _ => {}
            }
        }
        None
    }

    fn has_section(&self, section: &str) -> bool {
        lines(self.text)
            .any(|(_, line)| matches!(line, Line::Section(name) if name.eq_ignore_ascii_case(section)))
    }

    /// Returns the entry that `Default` names.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key or section that is missing, empty, or says something unsupported.
    pub fn default_entry(&self) -> Result<Entry<'a>, ConfigError<'a>> {
        let name = self.required(OWN_SECTION, "Default")?;
        if name.eq_ignore_ascii_case(OWN_SECTION) || !self.has_section(name) {
            return Err(ConfigError::NoEntry { name });
        }
        Entry::read(self, name)
    }

    /// Returns a value that must be there and not empty.
    fn required(&self, section: &'a str, key: &'static str) -> Result<&'a str, ConfigError<'a>> {
        match self.find(section, key) {
            Some((_, value)) if !value.is_empty() => Ok(value),
            Some((line, _)) => Err(ConfigError::EmptyValue { line, key }),
            None => Err(ConfigError::MissingKey { section, key }),
        }
    }
}
