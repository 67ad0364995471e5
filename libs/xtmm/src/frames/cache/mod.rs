//! What each processor keeps to itself: magazines of single frames and a few blocks.
//!
//! # Protocol
//! * A processor's cache is changed by a holder of its pin only, with plain loads and stores.
//! * Other processors never take from it. When memory is short they leave a request ([`CpuCache::request_drain`]), which the
//!   owner honours at its next slow path: it hands everything back to the rows, where all find it.
//! * Who counts or searches the caches of others holds the rows' lock. Their owner holds it when he moves frames from one
//!   magazine to another, so that each is met once.
//! * Frames change processors through the [`depot`], or through the rows; both are behind locks.

pub(crate) mod depot;
pub(crate) mod stack;
pub(crate) mod sync;

use stack::Stack;
use sync::{AtomicBool, AtomicUsize, Ordering, constructors};

use super::units::Pfn;
pub use depot::Batch;

/// Frames that a magazine holds.
#[cfg(not(loom))]
pub(crate) const MAGAZINE: usize = 256;
/// Frames that move at once between a magazine and the depot or the rows.
#[cfg(not(loom))]
pub(crate) const BATCH: usize = 128;
// A model is explored in full, so it has to be small.
#[cfg(loom)]
pub(crate) const MAGAZINE: usize = 4;
#[cfg(loom)]
pub(crate) const BATCH: usize = 2;

/// Blocks that a processor keeps.
pub(crate) const BLOCKS: usize = 16;

/// A processor's stock of single frames of one kind.
pub(crate) type Magazine = Stack<MAGAZINE>;

/// The kinds of single frames: what they contain, and whether they lie in the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Any content, in the window.
    Free = 0,
    /// Any content, anywhere.
    FreeBeyond = 1,
    /// Zeros, in the window.
    Zeroed = 2,
    /// Zeros, anywhere.
    ZeroedBeyond = 3,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Free, Self::FreeBeyond, Self::Zeroed, Self::ZeroedBeyond];

    /// Returns the kind of frames that are zeroed to become frames of this one.
    pub(crate) const fn before_zeroing(self) -> Self {
        match self {
            Self::Free | Self::Zeroed => Self::Free,
            Self::FreeBeyond | Self::ZeroedBeyond => Self::FreeBeyond,
        }
    }

    pub(crate) const fn is_zeroed(self) -> bool {
        matches!(self, Self::Zeroed | Self::ZeroedBeyond)
    }
}

/// What a processor keeps to itself. All zeros is an empty cache.
///
/// On lines of its own, so that no other processor's stores slow it down.
#[repr(C, align(128))]
#[derive(Debug)]
pub struct CpuCache {
    free: Magazine,
    zeroed: Magazine,
    free_beyond: Magazine,
    zeroed_beyond: Magazine,
    /// First frames of blocks.
    pub(crate) blocks: Stack<BLOCKS>,
    /// Frames of a range in which every block is opened, as this processor last found it.
    opened_start: AtomicUsize,
    opened_end: AtomicUsize,
    /// Somebody needs what is in here.
    drain: AtomicBool,
}

impl CpuCache {
    constructors! {
        /// Returns an empty cache.
        pub fn new() -> Self {
            Self {
                free: Magazine::new(),
                zeroed: Magazine::new(),
                free_beyond: Magazine::new(),
                zeroed_beyond: Magazine::new(),
                blocks: Stack::new(),
                opened_start: AtomicUsize::new(0),
                opened_end: AtomicUsize::new(0),
                drain: AtomicBool::new(false),
            }
        }
    }

    /// Returns the magazine for a kind.
    #[inline]
    pub(crate) const fn magazine(&self, kind: Kind) -> &Magazine {
        match kind {
            Kind::Free => &self.free,
            Kind::FreeBeyond => &self.free_beyond,
            Kind::Zeroed => &self.zeroed,
            Kind::ZeroedBeyond => &self.zeroed_beyond,
        }
    }

    /// Returns the number of frames of the magazines that `select` chooses.
    pub(crate) fn count(&self, select: impl Fn(Kind) -> bool) -> usize {
        Kind::ALL.into_iter().filter(|kind| select(*kind)).map(|kind| self.magazine(kind).count()).sum()
    }

    /// Tells whether the magazines hold a frame. Cost: a look at all of them.
    pub(crate) fn holds(&self, pfn: Pfn) -> bool {
        Kind::ALL.into_iter().any(|kind| self.magazine(kind).iter().any(|held| held == pfn))
    }

    /// Notes that all blocks between two frames are opened. Blocks are never closed, so that this stays true.
    pub(crate) fn note_opened(&self, start: Pfn, end: Pfn) {
        self.opened_start.store(start.0, Ordering::Relaxed);
        self.opened_end.store(end.0, Ordering::Relaxed);
    }

    /// Tells whether the `frames` frames from `pfn` on are known to lie in opened blocks.
    #[inline]
    pub(crate) fn knows_opened(&self, pfn: Pfn, frames: usize) -> bool {
        let end = self.opened_end.load(Ordering::Relaxed);
        self.opened_start.load(Ordering::Relaxed) <= pfn.0
            && end.checked_sub(frames).is_some_and(|last| pfn.0 <= last)
    }

    /// Asks the owner to hand everything back. Anybody may.
    pub(crate) fn request_drain(&self) {
        self.drain.store(true, Ordering::Relaxed);
    }

    /// Tells whether somebody has asked, and the owner has not handed back since.
    #[inline]
    pub(crate) fn is_drain_requested(&self) -> bool {
        self.drain.load(Ordering::Acquire)
    }

    /// Tells whether there is nothing to hand back; exact for the owner.
    pub(crate) fn is_empty(&self) -> bool {
        self.count(|_| true) == 0 && self.blocks.count() == 0
    }

    /// The owner has handed everything back, and has kept nothing since. A request that comes just before this asks for nothing
    /// more; who sees the flag down finds in the rows what was handed back.
    pub(crate) fn end_drain(&self) {
        self.drain.store(false, Ordering::Release);
    }
}

impl Default for CpuCache {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod tests;
