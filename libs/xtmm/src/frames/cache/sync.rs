//! The atomics of the caches: the model checker's where models are checked.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

/// Defines constructors that are `const`, except where the atomics of the model checker forbid it.
macro_rules! constructors {
    ($($(#[$doc:meta])* $visibility:vis fn $name:ident() -> Self $body:block)*) => {
        $(
            #[cfg(not(loom))]
            $(#[$doc])* #[must_use]
            $visibility const fn $name() -> Self $body

            #[cfg(loom)]
            $(#[$doc])* #[must_use]
            $visibility fn $name() -> Self $body
        )*
    };
}
pub(crate) use constructors;

/// Returns an array of zeros.
#[cfg(not(loom))]
pub(crate) const fn zeros<const N: usize>() -> [AtomicUsize; N] {
    [const { AtomicUsize::new(0) }; N]
}

/// Returns an array of zeros.
#[cfg(loom)]
pub(crate) fn zeros<const N: usize>() -> [AtomicUsize; N] {
    core::array::from_fn(|_| AtomicUsize::new(0))
}
