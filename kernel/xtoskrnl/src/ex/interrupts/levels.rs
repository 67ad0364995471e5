//! Interrupts to oneself, with the level raised to each level and not.

use xthal::Vector;
use xthal::apic::Target;
use xtmm::machine::RunLevel;

use super::{VECTORS, complain, journal};
use crate::hl::apic::LocalApic;
use crate::hl::vectors::level_of;
use crate::ke::processor;

/// Checks every level, then what handlers do to one another.
pub(super) fn check(apic: &'static LocalApic, complaints: &mut u32) {
    for level in RunLevel::ALL {
        one_level(apic, level, complaints);
    }
    nested(apic, complaints);
    twice(apic, complaints);
}

/// Sends a vector to the own processor, and waits until it has been taken.
fn send(apic: &'static LocalApic, vector: Vector) -> bool {
    apic.interrupt(vector, Target::Own).is_ok() && journal::wait_until_taken(vector)
}

/// Sends all vectors, least urgent first, at a level: those above it run at once, in that order; the others when it falls,
/// most urgent first.
fn one_level(apic: &'static LocalApic, level: RunLevel, complaints: &mut u32) {
    journal::begin();
    let raised = processor::raise(level);
    let at_once = VECTORS.into_iter().filter(|vector| level_of(*vector) > level).count();
    for vector in VECTORS {
        // At High interrupts are off, and nothing is taken.
        let sent = match level {
            RunLevel::High => apic.interrupt(vector, Target::Own).is_ok(),
            _ => send(apic, vector),
        };
        if !sent {
            complain(complaints, format_args!("vector {vector} is not taken at level {level}"));
        }
    }
    let early = journal::written();
    drop(raised);
    if early != at_once || !journal::wait_for(VECTORS.len()) {
        let all = journal::written();
        complain(
            complaints,
            format_args!("{early} ran at level {level}, {at_once} should have; {all} in all"),
        );
    }
    let (first, later) = VECTORS.split_at(VECTORS.len() - at_once);
    expect(later.iter().chain(first.iter().rev()).copied(), complaints);
}

/// A device's handler sends a more urgent class of its own level, and a clock interrupt: the latter interrupts it, the
/// former waits until it ends.
fn nested(apic: &'static LocalApic, complaints: &mut u32) {
    let [device, urgent_device, _, clock, ..] = VECTORS;
    journal::begin();
    journal::order([urgent_device, clock]);
    if !send(apic, device) || !journal::wait_for(3) {
        complain(complaints, format_args!("nested interrupts: {} of 3 came", journal::written()));
    }
    expect([clock, device, urgent_device].into_iter(), complaints);
}

/// The same vector again while the first waits: both come.
fn twice(apic: &'static LocalApic, complaints: &mut u32) {
    let [device, ..] = VECTORS;
    journal::begin();
    let raised = processor::raise(RunLevel::Device);
    let sent = send(apic, device) && apic.interrupt(device, Target::Own).is_ok();
    drop(raised);
    if !sent || !journal::wait_for(2) {
        complain(complaints, format_args!("the same vector twice: {} came", journal::written()));
    }
    expect([device, device].into_iter(), complaints);
}

/// Compares the journal with what it should contain.
fn expect(vectors: impl Iterator<Item = Vector> + Clone, complaints: &mut u32) {
    let count = vectors.clone().count();
    if journal::written() != count {
        complain(complaints, format_args!("{} interrupts ran, not {count}", journal::written()));
    }
    for (line, vector) in journal::lines().zip(vectors) {
        let expected = journal::Line {
            vector,
            level: level_of(vector),
            on_own_stack: true,
            interruptible: level_of(vector) < RunLevel::High,
        };
        if line != expected {
            complain(complaints, format_args!("{line:?} instead of {expected:?}"));
        }
    }
}
