//! The paging that the processor runs on, found from its registers alone.
//!
//! Nothing here believes the loader block: the kernel must be able to look at the tables before it knows whether the
//! block is one.
#![allow(unsafe_code, reason = "the self-map is taken into use")]

use xtcore::{Level, VirtAddr, VirtRange};
use xtpaging::entry::{Decoded, Format, Pdpte};
use xtpaging::walk::{Found, NotFound, find};
use xtpaging::{AddressSpace, Cache, Capabilities, SelfMap};

use super::slot::Slot;
use super::tables::SelfMapTables;
use super::word::Word;
use crate::ar::control;

/// The active address space and the way to its tables.
#[derive(Debug)]
pub(crate) struct ActiveTables {
    pub(in crate::mm) space: AddressSpace,
    pub(in crate::mm) tables: SelfMapTables,
}

impl ActiveTables {
    /// Adopts the active tables by their self-map, with a transient slot at `spare`; `None` when the self-map does not
    /// look like one, or when `spare` is not what the boot protocol promises: a page that is not mapped, in a page
    /// table that exists.
    ///
    /// # Safety
    /// The processor must be in the self-map's mode, and the self-map active, as the boot protocol says. Call it once.
    pub(crate) unsafe fn adopt(
        self_map: SelfMap,
        capabilities: Capabilities,
        spare: VirtAddr,
    ) -> Option<Self> {
        let mode = self_map.mode();
        let format = Format::new(mode, capabilities);
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
        // SAFETY: nothing goes through the slot before the check below has found the page absent and its table there.
        let slot = unsafe { Slot::new(spare, None, &self_map, format) }?;
        // SAFETY: the self-map is active, and this is called once.
        let tables = unsafe { SelfMapTables::new(self_map, mode.geometry().entry_bytes(), slot) };
        let active = Self { space, tables };
        let is_spare = matches!(active.find(spare), Err(NotFound::Absent { level: Level::PT, .. }));
        is_spare.then_some(active)
    }

    /// Tells whether the self-map shows the tables that CR3 names, by looking at the root table itself.
    ///
    /// Through the self-map alone this could not be told: a self-map of other tables shows other tables, consistently.
    pub(in crate::mm) fn shows_the_root(&mut self) -> bool {
        let Self { space, tables } = self;
        let format = *space.format();
        let root = space.root().frame();
        let slot = space.self_map().slot();
        let shown = match space.pointer_table() {
            None => {
                format.decode(space.geometry().root(), tables.slot.read_entry(root, slot))
                    == Decoded::Table(root)
            }
            Some(pointers) => space.tops().enumerate().all(|(index, top)| {
                let pointer = Pdpte::from_raw(tables.slot.read_entry(pointers, index));
                // The self-map's slots count through all four directories; its first one lies in the last of them.
                let entries = space.geometry().entries(top.level);
                let last = space.top(space.self_map().region().start()).frame;
                let entry = tables.slot.read_entry(last, slot % entries + index);
                let shown = format.decode(top.level, entry);
                pointer.directory() == Some(top.frame) && shown == Decoded::Table(top.frame)
            }),
        };
        tables.slot.leave();
        shown
    }

    /// Translates an address.
    pub(crate) fn find(&self, address: VirtAddr) -> Result<Found, NotFound> {
        find(&self.space, &self.tables, address)
    }

    /// Tells whether every page of `pages` is mapped and none of them writable.
    pub(crate) fn is_constant(&self, pages: VirtRange) -> bool {
        pages.pages().all(|page| self.find(page).is_ok_and(|found| !found.rights.write))
    }

    /// Returns the address space.
    pub(crate) const fn space(&self) -> &AddressSpace {
        &self.space
    }
}

/// Tells whether `bytes` bytes from `base` on are mapped write-combining and writable: pixels, not RAM.
pub(crate) fn is_canvas(
    find: impl Fn(VirtAddr) -> Result<Found, NotFound>,
    base: VirtAddr,
    bytes: u64,
) -> bool {
    let Some(range) = VirtRange::with_length(base, bytes) else { return false };
    let is_pixels = |found: Found| found.rights.write && found.cache == Cache::WriteCombining;
    !range.is_empty() && range.pages().all(|page| find(page).is_ok_and(is_pixels))
}
