//! Addresses at the edges: 4 GiB, the top of the address space, and alignments wider than 32 bits.

extern crate std;

use std::format;

use super::*;

#[test]
fn addresses_keep_all_64_bits() {
    // Regression 5: a frame number that was cut to 32 bits lost the memory above 4 GiB.
    for raw in
        [0xFFFF_F000, 0x1_0000_0000, 0x1_0000_1000, 0x10_0000_0000, (1 << 44) + 0x1000, (1 << 52) - 0x1000]
    {
        let address = PhysAddr::new(raw);
        assert_eq!(address.get(), raw);
        assert_eq!(address.frame().number(), raw / 4096);
        assert_eq!(address.frame().address(), address);
    }
}

#[test]
fn alignment_masks_are_64_bits_wide() {
    // Regression 7.
    let address = VirtAddr::new(0xFFFF_F801_2345_6789);
    assert_eq!(address.align_down(0x20_0000), VirtAddr::new(0xFFFF_F801_2340_0000));
    assert_eq!(address.align_up(0x20_0000), Some(VirtAddr::new(0xFFFF_F801_2360_0000)));
    assert_eq!(address.align_down(1 << 39), VirtAddr::new(0xFFFF_F800_0000_0000));
    assert!(!address.is_aligned(2) && address.align_down(1 << 39).is_aligned(1 << 39));
    assert_eq!(address.page_offset(), 0x789);
}

#[test]
fn nothing_wraps_at_the_top() {
    let last = PhysAddr::new(u64::MAX);
    assert_eq!(last.checked_add(0), Some(last));
    assert_eq!(last.checked_add(1), None);
    assert_eq!(last.align_up(4096), None);
    assert_eq!(PhysAddr::new(u64::MAX - 0xFFF).align_up(4096), Some(PhysAddr::new(u64::MAX - 0xFFF)));
    assert_eq!(PhysAddr::ZERO.bytes_since(last), None);
    assert_eq!(last.bytes_since(PhysAddr::ZERO), Some(u64::MAX));
    assert_eq!(VirtRange::with_length(VirtAddr::new(u64::MAX), 1), None);
    assert_eq!(VirtRange::new(VirtAddr::new(2), VirtAddr::new(1)), None);
}

#[test]
fn ranges_are_half_open() {
    let range = VirtRange::with_length(VirtAddr::new(0x1000), 0x1000).unwrap();
    let next = VirtRange::with_length(range.end(), 0x1000).unwrap();
    let empty = VirtRange::with_length(range.start(), 0).unwrap();
    assert!(range.contains(VirtAddr::new(0x1FFF)) && !range.contains(range.end()));
    assert!(!range.overlaps(next) && !next.overlaps(range) && range.overlaps(range));
    assert!(empty.is_empty() && !empty.contains(range.start()));
    assert_eq!(range.bytes(), 0x1000);
    assert!(range.is_aligned(0x1000) && !range.is_aligned(0x2000));
}

#[test]
fn both_kinds_of_address_show_which_they_are() {
    assert_eq!(format!("{:?} {}", PhysAddr::new(0x1000), PhysAddr::new(255)), "P:0x1000 ff");
    assert_eq!(format!("{:?} {:#x}", VirtAddr::new(0x1000), VirtAddr::new(255)), "V:0x1000 0xff");
}

#[test]
fn a_range_touches_the_pages_that_its_bytes_lie_in() {
    let range = |start, end| VirtRange::new(VirtAddr::new(start), VirtAddr::new(end)).unwrap();
    assert_eq!(range(0x1FFF, 0x2001).whole_pages(), range(0x1000, 0x3000));
    assert!(range(0x1FFF, 0x3001).pages().map(VirtAddr::get).eq([0x1000, 0x2000, 0x3000]));
    assert_eq!(range(0x1000, 0x1000).pages().count(), 0);
    assert_eq!(range(u64::MAX - 1, u64::MAX).pages().count(), 0, "the last page ends past 2^64");
}
