//! A timer interrupts while levels rise and fall: wherever it comes, between whichever two instructions, it is delivered once.

use core::sync::atomic::{AtomicU32, Ordering};

use xthal::Vector;
use xthal::apic::{Divide, Setting, Target};
use xthal::time::Interval;
use xtmm::machine::RunLevel;

use super::{VECTORS, complain, journal};
use crate::hl::apic::LocalApic;
use crate::ke::{interrupt, processor};

/// Interrupts of the timer that are waited for.
pub(super) const TICKS: u32 = 200;

/// Counts of the timer from one interrupt to the next. Its speed is unknown: on machines in use it is between 10 MHz and
/// some GHz.
const COUNT: u32 = 50_000;

/// Raises and lowers after which a timer that has not interrupted often enough counts as broken.
const MOST_PAIRS: u32 = 50_000_000;

/// How many pairs there are for each interrupt that the processor sends itself.
const PAIRS_PER_MESSAGE: u32 = 64;

/// The timer's vector: a clock's, but not the clock's own.
const TIMER: Vector = Vector::new(0xDC);

static SEEN: AtomicU32 = AtomicU32::new(0);

fn tick(_: Vector) {
    SEEN.fetch_add(1, Ordering::Relaxed);
}

/// Raises and lowers until the timer has interrupted often enough. Returns how often both happened.
pub(super) fn run(apic: &'static LocalApic, complaints: &mut u32) -> (u32, u32) {
    if interrupt::register(TIMER, tick).is_err() {
        complain(complaints, format_args!("vector {TIMER} has a handler already"));
        return (0, 0);
    }
    let [device, ..] = VECTORS;
    apic.start_periodic(TIMER, &Setting { divide: Divide::NONE, count: COUNT, period: Interval::new(0) });
    journal::begin();
    let (mut pairs, mut sent) = (0_u32, 0_usize);
    while SEEN.load(Ordering::Relaxed) < TICKS && pairs < MOST_PAIRS {
        let level = RunLevel::ALL.into_iter().cycle().nth(pairs as usize % RunLevel::ALL.len());
        let raised = processor::raise(level.unwrap_or(RunLevel::Dispatch));
        // One at a time: two of one vector before the first is taken are one.
        if pairs % PAIRS_PER_MESSAGE == 0 && journal::written() == sent {
            sent += usize::from(apic.interrupt(device, Target::Own).is_ok());
        }
        drop(raised);
        pairs += 1;
    }
    apic.stop_timer();
    let timer = SEEN.load(Ordering::Relaxed);
    if !journal::wait_until_taken(TIMER) || timer < TICKS {
        complain(complaints, format_args!("the timer interrupted {timer} times in {pairs} raises"));
    }
    if !journal::wait_for(sent) || journal::written() != sent {
        complain(complaints, format_args!("{} of {sent} messages came during the storm", journal::written()));
    }
    (pairs, timer)
}
