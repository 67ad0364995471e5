//! Filling and comparing memory, a machine word at a time.
#![allow(unsafe_code, reason = "the string instructions")]

use core::arch::asm;

/// Asks for the cache line at an address, which may be any: a hint that has no effect on what the program does. Every 64-bit
/// processor has the instruction; older ones may not.
#[inline]
pub(crate) fn prefetch(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction reads nothing that the program can see, and never faults (SDM volume 2B, PREFETCHh).
    unsafe {
        asm!("prefetcht0 [{}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// Fills `count` machine words from `start` with `word`.
///
/// # Safety
/// The words must be mapped and writable, aligned, and owned by the caller.
pub(crate) unsafe fn fill(start: *mut usize, count: usize, word: usize) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the caller owns the words; DF is clear, as the ABI demands, so the store moves upwards over them only.
    unsafe {
        asm!("rep stosq", inout("rcx") count => _, inout("rdi") start => _, in("rax") word,
             options(nostack, preserves_flags));
    }
    #[cfg(target_arch = "x86")]
    // SAFETY: the caller owns the words; DF is clear, as the ABI demands, so the store moves upwards over them only.
    unsafe {
        asm!("rep stosd", inout("ecx") count => _, inout("edi") start => _, in("eax") word,
             options(nostack, preserves_flags));
    }
}

/// Returns how many of `count` machine words from `start` differ from `word`.
///
/// # Safety
/// The words must be mapped and aligned, and nobody may write them meanwhile.
pub(crate) unsafe fn count_unlike(start: *const usize, count: usize, word: usize) -> usize {
    // SAFETY: the caller says that the words are mapped, aligned and unchanging while the slice lives.
    let words = unsafe { core::slice::from_raw_parts(start, count) };
    words.iter().filter(|found| **found != word).count()
}
