//! The self-map: every base follows from the slot, and every entry is where the arithmetic says.

use xtcore::{Level, PAGE_BYTES, PagingMode, VirtAddr};
use xtpaging::{Attributes, SelfMap};
use xtsim::leaves;

use crate::support::{EVERYTHING, Machine, Way, in_every_mode, kernel_area, large_pages, mapping};

in_every_mode! {
    each_base_is_where_the_entry_of_the_one_below_appears,
    the_address_of_an_entry_leads_back_to_the_page,
    every_table_appears_where_the_self_map_says,
    slots_at_the_edges_are_judged,
}

fn levels(self_map: &SelfMap) -> impl Iterator<Item = Level> {
    (1..=self_map.highest().number()).filter_map(Level::new)
}

/// The table in the module's documentation.
#[test]
fn the_documented_addresses_hold() {
    let expected: [&[u64]; 4] = [
        &[0xC000_0000, 0xC030_0000],
        &[0xC000_0000, 0xC060_0000],
        &[0xFFFF_F680_0000_0000, 0xFFFF_F6FB_4000_0000, 0xFFFF_F6FB_7DA0_0000, 0xFFFF_F6FB_7DBE_D000],
        &[
            0xFFED_0000_0000_0000,
            0xFFED_F680_0000_0000,
            0xFFED_F6FB_4000_0000,
            0xFFED_F6FB_7DA0_0000,
            0xFFED_F6FB_7DBE_D000,
        ],
    ];
    for (mode, expected) in PagingMode::ALL.into_iter().zip(expected) {
        let self_map = SelfMap::standard(mode);
        let bases: Vec<_> = (1..=5)
            .filter_map(Level::new)
            .filter_map(|level| self_map.base(level))
            .map(VirtAddr::get)
            .collect();
        assert_eq!(bases, expected, "{mode}");
    }
}

/// Regressions 8 and 9, for every slot that a mode can have.
fn each_base_is_where_the_entry_of_the_one_below_appears(mode: PagingMode) {
    let mut slots = 0;
    for self_map in (0..4096).filter_map(|slot| SelfMap::new(mode, slot)) {
        slots += 1;
        for level in levels(&self_map) {
            let base = self_map.base(level).expect("a level of the self-map");
            assert!(mode.geometry().is_canonical(base));
            assert!(self_map.region().contains(base), "{base:?} lies in {:?}", self_map.region());
            if let Some(above) = level.above().filter(|above| *above <= self_map.highest()) {
                assert_eq!(self_map.entry_address(Level::PT, base), self_map.base(above));
            }
        }
        assert_eq!(self_map.base(Level::PT), Some(self_map.region().start()));
        // One step more would be the page itself: the root's own entry is the fixpoint.
        if mode != PagingMode::Pml3 {
            let root = self_map.base(self_map.highest()).expect("the root");
            let entry = self_map.entry_address(self_map.highest(), root).expect("an entry");
            assert_eq!(self_map.entry_address(Level::PT, entry), Some(entry));
        }
    }
    assert_eq!(slots, if mode == PagingMode::Pml2 { 511 } else { 255 });
}

/// Regression 10: va(pte(va)) = va at the edges of every slot of every level.
fn the_address_of_an_entry_leads_back_to_the_page(mode: PagingMode) {
    let (geometry, self_map) = (mode.geometry(), SelfMap::standard(mode));
    let region = self_map.region();
    let mut edges =
        vec![0, PAGE_BYTES, geometry.kernel_base().get(), region.start().get(), region.end().get()];
    edges.extend((1..=mode.levels()).filter_map(Level::new).map(|level| geometry.page_bytes(level)));
    edges.push(if geometry.virtual_bits() == 32 { 1 << 32 } else { 0 });
    for edge in edges {
        for raw in [edge.wrapping_sub(1), edge, edge.wrapping_add(PAGE_BYTES)] {
            assert_leads_back(mode, geometry.canonical(raw));
        }
    }
}

/// The regions of `docs/memory-layout.md`, transcribed: first and last byte. The window of the 64-bit modes is the one
/// for 8 GiB of RAM.
const REGIONS: [(PagingMode, &[(u64, u64)]); 4] = [
    (
        PagingMode::Pml2,
        &[
            (0x8080_0000, 0x8085_7FFF), // image
            (0x8440_0000, 0x8440_8FFF), // loader block
            (0x84C0_0000, 0x84C0_7FFF), // boot stack
            (0x8540_0000, 0x857E_7FFF), // framebuffer
            (0x85C0_0000, 0x85C0_2FFF), // fault stacks
            (0x8640_0000, 0x8640_0FFF), // transient slots
            (0x86C0_0000, 0xBFBF_FFFF), // window
            (0xC000_0000, 0xC03F_FFFF), // self-map
        ],
    ),
    (
        PagingMode::Pml3,
        &[
            (0x8080_0000, 0x8085_7FFF), // image
            (0x8440_0000, 0x8440_8FFF), // loader block
            (0x8480_0000, 0x8480_7FFF), // boot stack
            (0x84C0_0000, 0x84FE_7FFF), // framebuffer
            (0x8520_0000, 0x8520_2FFF), // fault stacks
            (0x8560_0000, 0x8560_0FFF), // transient slots
            (0x85A0_0000, 0xBFBF_FFFF), // window
            (0xC000_0000, 0xC07F_FFFF), // self-map
        ],
    ),
    (
        PagingMode::Pml4,
        &[
            (0xFFFF_8000_0000_0000, 0xFFFF_8001_FFFF_FFFF), // window
            (0xFFFF_F680_0000_0000, 0xFFFF_F6FF_FFFF_FFFF), // self-map
            (0xFFFF_F800_0000_0000, 0xFFFF_F800_0005_7FFF), // image
            (0xFFFF_F800_4020_0000, 0xFFFF_F800_4020_8FFF), // loader block
            (0xFFFF_F800_4060_0000, 0xFFFF_F800_4060_FFFF), // boot stack
            (0xFFFF_F800_40A0_0000, 0xFFFF_F800_40DE_7FFF), // framebuffer
            (0xFFFF_F800_4100_0000, 0xFFFF_F800_4100_8FFF), // fault stacks
            (0xFFFF_F800_4140_0000, 0xFFFF_F800_4140_0FFF), // transient slots
        ],
    ),
    (
        PagingMode::Pml5,
        &[
            (0xFF00_0000_0000_0000, 0xFF00_0001_FFFF_FFFF), // window
            (0xFFED_0000_0000_0000, 0xFFED_FFFF_FFFF_FFFF), // self-map
            (0xFFFF_F800_0000_0000, 0xFFFF_F800_0005_7FFF), // image
            (0xFFFF_F800_4020_0000, 0xFFFF_F800_4020_8FFF), // loader block
            (0xFFFF_F800_4060_0000, 0xFFFF_F800_4060_FFFF), // boot stack
            (0xFFFF_F800_40A0_0000, 0xFFFF_F800_40DE_7FFF), // framebuffer
            (0xFFFF_F800_4100_0000, 0xFFFF_F800_4100_8FFF), // fault stacks
            (0xFFFF_F800_4140_0000, 0xFFFF_F800_4140_0FFF), // transient slots
        ],
    ),
];

/// Regression 10: va(pte(va)) = va on the first and the last page of each region, and on the pages around it.
#[test]
fn the_address_of_an_entry_leads_back_at_the_edges_of_every_region() {
    for (mode, regions) in REGIONS {
        for (start, end) in regions {
            let (first, last) = (*start, end & !(PAGE_BYTES - 1));
            let around = [first.wrapping_sub(PAGE_BYTES), last.wrapping_add(PAGE_BYTES)];
            for page in [first, last].into_iter().chain(around) {
                assert_leads_back(mode, mode.geometry().canonical(page));
            }
        }
    }
}

/// Asserts that the entry of an address at each level lies in the self-map, and tells the page that it maps.
fn assert_leads_back(mode: PagingMode, va: VirtAddr) {
    let (geometry, self_map) = (mode.geometry(), SelfMap::standard(mode));
    for level in levels(&self_map) {
        let entry = self_map.entry_address(level, va).expect("an entry");
        assert!(self_map.region().contains(entry), "{level:?} of {va:?} at {entry:?}");
        assert!(entry.is_aligned(geometry.entry_bytes()));
        let offset = entry.get() - self_map.base(level).expect("a base").get();
        let back = geometry.canonical((offset / geometry.entry_bytes()) << geometry.shift(level));
        assert_eq!(back, va.align_down(geometry.page_bytes(level)), "{level:?}");
    }
}

/// Regression 17: for every mapped page, the independent walker finds its very entry at the address in the self-map.
fn every_table_appears_where_the_self_map_says(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    let kernel = kernel_area(mode);
    let pages = large_pages(mode);
    machine.map(&mapping(0, 3, 0x40, Attributes::KERNEL_DATA));
    machine.map(&mapping(kernel - 2 * PAGE_BYTES, 2 * pages + 4, pages - 2, Attributes::KERNEL_DATA));
    let ram = machine.ram.borrow();
    let facts = machine.facts();
    let (mut small, mut large) = (0, 0);
    for page in leaves(&*ram, &facts).skipping(machine.space.self_map().region()) {
        let page = page.expect("a sound entry");
        let entry = machine.assert_shown(&ram, &page);
        assert!(entry.rights.writable && !entry.rights.user);
        assert_eq!(
            entry.rights.executable,
            mode == PagingMode::Pml2,
            "never executable where that can be said"
        );
        *if page.page_bytes == PAGE_BYTES { &mut small } else { &mut large } += 1;
    }
    assert_eq!((small, large), (3 + 2 + 2, 2));
}

fn slots_at_the_edges_are_judged(mode: PagingMode) {
    let step = if mode == PagingMode::Pml3 { 4 } else { 1 };
    let slots = if matches!(mode, PagingMode::Pml2) { 1024 } else { 512 * step };
    assert_eq!(SelfMap::new(mode, slots / 2 - step), None, "in the user's half");
    assert!(SelfMap::new(mode, slots / 2).is_some());
    assert!(SelfMap::new(mode, slots - 2 * step).is_some());
    assert_eq!(SelfMap::new(mode, slots - step), None, "the last one");
    assert_eq!(SelfMap::new(mode, slots), None);
    let standard = SelfMap::standard(mode);
    assert_eq!(SelfMap::new(mode, standard.slot()), Some(standard));
}
