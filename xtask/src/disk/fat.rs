//! The file system of the EFI system partition (UEFI 2.10, 13.3): FAT32, written and read in place.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Write};

use anyhow::{Context, Result};
use fatfs::{Dir, FatType, FileSystem, FormatVolumeOptions, FsOptions};
use fscommon::{BufStream, StreamSlice};

use super::Entry;

type Volume<'a> = BufStream<StreamSlice<&'a mut File>>;

/// Formats `bytes` bytes at byte `start` of `file` and writes `entries`, with their folders, in order.
///
/// # Errors
/// Writing fails, or the entries do not fit.
pub(crate) fn create(file: &mut File, start: u64, bytes: u64, entries: &[Entry]) -> Result<()> {
    let mut volume = volume(file, start, bytes)?;
    let format = FormatVolumeOptions::new()
        .fat_type(FatType::Fat32)
        .bytes_per_cluster(512)
        .volume_id(0x5854_4F53)
        .volume_label(*b"XTOS       ");
    fatfs::format_volume(&mut volume, format)?;
    let system = FileSystem::new(volume, FsOptions::new())?;
    let root = system.root_dir();
    let mut folders = BTreeSet::new();
    for entry in entries {
        for (end, _) in entry.path.match_indices('/') {
            let (folder, _) = entry.path.split_at(end);
            if folders.insert(folder) {
                root.create_dir(folder).with_context(|| format!("cannot create the folder {folder}"))?;
            }
        }
        let write = || root.create_file(&entry.path)?.write_all(&entry.bytes);
        write().with_context(|| format!("cannot write {}", entry.path))?;
    }
    drop(root);
    Ok(system.unmount()?)
}

/// Reads every file of the volume, sorted by path.
///
/// # Errors
/// It is not a FAT volume, or is damaged.
pub(crate) fn read(file: &mut File, start: u64, bytes: u64) -> Result<Vec<Entry>> {
    let system = FileSystem::new(volume(file, start, bytes)?, FsOptions::new())?;
    let mut entries = Vec::new();
    collect(&system.root_dir(), "", &mut entries)?;
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(entries)
}

fn volume(file: &mut File, start: u64, bytes: u64) -> Result<Volume<'_>> {
    Ok(BufStream::new(StreamSlice::new(file, start, start + bytes)?))
}

fn collect(folder: &Dir<'_, Volume<'_>>, prefix: &str, entries: &mut Vec<Entry>) -> Result<()> {
    for found in folder.iter() {
        let found = found?;
        let name = found.file_name();
        if name == "." || name == ".." {
            continue;
        }
        let path = format!("{prefix}{name}");
        if found.is_dir() {
            collect(&found.to_dir(), &format!("{path}/"), entries)?;
        } else {
            let mut bytes = Vec::new();
            found.to_file().read_to_end(&mut bytes)?;
            entries.push(Entry { path, bytes });
        }
    }
    Ok(())
}
