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
