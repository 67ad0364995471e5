//! Entry points of both kinds, and what is none.

use proptest::prelude::*;

use super::*;

/// Makes `length` bytes add up to zero by the one at `place`.
fn seal(bytes: &mut [u8; MAX_BYTES], length: usize, place: usize) {
    bytes[place] = 0;
    bytes[place] = bytes[..length].iter().fold(0, |sum: u8, byte| sum.wrapping_sub(*byte));
}

fn wide() -> [u8; MAX_BYTES] {
    let mut bytes = [0; MAX_BYTES];
    bytes[..10].copy_from_slice(b"_SM3_\0\x18\x03\x07\x00");
    bytes[16..24].copy_from_slice(&0x1_2345_6000_u64.to_le_bytes());
    seal(&mut bytes, 24, 5);
    bytes
}

fn narrow() -> [u8; MAX_BYTES] {
    let mut bytes = [0; MAX_BYTES];
    bytes[..8].copy_from_slice(b"_SM_\0\x1F\x02\x08");
    bytes[16..21].copy_from_slice(b"_DMI_");
    bytes[24..28].copy_from_slice(&0x7F00_0000_u32.to_le_bytes());
    seal(&mut bytes, 31, 4);
    bytes
}

#[test]
fn both_kinds_are_read() {
    assert_eq!(EntryPoint::parse(&wide()), Ok(EntryPoint { major: 3, minor: 7, table: 0x1_2345_6000 }));
    assert_eq!(EntryPoint::parse(&narrow()), Ok(EntryPoint { major: 2, minor: 8, table: 0x7F00_0000 }));
}

#[test]
fn what_lies_behind_the_shorter_one_does_not_count() {
    let mut bytes = wide();
    bytes[24..].fill(0xAA);
    assert!(EntryPoint::parse(&bytes).is_ok());
}

#[test]
fn damaged_ones_are_told_apart() {
    assert_eq!(EntryPoint::parse(&[0; MAX_BYTES]), Err(Fault::Anchor));
    for length in [0, 23, 32, 255] {
        let mut bytes = wide();
        bytes[6] = length;
        assert_eq!(EntryPoint::parse(&bytes), Err(Fault::Length { bytes: length }));
    }
    let mut bytes = narrow();
    bytes[8] = 5;
    assert_eq!(EntryPoint::parse(&bytes), Err(Fault::Checksum { sum: 5 }));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<[u8; MAX_BYTES]>(), kind in 0..3) {
        let mut bytes = bytes;
        match kind {
            0 => bytes[..5].copy_from_slice(b"_SM3_"),
            1 => bytes[..4].copy_from_slice(b"_SM_"),
            _ => {}
        }
        let _ = EntryPoint::parse(&bytes);
    }
}
