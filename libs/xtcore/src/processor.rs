//! Processors by number, ours and their interrupt controllers', the run levels of what they do, and the kinds of locks that
//! they wait for.

use core::fmt;

/// The number of a processor, counted from 0 without gaps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(transparent)]
pub struct CpuIndex(usize);

impl CpuIndex {
    /// The processor that boots.
    pub const BOOT: Self = Self(0);

    /// Wraps a number.
    #[must_use]
    pub const fn new(number: usize) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }
}

/// The identifier of a local APIC, and so of its processor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(transparent)]
pub struct ApicId(u32);

impl ApicId {
    /// Wraps an identifier.
    #[must_use]
    pub const fn new(raw: u32) -> Self {
        Self(raw)
    }

    /// Returns the identifier.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for ApicId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

crate::numbered! {
    /// How urgent what a processor does is; a higher level is not interrupted by a lower one. NT calls it IRQL.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
    #[repr(u8)]
    pub enum RunLevel => name {
        /// Ordinary threads.
        Passive = 0 => "passive",
        /// Asynchronous procedure calls; threads still may wait and touch pageable memory.
        Apc = 1 => "apc",
        /// The dispatcher and deferred procedure calls: no waiting, no pageable memory.
        Dispatch = 2 => "dispatch",
        /// Device interrupts.
        Device = 3 => "device",
        /// The clock interrupt.
        Clock = 4 => "clock",
        /// Interrupts between processors.
        Ipi = 5 => "ipi",
        /// Nothing interrupts; bug checks run here.
        High = 6 => "high",
    }
}

impl RunLevel {
    /// Tells whether pageable memory may be touched: a page fault can be resolved there.
    #[must_use]
    pub const fn may_fault(self) -> bool {
        (self as u8) <= Self::Apc as u8
    }
}

/// What kind of lock a lock is: all of a kind stand at one place in the order in which locks are taken. Two of one name are the
/// same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LockClass(&'static str);

impl LockClass {
    /// Names a kind of lock.
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
