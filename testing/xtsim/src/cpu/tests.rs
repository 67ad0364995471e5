//! What a processor may keep, and what makes it forget.

use xtcore::{PagingMode, PhysAddr, VirtAddr};

use super::*;
use crate::Table;
use crate::testing::{A, D, G, NOWHERE, P, RW, Space, US, in_each_mode};

const VA: VirtAddr = VirtAddr::new(0x0080_1000);
const FIRST: u64 = 0x40_0000;
const SECOND: u64 = 0x80_0000;

fn start(space: &Space) -> Cpu {
    Cpu::start(&space.ram, space.facts).expect("a root that can be loaded")
}

fn read(cpu: &mut Cpu, space: &mut Space, va: VirtAddr) -> Result<u64, Fault> {
    cpu.translate(&mut space.ram, va, AccessKind::Read).map(PhysAddr::get)
}

fn a_changed_page_is_used_until_invlpg(mode: PagingMode) {
    let mut space = Space::new(mode);
    space.map(VA.get(), Table::Pt, FIRST, RW);
    let mut cpu = start(&space);
    assert_eq!(read(&mut cpu, &mut space, VA), Ok(FIRST));
    space.map(VA.get(), Table::Pt, SECOND, RW);
    assert_eq!(read(&mut cpu, &mut space, VA), Ok(FIRST));
    cpu.invlpg(VirtAddr::new(VA.get() + 0x1000));
    assert_eq!(read(&mut cpu, &mut space, VA), Ok(FIRST), "another page's INVLPG does not help");
    cpu.invlpg(VirtAddr::new(VA.get() + 0xFFF));
    assert_eq!(read(&mut cpu, &mut space, VA), Ok(SECOND));
}

fn a_removed_page_still_takes_writes(mode: PagingMode) {
    let mut space = Space::new(mode);
    let at = space.map(VA.get(), Table::Pt, FIRST, RW);
    let mut cpu = start(&space);
    cpu.write_u64(&mut space.ram, VA, 1).unwrap();
    space.put(at, 0);
    cpu.write_u64(&mut space.ram, VA, 2).unwrap();
    assert_eq!(space.ram.read_u64(PhysAddr::new(FIRST)), Some(2));
    cpu.load_cr3(&space.ram, space.facts.cr3).unwrap();
    assert!(cpu.write_u64(&mut space.ram, VA, 3).unwrap_err().is_not_present());
    assert_eq!(space.ram.read_u64(PhysAddr::new(FIRST)), Some(2));
}

fn a_global_page_survives_mov_to_cr3_but_not_a_pge_toggle(mode: PagingMode) {
    let toggle = |cpu: &mut Cpu, space: &Space| cpu.flush_all(&space.ram).unwrap();
    let invlpg = |cpu: &mut Cpu, _: &Space| cpu.invlpg(VA);
    for forget in [toggle, invlpg] {
        let mut space = Space::new(mode);
        space.map(VA.get(), Table::Pt, FIRST, RW | G);
        let mut cpu = start(&space);
        assert_eq!(read(&mut cpu, &mut space, VA), Ok(FIRST));
        space.map(VA.get(), Table::Pt, SECOND, RW | G);
        cpu.load_cr3(&space.ram, space.facts.cr3).unwrap();
        assert_eq!(read(&mut cpu, &mut space, VA), Ok(FIRST));
        forget(&mut cpu, &space);
        assert_eq!(read(&mut cpu, &mut space, VA), Ok(SECOND));
    }
}

fn one_invlpg_forgets_a_whole_large_page(mode: PagingMode) {
    let mut space = Space::new(mode);
    let at = space.map(0x0080_0000, Table::Pd, FIRST, RW);
    let mut cpu = start(&space);
    let far = VirtAddr::new(0x0080_0000 + space.page_bytes(Table::Pd) - 8);
    assert!(read(&mut cpu, &mut space, VA).is_ok());
    space.put(at, 0);
    assert!(read(&mut cpu, &mut space, far).is_ok(), "cached whole");
    cpu.invlpg(VA);
    assert!(read(&mut cpu, &mut space, far).unwrap_err().is_not_present());
}

fn a_replaced_table_is_used_until_any_invlpg(mode: PagingMode) {
    let mut space = Space::new(mode);
    space.map(VA.get(), Table::Pt, FIRST, RW);
    let neighbour = VirtAddr::new(VA.get() + 0x1000);
    space.map(neighbour.get(), Table::Pt, FIRST + 0x1000, RW);
    let mut cpu = start(&space);
    assert!(read(&mut cpu, &mut space, VA).is_ok());

    let directory = space.entry_at(VA, Table::Pd);
    let fresh = space.table();
    space.put(directory, fresh.get() | P | RW);
    let before = read(&mut cpu, &mut space, neighbour);
    assert_eq!(before, Ok(FIRST + 0x1000), "the old table is still cached, though the page was not");
    cpu.invlpg(VirtAddr::new(0x7000_0000));
    cpu.invlpg(neighbour);
    assert!(read(&mut cpu, &mut space, neighbour).unwrap_err().is_not_present());
    assert_eq!(read(&mut cpu, &mut space, VA), Ok(FIRST), "its page is cached on its own");
}

fn a_page_fault_forgets_the_address_so_that_it_happens_once(mode: PagingMode) {
    let mut space = Space::new(mode);
    space.map(VA.get(), Table::Pt, FIRST, 0);
    let mut cpu = start(&space);
    assert!(read(&mut cpu, &mut space, VA).is_ok());
    space.map(VA.get(), Table::Pt, FIRST, RW);
    let fault = cpu.write_u32(&mut space.ram, VA, 1).unwrap_err();
    assert_eq!(fault.page().unwrap().code.bits(), 0b011);
    assert_eq!(cpu.write_u32(&mut space.ram, VA, 1), Ok(()));
}

fn a_page_fault_forgets_the_tables_that_serve_the_address_and_no_others(mode: PagingMode) {
    let mut space = Space::new(mode);
    let other = VirtAddr::new(0x4000_0000);
    let mut directories = Vec::new();
    for va in [VA, other] {
        space.map(va.get(), Table::Pt, FIRST, RW);
        let at = space.entry_at(va, Table::Pd);
        let value = space.get(at);
        space.put(at, value & !RW);
        directories.push((at, value));
    }
    let mut cpu = start(&space);
    for va in [VA, other] {
        assert!(read(&mut cpu, &mut space, va).is_ok());
    }
    for (at, value) in directories {
        space.put(at, value);
    }
    assert!(cpu.write_u32(&mut space.ram, VA, 1).is_err());
    assert_eq!(cpu.write_u32(&mut space.ram, VA, 1), Ok(()));
    assert!(cpu.write_u32(&mut space.ram, other, 1).is_err(), "its own fault is still to come");
    assert_eq!(cpu.write_u32(&mut space.ram, other, 1), Ok(()));
}

fn accessed_and_dirty_are_set_like_hardware_sets_them(mode: PagingMode) {
    let mut space = Space::new(mode);
    let at = space.map(VA.get(), Table::Pt, FIRST, RW);
    let directory = space.entry_at(VA, Table::Pd);
    let mut cpu = start(&space);
    let flags = |space: &Space, at| space.get(at) & (A | D);
    assert!(read(&mut cpu, &mut space, VA).is_ok());
    assert_eq!((flags(&space, directory), flags(&space, at)), (A, A));
    cpu.write_u32(&mut space.ram, VA, 1).unwrap();
    assert_eq!((flags(&space, directory), flags(&space, at)), (A, A | D));

    let cleaned = space.get(at) & !(A | D);
    space.put(at, cleaned);
    cpu.write_u32(&mut space.ram, VA, 2).unwrap();
    assert_eq!(flags(&space, at), 0, "a dirty cached page does not look at memory");
    cpu.invlpg(VA);
    cpu.write_u32(&mut space.ram, VA, 3).unwrap();
    assert_eq!(flags(&space, at), A | D);
}

fn the_first_write_walks_again_to_set_dirty(mode: PagingMode) {
    let mut space = Space::new(mode);
    let at = space.map(VA.get(), Table::Pt, FIRST, RW);
    let mut cpu = start(&space);
    assert!(read(&mut cpu, &mut space, VA).is_ok());
    space.put(at, 0);
    assert!(read(&mut cpu, &mut space, VA).is_ok(), "reads still hit");
    assert!(cpu.write_u32(&mut space.ram, VA, 1).unwrap_err().is_not_present());
    assert_eq!(space.get(at), 0, "nothing is set in an entry that software cleared");
}

fn user_mode_is_kept_out_also_by_cached_pages(mode: PagingMode) {
    let mut space = Space::new(mode);
    space.map(VA.get(), Table::Pt, FIRST, RW);
    space.map(VA.get() + 0x1000, Table::Pt, FIRST, US);
    let mut cpu = start(&space);
    assert!(cpu.fetch(&mut space.ram, VA).is_ok());
    cpu.set_privilege(Privilege::User);
    let fault = cpu.read_u32(&mut space.ram, VA).unwrap_err();
    assert_eq!(fault.page().unwrap().code.bits(), 0b101);
    let user = VirtAddr::new(VA.get() + 0x1000);
    assert!(cpu.read_u64(&mut space.ram, user).is_ok());
    assert!(cpu.exchange_u32(&mut space.ram, user, 1).is_err());
}

fn a_page_without_memory_is_no_page_fault(mode: PagingMode) {
    let mut space = Space::new(mode);
    space.map(VA.get(), Table::Pt, NOWHERE, RW);
    let mut cpu = start(&space);
    let expected = Fault::NoMemory { table: None, at: PhysAddr::new(NOWHERE) };
    assert_eq!(cpu.read_u32(&mut space.ram, VA), Err(expected));
    assert_eq!(cpu.write_u64(&mut space.ram, VA, 1), Err(expected));
}

fn processors_forget_each_for_itself(mode: PagingMode) {
    let mut space = Space::new(mode);
    let at = space.map(VA.get(), Table::Pt, FIRST, RW);
    let mut machine = Machine::start(space.ram, space.facts, 3).unwrap();
    machine.write_u64(0, VA, 7).unwrap();
    assert_eq!(machine.read_u64(2, VA), Ok(7));
    machine.ram.exchange32(at, 0);
    machine.cpus[0].invlpg(VA);
    assert!(machine.read_u64(0, VA).is_err());
    assert!(machine.read_u64(1, VA).is_err(), "never cached it");
    assert_eq!(machine.read_u64(2, VA), Ok(7));
    assert!(machine.stale_entries().iter().all(|(number, _)| *number == 2));
    assert!(!machine.stale_entries().is_empty());
    machine.invlpg_everywhere(VA);
    assert_eq!(machine.stale_entries(), []);
    machine.reload_cr3_everywhere().unwrap();
    machine.flush_everywhere().unwrap();
    assert_eq!(machine.cpus[2].cached_pages(), 0);
}

in_each_mode!(
    a_changed_page_is_used_until_invlpg,
    a_removed_page_still_takes_writes,
    a_global_page_survives_mov_to_cr3_but_not_a_pge_toggle,
    one_invlpg_forgets_a_whole_large_page,
    a_replaced_table_is_used_until_any_invlpg,
    a_page_fault_forgets_the_address_so_that_it_happens_once,
    a_page_fault_forgets_the_tables_that_serve_the_address_and_no_others,
    accessed_and_dirty_are_set_like_hardware_sets_them,
    the_first_write_walks_again_to_set_dirty,
    user_mode_is_kept_out_also_by_cached_pages,
    a_page_without_memory_is_no_page_fault,
    processors_forget_each_for_itself,
);

#[test]
fn pae_directories_are_found_by_registers_loaded_with_cr3() {
    let mut space = Space::new(PagingMode::Pml3);
    space.map(VA.get(), Table::Pt, FIRST, RW);
    let mut cpu = start(&space);
    let pdpte = PhysAddr::new(space.facts.cr3);
    space.put(pdpte, 0);
    cpu.invlpg(VA);
    assert_eq!(read(&mut cpu, &mut space, VA), Ok(FIRST), "INVLPG does not load them");
    cpu.load_cr3(&space.ram, space.facts.cr3).unwrap();
    assert!(read(&mut cpu, &mut space, VA).unwrap_err().is_not_present());

    space.put(pdpte, 0x1_0000 | RW | P);
    let fault = cpu.load_cr3(&space.ram, space.facts.cr3);
    assert_eq!(fault, Err(Fault::Root { value: 0x1_0000 | RW | P, reserved: RW }));
    assert_eq!(cpu.flush_all(&space.ram), fault);
}

#[test]
fn a_forgotten_invalidation_of_a_self_map_alias_writes_into_the_freed_table() {
    let mut space = Space::new(PagingMode::Pml4);
    space.map(VA.get(), Table::Pt, FIRST, RW);
    space.self_map(0x1F0);
    let mut cpu = start(&space);
    // Slot 0x1F0 puts the entry of address a at FFFF_F800_0000_0000 + a / 4096 * 8.
    let pte = VirtAddr::new(0xFFFF_F800_0000_0000 + VA.get() / 4096 * 8);
    assert_eq!(cpu.read_u64(&mut space.ram, pte), Ok(FIRST | P | RW));

    let directory = space.entry_at(VA, Table::Pd);
    let old = space.get(directory) & 0x000F_FFFF_FFFF_F000;
    let fresh = space.table();
    space.put(directory, fresh.get() | P | RW);
    cpu.invlpg(VA);
    cpu.write_u64(&mut space.ram, pte, 0).expect("the alias hides the first fault");
    assert_eq!(read(&mut cpu, &mut space, pte), Ok(fresh.get() + VA.get() / 4096 % 512 * 8), "D was clear");

    // Once the alias is dirty it goes to the old table without looking.
    space.put(directory, old | P | RW);
    cpu.write_u64(&mut space.ram, pte, SECOND | P).unwrap();
    assert_eq!(space.ram.read_u64(PhysAddr::new(fresh.get() + VA.get() / 4096 % 512 * 8)), Some(SECOND | P));
    assert!(cpu.stale(&space.ram, pte).is_some());
    cpu.invlpg(pte);
    assert_eq!(cpu.read_u64(&mut space.ram, pte), Ok(FIRST | P | RW));
}
