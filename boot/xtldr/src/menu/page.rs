//! How the menu looks.
//!
//! From the top: heading, the entries in a frame, three lines of what there is to know, two with the keys. On a screen of
//! fewer than [`ROOMY`] rows only the entries and one line remain.

use core::fmt::Write;

use arrayvec::ArrayString;
use xtterm::draw::{Area, Cursor, List, Place, Size, Style, Surface, centred, frame, row, wrap};

use super::key::bindings;
use super::{FirmwareSettings, View};

/// The fewest rows for a heading, a frame and keys.
const ROOMY: u16 = 12;
/// Heading, and a row below it.
const HEAD: u16 = 2;
const INFO: u16 = 3;
const FOOT: u16 = 2;

/// The rows of a page.
struct Layout {
    /// Where the entries stand.
    list: Area,
    /// Where there is something to know.
    info: Area,
    roomy: bool,
}

fn layout(size: Size) -> Layout {
    let roomy = size.rows >= ROOMY;
    let columns = size.columns;
    if roomy {
        // A border above, below and on both sides.
        let rows = size.rows - HEAD - INFO - FOOT - 2;
        let list = Size { columns: columns.saturating_sub(4), rows };
        let info = Size { columns: columns.saturating_sub(4), rows: INFO };
        Layout {
            list: Area { at: Place::new(HEAD + 1, 2), size: list },
            info: Area { at: Place::new(size.rows - FOOT - INFO, 2), size: info },
            roomy,
        }
    } else {
        let rows = size.rows.saturating_sub(1).max(1);
        Layout {
            list: Area { at: Place::new(0, 0), size: Size { columns, rows } },
            info: Area {
                at: Place::new(rows, 0),
                size: Size { columns, rows: size.rows.saturating_sub(rows) },
            },
            roomy,
        }
    }
}

/// Returns how many entries are seen at once.
pub(super) fn list_rows(size: Size) -> usize {
    usize::from(layout(size).list.size.rows)
}

/// Draws the page.
pub(super) fn draw(surface: &mut dyn Surface, view: &View<'_>, list: &mut List) {
    let layout = layout(surface.size());
    if layout.roomy {
        head(surface, view.heading);
        surface.style(Style::Plain);
        let Area { at, size } = layout.list;
        let border = Size { columns: size.columns.saturating_add(2), rows: size.rows.saturating_add(2) };
        frame(surface, Area { at: Place::new(at.row - 1, at.column - 1), size: border }, "Boot");
        foot(surface, &keys(view.firmware_settings));
    }
    entries(surface, view, list, layout.list);
    info(surface, view, layout.info);
    surface.cursor(Cursor::Hidden);
}

/// Draws the uppermost line.
pub(super) fn head(surface: &mut dyn Surface, heading: &str) {
    surface.style(Style::Title);
    let columns = surface.size().columns;
    centred(surface, Place::new(0, 0), columns, heading);
}

/// Draws the lines with the keys.
pub(super) fn foot(surface: &mut dyn Surface, text: &str) {
    let size = surface.size();
    surface.style(Style::Muted);
    let first = size.rows.saturating_sub(FOOT);
    let width = size.columns.saturating_sub(4);
    for (line, text) in (first..size.rows).zip(wrap(text, width)) {
        row(surface, Place::new(line, 2), width, text);
    }
}

/// Names every key. Bindings hold together; lines break between them.
fn keys(settings: FirmwareSettings) -> ArrayString<160> {
    let mut text = ArrayString::new();
    for binding in bindings(settings) {
        let gap = if text.is_empty() { "" } else { "   " };
        // The table is a constant, and all of it has room.
        let _ = write!(text, "{gap}{}", binding.name);
        // A space that no line breaks at.
        for word in binding.label.split(' ') {
            let _ = write!(text, "\u{A0}{word}");
        }
    }
    text
}

fn entries(surface: &mut dyn Surface, view: &View<'_>, list: &mut List, area: Area) {
    if view.entries.is_empty() {
        surface.style(Style::Alert);
        row(
            surface,
            area.at,
            area.size.columns,
            "There is no entry to boot. The shell can look around: press s.",
        );
        return;
    }
    let visible = list.visible(usize::from(area.size.rows));
    let (first, end) = (visible.start, visible.end);
    for (line, index) in (area.at.row..).zip(visible) {
        entry(surface, view, index, Place::new(line, area.at.column), area.size.columns);
    }
    surface.style(Style::Plain);
    let right = area.at.column.saturating_add(area.size.columns).saturating_sub(1);
    let bottom = area.at.row.saturating_add(area.size.rows).saturating_sub(1);
    // What the frame cuts off is told at its edge.
    for (hidden, line, arrow) in [(first > 0, area.at.row, "↑"), (end < view.entries.len(), bottom, "↓")]
    {
        if hidden {
            surface.place(Place::new(line, right));
            surface.text(arrow);
        }
    }
}

fn entry(surface: &mut dyn Surface, view: &View<'_>, index: usize, at: Place, columns: u16) {
    /// Told beside the title, so that no entry looks bootable until it is selected.
    const BROKEN: &str = " (cannot boot)";

    let broken = view.entries.note(index).is_some();
    let selected = index == view.selected;
    surface.style(match (selected, broken) {
        (true, _) => Style::Selected,
        (false, true) => Style::Muted,
        (false, false) => Style::Plain,
    });
    surface.place(at);
    surface.text(if selected { "> " } else { "  " });
    // The last two columns are for the arrows of a longer list.
    let suffix = if broken { BROKEN } else { "" };
    let room = columns.saturating_sub(4).saturating_sub(u16::try_from(suffix.len()).unwrap_or(0));
    let title = view.entries.title(index);
    let width = title.chars().count().min(usize::from(room));
    let width = u16::try_from(width).unwrap_or(room);
    row(surface, Place::new(at.row, at.column.saturating_add(2)), width, title);
    let behind = at.column.saturating_add(2).saturating_add(width);
    let rest = columns.saturating_sub(4).saturating_sub(width);
    row(surface, Place::new(at.row, behind), rest, suffix);
}

fn info(surface: &mut dyn Surface, view: &View<'_>, area: Area) {
    let mut lines = area.at.row..area.at.row.saturating_add(area.size.rows);
    let mut say = |style: Style, text: &str| {
        surface.style(style);
        for text in wrap(text, area.size.columns) {
            let Some(line) = lines.next() else { return };
            row(surface, Place::new(line, area.at.column), area.size.columns, text);
        }
    };
    if let Some(seconds) = view.countdown {
        let mut text = super::Note::new();
        let _ = write!(text, "Boots in {seconds} s; any key stops the countdown.");
        say(Style::Title, &text);
    }
    if view.selected < view.entries.len()
        && let Some(note) = view.entries.note(view.selected)
    {
        say(Style::Alert, &note);
    }
    if let Some(message) = view.message {
        say(Style::Alert, message);
    }
}
