//! Frames: what the address space takes from the frame allocator, and how it sets table frames aside.
#![allow(unsafe_code, reason = "a trait promises what other unsafe code relies on")]

use core::cell::{Cell, RefCell};

use xtcore::{Frame, FrameCount, VirtAddr};
use xtpaging::{Frames, OutOfFrames, Reservation};

/// A source of frames for page tables. It is never called while the page tables are locked.
pub trait TableFrames: Sync {
    /// Frames that have been set aside. What is not taken goes back when it is dropped.
    type Reservation<'a>: Reservation
    where
        Self: 'a;

    /// Sets `count` frames aside, all of which the entries of the tables can name.
    ///
    /// # Errors
    /// [`OutOfFrames`]; nothing has changed.
    fn reserve(&self, count: FrameCount) -> Result<Self::Reservation<'_>, OutOfFrames>;

    /// Takes back a frame that no table and no page uses any more.
    fn free(&self, frame: Frame);
}

/// What a new page is to contain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PageContent {
    /// Whatever it was.
    Any,
    /// Zeros.
    Zeroed,
}

/// A source of frames for pages, too.
///
/// # Safety
/// What [`PageFrames::allocate`] returns is RAM that nobody else uses until it is freed, write-back in the window if
/// it is shown there, and zero where that was asked for.
pub unsafe trait PageFrames: TableFrames {
    /// Allocates a frame. It goes back by [`TableFrames::free`].
    ///
    /// # Errors
    /// [`OutOfFrames`].
    fn allocate(&self, content: PageContent) -> Result<Frame, OutOfFrames>;

    /// Hears that a frame which was allocated is mapped by the page-table entry at `pte`, an address in the self-map. No
    /// lock is held.
    fn mapped(&self, frame: Frame, pte: VirtAddr) {
        let _ = (frame, pte);
    }
}

/// Table frames that were set aside before the lock was taken. Whoever wants more is told to come again.
pub(super) struct Prepared<R> {
    held: RefCell<Option<R>>,
    promised: FrameCount,
    left: Cell<u64>,
    /// How many should have been set aside, when more were wanted.
    shortfall: Cell<Option<FrameCount>>,
}

impl<R: Reservation> Prepared<R> {
    /// Returns one that has nothing: what most changes need.
    pub(super) const fn nothing() -> Self {
        Self {
            held: RefCell::new(None),
            promised: FrameCount::ZERO,
            left: Cell::new(0),
            shortfall: Cell::new(None),
        }
    }

    /// Returns one that has `count` frames.
    pub(super) const fn new(held: R, count: FrameCount) -> Self {
        Self {
            held: RefCell::new(Some(held)),
            promised: count,
            left: Cell::new(count.get()),
            shortfall: Cell::new(None),
        }
    }

    /// Returns how many frames should have been set aside, if that is more than were.
    pub(super) const fn shortfall(&self) -> Option<FrameCount> {
        self.shortfall.get()
    }

    /// Finds out whether `count` frames are there, for several reservations that follow.
    pub(super) fn check(&self, count: FrameCount) -> Result<(), OutOfFrames> {
        let left = self.left.get();
        if count.get() <= left {
            return Ok(());
        }
        let used = self.promised.get().saturating_sub(left);
        self.shortfall.set(Some(count.saturating_add(FrameCount::new(used))));
        Err(OutOfFrames { wanted: count, available: FrameCount::new(left) })
    }
}

impl<'p, R: Reservation> Frames for &'p Prepared<R> {
    type Reservation = Portion<'p, R>;

    fn reserve(&mut self, count: FrameCount) -> Result<Portion<'p, R>, OutOfFrames> {
        self.check(count)?;
        self.left.set(self.left.get().saturating_sub(count.get()));
        Ok(Portion { source: self, left: count.get() })
    }
}

/// A part of what was set aside.
pub(super) struct Portion<'p, R> {
    source: &'p Prepared<R>,
    left: u64,
}

impl<R: Reservation> Reservation for Portion<'_, R> {
    fn take(&mut self) -> Option<Frame> {
        self.left = self.left.checked_sub(1)?;
        // Nobody else holds the borrow: it ends with this call, and `R` cannot know of this cell.
        self.source.held.try_borrow_mut().ok()?.as_mut()?.take()
    }
}

#[cfg(test)]
mod tests;
