//! A good EDID, and damaged ones.

use proptest::prelude::*;

use super::*;

/// The timing of CEA 1920x1080 at 60 Hz: 148.5 MHz, 1920 of 2200 pixels, 1080 of 1125 lines.
const FULL_HD: [u8; 8] = [0x02, 0x3A, 0x80, 0x18, 0x71, 0x38, 0x2D, 0x40];

fn edid(timing: &[u8; 8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..8].copy_from_slice(&HEADER);
    block[TIMING..TIMING + 8].copy_from_slice(timing);
    let sum = block.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    block[BLOCK - 1] = sum.wrapping_neg();
    block
}

#[test]
fn the_first_timing_is_the_monitors_own_mode() {
    assert_eq!(preferred(&edid(&FULL_HD)), Some(Size { width: 1920, height: 1080 }));
}

#[test]
fn a_descriptor_without_a_clock_is_no_timing() {
    let mut text = FULL_HD;
    text[0] = 0;
    text[1] = 0;
    assert_eq!(preferred(&edid(&text)), None);
}

#[test]
fn damaged_ones_say_nothing() {
    let good = edid(&FULL_HD);
    assert_eq!(preferred(&good[..127]), None);
    assert_eq!(preferred(&[]), None);
    for at in 0..BLOCK {
        let mut bad = good;
        bad[at] ^= 0x10;
        assert_eq!(preferred(&bad), None, "byte {at}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = preferred(&bytes);
    }
}
