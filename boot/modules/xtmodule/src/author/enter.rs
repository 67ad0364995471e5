//! A module's beginning and end: what [`module!`](crate::module!) calls.
#![allow(unsafe_code, reason = "the entry point's arguments are pointers of the firmware")]

use core::ffi::c_void;
use core::fmt::Write;
use core::panic::PanicInfo;
use core::ptr::{self, NonNull};
use core::time::Duration;

use uefi::{Handle, Status, boot, system, table};
use uefi_raw::protocol::loaded_image::LoadedImageProtocol;
use uefi_raw::table::boot::BootServices;
use uefi_raw::table::system::SystemTable;

use super::Loader;
use crate::wire::{GUID, Protocol, REVISION};

/// Enters a module: finds its loader, makes the module one that can be unloaded, and calls its function.
///
/// # Safety
/// `image` and `table` are what the firmware gave to the entry point, which calls this once.
pub unsafe fn enter(image: Handle, table: *const c_void, start: fn(Loader) -> uefi::Result) -> Status {
    // SAFETY: the handle is this image's, by the caller's promise.
    unsafe { boot::set_image_handle(image) };
    // SAFETY: the table is the firmware's, by the caller's promise.
    unsafe { table::set_system_table(table.cast()) };
    match find(image).and_then(start) {
        Ok(()) => Status::SUCCESS,
        Err(error) => error.status(),
    }
}

/// Finds the loader that loaded this image, and tells the firmware that the image may be unloaded.
fn find(image: Handle) -> uefi::Result<Loader> {
    let services = services().ok_or(Status::ABORTED)?;
    let own = ask::<LoadedImageProtocol>(services, image.as_ptr(), &LoadedImageProtocol::GUID)?;
    // SAFETY: the firmware's protocol of this image; nobody else looks at it while its entry point runs.
    let parent = unsafe { (*own.as_ptr()).parent_handle };
    let protocol = ask::<Protocol>(services, parent, &GUID)?;
    // SAFETY: whoever installs a protocol of this name lets it begin with these two numbers.
    let [revision, size] = unsafe { protocol.cast::<[u32; 2]>().read() };
    if revision < REVISION || (size as usize) < size_of::<Protocol>() {
        return Err(Status::INCOMPATIBLE_VERSION.into());
    }
    // SAFETY: as for the parent's handle. A module in Rust keeps no event and no protocol of its own in the firmware
    // unless it says so in unsafe code, so it can go at any time.
    unsafe { (*own.as_ptr()).unload = Some(unload) };
    // SAFETY: the table is one that this crate knows, and it stays until the loader has unloaded its modules.
    Ok(unsafe { Loader::new(protocol) })
}

unsafe extern "efiapi" fn unload(_image: uefi_raw::Handle) -> Status {
    Status::SUCCESS
}

/// Returns the interface of a protocol on a handle.
fn ask<T>(
    services: &BootServices,
    handle: uefi_raw::Handle,
    name: &uefi_raw::Guid,
) -> uefi::Result<NonNull<T>> {
    let mut interface = ptr::null_mut();
    // SAFETY: the firmware checks handles, and writes one pointer.
    let status = unsafe { (services.handle_protocol)(handle, name, &mut interface) };
    match NonNull::new(interface) {
        Some(interface) if status.is_success() => Ok(interface.cast()),
        _ if status.is_success() => Err(Status::NOT_FOUND.into()),
        _ => Err(status.into()),
    }
}

fn services() -> Option<&'static BootServices> {
    let table: NonNull<SystemTable> = table::system_table_raw()?;
    // SAFETY: `enter` was promised that it is the firmware's table, which stays where it is.
    let services = unsafe { (*table.as_ptr()).boot_services };
    // SAFETY: null or boot services, which live as long as a module may run.
    unsafe { services.as_ref() }
}

/// Ends a module that panicked.
pub fn panicked(info: &PanicInfo<'_>) -> ! {
    system::with_stdout(|out| {
        let _ = write!(out, "a boot module stopped by a fault of its own: {info}\r\n");
    });
    // SAFETY: the image's resources are its memory, which the firmware takes back. While the entry point runs this
    // returns to the loader; afterwards the firmware refuses, and changes nothing.
    let _ = unsafe { boot::exit(boot::image_handle(), Status::ABORTED, 0, ptr::null_mut()) };
    loop {
        boot::stall(Duration::from_secs(1));
    }
}
