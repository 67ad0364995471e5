//! A sorted set of frames, kept as disjoint ranges in memory of the caller.
//!
//! Holds what is known of memory in proportion to the firmware's descriptors: which frames are governed at all, and which
//! of them nobody has touched. Ranges that touch are one range. A set never grows past the memory that it was given: an
//! operation that would need another place returns [`NoRoom`] and has changed nothing.

use xtcore::{Frame, FrameCount, FrameRange};

/// A set of ranges has no place left for another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoRoom {
    /// The range that could not be added or cut out.
    pub range: FrameRange,
}

/// A set of frames: sorted, disjoint, non-empty ranges with a gap after each.
#[derive(Debug, Default)]
pub struct RangeSet<'m> {
    places: &'m mut [FrameRange],
    used: usize,
}

impl<'m> RangeSet<'m> {
    /// Makes a set of the first `used` places, which are sorted and disjoint; the others are room to grow.
    /// Empty ranges are dropped and ranges that touch are joined. Cost: one pass.
    ///
    /// # Errors
    /// The first range that is not sorted, or overlaps the one before it.
    pub fn new(places: &'m mut [FrameRange], used: usize) -> Result<Self, FrameRange> {
        let used = used.min(places.len());
        let mut kept = 0_usize;
        for index in 0..used {
            let Some(&range) = places.get(index) else { break };
            if range.is_empty() {
                continue;
            }
            match kept.checked_sub(1).and_then(|last| places.get_mut(last)) {
                Some(last) if range.start() < last.end() => return Err(range),
                Some(last) if range.start() == last.end() => *last = span(last.start(), range.end()),
                _ => {
                    if let Some(place) = places.get_mut(kept) {
                        *place = range;
                    }
                    kept += 1;
                }
            }
        }
        Ok(Self { places, used: kept })
    }

    /// Makes an empty set with room for as many ranges as there are places.
    #[must_use]
    pub const fn empty(places: &'m mut [FrameRange]) -> Self {
        Self { places, used: 0 }
    }

    /// Returns the ranges, lowest first.
    #[must_use]
    pub fn as_slice(&self) -> &[FrameRange] {
        self.places.get(..self.used).unwrap_or_default()
    }

    /// Returns how many ranges fit in addition.
    #[must_use]
    pub const fn room(&self) -> usize {
        self.places.len() - self.used
    }

    /// Returns the number of frames. Cost: one pass.
    #[must_use]
    pub fn total(&self) -> FrameCount {
        self.as_slice().iter().fold(FrameCount::ZERO, |sum, range| sum.saturating_add(range.count()))
    }

    /// Returns the range that holds `frame`. Cost: a binary search.
    #[must_use]
    pub fn containing(&self, frame: Frame) -> Option<FrameRange> {
        self.as_slice().get(self.ending_after(frame)).copied().filter(|range| range.contains(frame))
    }

    /// Returns the parts of `window` that are in the set, lowest first. Cost: a binary search, then one step each.
    pub fn within(&self, window: FrameRange) -> impl DoubleEndedIterator<Item = FrameRange> + '_ {
        let ranges = self.as_slice();
        let first = self.ending_after(window.start());
        let end = ranges.partition_point(|range| range.start() < window.end());
        ranges
            .get(first..end.max(first))
            .unwrap_or_default()
            .iter()
            .map(move |range| range.intersection(window))
    }

    /// Returns the widest range around `frame` that shares nothing with the set, or `None` when `frame` is in it.
    #[must_use]
    pub fn gap_around(&self, frame: Frame) -> Option<FrameRange> {
        let above = self.ending_after(frame);
        let start = match above.checked_sub(1).and_then(|below| self.as_slice().get(below)) {
            Some(below) => below.end(),
            None => Frame::new(0),
        };
        let end = self.as_slice().get(above).map_or(Frame::new(u64::MAX), |range| range.start());
        if frame < end { FrameRange::new(start, end) } else { None }
    }

    /// Adds frames, whether or not some of them are in the set.
    ///
    /// # Errors
    /// [`NoRoom`] when the range touches none of the set and there is no place for one more.
    pub fn insert(&mut self, range: FrameRange) -> Result<(), NoRoom> {
        if range.is_empty() {
            return Ok(());
        }
        // Everything that overlaps or touches the new range becomes one with it.
        let first = self.as_slice().partition_point(|old| old.end() < range.start());
        let end = self.as_slice().partition_point(|old| old.start() <= range.end());
        let joined = match (self.places.get(first), end.checked_sub(1).and_then(|last| self.places.get(last)))
        {
            (Some(low), Some(high)) if first < end => {
                span(low.start().min(range.start()), high.end().max(range.end()))
            }
            _ => range,
        };
        self.splice(first, end, &[joined]).map_err(|()| NoRoom { range })
    }

    /// Takes frames out, whether or not all of them are in the set.
    ///
    /// # Errors
    /// [`NoRoom`] when a range would fall into two and there is no place for one more.
    pub fn remove(&mut self, range: FrameRange) -> Result<(), NoRoom> {
        if range.is_empty() {
            return Ok(());
        }
        let first = self.ending_after(range.start());
        let end = self.as_slice().partition_point(|old| old.start() < range.end());
        let (Some(&low), Some(&high)) =
            (self.places.get(first), end.checked_sub(1).and_then(|last| self.places.get(last)))
        else {
            return Ok(());
        };
        if first >= end {
            return Ok(());
        }
        let below = span(low.start(), range.start().max(low.start()));
        let above = span(range.end().min(high.end()), high.end());
        let outcome = match (below.is_empty(), above.is_empty()) {
            (true, true) => self.splice(first, end, &[]),
            (false, true) => self.splice(first, end, &[below]),
            (true, false) => self.splice(first, end, &[above]),
            (false, false) => self.splice(first, end, &[below, above]),
        };
        outcome.map_err(|()| NoRoom { range })
    }

    /// Tells whether [`RangeSet::remove`] of `range` would succeed.
    #[must_use]
    pub fn can_remove(&self, range: FrameRange) -> bool {
        self.room() > 0
            || range.is_empty()
            || !self
                .containing(range.start())
                .is_some_and(|around| around.start() < range.start() && range.end() < around.end())
    }

    /// Returns the index of the first range that ends after `frame`.
    fn ending_after(&self, frame: Frame) -> usize {
        self.as_slice().partition_point(|range| range.end() <= frame)
    }

    /// Puts `new` in place of the ranges `first..end`.
    fn splice(&mut self, first: usize, end: usize, new: &[FrameRange]) -> Result<(), ()> {
        let used = self.used + new.len() - (end - first);
        if used > self.places.len() {
            return Err(());
        }
        let target = first + new.len();
        if target != end && end < self.used {
            self.places.copy_within(end..self.used, target);
        }
        for (place, range) in self.places.iter_mut().skip(first).zip(new) {
            *place = *range;
        }
        self.used = used;
        Ok(())
    }
}

/// Returns `[start, end)`; empty when `end` is not above `start`.
fn span(start: Frame, end: Frame) -> FrameRange {
    FrameRange::new(start, end).unwrap_or(FrameRange::with_count(start, FrameCount::ZERO))
}

#[cfg(test)]
mod tests;
