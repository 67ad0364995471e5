//! The 8254's channels: how a period becomes a divisor, and how a channel that counts down becomes a clock that counts up.
//!
//! Source: Intel 8254 data sheet, "Programming the 8254" and "Mode 2: Rate generator".

use super::{Frequency, Interval};

/// What a channel counts down from. 65536 is written as 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Divisor(u16);

impl Divisor {
    /// The largest: 65536.
    pub const LARGEST: Self = Self(0);

    /// Returns the divisor that comes closest to a period, and the period that it really is; `None` for periods that
    /// are shorter than two ticks, which mode 2 cannot count, or longer than 65536.
    #[must_use]
    pub fn for_period(period: Interval) -> Option<(Self, Interval)> {
        let ticks = Frequency::PIT.ticks_in(period).filter(|ticks| (2..=0x1_0000).contains(ticks))?;
        // 65536 becomes 0, as the channel wants it.
        Some((Self(ticks as u16), Frequency::PIT.interval_of(ticks)?))
    }

    /// Returns the bytes to write: the lower one first.
    #[must_use]
    pub const fn bytes(self) -> [u8; 2] {
        self.0.to_le_bytes()
    }
}

/// Returns how far a channel with [`Divisor::LARGEST`] has counted, from the two bytes of its latch. It shows 0 for
/// 65536 and goes down to 1, so the negative of it goes up from 0.
#[must_use]
pub const fn counted(latch: [u8; 2]) -> u16 {
    u16::from_le_bytes(latch).wrapping_neg()
}

/// Mode/command words (port 43H).
pub mod command {
    /// Channel 0, both bytes, mode 2: it divides, for ever.
    pub const CHANNEL_0_RATE: u8 = 0x34;
    /// Channel 0, both bytes, mode 0: it stays silent after one interrupt, or before one until a count is written.
    pub const CHANNEL_0_ONCE: u8 = 0x30;
    /// Channel 2, both bytes, mode 2.
    pub const CHANNEL_2_RATE: u8 = 0xB4;
    /// Latches channel 2.
    pub const LATCH_2: u8 = 0x80;
}
