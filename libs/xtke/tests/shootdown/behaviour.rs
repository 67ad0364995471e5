//! What callers can rely on, one by one.

use xtke::shootdown::{CpuSet, NoInbox, Request, Shootdown};
use xtke::{CpuIndex, RunLevel};

use crate::machine::Sim;
use crate::mapper::{pages, quiet};

#[test]
fn a_processor_that_is_alone_kicks_nobody() {
    let machine = quiet(1);
    machine.shootdown.invalidate(&pages(3), CpuSet::ALL);
    assert_eq!(machine.kicks.get(), 0);
}

#[test]
fn only_targets_that_run_are_kicked() {
    let machine = quiet(4);
    machine.shootdown.expel(CpuIndex::new(2));
    machine.shootdown.invalidate(&pages(3), CpuSet::from_bits(0b0101));
    assert_eq!(machine.kicks.get(), 0, "the caller and one that does not run");
    machine.shootdown.invalidate(&pages(3), CpuSet::from_bits(0b0111));
    assert_eq!(machine.kicks.get(), 1);
    machine.shootdown.invalidate(&Request::new(), CpuSet::ALL);
    assert_eq!(machine.kicks.get(), 1, "nothing is asked for by an empty request");
}

#[test]
fn a_request_waits_until_an_earlier_one_of_its_processor_is_answered() {
    let machine = quiet(3);
    let first = machine.shootdown.request(&pages(1), CpuSet::ALL);
    let second = machine.shootdown.request(&Request::everything(), CpuSet::ALL);
    first.wait();
    second.wait();
    machine.shootdown.invalidate(&pages(2), CpuSet::ALL);
    assert!((3..=6).contains(&machine.kicks.get()), "{} kicks", machine.kicks.get());
}

#[test]
fn the_level_stays_at_dispatch_until_the_ticket_is_settled() {
    let machine = quiet(2);
    let ticket = machine.shootdown.request(&pages(1), CpuSet::ALL);
    assert_eq!(level(), RunLevel::Dispatch);
    drop(ticket);
    assert_eq!(level(), RunLevel::Passive);
}

fn level() -> RunLevel {
    <Sim as xtke::platform::Platform>::run_level()
}

#[test]
#[should_panic(expected = "with interrupts off")]
fn interrupts_off_are_misuse() {
    let machine = quiet(2);
    machine.disturb(1, RunLevel::Dispatch);
    machine.shootdown.invalidate(&pages(1), CpuSet::ALL);
}

#[test]
#[should_panic(expected = "was called at run level device; the highest is dispatch")]
fn a_level_above_dispatch_is_misuse_even_where_nobody_else_runs() {
    let machine = quiet(1);
    machine.disturb(0, RunLevel::Device);
    machine.shootdown.invalidate(&pages(1), CpuSet::ALL);
}

#[test]
fn before_anybody_has_entered_interrupts_may_be_off() {
    let machine = quiet(1);
    machine.disturb(1, RunLevel::High);
    let early: Shootdown<Sim, 8> = Shootdown::new();
    early.invalidate(&pages(1), CpuSet::ALL);
    assert!(early.running().is_empty());
}

#[test]
fn a_processor_without_an_inbox_is_refused() {
    quiet(1);
    let none: Shootdown<Sim, 0> = Shootdown::new();
    assert_eq!(none.enter(), Err(NoInbox { cpu: CpuIndex::BOOT }));
    assert!(none.running().is_empty());
    none.invalidate(&pages(1), CpuSet::ALL);
    none.service();
    none.leave();
}
