//! GDT and TSS of a processor, and the stacks of faults that cannot trust the one they interrupt.
//!
//! #DF, NMI and #MC get a stack of their own through the interrupt stack table (SDM volume 3A, section 6.14.5). On the boot
//! processor they begin on a small stack inside the image, so that a fault is readable from the kernel's first
//! instructions on, and move to guarded ones as soon as memory can be mapped. Other processors have theirs before they start.
//!
//! A page fault stays on the stack that it interrupts, because it may be resolved and another may come meanwhile. One
//! that a push into a guard page raises cannot be delivered there: it becomes a double fault, which is an abort.
#![allow(unsafe_code, reason = "the processor reads these tables through their addresses")]

use core::arch::asm;
use core::cell::UnsafeCell;
use core::mem::offset_of;
use core::sync::atomic::{AtomicU64, Ordering};

use xtcore::{VirtAddr, VirtRange};

use super::gates;
use crate::ar::control;
use crate::ar::handler::{self, Handlers};
use crate::ar::local::{self, Local};

/// A fault that has a stack of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FaultStack {
    /// #DF.
    DoubleFault,
    /// NMI.
    NonMaskable,
    /// #MC.
    MachineCheck,
}

impl FaultStack {
    /// All of them, in the order of their entries in the interrupt stack table.
    pub(crate) const ALL: [Self; 3] = [Self::DoubleFault, Self::NonMaskable, Self::MachineCheck];

    /// Returns the name that bug checks print.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::DoubleFault => "double-fault stack",
            Self::NonMaskable => "NMI stack",
            Self::MachineCheck => "machine-check stack",
        }
    }

    /// Returns the number of the interrupt-stack-table entry for a vector; 0 means the current stack.
    pub(super) const fn entry_for(vector: usize) -> u8 {
        match vector {
            8 => 1,
            2 => 2,
            18 => 3,
            _ => 0,
        }
    }
}

pub(super) const CODE: u16 = 0x08;
const DATA: u16 = 0x10;
const TASK: u16 = 0x18;

/// The 64-bit task state segment (SDM volume 3A, figure 8-11), behind four bytes that are not part of it.
///
/// All 64-bit fields of the segment lie at odd multiples of 4. So it begins at one itself, and a stack pointer can be
/// replaced by one aligned store. The alignment of the whole keeps it within a page.
#[repr(C, align(128))]
struct TaskState {
    before: u32,
    reserved_0: u32,
    rings: [u64; 3],
    reserved_28: u64,
    /// The interrupt stack table: tops of stacks. Its entries count from 1.
    stacks: [AtomicU64; 7],
    reserved_92: u64,
    reserved_100: u16,
    /// Offset of the port map: beyond the limit, so there is none.
    map_base: u16,
}

impl TaskState {
    const OFFSET: usize = offset_of!(Self, reserved_0);
    const BYTES: usize = 104;

    const fn new() -> Self {
        Self {
            before: 0,
            reserved_0: 0,
            rings: [0; 3],
            reserved_28: 0,
            stacks: [const { AtomicU64::new(0) }; 7],
            reserved_92: 0,
            reserved_100: 0,
            map_base: Self::BYTES as u16,
        }
    }
}

const _: () = {
    assert!(offset_of!(TaskState, stacks) - TaskState::OFFSET == 36);
    assert!(offset_of!(TaskState, map_base) - TaskState::OFFSET == 102);
};

/// The stack of the first faults. A section of its own, behind a read-only one: what overflows it faults instead of
/// writing into the kernel's data.
#[repr(C, align(4096))]
struct EarlyStack(UnsafeCell<[u8; 8192]>);

// SAFETY: only the boot processor uses it, through the interrupt stack table.
unsafe impl Sync for EarlyStack {}

#[unsafe(link_section = ".zstack")]
static EARLY: EarlyStack = EarlyStack(UnsafeCell::new([0; 8192]));

/// What a processor reads to find its segments and stacks.
pub(crate) struct Tables {
    gdt: [UnsafeCell<u64>; 5],
    task: TaskState,
}

// SAFETY: software writes the descriptors only before the processor loads them; after that the processor itself changes
// the task's. The task state needs no promise: what changes in it is atomic.
unsafe impl Sync for Tables {}

impl Tables {
    /// Returns tables without a task's descriptor, which needs their final address.
    pub(crate) const fn new() -> Self {
        Self {
            gdt: [
                UnsafeCell::new(0),
                UnsafeCell::new(0x00AF_9B00_0000_FFFF),
                UnsafeCell::new(0x00CF_9300_0000_FFFF),
                UnsafeCell::new(0),
                UnsafeCell::new(0),
            ],
            task: TaskState::new(),
        }
    }
}

/// Returns the pages of the stack that the boot processor's fault handlers begin on.
pub(crate) fn early_fault_stack() -> VirtRange {
    VirtRange::saturating(VirtAddr::new(EARLY.0.get() as u64), size_of::<EarlyStack>() as u64)
}

/// What LGDT reads.
#[repr(C, packed)]
struct Pointer {
    limit: u16,
    base: u64,
}

/// Loads the boot processor's tables, and has the handlers called for every exception and every interrupt. Called once,
/// first of all.
pub(crate) fn install_tables(handlers: Handlers) {
    handler::set_handlers(handlers);
    set_fault_stacks(&local::BOOT, [early_fault_stack().end(); 3]);
    // SAFETY: this is the first of all processors, and it loads the table only below.
    unsafe { gates::write() };
    // SAFETY: called once, on the boot processor, whose block this is; its stacks have just been set.
    unsafe { load_tables(&local::BOOT) };
}

/// Has this processor use the tables of a block, and GS point to it.
///
/// # Safety
/// No processor uses the block yet, and its fault stacks are set.
pub(crate) unsafe fn load_tables(block: &'static Local) {
    let Tables { gdt, task } = &block.tables;
    let address = &raw const *task as u64 + TaskState::OFFSET as u64;
    let limit = TaskState::BYTES as u64 - 1;
    let descriptor = limit | (address & 0xFF_FFFF) << 16 | 0x89 << 40 | (address >> 24 & 0xFF) << 56;
    let [.., task_low, task_high] = gdt;
    // SAFETY: no task register refers to the descriptor yet, and nobody else holds a reference into its cell.
    unsafe { task_low.get().write(descriptor) };
    // SAFETY: the upper half of the same descriptor.
    unsafe { task_high.get().write(address >> 32) };
    let pointer = Pointer { limit: size_of::<[u64; 5]>() as u16 - 1, base: gdt.as_ptr() as u64 };
    // SAFETY: the descriptor table stays, and its code and data descriptors are flat ones of ring 0, as the ones in
    // use are; a far return loads CS.
    unsafe {
        asm!(
            "lgdt [{gdt}]",
            "push {code}",
            "lea {scratch}, [rip + 2f]",
            "push {scratch}",
            "retfq",
            "2:",
            "mov ds, {data:e}",
            "mov es, {data:e}",
            "mov ss, {data:e}",
            "xor {data:e}, {data:e}",
            "mov fs, {data:e}",
            "mov gs, {data:e}",
            gdt = in(reg) &raw const pointer,
            code = in(reg) u64::from(CODE),
            data = inout(reg) u64::from(DATA) => _,
            scratch = out(reg) _,
        );
    }
    // SAFETY: every 64-bit processor has the register; nothing has used GS before, and its selector is loaded above.
    unsafe { control::write_msr(control::MSR_GS_BASE, &raw const *block as u64) };
    // SAFETY: the descriptor of the task state is present and not busy.
    unsafe { asm!("ltr {0:x}", in(reg) TASK, options(nostack, preserves_flags)) };
    gates::load();
}

/// Gives the faults of [`FaultStack::ALL`] other stacks on the processor of a block, by their tops: multiples of 16.
///
/// An NMI may come between two of the stores: each of its own stacks is valid, the old one and the new.
pub(crate) fn set_fault_stacks(block: &Local, tops: [VirtAddr; 3]) {
    for (stack, top) in block.tables.task.stacks.iter().zip(tops) {
        stack.store(top.get(), Ordering::Relaxed);
    }
}
