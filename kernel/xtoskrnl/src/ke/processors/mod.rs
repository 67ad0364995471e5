//! The processors of the machine: which run, how they are started, how a monitor holds them, and how a bug check stops them.
//!
//! ```text
//!   Absent -> Starting -> Arrived -> Running -> Stopped
//!     ^              |       |
//!     '-- LeftOut <--+-------'
//! ```
//!
//! The boot processor is Running from the first. A processor's state is changed by itself, but for the first step and those of
//! one that is left out: it did not answer, or there is no memory for it.
//!
//! # Numbers
//! A processor is started with the number that it gets if all before it arrive. Numbers have no gaps, because what each
//! processor has lies in rows; so when all have arrived that will, [`settle`] moves them up, and only from then on a number
//! names a processor. One that is left out has none.
//!
//! A started processor joins the scheduler, and what it runs from then on are threads.

mod arrive;
mod hold;
mod seen;
mod start;
mod stop;

use core::sync::atomic::{AtomicU8, Ordering};

use spin::Once;
use xtcore::{ApicId, CpuIndex};

use super::processor::MOST;
pub(crate) use arrive::{begin, release};
pub(crate) use hold::{Summons, hold_others, join_a_hold, whereabouts};
pub(crate) use seen::{Seen, seen};
pub(crate) use start::{Candidate, give_up, start, wait_until_running};
pub(crate) use stop::{Stopped, all_others_stand, inherit, is_alone, is_stopping, join_a_stop, stop_others};

xtcore::numbered! {
    /// Where a processor is on its way.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    #[repr(u8)]
    pub(crate) enum State => name {
        /// Nobody has tried to start it.
        Absent = 0 => "absent",
        /// It was told to start.
        Starting = 1 => "starting",
        /// It runs on its own stack, and waits for the others.
        Arrived = 2 => "arrived",
        /// It takes interrupts.
        Running = 3 => "running",
        /// It was reset, and its number is to be free again.
        LeftOut = 4 => "left out",
        /// A bug check has stopped it, or it could not run.
        Stopped = 5 => "stopped",
    }
}

static STATES: [AtomicU8; MOST] = {
    let mut states = [const { AtomicU8::new(State::Absent as u8) }; MOST];
    let [first, ..] = &mut states;
    *first = AtomicU8::new(State::Running as u8);
    states
};

/// The processors by their numbers.
static KNOWN: [Once<Candidate>; MOST] = [const { Once::new() }; MOST];

/// Makes a processor known; what is said first of a number counts.
pub(crate) fn note(candidate: Candidate) {
    if let Some(place) = KNOWN.get(candidate.cpu.get()) {
        place.call_once(|| candidate);
    }
}

/// Gives a processor that has arrived the number that it keeps, and makes it known. Called for all that have arrived,
/// in the order of the numbers that they were started with.
pub(crate) fn settle(candidate: Candidate, to: CpuIndex) {
    if candidate.cpu != to {
        let _ = advance(candidate.cpu, State::Arrived, State::Absent);
        let _ = advance(to, State::Absent, State::Arrived);
    }
    note(Candidate { cpu: to, ..candidate });
}

/// Returns what is known of a processor.
fn known(cpu: CpuIndex) -> Option<&'static Candidate> {
    KNOWN.get(cpu.get())?.get()
}

/// Returns the number by which local APICs know a processor, whatever it does.
pub(crate) fn listed_id(cpu: CpuIndex) -> Option<ApicId> {
    known(cpu).map(|known| known.id)
}

/// Returns how local APICs call a processor, if it runs.
pub(crate) fn apic_id(cpu: CpuIndex) -> Option<ApicId> {
    known(cpu).filter(|_| state(cpu) == State::Running).map(|known| known.id)
}

/// Returns where a processor is on its way.
pub(crate) fn state(cpu: CpuIndex) -> State {
    let raw = STATES.get(cpu.get()).map_or(0, |state| state.load(Ordering::Acquire));
    State::from_number(raw.into()).unwrap_or(State::Absent)
}

/// Returns how many processors are in a state.
pub(crate) fn count(wanted: State) -> usize {
    (0..MOST).filter(|number| state(CpuIndex::new(*number)) == wanted).count()
}

/// Changes a state; `false` when it was another one than `from`, and stays so.
fn advance(cpu: CpuIndex, from: State, to: State) -> bool {
    let Some(state) = STATES.get(cpu.get()) else { return false };
    state.compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Acquire).is_ok()
}
