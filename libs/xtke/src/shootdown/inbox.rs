//! Where a processor finds who asks it to forget something, and how far it has come.

use xtcore::CpuIndex;

use crate::CpuSet;
use crate::sync::{AtomicUsize, Ordering, constructors};

#[cfg(test)]
mod tests;

/// How often a processor was asked, and how many of these it has answered, in one word so that both are seen at one
/// instant. Both count round and round; they never lie further apart than there are processors.
///
/// ```text
///   | asked, the upper half | answered, the lower half |
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tally(usize);

impl Tally {
    const HALF: u32 = usize::BITS / 2;
    const LOWER: usize = (1 << Self::HALF) - 1;
    /// What asking adds. The carry leaves the word, and does not reach what is answered.
    const ONE: usize = 1 << Self::HALF;

    /// Tells whether all is answered.
    pub(super) const fn is_quiet(self) -> bool {
        self.0 >> Self::HALF == self.0 & Self::LOWER
    }

    /// Tells whether all is answered that was asked at the time of `earlier`.
    pub(super) const fn has_answered_all_of(self, earlier: Self) -> bool {
        let ahead = (self.0 & Self::LOWER).wrapping_sub(earlier.0 >> Self::HALF) & Self::LOWER;
        // Half way round or more is behind. What is quiet has answered everything, however long ago `earlier` was.
        self.is_quiet() || ahead < Self::ONE / 2
    }

    /// Returns the tally with all answered that was asked at the time of `earlier`.
    const fn answering(self, earlier: Self) -> Self {
        Self(self.0 & !Self::LOWER | earlier.0 >> Self::HALF)
    }

    /// Tells whether nothing was answered between the two.
    const fn has_answered_as(self, other: Self) -> bool {
        self.0 & Self::LOWER == other.0 & Self::LOWER
    }
}

/// The inbox of a processor: others put themselves in, it takes them out. A cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Inbox {
    /// Whose requests have not been read yet.
    senders: AtomicUsize,
    tally: AtomicUsize,
}

impl Inbox {
    constructors! {
        /// Returns an empty inbox.
        pub(super) fn new() -> Self {
            Self { senders: AtomicUsize::new(0), tally: AtomicUsize::new(0) }
        }
    }

    /// Puts a sender in, whose request is written. Tells whether the inbox was quiet: then its owner must be kicked;
    /// otherwise it was, and looks once more when it has answered what it knows.
    pub(super) fn put(&self, sender: CpuIndex) -> bool {
        // The sender before the tally: who reads the tally, then takes the senders, misses none that the tally counts.
        // Release: with the sender comes its request, and the change of the tables before it.
        self.senders.fetch_or(CpuSet::of(sender).bits(), Ordering::Release);
        Tally(self.tally.fetch_add(Tally::ONE, Ordering::AcqRel)).is_quiet()
    }

    /// Returns how far asking and answering are. What is answered has been forgotten.
    pub(super) fn tally(&self) -> Tally {
        Tally(self.tally.load(Ordering::Acquire))
    }

    /// Takes all senders out.
    pub(super) fn take(&self) -> CpuSet {
        CpuSet::from_bits(self.senders.swap(0, Ordering::Acquire))
    }

    /// Answers all that was asked at the time of `earlier`, which the caller read before it took the senders.
    ///
    /// When something was answered since, it was from an interruption of the caller that forgot everything: whoever left
    /// and entered. Then there is nothing to add, and nothing may be taken back.
    pub(super) fn answer(&self, earlier: Tally) {
        let advance = |now| {
            let now = Tally(now);
            now.has_answered_as(earlier).then(|| now.answering(earlier).0)
        };
        let _either_way = self.tally.fetch_update(Ordering::AcqRel, Ordering::Relaxed, advance);
    }
}
