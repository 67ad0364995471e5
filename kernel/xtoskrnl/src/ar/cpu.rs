//! What this processor has, and switching it on.
#![allow(unsafe_code, reason = "CPUID's results allow writes to control registers")]

use xtcore::choice::Architecture;
use xtpaging::processor::{Cpuid, Leaf, Processor};
use xtpaging::{Capabilities, Support};

use super::control::{self, Cr0, Cr4};

/// The architecture that this image is built for.
pub(crate) const ARCHITECTURE: Architecture =
    if cfg!(target_pointer_width = "64") { Architecture::Amd64 } else { Architecture::I686 };

/// CPUID of this processor.
struct HostCpuid;

impl Cpuid for HostCpuid {
    fn read(&self, leaf: u32, subleaf: u32) -> Leaf {
        let [eax, ebx, ecx, edx] = control::cpuid(leaf, subleaf);
        Leaf { eax, ebx, ecx, edx }
    }
}

/// Asks the processor what it has. Execution can be forbidden where CPUID says so and the loader has set IA32_EFER.NXE.
pub(crate) fn identify() -> Processor {
    let processor = Processor::read(&HostCpuid, ARCHITECTURE);
    if !processor.capabilities.no_execute.is_present() {
        return processor;
    }
    // SAFETY: a processor that reports no-execute has IA32_EFER.
    let efer = unsafe { control::read_msr(control::MSR_EFER) };
    let no_execute = if efer & control::EFER_NO_EXECUTE != 0 { Support::Present } else { Support::Absent };
    Processor { capabilities: Capabilities { no_execute, ..processor.capabilities }, ..processor }
}

/// Switches on every protection that the processor has: WP, SMEP, SMAP, UMIP; and large and global pages.
///
/// Clears the processor's flags before, because SMAP protects nothing while AC is set, and gives IA32_PAT the value of
/// the boot protocol.
///
/// May be called from the kernel's first instruction on: it executes and touches supervisor pages only.
pub(crate) fn enable(processor: &Processor) {
    control::clear_flags();
    if processor.page_attributes.is_present() {
        // SAFETY: CPUID reports PAT.
        unsafe { set_page_attributes() };
    }
    let mut bits = Cr4::empty();
    for (feature, bit) in [
        (processor.smep, Cr4::SMEP),
        (processor.smap, Cr4::SMAP),
        (processor.umip, Cr4::UMIP),
        (processor.capabilities.global, Cr4::PAGE_GLOBAL),
        (processor.capabilities.large_pages, Cr4::PAGE_SIZE_EXTENSIONS),
    ] {
        if feature.is_present() {
            bits |= bit;
        }
    }
    // SAFETY: CPUID reports each of these features; the kernel executes and touches supervisor pages only.
    unsafe { control::enable_cr4(bits) };
    // SAFETY: no code relies on writing through read-only pages.
    unsafe { control::write_cr0(control::read_cr0() | Cr0::WRITE_PROTECT.bits()) };
}

/// Gives IA32_PAT the value of the boot protocol, if a loader that did not set the block's flag `PAT` left another.
///
/// Then pages that use entry 1, the framebuffer's, change their type. So caches and TLB are emptied on both sides of
/// the write, with caching off in between (SDM volume 3A, sections 11.11.8 and 11.12.4): no line remains that came in
/// under another type. The manual's other steps are for more processors than the one that runs.
///
/// # Safety
/// The processor must have IA32_PAT.
unsafe fn set_page_attributes() {
    // SAFETY: the register exists, as demanded above, and reading it changes nothing.
    if unsafe { control::read_msr(control::MSR_PAT) } == control::PAT_VALUE {
        return;
    }
    let cr0 = control::read_cr0();
    let uncached = cr0 & !Cr0::NOT_WRITE_THROUGH.bits() | Cr0::CACHE_DISABLE.bits();
    // SAFETY: with CD set and NW clear the processor only gets slower: what the caches hold stays valid and coherent.
    unsafe { control::write_cr0(uncached) };
    control::flush_caches();
    control::invalidate_all();
    // SAFETY: code, data and stack use entry 0, write-back at reset and in the new value; of the pages that use another
    // entry nothing is in a cache or in the TLB.
    unsafe { control::write_msr(control::MSR_PAT, control::PAT_VALUE) };
    control::flush_caches();
    control::invalidate_all();
    // SAFETY: the value that the register had before.
    unsafe { control::write_cr0(cr0) };
}

/// Returns the levels of the active paging mode, read from the control registers alone.
pub(crate) fn active_levels() -> u8 {
    let cr4 = Cr4::from_bits_retain(control::read_cr4());
    match ARCHITECTURE {
        Architecture::Amd64 if cr4.contains(Cr4::LA57) => 5,
        Architecture::Amd64 => 4,
        Architecture::I686 if cr4.contains(Cr4::PHYSICAL_ADDRESS_EXTENSION) => 3,
        Architecture::I686 => 2,
    }
}
