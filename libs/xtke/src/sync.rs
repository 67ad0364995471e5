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

pub(crate) use xtrtl::constructors;

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
