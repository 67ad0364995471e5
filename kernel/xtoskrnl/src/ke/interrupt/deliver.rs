//! When an interrupt runs: at once, or when the run level falls.
//!
//! The local APIC ends the interrupt of the highest class in service, whichever was meant. So interrupts must end in the
//! order of their classes. Classes that share a run level could break that: one of them is being served, a higher one comes,
//! is not above the level, and is remembered, in service. Therefore [`run`] serves those before it ends its own.
#![allow(unsafe_code, reason = "handlers run on the interrupt stack")]

use xthal::Vector;
use xthal::vector::Class;
use xtmm::machine::RunLevel;

use super::counts::{Fate, count, note_stranger};
use super::deferred::Deferred;
use super::{handler_of, software};
use crate::ar::local::{self, Mask, Pending};
use crate::ar::{control, on_interrupt_stack};
use crate::hl::apic::{self, pic};
use crate::hl::vectors::level_of;
use crate::ke::bugcheck::{Code, bug_check};

/// Handles an interrupt by its vector. The stubs come here with interrupts off, on the stack of the interrupted code.
pub(crate) fn enter(number: u8) {
    let vector = Vector::new(number);
    if is_without_service(vector) {
        return;
    }
    if handler_of(vector).is_none() {
        stranger(vector);
        return end();
    }
    count(Fate::Taken);
    let (level, before) = (level_of(vector), local::mask());
    if Mask::up_to(level) <= before {
        return put_off(vector, level);
    }
    serve(vector, level);
    local::set_mask(before);
    settle(before);
}

/// Delivers what is pending above `to`, the processor's level. Interrupts are on afterwards as before, or as they were
/// before the level was raised to High.
///
/// What lowering a level calls when the fast comparison says so.
#[cold]
pub(crate) fn deliver(to: Mask) {
    if to == Mask::up_to(RunLevel::High) {
        return;
    }
    let were_on = control::interrupts_are_on() || local::pending().has(Pending::INTERRUPTS_OFF);
    control::interrupts_off();
    local::remove_pending(Pending::INTERRUPTS_OFF);
    settle(to);
    if were_on {
        control::interrupts_on();
    }
}

/// Takes care of interrupts that are in nobody's service, so that nothing ends them: a local APIC's spurious one, and those of
/// the PICs, which are masked.
fn is_without_service(vector: Vector) -> bool {
    match vector {
        Vector::SPURIOUS => count(Fate::Spurious),
        _ if vector.class() == Class::Pic => match pic::end(vector) {
            true => count(Fate::Spurious),
            false => stranger(vector),
        },
        _ => return false,
    }
    true
}

fn stranger(vector: Vector) {
    count(Fate::Unexpected);
    note_stranger(vector);
}

/// Remembers an interrupt that is not above the run level.
fn put_off(vector: Vector, level: RunLevel) {
    if !Deferred::own().put(vector) {
        let facts = [vector.number().into(), level as u64, 0, 0];
        let what = format_args!("interrupt {vector} came while one of its class was in service");
        bug_check(Code::InterruptExceptionNotHandled, facts, None, what)
    }
    local::add_pending(Pending::at(level));
    count(Fate::Deferred);
}

/// Serves what is pending above `to`, highest first, and leaves the level there. Called, and returns, with interrupts off.
fn settle(to: Mask) {
    while let Some(level) = local::pending().highest_above(to) {
        match level {
            RunLevel::Passive | RunLevel::Apc | RunLevel::Dispatch => software::run(level),
            RunLevel::Device | RunLevel::Clock | RunLevel::Ipi | RunLevel::High => {
                if let Some(vector) = Deferred::own().take(level) {
                    serve(vector, level);
                }
                forget_pending(level);
            }
        }
        // After a reschedule this may be another processor; the level is the thread's.
        local::set_mask(to);
    }
}

/// Withdraws a level from what is pending, unless another of its interrupts is remembered.
fn forget_pending(level: RunLevel) {
    if !Deferred::own().has(level) {
        local::remove_pending(Pending::at(level));
    }
}

/// Runs the handler of an interrupt at its level, on the interrupt stack, and ends the interrupt. Called, and returns, with
/// interrupts off.
fn serve(vector: Vector, level: RunLevel) {
    local::set_mask(Mask::up_to(level));
    // SAFETY: interrupts are off; `run` returns with interrupts off, and keeps the processor, because its level is above
    // Dispatch.
    unsafe { on_interrupt_stack(|| run(vector, level)) };
}

/// Calls the handler, then those of higher classes that have come meanwhile, then ends the interrupt. At most as deep as the
/// level has classes.
fn run(vector: Vector, level: RunLevel) {
    if let Some(handler) = handler_of(vector) {
        count(Fate::Delivered);
        if level < RunLevel::High {
            control::interrupts_on();
        }
        handler(vector);
        control::interrupts_off();
    }
    while let Some(higher) = Deferred::own().take_above(vector) {
        run(higher, level);
        forget_pending(level);
    }
    end();
}

/// Ends the interrupt of the highest class in service.
fn end() {
    if let Some(apic) = apic::local() {
        apic.end_of_interrupt();
    }
}
