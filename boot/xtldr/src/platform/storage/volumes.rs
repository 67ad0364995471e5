//! The machine's volumes, found by walking the firmware's handles, and the files on them.
//!
//! Handles are walked anew each time: a stick may come or go between two looks, and there are a few dozen.

extern crate alloc;

use alloc::vec::Vec;

use uefi::Handle;
use uefi::boot;
use uefi::proto::device_path::DevicePath;
use uefi::proto::media::block::BlockIO;
use uefi::proto::media::fs::SimpleFileSystem;
use xtldr::volume::{Devices, Disk, FileFailure, FileInfo, Files, Place, Role, Volume, VolumeInfo};

use super::files;
use crate::platform::firmware::UefiFirmware;
use crate::platform::open::open;

/// The most bytes of a volume's label: FAT has 11 characters, others up to 128 of them.
const LABEL_BYTES: usize = 3 * 128;

/// The file systems of the machine.
struct Found {
    handles: Vec<Handle>,
    /// Their device paths.
    paths: Vec<Vec<u8>>,
    /// The device paths of the disks as a whole, and the sizes of their blocks.
    disks: Vec<(Vec<u8>, u32)>,
}

impl Found {
    fn look() -> Self {
        let handles = boot::find_handles::<SimpleFileSystem>().unwrap_or_default();
        let paths = handles.iter().map(|handle| device_path(*handle).unwrap_or_default()).collect();
        let disks = boot::find_handles::<BlockIO>().unwrap_or_default();
        Self { handles, paths, disks: disks.into_iter().filter_map(whole_disk).collect() }
    }

    /// Calls `ask` with what was found, as the library has it.
    fn devices<R>(&self, ask: impl FnOnce(&Devices<'_>) -> R) -> R {
        let file_systems: Vec<&[u8]> = self.paths.iter().map(Vec::as_slice).collect();
        let disks: Vec<Disk<'_>> =
            self.disks.iter().map(|(path, block_bytes)| Disk { path, block_bytes: *block_bytes }).collect();
        ask(&Devices { file_systems: &file_systems, disks: &disks })
    }
}

fn device_path(handle: Handle) -> Option<Vec<u8>> {
    Some(open::<DevicePath>(handle)?.as_bytes().to_vec())
}

/// Returns the device path and the block size of a disk; `None` for a partition and for a drive without a medium.
fn whole_disk(handle: Handle) -> Option<(Vec<u8>, u32)> {
    let block = open::<BlockIO>(handle)?;
    let media = block.media();
    if media.is_logical_partition() || !media.is_media_present() {
        return None;
    }
    Some((device_path(handle)?, media.block_size()))
}

/// Returns the handle of a volume.
pub(in crate::platform) fn handle(volume: Volume) -> Option<Handle> {
    if volume == Volume::Own {
        return files::own_volume();
    }
    let found = Found::look();
    let number = found.devices(|devices| devices.find(volume))?;
    found.handles.get(number).copied()
}

impl Files for UefiFirmware {
    fn bytes(&self, at: &Place<'_>) -> Result<u64, FileFailure> {
        self.timed(|| files::bytes(handle(at.volume), at.path))
    }

    fn read(&self, at: &Place<'_>, into: &mut [u8]) -> Result<usize, FileFailure> {
        self.timed(|| files::read(handle(at.volume), at.path, into))
    }

    fn list(&self, at: &Place<'_>, each: &mut dyn FnMut(&FileInfo<'_>)) -> Result<(), FileFailure> {
        // Not timed: what the caller does with each entry is not the firmware's doing.
        files::list(handle(at.volume), at.path, each)
    }

    fn volumes(&self, each: &mut dyn FnMut(&VolumeInfo<'_>)) {
        let own = files::own_volume();
        let found = Found::look();
        for (number, handle) in found.handles.iter().enumerate() {
            let mut label = [0; LABEL_BYTES];
            let (bytes, label) = files::size_and_label(*handle, &mut label);
            let role = if Some(*handle) == own { Role::Own } else { Role::Other };
            each(&VolumeInfo { volume: found.devices(|devices| devices.name(number)), role, label, bytes });
        }
    }
}
