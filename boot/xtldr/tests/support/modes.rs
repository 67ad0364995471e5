//! The four modes and processors that choose them.

use xtcore::PagingMode;
use xtcore::choice::{Architecture, WideMode};
use xtpaging::processor::{Cpuid, Leaf, Processor};
use xtpaging::{Capabilities, Support};

/// Returns the architecture of a mode.
pub(crate) fn architecture(mode: PagingMode) -> Architecture {
    if mode.levels() < 4 { Architecture::I686 } else { Architecture::Amd64 }
}

/// Returns a processor with everything, whose automatic choice is `mode`.
pub(crate) fn processor(mode: PagingMode) -> Processor {
    Processor {
        architecture: architecture(mode),
        wide: if mode.is_wide() { WideMode::Present } else { WideMode::Absent },
        capabilities: Capabilities {
            no_execute: Support::Present,
            global: Support::Present,
            large_pages: Support::Present,
            gigabyte_pages: Support::Present,
            physical_bits: if mode == PagingMode::Pml2 { 36 } else { 46 },
        },
        page_attributes: Support::Present,
        extended_features: Support::Present,
        control_flow: Support::Absent,
        smep: Support::Present,
        smap: Support::Present,
        umip: Support::Present,
    }
}

/// A processor that says nothing of itself.
pub(crate) struct NoCpuid;

impl Cpuid for NoCpuid {
    fn read(&self, _: u32, _: u32) -> Leaf {
        Leaf::default()
    }
}
