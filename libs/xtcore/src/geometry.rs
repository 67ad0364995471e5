//! Paging depth as data: one struct of run-time facts, four constant rows.
//!
//! Levels are counted from the leaf, so that "level 1" is a page table in every mode and a mode with fewer levels
//! simply ends earlier. A `Level` is also a page size: the bytes that one entry of a table of that level covers.
//!
//! | mode | level 1 (PT) | level 2 (PD) | level 3 (PDPT) | level 4 (PML4) | level 5 (PML5) | entry |
//! |------|--------------|--------------|----------------|----------------|----------------|-------|
//! | PML2 | 10 bits, 4 KiB | 10 bits, 4 MiB | | | | 4 bytes |
//! | PML3 | 9 bits, 4 KiB | 9 bits, 2 MiB | 2 bits, 1 GiB | | | 8 bytes |
//! | PML4 | 9 bits, 4 KiB | 9 bits, 2 MiB | 9 bits, 1 GiB | 9 bits, 512 GiB | | 8 bytes |
//! | PML5 | 9 bits, 4 KiB | 9 bits, 2 MiB | 9 bits, 1 GiB | 9 bits, 512 GiB | 9 bits, 256 TiB | 8 bytes |
//!
//! Source: Intel SDM volume 3A, chapter 4, tables 4-2 to 4-4; AMD64 APM volume 2, chapter 5.

use crate::address::{PhysAddr, VirtAddr};
use crate::frame::{Frame, FrameCount, PAGE_SHIFT};

crate::named! {
    /// The four paging modes, named by their number of levels.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
    #[repr(u8)]
    pub enum PagingMode => name {
        /// 32-bit paging: two levels, 4-byte entries.
        Pml2 = 2 => "pml2",
        /// PAE paging: three levels, 8-byte entries, the top one with four entries.
        Pml3 = 3 => "pml3",
        /// 4-level paging.
        Pml4 = 4 => "pml4",
        /// 5-level paging (LA57).
        Pml5 = 5 => "pml5",
    }
}

impl PagingMode {
    /// Returns the mode with that many levels, or `None` when there is no such mode.
    #[must_use]
    pub const fn from_levels(levels: u8) -> Option<Self> {
        match levels {
            2 => Some(Self::Pml2),
            3 => Some(Self::Pml3),
            4 => Some(Self::Pml4),
            5 => Some(Self::Pml5),
            _ => None,
        }
    }

    /// Returns the number of levels, 2 to 5.
    #[must_use]
    pub const fn levels(self) -> u8 {
        self as u8
    }

    /// Returns the mode's row of facts.
    #[must_use]
    pub const fn geometry(self) -> &'static Geometry {
        match self {
            Self::Pml2 => &Geometry::PML2,
            Self::Pml3 => &Geometry::PML3,
            Self::Pml4 => &Geometry::PML4,
            Self::Pml5 => &Geometry::PML5,
        }
    }

    /// Tells whether this is the wide mode of its architecture (PAE or LA57), which ExectOS calls XPA.
    #[must_use]
    pub const fn is_wide(self) -> bool {
        matches!(self, Self::Pml3 | Self::Pml5)
    }
}

/// A level of the paging hierarchy, counted from the leaf: 1 is a page table, 5 the PML5 table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(transparent)]
pub struct Level(u8);

impl Level {
    /// Page table; its entries map 4 KiB pages.
    pub const PT: Self = Self(1);
    /// Page directory; its entries refer to page tables or map 2 or 4 MiB pages.
    pub const PD: Self = Self(2);
    /// Page-directory-pointer table; its entries refer to directories or, in long mode, map 1 GiB pages.
    pub const PDPT: Self = Self(3);
    /// PML4 table.
    pub const PML4: Self = Self(4);
    /// PML5 table.
    pub const PML5: Self = Self(5);

    /// Wraps a level number, or `None` outside 1 to 5.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number >= 1 && number <= 5 { Some(Self(number)) } else { None }
    }

    /// Returns the level number, 1 to 5.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Returns the next level towards the leaf, or `None` below the page table.
    #[must_use]
    pub const fn below(self) -> Option<Self> {
        if self.0 > 1 { Some(Self(self.0 - 1)) } else { None }
    }

    /// Returns the next level towards the root, or `None` above level 5.
    #[must_use]
    pub const fn above(self) -> Option<Self> {
        Self::new(self.0 + 1)
    }
}

/// The run-time facts of a paging mode.
///
/// The fields are private so that the four rows stay the only instances.
#[derive(PartialEq, Eq, Debug)]
pub struct Geometry {
    mode: PagingMode,
    /// Index bits per level, leaf first; zero for levels that do not exist.
    index_bits: [u8; 5],
    entry_bytes: u8,
    virtual_bits: u8,
    physical_bits: u8,
    /// Physical-address limit that this system supports in this mode, in bits.
    supported_bits: u8,
    /// Highest level whose entries may map a page; 1 GiB pages also need the processor's consent.
    largest_page: Level,
    self_map_slot: u16,
    self_map_level: Level,
}

impl Geometry {
    /// Classic 32-bit paging. 4 MiB pages (PSE) below 4 GiB only: PSE-36 is not used.
    pub const PML2: Self = Self {
        mode: PagingMode::Pml2,
        index_bits: [10, 10, 0, 0, 0],
        entry_bytes: 4,
        virtual_bits: 32,
        physical_bits: 32,
        supported_bits: 32,
        largest_page: Level::PD,
        self_map_slot: 0x300,
        self_map_level: Level::PD,
    };

    /// PAE paging. Entries hold 52-bit addresses; the system supports 64 GiB of them (see the PFN entry's size).
    pub const PML3: Self = Self {
        mode: PagingMode::Pml3,
        index_bits: [9, 9, 2, 0, 0],
        entry_bytes: 8,
        virtual_bits: 32,
        physical_bits: 52,
        supported_bits: 36,
        largest_page: Level::PD,
        // Slots 0x600 to 0x603 of the four directories seen as one array: 0xC0000000 >> 21.
        self_map_slot: 0x600,
        self_map_level: Level::PD,
    };

    /// 4-level paging.
    pub const PML4: Self = Self {
        mode: PagingMode::Pml4,
        index_bits: [9, 9, 9, 9, 0],
        entry_bytes: 8,
        virtual_bits: 48,
        physical_bits: 52,
        supported_bits: 52,
        largest_page: Level::PDPT,
        self_map_slot: 0x1ED,
        self_map_level: Level::PML4,
    };

    /// 5-level paging.
    pub const PML5: Self = Self {
        mode: PagingMode::Pml5,
        index_bits: [9, 9, 9, 9, 9],
        entry_bytes: 8,
        virtual_bits: 57,
        physical_bits: 52,
        supported_bits: 52,
        largest_page: Level::PDPT,
        self_map_slot: 0x1ED,
        self_map_level: Level::PML5,
    };

    /// Returns the mode this row describes.
    #[must_use]
    pub const fn mode(&self) -> PagingMode {
        self.mode
    }

    /// Returns the level of the root table: the number of levels.
    #[must_use]
    pub const fn root(&self) -> Level {
        Level(self.mode.levels())
    }

    /// Tells whether the mode has that level.
    #[must_use]
    pub const fn has_level(&self, level: Level) -> bool {
        level.0 <= self.mode.levels()
    }

    /// Returns the index bits of a table at `level`; zero for a level that the mode does not have.
    #[must_use]
    pub const fn index_bits(&self, level: Level) -> u32 {
        let [pt, pd, pdpt, pml4, pml5] = self.index_bits;
        let bits = match level.0 {
            1 => pt,
            2 => pd,
            3 => pdpt,
            4 => pml4,
            _ => pml5,
        };
        bits as u32
    }

    /// Returns the number of entries of a table at `level`: 4, 512 or 1024; one for a level the mode lacks.
    #[must_use]
    pub const fn entries(&self, level: Level) -> usize {
        1 << self.index_bits(level)
    }

    /// Returns the position of the level's lowest index bit in a virtual address.
    ///
    /// An entry of a table at `level` covers `1 << shift(level)` bytes.
    #[must_use]
    pub const fn shift(&self, level: Level) -> u32 {
        // Written out: a loop over the levels below would not become a constant where the mode is one.
        let [pt, pd, pdpt, pml4, _] = self.index_bits;
        let below = match level.0 {
            1 => 0,
            2 => pt,
            3 => pt + pd,
            4 => pt + pd + pdpt,
            _ => pt + pd + pdpt + pml4,
        };
        PAGE_SHIFT + below as u32
    }

    /// Returns the bytes that one entry of a table at `level` covers: the size of a page of that level.
    #[must_use]
    pub const fn page_bytes(&self, level: Level) -> u64 {
        1 << self.shift(level)
    }

    /// Returns the frames that one entry of a table at `level` covers.
    #[must_use]
    pub const fn page_frames(&self, level: Level) -> FrameCount {
        FrameCount::new(1 << (self.shift(level) - PAGE_SHIFT))
    }

    /// Returns the index that `address` selects in a table at `level`.
    #[must_use]
    pub const fn index(&self, level: Level, address: VirtAddr) -> usize {
        let entries = self.entries(level);
        ((address.get() >> self.shift(level)) as usize) & (entries - 1)
    }

    /// Returns the bytes of a table entry: 4 or 8.
    #[must_use]
    pub const fn entry_bytes(&self) -> u64 {
        self.entry_bytes as u64
    }

    /// Returns the width of a virtual address in bits: 32, 48 or 57.
    #[must_use]
    pub const fn virtual_bits(&self) -> u32 {
        self.virtual_bits as u32
    }

    /// Returns the width of the physical address that the entry format can hold: 32 or 52 bits.
    #[must_use]
    pub const fn physical_bits(&self) -> u32 {
        self.physical_bits as u32
    }

    /// Returns the first frame that this system cannot use in this mode: 4 GiB in PML2, 64 GiB in PML3, else 2^52.
    #[must_use]
    pub const fn frame_limit(&self) -> Frame {
        PhysAddr::new(1 << self.supported_bits).frame()
    }

    /// Returns the highest level whose entries can map a page in this mode.
    #[must_use]
    pub const fn largest_page(&self) -> Level {
        self.largest_page
    }

    /// Returns the slot of the self-map in the array of entries at [`Geometry::self_map_level`].
    ///
    /// In PML3 the array is the four page directories one after another, and the self-map takes four slots from
    /// this one on, because the page-directory-pointer table is too small to be a table of its own.
    #[must_use]
    pub const fn self_map_slot(&self) -> usize {
        self.self_map_slot as usize
    }

    /// Returns the level whose tables hold the self-map entries: the root, or the page directories in PML3.
    #[must_use]
    pub const fn self_map_level(&self) -> Level {
        self.self_map_level
    }

    /// Tells whether `address` is one that the mode can translate: all bits above the width equal its top bit in
    /// the 64-bit modes, and zero in the 32-bit ones.
    #[must_use]
    pub const fn is_canonical(&self, address: VirtAddr) -> bool {
        self.canonical(address.get()).get() == address.get()
    }

    /// Returns the canonical address with the low bits of `raw`: sign-extended in the 64-bit modes, cut in the
    /// 32-bit ones.
    #[must_use]
    pub const fn canonical(&self, raw: u64) -> VirtAddr {
        if self.virtual_bits == 32 {
            VirtAddr::new(raw & 0xFFFF_FFFF)
        } else {
            let unused = 64 - self.virtual_bits as u32;
            VirtAddr::new((((raw << unused) as i64) >> unused) as u64)
        }
    }

    /// Returns the lowest address of the kernel's half: 2 GiB on 32 bits, the first negative address on 64.
    #[must_use]
    pub const fn kernel_base(&self) -> VirtAddr {
        self.canonical(1 << (self.virtual_bits - 1))
    }
}

#[cfg(test)]
mod tests;
