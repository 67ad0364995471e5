//! The interrupt descriptor table: one for all processors, which is written once and never changes.
#![allow(unsafe_code, reason = "the processor reads the table through its address")]

use core::arch::asm;
use core::cell::UnsafeCell;

use super::tables::{CODE, FaultStack};
use super::{interrupt, trap};
use crate::ar::fault::EXCEPTIONS;

/// Vectors: 32 exceptions, the others for interrupts.
const VECTORS: usize = 256;

/// An interrupt gate (SDM volume 3A, figure 6-8).
#[derive(Clone, Copy)]
#[repr(C, align(16))]
struct Gate {
    low: u64,
    high: u64,
}

impl Gate {
    const ABSENT: Self = Self { low: 0, high: 0 };

    const fn interrupt(target: u64, stack: u8) -> Self {
        let present_interrupt_gate = 0x8E00_u64;
        let low = target & 0xFFFF
            | (CODE as u64) << 16
            | (stack as u64) << 32
            | present_interrupt_gate << 32
            | (target >> 16 & 0xFFFF) << 48;
        Self { low, high: target >> 32 }
    }

    /// Returns the gate of a vector.
    fn of(vector: usize) -> Self {
        if vector < EXCEPTIONS {
            Self::interrupt(trap::stub(vector), FaultStack::entry_for(vector))
        } else {
            Self::interrupt(interrupt::stub(vector), 0)
        }
    }
}

struct Table(UnsafeCell<[Gate; VECTORS]>);

// SAFETY: the boot processor alone writes it, before any processor has loaded it; after that everybody only reads.
unsafe impl Sync for Table {}

static TABLE: Table = Table(UnsafeCell::new([Gate::ABSENT; VECTORS]));

/// What LIDT reads.
#[repr(C, packed)]
struct Pointer {
    limit: u16,
    base: u64,
}

/// Writes the table.
///
/// # Safety
/// No processor has loaded it yet.
pub(super) unsafe fn write() {
    // SAFETY: no processor reads the table yet, as the caller says, and nobody else refers to it.
    unsafe { TABLE.0.get().write(core::array::from_fn(Gate::of)) };
}

/// Has this processor use the table.
pub(super) fn load() {
    let pointer = Pointer { limit: size_of::<[Gate; VECTORS]>() as u16 - 1, base: TABLE.0.get() as u64 };
    // SAFETY: every gate leads to a stub, on stacks that the processor's task state names.
    unsafe { asm!("lidt [{}]", in(reg) &raw const pointer, options(readonly, nostack, preserves_flags)) };
}
