//! Trap frames and the stubs that build them.
//!
//! ```text
//!   EFLAGS CS EIP      pushed by the processor; no stack pointer, because the privilege level does not change
//!   error code         by the processor or the stub
//!   vector             by the stub
//!   EAX ECX EDX EBX ESP EBP ESI EDI    by PUSHAD; EDI lies lowest, at the frame's address
//! ```
//!
//! A double fault comes through a task gate instead; its frame is made from the task state that the processor saved.
#![allow(unsafe_code, reason = "the processor calls the stubs, not the compiler")]

use core::arch::global_asm;

use xtcore::VirtAddr;

use crate::ar::fault::Vector;
use crate::ar::handler;

/// What the processor and the stubs saved.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct TrapFrame {
    /// EDI up to EAX, in the order of [`REGISTERS`]; ESP is PUSHAD's, six words below the trap's.
    registers: [u32; 8],
    vector: u32,
    error: u32,
    eip: u32,
    cs: u32,
    flags: u32,
}

const REGISTERS: [&str; 8] = ["edi", "esi", "ebp", "esp", "ebx", "edx", "ecx", "eax"];
const ESP: usize = 3;

/// Words that lie between the stack pointer at the trap and the one that PUSHAD saves: EFLAGS, CS, EIP, error, vector.
const PUSHED: u32 = 5 * 4;

impl TrapFrame {
    /// Builds a frame from what a task switch saved: registers in PUSHAD's order, the stack pointer as it was.
    pub(super) fn of_task(vector: Vector, mut registers: [u32; 8], eip: u32, cs: u32, flags: u32) -> Self {
        if let Some(esp) = registers.get_mut(ESP) {
            *esp = esp.wrapping_sub(PUSHED);
        }
        Self { registers, vector: u32::from(vector.number()), error: 0, eip, cs, flags }
    }

    /// Returns the exception.
    pub(crate) const fn vector(&self) -> Vector {
        Vector::new(self.vector as u8)
    }

    /// Returns the error code, zero for exceptions that have none.
    pub(crate) const fn error(&self) -> u64 {
        self.error as u64
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
    movl %esp, %eax
    andl $-16, %esp
    subl $12, %esp
    pushl %eax
    call {trap}
    ud2
    ",
    trap = sym handler::trap,
    options(att_syntax)
);
