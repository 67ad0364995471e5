//! The partition table: one EFI system partition, with fixed identifiers.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;

use anyhow::{Context, Result};
use gpt::disk::LogicalBlockSize;
use gpt::mbr::ProtectiveMBR;
use gpt::partition::Partition;
use gpt::partition_types;

const SECTOR: u64 = 512;

/// Names the disk. Fixed, because two images of the same system may as well be the same disk.
const DISK: &str = "58544f53-0000-4000-8000-000000000001";
/// Names the partition.
const PARTITION: &str = "58544f53-0000-4000-8000-000000000002";

/// Writes both tables and the protective MBR for one partition of `bytes` bytes at byte `start`.
///
/// # Errors
/// The device is too small, or cannot be written.
pub(crate) fn create(mut file: File, start: u64, bytes: u64) -> Result<File> {
    let sectors = file.metadata()?.len() / SECTOR;
    let protected = u32::try_from(sectors - 1).context("the disk is too large for a protective MBR")?;
    ProtectiveMBR::with_lb_size(protected).overwrite_lba0(&mut file)?;
    let config = gpt::GptConfig::new().writable(true).logical_block_size(LogicalBlockSize::Lb512);
    let mut disk = config.create_from_device(file, Some(DISK.parse()?))?;
    let partition = Partition {
        part_type_guid: partition_types::EFI,
        part_guid: PARTITION.parse()?,
        first_lba: start / SECTOR,
        last_lba: (start + bytes) / SECTOR - 1,
        flags: 0,
        name: "EFI system partition".to_owned(),
    };
    disk.update_partitions(BTreeMap::from([(1, partition)]))?;
    Ok(disk.write()?)
}

/// Finds the EFI system partition of a disk image, in bytes.
///
/// # Errors
/// The tables are damaged, or there is no such partition.
pub(crate) fn find(file: File) -> Result<(File, Range<u64>)> {
    let config = gpt::GptConfig::new().only_valid_headers(true).logical_block_size(LogicalBlockSize::Lb512);
    let disk = config.open_from_device(file).context("there is no valid partition table")?;
    let partition = disk.partitions().values().find(|one| one.part_type_guid == partition_types::EFI);
    let partition = partition.context("there is no EFI system partition")?;
    let place = partition.first_lba * SECTOR..(partition.last_lba + 1) * SECTOR;
    Ok((disk.take_device(), place))
}
