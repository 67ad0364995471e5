//! Locks.

mod spin;

pub use spin::{SpinGuard, SpinLock};

/// What kind of lock a lock is: all of a kind stand at one place in the order in which locks are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Class(&'static str);

impl Class {
    /// Names a kind of lock. Two classes of one name are the same.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}
