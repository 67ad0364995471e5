//! The editor of an entry: its fields, changed for one boot.

use arrayvec::ArrayString;
use xtterm::draw::{Cursor, List, Place, Size, Style, Surface, row, wrap};
use xtterm::key::Key;
use xtterm::line::{Editor, History, NoCompletion, Response};

use super::page::{foot, head};
use crate::console::{Console, Wait};

/// The most bytes of a field's value that can be edited.
const VALUE_BYTES: usize = 1024;

/// A field's value.
pub type FieldValue = ArrayString<VALUE_BYTES>;

/// A field of an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// The key in the configuration.
    pub name: &'static str,
    /// What it says.
    pub value: FieldValue,
}

/// How the editor was left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EditOutcome {
    /// Boot with the fields as they are now.
    Boot,
    /// Back, and the changes don't matter.
    Cancel,
}

/// The first row with a field.
const FIRST: u16 = 2;
/// Rows for the whole value of the selected field.
const DETAIL: u16 = 5;
/// Rows below the fields: a gap, the value, the keys.
const BELOW: u16 = DETAIL + 3;

const CHOOSING: &str =
    "Enter changes a field. Ctrl-X or F10 boots with the changes, for this once. Esc goes back.";
const TYPING: &str = "Enter keeps the change, Esc drops it. Ctrl-X or F10 keeps it and boots.";

type FieldEditor = Editor<VALUE_BYTES>;

/// Shows the fields until the person boots or goes back. The fields hold the changes either way.
pub fn edit(console: &dyn Console, title: &str, fields: &mut [Field]) -> EditOutcome {
    let mut list = List::new(fields.len(), 0);
    // The selected field while it is being changed.
    let mut typing: Option<FieldEditor> = None;
    loop {
        console.page(&mut |surface| draw(surface, title, fields, &mut list, typing.as_mut()));
        let Some(key) = console.key(Wait::Forever) else { continue };
        let boots = matches!(key, Key::F(10) | Key::Ctrl('x'));
        let field = fields.get_mut(list.selected());
        match (&mut typing, field) {
            (Some(editor), Some(field)) if boots => {
                keep(editor, field);
                return EditOutcome::Boot;
            }
            (Some(editor), Some(field)) => match editor.press(key, &History::<0>::new(), &NoCompletion) {
                Response::Done => {
                    keep(editor, field);
                    typing = None;
                }
                Response::Cancelled => typing = None,
                Response::Edited | Response::Ambiguous | Response::Unused(_) => {}
            },
            _ if boots => return EditOutcome::Boot,
            (_, field) => match key {
                Key::Escape | Key::Left | Key::Char('q') | Key::Ctrl('c') => return EditOutcome::Cancel,
                Key::Enter | Key::Right | Key::Char('e') => {
                    typing = field.map(|field| Editor::with_text(&field.value));
                }
                _ => {
                    list.press(key, list_rows(console.size()));
                }
            },
        }
    }
}

fn keep(editor: &FieldEditor, field: &mut Field) {
    // Both have the same capacity.
    field.value = FieldValue::from(editor.text()).unwrap_or_default();
}

fn list_rows(size: Size) -> usize {
    usize::from(size.rows.saturating_sub(FIRST + BELOW).max(1))
}

fn draw(
    surface: &mut dyn Surface,
    title: &str,
    fields: &[Field],
    list: &mut List,
    typing: Option<&mut FieldEditor>,
) {
    let size = surface.size();
    head(surface, title);
    foot(surface, if typing.is_some() { TYPING } else { CHOOSING });
    let names = fields.iter().map(|field| field.name.len()).max().unwrap_or(0);
    // A margin of two, the mark of the selection, the names, a gap of two.
    let values = u16::try_from(names).unwrap_or(0).saturating_add(6);
    let width = size.columns.saturating_sub(values).saturating_sub(2);
    let visible = list.visible(list_rows(size));
    let first = visible.start;
    for (line, index) in (FIRST..).zip(visible) {
        let Some(field) = fields.get(index) else { break };
        let selected = index == list.selected();
        surface.style(if selected { Style::Selected } else { Style::Plain });
        surface.place(Place::new(line, 2));
        surface.text(if selected { "> " } else { "  " });
        row(surface, Place::new(line, 4), values.saturating_sub(4), field.name);
        row(surface, Place::new(line, values), width, &field.value);
    }
    let selected = u16::try_from(list.selected() - first).unwrap_or(0);
    if typing.is_none() {
        detail(surface, fields.get(list.selected()), width);
    }
    surface.cursor(Cursor::Hidden);
    if let Some(editor) = typing {
        let at = Place::new(FIRST + selected, values);
        let window = editor.window(usize::from(width));
        surface.style(Style::Field);
        row(surface, at, width, window.text);
        let column = at.column.saturating_add(u16::try_from(window.cursor).unwrap_or(0));
        surface.place(Place { column, ..at });
        surface.cursor(Cursor::Shown);
    }
}

/// Draws the whole value where the row of the field cuts it.
fn detail(surface: &mut dyn Surface, field: Option<&Field>, room: u16) {
    let Some(field) = field else { return };
    let size = surface.size();
    if field.value.chars().count() <= usize::from(room) {
        return;
    }
    let width = size.columns.saturating_sub(4);
    surface.style(Style::Muted);
    let first = size.rows.saturating_sub(DETAIL + 2);
    for (line, text) in (first..first.saturating_add(DETAIL)).zip(wrap(&field.value, width)) {
        row(surface, Place::new(line, 2), width, text);
    }
}
