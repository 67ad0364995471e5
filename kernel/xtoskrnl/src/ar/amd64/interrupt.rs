//! The stubs of interrupts.
//!
//! Each of the 224 vectors has a stub of 8 bytes that pushes the vector and joins a common tail. The tail saves only
//! what the ABI lets a function change, seven registers, because nobody but the function it calls looks at them, and
//! the frame pointer, which leads whoever follows frames to what was interrupted ([`entry_at`]):
//!
//! ```text
//!   SS RSP RFLAGS CS RIP              pushed by the processor, below a multiple of 16
//!   vector                            by the stub; its low byte counts
//!   RAX RCX RDX R8 R9 R10 R11 RBP     by the tail
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
    /// Words from RBP, the lowest, up to RIP, and on to RSP.
    const RIP: u64 = 9;
    const RSP: u64 = 12;
    // The label's address is taken, nothing is read.
    let is_here = address.get() == (&raw const xtos_interrupt_return).addr() as u64;
    is_here.then_some(Trap { instruction: 8 * RIP, frame: 0, stack: Saved::At(8 * RSP) })
}

/// Returns the address of a vector's stub.
pub(super) fn stub(vector: usize) -> u64 {
    // The label's address is taken, nothing is read.
    (&raw const xtos_interrupt_stubs) as u64 + 8 * (vector - EXCEPTIONS) as u64
}

// The stub's push is written in bytes: PUSH imm8 takes two for every vector, those above 127 sign-extended.
global_asm!(
    "
    .balign 16
    .global xtos_interrupt_stubs
    .global xtos_interrupt_return
    .def xtos_interrupt_stubs
    .scl 2
    .type 32
    .endef
xtos_interrupt_stubs:
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
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %rbp
    movq %rsp, %rbp
    movzbl 64(%rsp), %ecx
    subq $32, %rsp
    call {interrupt}
xtos_interrupt_return:
    addq $32, %rsp
    popq %rbp
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdx
    popq %rcx
    popq %rax
    addq $8, %rsp
    iretq
    ",
    interrupt = sym handler::interrupt,
    options(att_syntax)
);
