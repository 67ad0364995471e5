//! What firmware's tables say of the machine: found once, before the memory of the tables becomes free, and kept.
//!
//! The reading is [`xtacpi`]'s. Physical memory is read through the caller, because this layer maps nothing. Until the
//! tables have been read nothing is known; where there are none, what is kept is what to assume then.

use spin::Once;
use xtacpi::{Platform, ReadPhysical};
use xtcore::PhysAddr;

use crate::kd::log;

static PLATFORM: Once<Platform> = Once::new();

/// Reads the tables and says what was found in them and what is wrong with them; the first call counts.
///
/// At most [`Platform::MOST_BYTES`] are read, of ordinary tables about twice their length.
#[inline(never)]
pub(crate) fn find(memory: &mut impl ReadPhysical, rsdp: Option<PhysAddr>) -> &'static Platform {
    let found =
        PLATFORM.call_once(|| rsdp.map_or_else(Platform::default, |rsdp| Platform::find(memory, rsdp)));
    match rsdp {
        Some(_) => log!("xtoskrnl: ACPI: {found}"),
        None => log!("xtoskrnl: warning: the firmware has no ACPI tables"),
    }
    for notice in found.notices.listed() {
        log!("xtoskrnl: warning: ACPI: {notice}");
    }
    if found.notices.beyond() > 0 {
        log!("xtoskrnl: warning: ACPI: and {} more", found.notices.beyond());
    }
    found
}

/// Returns what the tables say, once they have been read.
pub(crate) fn platform() -> Option<&'static Platform> {
    PLATFORM.get()
}
