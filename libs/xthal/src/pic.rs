//! The two 8259s: moved out of the exceptions' way, masked, and what a vector of theirs means all the same.
//!
//! A masked PIC can still interrupt: a request that vanishes before it is acknowledged is reported as the lowest one of
//! its chip, 7 or 15, and is not in service. It must not be ended; of the second chip, the first has accepted request 2
//! for it, and that one must be. Source: Intel 8259A data sheet, "Interrupt sequence" and "Initialization command words".

use crate::Vector;

/// The two chips.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chip {
    /// Requests 0 to 7.
    First,
    /// Requests 8 to 15; it hangs on the first one's request 2.
    Second,
}

/// A request by its chip and its bit there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    /// The chip.
    pub chip: Chip,
    /// Its bit in the chip's registers.
    pub bit: u8,
}

/// What has to be ended after an interrupt of a PIC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Nothing.
    Nothing,
    /// An interrupt of the first chip.
    First,
    /// One of each.
    Both,
}

/// The four initialisation words of a chip: edge-triggered, cascaded; its first vector; how the chips are joined; 8086
/// mode. The first goes to the command port, the others to the data port.
#[must_use]
pub const fn initialisation(chip: Chip) -> [u8; 4] {
    let base = Vector::PICS.number();
    match chip {
        Chip::First => [0x11, base, 1 << 2, 0x01],
        Chip::Second => [0x11, base + 8, 2, 0x01],
    }
}

/// Command: the next reading of the command port shows what is in service.
pub const READ_IN_SERVICE: u8 = 0x0B;
/// Command: the most urgent interrupt in service has ended.
pub const END: u8 = 0x20;
/// Mask: nothing.
pub const ALL_MASKED: u8 = 0xFF;

impl Request {
    /// Returns the request behind a vector; `None` when the vector is no PIC's.
    #[must_use]
    pub const fn of(vector: Vector) -> Option<Self> {
        match vector.number().wrapping_sub(Vector::PICS.number()) {
            line @ 0..8 => Some(Self { chip: Chip::First, bit: 1 << line }),
            line @ 8..16 => Some(Self { chip: Chip::Second, bit: 1 << (line - 8) }),
            _ => None,
        }
    }

    /// Tells what to end, given what the request's chip has in service.
    #[must_use]
    pub const fn ending(self, in_service: u8) -> Ending {
        match (self.chip, in_service & self.bit != 0) {
            (Chip::First, false) => Ending::Nothing,
            (Chip::First, true) | (Chip::Second, false) => Ending::First,
            (Chip::Second, true) => Ending::Both,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Chip, Ending, Request, initialisation};
    use crate::Vector;

    #[test]
    fn requests_follow_one_another_over_both_chips() {
        for line in 0_u8..16 {
            let request = Request::of(Vector::new(0x20 + line)).unwrap();
            assert_eq!(request.chip == Chip::Second, line >= 8);
            assert_eq!(u32::from(request.bit), 1 << (line % 8));
        }
        assert_eq!(Request::of(Vector::new(0x1F)), None);
        assert_eq!(Request::of(Vector::new(0x30)), None);
    }

    #[test]
    fn a_spurious_interrupt_of_the_first_chip_is_not_ended() {
        let request = Request::of(Vector::new(0x27)).unwrap();
        assert_eq!(request.ending(0), Ending::Nothing);
        assert_eq!(request.ending(0x7F), Ending::Nothing);
        assert_eq!(request.ending(0x80), Ending::First);
    }

    #[test]
    fn a_spurious_interrupt_of_the_second_chip_is_ended_at_the_first_only() {
        let request = Request::of(Vector::new(0x2F)).unwrap();
        assert_eq!(request.ending(0), Ending::First);
        assert_eq!(request.ending(0x80), Ending::Both);
    }

    #[test]
    fn the_chips_get_neighbouring_vectors_of_eight() {
        assert_eq!(initialisation(Chip::First)[1], 0x20);
        assert_eq!(initialisation(Chip::Second)[1], 0x28);
    }
}
