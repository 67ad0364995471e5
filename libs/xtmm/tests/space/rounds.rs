//! What happens when another processor changes the tables between the first look and the reservation.

use xtcore::{PAGE_BYTES, PagingMode};
use xtmm::backing::Backing;
use xtmm::space::Committer;
use xtpaging::Attributes;

use crate::support::{Hook, Sim, SimFrames, area, in_every_mode, large_pages, mapper, mapping, range};

in_every_mode! {
    tables_that_disappear_meanwhile_are_set_aside_in_another_round,
    tables_that_appear_meanwhile_leave_the_reservation_to_go_back,
    pages_that_appear_meanwhile_are_a_refusal_and_nothing_is_lost,
    a_page_that_somebody_else_backs_meanwhile_is_taken_as_backed,
}

const DATA: Attributes = Attributes::KERNEL_DATA;
const FOREIGN: u64 = 0x4_0000;

fn tables_that_disappear_meanwhile_are_set_aside_in_another_round(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper = mapper(&kernel, &frames);
    let other = mapping(area(mode), 1, FOREIGN, DATA);
    mapper.map_run(&other).expect("room");
    frames.reservations();
    // Both pages hang below the same tables, except for the last.
    let ours = mapping(area(mode) + large_pages(mode) * PAGE_BYTES, 1, FOREIGN, DATA);
    frames.meanwhile(Hook::Unmap(other.pages));
    mapper.map_run(&ours).expect("frames");
    // In PML2 and PML3 only the last table can go.
    let rounds = if mode.levels() > 3 { 2 } else { 1 };
    assert_eq!(frames.reservations(), rounds);
    assert_eq!(sim.pages().len(), 1);
    assert_eq!(sim.out(), sim.table_count());
    mapper.unmap(ours.pages, |_| {}).expect("mapped");
    assert_eq!(sim.out(), 0);
}

fn tables_that_appear_meanwhile_leave_the_reservation_to_go_back(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper = mapper(&kernel, &frames);
    let ours = mapping(area(mode), 4, FOREIGN, DATA);
    frames.meanwhile(Hook::Map(mapping(area(mode) + 9 * PAGE_BYTES, 1, FOREIGN, DATA)));
    mapper.map_run(&ours).expect("frames");
    assert_eq!(frames.reservations(), 1);
    assert_eq!(sim.pages().len(), 5);
    assert_eq!(sim.out(), sim.table_count(), "what was left over has gone back");
}

fn pages_that_appear_meanwhile_are_a_refusal_and_nothing_is_lost(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper = mapper(&kernel, &frames);
    let theirs = mapping(area(mode) + 2 * PAGE_BYTES, 1, FOREIGN, DATA);
    frames.meanwhile(Hook::Map(theirs));
    mapper.map_run(&mapping(area(mode), 4, FOREIGN, DATA)).expect_err("one of the pages is taken");
    assert_eq!(sim.pages().len(), 1);
    assert_eq!(sim.out(), sim.table_count());
    mapper.unmap(range(theirs.pages.start().get(), 1), |_| {}).expect("mapped");
    assert_eq!(sim.out(), 0);
}

fn a_page_that_somebody_else_backs_meanwhile_is_taken_as_backed(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let committer = Committer::new(mapper(&kernel, &frames));
    let theirs = mapping(area(mode) + 2 * PAGE_BYTES, 1, FOREIGN, DATA);
    frames.meanwhile(Hook::Map(theirs));
    committer.back(range(area(mode), 6)).expect("frames");
    let shown = sim.pages();
    assert_eq!(shown.len(), 6);
    assert_eq!(shown[2].physical, theirs.first.address(), "what was there has stayed");
    assert_eq!(sim.out(), 5 + sim.table_count(), "the frames of the first attempt have gone back");
}
