//! Trap frames and the stubs that build them.
//!
//! ```text
//!   EFLAGS CS EIP      pushed by the processor; no stack pointer, because the privilege level does not change
//!   error code         by the processor or the stub
//!   vector             by the stub
//!   EAX ECX EDX EBX ESP EBP ESI EDI    by PUSHAD
//!   CR2                by the tail, at the frame's address: read before anything can fault again
//! ```
//!
//! When the handler returns, the tail takes all of it back and goes on with the interrupted code. In between it keeps the
//! frame's address in EBP, which the ABI has the handler keep, because the stack is aligned to 16 bytes for the call. So whoever
//! follows frames finds what was interrupted there ([`entry_at`]). The image uses no vector registers (its target has none), so
//! the general ones are all there is to save.
//!
//! A double fault comes through a task gate instead; its frame is made from the task state that the processor saved.
#![allow(unsafe_code, reason = "the processor calls the stubs, not the compiler")]

use core::arch::{asm, global_asm};
use core::mem::offset_of;

use xtcore::VirtAddr;
use xtkd::unwind::{Registers, Saved, Trap};

use crate::ar::fault::Vector;
use crate::ar::handler;

/// What the processor and the stubs saved.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct TrapFrame {
    cr2: u32,
    /// EDI up to EAX, in the order of [`REGISTERS`]; ESP is PUSHAD's, six words below the trap's.
    registers: [u32; 8],
    vector: u32,
    error: u32,
    eip: u32,
    cs: u32,
    flags: u32,
}

const REGISTERS: [&str; 8] = ["edi", "esi", "ebp", "esp", "ebx", "edx", "ecx", "eax"];
const EBP: usize = 2;
const ESP: usize = 3;

/// Words that lie between the stack pointer at the trap and the one that PUSHAD saves: EFLAGS, CS, EIP, error, vector.
const PUSHED: u32 = 5 * 4;

impl TrapFrame {
    /// Builds a frame from what a task switch saved: registers in PUSHAD's order, the stack pointer as it was.
    pub(super) fn of_task(
        vector: Vector,
        address: VirtAddr,
        mut registers: [u32; 8],
        eip: u32,
        cs: u32,
        flags: u32,
    ) -> Self {
        if let Some(esp) = registers.get_mut(ESP) {
            *esp = esp.wrapping_sub(PUSHED);
        }
        let cr2 = address.get() as u32;
        Self { cr2, registers, vector: u32::from(vector.number()), error: 0, eip, cs, flags }
    }

    /// Returns the exception.
    pub(crate) const fn vector(&self) -> Vector {
        Vector::new(self.vector as u8)
    }

    /// Returns the error code, zero for exceptions that have none.
    pub(crate) const fn error(&self) -> u64 {
        self.error as u64
    }

    /// Returns CR2 as it was at the trap: of a page fault, the address.
    pub(crate) const fn fault_address(&self) -> VirtAddr {
        VirtAddr::new(self.cr2 as u64)
    }

    /// Returns the address of the instruction that trapped.
    pub(crate) const fn instruction(&self) -> VirtAddr {
        VirtAddr::new(self.eip as u64)
    }

    /// Returns the stack pointer at the trap.
    pub(crate) fn stack(&self) -> VirtAddr {
        let saved = self.registers.get(ESP).copied().unwrap_or(0);
        VirtAddr::new(u64::from(saved.wrapping_add(PUSHED)))
    }

    /// Returns where the interrupted code was: what a backtrace begins with.
    pub(crate) fn place(&self) -> Registers {
        let frame = VirtAddr::new(self.registers[EBP].into());
        Registers { instruction: self.instruction(), stack: self.stack(), frame }
    }

    /// Tells whether the interrupted code took interrupts.
    pub(crate) const fn interrupts_were_on(&self) -> bool {
        self.flags & 1 << 9 != 0
    }

    /// Returns every saved register with its name.
    pub(crate) fn registers(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let tail = [("eip", self.eip), ("flags", self.flags), ("cs", self.cs)];
        let general = REGISTERS.iter().copied().zip(self.registers);
        general.chain(tail).map(|(name, value)| match name {
            "esp" => (name, self.stack().get()),
            _ => (name, u64::from(value)),
        })
    }
}

unsafe extern "C" {
    /// The first stub; each is 16 bytes long.
    static xtos_trap_stubs: u8;
    /// Where the tail goes on when the handler has returned.
    static xtos_trap_return: u8;
}

/// Tells where the tail has put what it interrupted, if a function comes back to the tail at `address`.
pub(super) fn entry_at(address: VirtAddr) -> Option<Trap> {
    // The label's address is taken, nothing is read.
    let is_here = address.get() == (&raw const xtos_trap_return).addr() as u64;
    is_here.then_some(Trap {
        instruction: offset_of!(TrapFrame, eip) as u64,
        frame: (offset_of!(TrapFrame, registers) + EBP * size_of::<u32>()) as u64,
        stack: Saved::Here(size_of::<TrapFrame>() as u64),
    })
}

/// Returns the address of a vector's stub.
pub(super) fn stub(vector: usize) -> u32 {
    // The label's address is taken, nothing is read.
    (&raw const xtos_trap_stubs) as u32 + 16 * vector as u32
}

global_asm!(
    "
    .balign 16
    .global _xtos_trap_stubs
    .global _xtos_trap_return
    .def _xtos_trap_stubs
    .scl 2
    .type 32
    .endef
_xtos_trap_stubs:
    vector = 0
    .rept 32
    .balign 16
    .if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30
    .else
    pushl $0
    .endif
    pushl $vector
    jmp 2f
    vector = vector + 1
    .endr
    .balign 16
2:
    cld
    pushal
    movl %cr2, %eax
    pushl %eax
    movl %esp, %ebp
    andl $-16, %esp
    subl $12, %esp
    pushl %ebp
    call {trap}
_xtos_trap_return:
    leal 4(%ebp), %esp
    popal
    addl $8, %esp
    iretl
    ",
    trap = sym handler::trap,
    options(att_syntax)
);

/// Gives every general register and the flags a value of its own, breaks, and tells whether all came back.
///
/// The handler must resume a breakpoint.
pub(crate) fn registers_survive_a_breakpoint() -> bool {
    let mut words = [0_u32; 7];
    for (word, number) in words.iter_mut().zip(1_u32..) {
        *word = number.wrapping_mul(0x9E37_79B9);
    }
    let sent = words;
    let flags: u32;
    // All registers but ESP get a word; the carry and the sign flag are set. The address of the words and the registers
    // that the compiler keeps for itself lie on the stack meanwhile.
    //
    // SAFETY: the block writes to the words alone; EBX, EBP and ESI, which the compiler may not lend, come back from the
    // stack.
    unsafe {
        asm!(
            "push ebx", "push ebp", "push esi", "push eax",
            "mov ebx, [eax + 4]", "mov ecx, [eax + 8]", "mov edx, [eax + 12]", "mov esi, [eax + 16]",
            "mov edi, [eax + 20]", "mov ebp, [eax + 24]",
            "push 0x83", "popfd",
            "mov eax, [eax]",
            "int3",
            "push eax",
            "pushfd",
            "mov eax, [esp + 8]",
            "mov [eax + 4], ebx", "mov [eax + 8], ecx", "mov [eax + 12], edx", "mov [eax + 16], esi",
            "mov [eax + 20], edi", "mov [eax + 24], ebp",
            "pop ecx", "pop edx", "mov [eax], edx",
            "pop eax", "pop esi", "pop ebp", "pop ebx",
            inout("eax") &raw mut words => _, out("ecx") flags, out("edx") _, out("edi") _,
        );
    }
    words == sent && flags & 0xFF == 0x83
}
