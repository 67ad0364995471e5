//! What the scheduler knows of a thread.
//!
//! # Who may touch what
//! | part | belongs to |
//! |---|---|
//! | status, affinity, counters | everybody, atomically |
//! | links and standing | the lock of the queue that the thread stands in; the holder of its [`Claim`] otherwise |
//! | context | the switch away from the thread, then, after it was claimed, the switch to it |
//! | stack, start | the creator, then the thread, then the reaper |
//! | entry in the list of threads | the ledger's lock |
//! | what it sleeps for | the thread writes it, around its sleep; read while it sleeps and cannot be woken |
#![allow(unsafe_code, reason = "cells of a thread are read by the thread itself")]

mod asleep;
mod claim;
mod handle;
mod name;
pub(crate) mod priority;
pub(crate) mod status;

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

use xtcore::CpuIndex;

pub(crate) use claim::Claim;
pub use handle::{Handle, Unstarted};
pub use name::Name;
pub use priority::Priority;
pub use status::State;

use super::machine::Switching;
use super::ready::{Links, Standing};
use crate::cpus::CpuSet;
use crate::sleep::Reason;
use crate::sync::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use status::{Status, StatusWord};

/// The number of a thread; no two threads of a machine ever have the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ThreadId(u64);

impl ThreadId {
    pub(crate) const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns what a number was made from that somebody kept; `None` for 0, which no thread has.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// What kind of thread it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// One that was created.
    Ordinary,
    /// What a processor does when there is nothing to run: never queued, never ended, ranks below everything.
    Idle,
}

/// A thread.
#[repr(C)]
pub struct Thread<P: Switching> {
    pub(crate) status: StatusWord,
    affinity: AtomicUsize,
    pub(crate) standing: UnsafeCell<Standing>,
    pub(crate) links: UnsafeCell<Links<P>>,
    pub(crate) context: UnsafeCell<P::Context>,
    sleeps_for: AtomicPtr<Reason>,
    /// What is left of its quantum. Only its processor writes it.
    pub(crate) quantum: AtomicU32,
    /// How deep it is in critical regions. Only the thread itself writes it.
    pub(crate) critical: AtomicU32,
    ticks: AtomicU32,
    switches: AtomicU32,
    pub(crate) references: AtomicU32,
    pub(crate) kind: Kind,
    /// Where the record was made: references to it may not free it.
    pub(crate) memory: NonNull<MaybeUninit<Self>>,
    id: ThreadId,
    name: Name,
    pub(crate) registered: UnsafeCell<Links<P>>,
    pub(crate) stack: UnsafeCell<Option<P::Stack>>,
    pub(crate) start: UnsafeCell<Option<P::Start>>,
    extension: P::Extension,
}

/// What a thread is made of.
pub(crate) struct Parts<P: Switching> {
    pub(crate) memory: NonNull<MaybeUninit<Thread<P>>>,
    pub(crate) kind: Kind,
    pub(crate) id: ThreadId,
    pub(crate) name: Name,
    pub(crate) status: Status,
    pub(crate) affinity: CpuSet,
    pub(crate) quantum: u32,
    pub(crate) context: P::Context,
    pub(crate) stack: Option<P::Stack>,
    pub(crate) start: Option<P::Start>,
    pub(crate) extension: P::Extension,
}

impl<P: Switching> Thread<P> {
    pub(crate) fn new(parts: Parts<P>) -> Self {
        Self {
            status: StatusWord::new(parts.status),
            affinity: AtomicUsize::new(parts.affinity.bits()),
            standing: UnsafeCell::new(Standing::NOWHERE),
            links: UnsafeCell::new(Links::NONE),
            context: UnsafeCell::new(parts.context),
            sleeps_for: AtomicPtr::new(ptr::null_mut()),
            quantum: AtomicU32::new(parts.quantum),
            critical: AtomicU32::new(0),
            ticks: AtomicU32::new(0),
            switches: AtomicU32::new(0),
            references: AtomicU32::new(1),
            kind: parts.kind,
            memory: parts.memory,
            id: parts.id,
            name: parts.name,
            registered: UnsafeCell::new(Links::NONE),
            stack: UnsafeCell::new(parts.stack),
            start: UnsafeCell::new(parts.start),
            extension: parts.extension,
        }
    }

    /// Returns its stack; `None` for the thread of a processor that was adopted, and after the end. Highest level: any.
    ///
    /// # Safety
    /// The caller is the thread, or interrupts it and goes back to it: nobody takes the stack away meanwhile.
    #[must_use]
    pub unsafe fn own_stack(&self) -> Option<&P::Stack> {
        // SAFETY: the cell is written when the thread is made and when it is buried, neither of which is while it runs.
        unsafe { &*self.stack.get() }.as_ref()
    }

    /// Returns the name. Highest level: any.
    #[must_use]
    pub const fn name(&self) -> Name {
        self.name
    }

    /// Returns the number. Highest level: any.
    #[must_use]
    pub const fn id(&self) -> ThreadId {
        self.id
    }

    /// Returns what other parts of the kernel keep with the thread.
    #[must_use]
    pub const fn extension(&self) -> &P::Extension {
        &self.extension
    }

    /// Returns the place of the saved context, for [`Switching::switch`].
    #[must_use]
    pub const fn context(&self) -> *mut P::Context {
        self.context.get()
    }

    /// Tells whether the thread is what its processor does when there is nothing to run.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.kind == Kind::Idle
    }

    /// Returns what it does; the answer may be old when it comes.
    #[must_use]
    pub fn state(&self) -> State {
        self.status.load().state()
    }

    /// Returns the processor that runs it, or ran it last, or in whose queue it stands.
    #[must_use]
    pub fn cpu(&self) -> CpuIndex {
        self.status.load().cpu()
    }

    /// Returns the priority that it was given.
    #[must_use]
    pub fn base_priority(&self) -> Priority {
        self.status.load().base()
    }

    /// Returns the priority that it has, boosts included.
    #[must_use]
    pub fn priority(&self) -> Priority {
        self.status.load().current()
    }

    /// Returns how often it is suspended.
    #[must_use]
    pub fn suspensions(&self) -> u8 {
        self.status.load().suspends()
    }

    /// Returns the processors that may run it.
    #[must_use]
    pub fn affinity(&self) -> CpuSet {
        CpuSet::from_bits(self.affinity.load(Ordering::Relaxed))
    }

    /// The step after this must be a change of the status, which publishes it.
    pub(crate) fn put_affinity(&self, affinity: CpuSet) {
        self.affinity.store(affinity.bits(), Ordering::Relaxed);
    }

    /// Returns the processor time that it used, in clock ticks; wraps.
    #[must_use]
    pub fn ticks(&self) -> u32 {
        self.ticks.load(Ordering::Relaxed)
    }

    /// Returns how often a processor switched to it; wraps.
    #[must_use]
    pub fn switches(&self) -> u32 {
        self.switches.load(Ordering::Relaxed)
    }

    /// Counts a tick; only its processor does, so a load and a store are enough.
    pub(crate) fn count_tick(&self) {
        self.ticks.store(self.ticks().wrapping_add(1), Ordering::Relaxed);
    }

    /// Counts a switch to it; only its processor does.
    pub(crate) fn count_switch(&self) {
        self.switches.store(self.switches().wrapping_add(1), Ordering::Relaxed);
    }

    /// Shows what it is about to sleep for, or that it has woken up. Only the thread itself does, at Dispatch.
    ///
    /// Released, so that the note is written when its address is.
    pub(crate) fn show_reason(&self, reason: Option<&Reason>) {
        let note = reason.map_or(ptr::null(), ptr::from_ref);
        self.sleeps_for.store(note.cast_mut(), Ordering::Release);
    }

    /// Takes units off the quantum; tells whether it is used up. Only its processor does.
    pub(crate) fn charge(&self, units: u32) -> bool {
        let left = self.quantum.load(Ordering::Relaxed).saturating_sub(units);
        self.quantum.store(left, Ordering::Relaxed);
        left == 0
    }
}

#[allow(unsafe_code, reason = "the table above says who touches which cell")]
mod sharing {
    use super::{Switching, Thread};

    // SAFETY: the cells are reached as the table of the module's documentation says, each by one processor at a time; the
    // parts inside them may be wherever the thread is, because the trait demands `Send` of them.
    unsafe impl<P: Switching> Sync for Thread<P> {}
    // SAFETY: a thread's record owns what is in it, and that is `Send`; its links are used under the queues' locks only.
    unsafe impl<P: Switching> Send for Thread<P> {}
}

impl<P: Switching> fmt::Debug for Thread<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Thread({} {}, {:?})", self.id.0, self.name, self.state())
    }
}
