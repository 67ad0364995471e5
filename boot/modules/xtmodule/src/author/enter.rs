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
    // SAFETY: the entry point was given this handle as its own image's.
    unsafe { boot::set_image_handle(image) };
    // SAFETY: the entry point was given this table, and an entry point runs before boot services end.
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
    // SAFETY: the same protocol, and still nobody else looks at it. A module in Rust keeps no event and no protocol of
    // its own in the firmware unless it says so in unsafe code, so it can go at any time.
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
    // SAFETY: `enter` has set the table that the firmware gave it, which stays where it is.
    let services = unsafe { (*table.as_ptr()).boot_services };
    // SAFETY: null or boot services, which live as long as a module may run.
    unsafe { services.as_ref() }
}

/// Tells whether the firmware has a console: without one, the uefi crate's way to it would be the next panic.
fn has_console() -> bool {
    // SAFETY: `enter` has set the table; its pointers may be read at any time, and this one is not followed.
    table::system_table_raw().is_some_and(|table| unsafe { !(*table.as_ptr()).stdout.is_null() })
}

/// Ends a module that panicked.
pub fn panicked(info: &PanicInfo<'_>) -> ! {
    if has_console() {
        system::with_stdout(|out| {
            let _ = write!(out, "a boot module stopped by a fault of its own: {info}\r\n");
        });
    }
    // SAFETY: the image's resources are its memory, which the firmware takes back. While the entry point runs this
    // returns to the loader; afterwards the firmware refuses, and changes nothing.
    let _ = unsafe { boot::exit(boot::image_handle(), Status::ABORTED, 0, ptr::null_mut()) };
    loop {
        boot::stall(Duration::from_secs(1));
    }
}
