//! One value for each processor, of which more and more are there.
//!
//! A machine begins with one processor; how many more there are is known later, and only those that run are worth the
//! memory of their values. So the values are added one by one, wherever they lie. Finding one costs what an element of a
//! table costs, a comparison and a load, whatever a value's size and place: it is done twice for each frame that is
//! allocated and freed, where distances to be multiplied would show.
//!
//! # What it guarantees
//! A value that was there stays, at its place: whoever has a reference keeps it. A value that is added is seen by another
//! processor with everything that was written before it was added.
#![allow(unsafe_code, reason = "the table holds addresses, so that an entry is a word that can be published")]

use core::fmt;
use core::marker::PhantomData;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// The most processors that can have a value.
pub const MOST: usize = 64;

/// The values of the processors.
pub struct PerCpu<'m, T> {
    /// Null from the first processor on that has none.
    values: [AtomicPtr<T>; MOST],
    count: AtomicUsize,
    lent: PhantomData<&'m T>,
}

/// A processor is not the next one that gets a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotNext {
    /// The processor's number.
    pub asked: usize,
    /// The next one's; `None` when all have theirs that can have one.
    pub next: Option<usize>,
}

impl<'m, T> PerCpu<'m, T> {
    /// Begins with the values of a slice; those past the [`MOST`] first have no place.
    #[must_use]
    pub fn new(values: &'m [T]) -> Self {
        let places = core::array::from_fn(|cpu| {
            AtomicPtr::new(values.get(cpu).map_or(ptr::null_mut(), |value| ptr::from_ref(value).cast_mut()))
        });
        Self { values: places, count: AtomicUsize::new(values.len().min(MOST)), lent: PhantomData }
    }

    /// Returns how many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Returns the value of a processor, if it is there.
    #[inline]
    #[must_use]
    pub fn get(&self, cpu: usize) -> Option<&'m T> {
        let value = self.values.get(cpu)?.load(Ordering::Acquire);
        // SAFETY: null, or made in `new` or `add` of a reference that is valid for `'m`; only shared ones are made of it.
        unsafe { value.as_ref() }
    }

    /// Returns all of them, the first processor's first.
    pub fn iter(&self) -> impl Iterator<Item = &'m T> + use<'_, 'm, T> {
        (0..self.count()).map_while(|cpu| self.get(cpu))
    }

    /// Adds the value of the next processor, `cpu`. One processor adds at a time; others may look meanwhile.
    ///
    /// # Errors
    /// [`NotNext`]; nothing has changed then.
    pub fn add(&self, cpu: usize, value: &'m T) -> Result<(), NotNext> {
        let next = Some(self.count()).filter(|count| *count < MOST);
        let place = self.values.get(cpu).filter(|_| next == Some(cpu)).ok_or(NotNext { asked: cpu, next })?;
        place.store(ptr::from_ref(value).cast_mut(), Ordering::Release);
        self.count.store(cpu + 1, Ordering::Release);
        Ok(())
    }
}

impl<T> fmt::Debug for PerCpu<'_, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PerCpu({})", self.count())
    }
}

#[cfg(test)]
mod tests;
