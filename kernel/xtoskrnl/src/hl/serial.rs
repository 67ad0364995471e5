//! A serial port: a 16550 with 8 data bits, no parity, polled. One at a time is in use.
//!
//! Source: National Semiconductor PC16550D data sheet, section 8.
#![allow(unsafe_code, reason = "naming I/O ports")]

use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};

use xthal::serial::{
    DATA_READY, DIVISOR_LATCH, EIGHT_N_ONE, FIFO_EMPTIED, HOLDING_REGISTER_EMPTY, Line, READY, offset,
};

use crate::ar::control::pause;
use crate::ar::port::Port;

/// An open serial port. Copies are harmless: all state is the hardware's, and [`DEAD`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Serial {
    data: Port,
    line_status: Port,
}

/// How often to look whether the transmitter is free before giving up on the port: about two seconds, because a read of
/// a port takes about a microsecond. At 115200 bits a second a full FIFO takes 1.4 milliseconds, but an emulator's may wait for
/// its reader.
const PATIENCE: u32 = 2_000_000;

/// Whether the port has ever stayed busy for so long. Nothing more is written then: the log must not stop the kernel.
static DEAD: AtomicBool = AtomicBool::new(false);

impl Serial {
    /// Opens a port, or returns `None` when none answers there. It has not been busy for too long then, whatever another one was.
    pub(crate) fn open(line: Line) -> Option<Self> {
        // SAFETY: the eight ports of a 16550, a PC's or one that the user has named; such a device touches no memory.
        let register = |offset| unsafe { Port::new(line.base() + offset) };
        let scratch = register(offset::SCRATCH);
        for probe in [0x5A, 0xA5] {
            scratch.write(probe);
            if scratch.read() != probe {
                return None;
            }
        }
        let [low, high] = line.divisor();
        for (offset, value) in [
            (offset::INTERRUPT_ENABLE, 0),
            (offset::LINE_CONTROL, DIVISOR_LATCH),
            (offset::DATA, low),
            (offset::INTERRUPT_ENABLE, high),
            (offset::LINE_CONTROL, EIGHT_N_ONE),
            (offset::FIFO_CONTROL, FIFO_EMPTIED),
            (offset::MODEM_CONTROL, READY),
        ] {
            register(offset).write(value);
        }
        DEAD.store(false, Ordering::Relaxed);
        Some(Self { data: register(offset::DATA), line_status: register(offset::LINE_STATUS) })
    }

    /// Writes a byte, as soon as the port takes it.
    pub(crate) fn write(self, byte: u8) {
        if DEAD.load(Ordering::Relaxed) {
            return;
        }
        for _ in 0..PATIENCE {
            if self.line_status.read() & HOLDING_REGISTER_EMPTY != 0 {
                self.data.write(byte);
                return;
            }
            pause();
        }
        DEAD.store(true, Ordering::Relaxed);
    }

    /// Waits for a byte.
    pub(crate) fn read(self) -> u8 {
        loop {
            if let Some(byte) = self.poll() {
                return byte;
            }
            pause();
        }
    }

    /// Returns a byte that has come. Costs one access to a port where none has.
    pub(crate) fn poll(self) -> Option<u8> {
        (self.line_status.read() & DATA_READY != 0).then(|| self.data.read())
    }
}

impl fmt::Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|byte| self.write(byte));
        Ok(())
    }
}
