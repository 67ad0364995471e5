//! Which volume a file system is, read from the device paths of the machine's file systems and disks.
//!
//! A device path is a chain of nodes from the root bridge to the medium (UEFI 2.10, chapter 10). A partition's path is
//! its disk's path with one node more: a hard-drive node with the partition's number (10.3.5.1), or a CD-ROM node
//! (10.3.5.2). A RAM disk has a node of its own (10.3.5.9), a floppy drive is the ACPI device PNP0604 with its number
//! (10.3.3).
//!
//! Numbers follow the firmware's order of handles. Nothing here asks the firmware: the paths come as bytes, and what is no
//! device path has no name.

use super::arc::Volume;

/// A node's type and subtype.
type Kind = (u8, u8);

const ACPI: Kind = (2, 1);
const HARD_DRIVE: Kind = (4, 1);
const CD_ROM: Kind = (4, 2);
const RAM_DISK: Kind = (4, 9);
/// The type of the nodes that end a path.
const END: u8 = 0x7F;

/// The EISA id of a floppy drive, PNP0604.
const FLOPPY: u32 = 0x0604_41D0;

/// The size of a CD's blocks, in bytes.
const CD_BLOCK_BYTES: u32 = 2048;

/// A disk as a whole: block I/O that is no partition of another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Disk<'a> {
    /// Its device path.
    pub path: &'a [u8],
    /// The size of its blocks in bytes.
    pub block_bytes: u32,
}

/// The file systems and disks of a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Devices<'a> {
    /// The device paths of the file systems, in the firmware's order.
    pub file_systems: &'a [&'a [u8]],
    /// The disks, in the firmware's order.
    pub disks: &'a [Disk<'a>],
}

impl Devices<'_> {
    /// Returns which volume the file system with that number is; `None` where it has no name. Proportional to the
    /// number of devices.
    #[must_use]
    pub fn name(&self, file_system: usize) -> Option<Volume> {
        let path = self.file_systems.get(file_system)?;
        let (parent, last) = split_last(path)?;
        let before = |kind: Kind| {
            let earlier = self.file_systems.iter().take(file_system);
            let count =
                earlier.filter(|path| split_last(path).is_some_and(|(_, node)| node.kind == kind)).count();
            u32::try_from(count).ok()
        };
        Some(match last.kind {
            RAM_DISK => Volume::RamDisk(before(RAM_DISK)?),
            CD_ROM => Volume::CdRom(before(CD_ROM)?),
            HARD_DRIVE => Volume::HardDisk { disk: self.hard_disk(parent)?, partition: last.word(0)? },
            ACPI if last.word(0) == Some(FLOPPY) => Volume::Floppy(last.word(4)?),
            _ => Volume::HardDisk { disk: self.hard_disk(nodes(path))?, partition: 0 },
        })
    }

    /// Returns the number of the file system that a volume names. [`Volume::Own`] is not found here: it is known by
    /// its handle.
    #[must_use]
    pub fn find(&self, volume: Volume) -> Option<usize> {
        (0..self.file_systems.len()).find(|number| self.name(*number) == Some(volume))
    }

    /// Returns the number of the hard disk with these nodes.
    fn hard_disk(&self, path: &[u8]) -> Option<u32> {
        let number =
            self.disks.iter().filter(|disk| disk.is_hard()).position(|disk| nodes(disk.path) == path)?;
        u32::try_from(number).ok()
    }
}

impl Disk<'_> {
    /// Tells whether it is neither a CD, nor a floppy, nor a disk in memory.
    fn is_hard(&self) -> bool {
        self.block_bytes != CD_BLOCK_BYTES
            && split_last(self.path).is_some_and(|(_, node)| {
                node.kind != RAM_DISK && !(node.kind == ACPI && node.word(0) == Some(FLOPPY))
            })
    }
}

/// A node of a device path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Node<'a> {
    kind: Kind,
    data: &'a [u8],
}

impl<'a> Node<'a> {
    /// Takes the first node off a path; `None` at its end, and where there is none.
    fn first(path: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (&[major, minor, low, high], _) = path.split_first_chunk::<4>()?;
        if major == END {
            return None;
        }
        let (node, rest) = path.split_at_checked(usize::from(u16::from_le_bytes([low, high])))?;
        // A node is at least its own header; a shorter one would be read for ever.
        Some((Self { kind: (major, minor), data: node.get(4..)? }, rest))
    }

    /// Returns the number at an offset of the data.
    fn word(&self, offset: usize) -> Option<u32> {
        self.data.get(offset..)?.first_chunk().copied().map(u32::from_le_bytes)
    }
}

/// Returns the nodes of a path without the one that ends it.
fn nodes(path: &[u8]) -> &[u8] {
    split_last(path)
        .and_then(|(parent, last)| path.get(..parent.len() + 4 + last.data.len()))
        .unwrap_or_default()
}

/// Splits a path into its last node and the nodes before it.
fn split_last(path: &[u8]) -> Option<(&[u8], Node<'_>)> {
    let (mut last, mut rest) = Node::first(path)?;
    let mut before = 0;
    while let Some((node, behind)) = Node::first(rest) {
        before = path.len() - rest.len();
        (last, rest) = (node, behind);
    }
    Some((path.get(..before)?, last))
}
