//! Files on one volume.

use uefi::boot;
use uefi::data_types::CStr16;
use uefi::proto::loaded_image::LoadedImage;
use uefi::proto::media::file::{
    Directory, File, FileAttribute, FileHandle, FileInfo, FileMode, FileSystemInfo, RegularFile,
};
use uefi::proto::media::fs::SimpleFileSystem;
use uefi::{Error, Handle, Status};
use xtldr::config::MAX_PATH_BYTES;
use xtldr::firmware;
use xtldr::volume::{self, FileFailure, FileKind};

use crate::platform::firmware::status;
use crate::platform::open::open;

/// What the firmware says of a file: a `FileInfo` with a name of the greatest length that FAT knows, and its padding.
#[repr(align(8))]
struct Room([u8; 640]);

/// Returns the volume that the loader was started from.
pub(super) fn own_volume() -> Option<Handle> {
    open::<LoadedImage>(boot::image_handle())?.device()
}

/// Returns the size of a file.
pub(super) fn bytes(volume: Option<Handle>, path: &str) -> Result<u64, FileFailure> {
    let mut room = Room([0; 640]);
    match file(volume, path)?.get_info::<FileInfo>(&mut room.0) {
        Ok(info) => Ok(info.file_size()),
        Err(error) => Err(failure(error.status())),
    }
}

/// Reads a file from its start.
pub(super) fn read(volume: Option<Handle>, path: &str, into: &mut [u8]) -> Result<usize, FileFailure> {
    /// Some firmware fails on reads beyond a few MiB at a time.
    const CHUNK: usize = 1 << 20;

    let mut file = file(volume, path)?;
    let mut done = 0;
    for chunk in into.chunks_mut(CHUNK) {
        let read = file.read(chunk).map_err(refused)?;
        done += read;
        if read < chunk.len() {
            break;
        }
    }
    Ok(done)
}

/// Names what is in a folder.
pub(super) fn list(
    volume: Option<Handle>,
    path: &str,
    each: &mut dyn FnMut(&volume::FileInfo<'_>),
) -> Result<(), FileFailure> {
    let root = root(volume)?;
    let mut folder = match path.trim_matches('\\') {
        "" => root,
        path => at(root, path)?.into_directory().ok_or(FileFailure::NotAFolder)?,
    };
    loop {
        let mut room = Room([0; 640]);
        let entry = folder.read_entry(&mut room.0).map_err(|error| failure(error.status()))?;
        let Some(entry) = entry else { return Ok(()) };
        // A name of FAT has 255 units; each has at most three bytes.
        let mut bytes = [0; 3 * 255];
        let name = text(entry.file_name(), &mut bytes);
        if !matches!(name, "." | "..") {
            let kind = if entry.is_directory() { FileKind::Folder } else { FileKind::File };
            each(&volume::FileInfo { name, bytes: entry.file_size(), kind });
        }
    }
}

/// Returns the size of a volume and writes its label.
pub(super) fn size_and_label(volume: Handle, label: &mut [u8]) -> (u64, &str) {
    let mut room = Room([0; 640]);
    let Ok(mut root) = root(Some(volume)) else { return (0, "") };
    match root.get_info::<FileSystemInfo>(&mut room.0) {
        Ok(info) => (info.volume_size(), text(info.volume_label(), label)),
        Err(_) => (0, ""),
    }
}

/// Writes the firmware's text as the loader's, as far as it fits.
fn text<'a>(text: &CStr16, into: &'a mut [u8]) -> &'a str {
    let mut length = 0;
    for character in text.iter().map(|character| char::from(*character)) {
        let Some(room) = into.get_mut(length..length + character.len_utf8()) else { break };
        length += character.encode_utf8(room).len();
    }
    into.get(..length).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or_default()
}

fn file(volume: Option<Handle>, path: &str) -> Result<RegularFile, FileFailure> {
    at(root(volume)?, path)?.into_regular_file().ok_or(FileFailure::NotAFile)
}

fn at(mut root: Directory, path: &str) -> Result<FileHandle, FileFailure> {
    let mut room = [0; MAX_PATH_BYTES + 1];
    let path = CStr16::from_str_with_buf(path, &mut room)
        .map_err(|_| FileFailure::Refused(firmware::Status::INVALID_PARAMETER))?;
    root.open(path, FileMode::Read, FileAttribute::empty()).map_err(refused)
}

fn root(volume: Option<Handle>) -> Result<Directory, FileFailure> {
    let mut system = volume.and_then(open::<SimpleFileSystem>).ok_or(FileFailure::NoVolume)?;
    system.open_volume().map_err(refused)
}

fn refused(error: Error) -> FileFailure {
    failure(error.status())
}

fn failure(found: Status) -> FileFailure {
    if found == Status::NOT_FOUND { FileFailure::Missing } else { FileFailure::Refused(status(found)) }
}
