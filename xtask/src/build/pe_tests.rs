//! A section that is added to an image is where a reader of such images finds it.

use object::read::pe::PeFile64;
use object::{Object, ObjectSection};

use super::{add_constants, header, optional, put, section, signature, u32_at};

const SIGNATURE: usize = 0x80;
const OPTIONAL: usize = SIGNATURE + 24;
const TABLE: usize = OPTIONAL + 240;

/// A PE32+ image with one section of 0x200 bytes at 0x1000.
fn image() -> Vec<u8> {
    let mut image = vec![0; 0x400];
    let mut put = |place: usize, value: &[u8]| image[place..place + value.len()].copy_from_slice(value);
    put(0, b"MZ");
    put(0x3C, &0x80_u32.to_le_bytes());
    put(SIGNATURE, b"PE\0\0");
    put(SIGNATURE + header::MACHINE, &0x8664_u16.to_le_bytes());
    put(SIGNATURE + header::SECTION_COUNT, &1_u16.to_le_bytes());
    put(SIGNATURE + header::OPTIONAL_BYTES, &240_u16.to_le_bytes());
    put(OPTIONAL, &0x20B_u16.to_le_bytes());
    put(OPTIONAL + optional::SECTION_ALIGNMENT, &0x1000_u32.to_le_bytes());
    put(OPTIONAL + optional::FILE_ALIGNMENT, &0x200_u32.to_le_bytes());
    put(OPTIONAL + optional::IMAGE_BYTES, &0x2000_u32.to_le_bytes());
    put(OPTIONAL + optional::HEADER_BYTES, &0x200_u32.to_le_bytes());
    put(OPTIONAL + 108, &16_u32.to_le_bytes());
    put(TABLE, b".text\0\0\0");
    for (field, value) in [
        (section::SIZE, 0x200_u32),
        (section::ADDRESS, 0x1000),
        (section::RAW_BYTES, 0x200),
        (section::RAW, 0x200),
    ] {
        put(TABLE + field, &value.to_le_bytes());
    }
    image
}

#[test]
fn a_reader_finds_the_section_behind_the_others() {
    let mut image = image();
    let contents: Vec<u8> = (0..0x1234_u32).map(|number| number as u8).collect();
    add_constants(&mut image, *b".more\0\0\0", &contents).unwrap();
    let file = PeFile64::parse(&*image).unwrap();
    let found = file.section_by_name(".more").unwrap();
    assert_eq!(found.address(), 0x2000);
    assert_eq!(found.size(), 0x1234);
    assert_eq!(&found.data().unwrap()[..0x1234], contents);
    assert!(file.section_by_name(".text").is_some());
    assert_eq!(image.len() % 0x200, 0);
    assert_eq!(u32_at(&image, OPTIONAL + optional::IMAGE_BYTES).unwrap(), 0x4000);
}

#[test]
fn headers_without_room_are_left_as_they_are() {
    let mut full = image();
    put(&mut full, OPTIONAL + optional::HEADER_BYTES, &0x1A0_u32.to_le_bytes()).unwrap();
    let before = full.clone();
    assert!(add_constants(&mut full, *b".more\0\0\0", &[1]).is_err());
    assert!(full == before);
    let mut used = image();
    put(&mut used, TABLE + section::BYTES, &[1]).unwrap();
    assert!(add_constants(&mut used, *b".more\0\0\0", &[1]).is_err());
}

#[test]
fn what_is_no_image_is_refused() {
    assert!(signature(&[0; 16]).is_err());
    assert!(add_constants(&mut vec![0; 4096], *b".more\0\0\0", &[1]).is_err());
}
