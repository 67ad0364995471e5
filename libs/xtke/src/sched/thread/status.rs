//! The word that decides everything about a thread that processors could disagree on.
//!
//! ```text
//!    31   30   29        24 23  22       16 15       11 10        6   5     4      3   2   0
//!   +----+----+------------+---+-----------+-----------+-----------+-----+------+------+-----+
//!   |    |    | processor  |   | suspends  |  current  |   base    | crit|starve|permit|state|
//!   +----+----+------------+---+-----------+-----------+-----------+-----+------+------+-----+
//! ```
//!
//! All of it changes by compare-and-swap, so that "parked, unless a permit came" and "woken, unless suspended" are one step.
//!
//! # What it orders
//! A change of state releases, and whoever reads the state acquires. The one change that needs it most: a thread's context
//! is saved by the switch *before* the state leaves [`State::Running`], and it is restored only by a processor that has
//! read a later state. So no flag says "still on a processor", and nobody spins on one.

use xtcore::CpuIndex;

use super::priority::{Priority, Rank};
use crate::platform::Boost;
use crate::sync::{AtomicU32, Ordering};

/// What a thread does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum State {
    /// It was created and not started.
    New = 0,
    /// It waits for a processor: it stands in the queue of the one that its status names, or is that one's next.
    Ready = 1,
    /// It belongs to one processor, which runs it or is about to put it somewhere.
    Running = 2,
    /// It sleeps until it is unparked.
    Parked = 3,
    /// It would run, but it is suspended.
    Held = 4,
    /// It has ended.
    Ended = 5,
}

/// How many suspensions a thread counts, as NT's `MAXIMUM_SUSPEND_COUNT`.
pub(crate) const MAX_SUSPENDS: u8 = 127;

const STATE: Field = Field { shift: 0, mask: 7 };
const PERMIT: Field = Field { shift: 3, mask: 1 };
const STARVED: Field = Field { shift: 4, mask: 1 };
const CRITICAL: Field = Field { shift: 5, mask: 1 };
const BASE: Field = Field { shift: 6, mask: 31 };
const CURRENT: Field = Field { shift: 11, mask: 31 };
const SUSPENDS: Field = Field { shift: 16, mask: 127 };
const PROCESSOR: Field = Field { shift: 24, mask: 63 };

#[derive(Clone, Copy)]
struct Field {
    shift: u32,
    mask: u32,
}

/// A value of the word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Status(u32);

impl Status {
    const fn get(self, field: Field) -> u32 {
        (self.0 >> field.shift) & field.mask
    }

    const fn with(self, field: Field, value: u32) -> Self {
        Self((self.0 & !(field.mask << field.shift)) | ((value & field.mask) << field.shift))
    }

    /// Returns the status of a thread that was just created.
    pub(crate) const fn new(priority: Priority, cpu: CpuIndex) -> Self {
        Self(0).with_base(priority).with(PROCESSOR, cpu.get() as u32)
    }

    pub(crate) const fn state(self) -> State {
        match self.get(STATE) {
            0 => State::New,
            1 => State::Ready,
            2 => State::Running,
            3 => State::Parked,
            4 => State::Held,
            _ => State::Ended,
        }
    }

    pub(crate) const fn with_state(self, state: State) -> Self {
        self.with(STATE, state as u32)
    }

    /// Returns the processor in whose queue it stands, or that runs it, or that ran it last.
    pub(crate) const fn cpu(self) -> CpuIndex {
        CpuIndex::new(self.get(PROCESSOR) as usize)
    }

    /// Returns the status in a state that belongs to a processor.
    pub(crate) const fn at(self, state: State, cpu: CpuIndex) -> Self {
        self.with_state(state).with(PROCESSOR, cpu.get() as u32)
    }

    /// Tells whether somebody unparked it since it last slept.
    pub(crate) const fn has_permit(self) -> bool {
        self.get(PERMIT) != 0
    }

    pub(crate) const fn with_permit(self) -> Self {
        self.with(PERMIT, 1)
    }

    pub(crate) const fn without_permit(self) -> Self {
        self.with(PERMIT, 0)
    }

    /// Tells whether it must not run: it is suspended, and in no critical region.
    pub(crate) const fn is_stopped(self) -> bool {
        self.get(SUSPENDS) != 0 && self.get(CRITICAL) == 0
    }

    pub(crate) const fn suspends(self) -> u8 {
        self.get(SUSPENDS) as u8
    }

    pub(crate) const fn with_suspends(self, count: u8) -> Self {
        self.with(SUSPENDS, count as u32)
    }

    /// Returns the status of a thread that enters its outermost critical region.
    pub(crate) const fn entering_critical(self) -> Self {
        self.with(CRITICAL, 1)
    }

    /// Returns the status of a thread that leaves its outermost critical region.
    pub(crate) const fn leaving_critical(self) -> Self {
        self.with(CRITICAL, 0)
    }

    pub(crate) const fn base(self) -> Priority {
        Priority::from_low_bits(self.get(BASE))
    }

    pub(crate) const fn current(self) -> Priority {
        Priority::from_low_bits(self.get(CURRENT))
    }

    pub(crate) const fn rank(self) -> Rank {
        Rank::of(self.current())
    }

    /// Returns the status with another base priority; what boosts gave is gone.
    pub(crate) const fn with_base(self, base: Priority) -> Self {
        self.with(BASE, base.get() as u32).with(CURRENT, base.get() as u32).with(STARVED, 0)
    }

    /// Returns the status after a wait that ended with a boost. A higher priority that it already has stays.
    pub(crate) fn boosted(self, boost: Boost) -> Self {
        let raised = self.base().boosted(boost).max(self.current());
        self.with(CURRENT, u32::from(raised.get()))
    }

    /// Returns the status of a thread that waited too long for a processor.
    pub(crate) const fn starved(self) -> Self {
        self.with(CURRENT, Priority::HIGHEST_DYNAMIC.get() as u32).with(STARVED, 1)
    }

    /// Returns the status after a quantum: one level nearer to the base; at the base, if it was helped against starvation.
    pub(crate) fn decayed(self) -> Self {
        let base = self.base();
        let lower = if self.get(STARVED) != 0 { base } else { self.current().decayed(base) };
        self.with(CURRENT, u32::from(lower.get())).with(STARVED, 0)
    }
}

/// The word itself.
#[derive(Debug)]
pub(crate) struct StatusWord(AtomicU32);

impl StatusWord {
    pub(crate) fn new(status: Status) -> Self {
        Self(AtomicU32::new(status.0))
    }

    /// Returns the status, and shows what came before it.
    pub(crate) fn load(&self) -> Status {
        Status(self.0.load(Ordering::Acquire))
    }

    /// Changes the status, unless `change` declines; returns what it became, or what it declined.
    pub(crate) fn update(&self, change: impl FnMut(Status) -> Option<Status>) -> Result<Status, Status> {
        self.update_ordered(Ordering::AcqRel, change)
    }

    /// Changes the status in a memory order that a model chooses.
    pub(super) fn update_ordered(
        &self,
        order: Ordering,
        mut change: impl FnMut(Status) -> Option<Status>,
    ) -> Result<Status, Status> {
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            let Some(next) = change(Status(seen)) else {
                // A caller acts on what it declined, so that must be as fresh as what it read.
                let now = self.0.load(Ordering::Acquire);
                if now == seen {
                    return Err(Status(seen));
                }
                seen = now;
                continue;
            };
            match self.0.compare_exchange_weak(seen, next.0, order, Ordering::Relaxed) {
                Ok(_) => return Ok(next),
                Err(now) => seen = now,
            }
        }
    }

    /// Takes the permit, if there is one. Costs a load where there is none.
    pub(crate) fn take_permit(&self) -> Result<Status, Status> {
        self.update(|status| status.has_permit().then(|| status.without_permit()))
    }

    /// Ends a turn on a processor by going to sleep, unless a permit came: that is taken, and the thread stays awake.
    ///
    /// # Errors
    /// The status without the permit.
    pub(crate) fn settle_to_sleep(&self) -> Result<(), Status> {
        let mut slept = true;
        let status = self.update(|status| {
            slept = !status.has_permit();
            Some(if slept { status.with_state(State::Parked) } else { status.without_permit() })
        });
        match status {
            Ok(_) if slept => Ok(()),
            Ok(status) | Err(status) => Err(status),
        }
    }

    /// Leaves a permit with a thread that does not sleep.
    ///
    /// # Errors
    /// The status of one that does.
    pub(crate) fn leave_permit(&self) -> Result<Status, Status> {
        self.update(|status| (status.state() != State::Parked).then(|| status.with_permit()))
    }

    /// Wakes a thread that sleeps: whoever gets `Ok` owns it until it stands somewhere.
    ///
    /// # Errors
    /// The status of one that does not sleep.
    pub(crate) fn wake(&self, boost: Boost, to: impl Fn(Status) -> Option<Status>) -> Result<Status, Status> {
        self.update(|status| if status.state() == State::Parked { to(status.boosted(boost)) } else { None })
    }
}

#[cfg(all(test, loom))]
mod models;
#[cfg(test)]
mod tests;
