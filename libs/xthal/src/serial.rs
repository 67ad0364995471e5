//! Serial ports: which one, how fast, and what a person writes to name one.
//!
//! Source: National Semiconductor PC16550D data sheet, section 8.

/// Offsets of the registers in ports from the first one.
pub mod offset {
    /// Data; the lower byte of the divisor while [`DIVISOR_LATCH`](super::DIVISOR_LATCH) is set.
    pub const DATA: u16 = 0;
    /// Interrupt enable; the upper byte of the divisor.
    pub const INTERRUPT_ENABLE: u16 = 1;
    /// FIFO control.
    pub const FIFO_CONTROL: u16 = 2;
    /// Line control.
    pub const LINE_CONTROL: u16 = 3;
    /// Modem control.
    pub const MODEM_CONTROL: u16 = 4;
    /// Line status.
    pub const LINE_STATUS: u16 = 5;
    /// Scratch: holds what is written.
    pub const SCRATCH: u16 = 7;
}

/// Line control: the first two registers are the divisor.
pub const DIVISOR_LATCH: u8 = 1 << 7;
/// Line control: 8 data bits, no parity, one stop bit.
pub const EIGHT_N_ONE: u8 = 0b11;
/// FIFO control: on, and emptied both ways.
pub const FIFO_EMPTIED: u8 = 0b111;
/// Modem control: data terminal ready, request to send.
pub const READY: u8 = 0b11;
/// Line status: a byte has come.
pub const DATA_READY: u8 = 1 << 0;
/// Line status: the transmitter, its FIFO included, takes another byte.
pub const HOLDING_REGISTER_EMPTY: u8 = 1 << 5;

/// Bits a second with a divisor of 1.
const FASTEST: u32 = 115_200;

/// A serial port and its speed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    base: u16,
    divisor: u16,
}

impl Line {
    /// The first serial port of a PC, as fast as it goes.
    pub const COM1: Self = Self { base: 0x3F8, divisor: 1 };

    /// Where a PC has the first four.
    const BASES: [u16; 4] = [0x3F8, 0x2F8, 0x3E8, 0x2E8];

    /// Returns the number of the first of its eight I/O ports.
    #[must_use]
    pub const fn base(self) -> u16 {
        self.base
    }

    /// Returns the divisor of its clock, the lower byte first.
    #[must_use]
    pub const fn divisor(self) -> [u8; 2] {
        self.divisor.to_le_bytes()
    }

    /// Reads `COMn` with n from 1 to 4, or `COM0:0xADDR` for any other port; either may be followed by `,` and bits a second, of
    /// which there are 115200 at most, in a whole share of that. `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (port, speed) = match text.split_once(',') {
            Some((port, speed)) => (port, decimal(speed)?),
            None => (text, FASTEST),
        };
        let name = port.get(..3).filter(|name| name.eq_ignore_ascii_case("COM"))?;
        let base = match port.get(name.len()..)?.split_once(':') {
            Some(("0", address)) => {
                let digits = address.strip_prefix("0x").or_else(|| address.strip_prefix("0X"))?;
                // All eight ports must exist, and a number's own reader would take a sign.
                let base = digits.starts_with(|digit: char| digit.is_ascii_hexdigit());
                u16::from_str_radix(digits, 16).ok().filter(|port| base && *port > 0 && *port <= 0xFFF8)?
            }
            Some(_) => return None,
            None => {
                let number = decimal(port.get(name.len()..)?)?;
                *Self::BASES.get((number as usize).checked_sub(1)?)?
            }
        };
        let divisor = FASTEST.checked_div(speed).filter(|_| FASTEST.is_multiple_of(speed))?;
        Some(Self { base, divisor: u16::try_from(divisor).ok()? })
    }
}

fn decimal(text: &str) -> Option<u32> {
    text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Reads the parameter `DEBUG`: serial ports as [`Line::parse`] has them, and `SCREEN`, with semicolons between them. The outer
/// `None` means that it is none of that, or names two ports; the inner one that there is to be no serial port.
#[must_use]
pub fn parse_debug(text: &str) -> Option<Option<Line>> {
    text.split(';').try_fold(None, |line, word| match (line, word.eq_ignore_ascii_case("SCREEN")) {
        (line, true) => Some(line),
        (None, false) => Line::parse(word).map(Some),
        (Some(_), false) => None,
    })
}

#[cfg(test)]
mod tests;
