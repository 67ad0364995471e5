//! One value for each processor, at even distances, of which more and more are there.
//!
//! A machine begins with one processor; how many more there are is known later, and only those that run are worth the
//! memory of their values. So the values are added one by one, each at the same distance from the one before, and finding one
//! costs what an element of a slice costs: a comparison, a multiplication, an addition.
//!
//! # What it guarantees
//! A value that was there stays, at its place: whoever has a reference keeps it. A value that is added is seen by another
//! processor with everything that was written before it was added.
#![allow(unsafe_code, reason = "values at even distances are no slice")]

use core::fmt;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicUsize, Ordering};

/// The values of the processors.
pub struct PerCpu<'m, T> {
    /// The address of the first value.
    first: usize,
    /// Bytes from one value to the next; settled before there are two.
    stride: AtomicUsize,
    count: AtomicUsize,
    values: PhantomData<&'m T>,
}

/// A value is not the next one: it does not lie where the next must.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotNext {
    /// Where it lies.
    pub found: usize,
    /// Where the next one must lie; `None` when any place behind the first would do, or no further one is possible.
    pub expected: Option<usize>,
}

impl<'m, T> PerCpu<'m, T> {
    /// Begins with the values of a slice.
    #[must_use]
    pub fn new(values: &'m [T]) -> Self {
        Self {
            first: values.as_ptr().expose_provenance(),
            stride: AtomicUsize::new(size_of::<T>()),
            count: AtomicUsize::new(values.len()),
            values: PhantomData,
        }
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
        (cpu < self.count.load(Ordering::Acquire)).then(|| {
            let address = self.first.wrapping_add(cpu.wrapping_mul(self.stride.load(Ordering::Relaxed)));
            // SAFETY: a reference to the value at this address was there when the count was raised past `cpu`. The compiler
            // cannot know it, and would look.
            unsafe { core::hint::assert_unchecked(address != 0) };
            // SAFETY: the count was raised past `cpu` by `new` or `add`, each of which had a reference to the value at this
            // address, valid for `'m`, and exposed it; the distance does not change once there are two.
            unsafe { &*core::ptr::with_exposed_provenance::<T>(address) }
        })
    }

    /// Returns all of them, the first processor's first.
    pub fn iter(&self) -> impl Iterator<Item = &'m T> + use<'_, 'm, T> {
        (0..self.count()).map_while(|cpu| self.get(cpu))
    }

    /// Adds the value of the next processor. The second one settles the distance. One processor adds at a time; others
    /// may look meanwhile.
    ///
    /// # Errors
    /// [`NotNext`] when it does not lie at the distance, or before the first; nothing has changed then.
    pub fn add(&self, next: &'m T) -> Result<(), NotNext> {
        let (count, found) = (self.count(), core::ptr::from_ref(next).expose_provenance());
        let refusal = |expected| NotNext { found, expected };
        let stride = match count {
            0 => return Err(refusal(None)),
            1 => found.checked_sub(self.first).filter(|stride| *stride >= size_of::<T>().max(1)),
            _ => Some(self.stride.load(Ordering::Relaxed)),
        };
        let stride = stride.ok_or(refusal(None))?;
        let expected = count.checked_mul(stride).and_then(|offset| self.first.checked_add(offset));
        if expected != Some(found) {
            return Err(refusal(expected));
        }
        if count == 1 {
            // Nobody uses the distance while there is one value: zero times anything is zero.
            self.stride.store(stride, Ordering::Relaxed);
        }
        self.count.store(count + 1, Ordering::Release);
        Ok(())
    }
}

impl<T> fmt::Debug for PerCpu<'_, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PerCpu({} at {:#x})", self.count(), self.first)
    }
}

// SAFETY: it hands out references to the values, and its own words are atomic.
unsafe impl<T: Sync> Sync for PerCpu<'_, T> {}
// SAFETY: as a slice of references to shared values.
unsafe impl<T: Sync> Send for PerCpu<'_, T> {}

#[cfg(test)]
mod tests;
