//! A list of which one item is selected and as many are to be seen as there are rows.

use core::ops::Range;

use crate::key::Key;

/// Which item is selected and which are to be seen.
///
/// The selected item is one of the list's, unless the list is empty; scrolling goes no further than needed to see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct List {
    length: usize,
    selected: usize,
    first: usize,
}

impl List {
    /// Makes a list of `length` items; a selection beyond the last is the last.
    #[must_use]
    pub fn new(length: usize, selected: usize) -> Self {
        Self { length, selected: selected.min(length.saturating_sub(1)), first: 0 }
    }

    /// Returns the selected item.
    #[must_use]
    pub const fn selected(&self) -> usize {
        self.selected
    }

    /// Moves the selection: up, down, by a page of `rows`, to an end. Tells whether `key` is one that does; at an end it
    /// is, and does nothing.
    pub fn press(&mut self, key: Key, rows: usize) -> bool {
        let page = rows.max(1);
        let last = self.length.saturating_sub(1);
        self.selected = match key {
            Key::Up => self.selected.saturating_sub(1),
            Key::Down => self.selected.saturating_add(1).min(last),
            Key::PageUp => self.selected.saturating_sub(page),
            Key::PageDown => self.selected.saturating_add(page).min(last),
            Key::Home => 0,
            Key::End => last,
            _ => return false,
        };
        true
    }

    /// Returns the items that `rows` rows show.
    pub fn visible(&mut self, rows: usize) -> Range<usize> {
        let rows = rows.max(1);
        self.first = self.first.min(self.length.saturating_sub(rows));
        self.first = self.first.clamp((self.selected + 1).saturating_sub(rows), self.selected);
        self.first..self.length.min(self.first.saturating_add(rows))
    }
}
