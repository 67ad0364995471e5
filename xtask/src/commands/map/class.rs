//! What colours mean. A class has the same colour in every picture, whichever track or address space it is on, so
//! that the frames of a pool and the addresses of that pool are seen to belong together.

use xtcore::MemoryKind;

/// What a region is for, coarsely: the key of the legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// RAM for the taking, and the window onto it.
    Free,
    /// RAM that firmware and loader give back.
    Temporary,
    /// The kernel's image and what the loader told it.
    Image,
    /// Page tables.
    Tables,
    /// What the memory manager writes down about memory.
    Books,
    /// Pools.
    Pools,
    /// Stacks, and pages handed out singly.
    Stacks,
    /// What each processor has of its own.
    Processors,
    /// Registers and memory of devices.
    Devices,
    /// Memory that firmware keeps.
    Firmware,
    /// RAM with a special purpose.
    SetAside,
    /// Nobody's to use.
    Reserved,
    /// Faulty.
    Bad,
    /// Known by its name only.
    Other,
}

/// Names in a kernel's answers, by words in them; the first row that matches decides.
const BY_WORD: &[(&str, Class)] = &[
    ("ACPI", Class::Firmware),
    ("firmware", Class::Firmware),
    ("book", Class::Books),
    ("PFN database", Class::Books),
    ("frame record", Class::Books),
    ("self-map", Class::Tables),
    ("table", Class::Tables),
    ("pool", Class::Pools),
    ("image", Class::Image),
    ("loader block", Class::Image),
    ("loader", Class::Temporary),
    ("stack", Class::Stacks),
    ("system PTE", Class::Stacks),
    ("transient", Class::Stacks),
    ("processor", Class::Processors),
    ("hardware", Class::Devices),
    ("framebuffer", Class::Devices),
    ("device", Class::Devices),
    ("window", Class::Free),
    ("free", Class::Free),
    ("usable", Class::Free),
];

impl Class {
    /// All of them, in the legend's order.
    pub(crate) const ALL: [Self; 14] = [
        Self::Free,
        Self::Temporary,
        Self::Image,
        Self::Tables,
        Self::Books,
        Self::Pools,
        Self::Stacks,
        Self::Processors,
        Self::Devices,
        Self::Firmware,
        Self::SetAside,
        Self::Reserved,
        Self::Bad,
        Self::Other,
    ];

    /// The class of a range of the loader's map, by its kind's name.
    pub(crate) fn of_kind(name: &str) -> Self {
        MemoryKind::ALL
            .iter()
            .find(|kind| kind.name() == name)
            .map_or_else(|| Self::of_name(name), |kind| (*kind).into())
    }

    /// The class of a virtual region or of the owner of frames.
    pub(crate) fn of_name(name: &str) -> Self {
        BY_WORD.iter().find(|(word, _)| name.contains(word)).map_or(Self::Other, |(_, class)| *class)
    }

    /// The words of the legend.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Free => "usable RAM",
            Self::Temporary => "RAM given back after boot",
            Self::Image => "kernel image, loader block",
            Self::Tables => "page tables",
            Self::Books => "books about memory",
            Self::Pools => "pools",
            Self::Stacks => "stacks, single pages",
            Self::Processors => "processors",
            Self::Devices => "devices",
            Self::Firmware => "firmware's, ACPI",
            Self::SetAside => "set aside",
            Self::Reserved => "reserved",
            Self::Bad => "faulty",
            Self::Other => "other",
        }
    }

    /// The name in style sheets.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Temporary => "temporary",
            Self::Image => "image",
            Self::Tables => "tables",
            Self::Books => "books",
            Self::Pools => "pools",
            Self::Stacks => "stacks",
            Self::Processors => "processors",
            Self::Devices => "devices",
            Self::Firmware => "firmware",
            Self::SetAside => "set-aside",
            Self::Reserved => "reserved",
            Self::Bad => "bad",
            Self::Other => "other",
        }
    }
}

impl From<MemoryKind> for Class {
    fn from(kind: MemoryKind) -> Self {
        match kind {
            MemoryKind::Free => Self::Free,
            MemoryKind::FirmwareTemporary | MemoryKind::LoaderTemporary => Self::Temporary,
            MemoryKind::KernelImage | MemoryKind::LoaderBlock => Self::Image,
            MemoryKind::BootStack => Self::Stacks,
            MemoryKind::PageTables => Self::Tables,
            MemoryKind::AcpiReclaimable
            | MemoryKind::AcpiNvs
            | MemoryKind::RuntimeCode
            | MemoryKind::RuntimeData => Self::Firmware,
            MemoryKind::Device => Self::Devices,
            MemoryKind::Persistent | MemoryKind::Unaccepted | MemoryKind::SpecialPurpose => Self::SetAside,
            MemoryKind::Reserved => Self::Reserved,
            MemoryKind::Bad => Self::Bad,
        }
    }
}
