//! What the memory manager needs of the machine that it runs on.
//!
//! One implementation serves one processor, another many; no caller knows the difference.
#![allow(unsafe_code, reason = "the traits promise what unsafe code here relies on")]

use core::fmt;

use lock_api::{Mutex, MutexGuard, RawMutex};
use xtcore::FrameRange;
pub use xtcore::{CpuIndex, LockClass, RunLevel};

use crate::inject::Injector;

/// A promise that lasts as long as the value: whoever holds it stays on its processor, and nothing else that pins
/// itself runs there meanwhile, except what the holder itself calls.
///
/// Dropping it lowers the run level to where it was. Whoever holds several drops the latest first.
pub trait Pin {
    /// Returns the processor.
    fn cpu(&self) -> CpuIndex;
}

/// The machine.
///
/// # Safety
/// Memory that belongs to a processor is accessed without atomics by whoever holds a [`Pin`] of that processor. So an
/// implementation guarantees that no two threads of execution hold pins with the same [`CpuIndex`] at one time; that a
/// holder may pin again is allowed and the holder's own business. And [`Machine::take`] returns with the lock taken by
/// the caller, as
/// [`RawMutex::lock`] does.
pub unsafe trait Machine: Sync {
    /// A spin lock. It is only ever taken pinned.
    type Lock: RawMutex;

    /// See [`Pin`].
    type Pin: Pin;

    /// Keeps the caller on its processor, at Dispatch or above, until the result is dropped. Highest level: Dispatch; every
    /// call of this crate that touches anything shared pins, so this is where a debug build holds callers to their levels.
    ///
    /// Called twice per allocation; it should cost a handful of instructions (run levels are lazy, design D7a).
    fn pin(&self) -> Self::Pin;

    /// Waits for a lock, which is one of a class. Only debug builds ask for it this way, so that a machine can watch in which
    /// order locks are taken; the lock is released as any other.
    fn take(lock: &Self::Lock, class: LockClass) {
        let _ = class;
        lock.lock();
    }

    /// Does `work`, which is a few instructions long, as a holder of a [`Pin`] would; its argument is the processor. Returns what
    /// it returns, or `None` where it was not done.
    ///
    /// What a machine gains that does better than the default: when nearly all callers come from one level, it may serve
    /// those only, and then has nothing to remember. A caller has another way, by [`Machine::pin`], for `None`.
    #[inline]
    fn briefly<R>(&self, work: impl FnOnce(CpuIndex) -> Option<R>) -> Option<R> {
        let pin = self.pin();
        work(pin.cpu())
    }

    /// Returns the current run level.
    fn run_level(&self) -> RunLevel;

    /// Fills frames with zeros. They are RAM that the caller owns; how they are reached is the machine's business.
    fn zero(&self, frames: FrameRange);

    /// Asks for the cache line at an address, which will be read soon. Any address will do; nothing comes of a wrong one.
    ///
    /// A machine that has no instruction for it does nothing.
    #[inline]
    fn prefetch(&self, address: *const u8) {
        let _ = address;
    }

    /// Has each other processor call [`FrameAllocator::serve`](crate::frames::FrameAllocator::serve) soon, because
    /// memory is short and they keep some. Called pinned; does not wait. Tells whether they will.
    fn nudge(&self) -> bool {
        false
    }

    /// Returns what makes allocations fail on purpose.
    fn injector(&self) -> &Injector;
}

/// A value behind a spin lock of the machine. It can be locked by a holder of a [`Pin`] only, so at Dispatch.
pub struct SpinLock<M: Machine, T> {
    /// Release builds watch nothing, and keep nothing for it.
    #[cfg(debug_assertions)]
    class: LockClass,
    mutex: Mutex<M::Lock, T>,
}

impl<M: Machine, T> SpinLock<M, T> {
    /// Wraps a value, behind a lock of a class.
    pub const fn new(class: LockClass, value: T) -> Self {
        let _ = class;
        Self {
            #[cfg(debug_assertions)]
            class,
            mutex: Mutex::new(value),
        }
    }

    /// Waits for the lock. The guard ends before the pin does.
    #[cfg(not(debug_assertions))]
    pub fn lock<'a>(&'a self, _pin: &'a M::Pin) -> MutexGuard<'a, M::Lock, T> {
        self.mutex.lock()
    }

    /// Waits for the lock, as one of its class. The guard ends before the pin does.
    #[cfg(debug_assertions)]
    pub fn lock<'a>(&'a self, _pin: &'a M::Pin) -> MutexGuard<'a, M::Lock, T> {
        // SAFETY: the lock is taken here, and given up by the guard below only.
        M::take(unsafe { self.mutex.raw() }, self.class);
        // SAFETY: the machine has taken the lock for the caller, and no guard has been made of that.
        unsafe { self.mutex.make_guard_unchecked() }
    }

    /// Takes the lock if it is free. Never waits, so it stands in no order: for whoever looks at a machine that stands still, at
    /// any level.
    pub fn try_lock<'a>(&'a self, _pin: &'a M::Pin) -> Option<MutexGuard<'a, M::Lock, T>> {
        self.mutex.try_lock()
    }

    /// Returns the value of a lock that nobody else can hold.
    pub fn get_mut(&mut self) -> &mut T {
        self.mutex.get_mut()
    }
}

impl<M: Machine, T> fmt::Debug for SpinLock<M, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SpinLock")
    }
}
