//! The check of interrupts and run levels: interrupts that the processor sends itself, at every level, with the level
//! raised and not; then a timer that interrupts while levels rise and fall.
//!
//! Each must come once, at its level, in the order of its class, on the interrupt stack, with interrupts on. Nothing here
//! depends on how fast the machine is; a wait for an interrupt is bounded, and one that does not come is a complaint.

mod journal;
mod levels;
mod software;
mod storm;

use core::fmt;

use xthal::Vector;
use xtkd::json::Object;

use crate::hl::apic::LocalApic;
use crate::kd::log;
use crate::ke::interrupt::{self, Totals};

/// One vector of each class that decides something: three of devices, whose level is the same, and one of each other.
const VECTORS: [Vector; 6] = [
    Vector::new(0x3E),
    Vector::new(0x5E),
    Vector::new(0xBE),
    Vector::new(0xDE),
    Vector::new(0xEE),
    Vector::new(0xFD),
];

/// What the check found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interrupts {
    totals: Totals,
    complaints: u32,
    /// Times that a level was raised and lowered while a timer interrupted.
    pairs: u32,
    /// How often the timer did.
    timer: u32,
}

impl Interrupts {
    /// Returns how many interrupts were taken and not delivered, or delivered twice.
    fn lost(&self) -> u32 {
        self.totals.taken.abs_diff(self.totals.delivered)
    }

    /// Tells whether everything was as it must be.
    pub(crate) fn is_clean(&self) -> bool {
        self.complaints == 0 && self.lost() == 0 && self.totals.unexpected == 0 && self.timer >= storm::TICKS
    }

    /// Writes what the report says about it.
    pub(crate) fn fill(&self, out: &mut Object<'_>) -> fmt::Result {
        let Self { totals, complaints, pairs, timer } = *self;
        out.number("delivered", totals.delivered)?;
        out.number("deferred", totals.deferred)?;
        out.number("spurious", totals.spurious)?;
        out.number("unexpected", totals.unexpected)?;
        out.number("lost", self.lost())?;
        out.number("complaints", complaints)?;
        out.number("pairs", pairs)?;
        out.number("timer", timer)
    }
}

/// Runs all checks, at Passive.
#[inline(never)]
pub(crate) fn run(apic: &'static LocalApic) -> Interrupts {
    let mut complaints = 0;
    let before = interrupt::totals();
    for vector in VECTORS {
        if interrupt::register(vector, journal::handle).is_err() {
            complain(&mut complaints, format_args!("vector {vector} has a handler already"));
        }
    }
    levels::check(apic, &mut complaints);
    software::check(apic, &mut complaints);
    let (pairs, timer) = storm::run(apic, &mut complaints);
    let totals = interrupt::totals().since(&before);
    if let Some(vector) = totals.stranger {
        log!("xtoskrnl: interrupts: nobody handles vector {vector}, which came");
    }
    let found = Interrupts { totals, complaints, pairs, timer };
    log!(
        "xtoskrnl: interrupts: {} delivered, {} of them deferred, {} lost; {timer} from a timer during {pairs} raises",
        totals.delivered,
        totals.deferred,
        found.lost()
    );
    found
}

fn complain(complaints: &mut u32, what: fmt::Arguments<'_>) {
    *complaints += 1;
    log!("xtoskrnl: interrupts: {what}");
}
