//! The systems of a configuration as the menu and the shell show them.

use arrayvec::ArrayVec;

use crate::config::{Configuration, EntryKey, Section};
use crate::menu::{Entries, Field, FieldValue, Note, note};

/// The fields of an entry.
pub(super) type Fields = ArrayVec<Field, { EntryKey::EDITABLE.len() }>;

/// The systems of a configuration; none where there is no configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed<'a> {
    configuration: Option<Configuration<'a>>,
}

impl<'a> Listed<'a> {
    pub(super) const fn new(configuration: Option<Configuration<'a>>) -> Self {
        Self { configuration }
    }

    pub(super) const fn configuration(&self) -> Option<&Configuration<'a>> {
        self.configuration.as_ref()
    }

    pub(super) fn section(&self, index: usize) -> Option<Section<'a>> {
        self.configuration?.entries().nth(index)
    }

    /// Returns what can be edited of an entry, as the configuration has it. A value that is too long for the editor is not
    /// among it, and stays as it is.
    pub(super) fn fields(&self, index: usize) -> Fields {
        let section = self.section(index);
        let text = |key| section.map_or("", |section| section.text(key));
        let field =
            |key: EntryKey| Some(Field { name: key.name(), value: FieldValue::from(text(key)).ok()? });
        EntryKey::EDITABLE.into_iter().filter_map(field).collect()
    }
}

impl Entries for Listed<'_> {
    fn len(&self) -> usize {
        self.configuration.map_or(0, |configuration| configuration.entries().count())
    }

    fn name(&self, index: usize) -> &str {
        self.section(index).map_or("", |section| section.name())
    }

    fn title(&self, index: usize) -> &str {
        self.section(index).map_or("", |section| section.title())
    }

    fn note(&self, index: usize) -> Option<Note> {
        let error = self.section(index)?.entry().err()?;
        Some(note(&error))
    }
}
