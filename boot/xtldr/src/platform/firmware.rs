//! UEFI behind the loader's trait.
//!
//! Every call into the firmware is timed. The three calls around the final memory map are made directly: the uefi
//! crate's own way of leaving boot services allocates a buffer and gives up by resetting the machine.

use core::cell::Cell;
use core::fmt;
use core::ptr::NonNull;

use arrayvec::ArrayString;
use uefi::boot::{self, AllocateType, MemoryType};
use uefi::proto::unsafe_protocol;
use uefi::table::cfg::ConfigTableEntry;
use uefi::{Guid, system, table};
use uefi_raw::protocol::memory_protection::MemoryAttributeProtocol;
use uefi_raw::table::boot::{BootServices, MemoryAttribute};
use uefi_raw::table::system::SystemTable;
use xtcore::{FrameCount, FrameRange, PhysAddr};
use xtldr::arch;
use xtldr::config::{DebugLines, DebugPort, DebugPorts};
use xtldr::firmware::{
    Firmware, Grant, Graphics, Maker, MapFailure, MapKey, MapShape, Placement, Purpose, Status, SystemTables,
};

use super::console::{self, Console};
use super::graphics;
use super::open::open_first;

/// The firmware that started this application.
pub(super) struct UefiFirmware {
    console: Console,
    vendor: ArrayString<64>,
    /// What the firmware said about its screen when it was last asked.
    graphics: Cell<Option<Graphics>>,
    inside: Cell<u64>,
}

/// EFI_MEMORY_ATTRIBUTE_PROTOCOL, as the uefi crate wants protocols named.
#[repr(transparent)]
#[unsafe_protocol(MemoryAttributeProtocol::GUID)]
struct MemoryAttributes(MemoryAttributeProtocol);

impl UefiFirmware {
    pub(super) fn new() -> Self {
        let mut vendor = ArrayString::new();
        for character in system::firmware_vendor().iter() {
            // A longer name is cut.
            let _ = vendor.try_push(char::from(*character));
        }
        Self { console: Console::find(), vendor, graphics: Cell::new(None), inside: Cell::new(0) }
    }

    pub(super) fn timed<R>(&self, call: impl FnOnce() -> R) -> R {
        let before = arch::ticks();
        let result = call();
        let spent = arch::ticks().wrapping_sub(before);
        self.inside.set(self.inside.get().wrapping_add(spent));
        result
    }
}

impl DebugLines for UefiFirmware {
    fn send_to(&self, ports: &DebugPorts, absent: &mut dyn FnMut(DebugPort)) {
        self.console.send_to(ports, absent);
    }
}

/// Returns the loader's form of a status: without the error bit, whose place depends on the architecture.
pub(super) fn status(found: uefi::Status) -> Status {
    const ERROR_BIT: usize = 1 << (usize::BITS - 1);
    Status((found.0 & !ERROR_BIT) as u64)
}

/// Returns the system table, which the entry point has set.
fn system_table() -> Option<NonNull<SystemTable>> {
    table::system_table_raw()
}

/// Returns boot services, while there are any.
pub(super) fn services() -> Option<&'static BootServices> {
    let table = system_table()?;
    // SAFETY: the firmware gave the table to the entry point, and it stays where it is.
    let services = unsafe { (*table.as_ptr()).boot_services };
    // SAFETY: the table's pointer is null or points at boot services, which live until they are left; nobody calls
    // this afterwards, by the trait's contract.
    unsafe { services.as_ref() }
}

impl Firmware for UefiFirmware {
    fn describe(&self) -> Maker<'_> {
        let uefi = system::uefi_revision();
        Maker {
            vendor: &self.vendor,
            revision: system::firmware_revision(),
            uefi: (uefi.major(), uefi.minor()),
        }
    }

    fn system_tables(&self) -> SystemTables {
        let address = |wanted: Guid| {
            system::with_config_table(|entries| {
                let entry = entries.iter().find(|entry| entry.guid == wanted)?;
                Some(PhysAddr::new(entry.address as u64))
            })
        };
        let first = |newer, older| address(newer).or_else(|| address(older));
        SystemTables {
            acpi_rsdp: first(ConfigTableEntry::ACPI2_GUID, ConfigTableEntry::ACPI_GUID),
            smbios: first(ConfigTableEntry::SMBIOS3_GUID, ConfigTableEntry::SMBIOS_GUID),
            system_table: PhysAddr::new(system_table().map_or(0, |table| table.as_ptr() as u64)),
        }
    }

    fn graphics(&self) -> Option<Graphics> {
        self.graphics.set(self.timed(graphics::current));
        self.graphics.get()
    }

    fn set_watchdog(&self, seconds: u16) {
        // Codes up to 0xFFFF are the firmware's own. One without the timer leaves a loader that hangs to its user.
        let _ = self.timed(|| boot::set_watchdog_timer(usize::from(seconds), 0x1_0000, None));
    }

    fn allocate(&self, frames: FrameCount, placement: Placement, purpose: Purpose) -> Result<Grant, Status> {
        let count = usize::try_from(frames.get()).map_err(|_| Status::OUT_OF_RESOURCES)?;
        let place = match placement {
            Placement::Any => AllocateType::AnyPages,
            Placement::Below4GiB => AllocateType::MaxAddress((1 << 32) - 1),
            Placement::Below2GiB => AllocateType::MaxAddress((1 << 31) - 1),
        };
        let kind = match purpose {
            Purpose::Data => MemoryType::LOADER_DATA,
            Purpose::Code => MemoryType::LOADER_CODE,
        };
        let first = self
            .timed(|| boot::allocate_pages(place, kind, count))
            .map_err(|error| status(error.status()))?;
        let frame = PhysAddr::new(first.as_ptr() as u64).frame();
        // SAFETY: the firmware has just given these pages to this application alone, and UEFI maps memory at its
        // physical address.
        Ok(unsafe { Grant::new(FrameRange::with_count(frame, frames), first) })
    }

    fn free(&self, grant: &Grant) {
        let count = grant.frames().count().get() as usize;
        // SAFETY: the grant came from `allocate` with this count, and its owner is being dropped. A refusal would
        // leave the pages allocated, which harms nobody.
        let _ = self.timed(|| unsafe { boot::free_pages(grant.first(), count) });
    }

    fn allow_execution(&self, frames: FrameRange) {
        let Some(protocol) = open_first::<MemoryAttributes>() else { return };
        let (start, bytes) = (frames.start().address().get(), frames.count().bytes());
        // SAFETY: the pages are this application's; taking "no execution" from them takes nothing from anybody. Where
        // the firmware refuses, its tables have no such right to begin with.
        let _ = self.timed(|| unsafe {
            (protocol.0.clear_memory_attributes)(&protocol.0, start, bytes, MemoryAttribute::EXECUTE_PROTECT)
        });
    }

    fn memory_map(&self, buffer: &mut [u8]) -> Result<MapShape, MapFailure> {
        let Some(services) = services() else {
            return Err(MapFailure::Refused(Status::INVALID_PARAMETER));
        };
        let mut bytes = buffer.len();
        let (mut key, mut stride, mut version) = (0, 0, 0);
        let into = buffer.as_mut_ptr().cast();
        // SAFETY: the buffer is writable for `bytes` bytes and aligned to a page (or empty), and the firmware never
        // writes more than it is told.
        let result = self.timed(|| unsafe {
            (services.get_memory_map)(&mut bytes, into, &mut key, &mut stride, &mut version)
        });
        match result {
            uefi::Status::SUCCESS => Ok(MapShape { bytes, stride, key: MapKey(key) }),
            uefi::Status::BUFFER_TOO_SMALL => Err(MapFailure::TooSmall { needed: bytes, stride }),
            refused => Err(MapFailure::Refused(status(refused))),
        }
    }

    fn leave(&self, key: MapKey) -> Result<(), Status> {
        let Some(services) = services() else { return Err(Status::INVALID_PARAMETER) };
        let image = boot::image_handle().as_ptr();
        // SAFETY: the loader uses nothing of boot services afterwards: files are closed, the console is forgotten below, and
        // neither its modules nor its timer are called or freed, because nobody returns from here but to hand over or to reset.
        let result = self.timed(|| unsafe { (services.exit_boot_services)(image, key.0) });
        // Even after a failure the firmware may be half gone, its console first (UEFI 2.10, section 7.4.6).
        console::forget_services();
        if result == uefi::Status::SUCCESS { Ok(()) } else { Err(status(result)) }
    }

    fn ticks(&self) -> u64 {
        arch::ticks()
    }

    fn ticks_inside(&self) -> u64 {
        self.inside.get()
    }

    #[cfg(feature = "tamper")]
    fn poison(&self, frames: FrameRange) {
        let bytes = frames.count().bytes();
        let start = frames.start().address().get();
        let end = start.saturating_add(bytes);
        if let (Ok(start), Ok(_)) = (usize::try_from(start), usize::try_from(end)) {
            // SAFETY: boot services are gone and the final map calls these frames free: neither the firmware nor this
            // application, whose image, stack and pages are of other types, uses them. UEFI maps them identically.
            unsafe { core::ptr::write_bytes(start as *mut u8, 0xFF, bytes as usize) };
        }
    }

    fn print(&self, line: fmt::Arguments<'_>) {
        self.timed(|| self.console.line(line));
    }

    fn announce(&self, line: fmt::Arguments<'_>) {
        self.timed(|| self.console.announce(line));
        if let Some(graphics) = self.graphics.get().filter(|_| console::services_are_gone()) {
            // SAFETY: this is the mode of the screen, boot services no longer draw on it, and the kernel's page tables
            // are loaded only by a boot that has nothing left to refuse.
            unsafe { graphics::show(&graphics, line) };
        }
    }

    fn print_machine_line(&self, line: fmt::Arguments<'_>) {
        self.console.machine_line(line);
    }
}
