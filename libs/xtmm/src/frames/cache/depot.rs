//! Full batches on their way from one processor to another.
//!
//! A magazine that overflows leaves its older half here, one that is empty fetches a batch: one lock and 128 moves for
//! 128 frames, where the rows would be touched 128 times. What a batch holds is as good as in a magazine: the rows count it
//! as taken.
//!
//! Lock: the depot's own. No other lock is taken under it, and it is not taken under another.

use super::sync::{AtomicU32, AtomicUsize, Ordering, constructors, zeros};
use super::{BATCH, Kind, Magazine};
use crate::frames::units::Pfn;

/// Memory for a batch. All zeros is an empty one.
#[repr(C)]
#[derive(Debug)]
pub struct Batch {
    /// The batch below it in its chain.
    next: AtomicU32,
    frames: [AtomicUsize; BATCH],
}

impl Batch {
    constructors! {
        /// Returns an empty batch.
        pub fn new() -> Self {
            Self { next: AtomicU32::new(0), frames: zeros() }
        }
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

/// The end of a chain.
const END: u32 = u32::MAX;

/// A stack of batches, linked by their numbers.
#[derive(Clone, Copy, Debug)]
struct Chain {
    head: u32,
    length: usize,
}

impl Chain {
    const EMPTY: Self = Self { head: END, length: 0 };

    fn push(&mut self, batches: &[Batch], number: u32) {
        if let Some(batch) = batches.get(number as usize) {
            batch.next.store(self.head, Ordering::Relaxed);
            *self = Self { head: number, length: self.length + 1 };
        }
    }

    fn pop<'m>(&mut self, batches: &'m [Batch]) -> Option<(u32, &'m Batch)> {
        let number = self.head;
        let batch = batches.get(number as usize)?;
        *self = Self { head: batch.next.load(Ordering::Relaxed), length: self.length.saturating_sub(1) };
        Some((number, batch))
    }
}

/// The depot. It is kept behind a lock.
#[derive(Debug)]
pub(crate) struct Depot<'m> {
    batches: &'m [Batch],
    full: [Chain; Kind::ALL.len()],
    spare: Chain,
    /// Batches from here on have never been used, so that making a depot costs nothing.
    untouched: u32,
}

impl<'m> Depot<'m> {
    /// Makes an empty depot, or returns `None` when there are more batches than numbers.
    pub(crate) fn new(batches: &'m [Batch]) -> Option<Self> {
        let fits = u32::try_from(batches.len()).is_ok_and(|count| count < END);
        fits.then_some(Self {
            batches,
            full: [Chain::EMPTY; Kind::ALL.len()],
            spare: Chain::EMPTY,
            untouched: 0,
        })
    }

    /// Tells whether another batch of a kind may come. No kind takes more than half of the batches, so that frames with
    /// old contents do not keep zeroed ones out.
    pub(crate) fn has_room(&self, kind: Kind) -> bool {
        self.full.get(kind as usize).is_some_and(|chain| chain.length < self.batches.len().div_ceil(2))
            && (self.spare.head != END || (self.untouched as usize) < self.batches.len())
    }

    /// Takes over the [`BATCH`] oldest frames of a magazine, or none. Tells whether it did.
    #[must_use]
    pub(crate) fn put(&mut self, kind: Kind, magazine: &Magazine) -> bool {
        if !magazine.has_behind(BATCH) || !self.has_room(kind) {
            return false;
        }
        let number = match self.spare.pop(self.batches) {
            Some((number, _)) => number,
            None => {
                let number = self.untouched;
                self.untouched += 1;
                number
            }
        };
        let (Some(batch), Some(chain)) =
            (self.batches.get(number as usize), self.full.get_mut(kind as usize))
        else {
            return false;
        };
        for (place, pfn) in batch.frames.iter().zip(magazine.oldest(BATCH)) {
            place.store(pfn.0, Ordering::Relaxed);
        }
        magazine.forget_oldest(BATCH);
        chain.push(self.batches, number);
        true
    }

    /// Gives a batch to a magazine that has room for it. Tells whether there was one.
    #[must_use]
    pub(crate) fn take(&mut self, kind: Kind, magazine: &Magazine) -> bool {
        if magazine.room() < BATCH {
            return false;
        }
        let Some((number, batch)) =
            self.full.get_mut(kind as usize).and_then(|chain| chain.pop(self.batches))
        else {
            return false;
        };
        // There is room, see above.
        magazine.extend(batch.frames.iter().map(|place| Pfn(place.load(Ordering::Relaxed))));
        self.spare.push(self.batches, number);
        true
    }

    /// Returns how many frames of a kind there are.
    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.full.get(kind as usize).map_or(0, |chain| chain.length * BATCH)
    }

    /// Tells whether a frame is in the depot. Cost: a look at all of it.
    pub(crate) fn holds(&self, pfn: Pfn) -> bool {
        self.full.iter().any(|chain| {
            let mut left = *chain;
            core::iter::from_fn(|| left.pop(self.batches))
                .any(|(_, batch)| batch.frames.iter().any(|place| place.load(Ordering::Relaxed) == pfn.0))
        })
    }
}
