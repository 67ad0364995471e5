//! What a range of frames is for.
//!
//! The kinds are part of the boot protocol: their numbers never change, new ones are added at the end.

use crate::frame::{Frame, FrameCount, FrameRange};

crate::numbered! {
    /// The purpose of a run of frames, as the loader hands it to the kernel.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
    #[repr(u32)]
    pub enum MemoryKind => name {
        /// Usable RAM that nobody holds.
        Free = 1 => "free",
        /// Boot-services code or data: free once boot services have been left.
        FirmwareTemporary = 2 => "firmware-temporary",
        /// The loader's own image, pool and hand-over trampoline: free once the kernel runs on its own tables.
        LoaderTemporary = 3 => "loader-temporary",
        /// The kernel's image.
        KernelImage = 4 => "kernel-image",
        /// The active page tables, CR3's frame first of all.
        PageTables = 5 => "page-tables",
        /// The loader block.
        LoaderBlock = 6 => "loader-block",
        /// The stack that the kernel is entered on.
        BootStack = 7 => "boot-stack",
        /// ACPI tables; usable once they have been read.
        AcpiReclaimable = 8 => "acpi-reclaimable",
        /// ACPI non-volatile storage; never usable.
        AcpiNvs = 9 => "acpi-nvs",
        /// Runtime-services code.
        RuntimeCode = 10 => "runtime-code",
        /// Runtime-services data.
        RuntimeData = 11 => "runtime-data",
        /// Memory-mapped I/O or port space.
        Device = 12 => "device",
        /// Persistent memory: holds data that outlives the boot.
        Persistent = 13 => "persistent",
        /// Memory that a confidential guest has not accepted.
        Unaccepted = 14 => "unaccepted",
        /// Memory set aside for a special purpose (EFI_MEMORY_SP); only its driver may use it.
        SpecialPurpose = 15 => "special-purpose",
        /// Reserved, OEM-defined or unknown to this version.
        Reserved = 16 => "reserved",
        /// RAM that the firmware found faulty.
        Bad = 17 => "bad",
    }
}

impl MemoryKind {
    /// Tells whether the kernel may hand out such frames as soon as it runs on its own page tables.
    #[must_use]
    pub const fn is_free_for_kernel(self) -> bool {
        matches!(self, Self::Free | Self::FirmwareTemporary | Self::LoaderTemporary)
    }

    /// Tells whether the frames are RAM that the kernel holds from the start.
    #[must_use]
    pub const fn is_kernel_owned(self) -> bool {
        matches!(self, Self::KernelImage | Self::PageTables | Self::LoaderBlock | Self::BootStack)
    }

    /// Tells whether the frames are RAM for the kernel: free for it or held by it. The window maps nothing else.
    #[must_use]
    pub const fn is_usable(self) -> bool {
        self.is_free_for_kernel() || self.is_kernel_owned()
    }
}

/// A run of frames of one kind.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemoryRun {
    /// The frames, never empty in a sanitised map.
    pub frames: FrameRange,
    /// What they are for.
    pub kind: MemoryKind,
}

impl MemoryRun {
    /// Builds a run of `count` frames from `start`.
    #[must_use]
    pub const fn new(start: Frame, count: FrameCount, kind: MemoryKind) -> Self {
        Self { frames: FrameRange::with_count(start, count), kind }
    }
}

#[cfg(test)]
mod tests;
