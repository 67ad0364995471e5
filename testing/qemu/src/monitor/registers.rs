//! Registers from the text of `info registers`: those that decide how a processor translates addresses, and where each processor is.

use xtcore::{PagingMode, PhysAddr};

/// CR0.PG, SDM volume 3A, section 2.5.
const CR0_PG: u64 = 1 << 31;
/// CR0.WP.
const CR0_WP: u64 = 1 << 16;
/// CR4.PSE.
const CR4_PSE: u64 = 1 << 4;
/// CR4.PAE.
const CR4_PAE: u64 = 1 << 5;
/// CR4.PGE.
const CR4_PGE: u64 = 1 << 7;
/// CR4.LA57.
const CR4_LA57: u64 = 1 << 12;
/// IA32_EFER.LMA, SDM volume 3A, section 2.2.1.
const EFER_LMA: u64 = 1 << 10;
/// IA32_EFER.NXE.
const EFER_NXE: u64 = 1 << 11;

/// The control registers of one processor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ControlRegisters {
    /// CR0.
    pub cr0: u64,
    /// CR3.
    pub cr3: u64,
    /// CR4.
    pub cr4: u64,
    /// IA32_EFER.
    pub efer: u64,
}

impl ControlRegisters {
    /// Reads the registers from the monitor's text, or `None` when one is missing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| {
            text.split_whitespace()
                .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
                .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        };
        Some(Self { cr0: value("CR0")?, cr3: value("CR3")?, cr4: value("CR4")?, efer: value("EFER")? })
    }

    /// Returns the paging mode, or `None` with paging off (SDM volume 3A, section 4.1.1).
    #[must_use]
    pub const fn mode(&self) -> Option<PagingMode> {
        if self.cr0 & CR0_PG == 0 {
            return None;
        }
        Some(if self.cr4 & CR4_PAE == 0 {
            PagingMode::Pml2
        } else if self.efer & EFER_LMA == 0 {
            PagingMode::Pml3
        } else if self.cr4 & CR4_LA57 == 0 {
            PagingMode::Pml4
        } else {
            PagingMode::Pml5
        })
    }

    /// Tells whether page-table entries can forbid execution: NXE is set and the entries have the bit.
    #[must_use]
    pub const fn forbids_execution(&self) -> bool {
        self.efer & EFER_NXE != 0 && self.cr4 & CR4_PAE != 0
    }

    /// Tells whether supervisor writes respect read-only entries.
    #[must_use]
    pub const fn write_protect(&self) -> bool {
        self.cr0 & CR0_WP != 0
    }

    /// Tells whether 32-bit paging has 4 MiB pages.
    #[must_use]
    pub const fn large_pages(&self) -> bool {
        self.cr4 & CR4_PSE != 0
    }

    /// Tells whether the global bit of an entry has a meaning.
    #[must_use]
    pub const fn global_pages(&self) -> bool {
        self.cr4 & CR4_PGE != 0
    }

    /// Returns the physical address of the root table: CR3 without its flags and PCID, and of 32-byte granularity
    /// in PAE paging, where the root is no whole page.
    #[must_use]
    pub const fn root(&self) -> PhysAddr {
        let mask = match self.mode() {
            Some(PagingMode::Pml3) => 0xFFFF_FFE0,
            Some(PagingMode::Pml2) | None => 0xFFFF_F000,
            Some(PagingMode::Pml4 | PagingMode::Pml5) => 0x000F_FFFF_FFFF_F000,
        };
        PhysAddr::new(self.cr3 & mask)
    }
}

/// Returns a line for each processor of the text of `info registers -a`: where it runs, on which stack, and whether it is
/// halted.
#[must_use]
pub fn places(text: &str) -> Vec<String> {
    let mut places: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        if let Some(number) = word.strip_prefix("CPU#") {
            places.push(format!("CPU {number}:"));
        } else if let (Some((name, _)), Some(place)) = (word.split_once('='), places.last_mut())
            && ["RIP", "EIP", "RSP", "ESP", "HLT"].contains(&name)
        {
            place.push(' ');
            place.push_str(word);
        }
    }
    places
}
