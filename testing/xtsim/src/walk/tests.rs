//! The walker against addresses worked out by hand, and against each rule of section 4.6 and 4.7.

use xtcore::{Frame, FrameCount, FrameRange, PagingMode, PhysAddr, VirtAddr};

use super::*;
use crate::testing::{NOWHERE, P, PS, RW, Space, US, XD, in_each_mode};
use crate::{Ram, Width};

fn small_ram() -> Ram {
    let mut ram = Ram::with(Width::Bits64, FrameRange::with_count(Frame::new(0), FrameCount::new(16)));
    ram.set_background(0);
    ram
}

fn physical(ram: &Ram, facts: &Facts, va: u64) -> Result<u64, Fault> {
    walk(ram, facts, VirtAddr::new(va), Access::SUPERVISOR_READ).map(|found| found.physical.get())
}

#[test]
fn a_32_bit_address_splits_into_10_10_and_12_bits() {
    let mut ram = small_ram();
    ram.store32(PhysAddr::new(0x1000 + 4 * 0x302), 0x2003);
    ram.store32(PhysAddr::new(0x2000 + 4 * 0x045), 0xABCD_E003);
    let facts = Facts::modern(PagingMode::Pml2, PhysAddr::new(0x1000));
    assert_eq!(physical(&ram, &facts, 0xC084_5678), Ok(0xABCD_E678));
}

#[test]
fn a_pae_address_splits_into_2_9_9_and_12_bits() {
    let mut ram = small_ram();
    // The page-directory-pointer table is 32 bytes at any multiple of 32.
    ram.exchange64(PhysAddr::new(0x1FE0 + 8 * 3), 0x2001);
    ram.exchange64(PhysAddr::new(0x2000 + 8 * 0x004), 0x3003);
    ram.exchange64(PhysAddr::new(0x3000 + 8 * 0x045), 0x5_ABCD_E003);
    let facts = Facts::modern(PagingMode::Pml3, PhysAddr::new(0x1FE0));
    assert_eq!(physical(&ram, &facts, 0xC084_5678), Ok(0x5_ABCD_E678));
}

#[test]
fn a_48_bit_address_splits_into_four_times_9_and_12_bits() {
    let mut ram = small_ram();
    ram.exchange64(PhysAddr::new(0x1000 + 8 * 0x1F0), 0x2003);
    ram.exchange64(PhysAddr::new(0x2000 + 8), 0x3003);
    ram.exchange64(PhysAddr::new(0x3000 + 8 * 0x002), 0x4003);
    ram.exchange64(PhysAddr::new(0x4000 + 8 * 0x003), 0x3FFF_0000_1003);
    let facts = Facts::modern(PagingMode::Pml4, PhysAddr::new(0x1000));
    assert_eq!(physical(&ram, &facts, 0xFFFF_F800_4040_3FFF), Ok(0x3FFF_0000_1FFF));
}

#[test]
fn a_57_bit_address_splits_into_five_times_9_and_12_bits() {
    let mut ram = small_ram();
    ram.exchange64(PhysAddr::new(0x1000 + 8 * 0x0FF), 0x2003);
    ram.exchange64(PhysAddr::new(0x2000 + 8 * 0x1F0), 0x3003);
    ram.exchange64(PhysAddr::new(0x3000 + 8), 0x4003);
    ram.exchange64(PhysAddr::new(0x4000 + 8 * 0x002), 0x5003);
    ram.exchange64(PhysAddr::new(0x5000 + 8 * 0x003), 0x9003);
    let facts = Facts::modern(PagingMode::Pml5, PhysAddr::new(0x1000));
    assert_eq!(physical(&ram, &facts, 0x00FF_F800_4040_3042), Ok(0x9042));
}

#[test]
fn a_4_mib_page_holds_physical_bits_39_to_32_in_its_bits_20_to_13() {
    let mut ram = small_ram();
    ram.store32(PhysAddr::new(0x1000 + 4), 0x8000_0083 | 0xA5 << 13);
    let facts = Facts::modern(PagingMode::Pml2, PhysAddr::new(0x1000));
    assert_eq!(physical(&ram, &facts, 0x0052_3456), Ok(0xA5_8012_3456));
    let fault = physical(&ram, &Facts { pse36: false, ..facts }, 0x0052_3456).unwrap_err();
    assert_eq!(fault.page().unwrap().reserved, 0xA5 << 13);
}

#[test]
fn without_pse_a_directory_entry_always_refers_to_a_table() {
    let mut ram = small_ram();
    ram.store32(PhysAddr::new(0x1000), 0x2083);
    ram.store32(PhysAddr::new(0x2000), 0x7003);
    let facts = Facts::modern(PagingMode::Pml2, PhysAddr::new(0x1000));
    assert_eq!(physical(&ram, &Facts { pse: false, ..facts }, 0), Ok(0x7000));
    assert_eq!(physical(&ram, &facts, 0), Ok(1 << 32), "with PSE, bit 13 is physical bit 32");
}

#[test]
fn addresses_outside_the_mode_are_no_page_faults() {
    for (mode, outside, inside) in [
        (PagingMode::Pml2, 0x1_0000_0000, 0xFFFF_FFFF),
        (PagingMode::Pml3, 0x1_0000_0000, 0xFFFF_FFFF),
        (PagingMode::Pml4, 0x0000_8000_0000_0000, 0x0000_7FFF_FFFF_FFFF),
        (PagingMode::Pml4, 0xFFFF_7FFF_FFFF_FFFF, 0xFFFF_8000_0000_0000),
        (PagingMode::Pml5, 0x0100_0000_0000_0000, 0x00FF_FFFF_FFFF_FFFF),
        (PagingMode::Pml5, 0xFEFF_FFFF_FFFF_FFFF, 0xFF00_0000_0000_0000),
    ] {
        let space = Space::new(mode);
        assert_eq!(
            physical(&space.ram, &space.facts, outside),
            Err(Fault::NotCanonical(VirtAddr::new(outside)))
        );
        assert!(physical(&space.ram, &space.facts, inside).unwrap_err().is_not_present());
    }
}

#[test]
fn cr3_is_checked_as_mov_to_cr3_checks_it() {
    let ram = small_ram();
    let long = Facts { maxphyaddr: 40, ..Facts::modern(PagingMode::Pml4, PhysAddr::new(1 << 40)) };
    assert_eq!(physical(&ram, &long, 0), Err(Fault::Root { value: 1 << 40, reserved: 1 << 40 }));
    let pae = Facts::modern(PagingMode::Pml3, PhysAddr::new(0x1_0000_1000));
    assert_eq!(physical(&ram, &pae, 0), Err(Fault::Root { value: 0x1_0000_1000, reserved: 1 << 32 }));
    // PWT and PCD of CR3 are no part of the address.
    let flags = Facts { cr3: 0x1018, ..long };
    assert!(physical(&ram, &flags, 0).unwrap_err().is_not_present());
}

#[test]
fn a_bad_pdpte_spoils_the_whole_register_load() {
    let mut space = Space::new(PagingMode::Pml3);
    space.map(0, Table::Pt, 0x7000, RW);
    assert_eq!(physical(&space.ram, &space.facts, 0), Ok(0x7000));
    let last = PhysAddr::new(space.facts.cr3 + 24);
    let value = space.get(last) | RW;
    space.put(last, value);
    assert_eq!(physical(&space.ram, &space.facts, 0), Err(Fault::Root { value, reserved: RW }));
    space.put(last, value & !P);
    assert_eq!(physical(&space.ram, &space.facts, 0), Ok(0x7000), "an absent PDPTE may hold anything");
}

/// The address whose translation the per-mode tests play with.
const VA: VirtAddr = VirtAddr::new(0x4032_1000);

fn tables_with_rights(mode: PagingMode) -> Vec<Table> {
    match mode {
        PagingMode::Pml2 | PagingMode::Pml3 => vec![Table::Pt, Table::Pd],
        PagingMode::Pml4 => vec![Table::Pt, Table::Pd, Table::Pdpt, Table::Pml4],
        PagingMode::Pml5 => vec![Table::Pt, Table::Pd, Table::Pdpt, Table::Pml4, Table::Pml5],
    }
}

fn each_level_can_take_each_right_away(mode: PagingMode) {
    for table in tables_with_rights(mode) {
        let mut space = Space::new(mode);
        space.map(VA.get(), Table::Pt, 0x7000, RW | US);
        let full = translate(&space.ram, &space.facts, VA).unwrap().rights;
        assert_eq!(full, Rights { writable: true, user: true, executable: true });
        let at = space.entry_at(VA, table);
        let before = space.get(at);

        space.put(at, before & !RW);
        let fault = walk(&space.ram, &space.facts, VA, Access::USER_WRITE).unwrap_err();
        assert_eq!((fault.page().unwrap().table, fault.page().unwrap().code.bits()), (table, 0b00111));
        assert!(!translate(&space.ram, &space.facts, VA).unwrap().rights.writable);
        assert!(walk(&space.ram, &space.facts, VA, Access::SUPERVISOR_WRITE).is_err());
        let careless = Facts { wp: false, ..space.facts };
        assert!(walk(&space.ram, &careless, VA, Access::SUPERVISOR_WRITE).is_ok());
        assert!(walk(&space.ram, &careless, VA, Access::USER_WRITE).is_err());

        space.put(at, before & !US);
        let fault = walk(&space.ram, &space.facts, VA, Access::USER_READ).unwrap_err();
        assert_eq!((fault.page().unwrap().table, fault.page().unwrap().code.bits()), (table, 0b00101));
        assert!(walk(&space.ram, &space.facts, VA, Access::SUPERVISOR_WRITE).is_ok());

        if mode != PagingMode::Pml2 {
            space.put(at, before | XD);
            let fault = walk(&space.ram, &space.facts, VA, Access::SUPERVISOR_EXECUTE).unwrap_err();
            assert_eq!((fault.page().unwrap().table, fault.page().unwrap().code.bits()), (table, 0b10001));
            assert!(walk(&space.ram, &space.facts, VA, Access::USER_WRITE).is_ok());
            let old = Facts { nxe: false, ..space.facts };
            let fault = walk(&space.ram, &old, VA, Access::SUPERVISOR_READ).unwrap_err();
            assert_eq!((fault.page().unwrap().table, fault.page().unwrap().code.bits()), (table, 0b01001));
        }
    }
}

fn the_highest_table_that_denies_is_named(mode: PagingMode) {
    let mut space = Space::new(mode);
    space.map(VA.get(), Table::Pt, 0x7000, 0);
    let at = space.entry_at(VA, Table::Pd);
    let directory = space.get(at);
    space.put(at, directory & !RW);
    let fault = walk(&space.ram, &space.facts, VA, Access::USER_WRITE).unwrap_err();
    assert_eq!(fault.page().unwrap().table, Table::Pd);
}

fn an_absent_entry_faults_at_its_level_whatever_its_other_bits(mode: PagingMode) {
    for table in tables_with_rights(mode) {
        let mut space = Space::new(mode);
        space.map(VA.get(), Table::Pt, 0x7000, RW);
        let at = space.entry_at(VA, table);
        let value = if mode == PagingMode::Pml2 { 0xFFFF_FFFE } else { !P };
        space.put(at, value);
        let fault = walk(&space.ram, &space.facts, VA, Access::USER_EXECUTE).unwrap_err();
        let fetch = if mode == PagingMode::Pml2 { 0 } else { 0b10000 };
        let fault = fault.page().unwrap();
        assert_eq!((fault.table, fault.code.bits(), fault.entry), (table, 0b00100 | fetch, value));
    }
}

fn cache_and_global_bits_are_read_from_the_leaf(mode: PagingMode) {
    for (table, pat) in [(Table::Pt, 0x80), (Table::Pd, 0x1000)] {
        let mut space = Space::new(mode);
        for pat_index in 0..8 {
            let flags = (pat_index & 3) << 3 | if pat_index & 4 != 0 { pat } else { 0 };
            space.map(0x4080_0000, table, 0x80_0000, flags | 0x100);
            let found = translate(&space.ram, &space.facts, VirtAddr::new(0x4080_0000)).unwrap();
            assert_eq!((u64::from(found.pat_index), found.table), (pat_index, table));
            assert_eq!(found.page_bytes, space.page_bytes(table));
            assert_eq!(found.physical, PhysAddr::new(0x80_0000));
            assert!(found.global && !found.dirty && !found.accessed);
            let without = Facts { pge: false, ..space.facts };
            assert!(!translate(&space.ram, &without, VirtAddr::new(0x4080_0000)).unwrap().global);
        }
    }
}

fn a_table_that_was_not_zeroed_is_noticed(mode: PagingMode) {
    let mut space = Space::new(mode);
    space.map(VA.get(), Table::Pt, 0x7000, RW);
    let table = space.entry_at(VA, Table::Pt).frame();
    space.ram.poison(table);
    let fault = walk(&space.ram, &space.facts, VirtAddr::new(0x4032_2000), Access::SUPERVISOR_READ);
    match mode {
        // 32-bit entries have no reserved bit there: all ones map the last frame. Only a comparison can tell.
        PagingMode::Pml2 => assert_eq!(fault.unwrap().physical, PhysAddr::new(0xFFFF_F000)),
        _ => assert!(fault.unwrap_err().page().unwrap().code.reserved()),
    }
}

fn a_table_outside_memory_is_no_page_fault(mode: PagingMode) {
    let mut space = Space::new(mode);
    space.map(VA.get(), Table::Pt, 0x7000, RW);
    let at = space.entry_at(VA, Table::Pd);
    space.put(at, NOWHERE | P | RW);
    let fault = walk(&space.ram, &space.facts, VA, Access::SUPERVISOR_READ).unwrap_err();
    let Fault::NoMemory { table: Some(Table::Pt), at } = fault else { panic!("{fault}") };
    assert_eq!(at.frame(), PhysAddr::new(NOWHERE).frame());
}

in_each_mode!(
    each_level_can_take_each_right_away,
    the_highest_table_that_denies_is_named,
    an_absent_entry_faults_at_its_level_whatever_its_other_bits,
    cache_and_global_bits_are_read_from_the_leaf,
    a_table_that_was_not_zeroed_is_noticed,
    a_table_outside_memory_is_no_page_fault,
);

#[test]
fn a_1_gib_page_needs_the_processors_consent() {
    let mut space = Space::new(PagingMode::Pml4);
    space.map(0x8000_0000, Table::Pdpt, 0xC000_0000, RW);
    assert_eq!(physical(&space.ram, &space.facts, 0x8765_4321), Ok(0xC765_4321));
    let old = Facts { page1gb: false, ..space.facts };
    let fault = physical(&space.ram, &old, 0x8765_4321).unwrap_err();
    let fault = fault.page().unwrap();
    assert_eq!((fault.table, fault.reserved), (Table::Pdpt, PS));
}
