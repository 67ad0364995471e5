//! Starting processors: all of them at once, from as many start pages as there are.
//!
//! The order and the waits are those of the manual (SDM volume 3A, section 9.4.4.1): INIT, ten milliseconds, a start-up message,
//! 200 microseconds, and a second one for who has not come.

use xtcore::{ApicId, CpuIndex};
use xthal::apic::StartPage;

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
    /// Its number here; while it starts, the one that it gets if all before it arrive.
    pub(crate) cpu: CpuIndex,
    /// Its number to local APICs.
    pub(crate) id: ApicId,
    /// Where the machine's NMIs arrive there.
    pub(crate) nmi: Option<NmiPin>,
}

/// Starts processors from the pages in turn, and waits until all have arrived, or a bounded time. Who has not come by then is
/// given up. When this returns, nobody runs in the start pages, and nobody else runs on what is prepared for those given up.
///
/// Every candidate has been prepared, and there is a counter to wait by. The processor started as `mute` is reset and never told
/// to start: as one that does not answer.
pub(crate) fn start(apic: &LocalApic, candidates: &[Candidate], pages: &[StartPage], mute: Option<CpuIndex>) {
    let is_missing = |candidate: &Candidate| state(candidate.cpu) == State::Starting;
    let wake = || {
        let missing = candidates.iter().zip(pages.iter().cycle());
        for (candidate, page) in missing.filter(|(candidate, _)| is_missing(candidate)) {
            if Some(candidate.cpu) == mute {
                continue;
            }
            if let Err(error) = apic.start_up(candidate.id, *page) {
                log!("xtoskrnl: APIC {} cannot be started: {error}", candidate.id);
            }
        }
    };
    for candidate in candidates {
        let _ = advance(candidate.cpu, State::Absent, State::Starting);
        reset(apic, candidate.id);
    }
    let _ = stall(AFTER_INIT);
    wake();
    let _ = stall(AFTER_START_UP);
    wake();
    let _ = wait_until(|| !candidates.iter().any(is_missing));
    for late in candidates.iter().filter(|candidate| is_missing(candidate)) {
        // It may have come at the last moment.
        if give_up(apic, late, State::Starting) {
            log!("xtoskrnl: warning: APIC {} does not answer and is left out", late.id);
        }
    }
}

/// Gives a processor up that is in a state: withdraws its record and resets it, so that it never comes, because it then
/// waits for a message that nobody sends. `false` when it was in another state; then nothing happens.
pub(crate) fn give_up(apic: &LocalApic, candidate: &Candidate, from: State) -> bool {
    let is_out = advance(candidate.cpu, from, State::LeftOut);
    if is_out {
        startup::withdraw(candidate.cpu);
        reset(apic, candidate.id);
        // By then it has stopped whatever it did.
        let _ = stall(AFTER_INIT);
        let _ = advance(candidate.cpu, State::LeftOut, State::Absent);
    }
    is_out
}

fn reset(apic: &LocalApic, id: ApicId) {
    if let Err(error) = apic.reset(id) {
        log!("xtoskrnl: APIC {id} cannot be reset: {error}");
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
