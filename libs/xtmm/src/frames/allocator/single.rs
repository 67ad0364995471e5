//! Single frames: the fast path, and what it falls back on.

use xtcore::{Frame, FrameCount, FrameRange};

use super::{Content, FrameAllocator, zone_of};
use crate::OutOfFrames;
use crate::frames::blocks::Blocks;
use crate::frames::cache::stack::Stack;
use crate::frames::cache::{BATCH, CpuCache, Kind};
use crate::frames::error::FrameCrime;
use crate::frames::units::Pfn;
use crate::frames::zones::Zone;
use crate::inject::Site;
use crate::machine::Machine;

impl<M: Machine, B: Blocks> FrameAllocator<'_, M, B> {
    /// Allocates a frame with any content. Cost: a few instructions; once in 128 times a lock; once in 512 times,
    /// where memory is fresh, the opening of a block.
    ///
    /// # Errors
    /// [`OutOfFrames`] when the zone has none but those in other processors' caches.
    #[inline]
    pub fn allocate(&self, zone: Zone) -> Result<Frame, OutOfFrames> {
        if self.machine.injector().fails(Site::Frame) {
            return Err(self.short(&self.machine.pin(), FrameCount::ONE));
        }
        self.get(zone).map(Pfn::frame)
    }

    /// Allocates a frame full of zeros: one that was zeroed in the background, or else one that is zeroed now.
    ///
    /// # Errors
    /// Those of [`FrameAllocator::allocate`].
    pub fn allocate_zeroed(&self, zone: Zone) -> Result<Frame, OutOfFrames> {
        if self.machine.injector().fails(Site::Frame) {
            return Err(self.short(&self.machine.pin(), FrameCount::ONE));
        }
        if let Some(pfn) = self.get_zeroed(zone) {
            return Ok(pfn.frame());
        }
        // Not pinned: zeroing takes its time.
        let frame = self.get(zone)?.frame();
        self.machine.zero(FrameRange::with_count(frame, FrameCount::ONE));
        Ok(frame)
    }

    /// Frees a frame. Cost as for [`FrameAllocator::allocate`].
    ///
    /// # Errors
    /// [`FrameCrime`], perhaps about a frame that was freed earlier, see the module.
    #[inline]
    pub fn free(&self, frame: Frame) -> Result<(), FrameCrime> {
        self.put(frame, Content::Any)
    }

    /// Frees a frame that is full of zeros, so that nobody needs to zero it again.
    ///
    /// # Errors
    /// Those of [`FrameAllocator::free`].
    #[inline]
    pub fn free_zeroed(&self, frame: Frame) -> Result<(), FrameCrime> {
        self.put(frame, Content::Zeroed)
    }

    /// Takes a frame from wherever there is one.
    #[inline]
    pub(crate) fn get(&self, zone: Zone) -> Result<Pfn, OutOfFrames> {
        let pin = self.machine.pin();
        if let Some(kind) = self.kind_for(zone, Content::Any)
            && let Some(cache) = self.cache(&pin)
            && let Some(pfn) = cache.magazine(kind).pop()
        {
            return Ok(pfn);
        }
        self.get_slowly(&pin, zone)
    }

    #[inline]
    pub(super) fn put(&self, frame: Frame, content: Content) -> Result<(), FrameCrime> {
        let Some(pfn) = Pfn::of(frame) else { return Err(FrameCrime::Foreign(frame)) };
        let pin = self.machine.pin();
        let kind = self.kind_of(pfn, content);
        if let Some(kind) = kind
            && let Some(cache) = self.cache(&pin)
            && cache.magazine(kind).push(pfn)
        {
            return Ok(());
        }
        self.put_slowly(&pin, pfn, kind)
    }

    /// Takes a zeroed frame, if there is one within reach.
    fn get_zeroed(&self, zone: Zone) -> Option<Pfn> {
        let pin = self.machine.pin();
        let kind = self.kind_for(zone, Content::Zeroed)?;
        let magazine = self.cache(&pin)?.magazine(kind);
        if let Some(pfn) = magazine.pop() {
            return Some(pfn);
        }
        let is_filled = self.depot.lock(&pin).take(kind, magazine);
        if is_filled { magazine.pop() } else { None }
    }

    #[cold]
    #[inline(never)]
    fn get_slowly(&self, pin: &M::Pin, zone: Zone) -> Result<Pfn, OutOfFrames> {
        if let Some(cache) = self.cache(pin) {
            self.serve_drain(pin, cache);
            if let Some(kind) = self.kind_for(zone, Content::Any)
                && self.refill(pin, cache, kind)
                && let Some(pfn) = cache.magazine(kind).pop()
            {
                return Ok(pfn);
            }
        }
        if let Some(pfn) = self.get_one(pin, zone) {
            return Ok(pfn);
        }
        self.relieve(pin);
        self.get_one(pin, zone).ok_or_else(|| self.short(pin, FrameCount::ONE))
    }

    /// Puts a batch into an empty magazine. Tells whether there was a frame.
    fn refill(&self, pin: &M::Pin, cache: &CpuCache, kind: Kind) -> bool {
        let magazine = cache.magazine(kind);
        let is_filled = self.depot.lock(pin).take(kind, magazine);
        is_filled || self.rows.lock(pin).fill(&self.opener(), zone_of(kind), magazine, BATCH) > 0
    }

    /// Takes a frame from the rows.
    fn get_one(&self, pin: &M::Pin, zone: Zone) -> Option<Pfn> {
        let mut rows = self.rows.lock(pin);
        if zone == Zone::BelowOneMiB {
            return rows.take_low(&self.opener());
        }
        let one = Stack::<1>::new();
        rows.fill(&self.opener(), zone, &one, 1);
        one.pop()
    }

    #[cold]
    #[inline(never)]
    fn put_slowly(&self, pin: &M::Pin, pfn: Pfn, kind: Option<Kind>) -> Result<(), FrameCrime> {
        let (Some(cache), Some(kind)) = (self.cache(pin), kind) else {
            return self.put_rows(pin, core::iter::once(pfn));
        };
        self.serve_drain(pin, cache);
        let magazine = cache.magazine(kind);
        let mut outcome = self.unreported(pin);
        if magazine.room() == 0 && !self.depot.lock(pin).put(kind, magazine) {
            outcome = outcome.and(self.put_rows(pin, magazine.iter().take(BATCH)));
            magazine.forget_oldest(BATCH);
        }
        // There is room for a batch now.
        let _ = magazine.push(pfn);
        outcome
    }

    /// Takes frames back into the rows.
    pub(super) fn put_rows(&self, pin: &M::Pin, frames: impl Iterator<Item = Pfn>) -> Result<(), FrameCrime> {
        self.rows.lock(pin).put(frames)
    }
}
