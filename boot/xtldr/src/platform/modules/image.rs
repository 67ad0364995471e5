//! A module's image in the firmware's hands (UEFI 2.10, section 7.4).
//!
//! Loading is done without the uefi crate, which loses the handle of an image that the firmware loads but has been told
//! not to start; such an image must be unloaded.

use core::ptr;

use uefi::proto::loaded_image::LoadedImage;
use uefi::{Handle, Status, StatusExt, boot};
use xtldr::modules::Owner;

use super::super::firmware::services;
use super::super::open::open;

/// An image that was loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Image(Handle);

impl Image {
    /// Names an image by its handle.
    pub(super) const fn of(handle: Handle) -> Self {
        Self(handle)
    }

    /// Loads an image from its file's bytes, as a child of the loader's. The firmware checks it as its policies demand.
    pub(super) fn load(file: &[u8]) -> uefi::Result<Self> {
        let services = services().ok_or(Status::UNSUPPORTED)?;
        let parent = boot::image_handle().as_ptr();
        let mut handle = ptr::null_mut();
        // SAFETY: the firmware copies the image from the buffer, which is readable for its length, and writes one handle.
        let status = unsafe {
            (services.load_image)(false.into(), parent, ptr::null(), file.as_ptr(), file.len(), &mut handle)
        };
        // SAFETY: null or the handle that the firmware has just made.
        let image = unsafe { Handle::from_ptr(handle) }.map(Self);
        match (status.to_result(), image) {
            (Ok(()), Some(image)) => Ok(image),
            (Ok(()), None) => Err(Status::LOAD_ERROR.into()),
            (Err(error), image) => {
                if let Some(image) = image.filter(|_| error.status() == Status::SECURITY_VIOLATION) {
                    // The image is not to be started; what counts is said already.
                    let _ = image.unload();
                }
                Err(error)
            }
        }
    }

    /// Runs the image's entry point. After an error the image is gone.
    pub(super) fn start(&self) -> uefi::Result {
        boot::start_image(self.0).inspect_err(|_| {
            // An image that ended with an error is gone already, and the firmware knows no such handle; one that was not
            // allowed to start is not.
            let _ = boot::unload_image(self.0);
        })
    }

    /// Unloads the image.
    pub(super) fn unload(&self) -> uefi::Result {
        boot::unload_image(self.0)
    }

    /// Returns the image as the owner of what it provides.
    pub(super) fn owner(&self) -> Owner {
        Owner(self.0.as_ptr().expose_provenance())
    }

    /// Returns address and size in memory, in bytes; zeros where the firmware doesn't say.
    pub(super) fn place(&self) -> (u64, u64) {
        match open::<LoadedImage>(self.0) {
            Some(about) => {
                let (base, bytes) = about.info();
                (base as u64, bytes)
            }
            None => (0, 0),
        }
    }
}
