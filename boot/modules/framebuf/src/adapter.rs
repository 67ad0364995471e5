//! The display adapter, through the graphics output protocol (UEFI 2.10, section 12.9).

use xtmodule::open;
use xtmodule::uefi::boot::{self, ScopedProtocol};
use xtmodule::uefi::proto::console::gop::{EdidDiscovered, GraphicsOutput, Mode, ModeInfo, PixelFormat};
use xtmodule::uefi::{self, Handle, Status};

use crate::choice::Size;
use crate::edid;

/// An adapter that offers a linear framebuffer.
pub(super) struct Adapter {
    handle: Handle,
    output: ScopedProtocol<GraphicsOutput>,
}

impl Adapter {
    /// Returns the adapter that the loader will tell the kernel about: the first whose mode has a linear framebuffer, else
    /// the first that offers such a mode.
    pub(super) fn find() -> Option<Self> {
        let handles = boot::find_handles::<GraphicsOutput>().ok()?;
        let adapters = || handles.iter().filter_map(|handle| Self::open(*handle));
        adapters()
            .find(|adapter| is_linear(&adapter.output.current_mode_info()))
            .or_else(|| adapters().find(|adapter| adapter.modes().next().is_some()))
    }

    fn open(handle: Handle) -> Option<Self> {
        Some(Self { handle, output: open(handle).ok()? })
    }

    /// Returns the sizes of the modes with a linear framebuffer, in the adapter's order.
    pub(super) fn modes(&self) -> impl Iterator<Item = Size> + Clone + '_ {
        // The iterator of the firmware's modes is no `Clone`, the means to get another one is.
        let mut index = 0;
        core::iter::from_fn(move || {
            let mode = self.linear().nth(index)?;
            index += 1;
            Some(size(mode.info()))
        })
    }

    fn linear(&self) -> impl Iterator<Item = Mode> + '_ {
        self.output.modes().filter(|mode| is_linear(mode.info()))
    }

    /// Returns the size of the mode that is on.
    pub(super) fn current(&self) -> Size {
        size(&self.output.current_mode_info())
    }

    /// Returns what the monitor says it is made for, where the firmware has read it.
    pub(super) fn native(&self) -> Option<Size> {
        edid::preferred(open::<EdidDiscovered>(self.handle).ok()?.edid()?)
    }

    /// Sets the first mode of this size; the screen is black then. Where that fails, the old mode is set again.
    ///
    /// # Errors
    /// `NOT_FOUND` when no such mode is offered; `DEVICE_ERROR` and the firmware's other words when it cannot be set.
    pub(super) fn set(&mut self, wanted: Size) -> uefi::Result {
        let before = self.output.current_mode_info();
        let old = self.output.modes().find(|mode| *mode.info() == before);
        let new = self.linear().find(|mode| size(mode.info()) == wanted).ok_or(Status::NOT_FOUND)?;
        let set = self.output.set_mode(&new).and_then(|()| {
            // Some adapters say yes and mean no.
            if self.current() == wanted { Ok(()) } else { Err(Status::DEVICE_ERROR.into()) }
        });
        if let (Err(_), Some(old)) = (&set, old) {
            // Nothing is left to try when this fails too; the caller tells which mode is on.
            let _ = self.output.set_mode(&old);
        }
        set
    }
}

fn is_linear(info: &ModeInfo) -> bool {
    matches!(info.pixel_format(), PixelFormat::Rgb | PixelFormat::Bgr)
}

fn size(info: &ModeInfo) -> Size {
    // Both come from 32-bit numbers of the protocol.
    let (width, height) = info.resolution();
    Size { width: width as u32, height: height as u32 }
}
