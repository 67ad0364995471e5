//! The kinds of memory: fixed numbers, and no doubt about who owns what.

use super::*;

#[test]
fn numbers_are_part_of_the_protocol() {
    let kinds = [
        (1, "free"),
        (2, "firmware-temporary"),
        (3, "loader-temporary"),
        (4, "kernel-image"),
        (5, "page-tables"),
        (6, "loader-block"),
        (7, "boot-stack"),
        (8, "acpi-reclaimable"),
        (9, "acpi-nvs"),
        (10, "runtime-code"),
        (11, "runtime-data"),
        (12, "device"),
        (13, "persistent"),
        (14, "unaccepted"),
        (15, "special-purpose"),
        (16, "reserved"),
        (17, "bad"),
    ];
    assert_eq!(MemoryKind::ALL.len(), kinds.len());
    for ((number, name), kind) in kinds.into_iter().zip(MemoryKind::ALL) {
        assert_eq!((kind as u32, kind.name()), (number, name));
        assert_eq!(MemoryKind::from_number(number), Some(kind));
    }
    for number in [0, 18, u32::MAX] {
        assert_eq!(MemoryKind::from_number(number), None);
    }
}

#[test]
fn usable_kinds_are_free_or_owned_and_never_both() {
    for kind in MemoryKind::ALL {
        assert!(!(kind.is_free_for_kernel() && kind.is_kernel_owned()), "{kind:?}");
        assert_eq!(kind.is_usable(), (kind as u32) <= 7, "{kind:?}");
        assert_eq!(kind.is_free_for_kernel(), (kind as u32) <= 3, "{kind:?}");
    }
}

#[test]
fn a_run_beyond_2_to_the_32_frames_keeps_its_ends() {
    let run = MemoryRun::new(Frame::new(1 << 33), FrameCount::new((1 << 32) + 1), MemoryKind::Free);
    assert_eq!(run.frames.end(), Frame::new((1 << 33) + (1 << 32) + 1));
}
