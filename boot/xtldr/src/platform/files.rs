//! Files on the loader's own volume.

use uefi::boot;
use uefi::data_types::CStr16;
use uefi::proto::media::file::{File, FileAttribute, FileInfo, FileMode, RegularFile};
use uefi::{Error, Status};
use xtldr::config::MAX_PATH_BYTES;
use xtldr::firmware::FileFailure;

use super::firmware::status;

/// Returns the size of a file.
pub(super) fn bytes(path: &str) -> Result<u64, FileFailure> {
    /// A `FileInfo` with a name of the greatest length that FAT knows, and its padding.
    #[repr(align(8))]
    struct Room([u8; 640]);

    let mut file = open(path)?;
    let mut room = Room([0; 640]);
    match file.get_info::<FileInfo>(&mut room.0) {
        Ok(info) => Ok(info.file_size()),
        Err(error) => Err(failure(error.status())),
    }
}

/// Reads a file from its start.
pub(super) fn read(path: &str, into: &mut [u8]) -> Result<usize, FileFailure> {
    /// Some firmware fails on reads beyond a few MiB at a time.
    const CHUNK: usize = 1 << 20;

    let mut file = open(path)?;
    let mut done = 0;
    for chunk in into.chunks_mut(CHUNK) {
        let read = file.read(chunk).map_err(|error| failure(error.status()))?;
        done += read;
        if read < chunk.len() {
            break;
        }
    }
    Ok(done)
}

fn open(path: &str) -> Result<RegularFile, FileFailure> {
    let mut room = [0; MAX_PATH_BYTES + 1];
    let path = CStr16::from_str_with_buf(path, &mut room)
        .map_err(|_| FileFailure::Refused(xtldr::firmware::Status::INVALID_PARAMETER))?;
    let mut volume = boot::get_image_file_system(boot::image_handle())
        .and_then(|mut system| system.open_volume())
        .map_err(refused)?;
    let file = volume.open(path, FileMode::Read, FileAttribute::empty()).map_err(refused)?;
    // A folder of that name is no file.
    file.into_regular_file().ok_or(FileFailure::Missing)
}

fn refused(error: Error) -> FileFailure {
    failure(error.status())
}

fn failure(found: Status) -> FileFailure {
    if found == Status::NOT_FOUND { FileFailure::Missing } else { FileFailure::Refused(status(found)) }
}
