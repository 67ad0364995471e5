//! What a monitor says it is made for: the first detailed timing of its EDID.
//!
//! Source: VESA E-EDID 1.4, sections 3.1 to 3.10.

#[cfg(test)]
mod tests;

use crate::choice::Size;

/// Bytes of the first block; extensions may follow.
const BLOCK: usize = 128;

/// What each block begins with.
const HEADER: [u8; 8] = [0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0];

/// Where the first detailed timing begins, which is the preferred one.
const TIMING: usize = 54;

/// Returns the monitor's preferred mode; `None` when the EDID is damaged or doesn't say.
pub(super) fn preferred(edid: &[u8]) -> Option<Size> {
    let block = edid.first_chunk::<BLOCK>()?;
    let sum = block.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    if !block.starts_with(&HEADER) || sum != 0 {
        return None;
    }
    let [clock_low, clock_high, width, _, width_high, height, _, height_high] =
        *block.get(TIMING..)?.first_chunk()?;
    // Without a pixel clock it is a text about the monitor instead.
    if clock_low == 0 && clock_high == 0 {
        return None;
    }
    let number = |low: u8, high: u8| u32::from(low) | u32::from(high >> 4) << 8;
    let size = Size { width: number(width, width_high), height: number(height, height_high) };
    (size.width != 0 && size.height != 0).then_some(size)
}
