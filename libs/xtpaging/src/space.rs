//! An address space: a root table and the facts about it.

use xtcore::{Frame, FrameCount, Geometry, Level, PagingMode, PhysAddr, VirtAddr, VirtRange};

use crate::cursor::{Cursor, CursorError, MapError, Mapping, Rest};
use crate::entry::{Capabilities, Format, Pdpte, Privilege, occupancy};
use crate::memory::{Frames, Reservation, TablePlace, Tables};
use crate::selfmap::SelfMap;
use crate::shape::{Modes, Shape, with_shape};

/// A paging hierarchy. It knows its root and its format and owns neither memory nor frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AddressSpace {
    format: Format,
    self_map: SelfMap,
    root: Frame,
    /// The tables in which walks begin: the root itself, or the four page directories in PML3.
    tops: [Frame; Pdpte::COUNT],
}

impl AddressSpace {
    /// Builds an address space that maps nothing but itself: the root table and, in PML3, its four directories.
    ///
    /// Takes [`AddressSpace::root_tables`] frames. In PML3 the frame of the page-directory-pointer table must lie below
    /// 4 GiB, so the first frame that `frames` gives must.
    ///
    /// # Errors
    /// [`MapError::OutOfFrames`], and [`MapError::RootTooHigh`] when CR3 cannot name the root table; the frame that the
    /// error names was taken and is the caller's.
    pub fn create<T: Tables, F: Frames>(
        self_map: SelfMap,
        format: Format,
        tables: &mut T,
        frames: &mut F,
    ) -> Result<Self, MapError> {
        let mode = format.mode();
        let mut reserved = frames.reserve(Self::root_tables(mode)).map_err(MapError::OutOfFrames)?;
        let mut take = || reserved.take().ok_or(MapError::ReservationShort);
        let root = take()?;
        // In the 32-bit modes CR3 has 32 bits, whatever the entries can name.
        let limit = match format.geometry().virtual_bits() {
            32 => format.frame_limit().min(PhysAddr::new(1 << 32).frame()),
            _ => format.frame_limit(),
        };
        if root >= limit {
            return Err(MapError::RootTooHigh { root });
        }
        tables.zero(root);
        let mut tops = [root; Pdpte::COUNT];
        if mode == PagingMode::Pml3 {
            for (index, top) in tops.iter_mut().enumerate() {
                *top = take()?;
                tables.zero(*top);
                tables.initialise(root, index, Pdpte::new(*top).raw());
            }
        }
        let space = Self { format, self_map, root, tops };
        space.install_self_map(tables);
        Ok(space)
    }

    /// Takes over an address space that another program built in the same format.
    ///
    /// In PML3 the directories are read from the page-directory-pointer table through `entry`, which is given an
    /// index of 0 to 3.
    ///
    /// # Errors
    /// [`MapError::MissingDirectory`] when one of the four entries is not present.
    pub fn adopt(
        self_map: SelfMap,
        format: Format,
        root: PhysAddr,
        entry: impl Fn(usize) -> u64,
    ) -> Result<Self, MapError> {
        let root = root.frame();
        let mut tops = [root; Pdpte::COUNT];
        if format.mode() == PagingMode::Pml3 {
            for (index, top) in tops.iter_mut().enumerate() {
                *top =
                    Pdpte::from_raw(entry(index)).directory().ok_or(MapError::MissingDirectory { index })?;
            }
        }
        Ok(Self { format, self_map, root, tops })
    }

    /// Leaves 1 GiB pages alone from now on, although the processor has them.
    ///
    /// None may be mapped: an entry that maps one would be taken for a reference to a table whose reserved bit is set.
    #[must_use]
    pub const fn without_gigabyte_pages(self) -> Self {
        let capabilities = self.format.capabilities().without_gigabyte_pages();
        Self { format: Format::new(self.format.mode(), capabilities), ..self }
    }

    /// Returns the number of tables that an empty address space of that mode consists of.
    #[must_use]
    pub const fn root_tables(mode: PagingMode) -> FrameCount {
        match mode {
            PagingMode::Pml3 => FrameCount::new(1 + Pdpte::COUNT as u64),
            PagingMode::Pml2 | PagingMode::Pml4 | PagingMode::Pml5 => FrameCount::ONE,
        }
    }

    /// Writes the self-map's entries, and the count of them, into a top table that nothing can reach yet.
    fn install_self_map<T: Tables>(&self, tables: &mut T) {
        let level = self.self_map.highest();
        let region = self.self_map.region();
        let geometry = self.geometry();
        let holder = self.top(region.start()).frame;
        let first = geometry.index(level, region.start());
        // PAE's four slots are the only ones that refer to several tables; they lie in one directory.
        let entries = if self.pointer_table().is_some() { Pdpte::COUNT } else { 1 };
        for lender in 0..occupancy::LENDERS {
            tables.initialise(holder, lender, occupancy::bits(lender, entries));
        }
        for (index, target) in (first..).zip(self.tops.iter().take(entries)) {
            occupancy::initialise(tables, holder, index, self.format.self_map(*target), entries);
        }
    }

    /// Returns the mode.
    #[must_use]
    pub const fn mode(&self) -> PagingMode {
        self.format.mode()
    }

    /// Returns the facts of the mode.
    #[must_use]
    pub const fn geometry(&self) -> &'static Geometry {
        self.format.mode().geometry()
    }

    /// Returns the entry format.
    #[must_use]
    pub const fn format(&self) -> &Format {
        &self.format
    }

    /// Returns what the processor can do, as this address space was told.
    #[must_use]
    pub const fn capabilities(&self) -> &Capabilities {
        self.format.capabilities()
    }

    /// Returns the self-map.
    #[must_use]
    pub const fn self_map(&self) -> &SelfMap {
        &self.self_map
    }

    /// Returns the physical address for CR3, without flags.
    #[must_use]
    pub const fn root(&self) -> PhysAddr {
        self.root.address()
    }

    /// Returns the frame of PAE's page-directory-pointer table, which is no table that walks begin in.
    #[must_use]
    pub const fn pointer_table(&self) -> Option<Frame> {
        match self.format.mode() {
            PagingMode::Pml3 => Some(self.root),
            PagingMode::Pml2 | PagingMode::Pml4 | PagingMode::Pml5 => None,
        }
    }

    /// Returns the table in which a walk for `address` begins.
    #[must_use]
    pub fn top(&self, address: VirtAddr) -> TablePlace {
        with_shape!(self.mode(), Modes::All, S => self.top_in::<S>(address))
    }

    /// As [`AddressSpace::top`], in a body that is monomorphised for the mode.
    #[inline(always)]
    pub(crate) fn top_in<S: Shape>(&self, address: VirtAddr) -> TablePlace {
        if S::TOP_TABLES == 1 {
            return TablePlace { frame: self.root, level: S::TOP, covers: VirtAddr::ZERO };
        }
        let span = S::GEOMETRY.shift(S::TOP) + S::GEOMETRY.index_bits(S::TOP);
        let number = (address.get() >> span) as usize;
        let frame = self.tops.get(number).copied().unwrap_or(self.root);
        TablePlace { frame, level: S::TOP, covers: address.align_down(1 << span) }
    }

    /// Returns the tables in which walks begin, lowest addresses first.
    pub fn tops(&self) -> impl Iterator<Item = TablePlace> + '_ {
        let (count, level) = with_shape!(self.mode(), Modes::All, S => (S::TOP_TABLES, S::TOP));
        let span = self.geometry().shift(level) + self.geometry().index_bits(level);
        self.tops.iter().take(count).enumerate().map(move |(number, frame)| {
            let covers = if count > 1 { (number as u64) << span } else { 0 };
            TablePlace { frame: *frame, level, covers: VirtAddr::new(covers) }
        })
    }

    /// Returns who a table that covers `address` serves.
    #[must_use]
    pub const fn privilege_of(&self, address: VirtAddr) -> Privilege {
        if address.get() < self.geometry().kernel_base().get() {
            Privilege::User
        } else {
            Privilege::Supervisor
        }
    }

    /// Puts a cursor on a range of pages.
    ///
    /// # Errors
    /// [`CursorError`] when the range is empty, not made of pages, not canonical, or touches the self-map.
    pub fn cursor<'a, T: Tables>(
        &'a self,
        tables: &'a mut T,
        pages: VirtRange,
    ) -> Result<Cursor<'a, T>, CursorError> {
        Cursor::new(self, tables, pages)
    }

    /// Puts a cursor back to where another one on this address space was paused.
    ///
    /// What that one has checked is not checked again: whoever paused it sees to it that nobody else changes the rest of
    /// its range meanwhile.
    pub const fn resume<'a, T: Tables>(&'a self, tables: &'a mut T, rest: Rest) -> Cursor<'a, T> {
        Cursor::resume(self, tables, rest)
    }

    /// Maps a range: plans, reserves, commits.
    ///
    /// # Errors
    /// Those of [`Cursor::plan_map`] and of the reservation; nothing has changed then.
    pub fn map<T: Tables, F: Frames>(
        &self,
        tables: &mut T,
        frames: &mut F,
        mapping: &Mapping,
    ) -> Result<(), MapError> {
        let mut cursor = self.cursor(tables, mapping.pages).map_err(MapError::Range)?;
        let plan = cursor.plan_map(mapping.first, mapping.attributes, mapping.largest)?;
        let reservation = frames.reserve(plan.tables()).map_err(MapError::OutOfFrames)?;
        plan.commit(reservation)
    }

    /// Returns the place of the table at `below` that an entry at `level` refers to, covers `address`, and lies in `frame`.
    #[inline(always)]
    pub(crate) fn child<S: Shape>(level: Level, below: Level, frame: Frame, address: VirtAddr) -> TablePlace {
        let span = S::GEOMETRY.page_bytes(level);
        TablePlace { frame, level: below, covers: address.align_down(span) }
    }
}
