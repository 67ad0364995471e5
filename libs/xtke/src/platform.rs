//! What the kernel's core needs of the machine that it runs on.
//!
//! A machine is a type, and its operations are functions without a receiver: a processor's own state is found by the
//! processor, not by a reference. A test has one machine for each of its simulated ones, found by the host's thread.
#![allow(unsafe_code, reason = "the traits promise what unsafe code here relies on")]

use xtcore::{CpuIndex, RunLevel};

use crate::lock::order::Watch;
use crate::misuse::Misuse;
use crate::sleep::Reason;
use crate::time::Instant;

/// The processors.
///
/// # Safety
/// Unsafe code relies on this: while a [`Platform::Raised`] of [`RunLevel::Dispatch`] or above exists on a processor,
/// [`Platform::cpu`] keeps its answer for whoever holds it, and no thread runs there but the holder (interrupts of
/// higher levels excepted); once [`Platform::is_alone`] says so, it is so for good; and [`Platform::misuse`] does not return.
pub unsafe trait Platform: Sized + Sync + 'static {
    /// A raised run level; dropping it lowers the level to where it was, and delivers what became deliverable.
    type Raised;

    /// Returns the processor that the caller runs on. The answer stays true only at Dispatch and above.
    fn cpu() -> CpuIndex;

    /// Returns the run level of the caller.
    fn run_level() -> RunLevel;

    /// Raises the run level. A level that is not above the current one changes nothing.
    fn raise(to: RunLevel) -> Self::Raised;

    /// Tells whether the processor takes interrupts. Lazy run levels leave them on nearly always.
    fn interrupts_are_on() -> bool;

    /// One turn of a loop that waits for another processor: a pause, and where interrupts are off, a look at the
    /// processor's inbox (see the crate's shootdown).
    fn relax();

    /// Returns the time since the start of the machine.
    fn now() -> Instant;

    /// Asks for a software interrupt on the caller's processor at Dispatch: as soon as the level is below, the machine
    /// runs what is deferred and looks whether another thread should run.
    fn request_dispatch();

    /// Asks for the same on another processor, by an interrupt at Ipi; that processor looks at its inbox, too.
    fn kick(cpu: CpuIndex);

    /// Returns where debug builds note in which order the calling processor takes its locks, see
    /// [`order`](crate::lock::order): the machine's order, and what this processor holds. Release builds never ask.
    /// Called at Dispatch or above.
    #[must_use]
    fn lock_watch() -> Option<Watch> {
        None
    }

    /// Tells whether a single processor is left that ever runs, and nothing goes on that it has interrupted: a stop has ended all of it.
    /// Who looks around then gets the locks that the dead hold. True lasts for ever.
    #[must_use]
    fn is_alone() -> bool {
        false
    }

    /// Stops the machine: going on would corrupt something.
    fn misuse(what: Misuse) -> !;
}

/// How a thread sleeps and is woken; all that waiting needs of a scheduler.
///
/// # Safety
/// Unsafe code relies on this: the thread that [`Parking::current`] returns is alive until it leaves the functions that
/// it is in; [`Parking::park`] returns only on that thread.
pub unsafe trait Parking: Platform {
    /// A thread.
    type Thread: Sync + 'static;

    /// Returns the thread that calls. Highest level: any.
    fn current() -> core::ptr::NonNull<Self::Thread>;

    /// Sleeps until somebody unparks the thread; if somebody did since the last return, returns at once. May return
    /// without a reason: the caller looks whether what it waits for has come. Highest level: Apc.
    fn park();

    /// Parks, and shows whoever looks at the thread meanwhile what it sleeps for; see [`crate::sleep`].
    fn park_for(_: &Reason) {
        Self::park();
    }

    /// Lets a parked thread run, or its next [`Parking::park`] return at once. Highest level: Dispatch.
    ///
    /// `boost` is added to the thread's priority for its next quantum, see NT's `KeSetEvent`.
    fn unpark(thread: &Self::Thread, boost: Boost);
}

/// How much a wait that ends raises the priority of the thread, in priority levels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Boost(u8);

impl Boost {
    /// No boost.
    pub const NONE: Self = Self(0);

    /// Wraps a number of levels.
    #[must_use]
    pub const fn new(levels: u8) -> Self {
        Self(levels)
    }

    /// Returns the number of levels.
    #[must_use]
    pub const fn levels(self) -> u8 {
        self.0
    }
}
