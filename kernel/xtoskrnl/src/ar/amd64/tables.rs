//! GDT, IDT and TSS of the boot processor, and the stacks of faults that cannot trust the one they interrupt.
//!
//! #DF, NMI and #MC get a stack of their own through the interrupt stack table (SDM volume 3A, section 6.14.5). They
//! begin on a small stack inside the image, so that a fault is readable from the kernel's first instructions on, and
//! move to guarded ones as soon as memory can be mapped.
//!
//! A page fault stays on the stack that it interrupts, because it may be resolved and another may come meanwhile. One
//! that a push into a guard page raises cannot be delivered there: it becomes a double fault, which is an abort.
#![allow(unsafe_code, reason = "the processor reads these tables through their addresses")]

use core::arch::asm;
use core::cell::UnsafeCell;
use core::mem::offset_of;
use core::sync::atomic::{AtomicU64, Ordering};

use xtcore::{VirtAddr, VirtRange};

use super::trap;
use crate::ar::fault::EXCEPTIONS;
use crate::ar::handler::{self, Handler};
use crate::ar::{control, local};

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
    const fn entry_for(vector: usize) -> u8 {
        match vector {
            8 => 1,
            2 => 2,
            18 => 3,
            _ => 0,
        }
    }
}

const CODE: u16 = 0x08;
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
}

/// The stack of the first faults. A section of its own, behind a read-only one: what overflows it faults instead of
/// writing into the kernel's data.
#[repr(C, align(4096))]
struct EarlyStack(UnsafeCell<[u8; 8192]>);

// SAFETY: only the processor uses it, through the interrupt stack table.
unsafe impl Sync for EarlyStack {}

#[unsafe(link_section = ".zstack")]
static EARLY: EarlyStack = EarlyStack(UnsafeCell::new([0; 8192]));

struct Tables {
    gdt: [UnsafeCell<u64>; 5],
    idt: UnsafeCell<[Gate; EXCEPTIONS]>,
    task: TaskState,
}

// SAFETY: the boot processor alone writes GDT and IDT, and only before it loads them; after that the processor itself
// changes the task's descriptor, and software touches neither. The task state needs no promise: what changes in it is
// atomic.
unsafe impl Sync for Tables {}

static TABLES: Tables = Tables {
    gdt: [
        UnsafeCell::new(0),
        UnsafeCell::new(0x00AF_9B00_0000_FFFF),
        UnsafeCell::new(0x00CF_9300_0000_FFFF),
        UnsafeCell::new(0),
        UnsafeCell::new(0),
    ],
    idt: UnsafeCell::new([Gate::ABSENT; EXCEPTIONS]),
    task: TaskState::new(),
};

/// Returns the pages of the stack that fault handlers begin on.
pub(crate) fn early_fault_stack() -> VirtRange {
    VirtRange::saturating(VirtAddr::new(EARLY.0.get() as u64), size_of::<EarlyStack>() as u64)
}

/// What LGDT and LIDT read.
#[repr(C, packed)]
struct Pointer {
    limit: u16,
    base: u64,
}

/// Loads GDT, IDT and TSS, has `handler` called for every exception, and has GS point to the processor's own block.
/// Called once, first of all.
pub(crate) fn install_tables(handler: Handler) {
    handler::set_handler(handler);
    let task = &raw const TABLES.task as u64 + TaskState::OFFSET as u64;
    let limit = TaskState::BYTES as u64 - 1;
    let descriptor = limit | (task & 0xFF_FFFF) << 16 | 0x89 << 40 | (task >> 24 & 0xFF) << 56;
    set_fault_stacks([early_fault_stack().end(); 3]);
    let gates =
        core::array::from_fn(|vector| Gate::interrupt(trap::stub(vector), FaultStack::entry_for(vector)));
    // SAFETY: no IDT is loaded yet, so the processor does not read this one; nobody else refers to it.
    unsafe { TABLES.idt.get().write(gates) };
    let [.., task_low, task_high] = &TABLES.gdt;
    // SAFETY: no task register refers to the descriptor yet, and nobody else holds a reference into its cell.
    unsafe { task_low.get().write(descriptor) };
    // SAFETY: the upper half of the same descriptor.
    unsafe { task_high.get().write(task >> 32) };
    let gdt_pointer = Pointer { limit: size_of::<[u64; 5]>() as u16 - 1, base: TABLES.gdt.as_ptr() as u64 };
    let idt_pointer =
        Pointer { limit: size_of::<[Gate; EXCEPTIONS]>() as u16 - 1, base: TABLES.idt.get() as u64 };
    // SAFETY: the descriptor table is static, and its code and data descriptors are flat ones of ring 0, as the ones in
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
            gdt = in(reg) &raw const gdt_pointer,
            code = in(reg) u64::from(CODE),
            data = inout(reg) u64::from(DATA) => _,
            scratch = out(reg) _,
        );
    }
    // SAFETY: every 64-bit processor has the register; nothing has used GS before, and its selector is loaded above.
    unsafe { control::write_msr(control::MSR_GS_BASE, &raw const local::BOOT as u64) };
    // SAFETY: the descriptor of the task state is present and not busy.
    unsafe { asm!("ltr {0:x}", in(reg) TASK, options(nostack, preserves_flags)) };
    // SAFETY: every gate leads to a stub, with stacks that exist.
    unsafe { asm!("lidt [{}]", in(reg) &raw const idt_pointer, options(readonly, nostack, preserves_flags)) };
}

/// Gives the faults of [`FaultStack::ALL`] other stacks, by their tops: multiples of 16.
///
/// An NMI may come between two of the stores: each of its own stacks is valid, the old one and the new.
pub(crate) fn set_fault_stacks(tops: [VirtAddr; 3]) {
    for (stack, top) in TABLES.task.stacks.iter().zip(tops) {
        stack.store(top.get(), Ordering::Relaxed);
    }
}
