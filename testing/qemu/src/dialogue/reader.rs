//! What stands on the kernel's console, read from a picture of it.
//!
//! A kernel without a serial line says nothing but there, so whoever waits for its words must read them. The font is
//! known: the one that the kernel draws with. How it mixes ink into paper is written here once more, so that a character
//! which the kernel draws otherwise is read as none.

use std::collections::HashMap;

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster};

use super::glyphs::{BLANK, Grid, Shape, grid_of_kernel, shape};
use crate::screen::{Colour, INK, Paper, Picture};

/// What a cell shows that no character looks like.
const UNKNOWN: char = '\u{FFFD}';

/// The lines of pixels at the foot of a cell that are the cursor.
const CURSOR: [usize; 2] = [14, 15];

/// A line of pixels that are all ink.
const FULL: u16 = (1 << 7) - 1;

/// Reads the lines of a picture, without blanks at their ends, up to the last one that is not empty. The cursor hides nothing but
/// what it is drawn over.
pub(super) fn read(picture: &Picture<'_>, paper: Paper) -> Vec<String> {
    let alphabet = alphabet(paper);
    let grid = grid_of_kernel(picture);
    let line = |line| -> String {
        (0..grid.columns).map(|column| character(picture, grid, (column, line), &alphabet)).collect()
    };
    let mut lines: Vec<String> = (0..grid.lines).map(|number| line(number).trim_end().to_owned()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// The characters by their shapes.
type Alphabet = HashMap<Shape, char>;

fn alphabet(paper: Paper) -> Alphabet {
    let drawn = (' '..='~').filter_map(|character| {
        let raster = get_raster(character, FontWeight::Regular, RasterHeight::Size16)?;
        let mut shape = BLANK;
        for (row, pixels) in shape.iter_mut().zip(raster.raster()) {
            *row = pixels.iter().fold(0, |row, share| (row << 1) | u16::from(leaves_a_trace(*share, paper)));
        }
        Some((shape, character))
    });
    drawn.collect()
}

/// Tells whether so many 255ths of ink change the colour of the paper.
fn leaves_a_trace(share: u8, paper: Paper) -> bool {
    let mixed = |ink: u8, paper: u8| {
        (u32::from(ink) * u32::from(share) + u32::from(paper) * (255 - u32::from(share))) / 255
    };
    let (Colour(red, green, blue), on) = (INK, paper.colour());
    [(red, on.0), (green, on.1), (blue, on.2)].iter().any(|&(ink, on)| mixed(ink, on) != u32::from(on))
}

fn character(picture: &Picture<'_>, grid: Grid, (column, line): (usize, usize), alphabet: &Alphabet) -> char {
    let found = shape(picture, grid, column, line);
    if let Some(character) = alphabet.get(&found) {
        return *character;
    }
    if CURSOR.iter().any(|row| found[*row] != FULL) {
        return UNKNOWN;
    }
    let above = |mut shape: Shape| {
        CURSOR.iter().for_each(|row| shape[*row] = 0);
        shape
    };
    // Of several, the first: a blank before an underscore.
    let under = alphabet.iter().filter(|(known, _)| above(**known) == above(found));
    under.map(|(_, character)| *character).min().unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests;
