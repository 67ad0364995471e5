//! The time stamp counter as a clock: whether it is one, and how fast it is.

use xthal::time::{Frequency, Told, TscFacts, Width};

use super::calibrate::calibrate;
use super::counter::Counter;
use crate::ar::control;
use crate::kd::log;

/// What a time stamp counter can have, in hertz.
const PLAUSIBLE: core::ops::RangeInclusive<u64> = 10_000_000..=20_000_000_000;

/// Reads it, after everything that was read before.
#[inline]
pub(super) fn read() -> u64 {
    control::ordered_time_stamp()
}

/// Returns its frequency, told or measured by `known`; `None` when it is no clock.
pub(super) fn frequency(known: Option<&Counter>) -> Option<Frequency> {
    let facts = facts();
    if !facts.is_invariant() {
        return None;
    }
    let nominal = match facts.frequency() {
        Some(Told::Exactly(frequency)) => return Some(frequency),
        Some(Told::Nominally(frequency)) => Some(frequency),
        None => None,
    };
    let Some(known) = known else { return nominal };
    match calibrate(known, Width::BITS_64, read, PLAUSIBLE) {
        Ok(measured) => Some(measured.frequency),
        Err(doubt) => {
            log!("xtoskrnl: warning: the TSC cannot be measured: {doubt}");
            nominal
        }
    }
}

/// Asks CPUID, each leaf only where the processor has it.
fn facts() -> TscFacts {
    const HYPERVISOR: u32 = 1 << 31;
    let [basic, ..] = control::cpuid(0, 0);
    let [extended, ..] = control::cpuid(0x8000_0000, 0);
    let leaf = |number: u32, highest: u32| {
        if number <= highest { control::cpuid(number, 0) } else { [0; 4] }
    };
    let [_, _, features, _] = control::cpuid(1, 0);
    // Without the bit the leaves are the processor's own, and show those of the highest basic one.
    let hypervisor = if features & HYPERVISOR != 0 { control::cpuid(0x4000_0000, 0) } else { [0; 4] };
    let [hypervised, ..] = hypervisor;
    TscFacts {
        power: leaf(0x8000_0007, extended),
        crystal: leaf(0x15, basic),
        base: leaf(0x16, basic),
        hypervisor,
        hypervisor_features: leaf(0x4000_0001, hypervised),
        hypervisor_timing: leaf(0x4000_0010, hypervised),
    }
}
