//! The linear framebuffer: what the firmware says about it, and the one message that is drawn on it.

use core::fmt::{self, Write};

use uefi::boot;
use uefi::proto::console::gop::{GraphicsOutput, PixelFormat};
use xtboot::block::PixelFormat as Order;
use xtcore::PhysAddr;
use xtldr::firmware::{Graphics, PixelLayout};
use xtldr::report::Notice;

use super::open::open;

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
    let mut output = open::<GraphicsOutput>(handle)?;
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

/// Draws a message at the top of the screen.
///
/// # Safety
/// `graphics` must be the mode that the screen is in; nobody else may draw meanwhile; and the firmware's page tables,
/// which map memory at its physical address, must still be the active ones.
pub(super) unsafe fn show(graphics: &Graphics, text: fmt::Arguments<'_>) {
    let plot = |address: PhysAddr, pixel: u32| {
        // A 32-bit firmware draws on no framebuffer that it cannot reach.
        let Ok(address) = usize::try_from(address.get()) else { return };
        // SAFETY: `Notice` keeps to the aligned pixels of `graphics`, which the firmware's tables map and nobody else draws on.
        unsafe { core::ptr::with_exposed_provenance_mut::<u32>(address).write_volatile(pixel) };
    };
    if let Some(mut notice) = Notice::new(graphics, plot) {
        // The notice itself cuts what does not fit and never fails.
        let _ = notice.write_fmt(text);
    }
}
