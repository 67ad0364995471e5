//! What a stale report says, and that it stays silent where there is nothing to say.

use xtcore::{PagingMode, PhysAddr, VirtAddr};

use super::*;
use crate::testing::{G, P, PS, RW, Space, US, in_each_mode};
use crate::{Rights, Table};

const VA: VirtAddr = VirtAddr::new(0x0080_0000);
const PHYSICAL: u64 = 0x40_0000;

/// Maps a page, lets the processor cache it, changes its entry, and returns the report for it.
fn report(mode: PagingMode, table: Table, flags: u64, change: impl FnOnce(u64) -> u64) -> Option<Change> {
    let mut space = Space::new(mode);
    let at = space.map(VA.get(), table, PHYSICAL, flags);
    let mut cpu = Cpu::start(&space.ram, space.facts).unwrap();
    cpu.translate(&mut space.ram, VA, AccessKind::Read).unwrap();
    assert_eq!(cpu.stale(&space.ram, VA), None);
    assert_eq!(cpu.stale_entries(&space.ram), []);
    let value = space.get(at);
    space.put(at, change(value));
    let found = cpu.stale(&space.ram, VA);
    let all = cpu.stale_entries(&space.ram);
    assert_eq!(found.as_ref(), all.iter().find(|stale| matches!(stale.cached, Cached::Page(_))));
    found.map(|stale| stale.change)
}

fn each_kind_of_change_is_told_apart(mode: PagingMode) {
    let rights = |writable, user| Rights { writable, user, executable: true };
    for table in [Table::Pt, Table::Pd] {
        let gone = report(mode, table, RW, |_| 0).unwrap();
        assert!(matches!(gone, Change::Gone(fault) if fault.is_not_present()) && !gone.is_harmless());
        let moved = report(mode, table, RW, |value| value + 0x40_0000);
        assert_eq!(moved, Some(Change::Moved(PhysAddr::new(0x80_0000))));
        let lost = report(mode, table, RW | US, |value| value & !RW);
        assert_eq!(lost, Some(Change::RightsLost(rights(false, true))));
        let exchanged = report(mode, table, US, |value| value & !US | RW);
        assert_eq!(exchanged, Some(Change::RightsLost(rights(true, false))), "more of one is no excuse");
        assert_eq!(report(mode, table, RW, |value| value | 0x18), Some(Change::PatIndex(3)));
        assert_eq!(report(mode, table, RW | G, |value| value & !G), Some(Change::Global));
        let gained = report(mode, table, 0, |value| value | RW).unwrap();
        assert_eq!(gained, Change::RightsGained(rights(true, false)));
        assert!(gained.is_harmless());
    }
}

fn accessed_dirty_and_software_bits_make_nothing_stale(mode: PagingMode) {
    assert_eq!(report(mode, Table::Pt, RW, |value| value & !0x20 | 0x40 | 0xE00), None);
}

fn a_split_is_stale_even_if_nothing_moved_and_worse_if_one_part_did(mode: PagingMode) {
    let mut space = Space::new(mode);
    let at = space.map(VA.get(), Table::Pd, PHYSICAL, RW);
    let mut cpu = Cpu::start(&space.ram, space.facts).unwrap();
    cpu.translate(&mut space.ram, VA, AccessKind::Read).unwrap();

    let table = space.table();
    let entries = space.page_bytes(Table::Pd) / 4096;
    for index in 0..entries {
        space.put(
            PhysAddr::new(table.get() + index * space.entry_bytes()),
            (PHYSICAL + index * 4096) | P | RW,
        );
    }
    space.put(at, table.get() | P | RW | US);
    let found = cpu.stale_entries(&space.ram);
    assert_eq!(found.iter().map(|stale| stale.change).collect::<Vec<_>>(), [Change::PageBytes(4096)]);

    let last = PhysAddr::new(table.get() + (entries - 1) * space.entry_bytes());
    space.put(last, 0);
    let found = cpu.stale(&space.ram, VA).unwrap();
    assert!(matches!(found.change, Change::Gone(_)));
    assert_eq!(found.va.get(), VA.get() + space.page_bytes(Table::Pd) - 4096);
    cpu.invlpg(VA);
    assert_eq!(cpu.stale_entries(&space.ram), []);
}

fn a_merge_leaves_small_pages_and_a_table_behind(mode: PagingMode) {
    let mut space = Space::new(mode);
    space.map(VA.get(), Table::Pt, PHYSICAL, RW);
    let mut cpu = Cpu::start(&space.ram, space.facts).unwrap();
    cpu.translate(&mut space.ram, VA, AccessKind::Read).unwrap();
    let directory = space.entry_at(VA, Table::Pd);
    space.put(directory, PHYSICAL | P | RW | PS);
    let changes: Vec<_> = cpu.stale_entries(&space.ram).iter().map(|stale| stale.change).collect();
    assert_eq!(changes, [Change::PageBytes(space.page_bytes(Table::Pd)), Change::TableGone]);
}

fn tables_are_reported_as_moved_gone_or_with_other_rights(mode: PagingMode) {
    let mut space = Space::new(mode);
    space.map(VA.get(), Table::Pt, PHYSICAL, 0);
    let mut cpu = Cpu::start(&space.ram, space.facts).unwrap();
    // A fault forgets the address; the neighbour's access leaves the table cached and no page of VA.
    cpu.translate(&mut space.ram, VA, AccessKind::Read).unwrap();
    let directory = space.entry_at(VA, Table::Pd);
    let value = space.get(directory);
    let of_table = |cpu: &Cpu, space: &Space| {
        let found = cpu.stale_entries(&space.ram);
        found.iter().find(|stale| matches!(stale.cached, Cached::Table { .. })).map(|stale| stale.change)
    };
    assert_eq!(of_table(&cpu, &space), None);
    space.put(directory, value & !RW);
    assert!(matches!(of_table(&cpu, &space), Some(Change::RightsLost(_))));
    space.put(directory, value + 0x1000);
    assert!(matches!(of_table(&cpu, &space), Some(Change::Moved(_))));
    space.put(directory, 0);
    assert_eq!(of_table(&cpu, &space), Some(Change::TableGone));
    cpu.load_cr3(&space.ram, space.facts.cr3).unwrap();
    assert_eq!(cpu.stale_entries(&space.ram), []);
}

in_each_mode!(
    each_kind_of_change_is_told_apart,
    accessed_dirty_and_software_bits_make_nothing_stale,
    a_split_is_stale_even_if_nothing_moved_and_worse_if_one_part_did,
    a_merge_leaves_small_pages_and_a_table_behind,
    tables_are_reported_as_moved_gone_or_with_other_rights,
);

#[test]
fn a_changed_pae_pdpte_is_reported() {
    let mut space = Space::new(PagingMode::Pml3);
    let cpu = Cpu::start(&space.ram, space.facts).unwrap();
    let at = PhysAddr::new(space.facts.cr3 + 16);
    let old = space.get(at);
    space.put(at, 0);
    let [found] = cpu.stale_entries(&space.ram)[..] else { panic!("one") };
    assert_eq!(found.cached, Cached::Pdpte { index: 2, value: old });
    assert_eq!((found.change, found.va), (Change::Pdpte(0), VirtAddr::new(0x8000_0000)));
}
