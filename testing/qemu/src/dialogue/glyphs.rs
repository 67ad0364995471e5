//! Whether a picture shows a text, without knowing its font.
//!
//! A text console draws characters in cells of one size. So a picture shows a text if it can be cut into cells such that
//! equal characters look alike in every place, different ones differ, and blanks are blank. Colours do not count: a cell
//! is the set of its pixels that are not of its commonest colour.

use std::collections::{BTreeMap, HashMap};

use crate::screen::Picture;

/// Width and height of a cell of the firmware's console, in pixels: the font that UEFI consoles share (UEFI 2.10, 34.3.2,
/// EFI_GLYPH_WIDTH and EFI_GLYPH_HEIGHT).
const CELL: (usize, usize) = (8, 19);

/// Text modes that a firmware centres on its screen: columns and rows.
const MODES: [(usize, usize); 6] = [(80, 25), (80, 50), (100, 31), (128, 40), (160, 42), (240, 56)];

/// Characters that a console may draw otherwise than the terminal says, because it lacks them.
const LINES: &str = "─│┌┐└┘├┤┬┴┼═║╔╗╚╝╠╣╦╩╬▲▼►◄░▒▓█↑↓←→";

/// A cell's shape: a bit for each pixel that is not paper.
type Shape = [u8; 19];

/// Checks that a picture shows the lines of a text.
///
/// # Errors
/// In words: the difference that is met first in the text mode that fits best.
pub(super) fn compare(picture: &Picture<'_>, rows: &[String]) -> Result<(), String> {
    let mut best: Option<(usize, String)> = None;
    for (columns, lines) in MODES {
        let (width, height) = (columns * CELL.0, lines * CELL.1);
        let (Some(left), Some(top)) =
            (picture.width().checked_sub(width), picture.height().checked_sub(height))
        else {
            continue;
        };
        match matches(picture, (left / 2, top / 2), (columns, lines), rows) {
            Ok(()) => return Ok(()),
            Err((good, reason)) if best.as_ref().is_none_or(|(most, _)| good > *most) => {
                best = Some((good, reason));
            }
            Err(_) => {}
        }
    }
    Err(best.map_or_else(|| "the screen is smaller than any text mode".to_owned(), |(_, reason)| reason))
}

/// Compares in one text mode; a failure tells how many cells were right before it.
fn matches(
    picture: &Picture<'_>,
    origin: (usize, usize),
    (columns, lines): (usize, usize),
    rows: &[String],
) -> Result<(), (usize, String)> {
    let (mut looks, mut means) = (BTreeMap::<char, Shape>::new(), HashMap::<Shape, char>::new());
    let mut good = 0;
    for line in 0..lines {
        let mut row = rows.get(line).map(String::as_str).unwrap_or_default().chars();
        for column in 0..columns {
            let character = row.next().unwrap_or(' ');
            let shape = shape(picture, (origin.0 + column * CELL.0, origin.1 + line * CELL.1));
            let place = format!("line {}, column {}", line + 1, column + 1);
            if LINES.contains(character) {
                continue;
            }
            if (character == ' ') != (shape == [0; 19]) {
                let found = if character == ' ' { "something" } else { "nothing" };
                return Err((good, format!("the picture shows {found} for '{character}' ({place})")));
            }
            if *looks.entry(character).or_insert(shape) != shape {
                return Err((
                    good,
                    format!("'{character}' looks different from the one before it ({place})"),
                ));
            }
            let meant = *means.entry(shape).or_insert(character);
            if meant != character {
                return Err((good, format!("'{character}' looks like '{meant}' ({place})")));
            }
            good += 1;
        }
        if row.next().is_some() {
            return Err((good, format!("line {} is longer than the screen", line + 1)));
        }
    }
    if rows.len() > lines {
        return Err((good, format!("the text has {} lines, the screen {lines}", rows.len())));
    }
    Ok(())
}

/// Returns the shape of the cell at a place. The rarer of two colours is ink; a cell of one colour is blank.
fn shape(picture: &Picture<'_>, (left, top): (usize, usize)) -> Shape {
    let cell = |x: usize, y: usize| picture.pixel(left + x, top + y).unwrap_or_default();
    let mut counts = BTreeMap::<[u8; 3], usize>::new();
    for y in 0..CELL.1 {
        for x in 0..CELL.0 {
            *counts.entry(cell(x, y)).or_default() += 1;
        }
    }
    let paper = counts.into_iter().max_by_key(|(_, count)| *count).map(|(colour, _)| colour);
    std::array::from_fn(|y| (0..CELL.0).fold(0, |row, x| (row << 1) | u8::from(Some(cell(x, y)) != paper)))
}
