//! The switch: from the state that firmware leaves to the tables, the mode and the entry point wanted.
//!
//! ```text
//!   code page    a copy of the switch's instructions, identity-mapped before and after
//!   data page    +0 Switch (operands and descriptor table)      +4096 stack, downwards
//! ```
//!
//! Both pages lie below 4 GiB, so that the instructions run with paging off as well. They use no address but their own
//! and that of the data page. What they leave behind is the machine state of the boot protocol: interrupts off, flat
//! segments from the table in the data page, no interrupt table, PCIDE, PGE and CET off, WP on, NXE and PAT as asked.

use core::arch::asm;
use core::mem::offset_of;
use core::slice;

use xtcore::{FrameCount, PagingMode};

use crate::boot::Ready;

/// Set in [`Switch::flags`]: write IA32_EFER.NXE.
pub(super) const SET_NO_EXECUTE: u64 = 1 << 0;
/// Set in [`Switch::flags`]: write IA32_PAT.
pub(super) const SET_PAGE_ATTRIBUTES: u64 = 1 << 1;
/// Set in [`Switch::flags`]: CR4 has a bit CET.
pub(super) const HAS_CONTROL_FLOW: u64 = 1 << 2;

/// The protocol's IA32_PAT, one half; both are equal: WB, WC, UC-, UC.
pub(super) const PAGE_ATTRIBUTES: u32 = 0x0007_0106;

/// CR4 bits that are kept as the firmware set them: MCE, OSFXSR, OSXMMEXCPT.
pub(super) const CR4_KEPT: u32 = 1 << 6 | 1 << 9 | 1 << 10;
pub(super) const CR4_PSE: u32 = 1 << 4;
pub(super) const CR4_PAE: u32 = 1 << 5;
pub(super) const CR4_LA57: u32 = 1 << 12;
pub(super) const CR4_CET_BIT: u32 = 23;
pub(super) const CR0_PG_BIT: u32 = 31;
/// CR0 bits that end up clear: EM, TS, AM, NW, CD.
pub(super) const CR0_CLEAR: u32 = 1 << 2 | 1 << 3 | 1 << 18 | 1 << 29 | 1 << 30;
/// CR0 bits that end up set: NE, WP.
pub(super) const CR0_SET: u32 = 1 << 5 | 1 << 16;

/// Selectors in [`Switch::descriptors`]; the first one, 64-bit code, is amd64's alone.
pub(super) const DATA: u32 = 0x10;
pub(super) const CODE32: u32 = 0x18;

pub(super) const EFER: u32 = 0xC000_0080;
pub(super) const EFER_NXE_BIT: u32 = 11;
pub(super) const PAT: u32 = 0x277;

/// Bytes of the data page; the stack starts at its end.
pub(super) const DATA_BYTES: usize = 4096;

/// Where the instructions find what they need. Equal on both architectures.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Switch {
    root: u64,
    cr4: u64,
    flags: u64,
    stack: u64,
    arguments: [u64; 2],
    entry: u64,
    descriptor_table: TablePointer,
    interrupt_table: TablePointer,
    descriptors: [u64; 4],
}

/// The operand of LGDT and LIDT, placed so that the base is aligned.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
struct TablePointer {
    unused: [u16; 3],
    limit: u16,
    base: u64,
}

pub(super) const AT_ROOT: usize = offset_of!(Switch, root);
pub(super) const AT_CR4: usize = offset_of!(Switch, cr4);
pub(super) const AT_FLAGS: usize = offset_of!(Switch, flags);
pub(super) const AT_STACK: usize = offset_of!(Switch, stack);
pub(super) const AT_ARGUMENT: usize = offset_of!(Switch, arguments);
pub(super) const AT_SECOND: usize = AT_ARGUMENT + size_of::<u64>();
pub(super) const AT_ENTRY: usize = offset_of!(Switch, entry);
pub(super) const AT_GDT: usize = offset_of!(Switch, descriptor_table) + offset_of!(TablePointer, limit);
pub(super) const AT_IDT: usize = offset_of!(Switch, interrupt_table) + offset_of!(TablePointer, limit);

/// The two pages that a switch runs in.
#[derive(Clone, Copy, Debug)]
pub struct CodeAndData {
    code: *mut u8,
    data: *mut u8,
}

impl CodeAndData {
    /// Names the pages.
    ///
    /// # Safety
    /// Both are pages below 4 GiB, writable, the caller's own, and mapped at their physical addresses by the current
    /// tables (or paging is off) and by the tables that will be switched to. The first may be executed.
    #[must_use]
    pub const unsafe fn new(code: *mut u8, data: *mut u8) -> Self {
        Self { code, data }
    }
}

impl Switch {
    /// Describes a switch to the tables at `root`, then to `entry` with two `arguments`, on the stack that ends at `stack`.
    ///
    /// NXE, PAT and CET are left alone until asked for.
    #[must_use]
    pub const fn new(mode: PagingMode, root: u64, entry: u64, arguments: [u64; 2], stack: u64) -> Self {
        let cr4 = match mode {
            PagingMode::Pml2 => 0,
            PagingMode::Pml3 | PagingMode::Pml4 => CR4_PAE,
            PagingMode::Pml5 => CR4_PAE | CR4_LA57,
        };
        Self {
            root,
            cr4: cr4 as u64,
            flags: 0,
            stack,
            arguments,
            entry,
            descriptor_table: TablePointer { unused: [0; 3], limit: 0, base: 0 },
            interrupt_table: TablePointer { unused: [0; 3], limit: 0, base: 0 },
            descriptors: [
                0,
                // Flat, present, level 0: 64-bit code; data; 32-bit code (SDM volume 3A, section 3.4.5).
                0x00AF_9B00_0000_FFFF,
                0x00CF_9300_0000_FFFF,
                0x00CF_9B00_0000_FFFF,
            ],
        }
    }

    /// Goes there. Nothing of the caller remains but its memory.
    ///
    /// # Safety
    /// The tables at `root` are right for the mode and map `entry` executable and the stack writable; whoever is
    /// entered expects the arguments; the processor has what the flags say. `pages` fulfils its own promise.
    pub unsafe fn go(mut self, pages: CodeAndData) -> ! {
        self.descriptor_table.base = pages.data as u64 + offset_of!(Self, descriptors) as u64;
        self.descriptor_table.limit = (size_of_val(&self.descriptors) - 1) as u16;
        let code = instructions();
        // SAFETY: the code page is writable and the caller's own, and the instructions are shorter than a page (checked
        // where they are defined); they do not overlap it, being part of this image.
        unsafe { core::ptr::copy_nonoverlapping(code.as_ptr(), pages.code, code.len()) };
        // SAFETY: the data page is writable, aligned to a page, and the caller's own.
        unsafe { pages.data.cast::<Self>().write(self) };
        // The register has this name on amd64 too, where it is RCX as a whole.
        // SAFETY: the code page holds the instructions now, and the data page, which they find by this register, their
        // operands; they need nothing else of this image, and never come back to it.
        unsafe { asm!("jmp {code}", code = in(reg) pages.code, in("ecx") pages.data, options(noreturn)) }
    }
}

unsafe extern "C" {
    /// The architecture's instructions, from the first to the end of the last.
    static xtldr_switch_start: u8;
    static xtldr_switch_end: u8;
}

/// Returns the switch's instructions, at most a page of them.
fn instructions() -> &'static [u8] {
    let start = &raw const xtldr_switch_start;
    let end = &raw const xtldr_switch_end;
    let bytes = (end as usize - start as usize).min(DATA_BYTES);
    // SAFETY: both symbols are labels of one section, the second behind the first; code is never written.
    unsafe { slice::from_raw_parts(start, bytes) }
}

/// Enters the kernel.
///
/// # Safety
/// Boot services have been left, and `ready` comes from the boot that was prepared on this machine: its tables, pages
/// and stack are in memory and nobody else's.
pub unsafe fn hand_over(ready: &Ready) -> ! {
    let mut switch = Switch::new(
        ready.mode,
        ready.page_root.get(),
        ready.entry.get(),
        [ready.block.get(), ready.self_map_slot as u64],
        ready.stack_top.get(),
    );
    if ready.mode == PagingMode::Pml2 && ready.large_pages.is_present() {
        switch.cr4 |= u64::from(CR4_PSE);
    }
    for (support, flag) in [
        (ready.no_execute, SET_NO_EXECUTE),
        (ready.page_attributes, SET_PAGE_ATTRIBUTES),
        (ready.control_flow, HAS_CONTROL_FLOW),
    ] {
        if support.is_present() {
            switch.flags |= flag;
        }
    }
    debug_assert_eq!(ready.data.number() - ready.code.number(), FrameCount::ONE.get());
    let at = |frame: xtcore::Frame| frame.address().get() as usize as *mut u8;
    // SAFETY: both frames belong to the boot's hand-over pages, which lie below 4 GiB; UEFI maps all memory at its
    // physical address, and the kernel's tables map these two pages there.
    let pages = unsafe { CodeAndData::new(at(ready.code), at(ready.data)) };
    // SAFETY: the boot built the tables, with the entry point in an executable section and the stack below
    // `stack_top`; the flags come from this processor's CPUID.
    unsafe { switch.go(pages) }
}
