//! Atomics and cells: the model checker's where models are checked.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicUsize, Ordering, fence,
};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicUsize, Ordering, fence,
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
