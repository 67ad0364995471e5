//! What boot modules are told when they ask for a setting.

use crate::config::{Configuration, Options};
use crate::modules::SettingSource;

/// The command line, and the section `[XTLDR]`.
pub(super) struct Told<'a, 'o> {
    pub(super) configuration: Option<Configuration<'a>>,
    pub(super) options: &'o Options<'a>,
}

impl SettingSource for Told<'_, '_> {
    fn setting(&self, key: &str) -> Option<&str> {
        self.options.value(key).or_else(|| self.configuration?.own_value(key))
    }
}
