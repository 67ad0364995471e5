//! Whether a picture shows a text, without knowing its font.
//!
//! A text console draws characters in cells of one size. So a picture shows a text if it can be cut into cells such that
//! equal characters look alike in every place, different ones differ, and blanks are blank. Colours do not count: a cell
//! is the set of its pixels that are not of its commonest colour.

use std::collections::{BTreeMap, HashMap};

use crate::screen::Picture;

/// Width and height of a cell of the firmware's console, in pixels: the font that UEFI consoles share (UEFI 2.10, 34.3.2,
/// EFI_GLYPH_WIDTH and EFI_GLYPH_HEIGHT).
const FIRMWARE_CELL: (usize, usize) = (8, 19);

/// The same of the kernel's console.
const KERNEL_CELL: (usize, usize) = (7, 16);

/// Text modes that a firmware centres on its screen: columns and rows.
const MODES: [(usize, usize); 6] = [(80, 25), (80, 50), (100, 31), (128, 40), (160, 42), (240, 56)];

/// The most rows and columns of a cell.
const LARGEST: (usize, usize) = (19, 16);

/// Characters that a console may draw otherwise than the terminal says, because it lacks them.
const LINES: &str = "─│┌┐└┘├┤┬┴┼═║╔╗╚╝╠╣╦╩╬▲▼►◄░▒▓█↑↓←→";

/// A cell's shape, row by row: a bit for each pixel that is not paper.
pub(super) type Shape = [u16; LARGEST.0];

/// Where the cells lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    /// The pixel in the upper left corner.
    origin: (usize, usize),
    /// Width and height of a cell.
    cell: (usize, usize),
    /// How many there are.
    pub(super) columns: usize,
    pub(super) lines: usize,
}

/// Checks that a picture shows the lines of a text, as the firmware's console draws them.
///
/// # Errors
/// In words: the difference that is met first in the text mode that fits best.
pub(super) fn compare(picture: &Picture<'_>, rows: &[String]) -> Result<(), String> {
    let mut best: Option<(usize, String)> = None;
    for (columns, lines) in MODES {
        let cell = FIRMWARE_CELL;
        let room =
            (picture.width().checked_sub(columns * cell.0), picture.height().checked_sub(lines * cell.1));
        let (Some(left), Some(top)) = room else { continue };
        match matches(picture, Grid { origin: (left / 2, top / 2), cell, columns, lines }, rows) {
            Ok(()) => return Ok(()),
            Err((good, reason)) if best.as_ref().is_none_or(|(most, _)| good > *most) => {
                best = Some((good, reason));
            }
            Err(_) => {}
        }
    }
    Err(best.map_or_else(|| "the screen is smaller than any text mode".to_owned(), |(_, reason)| reason))
}

/// Checks that a picture shows the last of some lines, as many as it has, as the kernel's console draws them.
///
/// # Errors
/// In words: the difference that is met first. A line that is longer than the screen cannot be compared.
pub(super) fn compare_last(picture: &Picture<'_>, lines: &[String]) -> Result<(), String> {
    let all = grid_of_kernel(picture);
    let is_blank = |line: &usize| (0..all.columns).all(|column| shape(picture, all, column, *line) == BLANK);
    let blank = (0..all.lines).rev().take_while(is_blank).count();
    let shown = all.lines - blank;
    let first = lines.len().checked_sub(shown).ok_or("the picture has more lines than were printed")?;
    let rows: Vec<String> = lines[first..].iter().map(|line| line.trim_end().to_owned()).collect();
    if shown < all.lines / 4 {
        return Err(format!("the picture has {shown} lines only"));
    }
    matches(picture, all, &rows).map_err(|(_, reason)| reason)
}

/// Returns where the cells of the kernel's console lie.
pub(super) fn grid_of_kernel(picture: &Picture<'_>) -> Grid {
    let cell = KERNEL_CELL;
    Grid { origin: (0, 0), cell, columns: picture.width() / cell.0, lines: picture.height() / cell.1 }
}

/// Nothing but paper.
pub(super) const BLANK: Shape = [0; LARGEST.0];

/// Compares in one grid; a failure tells how many cells were right before it.
fn matches(picture: &Picture<'_>, grid: Grid, rows: &[String]) -> Result<(), (usize, String)> {
    let (mut looks, mut means) = (BTreeMap::<char, Shape>::new(), HashMap::<Shape, char>::new());
    let mut good = 0;
    for line in 0..grid.lines {
        let mut row = rows.get(line).map(String::as_str).unwrap_or_default().chars();
        for column in 0..grid.columns {
            let character = row.next().unwrap_or(' ');
            let shape = shape(picture, grid, column, line);
            let place = format!("line {}, column {}", line + 1, column + 1);
            if LINES.contains(character) {
                continue;
            }
            if (character == ' ') != (shape == BLANK) {
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
    if rows.len() > grid.lines {
        return Err((good, format!("the text has {} lines, the screen {}", rows.len(), grid.lines)));
    }
    Ok(())
}

/// Returns the shape of a cell. The commonest colour is paper, so a cell of one colour is blank.
pub(super) fn shape(picture: &Picture<'_>, grid: Grid, column: usize, line: usize) -> Shape {
    let (width, height) = grid.cell;
    let (left, top) = (grid.origin.0 + column * width, grid.origin.1 + line * height);
    let pixel = |x: usize, y: usize| picture.pixel(left + x, top + y).unwrap_or_default();
    let mut counts = BTreeMap::<[u8; 3], usize>::new();
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
        *counts.entry(pixel(x, y)).or_default() += 1;
    }
    let paper = counts.into_iter().max_by_key(|(_, count)| *count).map(|(colour, _)| colour);
    let row = |y| (0..width).fold(0, |row, x| (row << 1) | u16::from(Some(pixel(x, y)) != paper));
    std::array::from_fn(|y| if y < height { row(y) } else { 0 })
}
