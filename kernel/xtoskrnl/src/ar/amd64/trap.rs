//! Trap frames and the stubs that build them.
//!
//! Each vector has a stub of 16 bytes that pushes what the processor did not (an error code of zero) and the vector's
//! number, then joins a common tail that pushes the registers, calls the handler, and when that returns takes all of it
//! back and goes on with the interrupted code. The frame grows downwards:
//!
//! ```text
//!   SS RSP RFLAGS CS RIP   pushed by the processor
//!   error code             by the processor or the stub
//!   vector                 by the stub
//!   RAX ... R15            by the tail
//!   CR2                    by the tail, at the frame's address: read before anything can fault again
//! ```
//!
//! The tail runs with the frame's address as its frame pointer, so that whoever follows frames finds what was interrupted there
//! ([`entry_at`]); what was interrupted gets its own back with the other registers.
//!
//! Whatever the interrupted stack pointer was, the processor pushes below a multiple of 16 (SDM volume 3A, section
//! 6.14.2). The frame has 23 words, so one more keeps the stack aligned as the ABI wants it. The image uses no vector
//! registers (its target has none), so the general ones are all there is to save.
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
    cr2: u64,
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

const _: () = assert!(size_of::<TrapFrame>() == 23 * 8);

const REGISTERS: [&str; 15] =
    ["r15", "r14", "r13", "r12", "r11", "r10", "r9", "r8", "rbp", "rdi", "rsi", "rdx", "rcx", "rbx", "rax"];

/// The frame pointer's place among [`REGISTERS`].
const RBP: usize = 8;

impl TrapFrame {
    /// Returns the exception.
    pub(crate) const fn vector(&self) -> Vector {
        Vector::new(self.vector as u8)
    }

    /// Returns the error code, zero for exceptions that have none.
    pub(crate) const fn error(&self) -> u64 {
        self.error
    }

    /// Returns CR2 as it was at the trap: of a page fault, the address.
    pub(crate) const fn fault_address(&self) -> VirtAddr {
        VirtAddr::new(self.cr2)
    }

    /// Returns the address of the instruction that trapped.
    pub(crate) const fn instruction(&self) -> VirtAddr {
        VirtAddr::new(self.rip)
    }

    /// Returns the stack pointer at the trap.
    pub(crate) const fn stack(&self) -> VirtAddr {
        VirtAddr::new(self.rsp)
    }

    /// Returns where the interrupted code was: what a backtrace begins with.
    pub(crate) const fn place(&self) -> Registers {
        let frame = VirtAddr::new(self.registers[RBP]);
        Registers { instruction: self.instruction(), stack: self.stack(), frame }
    }

    /// Tells whether the interrupted code took interrupts.
    pub(crate) const fn interrupts_were_on(&self) -> bool {
        self.flags & 1 << 9 != 0
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
    /// Where the tail goes on when the handler has returned.
    static xtos_trap_return: u8;
}

/// Tells where the tail has put what it interrupted, if a function comes back to the tail at `address`.
pub(super) fn entry_at(address: VirtAddr) -> Option<Trap> {
    // The label's address is taken, nothing is read.
    let is_here = address.get() == (&raw const xtos_trap_return).addr() as u64;
    is_here.then_some(Trap {
        instruction: offset_of!(TrapFrame, rip) as u64,
        frame: (offset_of!(TrapFrame, registers) + RBP * size_of::<u64>()) as u64,
        stack: Saved::At(offset_of!(TrapFrame, rsp) as u64),
    })
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
    .global xtos_trap_return
    .def xtos_trap_stubs
    .scl 2
    .type 32
    .endef
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
    movq %cr2, %rax
    pushq %rax
    movq %rsp, %rbp
    movq %rsp, %rcx
    subq $40, %rsp
    call {trap}
xtos_trap_return:
    addq $48, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rbp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rbx
    popq %rax
    addq $16, %rsp
    iretq
    ",
    trap = sym handler::trap,
    options(att_syntax)
);

/// Gives every general register and the flags a value of its own, breaks, and tells whether all came back.
///
/// The handler must resume a breakpoint.
pub(crate) fn registers_survive_a_breakpoint() -> bool {
    let mut words = [0_u64; 15];
    for (word, number) in words.iter_mut().zip(1_u64..) {
        *word = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    let sent = words;
    let flags: u64;
    // All registers but RSP get a word; the carry and the sign flag are set. The address of the words and the registers
    // that the compiler keeps for itself lie on the stack meanwhile.
    //
    // SAFETY: the block writes to the words alone; RBX and RBP, which the compiler may not lend, come back from the stack.
    unsafe {
        asm!(
            "push rbx", "push rbp", "push rax",
            "mov rbx, [rax + 8]", "mov rcx, [rax + 16]", "mov rdx, [rax + 24]", "mov rsi, [rax + 32]",
            "mov rdi, [rax + 40]", "mov rbp, [rax + 48]", "mov r8, [rax + 56]", "mov r9, [rax + 64]",
            "mov r10, [rax + 72]", "mov r11, [rax + 80]", "mov r12, [rax + 88]", "mov r13, [rax + 96]",
            "mov r14, [rax + 104]", "mov r15, [rax + 112]",
            "push 0x83", "popfq",
            "mov rax, [rax]",
            "int3",
            "push rax",
            "pushfq",
            "mov rax, [rsp + 16]",
            "mov [rax + 8], rbx", "mov [rax + 16], rcx", "mov [rax + 24], rdx", "mov [rax + 32], rsi",
            "mov [rax + 40], rdi", "mov [rax + 48], rbp", "mov [rax + 56], r8", "mov [rax + 64], r9",
            "mov [rax + 72], r10", "mov [rax + 80], r11", "mov [rax + 88], r12", "mov [rax + 96], r13",
            "mov [rax + 104], r14", "mov [rax + 112], r15",
            "pop rcx", "pop rdx", "mov [rax], rdx",
            "pop rax", "pop rbp", "pop rbx",
            inout("rax") &raw mut words => _, out("rcx") flags, out("rdx") _, out("rsi") _, out("rdi") _,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _, out("r12") _, out("r13") _, out("r14") _,
            out("r15") _,
        );
    }
    words == sent && flags & 0xFF == 0x83
}
