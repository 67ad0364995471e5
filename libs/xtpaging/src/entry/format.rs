//! The codec of ordinary entries: attributes to bits and back, for 4- and 8-byte entries at each level.

use bitflags::bitflags;
use xtcore::{Frame, Geometry, Level, PagingMode, PhysAddr};

use super::attributes::{Attributes, Cache, Capabilities, Privilege, Protection, Rights, Scope};
use super::occupancy;

bitflags! {
    /// The bits of an entry that are not its address. `PAGE_SIZE` and `PAT` share bit 7: the level decides.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Bits: u64 {
        /// P.
        const PRESENT = 1 << 0;
        /// RW.
        const WRITABLE = 1 << 1;
        /// US.
        const USER = 1 << 2;
        /// PWT, bit 0 of the PAT index.
        const WRITE_THROUGH = 1 << 3;
        /// PCD, bit 1 of the PAT index.
        const CACHE_DISABLE = 1 << 4;
        /// A.
        const ACCESSED = 1 << 5;
        /// D.
        const DIRTY = 1 << 6;
        /// PS: above level 1, the entry maps a large page.
        const PAGE_SIZE = 1 << 7;
        /// PAT at level 1, bit 2 of the PAT index.
        const PAT = 1 << 7;
        /// G.
        const GLOBAL = 1 << 8;
        /// Software: execution was meant to be forbidden (written where the processor has no NX).
        const NO_EXECUTE_MEANT = 1 << 9;
        /// Software: occupancy of the containing table, low bit.
        const OCCUPANCY_LOW = 1 << 10;
        /// Software: occupancy of the containing table, high bit.
        const OCCUPANCY_HIGH = 1 << 11;
        /// PAT of a large page.
        const PAT_LARGE = 1 << 12;
        /// NX.
        const NO_EXECUTE = 1 << 63;
    }
}

/// What an entry says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decoded {
    /// Not present.
    Absent,
    /// Refers to the table in this frame.
    Table(Frame),
    /// Maps the page that begins with this frame.
    Page(Frame),
}

/// What an entry is, its address left aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Not present.
    Absent,
    /// A reference to a table.
    Table,
    /// A page.
    Page,
}

/// The entry format of a mode on a processor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Format {
    mode: PagingMode,
    capabilities: Capabilities,
    /// The highest level at which the processor has pages: derived, but looked at for every entry of a walk.
    largest_page: Level,
    /// The bit that forbids execution, or says that it was meant to be: derived as well.
    no_execute: u64,
}

impl Format {
    /// Builds the format of `mode` on a processor with `capabilities`.
    #[must_use]
    pub const fn new(mode: PagingMode, capabilities: Capabilities) -> Self {
        let geometry = mode.geometry();
        let largest_page = match mode {
            PagingMode::Pml2 if !capabilities.large_pages.is_present() => Level::PT,
            PagingMode::Pml4 | PagingMode::Pml5 if !capabilities.gigabyte_pages.is_present() => Level::PD,
            _ => geometry.largest_page(),
        };
        let no_execute = if geometry.entry_bytes() == 8 && capabilities.no_execute.is_present() {
            Bits::NO_EXECUTE.bits()
        } else {
            Bits::NO_EXECUTE_MEANT.bits()
        };
        Self { mode, capabilities, largest_page, no_execute }
    }

    /// Returns the paging mode.
    #[must_use]
    pub const fn mode(&self) -> PagingMode {
        self.mode
    }

    /// Returns what the processor can do.
    #[must_use]
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Returns the facts of the mode.
    #[must_use]
    pub const fn geometry(&self) -> &'static Geometry {
        self.mode.geometry()
    }

    /// Tells whether the mode's entries have a no-execute bit that the processor honours.
    #[must_use]
    pub const fn has_no_execute(&self) -> bool {
        self.no_execute == Bits::NO_EXECUTE.bits()
    }

    /// Returns the highest level at which a page can be mapped on this processor.
    #[must_use]
    pub const fn largest_page(&self) -> Level {
        self.largest_page
    }

    /// Returns the first frame that an entry cannot name on this processor.
    #[must_use]
    pub const fn frame_limit(&self) -> Frame {
        let format = self.geometry().physical_bits();
        let processor = self.capabilities.physical_bits;
        let bits = if processor < format { processor } else { format };
        PhysAddr::new(1 << bits).frame()
    }

    /// Returns the first frame that is no RAM for this system: beyond what an entry can name, or beyond what the mode is
    /// made for (see [`Geometry::frame_limit`]). Devices may lie above.
    #[must_use]
    pub const fn ram_limit(&self) -> Frame {
        let (named, supported) = (self.frame_limit(), self.geometry().frame_limit());
        if named.number() < supported.number() { named } else { supported }
    }

    /// Returns the address bits of an entry that maps a page at `level`, or of any entry for level 1.
    const fn address_mask(&self, level: Level) -> u64 {
        address_mask(self.geometry(), level)
    }

    /// Encodes an entry that refers to the table in `frame`, with all rights: the pages below decide.
    ///
    /// US follows the half of the address space that the table serves, so that no supervisor table can let a user
    /// page through by mistake.
    #[must_use]
    pub const fn table(&self, frame: Frame, privilege: Privilege) -> u64 {
        let user = match privilege {
            Privilege::User => Bits::USER.bits(),
            Privilege::Supervisor => 0,
        };
        // A is set from the start: the processor would set it with a locked access at the first walk.
        frame.address().get() | user | Bits::PRESENT.bits() | Bits::WRITABLE.bits() | Bits::ACCESSED.bits()
    }

    /// Encodes the self-map's entry: the table in `frame`, seen as data, never executable.
    #[must_use]
    pub const fn self_map(&self, frame: Frame) -> u64 {
        self.table(frame, Privilege::Supervisor) | Bits::DIRTY.bits() | self.forbid_execution()
    }

    const fn forbid_execution(&self) -> u64 {
        self.no_execute
    }

    /// Encodes an entry at `level` that maps the page beginning with `frame`.
    #[must_use]
    pub const fn page(&self, level: Level, frame: Frame, attributes: Attributes) -> u64 {
        let size = if level.number() > 1 { Bits::PAGE_SIZE.bits() } else { 0 };
        frame.address().get() | size | self.attribute_bits(attributes)
    }

    /// Returns the bits of an entry that maps a page, without its address and size.
    const fn attribute_bits(&self, attributes: Attributes) -> u64 {
        let mut bits = Bits::PRESENT.bits();
        bits |= match attributes.protection {
            Protection::Read => self.forbid_execution(),
            Protection::ReadWrite => Bits::WRITABLE.bits() | self.forbid_execution(),
            Protection::ReadExecute => 0,
        };
        if matches!(attributes.privilege, Privilege::User) {
            bits |= Bits::USER.bits();
        }
        if matches!(attributes.scope, Scope::Global) && self.capabilities.global.is_present() {
            bits |= Bits::GLOBAL.bits();
        }
        // PWT and PCD are the low two bits of the PAT index, at bits 3 and 4.
        bits | (attributes.cache as u64) << 3
    }

    /// Returns the bits of a page's entry that [`Format::page`] decides from the attributes.
    const fn attribute_mask() -> u64 {
        Bits::PRESENT.bits()
            | Bits::WRITABLE.bits()
            | Bits::USER.bits()
            | Bits::WRITE_THROUGH.bits()
            | Bits::CACHE_DISABLE.bits()
            | Bits::GLOBAL.bits()
            | Bits::NO_EXECUTE_MEANT.bits()
            | Bits::NO_EXECUTE.bits()
    }

    /// Returns a present page's entry with other attributes; address, size, A, D and occupancy bits stay.
    #[must_use]
    pub const fn with_attributes(&self, raw: u64, attributes: Attributes) -> u64 {
        raw & !Self::attribute_mask() | self.attribute_bits(attributes)
    }

    /// Returns the entry for the first of the smaller pages that replace the large page `raw` of `level`.
    ///
    /// A and D are set: the processor may have set them in the large entry between our look and our exchange.
    #[must_use]
    pub const fn split_first(&self, level: Level, raw: u64) -> u64 {
        let frame = PhysAddr::new(raw & self.address_mask(level));
        let size = if level.number() > 2 { Bits::PAGE_SIZE.bits() } else { 0 };
        frame.get() | size | raw & Self::attribute_mask() | Bits::ACCESSED.bits() | Bits::DIRTY.bits()
    }

    /// Returns the entry of the large page of `level` that replaces a table whose first entry is `first`, if that
    /// entry's address is aligned for it.
    #[must_use]
    pub const fn merged(&self, level: Level, first: u64) -> Option<u64> {
        let address = first & self.address_mask(Level::PT);
        if address & !self.address_mask(level) != 0 {
            return None;
        }
        let history = Bits::ACCESSED.bits() | Bits::DIRTY.bits();
        Some(address | Bits::PAGE_SIZE.bits() | first & Self::attribute_mask() | history)
    }

    /// Returns an entry without what the processor or the occupancy counter writes into it: two entries of
    /// neighbouring pages that belong together differ by their page's size only.
    #[must_use]
    pub const fn essence(raw: u64) -> u64 {
        raw & !(Bits::ACCESSED.bits() | Bits::DIRTY.bits() | occupancy::MASK)
    }

    /// Decodes an entry of a table at `level`.
    #[must_use]
    pub const fn decode(&self, level: Level, raw: u64) -> Decoded {
        self.decode_in(self.geometry(), level, raw)
    }

    /// As [`Format::decode`], in a body that is monomorphised for the mode and so knows its geometry as a constant.
    #[inline(always)]
    pub(crate) const fn decode_in(&self, geometry: &Geometry, level: Level, raw: u64) -> Decoded {
        match self.kind_in(geometry, level, raw) {
            Kind::Absent => Decoded::Absent,
            Kind::Table => Decoded::Table(page_address(geometry, Level::PT, raw).frame()),
            Kind::Page => Decoded::Page(page_address(geometry, level, raw).frame()),
        }
    }

    /// Returns what an entry of a table at `level` is, in a body that is monomorphised for the mode.
    #[inline(always)]
    pub(crate) const fn kind_in(&self, geometry: &Geometry, level: Level, raw: u64) -> Kind {
        let (present, large) = (Bits::PRESENT.bits(), Bits::PAGE_SIZE.bits());
        if level.number() == 1 {
            return if raw & present == 0 { Kind::Absent } else { Kind::Page };
        }
        // Without CR4.PSE, PML2's page directory ignores the bit; elsewhere it is reserved where there is no such page.
        // What the mode allows is a constant in most callers. What the processor has is not, so it comes last: a walk
        // through tables asks one question per level.
        let decides = if level.number() <= geometry.largest_page().number() { large } else { 0 };
        if raw & (present | decides) == present {
            Kind::Table
        } else if raw & present == 0 {
            Kind::Absent
        } else if level.number() <= self.largest_page.number() {
            Kind::Page
        } else {
            Kind::Table
        }
    }

    /// Returns the rights that one present entry leaves. Where the processor has no NX, the software bit tells what
    /// was meant.
    #[must_use]
    pub const fn rights(&self, raw: u64) -> Rights {
        Rights {
            write: raw & Bits::WRITABLE.bits() != 0,
            execute: raw & self.no_execute == 0,
            user: raw & Bits::USER.bits() != 0,
        }
    }

    /// Returns the memory type of a present entry that maps a page at `level`.
    #[must_use]
    pub const fn cache(raw: u64) -> Cache {
        // The PAT bit would select entries 4 to 7, which mirror 0 to 3, so it does not matter where it lies.
        Cache::from_index((raw >> 3) as u8)
    }

    /// Returns whether a present entry that maps a page is global.
    #[must_use]
    pub const fn scope(raw: u64) -> Scope {
        if raw & Bits::GLOBAL.bits() != 0 { Scope::Global } else { Scope::Local }
    }
}

/// Returns the address in an entry that maps a page at `level`; for level 1, in any entry.
#[inline(always)]
pub(crate) const fn page_address(geometry: &Geometry, level: Level, raw: u64) -> PhysAddr {
    PhysAddr::new(raw & address_mask(geometry, level))
}

/// Returns the address bits of an entry that maps a page at `level`, or of any entry for level 1.
#[inline(always)]
const fn address_mask(geometry: &Geometry, level: Level) -> u64 {
    ((1 << geometry.physical_bits()) - 1) & !(geometry.page_bytes(level) - 1)
}
