//! Physical memory as boot services see it: identically mapped, as far as the memory map describes it (UEFI 2.10, 2.3.2
//! and 2.3.4).
#![allow(unsafe_code, reason = "reads memory at addresses that tables hold")]

use core::ptr;

use xtacpi::{ReadPhysical, Unreadable};
use xtcore::{PAGE_BYTES, PhysAddr};
use xtmodule::uefi;
use xtmodule::uefi::boot::{self, MemoryAttribute, MemoryType};
use xtmodule::uefi::mem::memory_map::{MemoryMap, MemoryMapOwned};

/// The types of memory that firmware keeps tables in (ACPI 6.5, section 15.3, and what older ones do). Memory of other types
/// may be absent, unaccepted, broken, or no memory.
const MAY_HOLD_TABLES: [MemoryType; 10] = [
    MemoryType::ACPI_RECLAIM,
    MemoryType::ACPI_NON_VOLATILE,
    MemoryType::RUNTIME_SERVICES_DATA,
    MemoryType::RUNTIME_SERVICES_CODE,
    MemoryType::BOOT_SERVICES_DATA,
    MemoryType::BOOT_SERVICES_CODE,
    MemoryType::LOADER_DATA,
    MemoryType::LOADER_CODE,
    MemoryType::CONVENTIONAL,
    MemoryType::RESERVED,
];

/// The memory that the firmware's map describes at present.
pub(super) struct Described {
    map: MemoryMapOwned,
}

impl Described {
    /// Asks the firmware for its map.
    pub(super) fn now() -> uefi::Result<Self> {
        Ok(Self { map: boot::memory_map(MemoryType::BOOT_SERVICES_DATA)? })
    }

    /// Returns the end of the piece that holds `at`.
    fn end_of_piece(&self, at: u64) -> Option<u64> {
        self.map.entries().find_map(|entry| {
            let end = entry.page_count.checked_mul(PAGE_BYTES)?.checked_add(entry.phys_start)?;
            let memory =
                MAY_HOLD_TABLES.contains(&entry.ty) && !entry.att.contains(MemoryAttribute::READ_PROTECT);
            (memory && (entry.phys_start..end).contains(&at)).then_some(end)
        })
    }

    /// Tells whether all bytes of `[start, end)` are described. Linear in the map's pieces, for each piece that the range
    /// touches.
    fn holds(&self, start: u64, end: u64) -> bool {
        let mut at = start;
        while at < end {
            match self.end_of_piece(at) {
                Some(next) => at = next,
                None => return false,
            }
        }
        true
    }
}

impl ReadPhysical for Described {
    fn read(&mut self, from: PhysAddr, into: &mut [u8]) -> Result<(), Unreadable> {
        let unreadable = Unreadable { at: from };
        let start = usize::try_from(from.get()).map_err(|_| unreadable)?;
        let end = start.checked_add(into.len()).ok_or(unreadable)?;
        if start == 0 || !self.holds(start as u64, end as u64) {
            return Err(unreadable);
        }
        let from = ptr::with_exposed_provenance::<u8>(start);
        // SAFETY: all of it is of types that the firmware's map gives to memory in use, so boot services have it mapped
        // at its physical address and readable; `into` is this program's own and no table. Whoever writes there
        // meanwhile could only be a device, and bytes of any value are fine.
        unsafe { ptr::copy(from, into.as_mut_ptr(), into.len()) };
        Ok(())
    }
}
