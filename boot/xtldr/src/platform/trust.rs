//! Randomness, Secure Boot and the TPM, behind the loader's traits.

use core::mem::MaybeUninit;
use core::ptr;

use uefi::boot;
use uefi::proto::device_path::build::DevicePathBuilder;
use uefi::proto::device_path::build::hardware::MemoryMapped;
use uefi::proto::rng::Rng;
use uefi::proto::tcg::v2::{HashLogExtendEventFlags, PcrEventInputs, Tcg};
use uefi::proto::tcg::{EventType, PcrIndex};
use uefi::runtime::{self, VariableVendor};
use uefi::{CStr16, cstr16};
use xtldr::arch;
use xtldr::firmware::Status;
use xtldr::trust::{Measuring, Pcr, Randomness, Recorded, SecureBoot, SecureBootState};

use super::firmware::{UefiFirmware, services, status};
use super::open::open_first;

impl Randomness for UefiFirmware {
    fn random_of_firmware(&self) -> Option<u64> {
        let mut generator = open_first::<Rng>()?;
        let mut bytes = [0; 8];
        self.timed(|| generator.get_rng(None, &mut bytes)).ok()?;
        Some(u64::from_le_bytes(bytes))
    }

    fn random_of_processor(&self) -> Option<u64> {
        arch::random()
    }
}

/// Reads a global variable of one byte.
fn byte_variable(name: &CStr16) -> Option<u8> {
    let mut byte = [0];
    runtime::get_variable(name, &VariableVendor::GLOBAL_VARIABLE, &mut byte).ok()?;
    Some(byte[0])
}

impl SecureBoot for UefiFirmware {
    fn secure_boot(&self) -> SecureBootState {
        self.timed(|| {
            SecureBootState::from_variables(
                byte_variable(cstr16!("SecureBoot")),
                byte_variable(cstr16!("SetupMode")),
            )
        })
    }

    /// Loads the file as an image and unloads it: `LoadImage` holds it against db and dbx before anything else (UEFI
    /// 2.10, sections 7.4.1 and 32.5), and nothing of it runs before `StartImage`.
    fn authenticate(&self, file: &[u8]) -> Result<(), Status> {
        let Some(services) = services() else { return Err(Status::INVALID_PARAMETER) };
        let start = file.as_ptr() as u64;
        let place = MemoryMapped {
            memory_type: boot::MemoryType::LOADER_DATA,
            start_address: start,
            end_address: start + file.len() as u64,
        };
        let mut room = [MaybeUninit::uninit(); 64];
        // Some firmware refuses a file that comes from nowhere.
        let path = DevicePathBuilder::with_buf(&mut room).push(&place).and_then(DevicePathBuilder::finalize);
        let path = path.map_err(|_| Status::INVALID_PARAMETER)?;
        let parent = boot::image_handle().as_ptr();
        let mut image = ptr::null_mut();
        // SAFETY: the path and the file are readable for the whole call and not kept; the firmware writes a handle.
        let loaded = self.timed(|| unsafe {
            let (path, file_start) = (path.as_ffi_ptr().cast(), file.as_ptr());
            (services.load_image)(false.into(), parent, path, file_start, file.len(), &mut image)
        });
        if !image.is_null() {
            // With a security violation there is a handle as well, of an image that may not be started.
            // SAFETY: the firmware has just made this image, and nobody has started it.
            let _ = self.timed(|| unsafe { (services.unload_image)(image) });
        }
        if loaded == uefi::Status::SUCCESS { Ok(()) } else { Err(status(loaded)) }
    }
}

impl Measuring for UefiFirmware {
    fn extend(&self, pcr: Pcr, bytes: &[u8], event: &[u8]) -> Result<Recorded, Status> {
        let Some(mut tpm) = open_first::<Tcg>() else { return Ok(Recorded::Nowhere) };
        self.timed(|| {
            // The driver may be there without a chip.
            let capability = tpm.get_capability().map_err(|error| status(error.status()))?;
            if !capability.tpm_present() {
                return Ok(Recorded::Nowhere);
            }
            let index = PcrIndex(pcr.number());
            let inputs = PcrEventInputs::new_in_box(index, EventType::IPL, event)
                .map_err(|error| status(error.status()))?;
            tpm.hash_log_extend_event(HashLogExtendEventFlags::empty(), bytes, &inputs)
                .map_err(|error| status(error.status()))?;
            Ok(Recorded::InTpm)
        })
    }
}
