//! The paging that the processor runs on, found from its registers alone.
//!
//! Nothing here believes the loader block: the kernel must be able to look at the tables before it knows whether the
//! block is one.
#![allow(unsafe_code, reason = "the self-map is taken into use")]

use xtcore::{Frame, FrameCount, Level, PAGE_BYTES, PagingMode, PhysAddr, VirtAddr, VirtRange};
use xtpaging::entry::{Decoded, Format, Pdpte};
use xtpaging::walk::{Found, NotFound, find};
use xtpaging::{AddressSpace, Cache, Capabilities, SelfMap};

use super::slot::Slot;
use super::tables::SelfMapTables;
use super::word::Word;
use crate::ar::control;
use crate::hl::acpi::ReadPhysical;

/// The active address space and the way to its tables.
#[derive(Debug)]
pub(crate) struct ActiveTables {
    pub(in crate::mm) space: AddressSpace,
    pub(in crate::mm) tables: SelfMapTables,
}

impl ActiveTables {
    /// Adopts the active tables; `None` when the self-map does not look like one.
    ///
    /// # Safety
    /// The processor must be in `mode`, with the self-map at its standard slot as the boot protocol says, and `spare`
    /// must be a page that nobody uses and whose page table exists. Call it once.
    pub(crate) unsafe fn adopt(
        mode: PagingMode,
        capabilities: Capabilities,
        spare: VirtAddr,
    ) -> Option<Self> {
        let format = Format::new(mode, capabilities);
        let self_map = SelfMap::standard(mode);
        let directory = |index: usize| {
            let address = VirtAddr::new(
                self_map.region().start().get() + index as u64 * mode.geometry().page_bytes(Level::PD),
            );
            let Some(entry) = self_map.entry_address(Level::PD, address) else { return 0 };
            // SAFETY: the protocol says that the self-map is active, so its own entries are mapped.
            let raw = unsafe { Word::new(entry, mode.geometry().entry_bytes()) }.load();
            match format.decode(Level::PD, raw) {
                Decoded::Table(frame) => Pdpte::new(frame).raw(),
                Decoded::Absent | Decoded::Page(_) => 0,
            }
        };
        let space = AddressSpace::adopt(self_map, format, control::page_root(), directory).ok()?;
        // SAFETY: the caller names a page that nobody uses and whose page table exists.
        let slot = unsafe { Slot::new(spare, &self_map, format) }?;
        // SAFETY: the self-map is active, and this is called once.
        let tables = unsafe { SelfMapTables::new(self_map, mode.geometry().entry_bytes(), slot) };
        Some(Self { space, tables })
    }

    /// Translates an address.
    pub(crate) fn find(&self, address: VirtAddr) -> Result<Found, NotFound> {
        find(&self.space, &self.tables, address)
    }

    /// Tells whether every page of `pages` is mapped.
    pub(crate) fn is_mapped(&self, pages: VirtRange) -> bool {
        pages_of(pages).all(|page| self.find(page).is_ok())
    }

    /// Tells whether `bytes` bytes from `base` on are mapped write-combining and writable: pixels, not RAM.
    pub(crate) fn is_canvas(&self, base: VirtAddr, bytes: u64) -> bool {
        let Some(range) = VirtRange::with_length(base, bytes) else { return false };
        !range.is_empty()
            && pages_of(range).all(|page| {
                self.find(page).is_ok_and(|found| found.rights.write && found.cache == Cache::WriteCombining)
            })
    }

    /// Returns the address space.
    pub(crate) const fn space(&self) -> &AddressSpace {
        &self.space
    }

    /// Returns the tables.
    pub(crate) const fn tables(&self) -> &SelfMapTables {
        &self.tables
    }

    /// Fills a frame with a machine word, through the slot.
    pub(crate) fn fill_frame(&mut self, frame: Frame, word: usize) {
        self.tables.slot.fill(frame, word);
    }

    /// Counts the machine words of a frame that differ from `word`, through the slot.
    pub(crate) fn count_unlike(&mut self, frame: Frame, word: usize) -> usize {
        self.tables.slot.count_unlike(frame, word)
    }
}

/// Returns the first address of each page that a range touches.
fn pages_of(range: VirtRange) -> impl Iterator<Item = VirtAddr> {
    let first = range.start().align_down(PAGE_BYTES);
    let pages = FrameCount::holding(range.end().get() - first.get()).get();
    (0..pages).filter_map(move |page| first.checked_add(page * PAGE_BYTES))
}

impl ReadPhysical for ActiveTables {
    fn read(&mut self, from: PhysAddr, into: &mut [u8]) -> bool {
        let mut at = from;
        let mut rest = into;
        while !rest.is_empty() {
            if at.frame() >= self.space.format().frame_limit() {
                return false;
            }
            let copied = self.tables.slot.copy(at.frame(), at.page_offset() as usize, rest);
            let Some(next) = at.checked_add(copied as u64) else { return false };
            at = next;
            rest = rest.get_mut(copied..).unwrap_or_default();
        }
        true
    }
}
