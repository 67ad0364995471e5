//! The loader's configuration, `XTLDR.INI`: sections of `Key=Value` lines, and a command line over them.
//!
//! ```text
//!   ; a comment, as is a line that starts with #
//!   [XTLDR]                          the loader's own section
//!   Default=XTOS                     which of the other sections to boot
//!   Timeout=5
//!   [XTOS]                           one section for each system, in the order of the menu
//!   SystemType=XTOS
//!   SystemPath=\XTOS                 or on another volume, see `volume`
//!   KernelFile=XTOSKRNL.EXE
//!   Parameters=DEBUG=COM1            a value may hold any number of `=`
//! ```
//!
//! ```text
//!   file      where the file lies, its encoding, its lines
//!   section   a section's name, and the values of its known keys
//!   settings  [XTLDR] and the command line -> Settings
//!   entry     a section -> Entry; values that are edited for one boot
//!   problem   everything that is wrong, told with file, line, section and key
//! ```
//!
//! Lines end in LF or CRLF. Names and keys match whole and without regard to ASCII case; white space around keys and values
//! does not count. UTF-8 with or without a byte order mark, or UTF-16 with one.
//!
//! # What is wrong stays where it is
//! A file is refused as a whole only when it is too long or says nothing. A broken line breaks the system in whose
//! section it stands; a broken section's name takes what follows it away from the section before; of two sections or keys
//! with one name the first counts; a broken setting has its default. Each of that is a [`Problem`].
//!
//! # No heap, and no parser from elsewhere
//! Reading changes nothing and copies nothing: a [`Configuration`] is the text, and everything that comes out of it
//! borrows from it. The published readers of such files that do without a heap (`ini_core`, `gerbil-ini`) lose the
//! numbers of the lines, which every message here names, turn a broken line into a key without a value, and know one
//! kind of comment; none is in wide use. What remains to be written is [`file::Line`](self), some forty lines.

mod entry;
mod error;
mod file;
mod problem;
mod section;
mod settings;
#[cfg(test)]
mod tests;

pub(crate) use entry::folder_of;
pub use entry::{BootPath, Edits, Entry, EntryKey, MAX_PATH_BYTES, SystemType};
pub use error::{At, ConfigError, Fault, Source};
pub(crate) use file::Encoded;
pub use file::{Located, MAX_BYTES, PATH, locate, paths, room};
pub use problem::{MAX_PROBLEMS, Problem, Severity};
pub use section::Section;
pub use settings::{
    CommandLine, DebugLines, DebugPort, DebugPorts, KeepLastBoot, MAX_OPTIONS_BYTES, MAX_PORTS,
    MAX_REMEMBERED_BYTES, Names, Options, ScreenLines, Settings, Timeout, last_boot, remember,
};

use file::{Line, Lines};
use problem::first_ones;
use section::Sections;
use settings::{SettingKey, SettingValues};

/// The section of the loader itself.
const OWN_SECTION: &str = "XTLDR";

/// A configuration that says something. Whether it can be used is asked of its sections, one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Configuration<'a> {
    path: &'static str,
    text: &'a [u8],
}

/// The system that the menu selects first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Preselected {
    /// Its number among the [entries](Configuration::entries).
    pub index: usize,
    /// Why it.
    pub reason: Preselection,
}

/// Why a system is selected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Preselection {
    /// It was booted last.
    Last,
    /// `Default` names it.
    Default,
    /// It is the first, and nothing else was asked for.
    First,
    /// It is the first, because `Default` names none; nobody has asked for this one, so it should not be booted unasked.
    Instead,
}

impl<'a> Configuration<'a> {
    /// Reads the bytes of the file at [`PATH`], UTF-8.
    ///
    /// # Errors
    /// See [`Configuration::read`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ConfigError<'a>> {
        Self::read(PATH, bytes, &mut [])
    }

    /// Reads the bytes of a file. UTF-16 is converted into `into`, which must have [`room`] for it.
    ///
    /// # Errors
    /// [`Fault::TooLong`] for a file that is, or does not fit `into`; [`Fault::Empty`] for one without a line that says anything.
    pub fn read(path: &'static str, bytes: &'a [u8], into: &'a mut [u8]) -> Result<Self, ConfigError<'a>> {
        let whole = At::whole(Source::File(path));
        let too_long = |limit| whole.error(Fault::TooLong { bytes: bytes.len() as u64, limit });
        if bytes.len() > MAX_BYTES {
            return Err(too_long(MAX_BYTES));
        }
        let available = into.len();
        let text = file::utf8(bytes, into).ok_or(too_long(available))?;
        if Lines::new(text, 1).all(|(_, line)| line == Line::Nothing) {
            return Err(whole.error(Fault::Empty));
        }
        Ok(Self { path, text })
    }

    /// Returns the path of the file.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.path
    }

    const fn source(&self) -> Source {
        Source::File(self.path)
    }

    /// Returns the loader's settings. What cannot be used is left out: [`Configuration::problems`] and
    /// [`Configuration::option_problems`] tell of it.
    #[must_use]
    pub fn settings(&self, options: &Options<'a>) -> Settings<'a> {
        let own = self.own_values();
        let mut settings = Settings::read(&options.values(&mut |_| {}), &own);
        // A command line that names no system leaves the choice to the file.
        if settings.default.is_some_and(|name| self.index_of(name).is_none()) {
            settings.default = own.some(SettingKey::Default).map(|value| value.text);
        }
        settings
    }

    /// Returns the sections of all systems in the order of the file, the broken ones among them.
    pub fn entries(&self) -> impl Iterator<Item = Section<'a>> + use<'a> {
        self.sections().filter(|section| !section.is_own())
    }

    /// Returns the number of the system with that name among the [entries](Configuration::entries). Names match whole, without
    /// regard to ASCII case.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.entries().position(|entry| entry.is_named() && entry.name().eq_ignore_ascii_case(name))
    }

    /// Chooses the system that the menu selects first, `last` being the one that was booted last. `None` when there is none.
    #[must_use]
    pub fn preselect(&self, settings: &Settings<'_>, last: Option<&str>) -> Option<Preselected> {
        self.entries().next()?;
        let last = last.filter(|_| settings.keep_last_boot == KeepLastBoot::Yes);
        if let Some(index) = last.and_then(|name| self.index_of(name)) {
            return Some(Preselected { index, reason: Preselection::Last });
        }
        let (index, reason) = match settings.default.map(|name| self.index_of(name)) {
            Some(Some(index)) => (index, Preselection::Default),
            Some(None) => (0, Preselection::Instead),
            None => (0, Preselection::First),
        };
        Some(Preselected { index, reason })
    }

    /// Tells what is wrong with the file, section by section: the first [`MAX_PROBLEMS`], and whether there are more.
    /// Proportional to the number of lines, times the number of sections before so many have a problem.
    pub fn problems(&self, tell: &mut dyn FnMut(&Problem<'a>)) {
        first_ones(At::whole(self.source()), tell, |tell, is_over| {
            self.outside_problems(tell);
            for section in self.sections() {
                if is_over() {
                    return;
                }
                if section.is_own() {
                    self.own_problems(&section, tell);
                } else {
                    section.problems(tell);
                }
            }
            if self.entries().next().is_none() {
                tell(Problem::error(At::whole(self.source()).error(Fault::NoEntries)));
            }
        });
    }

    /// Tells everything that is wrong with the command line, in the same way.
    pub fn option_problems(&self, options: &Options<'a>, tell: &mut dyn FnMut(&Problem<'a>)) {
        first_ones(At::whole(Source::CommandLine), tell, |tell, _| {
            let values = options.values(tell);
            Settings::faults(&values).for_each(|error| tell(Problem::error(error)));
            self.default_fault(&values).into_iter().for_each(|error| tell(Problem::error(error)));
        });
    }

    /// Tells what stands before the first section.
    fn outside_problems(&self, tell: problem::Tell<'_, 'a>) {
        let whole = At::whole(self.source());
        for (number, line) in Lines::new(self.text, 1) {
            match line {
                Line::Section(_) | Line::Header { .. } => return,
                Line::Nothing => {}
                Line::Pair { key, .. } => {
                    tell(Problem::error(whole.line(number).key(key).error(Fault::Outside)));
                }
                Line::Damaged(fault) => tell(Problem::error(whole.line(number).error(fault))),
            }
        }
    }

    /// Tells what is wrong with the loader's own section.
    fn own_problems(&self, section: &Section<'a>, tell: problem::Tell<'_, 'a>) {
        if let Some(error) = section.own_fault() {
            return tell(Problem::error(error));
        }
        let values: SettingValues<'a> = section.values::<SettingKey, _>(tell);
        Settings::faults(&values).for_each(|error| tell(Problem::error(error)));
        self.default_fault(&values).into_iter().for_each(|error| tell(Problem::error(error)));
    }

    /// Returns what is wrong with `Default`, which must name a system.
    fn default_fault(&self, values: &SettingValues<'a>) -> Option<ConfigError<'a>> {
        let value = values.some(SettingKey::Default).filter(|value| self.index_of(value.text).is_none())?;
        Some(value.error(Fault::NoEntry { name: value.text }))
    }

    /// Returns the first value of a key of the loader's own section, be it one of the loader's or a module's.
    #[must_use]
    pub fn own_value(&self, wanted: &str) -> Option<&'a str> {
        self.section(OWN_SECTION)?
            .pairs()
            .find(|(key, _)| key.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value)
    }

    fn own_values(&self) -> SettingValues<'a> {
        match self.section(OWN_SECTION) {
            Some(section) => section.values::<SettingKey, _>(&mut |_| {}),
            None => SettingValues::NONE,
        }
    }

    fn sections(&self) -> Sections<'a> {
        Sections::new(*self, self.text)
    }

    /// Returns the first section of that name.
    fn section(&self, name: &str) -> Option<Section<'a>> {
        self.sections().find(|section| section.is_named() && section.name().eq_ignore_ascii_case(name))
    }

    /// Returns the entry that `Default` names, else the first one, for a boot without a menu: anything wrong outside of the
    /// systems' sections is an error.
    ///
    /// # Errors
    /// [`ConfigError`]: the first error of the file, outside of other systems' sections.
    pub fn default_entry(&self) -> Result<Entry<'a>, ConfigError<'a>> {
        let mut first = None;
        let mut keep = |problem: Problem<'a>| {
            if problem.severity == Severity::Error && first.is_none() {
                first = Some(problem.error);
            }
        };
        self.outside_problems(&mut keep);
        self.sections().filter(Section::is_own).for_each(|section| self.own_problems(&section, &mut keep));
        if let Some(error) = first {
            return Err(error);
        }
        let selected = self.preselect(&self.settings(&Options::default()), None);
        match selected.and_then(|selected| self.entries().nth(selected.index)) {
            Some(section) => section.entry(),
            None => Err(At::whole(self.source()).error(Fault::NoEntries)),
        }
    }
}
