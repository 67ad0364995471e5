//! Sets of processors, and where a processor sits.
//!
//! A set is one machine word, as NT's `KAFFINITY` is: 64 processors where a word has 64 bits, 32 where it has 32. So a
//! thread's affinity is read and written in one access.

use core::ops::{BitAnd, BitOr, Not};

use xtcore::CpuIndex;

/// A set of processors.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct CpuSet(usize);

impl CpuSet {
    /// How many processors a set can tell apart.
    pub const CAPACITY: usize = usize::BITS as usize;
    /// No processor.
    pub const NONE: Self = Self(0);
    /// Every processor that there can be.
    pub const ALL: Self = Self(usize::MAX);

    /// Returns the set of one processor; [`CpuSet::NONE`] for a number that no set holds.
    #[must_use]
    pub const fn of(cpu: CpuIndex) -> Self {
        if cpu.get() < Self::CAPACITY { Self(1 << cpu.get()) } else { Self::NONE }
    }

    /// Returns the set whose members are the bits that are set.
    #[must_use]
    pub const fn from_bits(bits: usize) -> Self {
        Self(bits)
    }

    /// Returns one bit for each member.
    #[must_use]
    pub const fn bits(self) -> usize {
        self.0
    }

    /// Tells whether a processor is a member.
    #[must_use]
    pub const fn contains(self, cpu: CpuIndex) -> bool {
        self.0 & Self::of(cpu).0 != 0
    }

    /// Tells whether all of another set are members.
    #[must_use]
    pub const fn contains_all(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Tells whether there is no member.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Tells whether there is exactly one member.
    #[must_use]
    pub const fn is_single(self) -> bool {
        self.0.is_power_of_two()
    }

    /// Returns the number of members.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Returns the member with the lowest number.
    #[must_use]
    pub const fn first(self) -> Option<CpuIndex> {
        if self.0 == 0 { None } else { Some(CpuIndex::new(self.0.trailing_zeros() as usize)) }
    }

    /// Returns the members in ascending order.
    pub fn iter(self) -> impl Iterator<Item = CpuIndex> {
        let mut left = self.0;
        core::iter::from_fn(move || {
            let cpu = Self(left).first()?;
            left &= left - 1;
            Some(cpu)
        })
    }
}

impl BitAnd for CpuSet {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for CpuSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Not for CpuSet {
    type Output = Self;

    fn not(self) -> Self {
        Self(!self.0)
    }
}

/// Where a processor sits: processors of one core share its execution units, cores of one package its cache.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Seat {
    /// The core, by a number that no other core of the machine has.
    pub core: u32,
    /// The package.
    pub package: u32,
}

#[cfg(test)]
mod tests;
