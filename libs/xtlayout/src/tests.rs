//! The planner, from 8 MiB to 2^52 bytes, in all four modes.

use proptest::prelude::*;
use xtcore::{Frame, Level, PAGE_BYTES, PagingMode, PhysAddr, VirtAddr, VirtRange};

use crate::{BootNeeds, LayoutError, Needs, RegionKind, plan, plan_boot};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

fn image_base(mode: PagingMode) -> VirtAddr {
    VirtAddr::new(if mode.geometry().virtual_bits() == 32 { 0x8080_0000 } else { 0xFFFF_F800_0000_0000 })
}

/// The self-map's region, written down here once more: this crate does not know the paging engine.
fn self_map(mode: PagingMode) -> VirtRange {
    let (start, bytes) = match mode {
        PagingMode::Pml2 => (0xC000_0000, 4 * MIB),
        PagingMode::Pml3 => (0xC000_0000, 8 * MIB),
        PagingMode::Pml4 => (0xFFFF_F680_0000_0000, 1 << 39),
        PagingMode::Pml5 => (0xFFED_0000_0000_0000, 1 << 48),
    };
    VirtRange::saturating(VirtAddr::new(start), bytes)
}

fn boot_needs(mode: PagingMode) -> BootNeeds {
    BootNeeds {
        image_base: image_base(mode),
        image_bytes: 512 * KIB,
        block_bytes: 64 * KIB,
        stack_bytes: 64 * KIB,
        framebuffer_bytes: 8 * MIB,
    }
}

fn needs(mode: PagingMode, ram: u64) -> Needs {
    Needs {
        boot: boot_needs(mode),
        self_map: self_map(mode),
        frames_end: PhysAddr::new(ram).frame(),
        fault_stacks_bytes: 9 * PAGE_BYTES,
        transient_bytes: PAGE_BYTES,
    }
}

fn assert_sound(mode: PagingMode, needs: &Needs) {
    let layout = plan(mode, needs).unwrap();
    let geometry = mode.geometry();
    for region in layout.regions() {
        assert!(!region.range.is_empty(), "{region:?}");
        assert!(region.range.is_aligned(PAGE_BYTES), "{region:?}");
        assert!(geometry.is_canonical(region.range.start()), "{region:?}");
        assert!(geometry.is_canonical(VirtAddr::new(region.range.end().get() - 1)), "{region:?}");
        assert!(region.range.start() >= geometry.kernel_base(), "{region:?}");
    }
    for pair in layout.regions().windows(2) {
        let gap = pair[1].range.start().get() - pair[0].range.end().get();
        assert!(gap >= layout.guard(), "only {gap:#x} bytes between {:?} and {:?}", pair[0], pair[1]);
    }
    assert_eq!(plan(mode, needs).unwrap(), layout, "the same input gave another layout");
}

macro_rules! in_every_mode {
    ($($name:ident: |$mode:ident| $body:block)*) => {
        mod pml2 { $(#[test] fn $name() { let $mode = xtcore::PagingMode::Pml2; super::bodies::$name($mode); })* }
        mod pml3 { $(#[test] fn $name() { let $mode = xtcore::PagingMode::Pml3; super::bodies::$name($mode); })* }
        mod pml4 { $(#[test] fn $name() { let $mode = xtcore::PagingMode::Pml4; super::bodies::$name($mode); })* }
        mod pml5 { $(#[test] fn $name() { let $mode = xtcore::PagingMode::Pml5; super::bodies::$name($mode); })* }
        mod bodies {
            use super::*;
            $(pub(super) fn $name($mode: PagingMode) $body)*
        }
    };
}

in_every_mode! {
    every_power_of_two_of_ram_has_a_sound_layout: |mode| {
        for bits in 23..=52 {
            for ram in [(1 << bits) - PAGE_BYTES, 1 << bits, (1 << bits) + PAGE_BYTES] {
                assert_sound(mode, &needs(mode, ram));
            }
        }
    }

    what_the_loader_placed_stays_where_it_is: |mode| {
        for ram in [64 * MIB, 256 * MIB, 64 << 30, 12 << 40, 1 << 52] {
            let needs = needs(mode, ram);
            let boot = plan_boot(mode, &needs.boot).unwrap();
            let layout = plan(mode, &needs).unwrap();
            assert_eq!(layout.range(RegionKind::Image), Some(boot.image));
            assert_eq!(layout.range(RegionKind::Block), Some(boot.block));
            assert_eq!(layout.range(RegionKind::Stack), Some(boot.stack));
            assert_eq!(layout.range(RegionKind::Framebuffer), Some(boot.framebuffer));
        }
    }

    every_frame_has_an_entry_and_every_block_a_record: |mode| {
        for bits in 23..=52 {
            for ram in [(1 << bits) - PAGE_BYTES, 1 << bits, (1 << bits) + PAGE_BYTES] {
                let layout = plan(mode, &needs(mode, ram)).unwrap();
                let frames = (ram / PAGE_BYTES).min(mode.geometry().frame_limit().number());
                let blocks = frames.div_ceil(mode.geometry().page_frames(Level::PD).get());
                let (entry, row) = match mode {
                    PagingMode::Pml2 => (16, 128),
                    PagingMode::Pml3 => (16, 64),
                    PagingMode::Pml4 | PagingMode::Pml5 => (32, 64),
                };
                let records = (blocks * row).next_multiple_of(PAGE_BYTES) + blocks.div_ceil(128) * PAGE_BYTES;
                let bytes = |kind| layout.range(kind).unwrap().bytes();
                assert!(bytes(RegionKind::PfnDatabase) >= frames * entry, "{mode}, {ram:#x}");
                assert!(bytes(RegionKind::FrameRecords) >= records, "{mode}, {ram:#x}");
            }
        }
    }

    pools_and_system_ptes_are_large_and_have_their_books: |mode| {
        for bits in 26..=52 {
            let layout = plan(mode, &needs(mode, 1 << bits)).unwrap();
            let bytes = |kind| layout.range(kind).unwrap().bytes();
            let (ptes, pool, word) = match mode {
                PagingMode::Pml2 | PagingMode::Pml3 => (128 * MIB, 160 * MIB, 4),
                PagingMode::Pml4 | PagingMode::Pml5 => (128 << 30, 512 << 30, 8),
            };
            assert!(bytes(RegionKind::SystemPtes) >= ptes, "{layout:#x?}");
            assert!(bytes(RegionKind::SystemPteBooks) >= bytes(RegionKind::SystemPtes) / PAGE_BYTES * 16);
            for kind in [RegionKind::NonPagedPool, RegionKind::PagedPool] {
                let pages = bytes(kind) / PAGE_BYTES;
                assert!(bytes(kind) >= pool, "{layout:#x?}");
                let books = layout.pool_books(kind).unwrap();
                assert!(books.arena.bytes() >= pages * 16);
                assert!(books.pages.bytes() >= pages * word);
                assert!(books.slabs.bytes() >= bytes(kind) / 8);
                for part in [books.arena, books.pages, books.slabs] {
                    let region = layout.find(part.start()).unwrap();
                    assert!(region.range.end() >= part.end() && region.kind.name().contains("books"));
                }
            }
            assert_eq!(layout.pool_books(RegionKind::SystemPtes), None);
        }
    }

    each_processor_has_a_slot_of_its_own: |mode| {
        let layout = plan(mode, &needs(mode, 64 * MIB)).unwrap();
        let count = if mode.geometry().virtual_bits() == 32 { 32 } else { 64 };
        let region = layout.range(RegionKind::PerProcessor).unwrap();
        let mut next = region.start();
        for number in 0..count {
            let slot = layout.processor_slot(number).unwrap();
            assert_eq!((slot.start(), slot.bytes()), (next, 128 * KIB));
            next = slot.end();
        }
        assert_eq!(next, region.end());
        assert_eq!(layout.processor_slot(count), None);
        assert_eq!(layout.processor_slot(u64::MAX), None);
    }

    no_two_regions_share_a_page_table: |mode| {
        let span = mode.geometry().page_bytes(Level::PD);
        for ram in [64 * MIB, 4 << 30, 64 << 30, 12 << 40, 1 << 52] {
            let layout = plan(mode, &needs(mode, ram)).unwrap();
            for pair in layout.regions().windows(2) {
                let last = pair[0].range.end().get() - 1;
                assert_ne!(last / span, pair[1].range.start().get() / span, "{pair:?}");
            }
        }
    }

    the_window_covers_all_ram_or_all_its_room: |mode| {
        for ram in [8 * MIB, 256 * MIB, 1 << 32, 12 << 40, 1 << 52] {
            let layout = plan(mode, &needs(mode, ram)).unwrap();
            let window = layout.range(RegionKind::Window).unwrap();
            let reachable = ram.min(mode.geometry().frame_limit().address().get());
            assert!(window.start().is_aligned(mode.geometry().page_bytes(Level::PD)));
            let shown = window.bytes();
            let room = match mode {
                PagingMode::Pml2 | PagingMode::Pml3 => 512 * MIB,
                PagingMode::Pml4 => 64 << 40,
                PagingMode::Pml5 => 1 << 52,
            };
            assert!(shown >= reachable.min(room), "{mode}: {shown:#x} of {reachable:#x}");
        }
    }

    no_framebuffer_means_no_region: |mode| {
        let mut needs = needs(mode, 64 * MIB);
        needs.boot.framebuffer_bytes = 0;
        assert_sound(mode, &needs);
        assert_eq!(plan(mode, &needs).unwrap().range(RegionKind::Framebuffer), None);
    }

    an_image_outside_its_room_is_refused: |mode| {
        let mut needs = needs(mode, 64 * MIB);
        needs.boot.image_base = VirtAddr::new(needs.boot.image_base.get() - PAGE_BYTES);
        assert!(matches!(plan(mode, &needs), Err(LayoutError::ImageBase { .. })));
        needs.boot.image_base = VirtAddr::new(image_base(mode).get() + 1);
        assert!(matches!(plan(mode, &needs), Err(LayoutError::ImageBase { .. })));
        needs.boot.image_base = image_base(mode);
        needs.boot.image_bytes = 2 << 30;
        assert!(matches!(plan(mode, &needs), Err(LayoutError::ImageBase { .. })));
    }

    what_does_not_fit_is_refused_with_what_it_needs: |mode| {
        let mut needs = needs(mode, 64 * MIB);
        needs.boot.block_bytes = 1 << 50;
        let refused = plan(mode, &needs).unwrap_err();
        assert!(matches!(refused, LayoutError::NoRoom { kind: RegionKind::Block, needed, room }
            if needed == 1 << 50 && room < needed), "{refused:?}");
    }

    a_size_that_is_no_number_of_pages_is_refused: |mode| {
        let mut needs = needs(mode, 64 * MIB);
        needs.boot.stack_bytes += 1;
        let refused = plan(mode, &needs).unwrap_err();
        assert_eq!(refused, LayoutError::NotPages { kind: RegionKind::Stack, bytes: 64 * KIB + 1 });
    }

    every_kind_of_region_is_there_once_and_has_a_name_of_its_own: |mode| {
        let layout = plan(mode, &needs(mode, 256 * MIB)).unwrap();
        assert_eq!(layout.regions().len(), RegionKind::ALL.len());
        let mut names: std::vec::Vec<_> = layout.regions().iter().map(|region| region.kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RegionKind::ALL.len());
    }

    a_self_map_that_meets_another_region_is_refused: |mode| {
        let mut needs = needs(mode, 64 * MIB);
        needs.self_map = VirtRange::saturating(image_base(mode), 4 * MIB);
        assert!(matches!(plan(mode, &needs), Err(LayoutError::Collision { .. })));
    }

    an_address_finds_its_region_and_a_guard_finds_none: |mode| {
        let layout = plan(mode, &needs(mode, 256 * MIB)).unwrap();
        for region in layout.regions() {
            assert_eq!(layout.find(region.range.start()), Some(*region));
            assert_eq!(layout.find(region.range.end()), None);
        }
    }
}

#[test]
fn pml4_and_pml5_agree_on_what_one_image_needs() {
    let boot = |mode| plan_boot(mode, &boot_needs(mode)).unwrap();
    assert_eq!(boot(PagingMode::Pml4), boot(PagingMode::Pml5));
}

proptest! {
    #[test]
    fn any_sizes_give_a_sound_layout_or_a_refusal(
        levels in 2_u8..=5,
        ram in 0_u64..=1 << 52,
        image in 1_u64..=4096,
        block in 1_u64..=1 << 14,
        stack in 1_u64..=256,
        framebuffer in 0_u64..=1 << 17,
        slide in 0_u64..=4096,
    ) {
        let mode = PagingMode::from_levels(levels).unwrap();
        let base = VirtAddr::new(image_base(mode).get() + slide * PAGE_BYTES);
        let boot = BootNeeds {
            image_base: base,
            image_bytes: image * PAGE_BYTES,
            block_bytes: block * PAGE_BYTES,
            stack_bytes: stack * PAGE_BYTES,
            framebuffer_bytes: framebuffer * PAGE_BYTES,
        };
        let needs = Needs { boot, frames_end: PhysAddr::new(ram).frame(), ..needs(mode, 0) };
        if plan(mode, &needs).is_ok() {
            assert_sound(mode, &needs);
        }
    }
}

#[test]
fn on_64_bits_no_region_moves_with_the_size_of_ram() {
    for mode in [PagingMode::Pml4, PagingMode::Pml5] {
        let starts = |ram| {
            let layout = plan(mode, &needs(mode, ram)).unwrap();
            let starts = layout.regions().iter().map(|region| (region.kind, region.range.start()));
            starts.collect::<std::vec::Vec<_>>()
        };
        assert_eq!(starts(64 * MIB), starts(12 << 40));
        assert_eq!(starts(64 * MIB), starts(1 << 52));
    }
}

/// The budget of the kernel's 2 GiB, from 64 MiB of RAM to the mode's limit: nothing is refused, the window
/// shows all of RAM up to 880 MiB, and the pools shrink only by what describes RAM.
#[test]
fn two_gibibytes_hold_a_kernel_for_every_size_of_ram() {
    for (mode, limit) in [(PagingMode::Pml2, 32), (PagingMode::Pml3, 36)] {
        let mut before = u64::MAX;
        for bits in 26..=limit {
            let layout = plan(mode, &needs(mode, 1 << bits)).unwrap();
            let bytes = |kind| layout.range(kind).unwrap().bytes();
            assert!(bytes(RegionKind::Window) >= (1_u64 << bits).min(880 * MIB), "{layout:#x?}");
            assert_eq!(bytes(RegionKind::PfnDatabase), (1 << bits) / 256);
            assert_eq!(bytes(RegionKind::NonPagedPool), bytes(RegionKind::PagedPool));
            assert!(bytes(RegionKind::NonPagedPool) <= before);
            before = bytes(RegionKind::NonPagedPool);
            let end = layout.regions().last().unwrap().range.end();
            assert!(end <= VirtAddr::new(0xFFC0_0000));
            assert!(
                end >= VirtAddr::new(0xFA00_0000),
                "{} MiB are not used",
                (0xFFC0_0000 - end.get()) / MIB
            );
        }
    }
}

#[test]
fn no_usable_ram_leaves_no_window() {
    let needs = Needs { frames_end: Frame::new(0), ..needs(PagingMode::Pml4, 0) };
    assert_eq!(plan(PagingMode::Pml4, &needs).unwrap().range(RegionKind::Window), None);
}
