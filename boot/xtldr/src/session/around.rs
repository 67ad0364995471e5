//! What boot modules find around them.

use core::fmt;

use crate::config::{Configuration, Options};
use crate::console::Pager;
use crate::firmware::Firmware;
use crate::modules::Surroundings;

/// Settings: the command line, and the section `[XTLDR]`. Lines: the shell's pager while it is open, else the loader's.
pub(super) struct Around<'s, 'a> {
    pub(super) configuration: Option<Configuration<'a>>,
    pub(super) options: &'s Options<'a>,
    pub(super) firmware: &'s dyn Firmware,
    pub(super) pager: &'s Pager<'s>,
}

impl Surroundings for Around<'_, '_> {
    fn setting(&self, key: &str) -> Option<&str> {
        self.options.value(key).or_else(|| self.configuration?.own_value(key))
    }

    fn print(&self, line: fmt::Arguments<'_>) -> fmt::Result {
        self.pager.line(line).unwrap_or_else(|| {
            self.firmware.announce(line);
            Ok(())
        })
    }
}
