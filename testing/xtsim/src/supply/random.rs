//! A small generator of reproducible pseudo-random numbers.

use std::ops::Range;

/// SplitMix64 (Steele, Lea and Flood, 2014): 64 bits of state, every seed is good, every run repeats.
///
/// Not for secrets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// Returns the generator of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Returns the next number.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number of the range. The bias is below `length / 2^64`.
    ///
    /// # Panics
    ///
    /// When the range is empty.
    pub fn in_range(&mut self, range: Range<u64>) -> u64 {
        assert!(range.start < range.end, "no number in {range:?}");
        let length = range.end - range.start;
        range.start + ((u128::from(self.next_u64()) * u128::from(length)) >> 64) as u64
    }

    /// Returns true once in `times`, on average.
    ///
    /// # Panics
    ///
    /// When `times` is zero.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.in_range(0..times) == 0
    }

    /// Picks an element, or returns `None` from an empty slice.
    pub fn choose<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() {
            return None;
        }
        from.get(self.in_range(0..from.len() as u64) as usize)
    }

    /// Puts a slice into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, slice: &mut [T]) {
        for last in (1..slice.len()).rev() {
            let other = self.in_range(0..last as u64 + 1) as usize;
            slice.swap(last, other);
        }
    }
}
