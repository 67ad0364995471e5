//! Protocols beside whoever else uses them.
#![allow(unsafe_code, reason = "opens protocols that the firmware goes on using")]

use uefi::Handle;
use uefi::boot::{self, OpenProtocolAttributes, OpenProtocolParams, ScopedProtocol};
use uefi::proto::ProtocolPointer;

/// Opens a protocol without taking it from the drivers that use it, as the exclusive way of the `uefi` crate does; to look
/// at something, or to set what its drivers expect to be set. Let go of it before anything is connected, loaded or started.
///
/// # Errors
/// `UNSUPPORTED` when the handle does not have it; else what the firmware says.
pub fn open<P: ProtocolPointer + ?Sized>(handle: Handle) -> uefi::Result<ScopedProtocol<P>> {
    let params = OpenProtocolParams { handle, agent: boot::image_handle(), controller: None };
    // SAFETY: without exclusivity the driver behind the protocol must stay. A module runs alone while the loader waits for
    // it, and drivers are disconnected by calls of the module only.
    unsafe { boot::open_protocol::<P>(params, OpenProtocolAttributes::GetProtocol) }
}
