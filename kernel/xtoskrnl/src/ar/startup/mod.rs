//! The way of a processor from its reset to Rust: real mode, protected mode, the kernel's paging, its own stack.
//!
//! ```text
//!   start page    below 1 MiB, a copy of `page`'s code with the registers of the boot processor behind it; no stack, and
//!                 nothing that it writes: any number of processors may run it at once, and it can be read-only
//!   entry         in the kernel's image; still no stack: the processor finds its record by its own APIC identifier
//!   arrive        on its stack: descriptor tables, then what `ke` has named
//! ```
//!
//! Each step reads what the boot processor has prepared, so that every processor has the same paging, rights and memory types
//! before it touches the kernel's memory (SDM volume 3A, sections 9.4 and 11.11.8).
#![allow(unsafe_code, reason = "processors begin here, without a stack")]

mod page;

use core::arch::naked_asm;
use core::mem::offset_of;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

use spin::Once;
use xtcore::{ApicId, CpuIndex, VirtAddr};

use super::control;
use super::load_tables;
use super::local::{self, Local, MOST};
pub(crate) use page::{Refusal, StartImage};

/// What a processor finds by its APIC identifier.
#[repr(C)]
struct Record {
    /// [`NOBODY`] until the rest is there.
    apic_id: AtomicU32,
    stack: AtomicUsize,
    block: AtomicPtr<Local>,
}

/// No processor's identifier: it means all of them.
const NOBODY: u32 = u32::MAX;

static RECORDS: [Record; MOST] = [const {
    Record {
        apic_id: AtomicU32::new(NOBODY),
        stack: AtomicUsize::new(0),
        block: AtomicPtr::new(core::ptr::null_mut()),
    }
}; MOST];

/// Where processors go on in `ke`.
static MAIN: Once<fn(CpuIndex) -> !> = Once::new();

/// Names what a processor does when it has arrived; the first call counts.
pub(crate) fn set_main(main: fn(CpuIndex) -> !) {
    MAIN.call_once(|| main);
}

/// Prepares the start of a processor: what it has for itself, and the top of the stack that it starts on. Returns `false`
/// when there is no record for its number.
///
/// # Safety
/// The block's fault stacks and interrupt stack are set, and no processor uses it. The stack is used by nobody, and its top is a
/// multiple of 16. Both stay mapped until the record is withdrawn and the processor reset, else for good. The processor does not
/// run.
#[must_use]
pub(crate) unsafe fn prepare(cpu: CpuIndex, apic_id: ApicId, block: *const Local, stack: VirtAddr) -> bool {
    let Some(record) = RECORDS.get(cpu.get()) else { return false };
    record.stack.store(stack.get() as usize, Ordering::Relaxed);
    record.block.store(block.cast_mut(), Ordering::Relaxed);
    record.apic_id.store(apic_id.get(), Ordering::Release);
    true
}

/// Withdraws a record: a processor that finds none stops.
pub(crate) fn withdraw(cpu: CpuIndex) {
    if let Some(record) = RECORDS.get(cpu.get()) {
        record.apic_id.store(NOBODY, Ordering::Release);
    }
}

/// Where a processor comes into the kernel's image, from its start page: in the kernel's paging, with flat segments, without a
/// stack, interrupts off.
///
/// Finds its record by its identifier, the extended one where CPUID has it (SDM volume 2A, CPUID, leaf 0BH), takes the stack from
/// it, and calls [`arrive`].
///
/// # Safety
/// Only start pages come here.
#[unsafe(naked)]
unsafe extern "C" fn entry() {
    #[cfg(target_arch = "x86_64")]
    naked_asm!(
        "xor eax, eax", "cpuid",
        "cmp eax, 0x0B", "jb 2f",
        "mov eax, 0x0B", "xor ecx, ecx", "cpuid",
        "mov edi, edx",
        "test ebx, ebx", "jnz 3f",
        "2:", "mov eax, 1", "cpuid", "shr ebx, 24", "mov edi, ebx",
        "3:", "lea rsi, [rip + {records}]", "mov ecx, {count}",
        "4:", "cmp [rsi + {id}], edi", "je 5f",
        "add rsi, {size}", "dec ecx", "jnz 4b",
        "6:", "cli", "hlt", "jmp 6b",
        "5:", "mov rsp, [rsi + {stack}]", "xor ebp, ebp",
        "mov rcx, [rsi + {block}]", "sub rsp, 32", "call {arrive}", "ud2",
        records = sym RECORDS, count = const MOST, size = const size_of::<Record>(),
        id = const offset_of!(Record, apic_id), stack = const offset_of!(Record, stack),
        block = const offset_of!(Record, block), arrive = sym arrive,
    );
    #[cfg(target_arch = "x86")]
    naked_asm!(
        "xor eax, eax", "cpuid",
        "cmp eax, 0x0B", "jb 2f",
        "mov eax, 0x0B", "xor ecx, ecx", "cpuid",
        "mov edi, edx",
        "test ebx, ebx", "jnz 3f",
        "2:", "mov eax, 1", "cpuid", "shr ebx, 24", "mov edi, ebx",
        "3:", "lea esi, [{records}]", "mov ecx, {count}",
        "4:", "cmp [esi + {id}], edi", "je 5f",
        "add esi, {size}", "dec ecx", "jnz 4b",
        "6:", "cli", "hlt", "jmp 6b",
        "5:", "mov esp, [esi + {stack}]", "xor ebp, ebp",
        "sub esp, 12", "push dword ptr [esi + {block}]", "call {arrive}", "ud2",
        records = sym RECORDS, count = const MOST, size = const size_of::<Record>(),
        id = const offset_of!(Record, apic_id), stack = const offset_of!(Record, stack),
        block = const offset_of!(Record, block), arrive = sym arrive,
    );
}

/// The first Rust of a processor: gives it its tables and goes on in `ke`.
extern "C" fn arrive(block: &'static Local) -> ! {
    // SAFETY: the record is this processor's, and its block was prepared and is used by nobody else.
    unsafe { load_tables(block) };
    control::clear_flags();
    match MAIN.get() {
        Some(main) => main(local::cpu()),
        None => control::stop(),
    }
}
