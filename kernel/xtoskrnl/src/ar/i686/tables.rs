//! GDT, IDT and task states of the boot processor, and the double fault's own task.
//!
//! A double fault means that the current stack cannot be trusted, and 32-bit mode has no interrupt stack table. A task
//! gate does what it needs: the processor saves the whole state into the current task state segment and loads another
//! one, stack and CR3 included (SDM volume 3A, sections 6.12.2 and 8.3). So the double fault's segment must always
//! hold a CR3 whose kernel half is valid. It takes CR3 over when it is installed; CR3 keeps that value, because
//! `control` lets nobody give it another one.
//!
//! A page fault stays on the stack that it interrupts, because it may be resolved and another may come meanwhile. One
//! that a push into a guard page raises cannot be delivered there: it becomes a double fault, which is an abort.
#![allow(unsafe_code, reason = "the processor reads and writes these tables through their addresses")]

use core::arch::asm;
use core::cell::UnsafeCell;

use xtcore::{VirtAddr, VirtRange};

use super::trap::{self, TrapFrame};
use crate::ar::control;
use crate::ar::fault::{EXCEPTIONS, Vector};
use crate::ar::handler::{self, Handler};
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

const CODE: u16 = 0x08;
const DATA: u16 = 0x10;
const TASK: u16 = 0x18;
const FAULT_TASK: u16 = 0x20;
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

// SAFETY: only the double fault's task uses it.
unsafe impl Sync for EarlyStack {}

#[unsafe(link_section = ".zstack")]
static EARLY: EarlyStack = EarlyStack(UnsafeCell::new([0; 8192]));

struct Tables {
    gdt: [UnsafeCell<u64>; 6],
    idt: UnsafeCell<[u64; EXCEPTIONS]>,
    task: UnsafeCell<TaskState>,
    fault_task: UnsafeCell<TaskState>,
}

// SAFETY: the boot processor alone installs and changes these tables, with interrupts off; the processor itself uses
// them at any time, and the software never holds a reference into them.
unsafe impl Sync for Tables {}

static TABLES: Tables = Tables {
    gdt: [
        UnsafeCell::new(0),
        UnsafeCell::new(0x00CF_9B00_0000_FFFF),
        UnsafeCell::new(0x00CF_9300_0000_FFFF),
        UnsafeCell::new(0),
        UnsafeCell::new(0),
        UnsafeCell::new(0),
    ],
    idt: UnsafeCell::new([0; EXCEPTIONS]),
    task: UnsafeCell::new(TaskState::EMPTY),
    fault_task: UnsafeCell::new(TaskState::EMPTY),
};

/// Returns the pages of the stack that fault handlers begin on.
pub(crate) fn early_fault_stack() -> VirtRange {
    VirtRange::saturating(VirtAddr::new(u64::from(EARLY.0.get() as u32)), size_of::<EarlyStack>() as u64)
}

/// What LGDT and LIDT read.
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

/// Encodes a gate: an interrupt gate to a stub, or the task gate of the double fault.
fn gate(vector: usize) -> u64 {
    if vector == usize::from(Vector::DOUBLE_FAULT.number()) {
        return u64::from(FAULT_TASK) << 16 | 0x8500 << 32;
    }
    let target = u64::from(trap::stub(vector));
    target & 0xFFFF | u64::from(CODE) << 16 | 0x8E00 << 32 | (target >> 16) << 48
}

/// Loads GDT, IDT and task register, has `handler` called for every exception, and has FS point to the processor's own
/// block. Called once, first of all.
pub(crate) fn install_tables(handler: Handler) {
    handler::set_handler(handler);
    let entry = double_fault as extern "C" fn() -> ! as usize as u32;
    let fault_task = TaskState { eip: entry, cr3: control::read_cr3() as u32, ..TaskState::EMPTY };
    // SAFETY: no gate leads to this segment yet, and nobody refers to it.
    unsafe { TABLES.fault_task.get().write(fault_task) };
    set_fault_stacks([early_fault_stack().end()]);
    // SAFETY: no IDT is loaded yet, so the processor does not read this one; nobody else refers to it.
    unsafe { TABLES.idt.get().write(core::array::from_fn(gate)) };
    let [.., task, fault, own] = &TABLES.gdt;
    // SAFETY: no task register refers to the descriptor yet, and nobody else holds a reference into its cell.
    unsafe { task.get().write(task_descriptor(TABLES.task.get())) };
    // SAFETY: no gate leads to this descriptor yet.
    unsafe { fault.get().write(task_descriptor(TABLES.fault_task.get())) };
    // SAFETY: FS does not refer to the descriptor yet.
    unsafe { own.get().write(local_descriptor(&raw const local::BOOT)) };
    let gdt_pointer = Pointer { limit: size_of::<[u64; 6]>() as u16 - 1, base: TABLES.gdt.as_ptr() as u32 };
    let idt_pointer =
        Pointer { limit: size_of::<[u64; EXCEPTIONS]>() as u16 - 1, base: TABLES.idt.get() as u32 };
    // SAFETY: the descriptor table is static, and its code and data descriptors are flat ones of ring 0, as the ones in
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
            gdt = in(reg) &raw const gdt_pointer,
            code = in(reg) u32::from(CODE),
            data = inout(reg) u32::from(DATA) => _,
            own = in(reg) u32::from(LOCAL),
            scratch = out(reg) _,
        );
    }
    // SAFETY: the descriptor of the task state is present and not busy.
    unsafe { asm!("ltr {0:x}", in(reg) TASK, options(nostack, preserves_flags)) };
    // SAFETY: every gate leads to a stub or to the fault task, whose segment is complete.
    unsafe { asm!("lidt [{}]", in(reg) &raw const idt_pointer, options(readonly, nostack, preserves_flags)) };
}

/// Gives the double fault another stack, by its top: a multiple of 16.
pub(crate) fn set_fault_stacks(tops: [VirtAddr; 1]) {
    let [top] = tops;
    // SAFETY: the cell holds a complete segment, so the field's address lies inside it; no reference is made.
    let stack = unsafe { &raw mut (*TABLES.fault_task.get()).esp };
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
    let saved = unsafe { TABLES.task.get().read_volatile() };
    let [eax, ecx, edx, ebx] = saved.general;
    let [ebp, esi, edi] = saved.pointers;
    let [_, cs, ..] = saved.segments;
    let registers = [edi, esi, ebp, saved.esp, ebx, edx, ecx, eax];
    let frame = TrapFrame::of_task(Vector::DOUBLE_FAULT, address, registers, saved.eip, cs, saved.flags);
    handler::trap(&frame);
    // Not reached: a double fault is an abort.
    control::stop()
}
