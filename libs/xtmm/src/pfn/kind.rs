//! What a frame can be, and whose.

xtcore::named! {
    /// The state of a frame. Each frame is in exactly one.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
    #[repr(u8)]
    pub enum State => name {
        /// Nobody's, with any content. A frame that was never touched is so too.
        Free = 0 => "free",
        /// Nobody's, and filled with zeros when it was given up.
        Zeroed = 1 => "zeroed",
        /// Somebody's: see [`Owner`].
        Active = 2 => "active",
        /// Defective; never given out again.
        Bad = 3 => "bad",
        /// Reserved: content kept, in no working set, like the page file's copy. Never set here.
        Standby = 4 => "standby",
        /// Reserved: content kept, in no working set, still to be written. Never set here.
        Modified = 5 => "modified",
        /// Reserved: being read or written. Never set here.
        Transition = 6 => "transition",
    }
}

impl State {
    /// Returns the state with that encoding; 7 is none.
    #[must_use]
    pub const fn from_bits(bits: usize) -> Option<Self> {
        match bits {
            0 => Some(Self::Free),
            1 => Some(Self::Zeroed),
            2 => Some(Self::Active),
            3 => Some(Self::Bad),
            4 => Some(Self::Standby),
            5 => Some(Self::Modified),
            6 => Some(Self::Transition),
            _ => None,
        }
    }

    /// Tells whether the frame is nobody's and can be given to somebody.
    #[must_use]
    pub const fn is_free(self) -> bool {
        matches!(self, Self::Free | Self::Zeroed)
    }
}

xtcore::named! {
    /// What an active frame is for: the legend of a picture of memory.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
    #[repr(u8)]
    pub enum Owner => name {
        /// Nobody: the frame is not active.
        Nobody => "nobody",
        /// The kernel's image.
        KernelImage => "kernel image",
        /// Images of drivers.
        DriverImage => "driver image",
        /// The loader's code and data, until they are reclaimed.
        Loader => "loader",
        /// What the loader hands to the kernel.
        LoaderBlock => "loader block",
        /// The firmware's run-time services.
        Firmware => "firmware",
        /// ACPI tables.
        AcpiTables => "ACPI tables",
        /// Page tables of every level.
        PageTable => "page tables",
        /// Frames set aside to become page tables.
        TableStock => "page-table stock",
        /// Entries of the PFN database.
        PfnDatabase => "PFN database",
        /// Records of the frame allocator.
        FrameRecords => "frame records",
        /// Books of arenas.
        ArenaBooks => "arena books",
        /// Books of pools.
        PoolBooks => "pool books",
        /// The non-paged pool.
        NonPagedPool => "non-paged pool",
        /// The paged pool.
        PagedPool => "paged pool",
        /// The special pool.
        SpecialPool => "special pool",
        /// Memory mapped with system PTEs.
        SystemPtes => "system PTEs",
        /// Kernel stacks.
        Stack => "stacks",
        /// Descriptor tables, task-state segments and other memory of a processor.
        Processor => "processors",
        /// Contiguous memory that devices read and write.
        DeviceBuffer => "device buffers",
        /// A RAM disk.
        RamDisk => "RAM disk",
        /// Memory of one process.
        Private => "private",
        /// Memory that processes share.
        Shared => "shared",
        /// Cached content of files.
        FileCache => "file cache",
        /// Anything else that drivers hold.
        Driver => "drivers",
    }
}

impl Owner {
    /// Returns the owner with that encoding, or `None` when there is none.
    #[must_use]
    pub fn from_bits(bits: usize) -> Option<Self> {
        Self::ALL.get(bits).copied()
    }
}

/// What a frame contains when it is given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameContent {
    /// Anything.
    Any,
    /// Zeros.
    Zeros,
}

impl FrameContent {
    /// Returns the state of a free frame with that content.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::Any => State::Free,
            Self::Zeros => State::Zeroed,
        }
    }
}
