//! The axes of the matrix: what can vary from boot to boot, as tables.

use xtcore::PagingMode;
use xtcore::choice::{Architecture, WideMode};

use crate::guest::{Machine, MemorySize};

/// How the paging mode comes about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Selection {
    /// A parameter asks for it: NOXPA for the narrow mode, XPA for the wide one.
    Forced,
    /// The processor decides.
    Automatic,
}

impl Selection {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Forced, Self::Automatic];

    /// Returns the word in a cell's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forced => "forced",
            Self::Automatic => "auto",
        }
    }
}

/// The state in which the loader finds the processor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Entry {
    /// As the firmware leaves it: 4-level paging on amd64; PAE or paging off on i686, see [`Processor`].
    Firmware,
    /// 5-level paging, which this firmware never has: an application switches to it and starts the loader.
    FiveLevel,
}

impl Entry {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Firmware, Self::FiveLevel];
}

/// The paging in which the loader is entered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EntryPaging {
    /// None.
    Off,
    /// PAE.
    Pae,
    /// 4-level paging.
    FourLevel,
    /// 5-level paging.
    FiveLevel,
}

impl EntryPaging {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Off, Self::Pae, Self::FourLevel, Self::FiveLevel];

    /// Returns the words for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "paging off",
            Self::Pae => "PAE",
            Self::FourLevel => "4-level",
            Self::FiveLevel => "5-level",
        }
    }
}

/// A processor model of the emulator.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Processor {
    /// The model and its features, as the emulator's option takes them.
    pub model: &'static str,
    /// The architecture whose cells use it.
    pub architecture: Architecture,
    /// Whether it has the architecture's wide mode.
    pub wide: WideMode,
    /// The most memory that is tried with it.
    pub reach: MemorySize,
    /// The paging in which its firmware starts the loader.
    pub entry: EntryPaging,
    /// The width of its physical addresses, as far as it limits what a guest can use.
    pub physical_bits: u32,
}

const SMALL_REACH: MemorySize = MemorySize::gibibytes(6);
const FULL_REACH: MemorySize = MemorySize::gibibytes(12 << 10);

/// Without 1 GiB pages the 64-bit firmware maps all memory in pages of 2 MiB, and with 12 TiB never gets to an application.
const REACH_WITHOUT_GIANTS: MemorySize = MemorySize::gibibytes(1 << 10);

const fn amd64(model: &'static str, wide: WideMode) -> Processor {
    let entry = EntryPaging::FourLevel;
    Processor { model, architecture: Architecture::Amd64, wide, reach: FULL_REACH, entry, physical_bits: 52 }
}

const fn i686(model: &'static str, reach: MemorySize, entry: EntryPaging) -> Processor {
    let (architecture, wide) = (Architecture::I686, WideMode::Present);
    Processor { model, architecture, wide, reach, entry, physical_bits: 36 }
}

/// All processors: with and without LA57, 1 GiB pages and the no-execute bit.
///
/// The 32-bit firmware pages in PAE mode where the processor has the no-execute bit, and leaves paging off where it
/// does not, so the i686 rows decide the loader's entry state too. It does not start at all without PAE; therefore
/// no row lacks the wide mode there, and the automatic choice of PML2 is tested on the host.
pub const PROCESSORS: [Processor; 13] = [
    amd64("max", WideMode::Present),
    amd64("max,la57=off", WideMode::Absent),
    Processor { reach: REACH_WITHOUT_GIANTS, ..amd64("max,pdpe1gb=off", WideMode::Present) },
    Processor { reach: REACH_WITHOUT_GIANTS, ..amd64("max,la57=off,pdpe1gb=off", WideMode::Absent) },
    amd64("max,nx=off", WideMode::Present),
    amd64("max,la57=off,nx=off", WideMode::Absent),
    amd64("qemu64", WideMode::Absent),
    i686("max", FULL_REACH, EntryPaging::Pae),
    i686("n270", SMALL_REACH, EntryPaging::Pae),
    i686("coreduo", SMALL_REACH, EntryPaging::Pae),
    i686("max,nx=off", FULL_REACH, EntryPaging::Off),
    // PAE without PSE-36: this model faults on address bits above 31.
    Processor { physical_bits: 32, ..i686("qemu32", SMALL_REACH, EntryPaging::Off) },
    i686("pentium3", SMALL_REACH, EntryPaging::Off),
];

impl Processor {
    /// Tells whether it has pages of 1 GiB.
    #[must_use]
    pub fn has_gigabyte_pages(&self) -> bool {
        self.architecture == Architecture::Amd64
            && self.model.starts_with("max")
            && !self.model.contains("pdpe1gb=off")
    }
}

/// Both mainboards.
pub const MACHINES: [Machine; 2] = [Machine::Q35, Machine::Pc];

/// Ordinary amounts of memory. 64 MiB is the least with which both firmwares reach an application.
pub const MEMORY: [MemorySize; 6] = [
    MemorySize::mebibytes(64),
    MemorySize::mebibytes(128),
    MemorySize::mebibytes(512),
    MemorySize::gibibytes(1),
    MemorySize::gibibytes(4),
    MemorySize::gibibytes(6),
];

/// Large amounts of memory, for the full run: the firmware alone takes up to minutes there.
pub const LARGE_MEMORY: [MemorySize; 3] =
    [MemorySize::gibibytes(64), MemorySize::gibibytes(1 << 10), MemorySize::gibibytes(12 << 10)];

/// Returns the architecture that has `mode`.
#[must_use]
pub const fn architecture(mode: PagingMode) -> Architecture {
    match mode {
        PagingMode::Pml2 | PagingMode::Pml3 => Architecture::I686,
        PagingMode::Pml4 | PagingMode::Pml5 => Architecture::Amd64,
    }
}
