//! The linear framebuffer.

use uefi::boot::{self, OpenProtocolAttributes, OpenProtocolParams};
use uefi::proto::console::gop::{GraphicsOutput, PixelFormat};
use xtboot::block::PixelFormat as Order;
use xtcore::PhysAddr;
use xtldr::firmware::{Graphics, PixelLayout};

/// Returns the mode of the first graphics device with a linear framebuffer, else of the first device, if any.
pub(super) fn current() -> Option<Graphics> {
    let handles = boot::find_handles::<GraphicsOutput>().ok()?;
    let mut modes = handles.into_iter().filter_map(mode_of);
    let first = modes.next()?;
    if first.layout != PixelLayout::Other {
        return Some(first);
    }
    Some(modes.find(|mode| mode.layout != PixelLayout::Other).unwrap_or(first))
}

fn mode_of(handle: uefi::Handle) -> Option<Graphics> {
    let params = OpenProtocolParams { handle, agent: boot::image_handle(), controller: None };
    // SAFETY: opened without exclusivity, because the console draws through the same protocol and must go on; nothing
    // is disconnected while the mode is read, since no other code runs meanwhile.
    let opened =
        unsafe { boot::open_protocol::<GraphicsOutput>(params, OpenProtocolAttributes::GetProtocol) };
    let mut output = opened.ok()?;
    let info = output.current_mode_info();
    let (width, height) = info.resolution();
    let layout = match info.pixel_format() {
        PixelFormat::Rgb => PixelLayout::Known(Order::Rgb),
        PixelFormat::Bgr => PixelLayout::Known(Order::Bgr),
        PixelFormat::Bitmask | PixelFormat::BltOnly => PixelLayout::Other,
    };
    // Asking for the framebuffer of a mode without one is a fault.
    let (address, bytes) = match layout {
        PixelLayout::Other => (0, 0),
        PixelLayout::Known(_) => {
            let mut buffer = output.frame_buffer();
            (buffer.as_mut_ptr() as u64, buffer.size() as u64)
        }
    };
    Some(Graphics {
        address: PhysAddr::new(address),
        bytes,
        width: u32::try_from(width).ok()?,
        height: u32::try_from(height).ok()?,
        stride: u32::try_from(info.stride()).ok()?,
        layout,
    })
}
