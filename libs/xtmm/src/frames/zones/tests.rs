//! The borders between the classes.

extern crate std;
use std::vec::Vec;

use super::{Class, Zone, Zones};
use crate::frames::units::BlockSize;
use xtcore::{Frame, FrameCount};

fn zones(window_end: u64) -> Zones {
    Zones::new(BlockSize::new(FrameCount::new(512)).unwrap(), Frame::new(window_end))
}

#[test]
fn a_window_over_all_ram_leaves_only_four_gib_as_a_border() {
    let zones = zones(1 << 28);
    assert_eq!(zones.class_of(0), Class::Lowest);
    assert_eq!(zones.class_of(1), Class::Low);
    assert_eq!(zones.class_of((1 << 20 >> 9) - 1), Class::Low);
    assert_eq!(zones.class_of(1 << 20 >> 9), Class::Middle);
    let serving: Vec<Class> = zones.classes(Zone::BelowFourGiB).collect();
    assert_eq!(serving, [Class::Low, Class::Lowest]);
    let serving: Vec<Class> = zones.classes(Zone::Window).collect();
    assert_eq!(serving, [Class::Middle, Class::Low, Class::Lowest]);
}

#[test]
fn a_window_below_four_gib_is_the_scarcer_zone() {
    let zones = zones((1 << 18) + 100);
    assert_eq!(zones.window_end(), Frame::new(1 << 18), "the window ends with a whole block");
    let serving: Vec<Class> = zones.classes(Zone::Window).collect();
    assert_eq!(serving, [Class::Low, Class::Lowest]);
    let serving: Vec<Class> = zones.classes(Zone::BelowFourGiB).collect();
    assert_eq!(serving, [Class::Middle, Class::Low, Class::Lowest]);
    let serving: Vec<Class> = zones.classes(Zone::BelowOneMiB).collect();
    assert_eq!(serving, [Class::Lowest]);
}

#[test]
fn every_frame_is_in_the_range_of_its_class() {
    for window_end in [0, 1 << 12, 1 << 20, 1 << 30] {
        let zones = zones(window_end);
        for block in [0, 1, 7, 8, 2047, 2048, 1 << 21, 1 << 30] {
            let range = zones.range(zones.class_of(block));
            assert!(range.contains(Frame::new(u64::from(block) << 9)), "{window_end:#x} {block:#x}");
        }
    }
}
