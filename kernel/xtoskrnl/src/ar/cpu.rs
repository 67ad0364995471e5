//! What this processor has, and switching it on.
#![allow(unsafe_code, reason = "CPUID's results allow writes to control registers")]

use raw_cpuid::{CpuId, CpuIdResult};
use xtpaging::{Capabilities, Support};

use super::control::{self, Cr0, Cr4, cpuid};

/// The features of the processor that the kernel cares about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Features {
    /// What page tables may use.
    pub(crate) paging: Capabilities,
    /// IA32_PAT exists.
    pub(crate) pat: Support,
    /// Supervisor-mode execution prevention.
    pub(crate) smep: Support,
    /// Supervisor-mode access prevention.
    pub(crate) smap: Support,
    /// User-mode instruction prevention.
    pub(crate) umip: Support,
}

fn support(present: bool) -> Support {
    if present { Support::Present } else { Support::Absent }
}

/// Asks CPUID on behalf of the crate that decodes the answer; its own way is not built for a target without SSE.
fn ask(leaf: u32, subleaf: u32) -> CpuIdResult {
    let [eax, ebx, ecx, edx] = cpuid(leaf, subleaf);
    CpuIdResult { eax, ebx, ecx, edx }
}

impl Features {
    /// Asks CPUID and, for no-execute, IA32_EFER: the loader has set NXE where execution can be forbidden at all.
    pub(crate) fn read() -> Self {
        let cpuid = CpuId::with_cpuid_fn(ask);
        let basic = cpuid.get_feature_info();
        let structured = cpuid.get_extended_feature_info();
        let extended = cpuid.get_extended_processor_and_feature_identifiers();
        let capacity = cpuid.get_processor_capacity_feature_info();
        let has = |feature: Option<bool>| support(feature.unwrap_or(false));
        let nx_in_cpuid = extended.as_ref().is_some_and(|known| known.has_execute_disable());
        // SAFETY: a processor that reports no-execute has IA32_EFER; the read happens only then.
        let nxe =
            nx_in_cpuid && unsafe { control::read_msr(control::MSR_EFER) } & control::EFER_NO_EXECUTE != 0;
        let pae = basic.as_ref().is_some_and(|known| known.has_pae());
        let fallback_bits = if pae { 36 } else { 32 };
        let paging = Capabilities {
            no_execute: support(nxe),
            global: has(basic.as_ref().map(|known| known.has_pge())),
            large_pages: has(basic.as_ref().map(|known| known.has_pse())),
            gigabyte_pages: has(extended.as_ref().map(|known| known.has_1gib_pages())),
            physical_bits: capacity
                .map(|known| u32::from(known.physical_address_bits()))
                .filter(|bits| (32..=52).contains(bits))
                .unwrap_or(fallback_bits),
        };
        Self {
            paging,
            pat: has(basic.as_ref().map(|known| known.has_pat())),
            smep: has(structured.as_ref().map(|known| known.has_smep())),
            smap: has(structured.as_ref().map(|known| known.has_smap())),
            umip: has(structured.as_ref().map(|known| known.has_umip())),
        }
    }

    /// Switches on every protection that the processor has: WP, SMEP, SMAP, UMIP; and large and global pages.
    ///
    /// Call it before the first page of the user half is mapped and after the identity map of the loader is no longer
    /// executed, which is true from the kernel's first instruction on: its pages are supervisor pages.
    pub(crate) fn enable(&self) {
        let mut bits = Cr4::empty();
        for (feature, bit) in [
            (self.smep, Cr4::SMEP),
            (self.smap, Cr4::SMAP),
            (self.umip, Cr4::UMIP),
            (self.paging.global, Cr4::PAGE_GLOBAL),
            (self.paging.large_pages, Cr4::PAGE_SIZE_EXTENSIONS),
        ] {
            if feature.is_present() {
                bits |= bit;
            }
        }
        // SAFETY: CPUID reports each of these features; the kernel executes and touches supervisor pages only.
        unsafe { control::enable_cr4(bits) };
        // SAFETY: no code relies on writing through read-only pages.
        unsafe { control::write_cr0(control::read_cr0() | Cr0::WRITE_PROTECT.bits()) };
        if self.pat.is_present() {
            // SAFETY: CPUID reports PAT, and the loader has set the same value, so no mapping changes its type.
            unsafe { control::write_msr(control::MSR_PAT, control::PAT_VALUE) };
        }
    }
}

/// Returns the levels of the active paging mode, read from the control registers alone.
pub(crate) fn active_levels() -> u8 {
    let cr4 = Cr4::from_bits_retain(control::read_cr4());
    if cfg!(target_pointer_width = "64") {
        if cr4.contains(Cr4::LA57) { 5 } else { 4 }
    } else if cr4.contains(Cr4::PHYSICAL_ADDRESS_EXTENSION) {
        3
    } else {
        2
    }
}
