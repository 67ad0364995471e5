//! What a processor has for itself: its number and its run level, each reached by one instruction.
//!
//! A segment register points to the processor's own block (GS on amd64, FS on i686, as in NT), so that the same
//! instruction reads another byte on another processor. One instruction matters, not only for its speed: a thread
//! that may move between processors must not find the block first and use it later.
//!
//! ```text
//!   segment + 0                the processor's number, a machine word
//!   segment + size of a word   its run level, a byte
//! ```
//!
//! Every write is a barrier to the compiler: no access to what a run level protects moves out of it.
#![allow(unsafe_code, reason = "memory behind a segment register has no name in the language")]

use core::arch::asm;
use core::cell::UnsafeCell;
use core::mem::offset_of;

use xtmm::machine::{CpuIndex, RunLevel};

/// A processor's own block.
#[repr(C)]
pub(super) struct Local {
    number: usize,
    level: UnsafeCell<RunLevel>,
}

// SAFETY: the number never changes; the level is accessed by the processor that the block belongs to alone, and only
// through its segment register, an instruction at a time.
unsafe impl Sync for Local {}

/// The boot processor's block. It starts at High: nothing may interrupt a kernel that has not begun.
pub(super) static BOOT: Local = Local { number: 0, level: UnsafeCell::new(RunLevel::High) };

#[cfg(target_arch = "x86_64")]
macro_rules! own {
    ($before:literal, $after:literal) => {
        concat!($before, "gs:[{}]", $after)
    };
}
#[cfg(target_arch = "x86")]
macro_rules! own {
    ($before:literal, $after:literal) => {
        concat!($before, "fs:[{}]", $after)
    };
}

/// Returns the number of the processor.
#[inline]
pub(crate) fn cpu() -> CpuIndex {
    let number: usize;
    // SAFETY: the descriptor tables were installed first of all, and with them the segment; the read changes nothing.
    unsafe {
        asm!(own!("mov {1}, ", ""), const offset_of!(Local, number), out(reg) number,
             options(nostack, preserves_flags, readonly));
    }
    CpuIndex::new(number)
}

/// Returns the run level of the processor.
#[inline]
pub(crate) fn run_level() -> RunLevel {
    let raw: u32;
    // SAFETY: as for the number.
    unsafe {
        asm!(own!("movzx {1:e}, byte ptr ", ""), const offset_of!(Local, level), out(reg) raw,
             options(nostack, preserves_flags, readonly));
    }
    // SAFETY: MOVZX leaves one byte. It was a level when the block was made, and `set_run_level` writes nothing but levels.
    unsafe { core::mem::transmute::<u8, RunLevel>(raw as u8) }
}

/// Changes the run level of the processor. Hardware is not touched: levels are lazy (design D7a).
#[inline]
pub(crate) fn set_run_level(level: RunLevel) {
    // SAFETY: one byte of the processor's own block is written, through the segment that was loaded first of all; it
    // holds a level afterwards. Not `nomem`, so that the compiler keeps other accesses on their side of it.
    unsafe {
        asm!(own!("mov ", ", {1}"), const offset_of!(Local, level), in(reg_byte) level as u8,
             options(nostack, preserves_flags));
    }
}
