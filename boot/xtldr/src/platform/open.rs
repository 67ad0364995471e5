//! Protocols beside whoever else uses them.
//!
//! The uefi crate's usual way is exclusive: the firmware takes drivers off a handle first. The loader looks at things that
//! go on being used, the console among them.

use uefi::Handle;
use uefi::boot::{self, OpenProtocolAttributes, OpenProtocolParams, ScopedProtocol};
use uefi::proto::ProtocolPointer;

/// Opens a protocol; `None` where the handle does not have it.
pub(super) fn open<P: ProtocolPointer + ?Sized>(handle: Handle) -> Option<ScopedProtocol<P>> {
    let params = OpenProtocolParams { handle, agent: boot::image_handle(), controller: None };
    // SAFETY: without exclusivity the driver behind the protocol must stay. Nothing else runs while the loader has it: it
    // is let go before anything is connected, unloaded or started.
    unsafe { boot::open_protocol::<P>(params, OpenProtocolAttributes::GetProtocol) }.ok()
}

/// Opens the first protocol of a kind, if there is any.
pub(super) fn open_first<P: ProtocolPointer + ?Sized>() -> Option<ScopedProtocol<P>> {
    open(boot::get_handle_for_protocol::<P>().ok()?)
}
