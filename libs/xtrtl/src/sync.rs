//! Locks and cells that need no kernel, by one name; and the atomics of this crate, which are the model checker's where
//! models are checked.
//!
//! | wanted | name | from |
//! |---|---|---|
//! | a lock that spins and leaves run levels alone: start-up code, loaders, tests | [`Mutex`] | `spin`, whose raw lock fits `lock_api` |
//! | a value that is made once, by whoever comes first | [`Once`] | `spin` |
//! | the same for one thread or processor | [`OnceCell`] | `core` |
//!
//! A lock that raises the run level, queues its waiters or knows its owner needs a scheduler: those are `xtke::lock`'s.

pub use core::cell::OnceCell;
pub use spin::{Mutex, MutexGuard, Once};

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicU16, AtomicU64, AtomicUsize, Ordering};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU16, AtomicU64, AtomicUsize, Ordering};

/// Defines constructors that are `const`, except where the atomics of the model checker forbid it: under `cfg(loom)`. For crates
/// whose protocols are model-checked as this one's.
#[macro_export]
macro_rules! constructors {
    ($($(#[$doc:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),*) -> Self $body:block)*) => {
        $(
            #[cfg(not(loom))]
            $(#[$doc])* #[must_use]
            $visibility const fn $name($($argument: $type),*) -> Self $body

            #[cfg(loom)]
            $(#[$doc])* #[must_use]
            $visibility fn $name($($argument: $type),*) -> Self $body
        )*
    };
}
pub(crate) use constructors;
