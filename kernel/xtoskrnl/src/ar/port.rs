//! I/O ports.
#![allow(unsafe_code, reason = "the IN and OUT instructions")]

use core::arch::asm;

/// An I/O port of eight bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Port(u16);

impl Port {
    /// Names a port.
    ///
    /// # Safety
    /// Reading and writing this port must not change memory that the program owns.
    pub(crate) const unsafe fn new(number: u16) -> Self {
        Self(number)
    }

    /// Reads a byte.
    pub(crate) fn read(self) -> u8 {
        let value: u8;
        // SAFETY: who made the port promised that reading it touches no memory of ours; IN changes AL only.
        unsafe {
            asm!("in al, dx", in("dx") self.0, out("al") value, options(nomem, nostack, preserves_flags))
        };
        value
    }

    /// Writes a byte.
    pub(crate) fn write(self, value: u8) {
        // SAFETY: who made the port promised that writing it touches no memory of ours; OUT changes no register.
        unsafe {
            asm!("out dx, al", in("dx") self.0, in("al") value, options(nomem, nostack, preserves_flags))
        };
    }

    /// Writes 16 bits.
    pub(crate) fn write_word(self, value: u16) {
        // SAFETY: as for a byte; ACPI's control registers are 16 bits wide.
        unsafe {
            asm!("out dx, ax", in("dx") self.0, in("ax") value, options(nomem, nostack, preserves_flags))
        };
    }

    /// Reads 16 bits.
    pub(crate) fn read_word(self) -> u16 {
        let value: u16;
        // SAFETY: as for a byte; IN changes AX only.
        unsafe {
            asm!("in ax, dx", in("dx") self.0, out("ax") value, options(nomem, nostack, preserves_flags))
        };
        value
    }

    /// Reads 32 bits.
    pub(crate) fn read_long(self) -> u32 {
        let value: u32;
        // SAFETY: who made the port promised that reading it touches no memory of ours, whatever the width; IN changes EAX.
        unsafe {
            asm!("in eax, dx", in("dx") self.0, out("eax") value, options(nomem, nostack, preserves_flags))
        };
        value
    }
}
