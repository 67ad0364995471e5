//! The harness's own view of the guest's address space: every leaf, found from CR3 in guest physical memory by the
//! independent walker of `xtsim`.

use serde_json::{Value, json};
use xtcore::{PAGE_BYTES, PagingMode, PhysAddr, VirtAddr, VirtRange};
use xtsim::{Facts, Fault, PhysicalMemory, Translation};

use super::run::{Rights, Run};
use crate::monitor::registers::ControlRegisters;
use crate::monitor::tlb::FLAG_BITS;
use crate::monitor::{Monitor, MonitorError};

/// The page-size bit of an entry; in a page table the same bit selects the memory type.
const PAGE_SIZE: u64 = 1 << 7;

/// One leaf entry: a page, where it leads, and what is allowed there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leaf {
    /// The page.
    pub page: VirtAddr,
    /// Where it leads.
    pub target: PhysAddr,
    /// Bytes of the page.
    pub bytes: u64,
    /// Effective rights over all levels, and the leaf's scope.
    pub rights: Rights,
    /// The entry as it lies in memory.
    pub entry: u64,
}

impl Leaf {
    /// Returns the entry's bits as the emulator lists them: it hides the page-size bit of a page table.
    pub(crate) const fn listed_bits(&self) -> u64 {
        let hidden = if self.bytes == PAGE_BYTES { PAGE_SIZE } else { 0 };
        self.entry & FLAG_BITS & !hidden
    }

    /// Returns the run that consists of this page alone.
    pub(crate) const fn run(&self) -> Run {
        let Self { page, target, bytes, rights, .. } = *self;
        Run { page, target, bytes, rights, page_bytes: bytes }
    }
}

impl From<Translation> for Leaf {
    fn from(found: Translation) -> Self {
        let mut rights = Rights::READ;
        for (holds, right) in [
            (found.rights.writable, Rights::WRITE),
            (found.rights.executable, Rights::EXECUTE),
            (found.rights.user, Rights::USER),
            (found.global, Rights::GLOBAL),
        ] {
            if holds {
                rights = rights.with(right);
            }
        }
        Self {
            page: found.page_start(),
            target: found.page_physical(),
            bytes: found.page_bytes,
            rights,
            entry: found.entry,
        }
    }
}

/// Asks the emulator what the walker must know of the guest's first processor.
///
/// # Errors
/// The monitor failed, or does not know the processor's properties.
pub fn facts(
    monitor: &mut Monitor,
    registers: &ControlRegisters,
    mode: PagingMode,
) -> Result<Facts, MonitorError> {
    let processors = monitor.execute("query-cpus-fast", json!({}))?;
    let path = processors.pointer("/0/qom-path").cloned().unwrap_or(Value::Null);
    let mut property = |name: &str| monitor.execute("qom-get", json!({ "path": path, "property": name }));
    let unknown = |value: &Value| MonitorError::Unintelligible(value.to_string());
    let bits = property("phys-bits")?;
    let maxphyaddr = bits.as_u64().and_then(|bits| u32::try_from(bits).ok()).ok_or_else(|| unknown(&bits))?;
    let mut has =
        |name: &str| property(name).and_then(|value| value.as_bool().ok_or_else(|| unknown(&value)));
    Ok(Facts {
        mode,
        cr3: registers.cr3,
        maxphyaddr,
        nxe: registers.forbids_execution(),
        wp: registers.write_protect(),
        pse: registers.large_pages(),
        pge: registers.global_pages(),
        page1gb: has("pdpe1gb")?,
        pse36: has("pse36")?,
        pat: has("pat")?,
    })
}

/// Walks the whole address space. The second list holds the entries that no processor could use.
#[must_use]
pub fn walk<M: PhysicalMemory>(memory: &M, facts: &Facts) -> (Vec<Leaf>, Vec<Fault>) {
    let mut leaves = Vec::new();
    let mut faults = Vec::new();
    for found in xtsim::leaves(memory, facts) {
        match found {
            Ok(translation) => leaves.push(Leaf::from(translation)),
            Err(fault) => faults.push(fault),
        }
    }
    (leaves, faults)
}

/// Returns the region through which page-table entries are reached, which the kernel leaves out of its list, and its slot:
/// the first entry of the root table that names the root itself; in PML3, where four directories stand for the root, the
/// first that names the first of them.
///
/// Found in the tables, not asked of the kernel.
pub(crate) fn self_map<M: PhysicalMemory>(memory: &M, facts: &Facts) -> Option<(u64, VirtRange)> {
    const PRESENT: u64 = 1;

    let geometry = facts.mode.geometry();
    let level = geometry.self_map_level();
    let slot_bytes = geometry.page_bytes(level);
    let root = facts.cr3 & !0x1F;
    let frame_of = |entry: u64| (entry & PRESENT != 0).then_some(entry & 0x000F_FFFF_FFFF_F000);
    let tables: Vec<u64> = match facts.mode {
        PagingMode::Pml3 => (0..4)
            .map(|index| memory.read_u64(PhysAddr::new(root + index * 8)).and_then(frame_of))
            .collect::<Option<_>>()?,
        PagingMode::Pml2 | PagingMode::Pml4 | PagingMode::Pml5 => vec![root & !0xFFF],
    };
    let per_table = geometry.entries(level) as u64;
    let entry = |slot: u64| {
        let table = tables.get(usize::try_from(slot / per_table).ok()?)?;
        let at = PhysAddr::new(table + slot % per_table * geometry.entry_bytes());
        if geometry.entry_bytes() == 4 { memory.read_u32(at).map(u64::from) } else { memory.read_u64(at) }
    };
    let slot = (0..per_table * tables.len() as u64).find(|slot| {
        let names_a_table = |entry: &u64| entry & PAGE_SIZE == 0;
        entry(*slot).filter(names_a_table).and_then(frame_of) == tables.first().copied()
    })?;
    let start = geometry.canonical(slot * slot_bytes);
    VirtRange::with_length(start, tables.len() as u64 * slot_bytes).map(|region| (slot, region))
}
