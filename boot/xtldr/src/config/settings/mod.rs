//! The loader's own settings: the section `[XTLDR]`, and the command line over it.

mod debug;
mod last_boot;
mod names;
mod options;

pub use debug::{DebugLines, DebugPort, DebugPorts, MAX_PORTS, ScreenLines};
pub use last_boot::{MAX_REMEMBERED_BYTES, last_boot, remember};
pub use names::Names;
pub use options::{CommandLine, MAX_OPTIONS_BYTES, Options};

use super::error::{ConfigError, Fault};
use super::problem::Problem;
use super::section::{Key, Value, Values};

xtcore::named! {
    /// A key of the loader's section.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(super) enum SettingKey => name {
        Debug => "Debug",
        Default => "Default",
        KeepLastBoot => "KeepLastBoot",
        Modules => "Modules",
        Timeout => "Timeout",
        Tune => "Tune",
    }
}

impl SettingKey {
    pub(super) const COUNT: usize = Self::ALL.len();
}

impl Key for SettingKey {
    const ALL: &'static [Self] = &Self::ALL;

    fn name(self) -> &'static str {
        self.name()
    }

    fn slot(self) -> usize {
        self as usize
    }
}

/// The values of `[XTLDR]`, or of the command line.
pub(super) type SettingValues<'a> = Values<'a, { SettingKey::COUNT }>;

/// Whether the loader remembers what was booted last.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum KeepLastBoot {
    /// It does, and selects it the next time.
    Yes,
    /// It does not.
    #[default]
    No,
}

/// How long the menu waits for a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Timeout {
    /// For ever.
    #[default]
    Never,
    /// So many seconds; with 0 the menu is shown only while a key is held.
    Seconds(u32),
}

/// The loader's settings. What was not given, or cannot be used, has its default.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings<'a> {
    /// Where the loader's lines go.
    pub debug: DebugPorts,
    /// The section to select.
    pub default: Option<&'a str>,
    /// Whether the last choice is remembered.
    pub keep_last_boot: KeepLastBoot,
    /// The modules to load before the menu is shown.
    pub modules: Names<'a>,
    /// How long the menu waits.
    pub timeout: Timeout,
    /// What the module `beep` plays when it is loaded; it asks for the key by itself.
    pub tune: Option<&'a str>,
}

impl<'a> Settings<'a> {
    /// Returns the settings of a command line alone, where there is no configuration, and tells what is wrong with it.
    pub fn without_configuration(options: &Options<'a>, tell: &mut dyn FnMut(&Problem<'a>)) -> Self {
        let values = options.values(&mut |problem| tell(&problem));
        Self::faults(&values).for_each(|error| tell(&Problem::error(error)));
        Self::read(&values, &SettingValues::NONE)
    }

    /// Reads settings: `above` counts where it says something that can be used, then `below`.
    pub(super) fn read(above: &SettingValues<'a>, below: &SettingValues<'a>) -> Self {
        // The faults are told by `faults`.
        fn pick<'a, T>(
            [above, below]: [&SettingValues<'a>; 2],
            key: SettingKey,
            read: impl Fn(Value<'a>) -> Result<T, ConfigError<'a>>,
        ) -> Option<T> {
            let usable = |values: &SettingValues<'a>| values.get(key).and_then(|value| read(value).ok());
            usable(above).or_else(|| usable(below))
        }
        let both = [above, below];
        let text = |key| pick(both, key, |value| Ok(value.text));
        Self {
            debug: pick(both, SettingKey::Debug, debug).unwrap_or_default(),
            default: text(SettingKey::Default).filter(|name| !name.is_empty()),
            keep_last_boot: pick(both, SettingKey::KeepLastBoot, keep_last_boot).unwrap_or_default(),
            modules: Names::new(text(SettingKey::Modules).unwrap_or_default()),
            timeout: pick(both, SettingKey::Timeout, timeout).unwrap_or_default(),
            tune: text(SettingKey::Tune).filter(|tune| !tune.is_empty()),
        }
    }

    /// Returns everything that is wrong with values by themselves; whether `Default` names a system is another's question.
    pub(super) fn faults(values: &SettingValues<'a>) -> impl Iterator<Item = ConfigError<'a>> + use<'a> {
        [
            values.get(SettingKey::Debug).and_then(|value| debug(value).err()),
            values.get(SettingKey::KeepLastBoot).and_then(|value| keep_last_boot(value).err()),
            values.get(SettingKey::Timeout).and_then(|value| timeout(value).err()),
        ]
        .into_iter()
        .flatten()
    }
}

fn debug(value: Value<'_>) -> Result<DebugPorts, ConfigError<'_>> {
    DebugPorts::parse(value.text).map_err(|fault| value.error(fault))
}

fn keep_last_boot(value: Value<'_>) -> Result<KeepLastBoot, ConfigError<'_>> {
    let is_one_of = |words: [&str; 4]| words.into_iter().any(|word| word.eq_ignore_ascii_case(value.text));
    if is_one_of(["ENABLED", "ON", "TRUE", "YES"]) {
        Ok(KeepLastBoot::Yes)
    } else if is_one_of(["DISABLED", "OFF", "FALSE", "NO"]) {
        Ok(KeepLastBoot::No)
    } else {
        Err(value.error(Fault::Boolean { found: value.text }))
    }
}

/// An empty value is as good as none, so that the command line can take a time-out away.
fn timeout(value: Value<'_>) -> Result<Timeout, ConfigError<'_>> {
    let text = value.text;
    if text.is_empty() {
        return Ok(Timeout::Never);
    }
    // A number's own reader would take a sign.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok());
    digits.flatten().map(Timeout::Seconds).ok_or(value.error(Fault::Seconds { found: text }))
}
