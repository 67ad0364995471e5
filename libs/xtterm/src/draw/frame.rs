//! A box of lines.

use super::{Area, Place, Surface};

/// Draws the border of `area` in the style that is on, with `title` in its upper edge. The inside stays as it is. An area
/// of fewer than two rows or columns has no border.
pub fn frame(surface: &mut dyn Surface, area: Area, title: &str) {
    let (Some(bottom), Some(right)) = (area.size.rows.checked_sub(1), area.size.columns.checked_sub(1))
    else {
        return;
    };
    if bottom == 0 || right == 0 {
        return;
    }
    let at = |row: u16, column: u16| {
        Place::new(area.at.row.saturating_add(row), area.at.column.saturating_add(column))
    };
    edge(surface, at(0, 0), right, ["┌", "┐"]);
    for row in 1..bottom {
        for column in [0, right] {
            surface.place(at(row, column));
            surface.text("│");
        }
    }
    edge(surface, at(bottom, 0), right, ["└", "┘"]);
    // The title keeps a line of at least one cell on either side, and a space beside it.
    let room = usize::from(right).saturating_sub(5);
    if !title.is_empty() && room > 0 {
        surface.place(at(0, 2));
        surface.text(" ");
        let end = title.char_indices().nth(room).map_or(title.len(), |(at, _)| at);
        surface.text(title.get(..end).unwrap_or_default());
        surface.text(" ");
    }
}

fn edge(surface: &mut dyn Surface, at: Place, right: u16, corners: [&str; 2]) {
    let [left_corner, right_corner] = corners;
    surface.place(at);
    surface.text(left_corner);
    for _ in 1..right {
        surface.text("─");
    }
    surface.text(right_corner);
}
