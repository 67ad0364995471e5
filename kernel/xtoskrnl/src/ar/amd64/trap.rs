//! Trap frames and the stubs that build them.
//!
//! Each vector has a stub of 16 bytes that pushes what the processor did not (an error code of zero) and the vector's
//! number, then joins a common tail that pushes the registers. The frame grows downwards:
//!
//! ```text
//!   SS RSP RFLAGS CS RIP   pushed by the processor
//!   error code             by the processor or the stub
//!   vector                 by the stub
//!   RAX ... R15            by the tail; R15 lies lowest, at the frame's address
//! ```
#![allow(unsafe_code, reason = "the processor calls the stubs, not the compiler")]

use core::arch::global_asm;

use xtcore::VirtAddr;

use crate::ar::fault::Vector;
use crate::ar::handler;

/// What the processor and the stubs saved.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct TrapFrame {
    /// R15 up to RAX, in the order of [`REGISTERS`].
    registers: [u64; 15],
    vector: u64,
    error: u64,
    rip: u64,
    cs: u64,
    flags: u64,
    rsp: u64,
    ss: u64,
}

const REGISTERS: [&str; 15] =
    ["r15", "r14", "r13", "r12", "r11", "r10", "r9", "r8", "rbp", "rdi", "rsi", "rdx", "rcx", "rbx", "rax"];

impl TrapFrame {
    /// Returns the exception.
    pub(crate) const fn vector(&self) -> Vector {
        Vector::new(self.vector as u8)
    }

    /// Returns the error code, zero for exceptions that have none.
    pub(crate) const fn error(&self) -> u64 {
        self.error
    }

    /// Returns the address of the instruction that trapped.
    pub(crate) const fn instruction(&self) -> VirtAddr {
        VirtAddr::new(self.rip)
    }

    /// Returns the stack pointer at the trap.
    pub(crate) const fn stack(&self) -> VirtAddr {
        VirtAddr::new(self.rsp)
    }

    /// Returns every saved register with its name.
    pub(crate) fn registers(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let tail =
            [("rip", self.rip), ("rsp", self.rsp), ("flags", self.flags), ("cs", self.cs), ("ss", self.ss)];
        REGISTERS.iter().copied().zip(self.registers).chain(tail)
    }
}

unsafe extern "C" {
    /// The first stub; each is 16 bytes long.
    static xtos_trap_stubs: u8;
}

/// Returns the address of a vector's stub.
pub(super) fn stub(vector: usize) -> u64 {
    // The label's address is taken, nothing is read.
    (&raw const xtos_trap_stubs) as u64 + 16 * vector as u64
}

global_asm!(
    "
    .balign 16
    .global xtos_trap_stubs
xtos_trap_stubs:
    vector = 0
    .rept 32
    .balign 16
    .if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30
    .else
    pushq $0
    .endif
    pushq $vector
    jmp 2f
    vector = vector + 1
    .endr
    .balign 16
2:
    cld
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, %rcx
    andq $-16, %rsp
    subq $32, %rsp
    call {trap}
    ud2
    ",
    trap = sym handler::trap,
    options(att_syntax)
);
