//! The interrupt descriptor table: one for all processors, which is written once and never changes.
#![allow(unsafe_code, reason = "the processor reads the table through its address")]

use core::arch::asm;
use core::cell::UnsafeCell;

use super::tables::{CODE, FAULT_TASK};
use super::{interrupt, trap};
use crate::ar::fault::{EXCEPTIONS, Vector};

/// Vectors: 32 exceptions, the others for interrupts.
const VECTORS: usize = 256;

/// Encodes the gate of a vector: an interrupt gate to a stub, or the task gate of the double fault (SDM volume 3A, figure
/// 6-2).
fn gate(vector: usize) -> u64 {
    if vector == usize::from(Vector::DOUBLE_FAULT.number()) {
        return u64::from(FAULT_TASK) << 16 | 0x8500 << 32;
    }
    let target = if vector < EXCEPTIONS { trap::stub(vector) } else { interrupt::stub(vector) };
    let target = u64::from(target);
    target & 0xFFFF | u64::from(CODE) << 16 | 0x8E00 << 32 | (target >> 16) << 48
}

struct Table(UnsafeCell<[u64; VECTORS]>);

// SAFETY: the boot processor alone writes it, before any processor has loaded it; after that everybody only reads.
unsafe impl Sync for Table {}

static TABLE: Table = Table(UnsafeCell::new([0; VECTORS]));

/// What LIDT reads.
#[repr(C, packed)]
struct Pointer {
    limit: u16,
    base: u32,
}

/// Writes the table.
///
/// # Safety
/// No processor has loaded it yet.
pub(super) unsafe fn write() {
    // SAFETY: no processor reads the table yet, as the caller says, and nobody else refers to it.
    unsafe { TABLE.0.get().write(core::array::from_fn(gate)) };
}

/// Has this processor use the table.
pub(super) fn load() {
    let pointer = Pointer { limit: size_of::<[u64; VECTORS]>() as u16 - 1, base: TABLE.0.get() as u32 };
    // SAFETY: every gate leads to a stub or to the fault task, whose segment each processor completes before it loads this.
    unsafe { asm!("lidt [{}]", in(reg) &raw const pointer, options(readonly, nostack, preserves_flags)) };
}
