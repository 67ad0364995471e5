//! A value behind a spin lock that many read or one writes.
//!
//! ```text
//!   state: | readers: 30 bits | WAITING | WRITER |
//!   gate:  the queue of those who found the lock taken
//! ```
//!
//! # Protocol
//! * A reader that finds neither `WAITING` nor `WRITER` counts itself; a writer that finds 0 sets `WRITER`.
//! * Whoever finds it otherwise goes through the gate, a queued spin lock, and waits as its holder: a reader counts itself at
//!   once and waits for `WRITER` to go; a writer sets `WAITING`, which stops new readers, and waits until only that is left.
//!   Then it opens the gate for the next.
//!
//! # Fairness
//! First come, first served among those who wait; readers that stand one behind the other in the queue share the lock.
//! Who holds the gate is next: a writer waits there only for the readers that hold the lock already, a reader only for
//! the writer. Neither starves. So a reader must not read the same lock again: a writer may have come between.
//! Debug builds that keep the locks' [`order`](super::order) find that.
#![allow(unsafe_code, reason = "the lock decides who reaches the value")]

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::ptr;

use xtcore::RunLevel;

use super::Class;
use super::level;
use super::order::{self, Claim};
use super::queue::{HoldsItself, Owner, Queue};
use super::step::{self, Step};
use crate::misuse::Misuse;
use crate::platform::Platform;
use crate::sync::{AtomicU32, Ordering, constructors};

/// Somebody writes.
const WRITER: u32 = 1;
/// A writer is next: no new readers.
const WAITING: u32 = 2;
/// One reader.
const READER: u32 = 4;

/// A value behind a spin lock that many read or one writes. Highest level: Dispatch.
///
/// Uncontended: a load and a compare-exchange to read, a compare-exchange and a store to write; one locked instruction to
/// release either.
pub struct RwSpinLock<P: Platform, T> {
    state: AtomicU32,
    /// Who writes: that processor's own word, by which it knows itself.
    writer: AtomicU32,
    gate: Queue,
    class: Class,
    platform: PhantomData<fn() -> P>,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached by one writer or by several readers at a time, any of which may be anywhere.
unsafe impl<P: Platform, T: Send + Sync> Sync for RwSpinLock<P, T> {}

impl<P: Platform, T> RwSpinLock<P, T> {
    constructors! {
        /// Wraps a value.
        pub fn new(class: Class, value: T) -> Self {
            Self {
                state: AtomicU32::new(0),
                writer: AtomicU32::new(0),
                gate: Queue::new(),
                class,
                platform: PhantomData,
                value: UnsafeCell::new(value),
            }
        }
    }

    /// Raises the run level to Dispatch and waits until the value may be read.
    #[inline]
    pub fn read(&self) -> ReadGuard<'_, P, T> {
        let raised = self.enter("RwSpinLock::read");
        if !self.try_enter_reader() {
            self.wait_to_read();
        }
        order::taken::<P>(self.claim());
        ReadGuard { lock: self, _raised: raised }
    }

    /// Raises the run level to Dispatch and waits until the value may be written.
    #[inline]
    pub fn write(&self) -> WriteGuard<'_, P, T> {
        let raised = self.enter("RwSpinLock::write");
        let me = Owner::here::<P>();
        if !self.try_enter_writer() {
            self.wait_to_write(me);
        }
        self.writer.store(me.word(), Ordering::Relaxed);
        order::taken::<P>(self.claim());
        WriteGuard { lock: self, _raised: raised }
    }

    /// Reads if nobody writes or is about to. Never waits. Highest level: Dispatch.
    pub fn try_read(&self) -> Option<ReadGuard<'_, P, T>> {
        if cfg!(debug_assertions) {
            level::check::<P>("RwSpinLock::try_read", RunLevel::Dispatch);
        }
        let raised = P::raise(RunLevel::Dispatch);
        if !self.try_enter_reader() {
            return None;
        }
        order::taken::<P>(self.claim());
        Some(ReadGuard { lock: self, _raised: raised })
    }

    /// Writes if nobody reads or writes, nor is about to. Never waits. Highest level: Dispatch.
    pub fn try_write(&self) -> Option<WriteGuard<'_, P, T>> {
        if cfg!(debug_assertions) {
            level::check::<P>("RwSpinLock::try_write", RunLevel::Dispatch);
        }
        let raised = P::raise(RunLevel::Dispatch);
        if !self.try_enter_writer() {
            return None;
        }
        self.writer.store(Owner::here::<P>().word(), Ordering::Relaxed);
        order::taken::<P>(self.claim());
        Some(WriteGuard { lock: self, _raised: raised })
    }

    /// Tells whether somebody reads or writes, a moment ago. Highest level: any.
    pub fn is_held(&self) -> bool {
        self.state.load(Ordering::Relaxed) & !WAITING != 0
    }

    /// Returns the value of a lock that nobody else can hold.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    #[inline]
    fn enter(&self, operation: &'static str) -> P::Raised {
        if cfg!(debug_assertions) {
            level::check::<P>(operation, RunLevel::Dispatch);
        }
        let raised = P::raise(RunLevel::Dispatch);
        order::wanted::<P>(self.claim());
        raised
    }

    #[inline]
    fn try_enter_reader(&self) -> bool {
        let mut state = self.state.load(Ordering::Relaxed);
        while state & (WRITER | WAITING) == 0 {
            let more = state.wrapping_add(READER);
            match self.state.compare_exchange_weak(state, more, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(found) => state = found,
            }
        }
        false
    }

    /// Stops being counted as a reader.
    #[inline]
    pub(super) fn release_reader(&self) {
        self.state.fetch_sub(READER, step::order(Step::ReaderLeaves, Ordering::Release));
    }

    #[inline]
    fn try_enter_writer(&self) -> bool {
        self.state.compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    fn wait_to_read(&self) {
        self.close_gate(Owner::here::<P>());
        self.state.fetch_add(READER, Ordering::Relaxed);
        while self.state.load(Ordering::Acquire) & WRITER != 0 {
            P::relax();
        }
        self.gate.give_up();
    }

    #[cold]
    fn wait_to_write(&self, me: Owner) {
        self.close_gate(me);
        if step::taken(Step::WriterWaits) {
            self.state.fetch_or(WAITING, Ordering::Relaxed);
        }
        loop {
            let state = self.state.load(Ordering::Relaxed);
            let alone = state & !WAITING == 0;
            if alone
                && self.state.compare_exchange(state, WRITER, Ordering::Acquire, Ordering::Relaxed).is_ok()
            {
                break;
            }
            P::relax();
        }
        self.gate.give_up();
    }

    /// Takes the gate, unless the processor would wait there for itself.
    fn close_gate(&self, me: Owner) {
        let waits_for_itself = self.writer.load(Ordering::Relaxed) == me.word();
        if waits_for_itself || self.gate.take::<P>(me) == Err(HoldsItself) {
            self.end(|lock, address| Misuse::LockTwice { lock, address });
        }
    }

    fn claim(&self) -> Claim {
        Claim { class: self.class, address: ptr::from_ref(&self.state).addr(), level: RunLevel::Dispatch }
    }

    #[cold]
    fn end(&self, what: fn(&'static str, usize) -> Misuse) -> ! {
        P::misuse(what(self.class.name(), ptr::from_ref(self).addr()))
    }
}

impl<P: Platform, T> Drop for RwSpinLock<P, T> {
    fn drop(&mut self) {
        if self.is_held() {
            self.end(|lock, address| Misuse::LockFreedWhileHeld { lock, address });
        }
    }
}

impl<P: Platform, T> fmt::Debug for RwSpinLock<P, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RwSpinLock({})", self.class.name())
    }
}

/// A lock held for reading. Dropping it releases the lock, then lowers the run level.
#[must_use]
pub struct ReadGuard<'a, P: Platform, T> {
    lock: &'a RwSpinLock<P, T>,
    _raised: P::Raised,
}

impl<P: Platform, T> Deref for ReadGuard<'_, P, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: while this reader is counted, nobody writes.
        unsafe { &*self.lock.value.get() }
    }
}

impl<P: Platform, T> Drop for ReadGuard<'_, P, T> {
    #[inline]
    fn drop(&mut self) {
        order::left::<P>(self.lock.claim());
        self.lock.release_reader();
    }
}

/// A lock held for writing. Dropping it releases the lock, then lowers the run level.
#[must_use]
pub struct WriteGuard<'a, P: Platform, T> {
    lock: &'a RwSpinLock<P, T>,
    _raised: P::Raised,
}

impl<P: Platform, T> Deref for WriteGuard<'_, P, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard's holder alone has access.
        unsafe { &*self.lock.value.get() }
    }
}

impl<P: Platform, T> DerefMut for WriteGuard<'_, P, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard's holder alone has access, and the guard is borrowed exclusively.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<P: Platform, T> Drop for WriteGuard<'_, P, T> {
    #[inline]
    fn drop(&mut self) {
        if cfg!(debug_assertions) && self.lock.writer.load(Ordering::Relaxed) != Owner::here::<P>().word() {
            self.lock.end(|lock, address| Misuse::LockNotHeld { lock, address });
        }
        order::left::<P>(self.lock.claim());
        self.lock.writer.store(0, Ordering::Relaxed);
        self.lock.state.fetch_and(!WRITER, step::order(Step::GiveUp, Ordering::Release));
    }
}
