//! Running a function on another stack.
#![allow(unsafe_code, reason = "the stack pointer is replaced")]

pub(crate) mod context;

use core::arch::asm;
use core::mem::ManuallyDrop;

use xtcore::VirtAddr;
use xtkd::unwind::Registers;

/// What travels to the other stack by its address: the function, then in its place what it returned.
union Parcel<F, R> {
    function: ManuallyDrop<F>,
    result: ManuallyDrop<R>,
}

/// Calls `function` on the stack that ends at `top`, and returns on the caller's with what it returned.
///
/// Costs a dozen instructions more than a call. Calls may be nested, each on a stack of its own.
///
/// # Safety
/// `top` must be a multiple of 16 and the end of a stack that is mapped, writable and used by nobody else, with room for
/// all that the function calls and for the traps that may come.
pub(crate) unsafe fn call_with_stack<R, F: FnOnce() -> R>(top: VirtAddr, function: F) -> R {
    let mut parcel = Parcel::<F, R> { function: ManuallyDrop::new(function) };
    // SAFETY: `top` ends a stack that is free for this call, as demanded above; the parcel holds the function that `open` expects,
    // and lies on the stack that is come back to, so it outlives the call.
    unsafe { switch(top, open::<R, F>, (&raw mut parcel).cast()) };
    // SAFETY: `open` has come back, so it has put the result there.
    let result = unsafe { &mut parcel.result };
    // SAFETY: it is taken once; nothing reads the parcel after this.
    unsafe { ManuallyDrop::take(result) }
}

/// Runs the function in a parcel and leaves its result there.
///
/// # Safety
/// `parcel` must be a `Parcel<F, R>` that holds a function.
unsafe extern "C" fn open<R, F: FnOnce() -> R>(parcel: *mut ()) {
    let parcel = parcel.cast::<Parcel<F, R>>();
    // SAFETY: the parcel lives in the frame of `call_with_stack`, which waits and uses it no more meanwhile.
    let parcel = unsafe { &mut *parcel };
    // SAFETY: it holds a function until this takes it.
    let held = unsafe { &mut parcel.function };
    // SAFETY: it is taken once: the result takes its place below.
    let function = unsafe { ManuallyDrop::take(held) };
    parcel.result = ManuallyDrop::new(function());
}

/// Calls `entry(argument)` with the stack pointer at `top`.
///
/// # Safety
/// As for [`call_with_stack`], and `entry` must accept the argument.
unsafe fn switch(top: VirtAddr, entry: unsafe extern "C" fn(*mut ()), argument: *mut ()) {
    // The old stack pointer stays in a register that the ABI has the callee keep. The call finds the stack aligned to 16
    // bytes, with the 32 bytes above it that the callee may use.
    //
    // SAFETY: what is pushed goes below `top`, where there is room and nobody else's data; `entry` takes the argument. R12 is
    // kept by the callee, so the old stack is back at the end; every register that a function of this ABI may change is named.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!("mov r12, rsp", "mov rsp, {top}", "sub rsp, 32", "call {entry}", "mov rsp, r12",
             top = in(reg) top.get(), entry = in(reg) entry, in("rcx") argument, out("r12") _, clobber_abi("C"));
    }
    // The same with the argument on the stack. The cast keeps every bit that an address of this architecture has.
    //
    // SAFETY: what is pushed goes below `top`, where there is room and nobody else's data; `entry` takes the argument. EDI is
    // kept by the callee, so the old stack is back at the end; every register that a function of this ABI may change is named.
    #[cfg(target_arch = "x86")]
    unsafe {
        asm!("mov edi, esp", "mov esp, {top}", "sub esp, 12", "push {argument}", "call {entry}", "mov esp, edi",
             top = in(reg) top.get() as u32, entry = in(reg) entry, argument = in(reg) argument, out("edi") _,
             clobber_abi("C"));
    }
}

/// Returns the stack pointer, at most a frame below the caller's.
#[inline(always)]
pub(crate) fn pointer() -> VirtAddr {
    let pointer: usize;
    // SAFETY: copying a register changes nothing but the destination.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        asm!("mov {}, rsp", out(reg) pointer, options(nomem, nostack, preserves_flags));
        #[cfg(target_arch = "x86")]
        asm!("mov {}, esp", out(reg) pointer, options(nomem, nostack, preserves_flags));
    }
    VirtAddr::new(pointer as u64)
}

/// Returns where the caller is: what its own backtrace begins with.
#[inline(always)]
pub(crate) fn here() -> Registers {
    let (instruction, frame): (usize, usize);
    // SAFETY: copying registers changes nothing but the destinations. On i686 the address comes by way of the stack, which is
    // as before when the block ends.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        asm!("lea {}, [rip]", "mov {}, rbp", out(reg) instruction, out(reg) frame,
             options(nomem, nostack, preserves_flags));
        #[cfg(target_arch = "x86")]
        asm!("call 2f", "2: pop {}", "mov {}, ebp", out(reg) instruction, out(reg) frame, options(preserves_flags));
    }
    Registers {
        instruction: VirtAddr::new(instruction as u64),
        stack: pointer(),
        frame: VirtAddr::new(frame as u64),
    }
}
