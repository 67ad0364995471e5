//! The enumeration against the walk, hand-counted self-maps, and broken tables.

use xtcore::{PagingMode, PhysAddr, VirtAddr, VirtRange};

use super::*;
use crate::testing::{G, NOWHERE, P, RW, Space, US, XD, in_each_mode};
use crate::walk::translate;

/// Maps a handful of pages of all sizes at both ends of the address space; returns their addresses in order.
fn furnish(space: &mut Space) -> Vec<u64> {
    let mode = space.facts.mode;
    let top = canonical(mode, u64::MAX >> (64 - [32, 32, 48, 57][usize::from(mode.levels()) - 2])).get();
    let last_page = top & !0xFFF;
    let mut mapped = vec![0, 0x1000, 0x0080_0000, 0x4000_0000, 0xB000_0000, last_page];
    space.map(0, Table::Pt, 0x7000, RW);
    space.map(0x1000, Table::Pt, 0x3000, RW | US);
    space.map(0x0080_0000, Table::Pd, 0x40_0000, RW | G);
    if mode.levels() >= 4 {
        space.map(0x4000_0000, Table::Pdpt, 0x4000_0000, RW | XD);
    } else {
        space.map(0x4000_0000, Table::Pd, 0x80_0000, RW);
    }
    space.map(0xB000_0000, Table::Pt, 0xABC_D000, 0);
    space.map(last_page, Table::Pt, 0x1000, RW);
    if mode.levels() >= 4 {
        // The first address above the hole.
        let half = canonical(mode, 1 << (9 * u32::from(mode.levels()) + 11)).get();
        space.map(half, Table::Pd, 0xC0_0000, RW);
        mapped.insert(5, half);
    }
    mapped
}

fn leaves_are_the_mapped_pages_in_order_and_agree_with_the_walk(mode: PagingMode) {
    let mut space = Space::new(mode);
    let mapped = furnish(&mut space);
    let found: Vec<_> = leaves(&space.ram, &space.facts).map(|leaf| leaf.expect("sound tables")).collect();
    assert_eq!(found.iter().map(|leaf| leaf.va.get()).collect::<Vec<_>>(), mapped);
    for leaf in found {
        assert_eq!(translate(&space.ram, &space.facts, leaf.va), Ok(leaf));
        let last = VirtAddr::new(leaf.va.get() | (leaf.page_bytes - 1));
        let end = translate(&space.ram, &space.facts, last).expect("the page's last byte");
        assert_eq!(end.physical.get() - leaf.physical.get(), leaf.page_bytes - 1);
    }
}

fn the_self_map_shows_each_table_once_and_can_be_left_out(mode: PagingMode) {
    let mut space = Space::new(mode);
    // 4 KiB pages only, so that no entry above a page table is a leaf in the self-map.
    for va in [0x1000, 0x0080_0000, 0x4000_0000] {
        space.map(va, Table::Pt, 0x7000, RW);
    }
    let before = leaves(&space.ram, &space.facts).count();
    let (slot, start, bytes): (u64, u64, u64) = match mode {
        PagingMode::Pml2 => (0x300, 0xC000_0000, 4 << 20),
        PagingMode::Pml3 => (0, 0xC000_0000, 8 << 20),
        PagingMode::Pml4 => (0x1F0, 0xFFFF_F800_0000_0000, 512 << 30),
        PagingMode::Pml5 => (0x1F0, 0xFFF0_0000_0000_0000, 256 << 40),
    };
    // Tables that the processor uses as tables; the PAE page-directory-pointer table is not seen in its self-map.
    let used = tables(&space.ram, &space.facts, None).len() - usize::from(mode == PagingMode::Pml3);
    space.self_map(slot);

    let all: Vec<_> = leaves(&space.ram, &space.facts).map(|leaf| leaf.expect("sound tables")).collect();
    let region = VirtRange::with_length(VirtAddr::new(start), bytes).unwrap();
    let inside: Vec<_> = all.iter().filter(|leaf| region.contains(leaf.va)).collect();
    assert_eq!((all.len(), inside.len()), (before + used, used));
    for leaf in &inside {
        assert_eq!(translate(&space.ram, &space.facts, leaf.va).as_ref(), Ok(*leaf));
    }
    let outside: Vec<_> =
        leaves(&space.ram, &space.facts).skipping(region).map(|leaf| leaf.expect("sound tables")).collect();
    assert_eq!(outside.len(), before);

    let mut frames: Vec<_> =
        tables(&space.ram, &space.facts, Some(region)).into_iter().map(|table| table.frame).collect();
    let mut seen: Vec<_> = inside.iter().map(|leaf| leaf.physical.frame()).collect();
    frames.sort_unstable();
    seen.sort_unstable();
    if mode == PagingMode::Pml3 {
        frames.remove(0);
    }
    assert_eq!(frames, seen, "the self-map maps exactly the tables");
}

fn a_broken_entry_is_reported_and_passed(mode: PagingMode) {
    let mut space = Space::new(mode);
    let mapped = furnish(&mut space);
    // A large page's bit 21 (PML2), or bit 13 (the rest), is reserved.
    let at = space.entry_at(VirtAddr::new(0x0080_0000), Table::Pd);
    let bit = if mode == PagingMode::Pml2 { 1 << 21 } else { 1 << 13 };
    let value = space.get(at) | bit;
    space.put(at, value);
    let found: Vec<_> = leaves(&space.ram, &space.facts).collect();
    assert_eq!(found.len(), mapped.len());
    let fault = found[2].unwrap_err();
    assert_eq!((fault.page().unwrap().reserved, fault.page().unwrap().va.get()), (bit, 0x0080_0000));
    assert_eq!(found.iter().filter(|item| item.is_err()).count(), 1);
}

fn a_table_outside_memory_is_reported_and_passed(mode: PagingMode) {
    let mut space = Space::new(mode);
    let mapped = furnish(&mut space);
    let at = space.entry_at(VirtAddr::new(0xB000_0000), Table::Pd);
    space.put(at, NOWHERE | P);
    let found: Vec<_> = leaves(&space.ram, &space.facts).collect();
    assert_eq!(found[4], Err(Fault::NoMemory { table: Some(Table::Pt), at: PhysAddr::new(NOWHERE) }));
    assert_eq!(found.len(), mapped.len());
}

in_each_mode!(
    leaves_are_the_mapped_pages_in_order_and_agree_with_the_walk,
    the_self_map_shows_each_table_once_and_can_be_left_out,
    a_broken_entry_is_reported_and_passed,
    a_table_outside_memory_is_reported_and_passed,
);

#[test]
fn a_root_that_cannot_be_loaded_is_the_only_finding() {
    let mut space = Space::new(PagingMode::Pml3);
    let pdpte = PhysAddr::new(space.facts.cr3);
    let value = space.get(pdpte) | RW;
    space.put(pdpte, value);
    let found: Vec<_> = leaves(&space.ram, &space.facts).collect();
    assert_eq!(found, [Err(Fault::Root { value, reserved: RW })]);
}

#[test]
fn a_large_page_is_a_smaller_one_where_the_self_map_shows_its_entry_as_a_table_of_a_lower_kind() {
    let mut space = Space::new(PagingMode::Pml4);
    space.map(0x4000_0000, Table::Pdpt, 0x8000_0000, RW);
    space.self_map(0x1F0);
    let in_self_map: Vec<_> = leaves(&space.ram, &space.facts)
        .map(|leaf| leaf.expect("sound tables"))
        .filter(|leaf| leaf.va.get() >= 0xFFFF_F800_0000_0000)
        .collect();
    // What the walk makes of the 1 GiB entry when it reads it as a directory's, and as a page table's, where PS is
    // PAT; then the PDPT and the PML4 table as pages.
    let seen: Vec<_> =
        in_self_map.iter().map(|leaf| (leaf.page_bytes, leaf.physical.get(), leaf.pat_index)).collect();
    let root = space.facts.cr3;
    assert_eq!(
        seen,
        [(2 << 20, 0x8000_0000, 0), (4096, 0x8000_0000, 4), (4096, root + 0x1000, 0), (4096, root, 0)]
    );
}

#[test]
#[cfg_attr(miri, ignore = "a million entries")]
fn a_million_leaves_are_enumerated_one_table_at_a_time() {
    let mut space = Space::new(PagingMode::Pml4);
    for table in 0..2048 {
        let first = space.entry_at(VirtAddr::new(table << 21), Table::Pt);
        for index in 0..512 {
            space.put(PhysAddr::new(first.get() + index * 8), (table * 512 + index) << 12 | P);
        }
    }
    let mut expected = 0;
    for leaf in leaves(&space.ram, &space.facts) {
        let leaf = leaf.expect("sound tables");
        assert_eq!((leaf.va.get(), leaf.physical.get()), (expected, expected));
        expected += 4096;
    }
    assert_eq!(expected, 1 << 32);
}
