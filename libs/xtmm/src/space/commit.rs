//! Memory behind given pages: for pools, stacks, and books.
#![allow(unsafe_code, reason = "it promises that what it has backed is memory")]

use core::fmt;

use arrayvec::ArrayVec;
use xtcore::{Frame, FrameCount, FrameRange, Level, PAGE_BYTES, VirtAddr, VirtRange};
use xtpaging::walk::translate;
use xtpaging::{Attributes, MapError, OutOfFrames, Tables, Tlb};

use super::alias::Alias;
use super::error::SpaceError;
use super::frames::{PageContent, PageFrames};
use super::mapper::Mapper;
use super::runs::{Presence, first_run};
use crate::backing::Backing;
use crate::inject::Site;
use crate::machine::Machine;

/// How many frames are allocated before they are mapped together.
const BATCH: usize = 32;

/// Puts frames of the allocator behind pages that are the caller's: readable and writable, not executable.
pub struct Committer<'m, M: Machine, T, L, F> {
    mapper: Mapper<'m, M, T, L, F>,
}

impl<M: Machine, T, L, F> Clone for Committer<'_, M, T, L, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Machine, T, L, F> Copy for Committer<'_, M, T, L, F> {}

impl<M: Machine, T, L, F> fmt::Debug for Committer<'_, M, T, L, F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Committer({:?})", self.mapper)
    }
}

impl<'m, M: Machine, T: Tables, L: Tlb, F: PageFrames> Committer<'m, M, T, L, F> {
    /// Makes one that maps with `mapper`, and takes pages from where that takes table frames.
    #[must_use]
    pub const fn new(mapper: Mapper<'m, M, T, L, F>) -> Self {
        Self { mapper }
    }

    /// Returns the mapper.
    #[must_use]
    pub const fn mapper(&self) -> &Mapper<'m, M, T, L, F> {
        &self.mapper
    }

    /// Puts memory behind each page of a range, none of which is mapped. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`SpaceError::OutOfFrames`] and those of [`Mapper::map_frames`]; nothing has changed then.
    pub fn commit(&self, pages: VirtRange, content: PageContent) -> Result<(), SpaceError> {
        self.fill(pages, content, Site::Commit)
    }

    /// Takes back what memory there is behind the pages of a range. Cost: a look at each page or absent table, and
    /// what [`Mapper::unmap`] costs. Highest level: Dispatch, with interrupts on.
    ///
    /// # Errors
    /// [`CursorError`](xtpaging::CursorError) for a range that is not made of pages or touches the self-map; nothing has
    /// changed then. [`MapError::OutOfFrames`] when a large page, which this interface never maps, reaches over an end
    /// of the range and there is no frame to split it with; what comes before it is unmapped then.
    pub fn decommit(&self, pages: VirtRange) -> Result<(), SpaceError> {
        if !pages.is_empty() {
            self.mapper.kernel.lend(|space, tables, _tlb| space.cursor(tables, pages).map(drop))?;
        }
        let mut rest = pages;
        while !rest.is_empty() {
            let (run, presence) = self.mapper.kernel.inspect(|space, tables| first_run(space, tables, rest));
            if presence == Presence::Present {
                self.mapper.unmap(run, |frames| self.free(frames))?;
            }
            rest = VirtRange::new(run.end(), pages.end()).unwrap_or_default();
        }
        Ok(())
    }

    /// Takes back the memory behind each page of a range, all of which have some.
    /// Highest level: Dispatch, with interrupts on.
    ///
    /// # Errors
    /// Those of [`Mapper::unmap`]; nothing has changed then.
    pub fn withdraw(&self, pages: VirtRange) -> Result<(), SpaceError> {
        self.mapper.unmap(pages, |frames| self.free(frames))
    }

    /// Fills a range in batches, or leaves it as it was.
    fn fill(&self, pages: VirtRange, content: PageContent, site: Site) -> Result<(), SpaceError> {
        if self.mapper.kernel.machine().injector().fails(site) {
            let wanted = FrameCount::holding(pages.bytes());
            return Err(OutOfFrames { wanted, available: FrameCount::ZERO }.into());
        }
        let mut done = pages.start();
        while let Some(rest) = VirtRange::new(done, pages.end()).filter(|rest| !rest.is_empty()) {
            done = match self.fill_batch(rest, content) {
                Ok(end) => end,
                Err(error) => {
                    let filled = VirtRange::new(pages.start(), done).unwrap_or_default();
                    let undone = if filled.is_empty() { Ok(()) } else { self.withdraw(filled) };
                    return undone.and(Err(error));
                }
            };
        }
        Ok(())
    }

    /// Fills pages from the front of a range, as many as a batch holds. Returns where the next batch begins.
    fn fill_batch(&self, pages: VirtRange, content: PageContent) -> Result<VirtAddr, SpaceError> {
        let mut batch = ArrayVec::<Frame, BATCH>::new();
        let whole = VirtRange::saturating(pages.start(), BATCH as u64 * PAGE_BYTES);
        let end = whole.end().min(pages.end());
        let count = end.bytes_since(pages.start()).unwrap_or(0) / PAGE_BYTES;
        let filled = (0..count).try_for_each(|_| {
            // A full batch cannot refuse: the count is no larger.
            self.mapper.frames.allocate(content).map(|frame| batch.push(frame))
        });
        let mapped = filled.map_err(SpaceError::from).and_then(|()| {
            let attributes = Attributes::KERNEL_DATA;
            self.mapper.map_list(pages.start(), &batch, attributes, Alias::WriteBack)
        });
        match mapped {
            Ok(()) => self.tell_mapped(pages.start(), &batch),
            Err(_) => batch.iter().for_each(|frame| self.mapper.frames.free(*frame)),
        }
        mapped.map(|()| end)
    }

    /// Tells the source of the frames which entries map them.
    fn tell_mapped(&self, start: VirtAddr, batch: &[Frame]) {
        let self_map = self.mapper.kernel.space().self_map();
        for (page, frame) in (0..).zip(batch) {
            let address = VirtAddr::new(start.get() + page * PAGE_BYTES);
            if let Some(pte) = self_map.entry_address(Level::PT, address) {
                self.mapper.frames.mapped(*frame, pte);
            }
        }
    }

    fn free(&self, frames: FrameRange) {
        frames.iter().for_each(|frame| self.mapper.frames.free(frame));
    }
}

// SAFETY: `back` returns success only when it has seen every page of the range mapped, absent ones by itself: writable,
// with zeroed RAM that `PageFrames` promises to be nobody else's. `is_backed` asks the page tables, which are in force by
// the promise of `KernelSpace::new`. Pages go away only by `decommit` and `Mapper::unmap`, whose callers say so.
unsafe impl<M, T, L, F> Backing for Committer<'_, M, T, L, F>
where
    M: Machine,
    M::Lock: Send + Sync,
    T: Tables + Send,
    L: Tlb + Send,
    F: PageFrames,
{
    fn back(&self, range: VirtRange) -> Result<(), OutOfFrames> {
        let refused = OutOfFrames { wanted: FrameCount::holding(range.bytes()), available: FrameCount::ZERO };
        let end = range.end().align_up(PAGE_BYTES).ok_or(refused)?;
        let mut at = range.start().align_down(PAGE_BYTES);
        while let Some(rest) = VirtRange::new(at, end).filter(|rest| !rest.is_empty()) {
            let (run, presence) = self.mapper.kernel.inspect(|space, tables| first_run(space, tables, rest));
            let outcome = match presence {
                Presence::Present => Ok(()),
                Presence::Absent => self.fill(run, PageContent::Zeroed, Site::Backing),
            };
            match outcome {
                Ok(()) => at = run.end(),
                // Somebody else has backed a page of it since the look: look again.
                Err(SpaceError::Map(MapError::AlreadyMapped { .. })) => {}
                Err(error) => return Err(error.shortage(range)),
            }
        }
        Ok(())
    }

    fn is_backed(&self, address: VirtAddr) -> bool {
        self.mapper.kernel.inspect(|space, tables| translate(space, tables, address).is_some())
    }
}
