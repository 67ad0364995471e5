//! The I/O APIC: the entries that say which interrupt of a device goes where.
//!
//! Source: Intel 82093AA data sheet, section 3.2; MultiProcessor specification 1.4, section 3.6.8.

use xtcore::ApicId;
use xtcore::interrupt::{Polarity, Signal, Trigger};

use crate::Vector;

/// Whether an entry delivers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mask {
    /// It does.
    Open,
    /// It does not.
    Masked,
}

/// Where an interrupt goes, and how it is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Route {
    /// The vector.
    pub vector: Vector,
    /// The processor.
    pub destination: ApicId,
    /// How the line asks.
    pub signal: Signal,
}

/// A redirection entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry(u64);

const REMOTE_REQUEST: u64 = 1 << 14;
const ACTIVE_LOW: u64 = 1 << 13;
const LEVEL: u64 = 1 << 15;
const MASKED: u64 = 1 << 16;

/// Index of the register that holds the version and the number of entries.
pub const VERSION: u32 = 0x01;

/// Returns the index of the lower half of an entry; the upper half follows.
#[must_use]
pub const fn entry_index(number: u32) -> u32 {
    0x10 + 2 * number
}

/// Returns how many entries there are: 1 to 120, by the version register. The indices of more do not fit the index register,
/// whatever a device claims.
#[must_use]
pub const fn entries(version: u32) -> u32 {
    let last = version >> 16 & 0xFF;
    if last < 120 { last + 1 } else { 120 }
}

/// Returns the number of the version.
#[must_use]
pub const fn version(version: u32) -> u8 {
    version as u8
}

impl Entry {
    /// An entry that delivers nothing and leads nowhere.
    pub const NOTHING: Self = Self(MASKED | Vector::SPURIOUS.number() as u64);

    /// Wraps the two halves that were read.
    #[must_use]
    pub const fn new(low: u32, high: u32) -> Self {
        Self((high as u64) << 32 | low as u64)
    }

    /// Encodes a route: fixed delivery to one processor. `None` when its identifier does not fit the entry's eight bits,
    /// or means all processors.
    #[must_use]
    pub const fn of(route: Route, mask: Mask) -> Option<Self> {
        let destination = route.destination.get() as u64;
        if destination >= 0xFF {
            return None;
        }
        let polarity = match route.signal.polarity {
            Polarity::ActiveHigh => 0,
            Polarity::ActiveLow => ACTIVE_LOW,
        };
        let trigger = match route.signal.trigger {
            Trigger::Edge => 0,
            Trigger::Level => LEVEL,
        };
        let entry = Self(destination << 56 | route.vector.number() as u64 | polarity | trigger);
        Some(entry.with(mask))
    }

    /// Returns the same entry, masked or not.
    #[must_use]
    pub const fn with(self, mask: Mask) -> Self {
        match mask {
            Mask::Open => Self(self.0 & !MASKED),
            Mask::Masked => Self(self.0 | MASKED),
        }
    }

    /// Returns the half with the vector and the mask.
    #[must_use]
    pub const fn low(self) -> u32 {
        self.0 as u32
    }

    /// Returns the half with the destination.
    #[must_use]
    pub const fn high(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Returns the route.
    #[must_use]
    pub const fn route(self) -> Route {
        Route {
            vector: Vector::new(self.0 as u8),
            destination: ApicId::new((self.0 >> 56) as u32),
            signal: Signal {
                polarity: if self.0 & ACTIVE_LOW != 0 { Polarity::ActiveLow } else { Polarity::ActiveHigh },
                trigger: if self.0 & LEVEL != 0 { Trigger::Level } else { Trigger::Edge },
            },
        }
    }

    /// Returns the mask.
    #[must_use]
    pub const fn mask(self) -> Mask {
        if self.0 & MASKED != 0 { Mask::Masked } else { Mask::Open }
    }

    /// Tells whether a processor has accepted a level-triggered interrupt and not yet ended it.
    #[must_use]
    pub const fn is_in_service(self) -> bool {
        self.0 & REMOTE_REQUEST != 0
    }
}

#[cfg(test)]
mod tests;
