//! Software interrupts: asked for at each level, they run at once or when the level has fallen below theirs.

use core::sync::atomic::{AtomicU32, Ordering};

use xthal::apic::Target;
use xtmm::machine::RunLevel;

use super::{VECTORS, complain};
use crate::ar::control;
use crate::hl::apic::LocalApic;
use crate::ke::interrupt::{SoftwareHandlers, exchange_software_handlers, request_apc, request_dispatch};
use crate::ke::processor;

/// Four bits for each call, the latest lowest: 1 deferred calls, 2 reschedule, 3 asynchronous calls; 0xF for one at a wrong
/// level or with interrupts off.
static CALLS: AtomicU32 = AtomicU32::new(0);

const DEFERRED: u32 = 1;
const RESCHEDULE: u32 = 2;
const ASYNCHRONOUS: u32 = 3;

fn note(what: u32, level: RunLevel) {
    let is_right = processor::run_level() == level && control::interrupts_are_on();
    let calls = CALLS.load(Ordering::Relaxed) << 4 | if is_right { what } else { 0xF };
    CALLS.store(calls, Ordering::Relaxed);
}

static HANDLERS: SoftwareHandlers = SoftwareHandlers {
    deferred_calls: || note(DEFERRED, RunLevel::Dispatch),
    reschedule: || note(RESCHEDULE, RunLevel::Dispatch),
    asynchronous_calls: || note(ASYNCHRONOUS, RunLevel::Apc),
};

/// All three, most urgent first.
const ALL: u32 = DEFERRED << 8 | RESCHEDULE << 4 | ASYNCHRONOUS;

/// Checks, with handlers of its own for that time.
pub(super) fn check(apic: &'static LocalApic, complaints: &mut u32) {
    let before = exchange_software_handlers(Some(&HANDLERS));
    for level in [RunLevel::Passive, RunLevel::Apc, RunLevel::Dispatch, RunLevel::Device] {
        CALLS.store(0, Ordering::Relaxed);
        let raised = processor::raise(level);
        request_apc();
        request_dispatch();
        let early = CALLS.load(Ordering::Relaxed);
        drop(raised);
        let all = CALLS.load(Ordering::Relaxed);
        let (expected_early, expected) = match level {
            // At Passive the first request is served before the second is made.
            RunLevel::Passive => {
                let each = ASYNCHRONOUS << 8 | DEFERRED << 4 | RESCHEDULE;
                (each, each)
            }
            RunLevel::Apc => (DEFERRED << 4 | RESCHEDULE, ALL),
            _ => (0, ALL),
        };
        if (early, all) != (expected_early, expected) {
            complain(
                complaints,
                format_args!(
                    "software interrupts at {level}: {early:#x}, then {all:#x}, not {expected_early:#x}, {expected:#x}"
                ),
            );
        }
    }
    from_an_interrupt(apic, complaints);
    let _ours = exchange_software_handlers(before);
}

/// A request made by an interrupt's handler is served when that ends, on the way back to the interrupted code.
fn from_an_interrupt(apic: &'static LocalApic, complaints: &mut u32) {
    let [device, ..] = VECTORS;
    CALLS.store(0, Ordering::Relaxed);
    super::journal::begin();
    super::journal::request_next();
    if apic.interrupt(device, Target::Own).is_err() || !super::journal::wait_for(1) {
        complain(complaints, format_args!("vector {device} does not come"));
    }
    let calls = CALLS.load(Ordering::Relaxed);
    if calls != DEFERRED << 4 | RESCHEDULE {
        complain(complaints, format_args!("software interrupts after an interrupt: {calls:#x}"));
    }
}
