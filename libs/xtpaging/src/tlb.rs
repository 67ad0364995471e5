//! What an unmap, protect, split or merge still owes: no processor may hold the old translation.
//!
//! A frame that was mapped, and a table that was linked, may be used again only when every processor has forgotten
//! them. Until then both are in a [`Limbo`], which the caller lends, so that nothing of it is moved; the
//! [`TlbObligation`] keeps it closed until [`TlbObligation::discharge`] has had the [`Tlb`] do it. What must be
//! forgotten is more than the pages (SDM volume 3A, sections 4.10.2 to 4.10.4):
//!
//! * the pages of the range, global or not,
//! * when a table was freed or replaced: the paging-structure caches, which INVLPG on any address empties,
//! * the alias of each such table in the self-map, which is a page like any other, and
//! * the alias of each large page: where the self-map would show the tables below, had it any, it shows the page's own
//!   data. A processor may have cached that unasked, and a later table would be looked for in the data.

use arrayvec::ArrayVec;
use xtcore::{Frame, FrameCount, FrameRange, Level, VirtAddr, VirtRange};

use crate::selfmap::SelfMap;

/// How many tables one obligation can hold.
pub(crate) const TABLES: usize = 32;

/// How many runs of frames one obligation can hold.
pub(crate) const RUNS: usize = 32;

/// What the processors must forget.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Invalidation<'a> {
    range: VirtRange,
    /// Bytes of the smallest page in the range.
    stride: u64,
    /// The highest level at which the self-map shows other tables than before, when it does.
    tables: Option<Level>,
    self_map: &'a SelfMap,
}

impl<'a> Invalidation<'a> {
    pub(crate) const fn new(range: VirtRange, self_map: &'a SelfMap) -> Self {
        Self { range, stride: u64::MAX, tables: None, self_map }
    }

    /// Records that a page of `bytes` bytes at `level` changed, and with a large one what the self-map shows below it.
    pub(crate) fn note_page(&mut self, level: Level, bytes: u64) {
        self.stride = self.stride.min(bytes);
        if let Some(below) = level.below() {
            self.note_table(below);
        }
    }

    /// Narrows the range to what was really done.
    pub(crate) fn narrow(&mut self, range: VirtRange) {
        self.range = range;
    }

    /// Widens the range so that it contains `bytes` bytes from `start`.
    pub(crate) fn cover(&mut self, start: VirtAddr, bytes: u64) {
        let whole = VirtRange::saturating(start, bytes);
        let (first, end) = (self.range.start().min(whole.start()), self.range.end().max(whole.end()));
        self.range = VirtRange::new(first, end).unwrap_or(whole);
    }

    /// Records that a table at `level` was linked, freed or replaced.
    pub(crate) fn note_table(&mut self, level: Level) {
        self.tables = Some(self.tables.map_or(level, |known| known.max(level)));
    }

    /// Returns the range whose pages must be forgotten.
    #[must_use]
    pub const fn range(&self) -> VirtRange {
        self.range
    }

    /// Tells whether the paging-structure caches and pages of the self-map must be forgotten too.
    #[must_use]
    pub const fn changes_tables(&self) -> bool {
        self.tables.is_some()
    }

    /// Returns how many addresses [`Invalidation::addresses`] would yield. Above a few dozen, emptying the TLB with a
    /// toggle of CR4.PGE is cheaper than as many INVLPGs.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.spans().map(|(range, stride)| range.bytes().div_ceil(stride)).sum()
    }

    /// Returns one address per page that must be forgotten, the aliases of changed tables included: an INVLPG for
    /// each does the whole work.
    pub fn addresses(&self) -> impl Iterator<Item = VirtAddr> {
        self.spans().flat_map(|(range, stride)| {
            (0..range.bytes().div_ceil(stride))
                .map(move |page| VirtAddr::new(range.start().get().wrapping_add(page.wrapping_mul(stride))))
        })
    }

    /// Returns the ranges to forget, the aliases of changed tables included, each with the distance of its pages in bytes: what
    /// a request to other processors is made of.
    pub fn spans(&self) -> impl Iterator<Item = (VirtRange, u64)> {
        let pages = self.stride.min(self.range.bytes().max(1));
        let levels = self.tables.map_or(0, Level::number);
        let (range, self_map) = (self.range, self.self_map);
        let aliases = (1..=levels).filter_map(move |level| {
            let level = Level::new(level)?;
            let first = self_map.table_address(level, range.start())?;
            let last = self_map.table_address(level, VirtAddr::new(range.end().get().wrapping_sub(1)))?;
            let end = last.checked_add(xtcore::PAGE_BYTES)?;
            Some((VirtRange::new(first, end)?, xtcore::PAGE_BYTES))
        });
        core::iter::once((range, pages)).chain(aliases)
    }
}

/// The translation caches of all processors that may use an address space.
pub trait Tlb {
    /// Returns when no processor holds any of it any more.
    fn invalidate(&mut self, what: &Invalidation<'_>);
}

/// A place for the frames and tables that one batch of a change may set free. What is in it can be had only from
/// [`TlbObligation::discharge`].
#[derive(Default, Debug)]
pub struct Limbo {
    runs: ArrayVec<FrameRange, RUNS>,
    tables: ArrayVec<Frame, TABLES>,
}

impl Limbo {
    /// Returns an empty one. Nothing of its memory is written but two lengths.
    #[must_use]
    #[inline]
    pub const fn new() -> Self {
        Self { runs: ArrayVec::new_const(), tables: ArrayVec::new_const() }
    }

    /// Tells whether another page's frames and the tables above it would still find room.
    pub(crate) fn has_room(&self, levels: usize) -> bool {
        !self.runs.is_full() && self.tables.remaining_capacity() >= levels
    }

    /// Adds the frames of an unmapped page; neighbours join. The caller asked [`Limbo::has_room`] before.
    pub(crate) fn add_frames(&mut self, frame: Frame, count: FrameCount) {
        let added = FrameRange::with_count(frame, count);
        match self.runs.last_mut() {
            Some(last) if last.end() == added.start() => {
                *last = FrameRange::new(last.start(), added.end()).unwrap_or(*last);
            }
            _ => {
                let room = self.runs.try_push(added);
                debug_assert!(room.is_ok(), "has_room was not asked");
            }
        }
    }

    /// Adds a table that is no longer linked. The caller asked [`Limbo::has_room`] before.
    pub(crate) fn add_table(&mut self, frame: Frame) {
        let room = self.tables.try_push(frame);
        debug_assert!(room.is_ok(), "has_room was not asked");
    }

    /// Empties it for the next batch. What nobody has discharged is lost, and never used again.
    pub(crate) fn clear(&mut self) {
        self.runs.clear();
        self.tables.clear();
    }
}

/// Frames and tables that may not be used again yet.
#[must_use = "frames and tables come back only when the obligation is discharged"]
#[derive(Debug)]
pub struct TlbObligation<'a, 'l> {
    pub(crate) invalidation: Invalidation<'a>,
    /// Where they are; a change that sets nothing free has no such place.
    held: Option<&'l mut Limbo>,
}

impl<'a, 'l> TlbObligation<'a, 'l> {
    /// Returns the obligation to forget, with nothing to come back.
    pub(crate) const fn new(invalidation: Invalidation<'a>) -> Self {
        Self { invalidation, held: None }
    }

    /// Returns the obligation to forget before what is in `limbo` comes back.
    pub(crate) const fn holding(invalidation: Invalidation<'a>, limbo: &'l mut Limbo) -> Self {
        Self { invalidation, held: Some(limbo) }
    }

    /// Returns what must be forgotten, for a caller that collects several obligations into one shootdown.
    #[must_use]
    pub const fn invalidation(&self) -> &Invalidation<'a> {
        &self.invalidation
    }

    /// Has the processors forget, then hands out what became free.
    #[inline]
    pub fn discharge<T: Tlb>(self, tlb: &mut T) -> Reclaimed<'l> {
        tlb.invalidate(&self.invalidation);
        match self.held {
            Some(limbo) => Reclaimed { runs: &limbo.runs, tables: &limbo.tables },
            None => Reclaimed { runs: &[], tables: &[] },
        }
    }
}

/// What no processor can reach any more.
#[must_use = "the frames have no other owner"]
#[derive(Debug)]
pub struct Reclaimed<'l> {
    runs: &'l [FrameRange],
    tables: &'l [Frame],
}

impl<'l> Reclaimed<'l> {
    /// Returns the frames that were mapped, as runs in the order of their virtual addresses.
    #[must_use]
    pub const fn frames(&self) -> &'l [FrameRange] {
        self.runs
    }

    /// Returns the frames of the tables that became empty or were replaced.
    #[must_use]
    pub const fn tables(&self) -> &'l [Frame] {
        self.tables
    }
}
