//! Two links of the same image that differ in the debug file's identity become the same bytes.

use super::{Identity, settle, settle_debug_file};

const HEADER: usize = 0x80;
const RAW: usize = 0x200;

fn put(image: &mut [u8], place: usize, value: &[u8]) {
    image[place..place + value.len()].copy_from_slice(value);
}

/// A PE32+ image with one section, which holds a debug directory of two entries and a CodeView record.
fn image(stamp: u32, identifier: [u8; 16], content: u8) -> Vec<u8> {
    let mut image = vec![0; 0x400];
    put(&mut image, 0x3C, &0x80_u32.to_le_bytes());
    put(&mut image, HEADER, b"PE\0\0");
    put(&mut image, HEADER + 6, &1_u16.to_le_bytes());
    put(&mut image, HEADER + 8, &stamp.to_le_bytes());
    put(&mut image, HEADER + 20, &240_u16.to_le_bytes());
    put(&mut image, HEADER + 24, &0x20B_u16.to_le_bytes());
    put(&mut image, HEADER + 24 + 64, &0xDEAD_BEEF_u32.to_le_bytes());
    put(&mut image, HEADER + 24 + 112 + 48, &0x1000_u32.to_le_bytes());
    put(&mut image, HEADER + 24 + 112 + 52, &56_u32.to_le_bytes());
    let section = HEADER + 24 + 240;
    put(&mut image, section + 12, &0x1000_u32.to_le_bytes());
    put(&mut image, section + 16, &0x200_u32.to_le_bytes());
    put(&mut image, section + 20, &0x200_u32.to_le_bytes());
    for (entry, kind) in [(RAW, 2_u32), (RAW + 28, 16)] {
        put(&mut image, entry + 4, &stamp.to_le_bytes());
        put(&mut image, entry + 12, &kind.to_le_bytes());
        put(&mut image, entry + 24, &0x300_u32.to_le_bytes());
    }
    put(&mut image, 0x300, b"RSDS");
    put(&mut image, 0x304, &identifier);
    put(&mut image, 0x318, b"kernel.pdb\0");
    put(&mut image, 0x3F0, &[content]);
    image
}

#[test]
fn images_that_differ_only_in_identity_become_the_same() {
    let (mut one, mut other) = (image(1, [1; 16], 7), image(2, [2; 16], 7));
    assert_ne!(one, other);
    let identity = settle(&mut one).unwrap();
    assert_eq!(settle(&mut other).unwrap(), identity);
    assert!(one == other);
    assert_eq!(identity.debug_file.as_deref(), Some("kernel.pdb"));
}

#[test]
fn images_that_differ_in_content_stay_different_in_identity_too() {
    let (mut one, mut other) = (image(1, [1; 16], 7), image(1, [1; 16], 8));
    assert_ne!(settle(&mut one).unwrap(), settle(&mut other).unwrap());
    assert_ne!(one[0x304..0x314], other[0x304..0x314]);
}

#[test]
fn a_settled_image_stays_as_it_is() {
    let mut once = image(1, [1; 16], 7);
    settle(&mut once).unwrap();
    let mut twice = once.clone();
    settle(&mut twice).unwrap();
    assert!(once == twice);
}

#[test]
fn the_checksum_is_right_again() {
    let mut settled = image(1, [1; 16], 7);
    settle(&mut settled).unwrap();
    let field = HEADER + 24 + 64;
    let stored = u32::from_le_bytes(settled[field..field + 4].try_into().unwrap());
    put(&mut settled, field, &[0; 4]);
    // The definition in other words: the sum modulo 2^16 - 1, represented by 1 to 2^16 - 1, plus the length.
    let words = settled.chunks(2).map(|pair| u64::from(u16::from_le_bytes([pair[0], pair[1]])));
    let sum = (words.sum::<u64>() - 1) % 0xFFFF + 1;
    assert_eq!(u64::from(stored), sum + 0x400);
}

#[test]
fn anything_else_is_refused() {
    assert!(settle(&mut [0; 16]).is_err());
    assert!(settle(&mut [0; 4096]).is_err());
    let mut cut = image(1, [1; 16], 7);
    cut.truncate(0x210);
    assert!(settle(&mut cut).is_err());
}

#[test]
fn the_debug_file_gets_the_same_identity() {
    let identity = Identity { stamp: [9; 4], identifier: [8; 16], debug_file: None };
    let mut file = vec![0; 5 * 512];
    put(&mut file, 0, b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0");
    put(&mut file, 32, &512_u32.to_le_bytes());
    put(&mut file, 44, &24_u32.to_le_bytes());
    put(&mut file, 52, &1_u32.to_le_bytes());
    put(&mut file, 512, &2_u32.to_le_bytes());
    // Two streams: 600 bytes in the blocks 3 and 3, then 28 bytes in block 4.
    for (index, value) in [2_u32, 600, 28, 3, 3, 4].into_iter().enumerate() {
        put(&mut file, 1024 + 4 * index, &value.to_le_bytes());
    }
    settle_debug_file(&mut file, &identity).unwrap();
    assert_eq!(file[2048 + 4..2048 + 8], [9; 4]);
    assert_eq!(file[2048 + 12..2048 + 28], [8; 16]);
    assert!(settle_debug_file(&mut [0; 4096], &identity).is_err());
}
