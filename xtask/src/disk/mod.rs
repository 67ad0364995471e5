//! One disk image for 32- and 64-bit firmware: a GPT with one EFI system partition.
//!
//! ```text
//! LBA 0        protective MBR
//! LBA 1..34    GPT
//! 1 MiB        EFI system partition, FAT32, 64 MiB
//!                \EFI\BOOT\BOOTX64.EFI  \EFI\BOOT\BOOTIA32.EFI  \EFI\BOOT\XTLDR\XTLDR.INI
//!                \XTOS\AMD64\XTOSKRNL.EXE  \XTOS\I686\XTOSKRNL.EXE
//! last MiB     backup GPT
//! ```
//!
//! No mount and no root is needed. The same files give the same bytes: identifiers and times are fixed.

mod fat;
mod table;

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};

/// Bytes before the partition, which also aligns it for any medium.
const BEFORE: u64 = 1 << 20;
/// Bytes of the partition: FAT32 needs 65,525 clusters at least, here of 512 bytes.
const PARTITION: u64 = 64 << 20;
/// Bytes behind the partition, for the backup table.
const BEHIND: u64 = 1 << 20;

/// One file of the partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its path, with `/` between the names and none in front.
    pub(crate) path: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

/// Writes a disk image that holds `entries` to `out`, replacing what is there.
///
/// # Errors
/// The file cannot be written, or the entries do not fit the partition.
pub(crate) fn write(out: &Path, entries: &[Entry]) -> Result<()> {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(out)
        .with_context(|| format!("cannot create {}", out.display()))?;
    file.set_len(BEFORE + PARTITION + BEHIND)?;
    let mut file = table::create(file, BEFORE, PARTITION).context("cannot write the partition table")?;
    fat::create(&mut file, BEFORE, PARTITION, entries).context("cannot write the EFI system partition")?;
    file.sync_all().with_context(|| format!("cannot write {}", out.display()))
}

/// Reads back what [`write()`] wrote: finds the partition by its type and returns every file in it, by path.
///
/// # Errors
/// There is no valid partition table, no EFI system partition, or no readable FAT in it.
pub(crate) fn read(image: &Path) -> Result<Vec<Entry>> {
    let file = File::open(image).with_context(|| format!("cannot open {}", image.display()))?;
    let (mut file, place) = table::find(file)?;
    fat::read(&mut file, place.start, place.end - place.start)
}

#[cfg(test)]
mod tests;
