//! An EFI program on a volume: loaded, given its options, started.
#![allow(unsafe_code, reason = "the options of an image are a pointer that must outlive it")]

use core::fmt;
use core::mem::MaybeUninit;

use xtmodule::uefi::boot::{self, LoadImageSource};
use xtmodule::uefi::proto::BootPolicy;
use xtmodule::uefi::proto::device_path::DevicePath;
use xtmodule::uefi::proto::device_path::build::{DevicePathBuilder, media};
use xtmodule::uefi::proto::loaded_image::LoadedImage;
use xtmodule::uefi::{CStr16, Handle, Status};
use xtmodule::{Entry, open, uefi};

/// The most characters of a path on the volume, its end included: what FAT knows.
const MAX_PATH: usize = 261;

/// The most characters of the options, their end included: what the kernel's parameters may have.
const MAX_OPTIONS: usize = 4097;

/// The most bytes of a device path: the volume's, and the file's.
const MAX_DEVICE_PATH: usize = 2048;

/// A program that was loaded, and its options.
pub(super) struct Program {
    image: Handle,
    options: [u16; MAX_OPTIONS],
    /// Characters of the options with their end; zero where there are none.
    length: usize,
}

/// Why a program could not be started, or with what it came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    /// The path is too long, or has characters that no file name has.
    Path,
    /// The options are too long, or have characters that the firmware doesn't know.
    Options,
    /// The firmware doesn't load it.
    Load(Status),
    /// It came back with an error.
    Ended(Status),
}

impl Program {
    /// Loads the program of an entry.
    pub(super) fn load(entry: &Entry<'_>) -> Result<Self, Failure> {
        let mut path = [0; MAX_PATH];
        let path = wide(&mut path, &[entry.folder.trim_end_matches('\\'), r"\", entry.kernel]);
        let path = path.and_then(|path| CStr16::from_u16_with_nul(path).ok()).ok_or(Failure::Path)?;
        let mut options = [0; MAX_OPTIONS];
        let length = match entry.parameters {
            "" => 0,
            text => wide(&mut options, &[text]).ok_or(Failure::Options)?.len(),
        };
        let image = load(entry.volume, path).map_err(|error| Failure::Load(error.status()))?;
        Ok(Self { image, options, length })
    }

    /// Starts it, and returns when it has ended. An application is unloaded then; a driver that reports success stays.
    pub(super) fn run(self) -> Result<(), Failure> {
        if let Some(options) = self.options.get(..self.length).filter(|options| !options.is_empty()) {
            let set = open::<LoadedImage>(self.image).map(|mut about| {
                let bytes = size_of_val(options) as u32;
                // SAFETY: the options belong to `self`, which lives until the program has ended. A driver that stays must
                // have copied them, as after every start from a boot manager.
                unsafe { about.set_load_options(options.as_ptr().cast(), bytes) };
            });
            if let Err(error) = set {
                // Nothing of it has run; a refusal to unload it leaves some memory used.
                let _ = boot::unload_image(self.image);
                return Err(Failure::Load(error.status()));
            }
        }
        boot::start_image(self.image).map_err(|error| {
            // What ran is unloaded by its end; what the firmware would not start is still there (UEFI 2.10, 7.4.2).
            if error.status() == Status::SECURITY_VIOLATION || error.status() == Status::INVALID_PARAMETER {
                let _ = boot::unload_image(self.image);
            }
            Failure::Ended(error.status())
        })
    }
}

/// Loads a file of a volume as an image, and lets go of the volume: the program will open it.
fn load(volume: Handle, path: &CStr16) -> uefi::Result<Handle> {
    let mut room = [MaybeUninit::uninit(); MAX_DEVICE_PATH];
    let device = open::<DevicePath>(volume)?;
    let mut builder = DevicePathBuilder::with_buf(&mut room);
    for node in device.node_iter() {
        builder = builder.push(&node).map_err(|_| Status::BUFFER_TOO_SMALL)?;
    }
    let path = builder
        .push(&media::FilePath { path_name: path })
        .and_then(DevicePathBuilder::finalize)
        .map_err(|_| Status::BUFFER_TOO_SMALL)?;
    drop(device);
    let source = LoadImageSource::FromDevicePath { device_path: path, boot_policy: BootPolicy::ExactMatch };
    boot::load_image(boot::image_handle(), source)
}

/// Writes texts, one behind the other, as UCS-2 with an end; `None` when they don't fit or hold what UCS-2 has not.
fn wide<'b>(room: &'b mut [u16], texts: &[&str]) -> Option<&'b [u16]> {
    let mut length = 0;
    for character in texts.iter().flat_map(|text| text.chars()).chain(['\0']) {
        *room.get_mut(length)? = u16::try_from(u32::from(character)).ok()?;
        length += 1;
    }
    room.get(..length)
}

impl Failure {
    /// Returns the status for the loader.
    pub(super) const fn status(self) -> Status {
        match self {
            Self::Path | Self::Options => Status::INVALID_PARAMETER,
            Self::Load(status) | Self::Ended(status) => status,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path => write!(
                out,
                "the path has more than {} characters, or some that no file name has",
                MAX_PATH - 1
            ),
            Self::Options => {
                write!(out, "Parameters has more than {} characters, or some beyond UCS-2", MAX_OPTIONS - 1)
            }
            Self::Load(status) => write!(out, "the firmware doesn't load it: {status}"),
            Self::Ended(status) => write!(out, "it came back: {status}"),
        }
    }
}

impl core::error::Error for Failure {}
