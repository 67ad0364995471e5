//! The start page: code that a processor runs from its reset on, and the registers that it takes over.
//!
//! The page may lie anywhere below 1 MiB. Its code reaches everything relative to its own start, which real mode keeps in CS;
//! the few places that need an address get it when the page is written.
//!
//! ```text
//!   real mode        CS = page / 16, IP = 0          GDT of the page, then protected mode
//!   protected mode   flat, no paging                 CR4, CR3, IA32_PAT, IA32_EFER, then CR0 with paging
//!   paging           identity-mapped start page      on amd64 by a far jump into 64-bit mode; then to `entry`
//! ```
//!
//! CR4 comes before CR3, because in PAE mode loading CR3 (or switching paging on) reads four entries; LA57 and NXE come before
//! paging, because they cannot change, or would be missed, after it (SDM volume 3A, sections 4.1.2 and 4.4.1). INIT leaves
//! caching off in CR0 (section 9.1.1), so the processor works uncached until it takes CR0 over.
#![allow(unsafe_code, reason = "the code is assembled apart and copied")]

use core::arch::global_asm;
use core::fmt;

use xtcore::{PAGE_BYTES, PhysAddr};
use zerocopy::{Immutable, IntoBytes};

use super::entry;
use crate::ar::control;
use crate::ar::cpu;

/// CR4 bits that a processor must not switch on outside of 64-bit mode or before its preparations: PCIDE, and CET, which the
/// loader clears. VMXE is nobody's here.
const CR4_LATER: usize = 1 << 17 | 1 << 23 | 1 << 13;

/// IA32_EFER.LME, together with SCE and NXE all that is taken over. LMA follows by itself.
const EFER_TAKEN: u64 = 1 << 0 | 1 << 8 | control::EFER_NO_EXECUTE;

/// The registers behind the code. Offsets appear in the assembly.
#[derive(Clone, Copy, IntoBytes, Immutable)]
#[repr(C)]
struct Registers {
    /// Limit and address for LGDT.
    gdt_limit: u16,
    gdt_base: [u8; 4],
    pad: u16,
    /// Far pointer into protected mode.
    protected: u32,
    protected_selector: u32,
    /// Far pointer into 64-bit mode.
    long: u32,
    long_selector: u32,
    cr0: u32,
    cr3: u32,
    cr4: u32,
    /// 1 when the next register is to be written.
    has_pat: u32,
    pat: [u32; 2],
    has_efer: u32,
    efer: [u32; 2],
    entry: [u32; 2],
    /// Null, flat code of 32 bits, flat data, flat code of 64 bits; their accessed bits are set, so that nobody writes them.
    gdt: [[u32; 2]; 4],
}

/// Offset of [`Registers`] in the page.
const REGISTERS: usize = 0x200;

const CODE: u32 = 0x08;
const CODE_64: u32 = 0x18;

/// Why no processor can be started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// The root table does not lie where a processor without 64-bit mode could load it from.
    RootTooHigh(PhysAddr),
    /// The code does not fit in front of its registers.
    CodeTooLong(usize),
    /// The page does not lie below 1 MiB.
    PageTooHigh(PhysAddr),
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RootTooHigh(root) => write!(out, "the root table at {:#x} lies above 4 GiB", root.get()),
            Self::CodeTooLong(bytes) => write!(out, "the code of {bytes} bytes does not fit a start page"),
            Self::PageTooHigh(page) => write!(out, "a start page cannot lie at {:#x}", page.get()),
        }
    }
}

/// The contents of a start page.
pub(crate) struct StartImage {
    code: &'static [u8],
    registers: Registers,
}

unsafe extern "C" {
    static xtos_start_code: u8;
    static xtos_start_protected: u8;
    static xtos_start_long: u8;
    static xtos_start_end: u8;
}

/// Returns how far a label of the code lies behind its start.
fn offset(label: *const u8) -> u32 {
    (label.addr() - (&raw const xtos_start_code).addr()) as u32
}

impl StartImage {
    /// Returns what the page at `page` has to contain, for processors that are to be as this one is now.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn new(page: PhysAddr) -> Result<Self, Refusal> {
        let base = u32::try_from(page.get()).ok().filter(|base| u64::from(*base) < 1 << 20);
        let base = base.ok_or(Refusal::PageTooHigh(page))?;
        let length = offset(&raw const xtos_start_end) as usize;
        if length > REGISTERS {
            return Err(Refusal::CodeTooLong(length));
        }
        // SAFETY: the labels enclose the code, which is read-only data of the image.
        let code = unsafe { core::slice::from_raw_parts(&raw const xtos_start_code, length) };
        let cr3 = u32::try_from(control::read_cr3());
        let cr3 = cr3.map_err(|_| Refusal::RootTooHigh(control::page_root()))?;
        let processor = cpu::identify();
        let has_pat = processor.page_attributes.is_present();
        let has_efer = cfg!(target_pointer_width = "64") || processor.capabilities.no_execute.is_present();
        let efer = if has_efer {
            // SAFETY: 64-bit processors have the register, and so do others that can forbid execution.
            unsafe { control::read_msr(control::MSR_EFER) }
        } else {
            0
        };
        let to = entry as unsafe extern "C" fn() as usize as u64;
        let halves = |value: u64| [value as u32, (value >> 32) as u32];
        let gdt = base + (REGISTERS + core::mem::offset_of!(Registers, gdt)) as u32;
        let registers = Registers {
            gdt_limit: size_of::<[[u32; 2]; 4]>() as u16 - 1,
            gdt_base: gdt.to_le_bytes(),
            pad: 0,
            protected: base + offset(&raw const xtos_start_protected),
            protected_selector: CODE,
            long: base + offset(&raw const xtos_start_long),
            long_selector: CODE_64,
            cr0: control::read_cr0() as u32,
            cr3,
            cr4: (control::read_cr4() & !CR4_LATER) as u32,
            has_pat: has_pat.into(),
            pat: halves(control::PAT_VALUE),
            has_efer: has_efer.into(),
            efer: halves(efer & EFER_TAKEN),
            entry: halves(to),
            gdt: [[0, 0], [0x0000_FFFF, 0x00CF_9B00], [0x0000_FFFF, 0x00CF_9300], [0x0000_FFFF, 0x00AF_9B00]],
        };
        Ok(Self { code, registers })
    }

    /// Returns the bytes of the page, zeros between and behind its two parts.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = u8> {
        let gap = REGISTERS - self.code.len();
        let tail = PAGE_BYTES as usize - REGISTERS - size_of::<Registers>();
        let registers = self.registers.as_bytes().iter().copied();
        let code = self.code.iter().copied();
        code.chain(core::iter::repeat_n(0, gap)).chain(registers).chain(core::iter::repeat_n(0, tail))
    }
}

// EBX holds the page's address throughout. No instruction writes memory.
macro_rules! start_code {
    ($prefix:literal, $last:literal, $($also:tt)*) => {
        global_asm!(
            concat!(
                "
    .section .rdata,\"dr\"
    .balign 16
    .global ", $prefix, "xtos_start_code
    .global ", $prefix, "xtos_start_protected
    .global ", $prefix, "xtos_start_long
    .global ", $prefix, "xtos_start_end
", $prefix, "xtos_start_code:
    .code16
    cli
    cld
    xorl %ebx, %ebx
    movw %cs, %bx
    movw %bx, %ds
    shll $4, %ebx
    lgdtl {registers}
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl *({registers} + {protected})
    .code32
", $prefix, "xtos_start_protected:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl {registers} + {cr4}(%ebx), %eax
    movl %eax, %cr4
    movl {registers} + {cr3}(%ebx), %eax
    movl %eax, %cr3
    testl $1, {registers} + {has_pat}(%ebx)
    jz 2f
    movl $0x277, %ecx
    movl {registers} + {pat}(%ebx), %eax
    movl {registers} + {pat} + 4(%ebx), %edx
    wrmsr
2:
    testl $1, {registers} + {has_efer}(%ebx)
    jz 3f
    movl $0xC0000080, %ecx
    movl {registers} + {efer}(%ebx), %eax
    movl {registers} + {efer} + 4(%ebx), %edx
    wrmsr
3:
    movl {registers} + {cr0}(%ebx), %eax
    movl %eax, %cr0
", $last, "
", $prefix, "xtos_start_end:
    .text
"
            ),
            registers = const REGISTERS,
            protected = const core::mem::offset_of!(Registers, protected),
            cr0 = const core::mem::offset_of!(Registers, cr0),
            cr3 = const core::mem::offset_of!(Registers, cr3),
            cr4 = const core::mem::offset_of!(Registers, cr4),
            has_pat = const core::mem::offset_of!(Registers, has_pat),
            pat = const core::mem::offset_of!(Registers, pat),
            has_efer = const core::mem::offset_of!(Registers, has_efer),
            efer = const core::mem::offset_of!(Registers, efer),
            $($also)*
            entry = const core::mem::offset_of!(Registers, entry),
            options(att_syntax)
        );
    };
}

#[cfg(target_arch = "x86_64")]
start_code!(
    "",
    "
    ljmpl *{registers} + {long}(%ebx)
    .code64
xtos_start_long:
    movl %ebx, %ebx
    movq {registers} + {entry}(%rbx), %rax
    jmpq *%rax",
    long = const core::mem::offset_of!(Registers, long),
);
#[cfg(target_arch = "x86")]
start_code!(
    "_",
    "
_xtos_start_long:
    movl {registers} + {entry}(%ebx), %eax
    jmpl *%eax",
);
