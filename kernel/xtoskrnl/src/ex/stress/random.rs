//! Numbers that look random and are the same in every boot. The functions are not inlined: the scenarios call them
//! everywhere, and none is fast.

/// SplitMix64.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    /// Starts from a seed.
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number.
    #[inline(never)]
    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// Returns a number below `end`, or 0 when that is 0.
    #[inline(never)]
    pub(super) const fn below(&mut self, end: u64) -> u64 {
        match self.next().checked_rem(end) {
            Some(number) => number,
            None => 0,
        }
    }
}

/// Mixes the bits of a number.
pub(super) const fn mix(seed: u64) -> u64 {
    let first = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let second = (first ^ (first >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    second ^ (second >> 31)
}
