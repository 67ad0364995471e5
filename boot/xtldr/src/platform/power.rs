//! Restarting, switching off, and the way to the firmware's settings.

use uefi::runtime::{self, ResetType, VariableAttributes, VariableVendor};
use uefi::{CStr16, Status, cstr16};
use xtldr::firmware;
use xtldr::menu::FirmwareSettings;

use super::firmware::status;

/// EFI_OS_INDICATIONS_BOOT_TO_FW_UI (UEFI 2.10, section 8.5.4).
const BOOT_TO_SETTINGS: u64 = 1;

const SUPPORTED: &CStr16 = cstr16!("OsIndicationsSupported");
const WANTED: &CStr16 = cstr16!("OsIndications");

/// Restarts the machine.
pub(super) fn reboot() -> ! {
    runtime::reset(ResetType::COLD, Status::SUCCESS, None)
}

/// Switches the machine off.
pub(super) fn power_off() -> ! {
    runtime::reset(ResetType::SHUTDOWN, Status::SUCCESS, None)
}

/// Tells whether the firmware shows its settings when it is told to.
pub(super) fn firmware_settings() -> FirmwareSettings {
    match indications(SUPPORTED) {
        Some(bits) if bits & BOOT_TO_SETTINGS != 0 => FirmwareSettings::Offered,
        _ => FirmwareSettings::Missing,
    }
}

/// Restarts the machine into the firmware's settings. Returns the firmware's status where it does not take the order.
pub(super) fn reboot_to_firmware_settings() -> firmware::Status {
    // Other orders that are waiting stay.
    let bits = indications(WANTED).unwrap_or(0) | BOOT_TO_SETTINGS;
    let kept = VariableAttributes::NON_VOLATILE
        | VariableAttributes::BOOTSERVICE_ACCESS
        | VariableAttributes::RUNTIME_ACCESS;
    match runtime::set_variable(WANTED, &VariableVendor::GLOBAL_VARIABLE, kept, &bits.to_le_bytes()) {
        Ok(()) => reboot(),
        Err(error) => status(error.status()),
    }
}

fn indications(name: &CStr16) -> Option<u64> {
    let mut bytes = [0; 8];
    let (read, _) = runtime::get_variable(name, &VariableVendor::GLOBAL_VARIABLE, &mut bytes).ok()?;
    Some(u64::from_le_bytes(read.try_into().ok()?))
}
