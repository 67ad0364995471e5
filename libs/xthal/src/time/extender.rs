//! A narrow counter that wraps, made into one of 64 bits that does not.
//!
//! Lock-free, for any number of processors, at any run level: the only state is the last value that somebody has
//! published, a [`AtomicU64`]. A reader takes it *before* it reads the hardware, so what the hardware has counted since
//! is what the reader must add, however many other readers publish meanwhile.
//!
//! ```text
//!        published                          now
//!   ---------+-------------------------------+-------------> true time
//!            |<--- hardware's difference --->|
//!   published again when the difference reaches a quarter of the counter's period
//! ```
//!
//! Right as long as the counter is read at least once every half of its period. Then a difference stays below 3/4 of
//! the period: up to 1/4 was not published, and 1/2 passes until the next reading. Differences of 7/8 and more are a
//! counter that seems to run backwards by up to 1/8, as one does that is not quite the same for two processors;
//! taking that for almost a whole period would put the clock ahead for ever, so it counts as no time at all.

use core::sync::atomic::{AtomicU64, Ordering};

/// How many bits a counter has: 1 to 64.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Width(u32);

impl Width {
    /// 16 bits, as the PIT's channels.
    pub const BITS_16: Self = Self(16);
    /// 24 bits, as an ACPI PM timer by default.
    pub const BITS_24: Self = Self(24);
    /// 32 bits.
    pub const BITS_32: Self = Self(32);
    /// 64 bits.
    pub const BITS_64: Self = Self(64);

    /// Returns the number of bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns the largest value: all bits set. Not the highest bit alone, which is another number.
    #[must_use]
    pub const fn mask(self) -> u64 {
        u64::MAX >> (64 - self.0)
    }

    /// Returns how far `now` is from `before`, in the direction of counting, across a wrap if need be.
    #[must_use]
    pub const fn difference(self, before: u64, now: u64) -> u64 {
        now.wrapping_sub(before) & self.mask()
    }
}

/// The upper part of a counter.
#[derive(Debug)]
pub struct Extender {
    width: Width,
    published: AtomicU64,
}

impl Extender {
    /// Begins at 0 with what the counter shows now.
    ///
    /// The value of the first reading is `first` itself, so that nothing has to be subtracted later.
    #[must_use]
    pub const fn new(width: Width, first: u64) -> Self {
        Self { width, published: AtomicU64::new(first & width.mask()) }
    }

    /// Reads the counter by `read` and returns its value with 64 bits.
    ///
    /// Cost: a load, the reading, and four times in a period an atomic maximum. A counter with 64 bits has the reading only.
    #[inline]
    pub fn read(&self, read: impl FnOnce() -> u64) -> u64 {
        if self.width == Width::BITS_64 {
            return read();
        }
        // Acquire: the reading must not happen before, or it could lie before what is published.
        let published = self.published.load(Ordering::Acquire);
        let difference = self.width.difference(published, read());
        let eighth = (self.width.mask() >> 3) + 1;
        if difference >= 7 * eighth {
            return published;
        }
        let value = published + difference;
        if difference >= 2 * eighth {
            // The maximum, because another reader may have published a later value since.
            self.published.fetch_max(value, Ordering::AcqRel);
        }
        value
    }
}
