//! COM1 as a 16550 UART, polled. Works with and without boot services, and without a port at all.
//!
//! Source: National Semiconductor PC16550D data sheet, section 8 (registers).

use core::fmt;

use super::processor::{read_port, write_port};

/// COM1's first register.
const BASE: u16 = 0x3F8;
const DATA: u16 = BASE;
const INTERRUPT_ENABLE: u16 = BASE + 1;
const FIFO_CONTROL: u16 = BASE + 2;
const LINE_CONTROL: u16 = BASE + 3;
const MODEM_CONTROL: u16 = BASE + 4;
const LINE_STATUS: u16 = BASE + 5;
const SCRATCH: u16 = BASE + 7;

/// Line status: the transmitter's holding register is empty.
const TRANSMITTER_EMPTY: u8 = 1 << 5;
/// Line control: 8 data bits, no parity, one stop bit.
const EIGHT_N_ONE: u8 = 0b11;
/// Line control: the first two registers are the divisor.
const DIVISOR_LATCH: u8 = 1 << 7;
/// Modem control: data terminal ready, request to send.
const READY: u8 = 0b11;

/// How often a byte's turn is waited for; at 9600 baud a byte takes a millisecond, a port read about one microsecond.
const PATIENCE: u32 = 100_000;

/// The first serial port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SerialPort {
    /// It answers.
    Present,
    /// Nothing is there; what is written goes nowhere.
    Absent,
}

impl SerialPort {
    /// Looks whether there is a port.
    #[must_use]
    pub fn find() -> Self {
        for pattern in [0x5A, 0xA5] {
            Self::write(SCRATCH, pattern);
            if Self::read(SCRATCH) != pattern {
                return Self::Absent;
            }
        }
        Self::Present
    }

    /// Sets the line to 115200 baud, 8N1, no interrupts. Needed only where the firmware hasn't done it.
    pub fn set_up(&self) {
        if *self == Self::Absent {
            return;
        }
        Self::write(INTERRUPT_ENABLE, 0);
        Self::write(LINE_CONTROL, EIGHT_N_ONE | DIVISOR_LATCH);
        // 115200 Hz divided by 1.
        Self::write(DATA, 1);
        Self::write(INTERRUPT_ENABLE, 0);
        Self::write(LINE_CONTROL, EIGHT_N_ONE);
        Self::write(FIFO_CONTROL, 1);
        Self::write(MODEM_CONTROL, READY);
    }

    fn send(&self, byte: u8) {
        if *self == Self::Absent {
            return;
        }
        for _ in 0..PATIENCE {
            if Self::read(LINE_STATUS) & TRANSMITTER_EMPTY != 0 {
                break;
            }
        }
        Self::write(DATA, byte);
    }

    fn write(port: u16, value: u8) {
        // SAFETY: `port` is one of COM1's eight registers (the constants above are all that is passed). A UART has no
        // access to memory, and an absent one ignores the write.
        unsafe { write_port(port, value) };
    }

    fn read(port: u16) -> u8 {
        // SAFETY: `port` is one of COM1's eight registers; reading one changes at most the UART's own flags.
        unsafe { read_port(port) }
    }
}

impl fmt::Write for SerialPort {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.send(byte);
        }
        Ok(())
    }
}
