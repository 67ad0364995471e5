//! There and back: the loader's switch, wrapped so that it returns with the firmware's environment restored.
#![allow(unsafe_code, reason = "control registers and descriptor tables have no safe form")]

use core::arch::{asm, global_asm};
use core::mem::offset_of;

use xtcore::PagingMode;
use xtldr::arch::{CodeAndData, Switch};

/// What the firmware had: everything that the switch replaces.
#[derive(Default)]
#[repr(C)]
struct Saved {
    stack: u64,
    cr0: u64,
    cr4: u64,
    code: u64,
    stack_segment: u64,
    descriptor_table: [u64; 2],
    interrupt_table: [u64; 2],
    /// The new root table.
    root: u64,
    code_page: u64,
    data_page: u64,
}

/// CR4.LA57, bit 12.
const LA57: u64 = 1 << 12;
/// CR4.CET, bit 23.
const CET: u64 = 1 << 23;

global_asm!(
    // rcx = Saved, rdx = where to go with it; returns when la57shim_resume has been entered with the same Saved.
    ".globl la57shim_go",
    "la57shim_go:",
    "pushfq",
    "push rbx",
    "push rbp",
    "push rdi",
    "push rsi",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "cli",
    "sgdt [rcx + {gdt}]",
    "sidt [rcx + {idt}]",
    "mov eax, cs",
    "mov [rcx + {code}], rax",
    "mov eax, ss",
    "mov [rcx + {stack_segment}], rax",
    "mov rax, cr0",
    "mov [rcx + {cr0}], rax",
    "mov rax, cr4",
    "mov [rcx + {cr4}], rax",
    "mov [rcx + {stack}], rsp",
    "sub rsp, 32",
    "call rdx",
    "ud2",
    // rcx = Saved, on a stack below the saved one.
    ".globl la57shim_resume",
    "la57shim_resume:",
    "lgdt [rcx + {gdt}]",
    "lidt [rcx + {idt}]",
    "mov rsp, [rcx + {stack}]",
    "push qword ptr [rcx + {code}]",
    "lea rax, [rip + 2f]",
    "push rax",
    "retfq",
    "2:",
    "mov rax, [rcx + {stack_segment}]",
    "mov ss, eax",
    "mov ds, eax",
    "mov es, eax",
    "mov fs, eax",
    "mov gs, eax",
    // CR0.WP must be as it was before CR4.CET may come back.
    "mov rax, [rcx + {cr0}]",
    "mov cr0, rax",
    "mov rax, [rcx + {cr4}]",
    "or eax, {la57}",
    "mov cr4, rax",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rsi",
    "pop rdi",
    "pop rbp",
    "pop rbx",
    "popfq",
    "ret",
    gdt = const offset_of!(Saved, descriptor_table),
    idt = const offset_of!(Saved, interrupt_table),
    code = const offset_of!(Saved, code),
    stack_segment = const offset_of!(Saved, stack_segment),
    cr0 = const offset_of!(Saved, cr0),
    cr4 = const offset_of!(Saved, cr4),
    stack = const offset_of!(Saved, stack),
    la57 = const LA57,
);

unsafe extern "C" {
    fn la57shim_go(saved: *mut Saved, go: unsafe extern "C" fn(*mut Saved) -> !);
    fn la57shim_resume();
}

/// Returns CR4.
fn cr4() -> u64 {
    let value;
    // SAFETY: firmware runs its applications at privilege level 0, where reading CR4 has no effect but the value.
    unsafe { asm!("mov {}, cr4", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}

/// Returns the physical address of the root table.
pub(crate) fn root() -> u64 {
    const ADDRESS: u64 = ((1 << 52) - 1) & !0xFFF;
    let value: u64;
    // SAFETY: as for CR4.
    unsafe { asm!("mov {}, cr3", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value & ADDRESS
}

/// Tells whether 5-level paging is on.
pub(crate) fn has_five_levels() -> bool {
    cr4() & LA57 != 0
}

/// Tells whether shadow stacks or branch tracking are on, which this shim cannot restore.
pub(crate) fn has_control_flow_enforcement() -> bool {
    cr4() & CET != 0
}

/// Switches to 5-level paging with the tables at `root`, and returns.
///
/// # Safety
/// The three pages lie below 4 GiB, are mapped at their physical addresses, and belong to the caller; `root` is a PML5
/// table under which everything is mapped as it is now. The processor has LA57, and CET is off.
pub(crate) unsafe fn enter_five_levels(root: u64, code_page: u64, data_page: u64) {
    let mut saved = Saved { root, code_page, data_page, ..Saved::default() };
    // SAFETY: `go` ends in `la57shim_resume`, which restores what this call saved in `saved`, and returns here.
    unsafe { la57shim_go(&raw mut saved, go) };
}

/// Leaves through the loader's switch; its destination is `la57shim_resume`.
unsafe extern "C" fn go(saved: *mut Saved) -> ! {
    // SAFETY: `la57shim_go` passes on the pointer that `enter_five_levels` made of a live value.
    let state = unsafe { &*saved };
    let resume = la57shim_resume as *const () as u64;
    let switch = Switch::new(PagingMode::Pml5, state.root, resume, [saved as u64, 0], state.stack);
    // SAFETY: the pages are what `enter_five_levels` was promised.
    let pages = unsafe { CodeAndData::new(state.code_page as *mut u8, state.data_page as *mut u8) };
    // SAFETY: everything is mapped under the new root as under the old; the stack pointer is the saved one, below which
    // nothing is needed any more; and the destination expects the saved state.
    unsafe { switch.go(pages) }
}
