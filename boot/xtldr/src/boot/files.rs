//! Reading the two files of a boot.

use xtcore::FrameCount;
use xtcore::choice::Architecture;

use super::error::{BootError, Need};
use crate::config::{self, BootPath, ConfigError, Entry};
use crate::firmware::{FileFailure, Firmware, Pages, Placement, Purpose};
use crate::image;

/// A file in memory.
pub(super) struct File<'f> {
    pages: Pages<'f>,
    bytes: usize,
}

impl File<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        self.pages.bytes().get(..self.bytes).unwrap_or_default()
    }
}

/// Reads the configuration.
pub(super) fn configuration(firmware: &dyn Firmware) -> Result<File<'_>, BootError<'static>> {
    let path = BootPath::from(config::PATH).unwrap_or_default();
    let failed = |failure| BootError::File { path, failure };
    let bytes = firmware.file_bytes(&path).map_err(failed)?;
    match usize::try_from(bytes) {
        Ok(bytes) if bytes <= config::MAX_BYTES => read(firmware, &path, bytes, Need::Configuration),
        _ => Err(BootError::Configuration(ConfigError::too_long(config::PATH, bytes))),
    }
}

/// Finds and reads the kernel of an entry.
pub(super) fn kernel<'f>(
    firmware: &'f dyn Firmware,
    entry: &Entry<'_>,
    architecture: Architecture,
) -> Result<(BootPath, File<'f>), BootError<'static>> {
    let paths = entry.kernel_paths(architecture);
    for path in paths {
        let bytes = match firmware.file_bytes(&path) {
            Ok(bytes) => bytes,
            Err(FileFailure::Missing) => continue,
            Err(failure) => return Err(BootError::File { path, failure }),
        };
        let limit = image::MAX_FILE_BYTES;
        return match usize::try_from(bytes) {
            Ok(length) if length <= limit => Ok((path, read(firmware, &path, length, Need::KernelFile)?)),
            _ => Err(BootError::FileBytes { path, bytes, limit: limit as u64 }),
        };
    }
    Err(BootError::NoKernel { paths })
}

fn read<'f>(
    firmware: &'f dyn Firmware,
    path: &BootPath,
    bytes: usize,
    need: Need,
) -> Result<File<'f>, BootError<'static>> {
    // An empty file is read too: its reader knows best what to say about it.
    let frames = FrameCount::holding(bytes.max(1) as u64);
    let mut pages = allocate(firmware, need, frames, Placement::Any, Purpose::Data)?;
    let into = pages.bytes_mut().get_mut(..bytes).unwrap_or_default();
    let read = firmware.read_file(path, into).map_err(|failure| BootError::File { path: *path, failure })?;
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
