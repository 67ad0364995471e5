//! Run levels as masks, so that "anything above?" is one comparison.
//!
//! ```text
//!   level      mask of the levels up to it     something pending at it
//!   passive    0000 0001
//!   apc        0000 0011                       0000 0010
//!   dispatch   0000 0111                       0000 0100
//!   device     0000 1111                       0000 1000
//!   ...
//!   high       0111 1111                       0100 0000
//!              interrupts are to be turned on: 1000 0000
//! ```
//!
//! Masks are ordered as levels are. A set of pending bits is greater than a mask exactly when its highest bit lies above
//! the level.

use xtmm::machine::RunLevel;

/// A run level, as the mask of itself and all levels below.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub(crate) struct Mask(u8);

impl Mask {
    /// Returns the mask of a level.
    pub(crate) const fn up_to(level: RunLevel) -> Self {
        Self(((2_u16 << level as u8) - 1) as u8)
    }

    /// Returns the level.
    #[inline]
    pub(crate) const fn level(self) -> RunLevel {
        match self.0.leading_zeros() {
            7.. => RunLevel::Passive,
            6 => RunLevel::Apc,
            5 => RunLevel::Dispatch,
            4 => RunLevel::Device,
            3 => RunLevel::Clock,
            2 => RunLevel::Ipi,
            0 | 1 => RunLevel::High,
        }
    }

    /// Returns the byte of a block that holds a mask.
    pub(super) const fn raw(self) -> u8 {
        self.0
    }

    /// Takes a mask from the byte of a block, where only masks are written.
    pub(super) const fn from_block(raw: u8) -> Self {
        Self(raw)
    }
}

/// What waits for the run level to fall: a set of levels at which there is something to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct Pending(u8);

impl Pending {
    /// Interrupts have been turned off with the level raised to High, and are to be turned on below.
    pub(crate) const INTERRUPTS_OFF: Self = Self(1 << 7);

    /// Returns the set of one level.
    pub(crate) const fn at(level: RunLevel) -> Self {
        Self(1 << level as u8)
    }

    /// Tells whether all of `other` is in the set.
    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the highest level above `mask` at which there is something to do.
    pub(crate) const fn highest_above(self, mask: Mask) -> Option<RunLevel> {
        let waiting = self.0 & !Self::INTERRUPTS_OFF.0;
        if waiting > mask.0 { Some(Mask(waiting).level()) } else { None }
    }

    pub(super) const fn raw(self) -> u8 {
        self.0
    }

    pub(super) const fn from_block(raw: u8) -> Self {
        Self(raw)
    }
}
