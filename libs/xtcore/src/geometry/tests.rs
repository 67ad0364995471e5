//! The four geometries against a table of their own, transcribed from the manuals and not computed from the code.

use super::*;

/// What the manuals say about a mode: SDM volume 3A, section 4.1.1 and figures 4-2 to 4-12.
struct Manual {
    mode: PagingMode,
    entry_bytes: u64,
    virtual_bits: u32,
    physical_bits: u32,
    /// Shift, number of entries, and bytes that an entry covers, from the page table up.
    levels: &'static [(u32, usize, u64)],
    largest_page: Level,
    kernel_base: u64,
    frame_limit: u64,
    /// Base of the region in which the self-map shows the entries of all pages.
    self_map: u64,
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

const MANUAL: [Manual; 4] = [
    Manual {
        mode: PagingMode::Pml2,
        entry_bytes: 4,
        virtual_bits: 32,
        physical_bits: 32,
        levels: &[(12, 1024, 4 * KIB), (22, 1024, 4 * MIB)],
        largest_page: Level::PD,
        kernel_base: 0x8000_0000,
        frame_limit: 0x10_0000,
        self_map: 0xC000_0000,
    },
    Manual {
        mode: PagingMode::Pml3,
        entry_bytes: 8,
        virtual_bits: 32,
        physical_bits: 52,
        levels: &[(12, 512, 4 * KIB), (21, 512, 2 * MIB), (30, 4, GIB)],
        largest_page: Level::PD,
        kernel_base: 0x8000_0000,
        frame_limit: 0x100_0000,
        self_map: 0xC000_0000,
    },
    Manual {
        mode: PagingMode::Pml4,
        entry_bytes: 8,
        virtual_bits: 48,
        physical_bits: 52,
        levels: &[(12, 512, 4 * KIB), (21, 512, 2 * MIB), (30, 512, GIB), (39, 512, 512 * GIB)],
        largest_page: Level::PDPT,
        kernel_base: 0xFFFF_8000_0000_0000,
        frame_limit: 0x100_0000_0000,
        self_map: 0xFFFF_F680_0000_0000,
    },
    Manual {
        mode: PagingMode::Pml5,
        entry_bytes: 8,
        virtual_bits: 57,
        physical_bits: 52,
        levels: &[
            (12, 512, 4 * KIB),
            (21, 512, 2 * MIB),
            (30, 512, GIB),
            (39, 512, 512 * GIB),
            (48, 512, 256 * TIB),
        ],
        largest_page: Level::PDPT,
        kernel_base: 0xFF00_0000_0000_0000,
        frame_limit: 0x100_0000_0000,
        self_map: 0xFFED_0000_0000_0000,
    },
];

fn level(number: usize) -> Level {
    Level::new(u8::try_from(number).unwrap()).unwrap()
}

#[test]
fn every_row_agrees_with_the_manuals() {
    for manual in &MANUAL {
        let geometry = manual.mode.geometry();
        assert_eq!(geometry.mode(), manual.mode);
        assert_eq!(geometry.entry_bytes(), manual.entry_bytes);
        assert_eq!(geometry.virtual_bits(), manual.virtual_bits);
        assert_eq!(geometry.physical_bits(), manual.physical_bits);
        assert_eq!(geometry.largest_page(), manual.largest_page);
        assert_eq!(geometry.kernel_base(), VirtAddr::new(manual.kernel_base));
        assert_eq!(geometry.frame_limit(), Frame::new(manual.frame_limit));
        assert_eq!(usize::from(geometry.root().number()), manual.levels.len());
        for (below, &(shift, entries, covers)) in manual.levels.iter().enumerate() {
            let level = level(below + 1);
            assert!(geometry.has_level(level));
            assert_eq!(geometry.shift(level), shift, "{} {level:?}", manual.mode);
            assert_eq!(geometry.entries(level), entries);
            assert_eq!(geometry.page_bytes(level), covers);
            assert_eq!(geometry.page_frames(level).bytes(), covers);
        }
    }
}

#[test]
fn a_level_that_a_mode_lacks_selects_nothing() {
    for mode in PagingMode::ALL {
        let geometry = mode.geometry();
        for number in usize::from(mode.levels()) + 1..=5 {
            let level = level(number);
            assert!(!geometry.has_level(level));
            assert_eq!((geometry.index_bits(level), geometry.entries(level)), (0, 1));
            assert_eq!(geometry.index(level, geometry.canonical(u64::MAX)), 0);
        }
    }
    assert_eq!((Level::new(0), Level::new(6)), (None, None));
    assert_eq!((Level::PT.below(), Level::PML5.above()), (None, None));
    assert_eq!((Level::PD.below(), Level::PD.above()), (Some(Level::PT), Some(Level::PDPT)));
    assert!([0, 1, 6, 255].into_iter().all(|levels| PagingMode::from_levels(levels).is_none()));
}

#[test]
fn indices_take_an_address_apart_and_put_it_together() {
    for manual in &MANUAL {
        let geometry = manual.mode.geometry();
        let mut raw = 0x0123_4567_89AB_CDEF_u64;
        for _ in 0..1000 {
            raw = raw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let address = geometry.canonical(raw);
            let mut again = address.page_offset();
            for (below, &(shift, entries, _)) in manual.levels.iter().enumerate() {
                let index = geometry.index(level(below + 1), address);
                assert!(index < entries);
                again |= (index as u64) << shift;
            }
            assert_eq!(geometry.canonical(again), address);
        }
    }
}

#[test]
fn addresses_are_cut_to_the_modes_width_before_they_are_shifted() {
    // Regression 10. The bits above the width are all ones here, and must not reach an index.
    for mode in PagingMode::ALL {
        let geometry = mode.geometry();
        let top = geometry.index(geometry.root(), VirtAddr::new(u64::MAX));
        assert_eq!(top, geometry.entries(geometry.root()) - 1);
        let narrow = u64::MAX >> (64 - geometry.virtual_bits());
        for number in 1..=mode.levels() {
            let level = Level::new(number).unwrap();
            let index = |raw| geometry.index(level, VirtAddr::new(raw));
            assert_eq!(index(u64::MAX), index(narrow));
            assert_eq!(index(!narrow), 0);
        }
    }
}

#[test]
fn canonical_means_sign_extended_or_cut() {
    let edges: [(&Geometry, &[u64], &[u64]); 3] = [
        (
            &Geometry::PML2,
            &[0, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF],
            &[1 << 32, u64::MAX, 0xFFFF_FFFF_8000_0000],
        ),
        (
            &Geometry::PML4,
            &[0, 0x7FFF_FFFF_FFFF, 0xFFFF_8000_0000_0000, u64::MAX],
            &[0x8000_0000_0000, 0xFFFF_7FFF_FFFF_FFFF, 1 << 63, 1 << 48],
        ),
        (
            &Geometry::PML5,
            &[0, 0xFF_FFFF_FFFF_FFFF, 0xFF00_0000_0000_0000, u64::MAX],
            &[0x0100_0000_0000_0000, 0xFEFF_FFFF_FFFF_FFFF, 1 << 63],
        ),
    ];
    for (geometry, good, bad) in edges {
        assert!(good.iter().all(|&raw| geometry.is_canonical(VirtAddr::new(raw))), "{}", geometry.mode());
        assert!(bad.iter().all(|&raw| !geometry.is_canonical(VirtAddr::new(raw))), "{}", geometry.mode());
    }
    assert_eq!(Geometry::PML4.canonical(0x8000_0000_0000).get(), 0xFFFF_8000_0000_0000);
    assert_eq!(Geometry::PML3.canonical(u64::MAX).get(), 0xFFFF_FFFF);
}

#[test]
fn the_self_map_is_where_the_layout_says() {
    for manual in &MANUAL {
        let geometry = manual.mode.geometry();
        let base = geometry
            .canonical((geometry.self_map_slot() as u64) << geometry.shift(geometry.self_map_level()));
        assert_eq!(base, VirtAddr::new(manual.self_map), "{}", manual.mode);
        assert!(base >= geometry.kernel_base());
    }
}

#[test]
fn frame_limits_are_exact_at_4_and_64_gib() {
    // Regressions 5 and 6.
    let last_of = |bytes: u64| PhysAddr::new(bytes - 1).frame();
    let first_after = |bytes: u64| PhysAddr::new(bytes).frame();
    for (geometry, limit) in
        [(&Geometry::PML2, 4 * GIB), (&Geometry::PML3, 64 * GIB), (&Geometry::PML4, 4096 * TIB)]
    {
        assert!(last_of(limit) < geometry.frame_limit());
        assert_eq!(first_after(limit), geometry.frame_limit());
        assert_eq!(geometry.frame_limit().address().get(), limit);
    }
}

#[test]
fn names_and_numbers_of_the_modes_are_fixed() {
    let names = PagingMode::ALL.map(|mode| (mode.levels(), mode.name(), mode.is_wide()));
    assert_eq!(names, [(2, "pml2", false), (3, "pml3", true), (4, "pml4", false), (5, "pml5", true)]);
    for mode in PagingMode::ALL {
        assert_eq!(PagingMode::from_levels(mode.levels()), Some(mode));
    }
}
