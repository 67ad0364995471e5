//! The switch on i686: from paging off, PAE or not, to paging with the tables wanted.
//!
//! Paging goes off first, whatever it was: its format can only change there (SDM volume 3A, section 4.1.2).

use core::arch::{asm, global_asm};
use core::slice;

use super::switch::*;

global_asm!(
    ".section .text.xtldr_switch, \"xr\"",
    ".balign 16",
    ".globl _xtldr_switch_start",
    ".globl _xtldr_switch_end",
    "_xtldr_switch_start:",
    "cli",
    "cld",
    "mov ebx, ecx",
    "lea esp, [ebx + {data_bytes}]",
    // CET goes first: its shadow stack would refuse the far return below, and WP cannot be cleared under it.
    "test dword ptr [ebx + {flags}], {has_control_flow}",
    "jz 2f",
    "mov eax, cr4",
    "btr eax, {cet}",
    "mov cr4, eax",
    "2:",
    "lgdt [ebx + {gdt}]",
    "lidt [ebx + {idt}]",
    // A far return to behind the call, whose address only the call itself knows.
    "push {code32}",
    "call 3f",
    "jmp 4f",
    "3:",
    "retf",
    "4:",
    "mov eax, {data}",
    "mov ds, eax",
    "mov es, eax",
    "mov ss, eax",
    "xor eax, eax",
    "mov fs, eax",
    "mov gs, eax",
    "lldt ax",
    "mov eax, cr0",
    "btr eax, {pg}",
    "mov cr0, eax",
    "jmp 5f",
    "5:",
    "mov eax, cr4",
    "and eax, {kept}",
    "or eax, [ebx + {cr4}]",
    "mov cr4, eax",
    "test dword ptr [ebx + {flags}], {set_no_execute}",
    "jz 6f",
    "mov ecx, {efer}",
    "rdmsr",
    "bts eax, {nxe}",
    "wrmsr",
    "6:",
    "test dword ptr [ebx + {flags}], {set_page_attributes}",
    "jz 7f",
    // No line may stay in a cache under another type (SDM volume 3A, section 11.12.4).
    "wbinvd",
    "mov ecx, {pat}",
    "mov eax, {page_attributes}",
    "mov edx, eax",
    "wrmsr",
    "wbinvd",
    "7:",
    "mov eax, [ebx + {root}]",
    "mov cr3, eax",
    "mov eax, cr0",
    "and eax, {cr0_keep}",
    "or eax, {cr0_set}",
    "bts eax, {pg}",
    "mov cr0, eax",
    "jmp 8f",
    "8:",
    "mov ecx, [ebx + {argument}]",
    "mov edx, [ebx + {second}]",
    "mov eax, [ebx + {entry}]",
    "mov esp, [ebx + {stack}]",
    // The arguments and a return address that is none, aligned as after a call (cdecl).
    "sub esp, 8",
    "push edx",
    "push ecx",
    "push 0",
    "xor ebp, ebp",
    "xor ebx, ebx",
    "xor ecx, ecx",
    "xor edx, edx",
    "xor esi, esi",
    "xor edi, edi",
    "jmp eax",
    "_xtldr_switch_end:",
    ".text",
    data_bytes = const DATA_BYTES,
    cet = const CR4_CET_BIT,
    kept = const CR4_KEPT,
    gdt = const AT_GDT,
    idt = const AT_IDT,
    code32 = const CODE32,
    data = const DATA,
    flags = const AT_FLAGS,
    has_control_flow = const HAS_CONTROL_FLOW,
    set_no_execute = const SET_NO_EXECUTE,
    set_page_attributes = const SET_PAGE_ATTRIBUTES,
    efer = const EFER,
    nxe = const EFER_NXE_BIT,
    pat = const PAT,
    page_attributes = const PAGE_ATTRIBUTES,
    cr4 = const AT_CR4,
    root = const AT_ROOT,
    pg = const CR0_PG_BIT,
    cr0_keep = const !CR0_CLEAR,
    cr0_set = const CR0_SET,
    argument = const AT_ARGUMENT,
    second = const AT_SECOND,
    entry = const AT_ENTRY,
    stack = const AT_STACK,
);

unsafe extern "C" {
    static xtldr_switch_start: u8;
    static xtldr_switch_end: u8;
}

/// Returns the switch's instructions, at most a page of them.
pub(super) fn instructions() -> &'static [u8] {
    let start = &raw const xtldr_switch_start;
    let end = &raw const xtldr_switch_end;
    let bytes = (end as usize - start as usize).min(DATA_BYTES);
    // SAFETY: both symbols are labels of one section above, the second behind the first; code is never written.
    unsafe { slice::from_raw_parts(start, bytes) }
}

/// Jumps to the copy of the instructions at `code`.
///
/// # Safety
/// `code` is such a copy, `data` a page with its operands; see [`Switch::go`].
pub(super) unsafe fn enter(code: *const u8, data: *mut u8) -> ! {
    // SAFETY: the instructions never return and need nothing but `ecx`; that they arrive is the caller's promise.
    unsafe { asm!("jmp {code}", code = in(reg) code, in("ecx") data, options(noreturn)) }
}
