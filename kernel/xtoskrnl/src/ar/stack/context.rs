//! Threads of execution that give the processor to one another.
//!
//! A context that does not run is a stack pointer: what the ABI has a function keep lies on its stack, because for the code
//! that gives the processor away it is a call like any other (Microsoft's x64 convention, cdecl on i686). The
//! image uses no vector registers, so there is nothing else to save.
//!
//! ```text
//!   amd64   RBP RBX RDI RSI R12 R13 R14 R15, the return address above
//!   i686    EBP EBX ESI EDI, the return address above
//! ```
//!
//! Run level and interrupt flag are the processor's, not the context's: both sides switch at the same level, with
//! interrupts on or off alike.
#![allow(unsafe_code, reason = "stack pointers are exchanged")]

use core::arch::{asm, naked_asm};
use core::cell::UnsafeCell;

use xtcore::VirtAddr;
use xtkd::unwind::Registers;

/// Where a context goes on: its stack pointer, while it does not run.
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct Context(UnsafeCell<usize>);

// SAFETY: the cell is written where a context is left, and read where one goes on or is looked at; each demands that no other
// processor does either meanwhile.
unsafe impl Sync for Context {}

/// A function that a context begins with. It never returns: it gives the processor away for good.
pub(crate) type Entry = extern "C" fn(usize) -> !;

impl Context {
    /// Returns the context of code that runs: [`switch`] makes it a place to go back to.
    pub(crate) const fn running() -> Self {
        Self(UnsafeCell::new(0))
    }

    /// Returns a context that begins with `entry(argument)`, on the stack that ends at `top`, with the chain of frames
    /// terminated.
    ///
    /// # Safety
    /// `top` must be a multiple of 16 and the end of a stack that is mapped, writable, used by nobody, and stays so while the
    /// context exists; a page is enough to begin with.
    pub(crate) unsafe fn prepare(top: VirtAddr, entry: Entry, argument: usize) -> Self {
        let frame = first_frame(entry as usize, argument);
        let start = top.get() as usize - size_of_val(&frame);
        let place = core::ptr::with_exposed_provenance_mut(start);
        // SAFETY: the frame lies at the end of a stack that is the caller's to give, aligned to its words.
        unsafe { core::ptr::write(place, frame) };
        Self(UnsafeCell::new(start))
    }
}

/// Words of a stack below the return address of a context that does not run; the highest is the frame pointer.
#[cfg(target_arch = "x86_64")]
const KEPT: u64 = 8;
/// Words of a stack below the return address of a context that does not run; the highest is the frame pointer.
#[cfg(target_arch = "x86")]
const KEPT: u64 = 4;

impl Context {
    /// Returns where a context that does not run has left its processor: at the beginning of [`exchange`], before that pushed
    /// anything; or where one begins that never ran. `word` reads its stack where there is one.
    ///
    /// # Safety
    /// Nobody switches to the context meanwhile.
    pub(crate) unsafe fn left_at(&self, word: impl Fn(VirtAddr) -> Option<u64>) -> Option<Registers> {
        const WORD: u64 = size_of::<usize>() as u64;
        // SAFETY: only switches write the cell, and the caller says that there are none.
        let pointer = unsafe { self.0.get().read() } as u64;
        let at = |index: u64| pointer.checked_add(index * WORD).map(VirtAddr::new);
        let (stack, frame) = (at(KEPT)?, VirtAddr::new(word(at(KEPT - 1)?)?));
        let begin = begin as unsafe extern "C" fn() as usize as u64;
        if word(stack)? == begin {
            return Some(Registers { instruction: VirtAddr::new(begin), stack: at(KEPT + 1)?, frame });
        }
        let exchange = exchange as unsafe extern "C" fn(*mut usize, usize) as usize;
        Some(Registers { instruction: VirtAddr::new(exchange as u64), stack, frame })
    }
}

/// What [`switch`] takes off a new stack, lowest first, and above it the room that the entry's caller owes it.
#[cfg(target_arch = "x86_64")]
fn first_frame(entry: usize, argument: usize) -> [usize; 14] {
    let begin = begin as unsafe extern "C" fn() as usize;
    // R15 R14 R13 R12 RSI RDI RBX RBP, return address; then four words for the callee, and one that aligns.
    [0, 0, argument, entry, 0, 0, 0, 0, begin, 0, 0, 0, 0, 0]
}

/// What [`switch`] takes off a new stack, lowest first.
#[cfg(target_arch = "x86")]
fn first_frame(entry: usize, argument: usize) -> [usize; 8] {
    let begin = begin as unsafe extern "C" fn() as usize;
    // EDI ESI EBX EBP, return address; then words that align.
    [argument, entry, 0, 0, begin, 0, 0, 0]
}

/// Where a new context begins: calls its entry, with the stack aligned as the ABI wants it.
///
/// # Safety
/// Only [`switch`] comes here, to a frame of [`first_frame`].
#[unsafe(naked)]
unsafe extern "C" fn begin() {
    #[cfg(target_arch = "x86_64")]
    naked_asm!("mov rcx, r13", "and rsp, -16", "call r12", "ud2");
    #[cfg(target_arch = "x86")]
    naked_asm!("and esp, -16", "sub esp, 12", "push edi", "call esi", "ud2");
}

/// Saves the running context in `from` and goes on with `to`. Returns when somebody switches back to `from`. About twenty
/// instructions.
///
/// # Safety
/// `from` is the running context's and nobody reads it before it is saved; `to` is one that was prepared or saved, is run by no
/// processor, and is not run again before it has been saved again.
#[inline]
pub(crate) unsafe fn switch(from: &Context, to: &Context) {
    // SAFETY: `to` was saved, so its cell holds a stack pointer, which nobody changes until it runs.
    let stack = unsafe { to.0.get().read() };
    // SAFETY: `from` is the running context's own cell, which nobody reads before the stack pointer is in it. What was found in
    // `to` lies above all that a function keeps, put there by `prepare` or an earlier switch; it is taken once, because `to` is
    // not run again before it has been saved again.
    unsafe { exchange(from.0.get(), stack) };
}

/// Stores the stack pointer at `save`, with all that a function keeps below it, and takes the same from `load`.
///
/// # Safety
/// That of [`switch`].
#[unsafe(naked)]
unsafe extern "C" fn exchange(save: *mut usize, load: usize) {
    #[cfg(target_arch = "x86_64")]
    naked_asm!(
        "push rbp",
        "push rbx",
        "push rdi",
        "push rsi",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "mov [rcx], rsp",
        "mov rsp, rdx",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rsi",
        "pop rdi",
        "pop rbx",
        "pop rbp",
        "ret",
    );
    #[cfg(target_arch = "x86")]
    naked_asm!(
        "mov eax, [esp + 4]",
        "mov edx, [esp + 8]",
        "push ebp",
        "push ebx",
        "push esi",
        "push edi",
        "mov [eax], esp",
        "mov esp, edx",
        "pop edi",
        "pop esi",
        "pop ebx",
        "pop ebp",
        "ret",
    );
}

/// Switches as [`switch`] does, with a value of its own, derived from `seed`, in every register that a context keeps, and tells
/// whether all of them came back.
///
/// # Safety
/// That of [`switch`].
pub(crate) unsafe fn switch_keeps_registers(from: &Context, to: &Context, seed: usize) -> bool {
    // SAFETY: `to` was saved, so its cell holds a stack pointer, which nobody changes until it runs.
    let stack = unsafe { to.0.get().read() };
    let difference: usize;
    // The registers that the compiler keeps for itself, and the seed, lie on the stack meanwhile.
    //
    // SAFETY: cell and stack pointer are those that `switch` would give to `exchange`. RBX and RBP come back from the stack;
    // every other register that the block or a function of this ABI changes is named.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!(
            "push rbx", "push rbp", "push r8",
            "lea rbx, [r8 + 1]", "lea rbp, [r8 + 2]", "lea rsi, [r8 + 3]", "lea rdi, [r8 + 4]",
            "lea r12, [r8 + 5]", "lea r13, [r8 + 6]", "lea r14, [r8 + 7]", "lea r15, [r8 + 8]",
            "call {exchange}",
            "pop r8",
            "lea rax, [r8 + 1]", "xor rax, rbx",
            "lea rcx, [r8 + 2]", "xor rcx, rbp", "or rax, rcx",
            "lea rcx, [r8 + 3]", "xor rcx, rsi", "or rax, rcx",
            "lea rcx, [r8 + 4]", "xor rcx, rdi", "or rax, rcx",
            "lea rcx, [r8 + 5]", "xor rcx, r12", "or rax, rcx",
            "lea rcx, [r8 + 6]", "xor rcx, r13", "or rax, rcx",
            "lea rcx, [r8 + 7]", "xor rcx, r14", "or rax, rcx",
            "lea rcx, [r8 + 8]", "xor rcx, r15", "or rax, rcx",
            "pop rbp", "pop rbx",
            exchange = sym exchange, inout("rcx") from.0.get() => _, inout("rdx") stack => _, inout("r8") seed => _,
            out("rax") difference, out("rsi") _, out("rdi") _, out("r9") _, out("r10") _, out("r11") _,
            out("r12") _, out("r13") _, out("r14") _, out("r15") _,
        );
    }
    // SAFETY: cell and stack pointer are those that `switch` would give to `exchange`. EBX, EBP and ESI come back from the
    // stack; every other register that the block or a function of this ABI changes is named.
    #[cfg(target_arch = "x86")]
    unsafe {
        asm!(
            "push ebx", "push ebp", "push esi", "push ecx",
            "push edx", "push eax",
            "lea ebx, [ecx + 1]", "lea ebp, [ecx + 2]", "lea esi, [ecx + 3]", "lea edi, [ecx + 4]",
            "call {exchange}",
            "add esp, 8", "pop ecx",
            "lea eax, [ecx + 1]", "xor eax, ebx",
            "lea edx, [ecx + 2]", "xor edx, ebp", "or eax, edx",
            "lea edx, [ecx + 3]", "xor edx, esi", "or eax, edx",
            "lea edx, [ecx + 4]", "xor edx, edi", "or eax, edx",
            "pop esi", "pop ebp", "pop ebx",
            exchange = sym exchange, inout("eax") from.0.get() => difference, inout("edx") stack => _,
            inout("ecx") seed => _, out("edi") _,
        );
    }
    difference == 0
}
