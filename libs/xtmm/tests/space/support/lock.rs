//! A lock that notices when its holder takes it again, and a count of the locks that this thread holds.
#![allow(unsafe_code, reason = "a raw lock promises mutual exclusion")]

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use lock_api::{GuardNoSend, RawMutex};

thread_local! {
    static HELD: Cell<u32> = const { Cell::new(0) };
}

/// Returns how many locks this thread holds.
pub(crate) fn locks_held() -> u32 {
    HELD.get()
}

/// See the module.
pub(crate) struct WatchedLock(AtomicBool);

// SAFETY: `try_lock` succeeds for one caller until that one has called `unlock`; `lock` is `try_lock`, or a panic.
unsafe impl RawMutex for WatchedLock {
    const INIT: Self = Self(AtomicBool::new(false));

    type GuardMarker = GuardNoSend;

    fn lock(&self) {
        assert!(self.try_lock(), "the only thread waits for a lock that it holds");
    }

    fn try_lock(&self) -> bool {
        let free = !self.0.swap(true, Ordering::Acquire);
        HELD.set(HELD.get() + u32::from(free));
        free
    }

    unsafe fn unlock(&self) {
        HELD.set(HELD.get() - 1);
        self.0.store(false, Ordering::Release);
    }
}
