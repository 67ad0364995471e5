//! Control registers, model-specific registers, the TLB, and the time stamp counter.
#![allow(unsafe_code, reason = "privileged instructions")]

use core::arch::asm;

use bitflags::bitflags;
use xtcore::{PhysAddr, VirtAddr};

bitflags! {
    /// CR0 (SDM volume 3A, section 2.5).
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Cr0: usize {
        /// Supervisor writes respect read-only pages.
        const WRITE_PROTECT = 1 << 16;
        /// Together with [`Self::CACHE_DISABLE`]: memory is not kept coherent.
        const NOT_WRITE_THROUGH = 1 << 29;
        /// Nothing new comes into the caches.
        const CACHE_DISABLE = 1 << 30;
    }

    /// CR4 (SDM volume 3A, section 2.5).
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Cr4: usize {
        /// 4 MiB pages in PML2.
        const PAGE_SIZE_EXTENSIONS = 1 << 4;
        /// PAE.
        const PHYSICAL_ADDRESS_EXTENSION = 1 << 5;
        /// Global pages.
        const PAGE_GLOBAL = 1 << 7;
        /// User-mode instruction prevention.
        const UMIP = 1 << 11;
        /// 5-level paging.
        const LA57 = 1 << 12;
        /// Supervisor-mode execution prevention.
        const SMEP = 1 << 20;
        /// Supervisor-mode access prevention.
        const SMAP = 1 << 21;
        /// Bits that this file does not name stay as they are.
        const _ = !0;
    }
}

macro_rules! readable {
    ($read:ident, $name:literal) => {
        /// Reads the register.
        pub(crate) fn $read() -> usize {
            let value: usize;
            // SAFETY: reading a control register at privilege level 0 changes nothing but the destination.
            unsafe { asm!(concat!("mov {}, ", $name), out(reg) value, options(nomem, nostack, preserves_flags)) };
            value
        }
    };
}

macro_rules! writable {
    ($visible:vis $write:ident, $name:literal) => {
        /// Writes the register.
        ///
        /// # Safety
        /// The new value must keep the running code, its stack and its data valid.
        $visible unsafe fn $write(value: usize) {
            // SAFETY: the kernel runs at privilege level 0, where the move is allowed. What it changes is how addresses are
            // translated and checked, and under the new value code, stack and data are still valid; without `nomem`, no access
            // is moved over it.
            unsafe { asm!(concat!("mov ", $name, ", {}"), in(reg) value, options(nostack, preserves_flags)) };
        }
    };
}

readable!(read_cr0, "cr0");
readable!(read_cr3, "cr3");
readable!(read_cr4, "cr4");
writable!(pub(crate) write_cr0, "cr0");
// Not for others: the 32-bit double-fault task has its own copy of CR3, so whoever gives the register another value
// must change both (see `i686/tables.rs`). Here it only gets the value that it has.
writable!(write_cr3, "cr3");
writable!(pub(crate) write_cr4, "cr4");

/// Reads CR2, the address of the last page fault, whatever it contains.
pub(crate) fn fault_address() -> VirtAddr {
    let value: usize;
    // SAFETY: reading CR2 at privilege level 0 changes nothing but the destination.
    unsafe { asm!("mov {}, cr2", out(reg) value, options(nomem, nostack, preserves_flags)) };
    VirtAddr::new(value as u64)
}

/// Returns the physical address of the active root table.
pub(crate) fn page_root() -> PhysAddr {
    // PAE's table is aligned to 32 bytes, the others to a page; the flag bits lie below both.
    PhysAddr::new(read_cr3() as u64 & !0x1F)
}

/// Switches bits of CR4 on.
///
/// # Safety
/// The processor must have the features, and no code or data in use may break their rules.
pub(crate) unsafe fn enable_cr4(bits: Cr4) {
    // SAFETY: bits are only added: what the old value allowed is forbidden by the new ones alone, whose rules nothing in use
    // breaks; and the processor has them, so none is reserved.
    unsafe { write_cr4(read_cr4() | bits.bits()) };
}

/// Makes the processor forget the page that contains `address`, global or not, and all paging-structure caches.
pub(crate) fn invalidate_page(address: VirtAddr) {
    // SAFETY: forgetting a translation is always allowed; the processor walks the tables again. The cast keeps all
    // bits that an address of this architecture has.
    unsafe { asm!("invlpg [{}]", in(reg) address.get() as usize, options(nostack, preserves_flags)) };
}

/// Makes the processor forget all translations, global ones included (SDM volume 3A, section 4.10.4.1).
///
/// While CR4.PGE is clear, which it is for ever on a processor that has no such bit, no translation is global.
pub(crate) fn invalidate_all() {
    let cr4 = read_cr4();
    if cr4 & Cr4::PAGE_GLOBAL.bits() == 0 {
        // SAFETY: the same root as before; PAE's four entries, which this loads anew, are part of it.
        unsafe { write_cr3(read_cr3()) };
        return;
    }
    // SAFETY: clearing PGE changes no translation, it only empties the TLB; a set bit can always be cleared.
    unsafe { write_cr4(cr4 & !Cr4::PAGE_GLOBAL.bits()) };
    // SAFETY: the value that the register had a moment ago.
    unsafe { write_cr4(cr4) };
}

/// Writes all modified cache lines back to memory and empties the caches. Takes milliseconds.
pub(crate) fn flush_caches() {
    // SAFETY: every line reaches memory before it is dropped, so no byte of the program changes.
    unsafe { asm!("wbinvd", options(nostack, preserves_flags)) };
}

/// Clears every flag that can be: AC, which would undo SMAP, NT, TF, and with them IF and DF.
pub(crate) fn clear_flags() {
    // SAFETY: the kernel runs with IF clear and the ABI wants DF clear; the other flags carry nothing from one statement
    // to the next, because the compiler takes them for changed by this one. The push is popped again.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        asm!("push 2", "popfq");
        #[cfg(target_arch = "x86")]
        asm!("push 2", "popfd");
    }
}

/// Calls `act` with interrupts off, and leaves them as they were. Non-maskable ones still come.
///
/// To the compiler both ends are barriers: no access of `act` moves out of it.
#[inline]
pub(crate) fn without_interrupts<R>(act: impl FnOnce() -> R) -> R {
    let were_on = interrupts_are_on();
    interrupts_off();
    let result = act();
    if were_on {
        interrupts_on();
    }
    result
}

/// Waits until all loads and stores before it are done and visible: also for what is no load or store, as the write
/// of a model-specific register (SDM volume 3A, section 11.12.3). For processors that have SSE2.
#[inline]
pub(crate) fn fence() {
    // SAFETY: waiting changes nothing.
    unsafe { asm!("mfence", "lfence", options(nostack, preserves_flags)) };
}

/// IA32_PAT.
pub(crate) const MSR_PAT: u32 = 0x277;
/// IA32_GS_BASE.
#[cfg(target_arch = "x86_64")]
pub(super) const MSR_GS_BASE: u32 = 0xC000_0101;
/// IA32_EFER.
pub(crate) const MSR_EFER: u32 = 0xC000_0080;
/// IA32_EFER.NXE.
pub(crate) const EFER_NO_EXECUTE: u64 = 1 << 11;
/// The memory types that the boot protocol fixes: WB, WC, UC-, UC, mirrored in the upper half.
pub(crate) const PAT_VALUE: u64 = 0x0007_0106_0007_0106;

/// Reads a model-specific register.
///
/// # Safety
/// The processor must have it; else this faults.
pub(crate) unsafe fn read_msr(number: u32) -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: the caller knows that the register exists; reading it changes EDX and EAX only.
    unsafe {
        asm!("rdmsr", in("ecx") number, out("eax") low, out("edx") high, options(nomem, nostack, preserves_flags))
    };
    u64::from(high) << 32 | u64::from(low)
}

/// Writes a model-specific register.
///
/// # Safety
/// The processor must have it, and the value must keep the running program valid.
pub(crate) unsafe fn write_msr(number: u32, value: u64) {
    let (low, high) = (value as u32, (value >> 32) as u32);
    // SAFETY: the register exists, so this does not fault at privilege level 0; the value keeps the program valid, and
    // without `nomem` no access is moved over its effect.
    unsafe {
        asm!("wrmsr", in("ecx") number, in("eax") low, in("edx") high, options(nostack, preserves_flags))
    };
}

/// Asks CPUID: EAX, EBX, ECX and EDX of a leaf.
pub(crate) fn cpuid(leaf: u32, subleaf: u32) -> [u32; 4] {
    let (eax, ebx, ecx, edx): (u32, usize, u32, u32);
    // SAFETY: every processor that the boot protocol admits has CPUID; the compiler may keep EBX for itself, so it is
    // swapped back before the block ends.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        asm!("mov {0:r}, rbx", "cpuid", "xchg {0:r}, rbx", out(reg) ebx, inlateout("eax") leaf => eax,
             inlateout("ecx") subleaf => ecx, out("edx") edx, options(nomem, nostack, preserves_flags));
        #[cfg(target_arch = "x86")]
        asm!("mov {0:e}, ebx", "cpuid", "xchg {0:e}, ebx", out(reg) ebx, inlateout("eax") leaf => eax,
             inlateout("ecx") subleaf => ecx, out("edx") edx, options(nomem, nostack, preserves_flags));
    }
    [eax, ebx as u32, ecx, edx]
}

/// Reads the time stamp counter.
pub(crate) fn time_stamp() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: CR4.TSD concerns privilege level 3 only; RDTSC changes EDX and EAX. The boot protocol
    // demands a processor that has the counter (chapter 4).
    unsafe { asm!("rdtsc", out("eax") low, out("edx") high, options(nomem, nostack, preserves_flags)) };
    u64::from(high) << 32 | u64::from(low)
}

/// Reads the time stamp counter after all loads before it are done, so that who has seen another processor's stamp
/// gets no earlier one (SDM volume 2B, RDTSC). For processors that have SSE2.
#[inline]
pub(crate) fn ordered_time_stamp() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: waiting for loads changes nothing, RDTSC changes EDX and EAX. Not `nomem`, so that the compiler keeps other
    // accesses on their side of it.
    unsafe { asm!("lfence", "rdtsc", out("eax") low, out("edx") high, options(nostack, preserves_flags)) };
    u64::from(high) << 32 | u64::from(low)
}

/// Waits for an instant, politely.
pub(crate) fn pause() {
    core::hint::spin_loop();
}

/// Takes interrupts from now on.
///
/// Part of what a processor does where it has made sure that every vector has its place and every controller its setting.
#[inline]
pub(crate) fn interrupts_on() {
    // SAFETY: an interrupt gives back everything but what it is told to change. Not `nomem`: what it may look at is
    // written before.
    unsafe { asm!("sti", options(nostack, preserves_flags)) };
}

/// Takes no interrupts from now on; NMIs and machine checks still come.
#[inline]
pub(crate) fn interrupts_off() {
    // SAFETY: the processor only takes interrupts later. Not `nomem`: what follows is not done before.
    unsafe { asm!("cli", options(nostack, preserves_flags)) };
}

/// Tells whether the processor takes interrupts.
#[inline]
pub(crate) fn interrupts_are_on() -> bool {
    let flags: usize;
    // SAFETY: the flags are copied by way of the stack, and nothing changes.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        asm!("pushfq", "pop {}", out(reg) flags, options(preserves_flags));
        #[cfg(target_arch = "x86")]
        asm!("pushfd", "pop {}", out(reg) flags, options(preserves_flags));
    }
    flags & 1 << 9 != 0
}

/// Takes interrupts, and sleeps until one comes. No interrupt comes between the two: STI takes effect an instruction
/// later (SDM volume 2B, STI).
pub(crate) fn wait_for_interrupt() {
    // SAFETY: an interrupt gives back what it interrupts, and ends the sleep.
    unsafe { asm!("sti", "hlt", options(nostack, preserves_flags)) };
}

/// Stops the processor for good.
pub(crate) fn stop() -> ! {
    loop {
        // SAFETY: with interrupts off and every register of ours dead, halting harms nobody. An NMI or a machine check
        // wakes the processor, but into the bug check that its handler makes of it, which does not return here.
        unsafe { asm!("cli", "hlt", options(nomem, nostack)) };
    }
}
