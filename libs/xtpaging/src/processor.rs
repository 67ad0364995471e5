//! What the processor can do, decoded from CPUID: once, for loader and kernel alike.
//!
//! Source: Intel SDM volume 2A, CPUID; AMD64 APM volume 3, appendix E.

use xtcore::choice::{Architecture, WideMode};

use crate::entry::{Capabilities, Support};

/// The four registers that CPUID returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Leaf {
    /// EAX.
    pub eax: u32,
    /// EBX.
    pub ebx: u32,
    /// ECX.
    pub ecx: u32,
    /// EDX.
    pub edx: u32,
}

/// A way to execute CPUID.
pub trait Cpuid {
    /// Executes CPUID with EAX = `leaf` and ECX = `subleaf`.
    fn read(&self, leaf: u32, subleaf: u32) -> Leaf;
}

/// The facts that loader and kernel act upon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Processor {
    /// The instruction set that is in use.
    pub architecture: Architecture,
    /// Whether it has the architecture's wide paging mode.
    pub wide: WideMode,
    /// What its page tables can do.
    pub capabilities: Capabilities,
    /// Whether it has IA32_PAT.
    pub page_attributes: Support,
    /// Whether it has IA32_EFER, which an old 32-bit processor lacks.
    pub extended_features: Support,
    /// Whether it has control-flow enforcement, so that CR4.CET may be set.
    pub control_flow: Support,
    /// Supervisor-mode execution prevention.
    pub smep: Support,
    /// Supervisor-mode access prevention.
    pub smap: Support,
    /// User-mode instruction prevention.
    pub umip: Support,
}

impl Processor {
    /// Decodes the facts. `architecture` is the one that the program was built for.
    #[must_use]
    pub fn read(cpuid: &impl Cpuid, architecture: Architecture) -> Self {
        let highest = cpuid.read(0, 0).eax;
        let basic = cpuid.read(1, 0);
        let structured = if highest >= 7 { cpuid.read(7, 0) } else { Leaf::default() };
        let highest = cpuid.read(0x8000_0000, 0).eax;
        // Without extended leaves a processor answers with those of the highest basic one.
        let extended = |leaf| {
            let exists = (0x8000_0000..=0x8000_FFFF).contains(&highest) && highest >= leaf;
            if exists { Some(cpuid.read(leaf, 0)) } else { None }
        };
        let features = extended(0x8000_0001).unwrap_or_default();

        let pae = bit(basic.edx, 6);
        let wide = match architecture {
            Architecture::I686 => pae,
            Architecture::Amd64 => bit(structured.ecx, 16),
        };
        // Without the leaf the manual says 36 bits with PAE, else 32 (SDM volume 3A, section 4.1.4). There are processors
        // with PAE and 32 bits, though: the emulator's qemu32, which faults on the reserved bits. They lack PSE-36,
        // and no machine with UEFI has PAE and 36 bits without it, so both are asked for.
        let wide_addresses = pae.is_present() && bit(basic.edx, 17).is_present();
        let narrow = if wide_addresses { 36 } else { 32 };
        let physical_bits = extended(0x8000_0008).map_or(narrow, |sizes| sizes.eax & 0xFF);
        let no_execute = bit(features.edx, 20);
        Self {
            architecture,
            wide: if wide.is_present() { WideMode::Present } else { WideMode::Absent },
            capabilities: Capabilities {
                no_execute,
                global: bit(basic.edx, 13),
                large_pages: bit(basic.edx, 3),
                gigabyte_pages: bit(features.edx, 26),
                physical_bits: physical_bits.clamp(32, 52),
            },
            page_attributes: bit(basic.edx, 16),
            extended_features: either(no_execute, bit(features.edx, 29)),
            control_flow: either(bit(structured.ecx, 7), bit(structured.edx, 20)),
            smep: bit(structured.ebx, 7),
            smap: bit(structured.ebx, 20),
            umip: bit(structured.ecx, 2),
        }
    }
}

fn bit(register: u32, number: u32) -> Support {
    if register >> number & 1 == 1 { Support::Present } else { Support::Absent }
}

fn either(one: Support, other: Support) -> Support {
    if one.is_present() { one } else { other }
}

#[cfg(test)]
mod tests;
