//! Locks.
//!
//! | lock | who waits, and how | level while held |
//! |---|---|---|
//! | [`SpinLock`] | processors, in the order of their coming, each looking at its own cache line | Dispatch |
//! | [`DeviceLock`] | the same, shared with device interrupts | Device |
//! | [`RawQueued`] | the same, without a value and without the raise: for a `lock_api::Mutex` that is taken at Dispatch | the caller's, Dispatch |
//! | [`RwSpinLock`] | the same; many readers or one writer | Dispatch |
//! | [`PushLock`] | threads, asleep, in the order of their coming; many readers or one writer | Apc |
//!
//! # What holds for all of them
//! * Nothing is allocated: who waits stands in its queue with a place in its own frame.
//! * Nobody starves: the queues are first in, first out.
//! * A lock dropped while held (its guard was leaked) ends in [`LockFreedWhileHeld`]; it costs a load when a lock ends.
//! * A processor that would wait for itself for ever ends in [`LockTwice`]. Exclusive spin locks find it in every build,
//!   for it is looked for only by who waits anyway; what a reader or a sleeper does to itself, see there.
//!   An interrupt that waits for a lock for which its own processor waits already came above the lock's level; debug
//!   builds stop it there, as [`LevelTooHigh`].
//! * The level in the table is also the highest at which the lock may be waited for. Debug builds check it; for a raw lock
//!   whoever pins its users does.
//! * Debug builds find a spin lock that is released by one who does not hold it, as [`LockNotHeld`].
//! * Debug builds keep the locks' [`order`]; release builds contain nothing of that, neither a byte nor an instruction.
//!
//! Guards end in the reverse order of their beginnings: each one lowers the run level to where *it* found it.
//!
//! [`LockFreedWhileHeld`]: crate::misuse::Misuse::LockFreedWhileHeld
//! [`LevelTooHigh`]: crate::misuse::Misuse::LevelTooHigh
//! [`LockNotHeld`]: crate::misuse::Misuse::LockNotHeld
//! [`LockTwice`]: crate::misuse::Misuse::LockTwice

mod level;
#[cfg(all(test, loom))]
mod models;
pub mod order;
mod push;
mod queue;
#[cfg(not(loom))]
mod raw;
mod readwrite;
mod spin;
mod step;

pub use level::{AtDevice, AtDispatch, Level};
pub use push::{PushLock, PushReadGuard, PushWriteGuard};
#[cfg(not(loom))]
pub use raw::RawQueued;
pub use readwrite::{ReadGuard, RwSpinLock, WriteGuard};
pub use spin::{DeviceLock, SpinGuard, SpinLock};
pub use xtcore::LockClass as Class;
