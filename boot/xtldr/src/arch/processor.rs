//! Identification, clock, ports.

#[cfg(target_arch = "x86")]
use core::arch::x86 as intrinsics;
#[cfg(target_arch = "x86_64")]
use core::arch::x86_64 as intrinsics;

use core::arch::asm;

use xtcore::choice::Architecture;
use xtpaging::processor::{Cpuid, Leaf};

/// The instruction set that the loader was built for.
pub const ARCHITECTURE: Architecture =
    if cfg!(target_arch = "x86_64") { Architecture::Amd64 } else { Architecture::I686 };

/// CPUID of the processor that executes this.
#[derive(Clone, Copy, Debug)]
pub struct HostCpuid;

impl Cpuid for HostCpuid {
    fn read(&self, leaf: u32, subleaf: u32) -> Leaf {
        let registers = intrinsics::__cpuid_count(leaf, subleaf);
        Leaf { eax: registers.eax, ebx: registers.ebx, ecx: registers.ecx, edx: registers.edx }
    }
}

/// Reads the time-stamp counter.
///
/// Every processor that runs UEFI has one: the specification's own timer services are calibrated with it.
#[must_use]
pub fn ticks() -> u64 {
    // SAFETY: RDTSC is allowed at privilege level 0, where firmware runs its applications, and changes nothing else.
    unsafe { intrinsics::_rdtsc() }
}

/// Returns 64 random bits, or `None` where the processor has no generator, or one that doesn't work.
///
/// Ten attempts a word are the manual's advice (SDM volume 1, section 7.3.17.1). A generator that only says zeros or ones
/// is known to be broken.
#[must_use]
pub fn random() -> Option<u64> {
    const ATTEMPTS: u32 = 10;
    const RDRAND: u32 = 1 << 30;

    if HostCpuid.read(1, 0).ecx & RDRAND == 0 {
        return None;
    }
    let word = || {
        (0..ATTEMPTS).find_map(|_| {
            let (word, valid): (usize, u8);
            // SAFETY: CPUID says that the instruction exists; it touches nothing but the register and the flags.
            unsafe {
                asm!("rdrand {word}", "setc {valid}", word = out(reg) word, valid = out(reg_byte) valid,
                    options(nomem, nostack));
            }
            (valid == 1 && word != 0 && word != usize::MAX).then_some(word as u64)
        })
    };
    let (first, second) = (word()?, word()?);
    // Two equal words are as unlikely as a generator that sticks is real. On 32 bits each word is a half.
    (first != second).then_some(first << (u64::BITS - usize::BITS) ^ second)
}

/// Stops the processor for good.
pub fn halt() -> ! {
    loop {
        // SAFETY: with interrupts off HLT waits for nothing that could run code of ours; that is the purpose.
        unsafe { asm!("cli", "hlt", options(nomem, nostack)) };
    }
}

/// Waits for about so many seconds without any clock but the ISA bus: a write to the diagnostic port takes about a
/// microsecond.
pub fn wait_seconds(seconds: u32) {
    for _ in 0..u64::from(seconds) * 1_000_000 {
        // SAFETY: port 0x80 is the diagnostic port; its value is shown, if at all, and has no effect.
        unsafe { write_port(0x80, 0) };
    }
}

/// Writes a byte to an I/O port.
///
/// # Safety
/// The device behind the port must tolerate the write, and must not thereby write to memory in use.
pub(super) unsafe fn write_port(port: u16, value: u8) {
    // SAFETY: the caller answers for the device; the instruction itself touches no memory.
    unsafe { asm!("out dx, al", in("dx") port, in("al") value, options(nomem, nostack, preserves_flags)) };
}

/// Reads a byte from an I/O port.
///
/// # Safety
/// The device behind the port must tolerate the read.
pub(super) unsafe fn read_port(port: u16) -> u8 {
    let value;
    // SAFETY: the caller answers for the device; the instruction itself touches no memory.
    unsafe { asm!("in al, dx", out("al") value, in("dx") port, options(nomem, nostack, preserves_flags)) };
    value
}
