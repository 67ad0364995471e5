//! The stubs of interrupts.
//!
//! Each of the 224 vectors has a stub of 8 bytes that pushes the vector and joins a common tail. The tail saves only what
//! the ABI lets a function change, three registers, because nobody but the function it calls looks at them, and EBX,
//! which keeps the stack pointer while the stack is aligned for the call:
//!
//! ```text
//!   EFLAGS CS EIP         pushed by the processor
//!   vector                by the stub; its low byte counts
//!   EAX ECX EDX EBX       by the tail
//! ```
#![allow(unsafe_code, reason = "the processor calls the stubs, not the compiler")]

use core::arch::global_asm;

use crate::ar::fault::EXCEPTIONS;
use crate::ar::handler;

unsafe extern "C" {
    /// The first stub.
    static xtos_interrupt_stubs: u8;
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
    pushl %ebx
    movzbl 16(%esp), %eax
    movl %esp, %ebx
    andl $-16, %esp
    subl $12, %esp
    pushl %eax
    call {interrupt}
    movl %ebx, %esp
    popl %ebx
    popl %edx
    popl %ecx
    popl %eax
    addl $4, %esp
    iretl
    ",
    interrupt = sym handler::interrupt,
    options(att_syntax)
);
