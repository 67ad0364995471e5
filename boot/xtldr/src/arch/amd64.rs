//! The switch on amd64: long mode to long mode, through compatibility mode and paging off where LA57 changes.
//!
//! CR4.LA57 cannot change in long mode (SDM volume 3A, section 4.1.2), so the way from 4 to 5 levels and back is:
//! 64-bit code, 32-bit code by a far return, paging off, LA57 toggled, CR3, paging on, 64-bit code by a far return.

use core::arch::{asm, global_asm};
use core::slice;

use super::switch::*;

/// The position of [`CR4_LA57`].
const CR4_LA57_BIT: u32 = CR4_LA57.trailing_zeros();
/// The selector of 64-bit code in the switch's descriptor table.
const CODE64: u32 = 0x08;

global_asm!(
    ".section .text.xtldr_switch, \"xr\"",
    ".balign 16",
    ".globl xtldr_switch_start",
    ".globl xtldr_switch_end",
    "xtldr_switch_start:",
    "cli",
    "cld",
    "mov rbx, rcx",
    "lea rsp, [rbx + {data_bytes}]",
    // CET goes first: its shadow stack would refuse the far returns below, and WP cannot be cleared under it.
    "mov rax, cr4",
    "btr rax, {cet}",
    "mov cr4, rax",
    // Everything else that isn't kept goes, PCIDE and PGE among it. LA57 stays: this is long mode.
    "and eax, {kept} | {la57}",
    "or eax, {pae}",
    "mov cr4, rax",
    "lgdt [rbx + {gdt}]",
    "lidt [rbx + {idt}]",
    "push {code64}",
    "lea rax, [rip + 2f]",
    "push rax",
    "retfq",
    "2:",
    "mov eax, {data}",
    "mov ds, eax",
    "mov es, eax",
    "mov ss, eax",
    "xor eax, eax",
    "mov fs, eax",
    "mov gs, eax",
    "lldt ax",
    "test dword ptr [rbx + {flags}], {set_no_execute}",
    "jz 3f",
    "mov ecx, {efer}",
    "rdmsr",
    "bts eax, {nxe}",
    "wrmsr",
    "3:",
    "test dword ptr [rbx + {flags}], {set_page_attributes}",
    "jz 4f",
    // No line may stay in a cache under another type (SDM volume 3A, section 11.12.4); entry 0 is write-back before
    // and after, so the code running here doesn't change its type.
    "wbinvd",
    "mov ecx, {pat}",
    "mov eax, {page_attributes}",
    "mov edx, eax",
    "wrmsr",
    "wbinvd",
    "4:",
    "lea rsi, [rip + 7f]",
    "mov rax, cr4",
    "xor rax, [rbx + {cr4}]",
    "bt eax, {la57_bit}",
    "jc 5f",
    "mov rax, [rbx + {root}]",
    "mov cr3, rax",
    "jmp rsi",
    "5:",
    "push {code32}",
    "lea rax, [rip + 6f]",
    "push rax",
    "retfq",
    ".code32",
    "6:",
    "mov eax, cr0",
    "btr eax, {pg}",
    "mov cr0, eax",
    "mov eax, cr4",
    "btc eax, {la57_bit}",
    "mov cr4, eax",
    "mov eax, [ebx + {root}]",
    "mov cr3, eax",
    "mov eax, cr0",
    "bts eax, {pg}",
    "mov cr0, eax",
    "push {code64}",
    "push esi",
    "retf",
    ".code64",
    "7:",
    "mov rax, cr0",
    "and eax, {cr0_keep}",
    "or eax, {cr0_set}",
    "mov cr0, rax",
    "mov rcx, [rbx + {argument}]",
    "mov rdx, [rbx + {second}]",
    "mov rax, [rbx + {entry}]",
    "mov rsp, [rbx + {stack}]",
    // 32 bytes of shadow space and a return address that is none: as after a call (Microsoft x64 ABI).
    "sub rsp, 32",
    "push 0",
    "xor ebp, ebp",
    "xor ebx, ebx",
    "xor esi, esi",
    "xor edi, edi",
    "jmp rax",
    "xtldr_switch_end:",
    ".text",
    data_bytes = const DATA_BYTES,
    cet = const CR4_CET_BIT,
    kept = const CR4_KEPT,
    la57 = const CR4_LA57,
    la57_bit = const CR4_LA57_BIT,
    pae = const CR4_PAE,
    gdt = const AT_GDT,
    idt = const AT_IDT,
    code64 = const CODE64,
    code32 = const CODE32,
    data = const DATA,
    flags = const AT_FLAGS,
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
    // SAFETY: the instructions never return and need nothing but `rcx`; that they arrive is the caller's promise.
    unsafe { asm!("jmp {code}", code = in(reg) code, in("rcx") data, options(noreturn)) }
}
