//! The two instructions that a PC speaker needs.
#![allow(unsafe_code, reason = "instructions have no safe form")]

use core::arch::asm;

/// A port of the interval timer or of the gate to the speaker: what this module may touch, and nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub(super) enum Port {
    /// Counter 2, which drives the speaker.
    Counter = 0x42,
    /// The timer's control word.
    Control = 0x43,
    /// The speaker's gate.
    Gate = 0x61,
}

impl Port {
    /// Writes a byte.
    pub(super) fn write(self, value: u8) {
        // SAFETY: counter 2 and the gate drive the speaker alone, and control words for counter 2 leave the others be.
        // Neither device has access to memory; where they don't exist, the write goes nowhere. Firmware runs its drivers
        // at privilege level 0.
        unsafe {
            asm!("out dx, al", in("dx") self as u16, in("al") value, options(nomem, nostack, preserves_flags));
        }
    }

    /// Reads a byte.
    pub(super) fn read(self) -> u8 {
        let value;
        // SAFETY: reading the gate has no effect, reading the counter moves its own latch only.
        unsafe {
            asm!("in al, dx", in("dx") self as u16, out("al") value, options(nomem, nostack, preserves_flags));
        }
        value
    }
}
