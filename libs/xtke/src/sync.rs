//! Atomics and cells: the model checker's where models are checked.

#[cfg(not(loom))]
pub(crate) use core::cell::Cell;
#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
#[cfg(loom)]
pub(crate) use loom::cell::Cell;
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

/// Defines constructors that are `const`, except where the atomics of the model checker forbid it.
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

/// Tells whether a model has failed and is being taken down: then its atomics can be asked nothing any more.
#[cfg(loom)]
pub(crate) fn model_has_failed() -> bool {
    extern crate std;
    std::thread::panicking()
}

/// There is no model that could have failed.
#[cfg(not(loom))]
pub(crate) const fn model_has_failed() -> bool {
    false
}
