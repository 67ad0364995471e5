//! The page-table-space allocator: memory for the kernel's own page tables, before its frame allocator stands.
//!
//! The kernel computes its final layout and builds page tables for it while nothing can hand out frames yet. For that
//! time one contiguous piece of free memory is enough: take the largest there is, stay clear of the danger areas
//! (images, stacks, active tables, the loader block), hand out aligned space by moving forward, and never free. When
//! the frame allocator stands, [`PageTableSpace::taken`] says which frames are gone.
//!
//! ```text
//!        pool.start            next                    pool.end
//!            | taken, padding too |        left            |
//! ```
//!
//! Invariants: `pool.start <= next <= pool.end`; the pool lies in free memory below the limit and meets no danger
//! area; what was handed out is disjoint; a request that fails changes nothing.

use core::fmt;

use xtcore::{Frame, FrameCount, FrameRange, MemoryKind, MemoryRun};

/// There is no free frame below the limit and outside the danger areas.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoSpace {
    /// The limit below which space was looked for.
    pub limit: Frame,
}

impl fmt::Display for NoSpace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "there is no free memory for page tables below frame {:#x}", self.limit)
    }
}

impl core::error::Error for NoSpace {}

/// A request cannot be met. Nothing was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SpaceError {
    /// The request was for no frame at all.
    Nothing,
    /// The alignment is not a power of two.
    Alignment {
        /// The alignment asked for.
        alignment: FrameCount,
    },
    /// Too little is left behind the next aligned frame.
    Exhausted {
        /// Frames asked for.
        wanted: FrameCount,
        /// Frames left, before alignment.
        left: FrameCount,
    },
}

impl fmt::Display for SpaceError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => write!(out, "no page-table space was asked for"),
            Self::Alignment { alignment } => {
                write!(out, "page-table space cannot be aligned to {} frames", alignment.get())
            }
            Self::Exhausted { wanted, left } => {
                let (wanted, left) = (wanted.get(), left.get());
                write!(out, "the page-table space has {left} frames left, {wanted} are needed")
            }
        }
    }
}

impl core::error::Error for SpaceError {}

/// A contiguous pool of frames that only shrinks. Not `Clone`: a copy would hand out the same frames again.
#[derive(PartialEq, Eq, Debug)]
pub struct PageTableSpace {
    pool: FrameRange,
    next: Frame,
}

impl PageTableSpace {
    /// Takes the largest contiguous piece of free memory below `limit` that meets none of the `danger` areas; of equal
    /// ones the lowest.
    ///
    /// `runs` is a sorted, disjoint map, as a verified block gives it. Memory of the loader does not count as free,
    /// because the kernel is still running on what the loader left; neighbouring runs of free kinds do count as one
    /// piece. A danger area inside a piece cuts it in two, and both halves compete, so that an image at the end of a
    /// large piece does not cost the whole of it. Danger areas may be in any order and may overlap.
    ///
    /// O(n d^2) for n runs and d danger areas.
    ///
    /// # Errors
    /// [`NoSpace`] when not one frame remains.
    pub fn largest(
        runs: impl IntoIterator<Item = MemoryRun>,
        danger: &[FrameRange],
        limit: Frame,
    ) -> Result<Self, NoSpace> {
        let reachable = FrameRange::new(Frame::new(0), limit).unwrap_or_default();
        let mut best = FrameRange::default();
        let mut chunk = FrameRange::default();
        for run in runs {
            if !matches!(run.kind, MemoryKind::Free | MemoryKind::FirmwareTemporary) {
                continue;
            }
            let part = run.frames.intersection(reachable);
            if part.is_empty() {
                continue;
            }
            if chunk.end() == part.start() && !chunk.is_empty() {
                chunk = FrameRange::new(chunk.start(), part.end()).unwrap_or(part);
            } else {
                best = larger(best, widest_gap(chunk, danger));
                chunk = part;
            }
        }
        best = larger(best, widest_gap(chunk, danger));
        if best.is_empty() { Err(NoSpace { limit }) } else { Ok(Self { pool: best, next: best.start() }) }
    }

    /// Takes `count` frames from the first one on that is a multiple of `alignment`, a power of two.
    ///
    /// Their contents are whatever was there before. O(1).
    ///
    /// # Errors
    /// [`SpaceError::Nothing`] for zero frames, [`SpaceError::Alignment`] for an alignment that is no power of two,
    /// [`SpaceError::Exhausted`] when too little is left. A failed request takes nothing.
    pub fn allocate(&mut self, count: FrameCount, alignment: FrameCount) -> Result<FrameRange, SpaceError> {
        if count == FrameCount::ZERO {
            return Err(SpaceError::Nothing);
        }
        if !alignment.get().is_power_of_two() {
            return Err(SpaceError::Alignment { alignment });
        }
        let exhausted = SpaceError::Exhausted { wanted: count, left: self.left() };
        let start =
            self.next.number().checked_next_multiple_of(alignment.get()).map(Frame::new).ok_or(exhausted)?;
        let end = start.checked_add(count).ok_or(exhausted)?;
        match FrameRange::new(start, end) {
            Some(frames) if self.pool.encloses(frames) => {
                self.next = end;
                Ok(frames)
            }
            _ => Err(exhausted),
        }
    }

    /// Returns the whole pool.
    #[must_use]
    pub const fn pool(&self) -> FrameRange {
        self.pool
    }

    /// Returns the frames that are gone: those handed out and what alignment skipped between them.
    #[must_use]
    pub fn taken(&self) -> FrameRange {
        FrameRange::new(self.pool.start(), self.next).unwrap_or_default()
    }

    /// Returns how many frames are left.
    #[must_use]
    pub fn left(&self) -> FrameCount {
        FrameRange::new(self.next, self.pool.end()).unwrap_or_default().count()
    }
}

/// Returns the larger range; of equal ones the first.
fn larger(one: FrameRange, other: FrameRange) -> FrameRange {
    if other.count() > one.count() { other } else { one }
}

/// Returns the widest part of `chunk` that meets no danger area; of equal ones the lowest.
fn widest_gap(chunk: FrameRange, danger: &[FrameRange]) -> FrameRange {
    let mut best = FrameRange::default();
    let mut rest = chunk;
    while !rest.is_empty() {
        let obstacle = danger
            .iter()
            .filter(|area| !area.is_empty() && area.overlaps(rest))
            .min_by_key(|area| area.start());
        let Some(obstacle) = obstacle else {
            return larger(best, rest);
        };
        best = larger(best, FrameRange::new(rest.start(), obstacle.start()).unwrap_or_default());
        // An obstacle that overlaps `rest` ends above its start, so the loop moves forward.
        rest = FrameRange::new(obstacle.end(), rest.end()).unwrap_or_default();
    }
    best
}

#[cfg(test)]
mod tests;
