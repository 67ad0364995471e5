//! The first serial port: a 16550 at 0x3F8, 115200 baud, 8 data bits, no parity, polled.
//!
//! Source: National Semiconductor PC16550D data sheet, section 8.
#![allow(unsafe_code, reason = "naming I/O ports")]

use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::ar::control::pause;
use crate::ar::port::Port;

/// An open serial port. Copies are harmless: all state is the hardware's, and [`DEAD`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Serial {
    data: Port,
    line_status: Port,
}

const COM1: u16 = 0x3F8;
const DATA_READY: u8 = 1 << 0;
/// THRE: the transmitter, its FIFO included, takes another byte.
const HOLDING_REGISTER_EMPTY: u8 = 1 << 5;

/// How often to look whether the transmitter is free before giving up on the port: about two seconds, because a read of
/// a port takes about a microsecond. A full FIFO takes 1.4 milliseconds, but an emulator's may wait for its reader.
const PATIENCE: u32 = 2_000_000;

/// Whether the port has ever stayed busy for so long. Nothing more is written then: the log must not stop the kernel.
static DEAD: AtomicBool = AtomicBool::new(false);

impl Serial {
    /// Opens COM1, or returns `None` when no such port answers.
    pub(crate) fn open_first() -> Option<Self> {
        // SAFETY: the eight ports of a 16550; none of them makes the device touch memory.
        let register = |offset| unsafe { Port::new(COM1 + offset) };
        let scratch = register(7);
        for probe in [0x5A, 0xA5] {
            scratch.write(probe);
            if scratch.read() != probe {
                return None;
            }
        }
        let (interrupts, line_control, modem_control, fifo) =
            (register(1), register(3), register(4), register(2));
        interrupts.write(0);
        line_control.write(0x80);
        register(0).write(1);
        register(1).write(0);
        line_control.write(0x03);
        fifo.write(0x07);
        modem_control.write(0x03);
        Some(Self { data: register(0), line_status: register(5) })
    }

    fn write(self, byte: u8) {
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
        while self.line_status.read() & DATA_READY == 0 {
            pause();
        }
        self.data.read()
    }
}

impl fmt::Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|byte| self.write(byte));
        Ok(())
    }
}
