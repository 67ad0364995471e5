//! What the firmware keeps for the loader: its variables, and the command line that it was started with.

use uefi::boot;
use uefi::data_types::CStr16;
use uefi::proto::loaded_image::LoadedImage;
use uefi::runtime::{self, VariableAttributes, VariableVendor};
use uefi::{Guid, guid};
use xtldr::config::CommandLine;
use xtldr::firmware::Status;
use xtldr::volume::{Variable, Variables};

use crate::platform::firmware::{UefiFirmware, status};
use crate::platform::open::open;

/// Whose variables they are: XTLDR's.
const VENDOR: VariableVendor = VariableVendor(VENDOR_GUID);
const VENDOR_GUID: Guid = guid!("da4dd39d-a41a-49c0-935a-46f65421dba1");

/// Kept when the machine is off, and out of the reach of whatever runs after the loader.
const ATTRIBUTES: VariableAttributes =
    VariableAttributes::NON_VOLATILE.union(VariableAttributes::BOOTSERVICE_ACCESS);

/// Calls `ask` with a variable's name as the firmware wants it.
fn named<R>(variable: Variable, ask: impl FnOnce(&CStr16) -> R) -> Option<R> {
    let mut room = [0; 32];
    CStr16::from_str_with_buf(variable.name(), &mut room).ok().map(ask)
}

impl Variables for UefiFirmware {
    fn get(&self, variable: Variable, into: &mut [u8]) -> Option<usize> {
        let found = named(variable, |name| self.timed(|| runtime::get_variable(name, &VENDOR, into)))?;
        found.ok().map(|(value, _)| value.len())
    }

    fn set(&self, variable: Variable, value: &[u8]) -> Result<(), Status> {
        let set = |name: &CStr16| self.timed(|| runtime::set_variable(name, &VENDOR, ATTRIBUTES, value));
        match named(variable, set) {
            Some(result) => result.map_err(|error| status(error.status())),
            None => Err(Status::INVALID_PARAMETER),
        }
    }
}

impl CommandLine for UefiFirmware {
    fn load_options(&self, into: &mut [u8]) -> usize {
        let image = open::<LoadedImage>(boot::image_handle());
        let options = image.as_ref().and_then(|image| image.load_options_as_bytes()).unwrap_or_default();
        let fits = options.len().min(into.len());
        if let (Some(into), Some(options)) = (into.get_mut(..fits), options.get(..fits)) {
            into.copy_from_slice(options);
        }
        options.len()
    }
}
