//! What the walker must know of the processor: the registers and CPUID bits that change the meaning of an entry.

use xtcore::{PagingMode, PhysAddr};

/// The state of a processor that decides how page tables are read (SDM volume 3A, sections 4.1.1 to 4.1.4).
///
/// SMEP, SMAP, protection keys and PCIDs are taken to be off. They forbid accesses; none of them changes where an
/// address leads or what bits are reserved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// Paging mode.
    pub mode: PagingMode,
    /// The register CR3, flag bits included.
    pub cr3: u64,
    /// MAXPHYADDR: number of physical-address bits, at most 52 (CPUID 80000008H:EAX\[7:0\]).
    pub maxphyaddr: u32,
    /// IA32_EFER.NXE: bit 63 of an entry forbids execution. Without it that bit is reserved.
    pub nxe: bool,
    /// CR0.WP: the supervisor, too, respects read-only pages.
    pub wp: bool,
    /// CR4.PSE: 4 MiB pages in 32-bit paging. The other modes have large pages regardless.
    pub pse: bool,
    /// CR4.PGE: the G flag has a meaning.
    pub pge: bool,
    /// CPUID 80000001H:EDX\[26\]: pages of 1 GiB.
    pub page1gb: bool,
    /// CPUID 1:EDX\[17\]: a 4 MiB page may lie above 4 GiB (32-bit paging only).
    pub pse36: bool,
    /// CPUID 1:EDX\[16\]: the page attribute table. Without it the PAT bit is reserved in the 32-bit formats.
    pub pat: bool,
}

impl Facts {
    /// Describes a current processor in `mode` with its root table at `root`: everything supported and switched
    /// on, MAXPHYADDR 46. Change single fields by `Facts { nxe: false, ..Facts::modern(mode, root) }`.
    #[must_use]
    pub const fn modern(mode: PagingMode, root: PhysAddr) -> Self {
        Self {
            mode,
            cr3: root.get(),
            maxphyaddr: 46,
            nxe: true,
            wp: true,
            pse: true,
            pge: true,
            page1gb: true,
            pse36: true,
            pat: true,
        }
    }

    /// Returns MAXPHYADDR, held to the architectural limit of 52: the manual's `M`.
    pub(crate) const fn m(&self) -> u32 {
        if self.maxphyaddr > 52 { 52 } else { self.maxphyaddr }
    }

    /// Tells whether entries have a bit that forbids execution: not in 32-bit paging, whatever NXE says.
    pub(crate) const fn has_execute_disable(&self) -> bool {
        self.nxe && !matches!(self.mode, PagingMode::Pml2)
    }
}
