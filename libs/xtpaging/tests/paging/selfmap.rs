//! The self-map: every base follows from the slot, and every entry is where the arithmetic says.

use xtcore::{Level, PAGE_BYTES, PagingMode, VirtAddr};
use xtpaging::{Attributes, SelfMap};
use xtsim::translate;

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
            let va = geometry.canonical(raw);
            for level in levels(&self_map) {
                let entry = self_map.entry_address(level, va).expect("an entry");
                assert!(region.contains(entry), "{level:?} of {va:?} at {entry:?}");
                assert!(entry.is_aligned(geometry.entry_bytes()));
                let offset = entry.get() - self_map.base(level).expect("a base").get();
                let back = geometry.canonical((offset / geometry.entry_bytes()) << geometry.shift(level));
                assert_eq!(back, va.align_down(geometry.page_bytes(level)), "{level:?}");
            }
        }
    }
}

/// Regression 17: for each mapped page, the independent walker finds its very entry at the address in the self-map.
fn every_table_appears_where_the_self_map_says(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    let kernel = kernel_area(mode);
    let pages = large_pages(mode);
    machine.map(&mapping(0, 3, 0x40, Attributes::KERNEL_DATA));
    machine.map(&mapping(kernel - 2 * PAGE_BYTES, 2 * pages + 4, pages - 2, Attributes::KERNEL_DATA));
    let ram = machine.ram.borrow();
    let facts = machine.facts();
    let mut met = 0;
    for va in [0, 0x2000, kernel - 0x1000, kernel, kernel + 0x5000, kernel + 2 * pages * PAGE_BYTES] {
        let va = VirtAddr::new(va);
        let page = translate(&*ram, &facts, va).expect("a mapped page");
        let level = Level::new(page.table.level()).expect("a level");
        let alias = machine.space.self_map().entry_address(level, va).expect("an alias");
        let entry = translate(&*ram, &facts, alias).expect("the alias is mapped");
        assert_eq!(entry.physical, page.entry_at, "{va:?}");
        assert!(entry.rights.writable && !entry.rights.user);
        assert_eq!(
            entry.rights.executable,
            mode == PagingMode::Pml2,
            "never executable where that can be said"
        );
        met += u32::from(level > Level::PT);
    }
    assert_eq!(met, 2, "a large page was among them");
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
