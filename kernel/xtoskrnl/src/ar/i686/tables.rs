//! GDT and task states of a processor, and the double fault's own task.
//!
//! A double fault means that the current stack cannot be trusted, and 32-bit mode has no interrupt stack table. A task
//! gate does what it needs: the processor saves the whole state into the current task state segment and loads another
//! one, stack and CR3 included (SDM volume 3A, sections 6.12.2 and 8.3). So the double fault's segment must always
//! hold a CR3 whose kernel half is valid. It takes CR3 over when it is installed; CR3 keeps that value, because
//! `control` lets nobody give it another one. Each processor has a segment and a stack of its own for it, so that two
//! may overflow at once; the task gate names both by the same selector, each processor's GDT another segment.
//!
//! A page fault stays on the stack that it interrupts, because it may be resolved and another may come meanwhile. One
//! that a push into a guard page raises cannot be delivered there: it becomes a double fault, which is an abort.
#![allow(unsafe_code, reason = "the processor reads and writes these tables through their addresses")]

use core::arch::asm;
use core::cell::UnsafeCell;

use xtcore::{VirtAddr, VirtRange};

use super::gates;
use super::trap::TrapFrame;
use crate::ar::control;
use crate::ar::fault::Vector;
use crate::ar::handler::{self, Handlers};
use crate::ar::local::{self, Local};

/// A fault that has a stack of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FaultStack {
    /// #DF.
    DoubleFault,
}

impl FaultStack {
    /// All of them.
    pub(crate) const ALL: [Self; 1] = [Self::DoubleFault];

    /// Returns the name that bug checks print.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::DoubleFault => "double-fault stack",
        }
    }
}

pub(super) const CODE: u16 = 0x08;
const DATA: u16 = 0x10;
const TASK: u16 = 0x18;
pub(super) const FAULT_TASK: u16 = 0x20;
const LOCAL: u16 = 0x28;

/// The 32-bit task state segment (SDM volume 3A, figure 8-2), as far as this file uses it by name.
#[derive(Clone, Copy)]
#[repr(C, align(128))]
struct TaskState {
    link: u32,
    rings: [u32; 6],
    cr3: u32,
    eip: u32,
    flags: u32,
    /// EAX ECX EDX EBX.
    general: [u32; 4],
    esp: u32,
    /// EBP ESI EDI.
    pointers: [u32; 3],
    /// ES CS SS DS FS GS.
    segments: [u32; 6],
    local_table: u32,
    map_base: u32,
}

impl TaskState {
    const EMPTY: Self = Self {
        link: 0,
        rings: [0; 6],
        cr3: 0,
        eip: 0,
        flags: 2,
        general: [0; 4],
        esp: 0,
        pointers: [0; 3],
        segments: [DATA as u32, CODE as u32, DATA as u32, DATA as u32, LOCAL as u32, 0],
        local_table: 0,
        // Beyond the limit: no port map.
        map_base: (size_of::<Self>() as u32) << 16,
    };
}

/// The stack of the first faults. A section of its own, behind a read-only one: what overflows it faults instead of
/// writing into the kernel's data.
#[repr(C, align(4096))]
struct EarlyStack(UnsafeCell<[u8; 8192]>);

// SAFETY: only the boot processor's double fault uses it.
unsafe impl Sync for EarlyStack {}

#[unsafe(link_section = ".zstack")]
static EARLY: EarlyStack = EarlyStack(UnsafeCell::new([0; 8192]));

/// What a processor reads to find its segments and stacks.
pub(crate) struct Tables {
    gdt: [UnsafeCell<u64>; 6],
    task: UnsafeCell<TaskState>,
    fault_task: UnsafeCell<TaskState>,
}

// SAFETY: software writes these tables only before their processor loads them, but for the stack of the fault task, which
// is one word; the processor itself uses them at any time, and software never holds a reference into them.
unsafe impl Sync for Tables {}

impl Tables {
    /// Returns tables without the descriptors that need their final address.
    pub(crate) const fn new() -> Self {
        Self {
            gdt: [
                UnsafeCell::new(0),
                UnsafeCell::new(0x00CF_9B00_0000_FFFF),
                UnsafeCell::new(0x00CF_9300_0000_FFFF),
                UnsafeCell::new(0),
                UnsafeCell::new(0),
                UnsafeCell::new(0),
            ],
            task: UnsafeCell::new(TaskState::EMPTY),
            fault_task: UnsafeCell::new(TaskState::EMPTY),
        }
    }
}

/// Returns the pages of the stack that the boot processor's double fault begins on.
pub(crate) fn early_fault_stack() -> VirtRange {
    VirtRange::saturating(VirtAddr::new(u64::from(EARLY.0.get() as u32)), size_of::<EarlyStack>() as u64)
}

/// What LGDT reads.
#[repr(C, packed)]
struct Pointer {
    limit: u16,
    base: u32,
}

/// Encodes an available 32-bit task state descriptor.
fn task_descriptor(task: *mut TaskState) -> u64 {
    let base = task as u32 as u64;
    let limit = size_of::<TaskState>() as u64 - 1;
    limit | (base & 0xFF_FFFF) << 16 | 0x89 << 40 | (base >> 24) << 56
}

/// Encodes a writable data descriptor that covers one block, byte by byte.
fn local_descriptor(block: *const Local) -> u64 {
    let base = block as u32 as u64;
    let limit = size_of::<Local>() as u64 - 1;
    limit | (base & 0xFF_FFFF) << 16 | 0x4093 << 40 | (base >> 24) << 56
}

/// Loads the boot processor's tables, and has the handlers called for every exception and every interrupt. Called once,
/// first of all.
pub(crate) fn install_tables(handlers: Handlers) {
    handler::set_handlers(handlers);
    set_fault_stacks(&local::BOOT, [early_fault_stack().end()]);
    // SAFETY: this is the first of all processors, and it loads the table only below.
    unsafe { gates::write() };
    // SAFETY: called once, on the boot processor, whose block this is; its stack has just been set.
    unsafe { load_tables(&local::BOOT) };
}

/// Has this processor use the tables of a block, and FS point to it.
///
/// # Safety
/// No processor uses the block yet, and its fault stack is set.
pub(crate) unsafe fn load_tables(block: &'static Local) {
    let Tables { gdt, task, fault_task } = &block.tables;
    let entry = double_fault as extern "C" fn() -> ! as usize as u32;
    // SAFETY: the cell holds a complete segment, which nobody else reads or writes yet.
    let empty = unsafe { fault_task.get().read() };
    let complete = TaskState { eip: entry, cr3: control::read_cr3() as u32, ..empty };
    // SAFETY: no task gate leads to this segment yet, and nobody refers to it.
    unsafe { fault_task.get().write(complete) };
    let [.., ordinary, fault, own] = gdt;
    // SAFETY: no task register refers to the descriptor yet, and nobody else holds a reference into its cell.
    unsafe { ordinary.get().write(task_descriptor(task.get())) };
    // SAFETY: no gate of a table in use leads to this descriptor yet.
    unsafe { fault.get().write(task_descriptor(fault_task.get())) };
    // SAFETY: FS does not refer to the descriptor yet.
    unsafe { own.get().write(local_descriptor(block)) };
    let pointer = Pointer { limit: size_of::<[u64; 6]>() as u16 - 1, base: gdt.as_ptr() as u32 };
    // SAFETY: the descriptor table stays, and its code and data descriptors are flat ones of ring 0, as the ones in
    // use are; a far return loads CS. Nothing has used FS before.
    unsafe {
        asm!(
            "lgdt [{gdt}]",
            "push {code}",
            "lea {scratch}, [2f]",
            "push {scratch}",
            "retf",
            "2:",
            "mov ds, {data:e}",
            "mov es, {data:e}",
            "mov ss, {data:e}",
            "mov fs, {own:e}",
            "xor {data:e}, {data:e}",
            "mov gs, {data:e}",
            gdt = in(reg) &raw const pointer,
            code = in(reg) u32::from(CODE),
            data = inout(reg) u32::from(DATA) => _,
            own = in(reg) u32::from(LOCAL),
            scratch = out(reg) _,
        );
    }
    // SAFETY: the descriptor of the task state is present and not busy.
    unsafe { asm!("ltr {0:x}", in(reg) TASK, options(nostack, preserves_flags)) };
    gates::load();
}

/// Gives the double fault another stack on the processor of a block, by its top: a multiple of 16.
pub(crate) fn set_fault_stacks(block: &Local, tops: [VirtAddr; 1]) {
    let [top] = tops;
    // SAFETY: the cell holds a complete segment, so the field's address lies inside it; no reference is made.
    let stack = unsafe { &raw mut (*block.tables.fault_task.get()).esp };
    // The processor pushes the error code onto the new stack, into the word that a return address takes after a call:
    // the function that is entered finds its stack aligned as the ABI wants it, a multiple of 16 above that word.
    //
    // SAFETY: nobody else writes the field, and the processor, which reads it when a double fault comes, sees either
    // stack: this is one aligned store.
    unsafe { stack.write_volatile(top.get() as u32) };
}

/// Where the double fault's task begins: the interrupted state is in the ordinary task's segment.
extern "C" fn double_fault() -> ! {
    let address = control::fault_address();
    // SAFETY: the task switch has just written the segment, and no other processor uses it.
    let saved = unsafe { local::block().tables.task.get().read_volatile() };
    let [eax, ecx, edx, ebx] = saved.general;
    let [ebp, esi, edi] = saved.pointers;
    let [_, cs, ..] = saved.segments;
    let registers = [edi, esi, ebp, saved.esp, ebx, edx, ecx, eax];
    let frame = TrapFrame::of_task(Vector::DOUBLE_FAULT, address, registers, saved.eip, cs, saved.flags);
    handler::trap(&frame);
    // Not reached: a double fault is an abort.
    control::stop()
}
