//! Which lengths of free runs there are: the two-level index.
//!
//! Lengths fall into classes: each power of two has sixteen, and below 32 pages every length has its own. A bit says
//! whether a class has a run, a second level of bits whether any class of a power has one, so the smallest class that
//! surely fits is found with two bit scans. Source: M. Masmano and others, "TLSF: a new dynamic memory allocator for
//! real-time systems", 2004.

use super::record::NUMBER_BITS;

/// Binary logarithm of the classes of a power of two.
const SPLIT_BITS: u32 = 4;

/// Classes of a power of two.
const SPLIT: usize = 1 << SPLIT_BITS;

/// Powers of two; the first stands for all lengths below [`SPLIT`].
const POWERS: usize = (NUMBER_BITS - SPLIT_BITS + 1) as usize;

/// A range of lengths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Class(usize);

impl Class {
    /// Returns the class that runs of that length belong to.
    pub(super) const fn of(pages: usize) -> Self {
        if pages < SPLIT {
            return Self(pages);
        }
        let log = pages.ilog2();
        let part = (pages >> (log - SPLIT_BITS)) & (SPLIT - 1);
        Self(((log - SPLIT_BITS + 1) as usize) << SPLIT_BITS | part)
    }

    /// Returns the lowest class all of whose runs have at least that length, or `None` when there is none.
    pub(super) fn at_least(pages: usize) -> Option<Self> {
        let rounding = match pages.checked_ilog2() {
            Some(log) if log >= SPLIT_BITS => (1 << (log - SPLIT_BITS)) - 1,
            _ => 0,
        };
        let class = Self::of(pages.checked_add(rounding)?);
        (class.0 < POWERS * SPLIT).then_some(class)
    }

    /// Returns the next class, or `None` after the last one.
    pub(super) fn next(self) -> Option<Self> {
        (self.0 + 1 < POWERS * SPLIT).then_some(Self(self.0 + 1))
    }
}

/// The first run of each class.
#[derive(Debug)]
pub(super) struct Classes {
    /// One bit per power of two that has a class with a run.
    powers: u64,
    /// One bit per class with a run.
    parts: [u16; POWERS],
    /// The first page of a class's first run, counted from 1.
    firsts: [usize; POWERS * SPLIT],
}

const _: () = assert!(POWERS <= u64::BITS as usize && SPLIT <= u16::BITS as usize, "a bit for each");

impl Classes {
    /// Returns an index of nothing; it is all zeros.
    pub(super) const fn new() -> Self {
        Self { powers: 0, parts: [0; POWERS], firsts: [0; POWERS * SPLIT] }
    }

    /// Returns the first run of a class.
    pub(super) fn first(&self, class: Class) -> Option<usize> {
        self.firsts.get(class.0).and_then(|first| first.checked_sub(1))
    }

    /// Makes a run the first of a class, or the class empty.
    pub(super) fn set_first(&mut self, class: Class, run: Option<usize>) {
        let power = class.0 >> SPLIT_BITS;
        let (Some(first), Some(parts)) = (self.firsts.get_mut(class.0), self.parts.get_mut(power)) else {
            return;
        };
        *first = run.map_or(0, |page| page + 1);
        let part = 1 << (class.0 & (SPLIT - 1));
        *parts = if run.is_some() { *parts | part } else { *parts & !part };
        let bit = 1 << power;
        self.powers = if *parts != 0 { self.powers | bit } else { self.powers & !bit };
    }

    /// Returns the lowest class from `lowest` on that has a run. Cost: two bit scans.
    pub(super) fn lowest_from(&self, lowest: Class) -> Option<Class> {
        let power = lowest.0 >> SPLIT_BITS;
        let here = self.parts.get(power)? & (u16::MAX << (lowest.0 & (SPLIT - 1)));
        if here != 0 {
            return Some(Class(power << SPLIT_BITS | here.trailing_zeros() as usize));
        }
        let above = self.powers & (u64::MAX << power << 1);
        let power = (above != 0).then(|| above.trailing_zeros() as usize)?;
        let parts = self.parts.get(power)?;
        Some(Class(power << SPLIT_BITS | parts.trailing_zeros() as usize))
    }
}

#[cfg(test)]
mod tests;
