//! System PTEs: virtual pages of the kernel's, handed out by the page together with what appears in them.
//!
//! Two things can appear: frames that the caller names, and keeps; memory of its own. Each comes with a [`SystemMapping`],
//! and goes when that is given to [`SystemPtes::release`]: the pages are unmapped, the TLBs have forgotten them, and only
//! then is their range handed out again. Devices have pages of their own, see [`Devices`](super::Devices).

use core::fmt;

use xtcore::{Frame, FrameCount, FrameRange, Level, VirtAddr, VirtRange};
use xtpaging::{Attributes, Mapping, Tables, Tlb};

use super::commit::Committer;
use super::error::{PteError, ReleaseError, SpaceError};
use super::frames::{PageContent, PageFrames};
use super::mapper::Mapper;
use crate::machine::{LockClass, Machine, SpinLock};

/// Ranges of virtual pages, of which each is given out once.
pub trait PageRanges {
    /// Why there is no range.
    type Refusal;
    /// Why a range cannot come back.
    type Crime;

    /// Gives out `pages` pages at a multiple of `alignment` pages, a power of two. Asks
    /// [`Site::VirtualPages`](crate::inject::Site::VirtualPages).
    ///
    /// # Errors
    /// [`PageRanges::Refusal`]; nothing has changed.
    fn allocate(&mut self, pages: u64, alignment: u64) -> Result<VirtRange, Self::Refusal>;

    /// Takes a range back, exactly as it was given out. Needs no memory.
    ///
    /// # Errors
    /// [`PageRanges::Crime`] when it wasn't; nothing has changed.
    fn free(&mut self, pages: VirtRange) -> Result<(), Self::Crime>;
}

/// Whose frames a mapping shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Holds {
    /// Others'.
    Foreign,
    /// Its own.
    Memory,
}

/// Pages that were handed out, and what appears in them. It can't be copied, so it is released once.
#[must_use = "the pages stay mapped until the mapping is released"]
#[derive(PartialEq, Eq, Debug)]
pub struct SystemMapping {
    pages: VirtRange,
    holds: Holds,
}

impl SystemMapping {
    /// Returns where the first byte appears.
    #[must_use]
    pub const fn address(&self) -> VirtAddr {
        self.pages.start()
    }

    /// Returns how many bytes there are, in whole pages.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.pages.bytes()
    }

    /// Returns the pages.
    #[must_use]
    pub const fn pages(&self) -> VirtRange {
        self.pages
    }
}

/// The system PTEs.
pub struct SystemPtes<'m, M: Machine, T, L, F, P> {
    committer: Committer<'m, M, T, L, F>,
    ranges: SpinLock<M, P>,
}

impl<M: Machine, T, L, F, P> fmt::Debug for SystemPtes<'_, M, T, L, F, P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SystemPtes({:?})", self.committer)
    }
}

impl<'m, M: Machine, T: Tables, L: Tlb, F: PageFrames, P: PageRanges> SystemPtes<'m, M, T, L, F, P> {
    /// Hands out the pages of `ranges`, which are the kernel's and not mapped.
    pub const fn new(mapper: Mapper<'m, M, T, L, F>, ranges: P) -> Self {
        Self {
            committer: Committer::new(mapper),
            ranges: SpinLock::new(LockClass::new("system PTEs"), ranges),
        }
    }

    /// Maps consecutive frames. Large pages are used where frames and their number allow it. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`PteError::Empty`]; [`PteError::Pages`]; [`PteError::Space`] with the errors of [`Mapper::map_run`]. Nothing
    /// has changed then.
    pub fn map_physical(
        &self,
        frames: FrameRange,
        attributes: Attributes,
    ) -> Result<SystemMapping, PteError<P::Refusal>> {
        let large = self.mapper().kernel.space().geometry().page_frames(Level::PD);
        let fits = frames.start().is_aligned(large) && frames.count() >= large;
        let alignment = if fits { large } else { FrameCount::ONE };
        self.place(frames.count(), alignment, Holds::Foreign, |pages| {
            let mapping = Mapping { pages, first: frames.start(), attributes, largest: Level::PD };
            self.mapper().map_run(&mapping)
        })
    }

    /// Maps frames of a list one after another. Highest level: Dispatch.
    ///
    /// # Errors
    /// As for [`SystemPtes::map_physical`].
    pub fn map_list(
        &self,
        frames: &[Frame],
        attributes: Attributes,
    ) -> Result<SystemMapping, PteError<P::Refusal>> {
        let count = FrameCount::new(frames.len() as u64);
        self.place(count, FrameCount::ONE, Holds::Foreign, |pages| {
            self.mapper().map_frames(pages.start(), frames, attributes)
        })
    }

    /// Hands out pages with memory of their own. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`PteError::Empty`]; [`PteError::Pages`]; [`PteError::Space`] with the errors of [`Committer::commit`]. Nothing
    /// has changed then.
    pub fn allocate(
        &self,
        pages: FrameCount,
        content: PageContent,
    ) -> Result<SystemMapping, PteError<P::Refusal>> {
        self.place(pages, FrameCount::ONE, Holds::Memory, |pages| self.committer.commit(pages, content))
    }

    /// Unmaps a mapping, frees the memory that is its own, and takes the pages back.
    /// Highest level: Dispatch, with interrupts on.
    ///
    /// # Errors
    /// [`ReleaseError::Space`] when somebody else has unmapped a page of it: then nothing changes, and its pages are never
    /// handed out again. [`ReleaseError::Range`] when it is another [`SystemPtes`]'s: what appeared in it is gone then, but
    /// its pages stay given out there.
    pub fn release(&self, mapping: SystemMapping) -> Result<(), ReleaseError<P::Crime>> {
        let SystemMapping { pages, holds } = mapping;
        match holds {
            Holds::Foreign => self.mapper().unmap(pages, |_theirs| {}),
            Holds::Memory => self.committer.withdraw(pages),
        }
        .map_err(ReleaseError::Space)?;
        self.unreserve(pages).map_err(ReleaseError::Range)
    }

    /// Hands out pages in which nothing appears yet, for users that commit part of them, or leave a guard.
    /// Highest level: Dispatch.
    ///
    /// # Errors
    /// [`PageRanges::Refusal`]; nothing has changed.
    pub fn reserve(&self, pages: u64, alignment: u64) -> Result<VirtRange, P::Refusal> {
        let pin = self.mapper().kernel.machine().pin();
        self.ranges.lock(&pin).allocate(pages, alignment)
    }

    /// Takes pages back that [`SystemPtes::reserve`] handed out and in which nothing appears any more.
    /// Highest level: Dispatch.
    ///
    /// # Errors
    /// [`PageRanges::Crime`]; nothing has changed.
    pub fn unreserve(&self, pages: VirtRange) -> Result<(), P::Crime> {
        let pin = self.mapper().kernel.machine().pin();
        self.ranges.lock(&pin).free(pages)
    }

    /// Lets `look` at the ranges, under their lock. Highest level: Dispatch.
    pub fn inspect<R>(&self, look: impl FnOnce(&P) -> R) -> R {
        let pin = self.mapper().kernel.machine().pin();
        look(&self.ranges.lock(&pin))
    }

    /// As [`SystemPtes::inspect`], if the lock is free; for a monitor: never waits. Highest level: any.
    pub fn try_inspect<R>(&self, pin: &M::Pin, look: impl FnOnce(&P) -> R) -> Option<R> {
        self.ranges.try_lock(pin).map(|ranges| look(&ranges))
    }

    /// Returns the first frame that the entries of the tables cannot name.
    pub(super) const fn frame_limit(&self) -> Frame {
        self.mapper().kernel.space().format().frame_limit()
    }

    const fn mapper(&self) -> &Mapper<'m, M, T, L, F> {
        self.committer.mapper()
    }

    /// Reserves pages and fills them, or does neither.
    fn place(
        &self,
        count: FrameCount,
        alignment: FrameCount,
        holds: Holds,
        fill: impl FnOnce(VirtRange) -> Result<(), SpaceError>,
    ) -> Result<SystemMapping, PteError<P::Refusal>> {
        if count == FrameCount::ZERO {
            return Err(PteError::Empty);
        }
        let pages = self.reserve(count.get(), alignment.get()).map_err(PteError::Pages)?;
        if let Err(error) = fill(pages) {
            // The range was given out a moment ago, so it cannot be refused; were it, the pages would be lost and
            // the ranges' own check would tell.
            let returned = self.unreserve(pages);
            debug_assert!(returned.is_ok(), "a range that was just given out is taken back");
            return Err(PteError::Space(error));
        }
        Ok(SystemMapping { pages, holds })
    }
}
