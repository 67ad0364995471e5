//! Allocations that fail on purpose.
//!
//! Each place that can run out is a [`Site`] and asks the [`Injector`] first. A test lets the Nth question fail, for N from
//! 1 until a run has none that failed; afterwards nothing may be lost. Unarmed, a question is one load.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

xtcore::named! {
    /// A place where memory or address space can run out.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
    #[repr(u8)]
    pub enum Site => name {
        /// A single frame.
        Frame => "frame",
        /// A power of two of frames, below a block.
        FrameOrder => "frame order",
        /// A block: a level-2 page.
        FrameBlock => "frame block",
        /// A level-3 page.
        FrameGiant => "giant frame",
        /// A contiguous range of frames.
        FrameRun => "frame run",
        /// Frames set aside.
        FrameReservation => "frame reservation",
        /// The first use of a block: its PFN entries, its record, its place in the window.
        BlockOpening => "block opening",
        /// Memory for books that describe other memory.
        Backing => "backing",
        /// A range of virtual pages.
        VirtualPages => "virtual pages",
        /// Frames for pages that are being mapped.
        Commit => "commit",
        /// A small pool block.
        PoolBlock => "pool block",
        /// A pool block of whole pages.
        PoolPages => "pool pages",
        /// A slab and its header.
        PoolSlab => "pool slab",
        /// A block of the special pool.
        SpecialPool => "special pool",
        /// A stack.
        Stack => "stack",
        /// More of a stack.
        StackGrowth => "stack growth",
    }
}

/// Decides which allocations fail.
#[derive(Debug, Default)]
pub struct Injector {
    armed: AtomicBool,
    /// 1 + the site whose questions count; 0 for all.
    site: AtomicU32,
    /// Questions until the one that fails.
    left: AtomicU32,
    failed: AtomicU32,
    /// One bit per site that was asked while armed.
    seen: AtomicU32,
}

const _: () = assert!(Site::ALL.len() <= u32::BITS as usize, "a bit for each site");

impl Injector {
    /// Returns an injector that lets everything pass.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            armed: AtomicBool::new(false),
            site: AtomicU32::new(0),
            left: AtomicU32::new(0),
            failed: AtomicU32::new(0),
            seen: AtomicU32::new(0),
        }
    }

    /// Lets the `nth` question from now on fail, counted from 1, and none after it. Zero lets none fail, but still
    /// records which sites are asked.
    pub fn arm(&self, nth: u32) {
        self.site.store(0, Ordering::Relaxed);
        self.start(nth);
    }

    /// Lets the `nth` question at one site fail, counted from 1 among those there, and none after it.
    pub fn arm_at(&self, site: Site, nth: u32) {
        self.site.store(1 + site as u32, Ordering::Relaxed);
        self.start(nth);
    }

    fn start(&self, nth: u32) {
        self.left.store(nth, Ordering::Relaxed);
        self.failed.store(0, Ordering::Relaxed);
        self.armed.store(true, Ordering::Release);
    }

    /// Lets everything pass again. Returns how many questions failed since [`Injector::arm`]: 0 or 1.
    pub fn disarm(&self) -> u32 {
        self.armed.store(false, Ordering::Relaxed);
        self.failed.swap(0, Ordering::Relaxed)
    }

    /// Returns the sites that have been asked while armed, since the injector was made.
    pub fn seen(&self) -> impl Iterator<Item = Site> {
        let seen = self.seen.load(Ordering::Relaxed);
        Site::ALL.iter().copied().filter(move |site| seen & 1 << *site as u32 != 0)
    }

    /// Tells whether any allocation can be made to fail; if not, [`Injector::fails`] need not be asked.
    #[inline]
    #[must_use]
    pub fn is_armed(&self) -> bool {
        self.armed.load(Ordering::Relaxed)
    }

    /// Tells whether the allocation at `site` is to fail.
    #[inline]
    #[must_use]
    pub fn fails(&self, site: Site) -> bool {
        self.is_armed() && self.count(site)
    }

    #[cold]
    fn count(&self, site: Site) -> bool {
        self.seen.fetch_or(1 << site as u32, Ordering::Relaxed);
        let counted = self.site.load(Ordering::Relaxed);
        if counted != 0 && counted != 1 + site as u32 {
            return false;
        }
        let before = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        let fails = before == Ok(1);
        if fails {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        fails
    }
}

#[cfg(test)]
mod tests;
