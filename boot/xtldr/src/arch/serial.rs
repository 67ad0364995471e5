//! A serial port as a 16550 UART, polled. Works with and without boot services, and without a port at all.
//!
//! Source: National Semiconductor PC16550D data sheet, section 8 (registers).

use core::fmt;

use xthal::serial::{DATA_READY, DIVISOR_LATCH, EIGHT_N_ONE, HOLDING_REGISTER_EMPTY, Line, READY, offset};

use super::processor::{read_port, write_port};

/// How often a byte's turn is waited for; at 9600 baud a byte takes a millisecond, a port read about one microsecond.
const PATIENCE: u32 = 100_000;

/// FIFO control: on.
const FIFO_ON: u8 = 1;

/// A serial port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SerialPort {
    /// It answers.
    Present {
        /// The number of the first of its eight I/O ports.
        base: u16,
    },
    /// Nothing is there; what is written goes nowhere.
    Absent,
}

impl SerialPort {
    /// Looks whether there is a port whose registers begin at `base`.
    #[must_use]
    pub fn find(base: u16) -> Self {
        for pattern in [0x5A, 0xA5] {
            write(base, offset::SCRATCH, pattern);
            if read(base, offset::SCRATCH) != pattern {
                return Self::Absent;
            }
        }
        Self::Present { base }
    }

    /// Looks for the first serial port of a PC.
    #[must_use]
    pub fn first() -> Self {
        Self::find(Line::COM1.base())
    }

    /// Tells whether this is the first serial port of a PC.
    #[must_use]
    pub fn is_first(&self) -> bool {
        *self == Self::Present { base: Line::COM1.base() }
    }

    /// Sets the line to a speed, by the divisor of its clock, 8N1, no interrupts. Needed only where the firmware
    /// hasn't done it, or at another speed.
    pub fn set_up(&self, divisor: u16) {
        let Self::Present { base } = *self else { return };
        let [low, high] = divisor.to_le_bytes();
        for (offset, value) in [
            (offset::INTERRUPT_ENABLE, 0),
            (offset::LINE_CONTROL, EIGHT_N_ONE | DIVISOR_LATCH),
            (offset::DATA, low),
            (offset::INTERRUPT_ENABLE, high),
            (offset::LINE_CONTROL, EIGHT_N_ONE),
            (offset::FIFO_CONTROL, FIFO_ON),
            (offset::MODEM_CONTROL, READY),
        ] {
            write(base, offset, value);
        }
    }

    /// Returns a byte that has come, if one has.
    #[must_use]
    pub fn receive(&self) -> Option<u8> {
        let Self::Present { base } = *self else { return None };
        (read(base, offset::LINE_STATUS) & DATA_READY != 0).then(|| read(base, offset::DATA))
    }

    fn send(&self, byte: u8) {
        let Self::Present { base } = *self else { return };
        for _ in 0..PATIENCE {
            if read(base, offset::LINE_STATUS) & HOLDING_REGISTER_EMPTY != 0 {
                break;
            }
        }
        write(base, offset::DATA, byte);
    }
}

/// Writes to a register. `register` is one of the eight of `xthal::serial::offset`.
fn write(base: u16, register: u16, value: u8) {
    // SAFETY: the port is a register of a UART: a PC's first four, or where the machine's owner says that one is. A UART has
    // no access to memory, and an absent one ignores the write.
    unsafe { write_port(base.wrapping_add(register), value) };
}

/// Reads a register. `register` is one of the eight of `xthal::serial::offset`.
fn read(base: u16, register: u16) -> u8 {
    // SAFETY: the port is a register of a UART, as in `write`; reading one changes at most the UART's own flags.
    unsafe { read_port(base.wrapping_add(register)) }
}

impl fmt::Write for SerialPort {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.send(byte);
        }
        Ok(())
    }
}
