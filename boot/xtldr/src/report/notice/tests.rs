//! A picture painted into an array: letters where they belong, nothing outside.

use core::fmt::Write;
use std::collections::BTreeMap;

use super::*;
use crate::firmware::PixelLayout;

const FIRST: u64 = 0xC000_0000;

fn screen(width: u32, height: u32, stride: u32, format: PixelFormat) -> Graphics {
    Graphics {
        address: PhysAddr::new(FIRST),
        bytes: u64::from(stride) * u64::from(height) * 4,
        width,
        height,
        stride,
        layout: PixelLayout::Known(format),
    }
}

/// What was painted, by column and line.
type Picture = BTreeMap<(u32, u32), u32>;

fn paint(graphics: &Graphics, text: &str) -> Option<Picture> {
    let mut picture = Picture::new();
    let mut notice = Notice::new(graphics, |address, pixel| {
        assert!(address.is_aligned(4));
        let index = u32::try_from((address.get() - FIRST) / 4).unwrap();
        let (x, y) = (index % graphics.stride, index / graphics.stride);
        assert!(x < graphics.width && y < graphics.height, "pixel {x}, {y}");
        picture.insert((x, y), pixel);
    })?;
    notice.write_str(text).unwrap();
    Some(picture)
}

/// Tells for each cell of the row whether anything but paper is in it.
fn inked(picture: &Picture, row: u32, columns: u32) -> std::vec::Vec<bool> {
    let paper = picture[&(0, 0)];
    let cell = |column| {
        let xs = column * CELL_WIDTH..(column + 1) * CELL_WIDTH;
        let mut ys = row * CELL_HEIGHT..(row + 1) * CELL_HEIGHT;
        ys.any(|y| xs.clone().any(|x| picture.get(&(x, y)).is_some_and(|pixel| *pixel != paper)))
    };
    (0..columns).map(cell).collect()
}

#[test]
fn letters_are_in_their_cells_and_a_row_is_painted_over_the_whole_width() {
    let graphics = screen(CELL_WIDTH * 5 + 3, 100, 64, PixelFormat::Bgr);
    let picture = paint(&graphics, "A B").unwrap();
    assert_eq!(inked(&picture, 0, 5), [true, false, true, false, false]);
    let painted = graphics.width * CELL_HEIGHT;
    assert_eq!(picture.len(), painted as usize, "one row and no pixel more");
}

#[test]
fn the_glyph_is_the_one_of_the_font() {
    let picture = paint(&screen(64, 64, 64, PixelFormat::Rgb), "g").unwrap();
    let raster = get_raster('g', WEIGHT, HEIGHT).unwrap();
    for (y, line) in (0..).zip(raster.raster()) {
        for (x, share) in (0..).zip(*line) {
            let [red, ..] = picture[&(x, y)].to_le_bytes();
            let expected = i32::from(PAPER[0]) + i32::from(INK[0] - PAPER[0]) * i32::from(*share) / 255;
            assert!((i32::from(red) - expected).abs() <= 1, "{x}, {y}");
        }
    }
}

#[test]
fn the_order_of_the_colours_is_the_screens() {
    let [red, green, blue] = PAPER;
    for (format, bytes) in
        [(PixelFormat::Rgb, [red, green, blue, 0]), (PixelFormat::Bgr, [blue, green, red, 0])]
    {
        let picture = paint(&screen(64, 64, 64, format), "").unwrap();
        assert_eq!(picture[&(0, 0)].to_le_bytes(), bytes);
    }
}

#[test]
fn long_lines_continue_below_and_a_line_feed_starts_a_row() {
    let graphics = screen(CELL_WIDTH * 3, CELL_HEIGHT * 4, CELL_WIDTH * 3, PixelFormat::Rgb);
    let picture = paint(&graphics, "abcd\nef").unwrap();
    assert_eq!(inked(&picture, 0, 3), [true, true, true]);
    assert_eq!(inked(&picture, 1, 3), [true, false, false]);
    assert_eq!(inked(&picture, 2, 3), [true, true, false]);
    assert!(picture.keys().all(|(_, y)| *y < CELL_HEIGHT * 3), "the last row was not needed");
}

#[test]
fn what_does_not_fit_is_cut() {
    let graphics = screen(CELL_WIDTH + 1, CELL_HEIGHT * 2 + 5, 40, PixelFormat::Rgb);
    let short = paint(&graphics, "ab").unwrap();
    assert_eq!(paint(&graphics, "abcdefgh\n\nxyz").unwrap(), short);
}

#[test]
fn characters_that_the_font_lacks_become_question_marks() {
    let graphics = screen(64, 64, 64, PixelFormat::Rgb);
    assert_eq!(paint(&graphics, "…漢\u{1}"), paint(&graphics, "???"));
}

#[test]
fn without_a_usable_framebuffer_there_is_no_notice() {
    let good = screen(64, 64, 64, PixelFormat::Rgb);
    for bad in [
        Graphics { layout: PixelLayout::Other, ..good },
        Graphics { bytes: 100, ..good },
        Graphics { address: PhysAddr::new(FIRST + 4), ..good },
        screen(CELL_WIDTH - 1, 64, 64, PixelFormat::Rgb),
        screen(64, CELL_HEIGHT - 1, 64, PixelFormat::Rgb),
    ] {
        assert_eq!(paint(&bad, "x"), None, "{bad:?}");
    }
}
