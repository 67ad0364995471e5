//! What a processor has for itself: its number, its run level, and what waits for the level to fall, each reached by
//! one instruction.
//!
//! A segment register points to the processor's own block (GS on amd64, FS on i686, as in NT), so that the same
//! instruction reads another byte on another processor. One instruction matters, not only for its speed: a thread
//! that may move between processors must not find the block first and use it later.
//!
//! ```text
//!   segment + 0                the processor's number, a machine word
//!   segment + a word           the block's own address, a machine word
//!   segment + two words        its run level, a byte
//!   segment + two words + 1    what is pending, a byte
//!   segment + three words      the thread that runs, a machine word
//! ```
//!
//! # Lazy levels (design D7a)
//! Levels are kept as [`Mask`]s. Then "is anything pending above this level?" is one comparison of two bytes, whatever is
//! pending beside it: raising a level is a store, and lowering one a store, a comparison and a branch that is not taken.
//!
//! Every write is a barrier to the compiler: no access to what a run level protects moves out of it.
#![allow(unsafe_code, reason = "memory behind a segment register has no name in the language")]

mod mask;

use core::arch::asm;
use core::cell::UnsafeCell;
use core::mem::offset_of;

use xtcore::VirtAddr;
use xtmm::machine::{CpuIndex, RunLevel};

pub(crate) use self::mask::{Mask, Pending};
use super::arch::Tables;

/// The most processors that the kernel can have: as many as the layout has slots for.
pub(crate) const MOST: usize = 64;
const _: () = assert!(MOST <= xtmm::per_cpu::MOST, "each has a place for its caches");

/// A processor's own block.
#[repr(C)]
pub(crate) struct Local {
    number: UnsafeCell<usize>,
    this: *const Self,
    level: UnsafeCell<Mask>,
    pending: UnsafeCell<u8>,
    /// The address of the thread that runs; zero before there are threads.
    thread: UnsafeCell<usize>,
    /// The top of the interrupt stack while nothing runs on it; zero while something does, and before there is one.
    interrupt_stack: UnsafeCell<usize>,
    /// What the processor itself reads: descriptors and task states.
    pub(super) tables: Tables,
}

// SAFETY: the address never changes. The cells are accessed by the processor that the block belongs to alone, an
// instruction at a time through its segment register, or before it runs. The tables argue for themselves.
unsafe impl Sync for Local {}

/// The boot processor's block.
pub(crate) static BOOT: Local = Local::new(CpuIndex::BOOT, &raw const BOOT);

impl Local {
    /// Returns the block of a processor that does not run yet, to be kept at `this`. It starts at High: nothing may
    /// interrupt a processor that has not begun.
    ///
    /// # Panics
    /// There is no such processor: all are numbered below [`MOST`], and whoever looks for things of theirs relies on it.
    pub(crate) const fn new(cpu: CpuIndex, this: *const Self) -> Self {
        assert!(cpu.get() < MOST, "processors are numbered below MOST");
        Self {
            number: UnsafeCell::new(cpu.get()),
            this,
            level: UnsafeCell::new(Mask::up_to(RunLevel::High)),
            pending: UnsafeCell::new(0),
            thread: UnsafeCell::new(0),
            interrupt_stack: UnsafeCell::new(0),
            tables: Tables::new(),
        }
    }

    /// Gives the processor another number than the one that it was prepared with.
    ///
    /// # Safety
    /// The number is below [`MOST`]. The processor does not run yet, or waits for that number and does not look at the old one.
    pub(crate) unsafe fn set_number(&self, cpu: CpuIndex) {
        // SAFETY: nobody reads or writes the cell meanwhile, as the caller says.
        unsafe { self.number.get().write(cpu.get()) };
    }

    /// Gives the processor its interrupt stack, by its top: a multiple of 16.
    ///
    /// # Safety
    /// The caller runs on that processor and takes no interrupts, or the processor does not run. The stack is mapped for
    /// good, and nobody else's.
    pub(crate) unsafe fn set_interrupt_stack(&self, top: VirtAddr) {
        // SAFETY: nobody reads or writes the cell meanwhile, as the caller says.
        unsafe { self.interrupt_stack.get().write(top.get() as usize) };
    }
}

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
    // SAFETY: `Local::new` makes no block with another number, and `set_number` demands such a one.
    unsafe { core::hint::assert_unchecked(number < MOST) };
    CpuIndex::new(number)
}

/// Returns the processor's own block. Still the caller's own later only for whoever stays on the processor.
#[cfg(target_arch = "x86")]
pub(super) fn block() -> &'static Local {
    let block: *const Local;
    // SAFETY: the segment is loaded since the first instructions; the read changes nothing.
    unsafe {
        asm!(own!("mov {1}, ", ""), const offset_of!(Local, this), out(reg) block,
             options(nostack, preserves_flags, readonly));
    }
    // SAFETY: the block of a processor that runs is static or never given back, and says its own address.
    unsafe { &*block }
}

/// Returns the mask of the processor's run level.
#[inline]
pub(crate) fn mask() -> Mask {
    let raw: u8;
    // SAFETY: one byte of the processor's own block is read, through the segment that was loaded first of all.
    unsafe {
        asm!(own!("mov {1}, ", ""), const offset_of!(Local, level), out(reg_byte) raw,
             options(nostack, preserves_flags, readonly));
    }
    Mask::from_block(raw)
}

/// Returns the run level of the processor.
#[inline]
pub(crate) fn run_level() -> RunLevel {
    mask().level()
}

/// Changes the run level of the processor, without a look at what that makes deliverable. Hardware is not touched.
#[inline]
pub(crate) fn set_mask(level: Mask) {
    // SAFETY: one byte of the processor's own block is written, through the segment that was loaded first of all; it
    // holds a level afterwards. Not `nomem`, so that the compiler keeps other accesses on their side of it.
    unsafe {
        asm!(own!("mov ", ", {1}"), const offset_of!(Local, level), in(reg_byte) level.raw(),
             options(nostack, preserves_flags));
    }
}

/// Lowers the run level to `to`; when something is pending above it, `deliver` is called, which delivers it.
///
/// A store, a comparison and a branch. An interrupt may come between any two of them: then it has delivered whatever it
/// made pending above `to`, and the comparison finds less. The thread may move to another processor between the store and the
/// comparison: then it looks at what is pending there, and at worst `deliver` finds nothing to do.
#[inline]
pub(crate) fn lower(to: Mask, deliver: fn(Mask)) {
    // SAFETY: one byte of the processor's own block is written and one read. It holds a level afterwards, and the jump
    // leads to code that is part of this statement. Not `nomem`: what the level protected is finished before.
    unsafe {
        asm!(own!("mov ", ", {2}"), own!("cmp ", ", {2}"), "ja {3}",
             const offset_of!(Local, level), const offset_of!(Local, pending), in(reg_byte) to.raw(),
             label { deliver(to) }, options(nostack));
    }
}

/// Raises the run level from Passive to Dispatch. Tells whether it did: at any other level it does nothing.
///
/// A comparison, a branch and a store. As with [`mask`] and [`set_mask`], the thread may move to another processor before the
/// store, and its level, Passive, with it.
#[inline]
pub(crate) fn raise_from_passive() -> bool {
    // SAFETY: one byte of the processor's own block is read and perhaps written; it holds a level afterwards, and the jump
    // leads to code that is part of this statement. Not `nomem`: what the level protects is not touched before.
    unsafe {
        asm!(own!("cmp byte ptr ", ", {2}"), "jne {4}", own!("mov byte ptr ", ", {3}"),
             const offset_of!(Local, level), const offset_of!(Local, level),
             const Mask::up_to(RunLevel::Passive).raw(), const Mask::up_to(RunLevel::Dispatch).raw(),
             label { return false }, options(nostack));
    }
    true
}

/// Lowers the run level to Passive, as [`lower`] does.
#[inline]
pub(crate) fn lower_to_passive(deliver: fn(Mask)) {
    // SAFETY: as for a level that is not known beforehand: one byte of the processor's own block is written and one read. It
    // holds a level afterwards, and the jump leads to code that is part of this statement. Not `nomem`: what the level
    // protected is finished before.
    unsafe {
        asm!(own!("mov byte ptr ", ", {2}"), own!("cmp byte ptr ", ", {2}"), "ja {3}",
             const offset_of!(Local, level), const offset_of!(Local, pending),
             const Mask::up_to(RunLevel::Passive).raw(),
             label { deliver(Mask::up_to(RunLevel::Passive)) }, options(nostack));
    }
}

/// Adds to what is pending on this processor. One instruction, so an interrupt sees it or comes after it.
#[inline]
pub(crate) fn add_pending(what: Pending) {
    // SAFETY: one byte of the processor's own block is changed, by one instruction.
    unsafe {
        asm!(own!("or byte ptr ", ", {1}"), const offset_of!(Local, pending), in(reg_byte) what.raw(), options(nostack));
    }
}

/// Takes from what is pending on this processor.
#[inline]
pub(crate) fn remove_pending(what: Pending) {
    // SAFETY: one byte of the processor's own block is changed, by one instruction.
    unsafe {
        asm!(own!("and byte ptr ", ", {1}"), const offset_of!(Local, pending), in(reg_byte) !what.raw(), options(nostack));
    }
}

/// Returns what is pending on this processor.
#[inline]
pub(crate) fn pending() -> Pending {
    let raw: u8;
    // SAFETY: one byte of the processor's own block is read.
    unsafe {
        asm!(own!("mov {1}, ", ""), const offset_of!(Local, pending), out(reg_byte) raw,
             options(nostack, preserves_flags, readonly));
    }
    Pending::from_block(raw)
}

/// Returns the address of the thread that runs; zero before there are threads. For whoever asks, it is the same after a move to
/// another processor, because that one runs the same thread then.
#[inline]
pub(crate) fn thread() -> usize {
    let thread: usize;
    // SAFETY: one word of the processor's own block is read.
    unsafe {
        asm!(own!("mov {1}, ", ""), const offset_of!(Local, thread), out(reg) thread,
             options(nostack, preserves_flags, readonly));
    }
    thread
}

/// Makes a thread, by its address, the one that runs on this processor.
#[inline]
pub(crate) fn set_thread(thread: usize) {
    // SAFETY: one word of the processor's own block is written, which nobody reads as anything but a number.
    unsafe {
        asm!(own!("mov ", ", {1}"), const offset_of!(Local, thread), in(reg) thread, options(nostack, preserves_flags));
    }
}

/// Takes the interrupt stack's top out of the processor's block; zero when something runs on the stack, or there is none.
///
/// Called with interrupts off. Two moves, because an exchange with memory would lock the bus.
#[inline]
pub(super) fn lend_interrupt_stack() -> VirtAddr {
    let top: usize;
    // SAFETY: one word of the processor's own block is read and made zero, which means that the stack is in use; no
    // interrupt comes between, as the caller says.
    unsafe {
        asm!(own!("mov {2}, ", ""), own!("mov ", ", {3}"), const offset_of!(Local, interrupt_stack),
             const offset_of!(Local, interrupt_stack), out(reg) top, in(reg) 0_usize,
             options(nostack, preserves_flags));
    }
    VirtAddr::new(top as u64)
}

/// Puts back what [`lend_interrupt_stack`] has taken on this processor.
#[inline]
pub(super) fn take_back_interrupt_stack(top: VirtAddr) {
    // SAFETY: one word of the processor's own block is written; the caller has it from there.
    unsafe {
        asm!(own!("mov ", ", {1}"), const offset_of!(Local, interrupt_stack), in(reg) top.get() as usize,
             options(nostack, preserves_flags));
    }
}
