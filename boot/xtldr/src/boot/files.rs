//! Reading the two files of a boot, and the judgement of the kernel's.

use xtcore::FrameCount;
use xtcore::choice::Architecture;

use super::error::{BootError, Need};
use crate::config::{self, BootPath, ConfigError, Entry, Located};
use crate::firmware::{Firmware, Pages, Placement, Purpose};
use crate::volume::{FileFailure, NotThere, Place, Volume};
use crate::{image, report, trust};

/// A file in memory.
pub struct File<'f> {
    pages: Pages<'f>,
    bytes: usize,
}

impl File<'_> {
    /// Returns its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.pages.bytes().get(..self.bytes).unwrap_or_default()
    }
}

/// Finds and reads the configuration: the first of its places where there is one.
///
/// # Errors
/// There is none, it is too long, it cannot be read, or there is no memory for it.
pub fn configuration(
    firmware: &dyn Firmware,
    architecture: Architecture,
) -> Result<(&'static str, File<'_>), BootError<'static>> {
    let volume = Volume::Own;
    let located = config::locate(firmware, architecture).map_err(|(path, failure)| BootError::File {
        volume,
        path: BootPath::from(path).unwrap_or_default(),
        failure,
    })?;
    let Located { path, bytes } = located;
    match usize::try_from(bytes) {
        Ok(length) if length <= config::MAX_BYTES => {
            Ok((path, read(firmware, &Place { volume, path }, length, Need::Configuration)?))
        }
        _ => Err(BootError::Configuration(ConfigError::too_long(path, bytes))),
    }
}

/// Returns room for a configuration in another encoding; nothing where none is needed.
///
/// # Errors
/// [`BootError::Memory`].
pub fn room(firmware: &dyn Firmware, bytes: usize) -> Result<Option<Pages<'_>>, BootError<'static>> {
    let frames = FrameCount::holding(bytes as u64);
    let allocate = || allocate(firmware, Need::Configuration, frames, Placement::Any, Purpose::Data);
    (bytes > 0).then(allocate).transpose()
}

/// Finds and reads the kernel of an entry.
pub(super) fn kernel<'f>(
    firmware: &'f dyn Firmware,
    entry: &Entry<'_>,
    architecture: Architecture,
) -> Result<(BootPath, File<'f>), BootError<'static>> {
    let volume = entry.path.volume();
    let paths = entry.kernel_paths(architecture);
    for path in paths {
        let at = Place { volume, path: &path };
        let bytes = match firmware.bytes(&at) {
            Ok(bytes) => bytes,
            Err(FileFailure::Missing) => continue,
            Err(failure) => {
                report::not_there(firmware, &NotThere { files: firmware, places: &[at], failure });
                return Err(BootError::File { volume, path, failure });
            }
        };
        let limit = image::MAX_FILE_BYTES;
        return match usize::try_from(bytes) {
            Ok(length) if length <= limit => Ok((path, read(firmware, &at, length, Need::KernelFile)?)),
            _ => Err(BootError::FileBytes { path, bytes, limit: limit as u64 }),
        };
    }
    let places = paths.each_ref().map(|path| Place { volume, path });
    let failure = FileFailure::Missing;
    report::not_there(firmware, &NotThere { files: firmware, places: &places, failure });
    Err(BootError::NoKernel { volume, paths })
}

/// A kernel file that may be started.
pub(super) struct Kernel<'a> {
    /// Where it was found.
    pub(super) path: &'a BootPath,
    /// All of it.
    pub(super) bytes: &'a [u8],
    /// What was checked.
    pub(super) measured: trust::Measured,
}

/// Checks the kernel's file, measures it and the parameters, and tells what came of it.
pub(super) fn trusted<'a>(
    firmware: &dyn Firmware,
    entry: &Entry<'_>,
    path: &'a BootPath,
    bytes: &'a [u8],
) -> Result<Kernel<'a>, BootError<'static>> {
    let measured = trust::check_kernel(bytes, entry.sha256, firmware).map_err(BootError::Trust)?;
    let recorded = trust::measure_kernel(firmware, path, bytes)
        .and_then(|_| trust::measure_parameters(firmware, entry.parameters.text()))
        .map_err(BootError::Trust)?;
    report::trust(firmware, &measured, recorded);
    Ok(Kernel { path, bytes, measured })
}

fn read<'f>(
    firmware: &'f dyn Firmware,
    at: &Place<'_>,
    bytes: usize,
    need: Need,
) -> Result<File<'f>, BootError<'static>> {
    // An empty file is read too: its reader knows best what to say about it.
    let frames = FrameCount::holding(bytes.max(1) as u64);
    let mut pages = allocate(firmware, need, frames, Placement::Any, Purpose::Data)?;
    let into = pages.bytes_mut().get_mut(..bytes).unwrap_or_default();
    let read = firmware.read(at, into).map_err(|failure| {
        let path = BootPath::from(at.path).unwrap_or_default();
        BootError::File { volume: at.volume, path, failure }
    })?;
    Ok(File { pages, bytes: read.min(bytes) })
}

/// Allocates pages and says for what they were, when there are none.
pub(super) fn allocate<'f>(
    firmware: &'f dyn Firmware,
    need: Need,
    frames: FrameCount,
    placement: Placement,
    purpose: Purpose,
) -> Result<Pages<'f>, BootError<'static>> {
    Pages::allocate(firmware, frames, placement, purpose).map_err(|status| BootError::Memory {
        need,
        frames,
        placement,
        status,
    })
}
