//! Single frames: the fast path, and what it falls back on.

use xtcore::{Frame, FrameCount, FrameRange};

use super::{Content, FrameAllocator, in_window, zone_of};
use crate::OutOfFrames;
use crate::frames::blocks::Blocks;
use crate::frames::cache::stack::Stack;
use crate::frames::cache::{BATCH, CpuCache, Kind};
use crate::frames::error::FrameCrime;
use crate::frames::units::Pfn;
use crate::frames::zones::{LOW, Zone};
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
        let is_refused = self.machine.injector().fails(Site::Frame);
        match if is_refused { None } else { self.get(zone) } {
            Some(pfn) => Ok(pfn.frame()),
            None => Err(self.short(FrameCount::ONE)),
        }
    }

    /// Allocates a frame full of zeros: one that was zeroed in the background, or else one that is zeroed now.
    ///
    /// # Errors
    /// Those of [`FrameAllocator::allocate`].
    pub fn allocate_zeroed(&self, zone: Zone) -> Result<Frame, OutOfFrames> {
        if self.machine.injector().fails(Site::Frame) {
            return Err(self.short(FrameCount::ONE));
        }
        if let Some(pfn) = self.get_zeroed(zone) {
            return Ok(pfn.frame());
        }
        // Not pinned: zeroing takes its time.
        let Some(frame) = self.get(zone).map(Pfn::frame) else { return Err(self.short(FrameCount::ONE)) };
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

    /// Takes a frame from wherever there is one. An option fits into registers, an error with its facts does not.
    #[inline]
    pub(crate) fn get(&self, zone: Zone) -> Option<Pfn> {
        let pin = self.machine.pin();
        if let Some(kind) = self.kind_for(zone, Content::Any)
            && let Some(cache) = self.cache(&pin)
            && let Some(pfn) = cache.magazine(kind).pop()
        {
            return Some(pfn);
        }
        self.get_slowly(&pin, zone)
    }

    #[inline]
    pub(super) fn put(&self, frame: Frame, content: Content) -> Result<(), FrameCrime> {
        let Some(pfn) = Pfn::of(frame) else { return Err(FrameCrime::Foreign(frame)) };
        let pin = self.machine.pin();
        // Branches, for a processor foresees them and goes on while the number is still on its way from memory; with
        // a choice between two addresses it would wait.
        if let Some(cache) = self.cache(&pin) {
            if self.has_beyond && pfn >= self.window_end {
                if let Some(kind) = self.kind_of(pfn, content)
                    && cache.magazine(kind).push(pfn)
                {
                    return Ok(());
                }
            } else if pfn.0.wrapping_sub(LOW.0) < self.window_frames()
                && cache.magazine(in_window(content)).push(pfn)
            {
                return Ok(());
            }
        }
        self.put_slowly(&pin, pfn, content)
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
    fn get_slowly(&self, pin: &M::Pin, zone: Zone) -> Option<Pfn> {
        if let Some(cache) = self.cache(pin) {
            self.serve_drain(pin, cache);
            if let Some(kind) = self.kind_for(zone, Content::Any)
                && self.refill(pin, cache, kind)
                && let Some(pfn) = cache.magazine(kind).pop()
            {
                return Some(pfn);
            }
        }
        if let Some(pfn) = self.get_one(pin, zone) {
            return Some(pfn);
        }
        self.relieve(pin);
        self.get_one(pin, zone)
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
    fn put_slowly(&self, pin: &M::Pin, pfn: Pfn, content: Content) -> Result<(), FrameCrime> {
        let (Some(cache), Some(kind)) = (self.cache(pin), self.kind_of(pfn, content)) else {
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
