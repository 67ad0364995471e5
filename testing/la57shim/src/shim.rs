//! The application: switch, then start the loader from the same volume.
#![allow(unsafe_code, reason = "builds the root table by hand")]

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use uefi::boot::{self, AllocateType, LoadImageSource, MemoryType};
use uefi::prelude::*;
use uefi::proto::BootPolicy;
use uefi::proto::device_path::DevicePath;
use uefi::proto::device_path::build::{DevicePathBuilder, media};
use uefi::proto::loaded_image::LoadedImage;
use uefi::{CStr16, cstr16, println};
use xtcore::choice::{Architecture, WideMode};
use xtldr::arch::HostCpuid;
use xtpaging::processor::Processor;

use crate::arch;

/// Where the loader lies; this application has taken its place as `BOOTX64.EFI`.
const LOADER: &CStr16 = cstr16!(r"\EFI\BOOT\XTLDR64.EFI");

/// P, RW, US: the firmware's tables below decide.
const TABLE: u64 = 0b111;

#[entry]
fn main() -> Status {
    if Processor::read(&HostCpuid, Architecture::Amd64).wide == WideMode::Absent {
        println!("la57shim: this processor has no 5-level paging");
        return Status::UNSUPPORTED;
    }
    if arch::has_control_flow_enforcement() {
        println!("la57shim: the firmware enforces control flow, which would not survive");
        return Status::UNSUPPORTED;
    }
    match switch().and_then(|()| start_loader()) {
        Ok(()) => Status::SUCCESS,
        Err(error) => {
            println!("la57shim: {error}");
            error.status()
        }
    }
}

/// Switches the firmware to 5-level paging, unless it is there already.
fn switch() -> uefi::Result {
    if !arch::has_five_levels() {
        let (root, code, data) =
            (page(MemoryType::LOADER_DATA)?, page(MemoryType::LOADER_CODE)?, page(MemoryType::LOADER_DATA)?);
        let entries = root.cast::<[u64; 512]>();
        let mut table = [0; 512];
        let firmware = arch::root() | TABLE;
        table[0] = firmware;
        table[511] = firmware;
        // SAFETY: the page is this application's own, aligned, and as large as the table.
        unsafe { entries.write(table) };
        let address = |page: NonNull<u8>| page.as_ptr() as u64;
        // SAFETY: the three pages were allocated below 4 GiB just now, UEFI maps memory identically, and the new root
        // shows the firmware's tables in both halves. LA57 and CET were asked about in `main`.
        unsafe { arch::enter_five_levels(address(root), address(code), address(data)) };
    }
    println!("la57shim: 5-level paging is {}", if arch::has_five_levels() { "on" } else { "OFF" });
    Ok(())
}

/// Allocates a page below 4 GiB.
fn page(kind: MemoryType) -> uefi::Result<NonNull<u8>> {
    boot::allocate_pages(AllocateType::MaxAddress((1 << 32) - 1), kind, 1)
}

/// Loads and starts the loader from the volume that this application came from.
fn start_loader() -> uefi::Result {
    let own = boot::open_protocol_exclusive::<LoadedImage>(boot::image_handle())?;
    let device = own.device().ok_or(Status::NO_MEDIA)?;
    drop(own);
    let image = load(device)?;
    boot::start_image(image)
}

/// Loads the loader from a volume, and lets go of the volume: the loader will open it.
fn load(device: Handle) -> uefi::Result<Handle> {
    let mut room = [MaybeUninit::uninit(); 512];
    let volume = boot::open_protocol_exclusive::<DevicePath>(device)?;
    let mut builder = DevicePathBuilder::with_buf(&mut room);
    for node in volume.node_iter() {
        builder = builder.push(&node).map_err(|_| Status::BUFFER_TOO_SMALL)?;
    }
    let path = builder
        .push(&media::FilePath { path_name: LOADER })
        .and_then(DevicePathBuilder::finalize)
        .map_err(|_| Status::BUFFER_TOO_SMALL)?;
    let source = LoadImageSource::FromDevicePath { device_path: path, boot_policy: BootPolicy::ExactMatch };
    boot::load_image(boot::image_handle(), source)
}

/// The uefi crate's own handler is a feature, which building this together with the loader would give to both.
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    println!("la57shim: {info}");
    xtldr::arch::halt()
}
