//! The stubs of interrupts.
//!
//! Each of the 224 vectors has a stub of 8 bytes that pushes the vector and joins a common tail. The tail saves only what
//! the ABI lets a function change, three registers, because nobody but the function it calls looks at them, and EBP,
//! which keeps the stack pointer while the stack is aligned for the call, and leads whoever follows frames to what was
//! interrupted ([`entry_at`]):
//!
//! ```text
//!   EFLAGS CS EIP         pushed by the processor
//!   vector                by the stub; its low byte counts
//!   EAX ECX EDX EBP       by the tail
//! ```
#![allow(unsafe_code, reason = "the processor calls the stubs, not the compiler")]

use core::arch::global_asm;

use xtcore::VirtAddr;
use xtkd::unwind::{Saved, Trap};

use crate::ar::fault::EXCEPTIONS;
use crate::ar::handler;

unsafe extern "C" {
    /// The first stub.
    static xtos_interrupt_stubs: u8;
    /// Where the tail goes on when the handler has returned.
    static xtos_interrupt_return: u8;
}

/// Tells where the tail has put what it interrupted, if a function comes back to the tail at `address`.
pub(super) fn entry_at(address: VirtAddr) -> Option<Trap> {
    /// Words from EBP, the lowest, up to EIP, and past EFLAGS.
    const EIP: u64 = 5;
    const END: u64 = 8;
    // The label's address is taken, nothing is read.
    let is_here = address.get() == (&raw const xtos_interrupt_return).addr() as u64;
    is_here.then_some(Trap { instruction: 4 * EIP, frame: 0, stack: Saved::Here(4 * END) })
}

/// Returns the address of a vector's stub.
pub(super) fn stub(vector: usize) -> u32 {
    // The label's address is taken, nothing is read.
    (&raw const xtos_interrupt_stubs) as u32 + 8 * (vector - EXCEPTIONS) as u32
}

// The stub's push is written in bytes: PUSH imm8 takes two for every vector, those above 127 sign-extended.
global_asm!(
    "
    .balign 16
    .global _xtos_interrupt_stubs
    .global _xtos_interrupt_return
    .def _xtos_interrupt_stubs
    .scl 2
    .type 32
    .endef
_xtos_interrupt_stubs:
    vector = 32
    .rept 224
    .balign 8
    .byte 0x6A, vector
    jmp 2f
    vector = vector + 1
    .endr
    .balign 16
2:
    cld
    pushl %eax
    pushl %ecx
    pushl %edx
    pushl %ebp
    movzbl 16(%esp), %eax
    movl %esp, %ebp
    andl $-16, %esp
    subl $12, %esp
    pushl %eax
    call {interrupt}
_xtos_interrupt_return:
    movl %ebp, %esp
    popl %ebp
    popl %edx
    popl %ecx
    popl %eax
    addl $4, %esp
    iretl
    ",
    interrupt = sym handler::interrupt,
    options(att_syntax)
);
