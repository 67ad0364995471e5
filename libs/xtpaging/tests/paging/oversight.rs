//! The audit and the visit: they find what should not be there, and agree with the independent walker.

use std::ops::ControlFlow;

use xtcore::{Level, PAGE_BYTES, PagingMode, VirtAddr};
use xtpaging::walk::{Audit, Node, SelfMapPolicy, audit, visit};
use xtpaging::{Attributes, Privilege, Protection, Scope};
use xtsim::{leaves, translate};

use crate::support::{EVERYTHING, Machine, NOTHING, Way, in_every_mode, kernel_area, large_pages, mapping};

in_every_mode! {
    a_fresh_address_space_is_clean,
    a_planted_writable_and_executable_page_is_found,
    a_frame_written_by_one_mapping_and_executed_by_another_is_found,
    a_planted_reserved_bit_is_found,
    a_miscounted_table_is_found,
    executable_runs_that_come_to_touch_are_one_run,
    every_leaf_and_its_rights_are_those_of_the_walker,
}

fn machine(mode: PagingMode) -> Machine {
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    machine.map(&mapping(kernel_area(mode), 4, 0x100, Attributes::KERNEL_CODE));
    machine.map(&mapping(kernel_area(mode) + 0x4000, 2, 0x104, Attributes::KERNEL_READ_ONLY));
    machine.map(&mapping(kernel_area(mode) + 0x6000, 2, 0x106, Attributes::KERNEL_DATA));
    machine
}

fn look(machine: &Machine) -> Audit {
    audit(&machine.space, &machine.tables())
}

/// Sets bits of the leaf entry of an address behind the engine's back.
fn plant(machine: &Machine, address: u64, bits: u64) {
    let mut ram = machine.ram.borrow_mut();
    let leaf = translate(&*ram, &machine.facts(), VirtAddr::new(address)).expect("a mapped page");
    if machine.space.mode() == PagingMode::Pml2 {
        ram.store32(leaf.entry_at, u32::try_from(leaf.entry ^ bits).expect("four bytes"));
    } else {
        ram.store64_plain(leaf.entry_at, leaf.entry ^ bits);
    }
}

fn a_fresh_address_space_is_clean(mode: PagingMode) {
    let found = look(&machine(mode));
    assert!(found.is_clean(), "{found:?}");
    assert_eq!(found.executable, 4);
    assert_eq!(found.code.len(), 1);
}

fn a_planted_writable_and_executable_page_is_found(mode: PagingMode) {
    let machine = machine(mode);
    // RW of a page of code.
    plant(&machine, kernel_area(mode) + 0x1000, 1 << 1);
    let found = look(&machine);
    assert_eq!((found.writable_executable, found.frames_writable_and_executable), (1, 1));
    assert!(!found.is_clean());
}

/// The window shows a frame of code a second time: no single page is wrong.
fn a_frame_written_by_one_mapping_and_executed_by_another_is_found(mode: PagingMode) {
    let machine = machine(mode);
    let window = kernel_area(mode) + 5 * large_pages(mode) * PAGE_BYTES;
    machine.map(&mapping(window, large_pages(mode), 0, Attributes::KERNEL_DATA));
    let found = look(&machine);
    assert_eq!((found.writable_executable, found.frames_writable_and_executable), (0, 4));
    assert!(!found.is_clean());
}

fn a_planted_reserved_bit_is_found(mode: PagingMode) {
    let machine = machine(mode);
    let large = kernel_area(mode) + 5 * large_pages(mode) * PAGE_BYTES;
    machine.map(&mapping(large, large_pages(mode), 0x4_0000, Attributes::KERNEL_DATA));
    // Below the alignment of a large page, above PAT.
    plant(&machine, large, 1 << 13);
    assert_eq!(look(&machine).reserved_bits, 1);
    if mode != PagingMode::Pml2 {
        plant(&machine, kernel_area(mode), 1 << 50);
        assert_eq!(look(&machine).reserved_bits, 2);
    }
}

fn a_miscounted_table_is_found(mode: PagingMode) {
    let machine = machine(mode);
    assert_eq!(look(&machine).miscounted, 0);
    // P of one page: it is gone, and its table still counts it.
    plant(&machine, kernel_area(mode) + 0x5000, 1);
    assert_eq!(look(&machine).miscounted, 1);
}

fn executable_runs_that_come_to_touch_are_one_run(mode: PagingMode) {
    let machine = machine(mode);
    let at = kernel_area(mode) + 0x10_0000;
    // Frames 0x200, 0x204, 0x208; then everything from 0x1FF to 0x20A, which touches all three.
    for (index, first) in [0x200, 0x204, 0x208].into_iter().enumerate() {
        machine.map(&mapping(at + index as u64 * 0x2000, 1, first, Attributes::KERNEL_CODE));
    }
    assert_eq!(look(&machine).code.len(), 4);
    machine.map(&mapping(at + 0x10000, 11, 0x1FF, Attributes::KERNEL_CODE));
    let found = look(&machine);
    assert_eq!(found.code.len(), 2, "{:?}", found.code);
    // A writable mapping of one of those frames counts once.
    machine.map(&mapping(at + 0x20000, 1, 0x204, Attributes::KERNEL_DATA));
    assert_eq!(look(&machine).frames_writable_and_executable, 1);
}

fn every_leaf_and_its_rights_are_those_of_the_walker(mode: PagingMode) {
    for capabilities in [EVERYTHING, NOTHING] {
        let machine = Machine::new(mode, capabilities, Way::ByFrame);
        let user = Attributes {
            protection: Protection::ReadExecute,
            privilege: Privilege::User,
            scope: Scope::Local,
            ..Attributes::KERNEL_DATA
        };
        machine.map(&mapping(0x3000, 2, 0x40, user));
        machine.map(&mapping(0x8000, 1, 0x50, Attributes::KERNEL_READ_ONLY));
        machine.map(&mapping(kernel_area(mode), large_pages(mode) + 1, 0x400, Attributes::KERNEL_DATA));
        let ram = machine.ram.borrow();
        let walked = leaves(&*ram, &machine.facts()).map(|leaf| {
            let leaf = leaf.expect("no broken entry");
            let executable = leaf.rights.executable;
            (
                leaf.va,
                leaf.physical.frame(),
                leaf.table.level(),
                leaf.rights.writable,
                executable,
                leaf.rights.user,
            )
        });
        let walked: Vec<_> = walked.collect();
        let mut met = Vec::new();
        let has_no_execute = machine.space.format().has_no_execute();
        let _: ControlFlow<()> = visit(&machine.space, &machine.tables(), SelfMapPolicy::Follow, |node| {
            if let Node::Leaf(leaf) = node {
                let rights = leaf.rights;
                // Without NX the engine tells the intention, and the walker what the processor does.
                let executable = rights.execute || !has_no_execute;
                met.push((
                    leaf.address,
                    leaf.frame,
                    leaf.level.number(),
                    rights.write,
                    executable,
                    rights.user,
                ));
            }
            ControlFlow::Continue(())
        });
        assert_eq!(met, walked);
        assert!(met.iter().any(|(.., user)| *user));
        assert!(met.iter().any(|(_, _, level, ..)| *level == Level::PD.number()) || mode == PagingMode::Pml2);
    }
}
