//! Starting processors: all of them at once, from as many start pages as there are.
//!
//! The order and the waits are those of the manual (SDM volume 3A, section 9.4.4.1): INIT, ten milliseconds, a start-up message,
//! 200 microseconds, and a second one for who has not come.

use xtcore::CpuIndex;
use xthal::apic::{ApicId, StartPage};

use super::{State, advance, count, state};
use crate::ar::startup;
use crate::hl::apic::{LocalApic, NmiPin};
use crate::hl::time::stall;
use crate::kd::log;

/// Waits of the manual, in microseconds.
const AFTER_INIT: u64 = 10_000;
const AFTER_START_UP: u64 = 200;

/// How long a processor may take to arrive: looks, and microseconds between them. Seconds in all, where it takes microseconds,
/// because a host may give an emulated processor no time for long.
const LOOKS: u32 = 20_000;
const BETWEEN_LOOKS: u64 = 500;

/// A processor that has all it needs to start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    /// Its number here.
    pub(crate) cpu: CpuIndex,
    /// Its number to local APICs.
    pub(crate) id: ApicId,
    /// Where the machine's NMIs arrive there.
    pub(crate) nmi: Option<NmiPin>,
}

/// Starts processors from the pages in turn, and waits until all have arrived, or a bounded time. Who has not come by then is
/// reset, so that it never comes, and left out. When this returns, nobody runs in the start pages.
///
/// Every candidate has been prepared, and there is a counter to wait by.
pub(crate) fn start(apic: &LocalApic, candidates: &[Candidate], pages: &[StartPage]) {
    let reset = |candidate: &Candidate| {
        if let Err(error) = apic.reset(candidate.id) {
            log!("xtoskrnl: CPU {} cannot be reset: {error}", candidate.cpu.get());
        }
    };
    let wake = || {
        let missing = candidates.iter().zip(pages.iter().cycle());
        for (candidate, page) in missing.filter(|(candidate, _)| state(candidate.cpu) == State::Starting) {
            if let Err(error) = apic.start_up(candidate.id, *page) {
                log!("xtoskrnl: CPU {} cannot be started: {error}", candidate.cpu.get());
            }
        }
    };
    let is_missing = |candidate: &Candidate| state(candidate.cpu) == State::Starting;
    for candidate in candidates {
        let _ = advance(candidate.cpu, State::Absent, State::Starting);
        reset(candidate);
    }
    let _ = stall(AFTER_INIT);
    wake();
    let _ = stall(AFTER_START_UP);
    wake();
    let _ = wait_until(|| !candidates.iter().any(is_missing));
    for late in candidates.iter().filter(|candidate| is_missing(candidate)) {
        // It may have come at the last moment. Else it never does: reset, it waits for a message that nobody sends.
        if advance(late.cpu, State::Starting, State::Silent) {
            startup::withdraw(late.cpu);
            reset(late);
            log!(
                "xtoskrnl: warning: CPU {}, APIC {}, does not answer and is left out",
                late.cpu.get(),
                late.id.get()
            );
        }
    }
}

/// Waits until every processor that has arrived runs; a processor that does not, once it was let go on, has said why.
pub(crate) fn wait_until_running() {
    if !wait_until(|| count(State::Arrived) == 0) {
        log!("xtoskrnl: warning: {} processors have arrived and do not run", count(State::Arrived));
    }
}

/// Waits until something is so; `false` when it is not in time.
fn wait_until(is_so: impl Fn() -> bool) -> bool {
    (0..LOOKS).any(|_| {
        is_so() || {
            let _ = stall(BETWEEN_LOOKS);
            false
        }
    })
}
