//! What one processor holds.

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::wait::MAX_OBJECTS;

/// The spin locks that one processor holds, oldest first.
///
/// Used by that processor alone, with nothing interrupting; atomics only so that it may lie in a static.
#[derive(Debug)]
pub struct Held {
    count: AtomicUsize,
    locks: [Lock; Held::LOCKS],
}

#[derive(Debug)]
struct Lock {
    class: AtomicUsize,
    address: AtomicUsize,
}

impl Lock {
    const fn none() -> Self {
        Self { class: AtomicUsize::new(0), address: AtomicUsize::new(0) }
    }

    fn set(&self, (class, address): (usize, usize)) {
        self.class.store(class, Ordering::Relaxed);
        self.address.store(address, Ordering::Relaxed);
    }

    fn get(&self) -> (usize, usize) {
        (self.class.load(Ordering::Relaxed), self.address.load(Ordering::Relaxed))
    }
}

impl Held {
    /// How many locks of one processor are known at a time: those of a wait for all of the most objects, and what that
    /// takes under them.
    pub const LOCKS: usize = MAX_OBJECTS + 16;

    /// Returns nothing held.
    #[must_use]
    pub const fn new() -> Self {
        Self { count: AtomicUsize::new(0), locks: [const { Lock::none() }; Self::LOCKS] }
    }

    /// Returns how many locks the processor holds.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Returns the places of the classes and the addresses.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.locks.iter().take(self.count()).map(Lock::get)
    }

    /// Adds a lock; tells whether there was room.
    pub(super) fn push(&self, class: usize, address: usize) -> bool {
        let count = self.count();
        let Some(lock) = self.locks.get(count) else { return false };
        lock.set((class, address));
        self.count.store(count + 1, Ordering::Relaxed);
        true
    }

    /// Removes a lock, if it is known. Locks may be released in any order.
    pub(super) fn remove(&self, address: usize) {
        let Some(at) = self.iter().position(|(_, known)| known == address) else { return };
        let after = self.locks.iter().skip(at + 1).take(self.count() - at - 1);
        for (lock, next) in self.locks.iter().skip(at).zip(after) {
            lock.set(next.get());
        }
        self.count.store(self.count() - 1, Ordering::Relaxed);
    }
}

impl Default for Held {
    fn default() -> Self {
        Self::new()
    }
}
