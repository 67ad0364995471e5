//! A section of a configuration: its name, and the lines up to the next one.

mod values;

pub(super) use values::{Key, Value, Values};

use super::entry::{Edits, Entry, EntryKey};
use super::error::{At, ConfigError, Fault};
use super::file::{Line, Lines};
use super::problem::{Problem, Tell};
use super::{Configuration, OWN_SECTION};

/// A section. What it says has not been looked at yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Section<'a> {
    configuration: Configuration<'a>,
    name: &'a str,
    /// The line of its name.
    line: usize,
    /// What is wrong with that line.
    fault: Option<Fault<'a>>,
    /// What comes after that line, to the end of the file.
    below: &'a [u8],
}

impl<'a> Section<'a> {
    /// Returns its name; as much of the line as can be shown, where the line is no section's name.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// Returns what to call the system, be it bootable or not: `SystemName`, else the section's name. Without control
    /// characters.
    #[must_use]
    pub fn title(&self) -> &'a str {
        let values: Values<'a, { EntryKey::COUNT }> = self.values::<EntryKey, _>(&mut |_| {});
        let title = values.some(EntryKey::SystemName).map(|value| value.text);
        title.filter(|title| !title.contains('\t')).unwrap_or(self.name)
    }

    /// Reads the system that the section describes. Proportional to the file's length.
    ///
    /// # Errors
    /// The first of: the line with the section's name is broken, or there has been a section of that name; a line of
    /// the section is broken; a key is missing or its value cannot be used.
    pub fn entry(&self) -> Result<Entry<'a>, ConfigError<'a>> {
        let values = self.undamaged()?;
        Entry::read(self.at(), self.name, values)
    }

    /// Reads the system with other values, for one boot.
    ///
    /// # Errors
    /// As [`Section::entry`]: what a line says that nobody can read may be a demand, so editing does not get around it.
    pub fn edited<'e>(&self, edits: &Edits<'e>) -> Result<Entry<'e>, ConfigError<'e>>
    where
        'a: 'e,
    {
        Entry::read(self.at(), self.name, edits.over(self.undamaged()?)?)
    }

    /// Returns the values, if every line can be read.
    fn undamaged(&self) -> Result<Values<'a, { EntryKey::COUNT }>, ConfigError<'a>> {
        if let Some(error) = self.own_fault() {
            return Err(error);
        }
        let mut damage = None;
        let values = self.values::<EntryKey, _>(&mut |problem| {
            if is_damage(&problem.error.fault) && damage.is_none() {
                damage = Some(problem.error);
            }
        });
        damage.map_or(Ok(values), Err)
    }

    /// Returns the value of a key as it is written; empty where it is not.
    #[must_use]
    pub fn text(&self, key: EntryKey) -> &'a str {
        let values: Values<'a, { EntryKey::COUNT }> = self.values::<EntryKey, _>(&mut |_| {});
        values.get(key).map_or("", |value| value.text)
    }

    /// Tells everything that is wrong with the section of a system.
    pub(super) fn problems(&self, tell: Tell<'_, 'a>) {
        if let Some(error) = self.own_fault() {
            return tell(Problem::error(error));
        }
        let values = self.values::<EntryKey, _>(tell);
        Entry::faults(self.at(), &values).for_each(|error| tell(Problem::error(error)));
    }

    /// Returns what is wrong with the section itself.
    pub(super) fn own_fault(&self) -> Option<ConfigError<'a>> {
        let at = At::whole(self.source()).line(self.line);
        if let Some(fault) = self.fault {
            return Some(at.error(fault));
        }
        let first = self.configuration.section(self.name).filter(|first| first.line != self.line)?;
        Some(at.section(self.name).error(Fault::RepeatedSection { first: first.line }))
    }

    /// Tells whether this is the first section of a name that nothing is wrong with.
    pub(super) const fn is_named(&self) -> bool {
        self.fault.is_none()
    }

    /// Tells whether this is the loader's own section, or a repetition of it.
    pub(super) const fn is_own(&self) -> bool {
        self.is_named() && self.name.eq_ignore_ascii_case(OWN_SECTION)
    }

    /// Returns the section as a place.
    pub(super) const fn at(&self) -> At<'a> {
        At::whole(self.source()).section(self.name)
    }

    const fn source(&self) -> super::error::Source {
        self.configuration.source()
    }

    /// Returns its lines with their numbers, down to the next section.
    fn lines(&self) -> impl Iterator<Item = (usize, Line<'a>)> + use<'a> {
        let is_inside = |line: &Line<'_>| !matches!(line, Line::Section(_) | Line::Header { .. });
        Lines::new(self.below, self.line + 1).take_while(move |(_, line)| is_inside(line))
    }

    /// Returns the keys and values of its lines that can be read.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.lines().filter_map(|(_, line)| match line {
            Line::Pair { key, value } => Some((key, value)),
            _ => None,
        })
    }

    /// Reads the values of its keys, the first of each, and tells what is wrong with its lines.
    pub(super) fn values<K: Key, const N: usize>(&self, tell: Tell<'_, 'a>) -> Values<'a, N> {
        let mut values = Values::NONE;
        for (number, line) in self.lines() {
            let at = self.at().line(number);
            match line {
                Line::Pair { key, value } => match K::named(key) {
                    None if self.is_own() && is_a_modules(key) => {}
                    None => tell(Problem::warning(at.key(key).error(Fault::UnknownKey))),
                    Some(known) => match values.get(known) {
                        None => values.set(known, Value { at: at.key(known.name()), text: value }),
                        Some(Value { at: At { line: Some(first), .. }, .. }) => {
                            tell(Problem::error(at.key(key).error(Fault::RepeatedKey { first })));
                        }
                        Some(_) => {}
                    },
                },
                Line::Damaged(fault) => tell(Problem::error(at.error(fault))),
                Line::Nothing | Line::Section(_) | Line::Header { .. } => {}
            }
        }
        values
    }
}

/// Tells whether a key of the loader's section is a boot module's: those have the module's name and a dot in front.
pub(super) fn is_a_modules(key: &str) -> bool {
    key.contains('.')
}

/// Tells whether a line with this fault may have said anything, so that nobody knows what the section says.
const fn is_damage(fault: &Fault<'_>) -> bool {
    matches!(fault, Fault::NotText | Fault::Control { .. } | Fault::Unreadable { .. })
}

/// The sections of a configuration in the order of the file, the broken ones among them.
pub(super) struct Sections<'a> {
    configuration: Configuration<'a>,
    lines: Lines<'a>,
}

impl<'a> Sections<'a> {
    pub(super) const fn new(configuration: Configuration<'a>, text: &'a [u8]) -> Self {
        Self { configuration, lines: Lines::new(text, 1) }
    }
}

impl<'a> Iterator for Sections<'a> {
    type Item = Section<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (line, name, fault) = self.lines.by_ref().find_map(|(number, line)| match line {
            Line::Section(name) => Some((number, name, None)),
            Line::Header { text, fault } => Some((number, text, Some(fault))),
            _ => None,
        })?;
        Some(Section { configuration: self.configuration, name, line, fault, below: self.lines.rest() })
    }
}
