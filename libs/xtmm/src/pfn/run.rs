//! Many frames at once: all of them change, or none.

use xtcore::{Frame, FrameCount, FrameRange, VirtAddr};

use super::Database;
use super::crime::PfnCrime;
use super::frame::FrameEntry;
use super::kind::{FrameContent, Owner};
use crate::backing::Backing;

/// Which page-table entries map a run of frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ptes {
    /// None; the frames are used through the window.
    None,
    /// One for all: that of a large page.
    Shared(VirtAddr),
    /// One for each, side by side.
    Each {
        /// The address of the first.
        first: VirtAddr,
        /// Bytes of an entry.
        entry_bytes: u64,
    },
}

impl Ptes {
    /// Returns the entry for a frame, by its distance from the first one.
    #[must_use]
    pub const fn of(self, distance: u64) -> Option<VirtAddr> {
        match self {
            Self::None => None,
            Self::Shared(at) => Some(at),
            Self::Each { first, entry_bytes } => {
                // A sum that does not exist becomes zero, which every check refuses.
                Some(match first.checked_add(distance.saturating_mul(entry_bytes)) {
                    Some(at) => at,
                    None => VirtAddr::ZERO,
                })
            }
        }
    }
}

impl<'m> Database<'m> {
    /// Activates a run of free frames: see [`FrameEntry::activate`]. Cost: each entry, twice.
    ///
    /// # Errors
    /// The crime of the first frame that has one; then no frame was activated.
    ///
    /// # Safety
    /// As for [`Database::entry`], for each frame of the run.
    pub unsafe fn activate_run(&self, frames: FrameRange, owner: Owner, ptes: Ptes) -> Result<(), PfnCrime> {
        for (distance, frame) in numbered(frames) {
            // SAFETY: the caller says that each frame of the run lies below the end and has an entry with memory.
            unsafe { self.entry(frame) }.check_activation(owner, ptes.of(distance))?;
        }
        for (distance, frame) in numbered(frames) {
            // SAFETY: the frame is one of the caller's run, whose entry was read for the check a moment ago; memory of the
            // database never goes away.
            unsafe { self.entry(frame) }.activate(owner, ptes.of(distance))?;
        }
        Ok(())
    }

    /// Releases a run of frames, each with its last reference: see [`FrameEntry::release`]. Cost: each entry, twice.
    ///
    /// # Errors
    /// The crime of the first frame that has one; then no frame was released.
    ///
    /// # Safety
    /// As for [`Database::entry`], for each frame of the run.
    pub unsafe fn release_run(&self, frames: FrameRange, content: FrameContent) -> Result<(), PfnCrime> {
        for (_, frame) in numbered(frames) {
            // SAFETY: the caller says that each frame of the run lies below the end and has an entry with memory.
            unsafe { self.entry(frame) }.check_release()?;
        }
        for (_, frame) in numbered(frames) {
            // SAFETY: `check_release` has read this very entry, so it is there, and entries never lose their memory.
            unsafe { self.entry(frame) }.set_released(content);
        }
        Ok(())
    }

    /// Takes free frames out of use for good, all of the range. They were taken from the allocator before and never
    /// go back. Cost: a look at the page tables for each.
    ///
    /// # Errors
    /// [`PfnCrime::NoEntry`] and [`PfnCrime::NotFree`] for the first such frame; then none was marked.
    pub fn mark_bad(&self, backing: &impl Backing, frames: FrameRange) -> Result<(), PfnCrime> {
        let known = |frame: Frame| -> Result<FrameEntry<'m>, PfnCrime> {
            self.find(backing, frame).ok_or(PfnCrime::NoEntry { frame })
        };
        for (_, frame) in numbered(frames) {
            let entry = known(frame)?;
            let said = entry.snapshot();
            if !said.state().is_some_and(super::State::is_free) {
                return Err(PfnCrime::NotFree { frame, state: said.state(), owner: said.owner() });
            }
        }
        for (_, frame) in numbered(frames) {
            known(frame)?.set_bad();
        }
        Ok(())
    }
}

/// Returns the frames of a range with their distances from the first.
pub(super) fn numbered(frames: FrameRange) -> impl Iterator<Item = (u64, Frame)> {
    (0..frames.count().get())
        .map(move |distance| (distance, frames.start().saturating_add(FrameCount::new(distance))))
}
