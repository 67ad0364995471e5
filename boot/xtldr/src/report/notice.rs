//! The last message as pixels, for when the firmware's console is gone and its framebuffer is still there.
//!
//! A [`Notice`] turns text into pixels by address and leaves writing them to its owner, so that the same code draws on
//! a screen and, in tests, into an array. It writes only: a framebuffer is slow to read. Rows are painted from the
//! top, each over the whole width; what does not fit below the last one is cut.

use core::fmt;

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};
use xtboot::block::PixelFormat;
use xtcore::PhysAddr;

use crate::firmware::Graphics;

const WEIGHT: FontWeight = FontWeight::Regular;
const HEIGHT: RasterHeight = RasterHeight::Size16;
const CELL_WIDTH: u32 = get_raster_width(WEIGHT, HEIGHT) as u32;
const CELL_HEIGHT: u32 = HEIGHT.val() as u32;

/// Red, green and blue of the background.
const PAPER: [u8; 3] = [110, 16, 24];
/// Red, green and blue of the text.
const INK: [u8; 3] = [240, 240, 240];

/// A message on the screen. `P` writes one pixel of four bytes to a physical address.
///
/// All addresses are multiples of four inside the visible part of the framebuffer.
pub struct Notice<P: FnMut(PhysAddr, u32)> {
    plot: P,
    graphics: Graphics,
    format: PixelFormat,
    columns: u32,
    rows: u32,
    column: u32,
    row: u32,
}

impl<P: FnMut(PhysAddr, u32)> Notice<P> {
    /// Paints the first row, or returns `None` where there is no framebuffer to draw on or no room for a character.
    pub fn new(graphics: &Graphics, plot: P) -> Option<Self> {
        let (format, _) = graphics.visible()?;
        let (columns, rows) = (graphics.width / CELL_WIDTH, graphics.height / CELL_HEIGHT);
        if columns == 0 || rows == 0 {
            return None;
        }
        let mut notice = Self { plot, graphics: *graphics, format, columns, rows, column: 0, row: 0 };
        notice.paint_row();
        Some(notice)
    }

    fn put(&mut self, character: char) {
        if character == '\n' || self.column == self.columns {
            self.row = self.row.saturating_add(1);
            self.column = 0;
            self.paint_row();
        }
        if character == '\n' || self.row >= self.rows {
            return;
        }
        let raster = get_raster(character, WEIGHT, HEIGHT).or_else(|| get_raster('?', WEIGHT, HEIGHT));
        let Some(raster) = raster else { return };
        let (left, top) = (self.column * CELL_WIDTH, self.row * CELL_HEIGHT);
        for (y, line) in (top..).zip(raster.raster()) {
            for (x, share) in (left..).zip(*line) {
                self.set(x, y, self.mix(*share));
            }
        }
        self.column += 1;
    }

    fn paint_row(&mut self) {
        if self.row < self.rows {
            let top = self.row * CELL_HEIGHT;
            let paper = self.mix(0);
            for y in top..top + CELL_HEIGHT {
                (0..self.graphics.width).for_each(|x| self.set(x, y, paper));
            }
        }
    }

    fn set(&mut self, x: u32, y: u32, pixel: u32) {
        if x >= self.graphics.width || y >= self.graphics.height {
            return;
        }
        let index = u64::from(y) * u64::from(self.graphics.stride) + u64::from(x);
        if let Some(address) = self.graphics.address.checked_add(index * 4) {
            (self.plot)(address, pixel);
        }
    }

    /// Returns the pixel with `share` of 255 parts ink on paper.
    fn mix(&self, share: u8) -> u32 {
        let mut bytes = [0; 4];
        for ((byte, ink), paper) in bytes.iter_mut().zip(INK).zip(PAPER) {
            let sum = u32::from(ink) * u32::from(share) + u32::from(paper) * u32::from(u8::MAX - share);
            *byte = (sum / u32::from(u8::MAX)) as u8;
        }
        let [red, green, blue, _] = bytes;
        u32::from_le_bytes(match self.format {
            PixelFormat::Rgb => [red, green, blue, 0],
            PixelFormat::Bgr => [blue, green, red, 0],
        })
    }
}

impl<P: FnMut(PhysAddr, u32)> fmt::Write for Notice<P> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().for_each(|character| self.put(character));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
