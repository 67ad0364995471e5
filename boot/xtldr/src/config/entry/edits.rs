//! The keys of a system's section, and values for them that count for one boot.

use crate::config::error::{At, ConfigError, Fault, Source};
use crate::config::file::control;
use crate::config::section::{Key, Value, Values};

xtcore::named! {
    /// A key of a system's section.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub enum EntryKey => name {
        /// What to call the system.
        SystemName => "SystemName",
        /// How to start it.
        SystemType => "SystemType",
        /// Its folder, maybe on another volume.
        SystemPath => "SystemPath",
        /// The kernel's file name.
        KernelFile => "KernelFile",
        /// The file name of what the kernel is to find in memory.
        InitrdFile => "InitrdFile",
        /// The kernel parameters.
        Parameters => "Parameters",
        /// The boot modules to load before it.
        BootModules => "BootModules",
        /// The SHA-256 that the kernel's file must have.
        KernelSha256 => "KernelSha256",
    }
}

impl EntryKey {
    /// How many there are.
    pub(in crate::config) const COUNT: usize = Self::ALL.len();

    /// The keys that make sense to be edited for one boot, in the order to show them.
    pub const EDITABLE: [Self; 6] = [
        Self::Parameters,
        Self::KernelFile,
        Self::SystemPath,
        Self::InitrdFile,
        Self::BootModules,
        Self::SystemType,
    ];

    /// Returns the key that is written like this, without regard to ASCII case.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Key::named(text)
    }
}

impl Key for EntryKey {
    const ALL: &'static [Self] = &Self::ALL;

    fn name(self) -> &'static str {
        self.name()
    }

    fn slot(self) -> usize {
        self as usize
    }
}

/// Values for one boot, instead of the configuration's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edits<'a> {
    pub(super) values: Values<'a, { EntryKey::COUNT }>,
}

impl Default for Edits<'_> {
    fn default() -> Self {
        Self { values: Values::NONE }
    }
}

impl<'a> Edits<'a> {
    /// Returns these values where there are some, else those of the configuration.
    ///
    /// # Errors
    /// A value holds a control character: the lines of a file are checked when they are read, what somebody types here.
    pub(in crate::config) fn over(
        &self,
        mut values: Values<'a, { EntryKey::COUNT }>,
    ) -> Result<Values<'a, { EntryKey::COUNT }>, ConfigError<'a>> {
        for key in <EntryKey as Key>::ALL.iter().copied() {
            if let Some(value) = self.values.get(key) {
                if let Some((_, found)) = control(value.text) {
                    return Err(value.error(Fault::Control { found }));
                }
                values.set(key, value);
            }
        }
        Ok(values)
    }

    /// Sets a value; an empty one is as good as none.
    pub fn set(&mut self, key: EntryKey, text: &'a str) {
        let at = At::whole(Source::Editor).key(key.name());
        self.values.set(key, Value { at, text: text.trim() });
    }
}
