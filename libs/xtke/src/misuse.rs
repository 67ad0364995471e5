//! What callers do wrong, with the facts that a bug check prints.
//!
//! Codes and parameters are NT's where NT has them.

use core::fmt;

use xtcore::RunLevel;
use xtrtl::list::Corrupt;

/// A mistake after which going on would corrupt something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misuse {
    /// Something was called at too high a level.
    LevelTooHigh {
        /// What was called.
        operation: &'static str,
        /// The level of the caller.
        level: RunLevel,
        /// The highest at which it may be called.
        highest: RunLevel,
    },
    /// A thread would have waited where it must not: at Dispatch or above, or as a deferred procedure call.
    WaitAtRaisedLevel {
        /// The level of the caller.
        level: RunLevel,
    },
    /// A level was to be lowered to one that is above it.
    LowerToHigher {
        /// The level of the caller.
        level: RunLevel,
        /// The level it asked for.
        to: RunLevel,
    },
    /// A processor waits for a spin lock that it holds.
    LockTwice {
        /// The lock's name.
        lock: &'static str,
        /// Its address.
        address: usize,
    },
    /// A lock was dropped while somebody held it.
    LockFreedWhileHeld {
        /// The lock's name.
        lock: &'static str,
        /// Its address.
        address: usize,
    },
    /// A lock was released by somebody who does not hold it.
    LockNotHeld {
        /// The lock's name.
        lock: &'static str,
        /// Its address.
        address: usize,
    },
    /// Two locks were taken in an order that contradicts an earlier one.
    LockOrder {
        /// The name of the lock that is held.
        held: &'static str,
        /// The name of the one that is wanted.
        wanted: &'static str,
    },
    /// A thread released a mutex that another one owns, or nobody.
    MutexNotOwned {
        /// The mutex's address.
        mutex: usize,
        /// The thread's address.
        thread: usize,
    },
    /// A thread ended while it held something that cannot be abandoned.
    EndedWhileHolding {
        /// What it held.
        what: &'static str,
        /// The thread's address.
        thread: usize,
    },
    /// Translations were to be forgotten by all processors while the caller had interrupts off.
    ShootdownWithInterruptsOff,
    /// The links of a queue contradict one another: somebody wrote to memory that was not theirs.
    CorruptQueue {
        /// What queue.
        queue: &'static str,
        /// The entry's address.
        entry: usize,
    },
}

impl Misuse {
    /// Names the queue whose links contradict one another.
    pub(crate) const fn corrupt(queue: &'static str, Corrupt { entry }: Corrupt) -> Self {
        Self::CorruptQueue { queue, entry }
    }

    /// Returns the number of the bug check.
    #[must_use]
    pub const fn code(&self) -> u32 {
        match self {
            Self::LevelTooHigh { .. } | Self::LowerToHigher { .. } => 0x0A,
            Self::WaitAtRaisedLevel { .. } => 0xB8,
            Self::LockTwice { .. } => 0x0F,
            Self::LockNotHeld { .. } => 0x10,
            Self::MutexNotOwned { .. } => 0x11,
            Self::EndedWhileHolding { .. } => 0x4000_008A,
            Self::LockFreedWhileHeld { .. } | Self::LockOrder { .. } | Self::ShootdownWithInterruptsOff => {
                0xC4
            }
            Self::CorruptQueue { .. } => 0x139,
        }
    }

    /// Returns the parameters of the bug check.
    #[must_use]
    pub const fn parameters(&self) -> [u64; 4] {
        match *self {
            Self::LevelTooHigh { level, highest, .. } => [0, level as u64, highest as u64, 0],
            Self::LowerToHigher { level, to } => [0, level as u64, to as u64, 1],
            Self::WaitAtRaisedLevel { level } => [level as u64, 0, 0, 0],
            Self::LockTwice { address, .. } | Self::LockNotHeld { address, .. } => [address as u64, 0, 0, 0],
            Self::LockFreedWhileHeld { address, .. } => [0x1007, address as u64, 0, 0],
            Self::LockOrder { .. } => [0x1001, 0, 0, 0],
            Self::ShootdownWithInterruptsOff => [0x3A, 0, 0, 0],
            Self::MutexNotOwned { mutex, thread } => [thread as u64, mutex as u64, 0, 0],
            Self::EndedWhileHolding { thread, .. } => [thread as u64, 0, 0, 0],
            Self::CorruptQueue { entry, .. } => [3, entry as u64, 0, 0],
        }
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LevelTooHigh { operation, level, highest } => {
                write!(out, "{operation} was called at run level {level}; the highest is {highest}")
            }
            Self::WaitAtRaisedLevel { level } => {
                write!(out, "a wait at run level {level}; the highest is apc")
            }
            Self::LowerToHigher { level, to } => write!(out, "run level {level} was to be lowered to {to}"),
            Self::LockTwice { lock, .. } => {
                write!(out, "the processor waits for the lock `{lock}`, which it holds")
            }
            Self::LockFreedWhileHeld { lock, .. } => write!(out, "the lock `{lock}` ended while it was held"),
            Self::LockNotHeld { lock, .. } => {
                write!(out, "the lock `{lock}` was released by one who does not hold it")
            }
            Self::LockOrder { held, wanted } => {
                write!(
                    out,
                    "the lock `{wanted}` is taken under `{held}`; elsewhere it is the other way round"
                )
            }
            Self::MutexNotOwned { .. } => {
                out.write_str("a mutex was released by a thread that does not own it")
            }
            Self::EndedWhileHolding { what, .. } => write!(out, "a thread ended while it held {what}"),
            Self::ShootdownWithInterruptsOff => out
                .write_str("translations were to be forgotten everywhere by a processor with interrupts off"),
            Self::CorruptQueue { queue, .. } => write!(out, "the links of {queue} contradict one another"),
        }
    }
}
